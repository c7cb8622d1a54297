"""Reading and settling one snapshot of each feeder, beside OpenDSS; and topology on the largest."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from benchmarks.machine import REPEATS, feeder, least_s

from gridmend.formats.opendss import read
from gridmend.model.grid import Grid
from gridmend.model.schema import BUSES, LINES, SWITCHES
from gridmend.model.snapshot import Snapshot
from gridmend.model.table import Table
from gridmend.model.topology import Topology
from gridmend.powerflow.network import Network
from gridmend.powerflow.short_circuit import short_circuit
from oracles.opendss import compiled

FEEDERS = ("ieee13", "ieee34", "ieee37", "ieee123", "ieee8500-unbal", "ckt5", "J1", "iowa240")
HEAD = """
One thread; processor time, the least of {repeats} runs, both programs in one run and on the same
feeder in turn; milliseconds. *Read* is from files to a network ready to solve; some masters solve
while OpenDSS compiles them. *Settled* is from files to a solution with the controls at rest;
OpenDSS has its own tolerance of 1e-4 pu, Gridmend 1e-10.

| feeder | nodes | read: ours | OpenDSS | settled: ours | OpenDSS | ratio |
|---|---:|---:|---:|---:|---:|---:|
"""
TAIL = """
| 8500-node feeder | ms |
|---|---:|
| topology traced from its sources | {trace:.2f} |
| fault currents at every bus | {fault:.0f} |
| one switch operation on a grid of 100,000 lines and switches gives a new Snapshot | {switch:.4f} |
"""


def section() -> str:
    """The tables, as the page has them."""
    head = HEAD.format(repeats=REPEATS)
    return head + "".join(row(name) + "\n" for name in FEEDERS) + tail()


def row(name: str) -> str:
    """One feeder, both programs."""
    path = feeder(name)
    ours_read = least_s(lambda: Network.of(read(path))) * 1e3
    network = Network.of(read(path))
    ours = least_s(network.solve) * 1e3
    with compiled(path) as dss:
        model = next(Path.cwd().glob(path.name))
        peer_read = least_s(lambda: setattr(dss.Text, "Command", f'compile "{model}"')) * 1e3
        peer = float("inf")
        for _ in range(REPEATS):
            dss.Text.Command = f'compile "{model}"'
            dss.Text.Command = "set maxcontroliter=200 maxiterations=2000"
            peer = min(peer, least_s(dss.ActiveCircuit.Solution.Solve, 1) * 1e3)
    print(f"{name}: {ours_read:.0f} {ours:.1f} ms", file=sys.stderr)
    total, theirs = ours_read + ours, peer_read + peer
    return (
        f"| {name} | {len(network.nodes.bus)} | {ours_read:.0f} | {peer_read:.0f} |"
        f" {total:.0f} | {theirs:.0f} | {theirs / total:.2f}× |"
    )


def tail() -> str:
    """What the issue of topology and snapshots asks of the largest feeder."""
    grid = read(feeder("ieee8500-unbal"))
    snapshot, topology, network = Snapshot.normal(grid), Topology.of(grid), Network.of(grid)
    long, start = string_of(100_000)
    topology.energised(snapshot)
    return TAIL.format(
        trace=1e3 * least_s(lambda: topology.energised(snapshot)),
        switch=1e3 * least_s(lambda: start.with_switch(long, "s500", is_open=True)),
        fault=1e3 * least_s(lambda: short_circuit(grid, snapshot, network=network), 2),
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
