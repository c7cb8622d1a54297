"""What no switching can save: minutes of those who lie in what is struck, or are cut off by it."""

from __future__ import annotations

import numpy as np

from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.model.sections import Sections, sections
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.indices import MOMENTARY_MIN
from gridmend.runtime.exercise.exercise import Exercise


def beyond_min(run: Exercise) -> float:
    """Customer-minutes of a run's interruptions of more than five minutes in which no position of
    any switch would have fed the customer, limits aside, as long as what is struck stays dead.

    Sections are those between switches, whatever moves them. What is counted so is no more than a
    bound: not all of the rest can be saved, as crews come to switches by hand, limits bind, and
    nobody knows at once what is struck.
    """
    topology = Topology.of(run.grid)
    cut = _cut(topology)
    begun_s, dark = _unreached(run, topology, cut)
    pieces = [piece for piece in run.interruptions if piece.duration_min > MOMENTARY_MIN]
    if not pieces:
        return 0.0
    rows = [run.grid.loads.row(piece.event) for piece in pieces]
    of_load = _section_of_loads(topology, cut)[rows]
    start, end = (
        np.array([(getattr(piece, name) - run.scenario.start).total_seconds() for piece in pieces])
        for name in ("start", "end")
    )
    customers: Floats = np.array([piece.customers for piece in pieces], float)
    total_s = 0.0
    for k in range(len(begun_s) - 1):
        within = np.minimum(end, begun_s[k + 1]) - np.maximum(start, begun_s[k])
        total_s += float(customers @ (np.maximum(within, 0.0) * dark[k][of_load]))
    return total_s / 60


def _cut(topology: Topology) -> Sections:
    """The pieces between all switches."""
    grid = topology.grid
    apart = dict.fromkeys(grid.switches.texts("name"), True)
    return sections(topology, snapshot=Snapshot.normal(grid).with_switches(grid, apart))


def _section_of_loads(topology: Topology, cut: Sections) -> Ints:
    rows, nodes = topology.wiring.load_nodes
    found = np.full(len(topology.grid.loads), -1, np.int64)
    found[rows] = cut.of_bus[topology.wiring.node_bus[nodes]]
    return found


def _unreached(run: Exercise, topology: Topology, cut: Sections) -> tuple[Floats, list[Flags]]:
    """Times [s] from which other sections are struck than before, and what no source reaches then
    [sections]; the last time is the end."""
    struck: dict[int, str] = {}
    begun_s, dark = [0.0], [_dark(topology, cut, ())]
    for one in run.happened:
        number = one.payload.get("fault")
        if one.kind == "fault_struck":
            struck[int(str(number))] = str(one.payload["element"])
        elif number is None or struck.pop(int(str(number)), None) is None:
            continue
        begun_s.append(one.time_s)
        dark.append(_dark(topology, cut, tuple(struck.values())))
    return np.array([*begun_s, run.scenario.end_s]), dark


def _dark(topology: Topology, cut: Sections, struck: tuple[str, ...]) -> Flags:
    """[sections] what no source reaches through sections that are whole."""
    w = topology.wiring
    whole = np.ones(cut.count, bool)
    for element in struck:
        at = cut.of_bus[w.node_bus[topology.nodes_of(element)]]
        whole[at[at >= 0]] = False
    live = np.zeros(cut.count, bool)
    _, nodes = w.source_nodes
    live[cut.of_bus[w.node_bus[nodes]]] = True
    live &= whole
    one, two = cut.ends[(cut.ends >= 0).all(axis=1)].T
    joins = whole[one] & whole[two]
    one, two = one[joins], two[joins]
    while (live[one] != live[two]).any():
        np.logical_or.at(live, one, live[two])
        np.logical_or.at(live, two, live[one])
    return ~live
