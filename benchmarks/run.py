"""Time Gridmend and OpenDSS on the same feeders in one run, and write results.md."""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np

from gridmend.formats.opendss import read
from gridmend.model.grid import Grid
from gridmend.model.schema import BUSES, LINES, SWITCHES
from gridmend.model.snapshot import Snapshot
from gridmend.model.table import Table
from gridmend.model.topology import Topology
from gridmend.powerflow.lanes import Demand, solve_lanes
from gridmend.powerflow.legs import powers
from gridmend.powerflow.network import Network
from gridmend.powerflow.short_circuit import short_circuit
from oracles.masters import data_folder, master
from oracles.opendss import compiled, settle

FEEDERS = ("ieee13", "ieee34", "ieee37", "ieee123", "ieee8500-unbal", "ckt5", "J1", "iowa240")
HEAD = """# Benchmarks

Written by `make bench`: {machine}, Python {python}, NumPy {numpy}, Numba {numba},
dss_python {dss}. One thread; the least of {repeats} runs, both programs in one run and on the
same feeder in turn; milliseconds. *Read* is from files to a network ready to solve; some
masters solve while OpenDSS compiles them. *Settled* is from files to a solution with the
controls at rest; OpenDSS has its own tolerance of 1e-4 pu, Gridmend 1e-10.

| feeder | nodes | read: ours | OpenDSS | settled: ours | OpenDSS | ratio |
|---|---:|---:|---:|---:|---:|---:|
"""
SERIES_HEAD = """
A series of {steps} hours with 16 shapes, controls off at the settled positions, every node above
and below checked for the extremes; OpenDSS in yearly mode, meters and monitors off, its defaults.
*Error* is against Gridmend's own solve of single hours, at forty hours. Microseconds a step.

| feeder | ours | OpenDSS | ratio | error [pu] |
|---|---:|---:|---:|---:|
"""
TAIL = """
| 8500-node feeder | ms |
|---|---:|
| topology traced from its sources | {trace:.2f} |
| fault currents at every bus | {fault:.0f} |
| one switch operation on a grid of 100,000 lines and switches gives a new Snapshot | {switch:.4f} |
"""
REPEATS = 5
STEPS = 8760
SERIES = ("ieee123", "ieee8500-unbal", "ckt5")


def least_ms(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """The shortest of several runs [ms]."""
    best = float("inf")
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best * 1e3


def row(name: str) -> str:
    """One feeder, both programs."""
    path = master(name)
    if path is None:
        raise FileNotFoundError(name)
    ours_read = least_ms(lambda: Network.of(read(path)))
    network = Network.of(read(path))
    ours = least_ms(network.solve)
    with compiled(path) as dss:
        folder = Path.cwd()
        model = dss.ActiveCircuit.Name and next(folder.glob(path.name))
        peer_read = least_ms(lambda: setattr(dss.Text, "Command", f'compile "{model}"'))
        peer = float("inf")
        for _ in range(REPEATS):
            dss.Text.Command = f'compile "{model}"'
            dss.Text.Command = "set maxcontroliter=200 maxiterations=2000"
            peer = min(peer, least_ms(dss.ActiveCircuit.Solution.Solve, 1))
    print(f"{name}: {ours_read:.0f} {ours:.1f} ms", file=sys.stderr)
    total, theirs = ours_read + ours, peer_read + peer
    return (
        f"| {name} | {len(network.nodes.bus)} | {ours_read:.0f} | {peer_read:.0f} |"
        f" {total:.0f} | {theirs:.0f} | {theirs / total:.2f}× |"
    )


def series_row(name: str) -> str:
    """One feeder's hours in lanes, and in OpenDSS."""
    path = master(name)
    if path is None:
        raise FileNotFoundError(name)
    network = Network.of(read(path))
    settled = network.solve().snapshot
    legs = network.legs
    hours = np.arange(STEPS)
    shapes = np.stack([0.6 + 0.3 * np.sin((hours - 6 - k / 4) * np.pi / 12) for k in range(16)])
    loads = network.grid.loads
    of_load = np.arange(len(loads)) % 16
    profile = np.where(legs.table == 0, of_load[np.minimum(legs.element, len(loads) - 1)], 0)
    demand = Demand(powers(legs, settled), profile, profile, shapes)
    found = solve_lanes(network, settled, demand)
    ours = least_ms(lambda: solve_lanes(network, settled, demand), 3) * 1e3 / STEPS
    error = 0.0
    for step in range(0, STEPS, STEPS // 40):
        factors = shapes[of_load, step]
        snapshot = settled.with_demand(settled.load_kw * factors, settled.load_kvar * factors)
        alone = network.solve(snapshot, controls="off")
        lowest = float(alone.v_pu[alone.energised].min())
        error = max(error, abs(lowest - float(found.v_min_pu[step])))
    with compiled(path) as dss:
        settle(dss)
        text = dss.Text
        for k, shape in enumerate(shapes):
            values = " ".join(f"{x:.9g}" for x in shape)
            text.Command = f"new loadshape.lane{k} npts={STEPS} interval=1 mult=({values})"
        for load, k in zip(loads["name"], of_load, strict=True):
            text.Command = f'edit load."{load}" yearly=lane{k} status=variable'
        text.Command = (
            f"set algorithm=normal tolerance=1e-4 controlmode=off mode=yearly number={STEPS}"
        )
        text.Command = "set hour=0"
        theirs = least_ms(dss.ActiveCircuit.Solution.Solve, 1) * 1e3 / STEPS
    print(f"{name}: {ours:.1f} us a step", file=sys.stderr)
    return f"| {name} | {ours:.1f} | {theirs:.0f} | {theirs / ours:.0f}× | {error:.0e} |"


def tail() -> str:
    """What the issue of topology and snapshots asks of the largest feeder."""
    path = master("ieee8500-unbal")
    if path is None:
        raise FileNotFoundError("ieee8500-unbal")
    grid = read(path)
    snapshot, topology, network = Snapshot.normal(grid), Topology.of(grid), Network.of(grid)
    long, start = string_of(100_000)
    topology.energised(snapshot)
    return TAIL.format(
        trace=least_ms(lambda: topology.energised(snapshot)),
        switch=least_ms(lambda: start.with_switch(long, "s500", is_open=True)),
        fault=least_ms(lambda: short_circuit(grid, snapshot, network=network), 2),
    )


def string_of(count: int) -> tuple[Grid, Snapshot]:
    """A string of lines with a switch after each, and its normal snapshot."""
    ends = {"phases1": ["a b c"] * count, "phases2": ["a b c"] * count}
    buses = [f"b{k}" for k in range(2 * count + 1)]
    ohms = [np.eye(3)] * count
    grid = Grid(
        "string",
        buses=Table.of(BUSES, {"name": buses, "base_kv": [12.47] * len(buses)}),
        lines=Table.of(
            LINES,
            {
                "name": [f"l{k}" for k in range(count)],
                "bus1": buses[0:-1:2],
                "bus2": buses[1::2],
                "length_m": [100.0] * count,
                "x_ohm_per_km": ohms,
                **ends,
            },
        ),
        switches=Table.of(
            SWITCHES,
            {
                "name": [f"s{k}" for k in range(count)],
                "bus1": buses[1::2],
                "bus2": buses[2::2],
                **ends,
            },
        ),
    )
    return grid, Snapshot.normal(grid)


def machine() -> str:
    """The processor, as the machine names it."""
    cpuinfo = Path("/proc/cpuinfo")
    names = [
        line.split(":", 1)[1].strip()
        for line in (cpuinfo.read_text().splitlines() if cpuinfo.exists() else [])
        if line.startswith("model name")
    ]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores, shared"


def main() -> int:
    """Write the page; 1 where the data is absent."""
    if data_folder() is None:
        print("the feeders are not here: set GRIDMEND_DATA to their folder", file=sys.stderr)
        return 1
    head = HEAD.format(
        machine=machine(),
        python=platform.python_version(),
        numpy=version("numpy"),
        numba=version("numba"),
        dss=version("dss_python"),
        repeats=REPEATS,
    )
    page = head + "\n".join(row(name) for name in FEEDERS) + "\n"
    page += SERIES_HEAD.format(steps=STEPS) + "\n".join(series_row(n) for n in SERIES) + "\n"
    page += tail()
    Path(__file__).with_name("results.md").write_text(page)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
