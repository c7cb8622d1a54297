"""A year of hours beside OpenDSS, controls off and static, and the positions hour by hour."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import Any

import numpy as np
from benchmarks.machine import REPEATS, feeder, least_s, times
from benchmarks.solvers import Answer, Solver, Work

from gridmend.formats.opendss import read
from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.model.grid import Grid
from gridmend.model.snapshot import controlled_winding, tap_step_pu
from gridmend.powerflow.network import Network
from gridmend.powerflow.series_flow import SeriesFlow
from oracles.clock import best_of, timed
from oracles.year import Profiles, Settings, Year, recorded

SHAPES = 16
STATIC_PU = {"ieee123": 1e-5}
"""Tolerances [pu] with controls static, of others 3e-6: the loosest of these two that keeps each
voltage of the year within 1e-5 pu."""

PEER_FEWER = {"J1": 100}
"""Feeders whose hours take OpenDSS long with controls off, and over how many it is timed."""

_AT_LEAST_S = 0.5
"""For how long a short run is repeated."""

CHECKED = 40
"""Steps whose every voltage is held against a solve of its own."""


@dataclass(frozen=True)
class Hours:
    """How many steps each part takes: ours, OpenDSS's against the clock, and its positions."""

    ours: int = 8760
    static: int = 8760
    peer: int = 1000
    positions: int = 8760


OFF_HEAD = """
Controls off at the settled positions; {steps} hours, each load on one of 16 shapes
`0.55 + 0.3 sin(2π(t/24 + phase)) + 0.1 noise`, phases and noise of one seed. Microseconds a step,
processor time of one thread, the least of {repeats} runs of both (of ours one, where it takes over
20 s, and as many as take half a second); from a compiled network to the summary of every step, to a
tolerance of 1e-5 pu. OpenDSS in yearly mode over the first {peer} hours, its matrix made
beforehand, meters and monitors off: its defaults, and its best settings that keep its tolerance of
1e-4 (named). *Error*: largest distance of any node's voltage, passive ones included, from
Gridmend's own solve of that hour alone, at 40 hours. On J1 loads stand where their model jumps:
OpenDSS finds no rest in about a quarter of the hours, and goes on to its last iteration; it is
timed over the first 100. Each feeder has a process of its own.

| feeder | nodes | ours, float64 | float32 | OpenDSS | its best | ratio | float32 | to its best |\
 error float64 [pu] | float32 | rounds |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
"""
STATIC_HEAD = """
Static control, positions carried from hour to hour; {steps} hours of ours, {peer} of OpenDSS; the
same shapes. *To* is our tolerance [pu], loose enough that no voltage is off by more than 1e-5 pu.
*Error* is at our own positions of that hour.

| feeder | to | ours | OpenDSS | its best | ratio | to its best | error [pu] |
|---|---:|---:|---:|---:|---:|---:|---:|
"""
POSITIONS_HEAD = """
Tap and capacitor positions over {steps} hours, from the same positions: the share of hours in
which all are equal. OpenDSS decides by voltages as its tolerance leaves them: where a regulator
sees a voltage within that of the edge of its band, a tighter OpenDSS decides otherwise.

| feeder | steps moved | OpenDSS at 1e-6 | at 1e-8 | OpenDSS at 1e-4 with its own 1e-8 |
|---|---:|---:|---:|---:|
"""


def shapes(steps: int, *, count: int = SHAPES, seed: int = 1) -> Floats:
    """[count, steps] daily shapes with phases and noise of a seed."""
    rng = np.random.default_rng(seed)
    phase = rng.random((count, 1))
    day = 0.3 * np.sin(2 * np.pi * (np.arange(steps) / 24 + phase))
    return 0.55 + day + 0.1 * rng.random((count, steps))


def work_of(name: str, steps: int, *, controls: str) -> Work:
    """A feeder's year from its settled positions."""
    grid = read(feeder(name))
    network = Network.of(grid)
    of_load = np.arange(len(grid.loads)) % SHAPES
    start = network.solve().snapshot
    return Work(network, start, shapes(steps), of_load, controls)


def profiles(work: Work, steps: int) -> Profiles:
    """The same for OpenDSS, its first steps."""
    names = work.network.grid.loads["name"]
    follows = {f"load.{n}": int(k) for n, k in zip(names, work.of_load, strict=True)}
    return Profiles(work.factors[:, :steps], follows)


def error_pu(work: Work, answer: Answer) -> float:
    """Largest distance of a voltage from that of the hour solved alone [pu of its base].

    Every node where the answer has voltages, else the extremes; the hours are spread evenly
    over those that the answer has.
    """
    network, largest = work.network, 0.0
    count = len(answer.v_min_pu)
    for step in np.unique(np.linspace(0, count - 1, CHECKED).astype(int)).tolist():
        snapshot = work.snapshot(step)
        if answer.flow is not None:
            snapshot = snapshot.at_positions_of(answer.flow.positions(step))
        alone = network.solve(snapshot, controls="off")
        live = alone.v_pu[alone.energised]
        largest = max(largest, abs(float(answer.v_min_pu[step]) - float(live.min())))
        largest = max(largest, abs(float(answer.v_max_pu[step]) - float(live.max())))
        if answer.v_v is not None:
            apart = np.abs(answer.v_v[step] - alone.v_v) / network.nodes.base_v
            largest = max(largest, float(apart[alone.energised].max()))
    return largest


def checked(work: Work, solver: Solver, steps: int = 400) -> float:
    """The error over a stretch of a work that is short enough to keep every voltage."""
    short = replace(work, factors=work.factors[:, :steps], voltages=True)
    return error_pu(short, solver(short))


def off_row(name: str, solver: Solver, hours: Hours) -> str:
    """One feeder without controls, both programs."""
    work = work_of(name, hours.ours, controls="off")
    single = replace(work, single=True)
    ours, small = _us(work, solver), _us(single, solver)
    rounds = solver(work).rounds
    errors = checked(work, solver), checked(single, solver)
    asked = min(hours.peer, work.steps, PEER_FEWER.get(name, hours.peer))
    default, best, how = peer_us(name, work, asked)
    print(f"{name}: {ours:.1f} us a step, OpenDSS {default:.0f}", file=sys.stderr)
    mean = f"{rounds.mean():.1f}" if rounds is not None else "–"
    return (
        f"| {name} | {len(work.network.nodes.bus)} | {ours:.1f} | {small:.1f} | {default:.0f} |"
        f" {best:.0f} ({how}) | {times(default, ours)} | {times(default, small)} |"
        f" {times(best, ours)} | {errors[0]:.0e} | {errors[1]:.0e} | {mean} |"
    )


def static_row(name: str, solver: Solver, hours: Hours) -> str:
    """One feeder with static control, both programs."""
    work = work_of(name, hours.static, controls="static")
    work = replace(work, tolerance=STATIC_PU.get(name, 3e-6))
    ours = _us(work, solver)
    default, best, how = peer_us(name, work, hours.peer)
    print(f"{name}, static: {ours:.1f} us a step, OpenDSS {default:.0f}", file=sys.stderr)
    return (
        f"| {name} | {work.tolerance:.0e} | {ours:.1f} | {default:.0f} | {best:.0f} ({how}) |"
        f" {times(default, ours)} | {times(best, ours)} | {checked(work, solver):.0e} |"
    )


def _us(work: Work, solver: Solver) -> float:
    """Microseconds a step, after a run that compiles; once more only where a run is long."""
    solver(work)
    once = least_s(lambda: solver(work), 1)
    if once < 20:
        repeats = max(REPEATS - 1, math.ceil(_AT_LEAST_S / once))
        once = min(once, least_s(lambda: solver(work), repeats))
    return once * 1e6 / work.steps


def peer_us(name: str, work: Work, steps: int) -> tuple[float, float, str]:
    """OpenDSS at its defaults and at its best [µs a step], and what its best is."""
    asked, positions = profiles(work, steps), work.start.positions(work.network.grid)
    default = timed(
        feeder(name), asked, Settings(work.controls), positions=positions, repeats=REPEATS
    ).seconds
    best = best_of(
        feeder(name), asked, controls=work.controls, positions=positions, repeats=REPEATS
    )
    return default * 1e6, min(best.seconds, default) * 1e6, best.words


def tap_steps(grid: Grid, flow: SeriesFlow) -> Ints:
    """[steps, tap controls] whole steps from the middle."""
    at = np.array([controlled_winding(grid, k) for k in range(len(grid.tap_controls))], np.int64)
    w = grid.windings
    middle = (w.numbers("tap_max_pu") + w.numbers("tap_min_pu"))[at] / 2
    size = np.array([tap_step_pu(w, k) for k in at.tolist()])
    return np.rint((flow.taps_of(at) - middle) / size).astype(np.int64)


def equal_hours(grid: Grid, answer: Answer, year: Year) -> Flags:
    """[steps] whether every tap and capacitor is where OpenDSS has it."""
    if answer.flow is None:
        raise ValueError("the solver gave no positions")
    count = len(year.taps)
    taps, states = tap_steps(grid, answer.flow)[:count], answer.flow.steps_on[:count]
    here = [_place(year.controls, n) for n in grid.tap_controls]
    banks = [_place(year.capacitors, n) for n in grid.capacitors]
    same = (taps == year.taps[:, here]).all(axis=1)
    return same & (states == year.states[:, banks]).all(axis=1)


def _place(names: tuple[str, ...], name: str) -> int:
    return [n.lower() for n in names].index(name.lower())


def positions_row(name: str, solver: Solver, hours: Hours) -> str:
    """One feeder's positions beside OpenDSS's at three tolerances."""
    work = work_of(name, hours.positions, controls="static")
    grid, answer = work.network.grid, solver(work)
    years = {
        tolerance: recorded(
            feeder(name),
            profiles(work, hours.positions),
            Settings("static", tolerance=tolerance),
            positions=work.start.positions(grid),
        )
        for tolerance in (1e-4, 1e-6, 1e-8)
    }
    tight, loose = years[1e-8], years[1e-4]
    own = (tight.taps == loose.taps).all(axis=1) & (tight.states == loose.states).all(axis=1)
    moved = int(
        np.abs(np.diff(tight.taps, axis=0)).sum() + np.abs(np.diff(tight.states, axis=0)).sum()
    )
    shares = [equal_hours(grid, answer, years[t]).mean() for t in (1e-6, 1e-8)]
    print(f"{name}, positions: {shares}", file=sys.stderr)
    return (
        f"| {name} | {moved} | {100 * shares[0]:.2f} % | {100 * shares[1]:.2f} % |"
        f" {100 * own.mean():.2f} % |"
    )


def _rows(row: Callable[[str, Solver, Hours], str], names: tuple[str, ...], *of: Any) -> str:
    """Each feeder's row from a process of its own.

    OpenDSS takes up to twice as long for one after it has solved another, larger feeder.
    """
    fresh = get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh, max_tasks_per_child=1) as pool:
        return "".join(f"{pool.submit(row, name, *of).result()}\n" for name in names)


def off_section(
    solver: Solver,
    hours: Hours,
    names: tuple[str, ...] = ("ieee8500-unbal", "ckt5", "J1", "ieee123"),
) -> str:
    """The table without controls, as the page has it."""
    head = OFF_HEAD.format(steps=hours.ours, peer=hours.peer, repeats=REPEATS)
    return head + _rows(off_row, names, solver, hours)


def static_section(
    solver: Solver, hours: Hours, names: tuple[str, ...] = ("ieee8500-unbal", "J1", "ieee123")
) -> str:
    """The table with static control, as the page has it."""
    head = STATIC_HEAD.format(steps=hours.static, peer=hours.peer)
    return head + _rows(static_row, names, solver, hours)


def positions_section(
    solver: Solver,
    hours: Hours,
    names: tuple[str, ...] = ("ieee8500-unbal", "ieee123", "J1", "ieee13", "ieee34"),
) -> str:
    """The table of positions, as the page has it."""
    head = POSITIONS_HEAD.format(steps=hours.positions)
    return head + "".join(positions_row(name, solver, hours) + "\n" for name in names)
