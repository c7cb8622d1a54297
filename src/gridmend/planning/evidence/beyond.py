"""What no switching can save: minutes of those who lie in what is struck, or are cut off by it."""

from __future__ import annotations

import numpy as np

from gridmend.model.arrays import Flags, Floats
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
    nobody knows at once what is struck. Checked in tests against a count by hand and a search.
    """
    pieces = [piece for piece in run.interruptions if piece.duration_min > MOMENTARY_MIN]
    if not pieces:
        return 0.0
    begun_s, dark = _unreached(run)
    rows = [run.grid.loads.row(piece.event) for piece in pieces]
    start, end = (
        np.array([(getattr(piece, name) - run.scenario.start).total_seconds() for piece in pieces])
        for name in ("start", "end")
    )
    customers: Floats = np.array([piece.customers for piece in pieces], float)
    total_s = 0.0
    for k, loads in enumerate(dark):
        within_s = np.minimum(end, begun_s[k + 1]) - np.maximum(start, begun_s[k])
        total_s += float(customers @ (np.maximum(within_s, 0.0) * loads[rows]))
    return total_s / 60


def _unreached(run: Exercise) -> tuple[list[float], list[Flags]]:
    """Times [s] from which other elements are struck than before, and whom nothing feeds from then
    on [loads]; the last time is the end."""
    topology = Topology.of(run.grid)
    cut = sections(topology, snapshot=_with_all(topology, is_open=True))
    struck: dict[int, str] = {}
    begun_s, dark = [0.0], [unfed(topology, cut, ())]
    for one in run.happened:
        number = one.payload.get("fault")
        if one.kind == "fault_struck":
            struck[int(str(number))] = str(one.payload["element"])
        elif number is None or struck.pop(int(str(number)), None) is None:
            continue
        begun_s.append(one.time_s)
        dark.append(unfed(topology, cut, tuple(struck.values())))
    return [*begun_s, run.scenario.end_s], dark


def unfed(topology: Topology, cut: Sections, struck: tuple[str, ...]) -> Flags:
    """[loads] whom no source feeds with every switch closed, through sections that are whole."""
    w = topology.wiring
    section = cut.of_bus[w.node_bus]
    hit = [section[topology.nodes_of(element)] for element in struck]
    dead = np.isin(section, np.concatenate([np.empty(0, np.int64), *hit]))
    closed = topology.closed(_with_all(topology, is_open=False))
    usable = closed & ~dead[w.edge_from] & ~dead[w.edge_to]
    _, sources = w.source_nodes
    return ~topology.supplied(topology.reached(usable, sources[~dead[sources]]))


def _with_all(topology: Topology, *, is_open: bool) -> Snapshot:
    grid = topology.grid
    every = dict.fromkeys(grid.switches.texts("name"), is_open)
    return Snapshot.normal(grid).with_switches(grid, every)
