"""A thousand demand scenarios, each load on its own, and two threads beside one."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
from benchmarks.machine import busy, feeder, least_s, least_wall_s, times
from benchmarks.solvers import Solver, Work
from benchmarks.year import error_pu, profiles, work_of

from gridmend.formats.opendss import read
from gridmend.powerflow.network import Network
from oracles.clock import timed
from oracles.year import Settings

SCENARIOS = 1000
HEAD = """
{count} independent demand scenarios on `ieee123`: each load times a factor of its own between 0.3
and 1.2, drawn from one seed, controls off at the settled positions. One thread, processor time,
the least of seven runs; *error* at every node of 40 scenarios. OpenDSS takes them as steps of a
year, one shape a load.

| | milliseconds | error [pu] |
|---|---:|---:|
"""
THREADS_HEAD = """
Two threads over one, the year of `{name}` with controls {controls}; by the clock on the wall, in
turn, the least of {repeats} runs; {busy} at the start.

| threads | seconds | ratio |
|---:|---:|---:|
"""


def scenarios(count: int = SCENARIOS, *, seed: int = 2) -> Work:
    """Every load of `ieee123` with factors of its own."""
    grid = read(feeder("ieee123"))
    network = Network.of(grid)
    start = network.solve().snapshot
    factors = np.random.default_rng(seed).uniform(0.3, 1.2, (len(grid.loads), count))
    return Work(network, start, factors, np.arange(len(grid.loads)))


def scenarios_table(solver: Solver) -> str:
    """The time of a thousand, ours in both precisions and OpenDSS's."""
    page, work = HEAD.format(count=SCENARIOS), scenarios()
    for words, asked in (("float64", work), ("float32", replace(work, single=True))):
        solver(asked)
        ms = 1e3 * least_s(lambda asked=asked: solver(asked), 7)
        found = error_pu(asked, solver(replace(asked, voltages=True)))
        print(f"scenarios, {words}: {ms:.1f} ms", file=sys.stderr)
        page += f"| Gridmend, {words} | {ms:.1f} | {found:.0e} |\n"
    peer = timed(
        feeder("ieee123"),
        profiles(work, SCENARIOS),
        Settings("off"),
        positions=work.start.positions(work.network.grid),
        repeats=3,
    )
    return page + f"| OpenDSS, defaults | {1e3 * SCENARIOS * peer.seconds:.1f} | |\n"


def threads_table(
    solver: Solver, *, name: str, controls: str, steps: int = 8760, repeats: int = 5
) -> str:
    """One thread and two in turn, so that both meet the same machine."""
    page = THREADS_HEAD.format(name=name, controls=controls, repeats=repeats, busy=busy())
    one = work_of(name, steps, controls=controls)
    two = replace(one, threads=2)
    for work in (one, two):
        solver(replace(work, factors=work.factors[:, :64]))
    best = {1: float("inf"), 2: float("inf")}
    for _ in range(repeats):
        for work in (one, two):
            best[work.threads] = min(best[work.threads], least_wall_s(lambda w=work: solver(w), 1))
    print(f"threads on {name}, {controls}: {best}", file=sys.stderr)
    rows = (f"| {n} | {seconds:.3f} | {times(best[1], seconds)} |\n" for n, seconds in best.items())
    return page + "".join(rows)


def section(off: Solver, static: Solver) -> str:
    """The tables, as the page has them."""
    page = scenarios_table(off)
    page += threads_table(off, name="ieee8500-unbal", controls="off")
    return page + threads_table(static, name="ieee8500-unbal", controls="static", repeats=2)
