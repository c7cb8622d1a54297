"""How a grid is cut up: feeders, loops, and the sections between switches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmend.model.graph import forest, inherit, on_cycles
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.model.wiring import CONDUCTOR

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

HEADS = ("breaker", "recloser", "switch")
"""Kinds of switch that head a feeder where the grid has no feeders of its own."""


@dataclass(frozen=True, eq=False)
class Feeders:
    """Who feeds what: head devices by name; for each bus and branch its head's number or -1."""

    heads: tuple[str, ...]
    of_bus: Ints
    of_branch: Ints


@dataclass(frozen=True, eq=False)
class Loops:
    """The meshes of what is closed.

    `conductor_count` is exact: edges beyond a spanning forest, conductor by conductor, so that
    a three-phase ring counts three. `closing` are the branches that a forest leaves out, one a
    loop as an engineer counts them; `branches` are all that lie on some loop.
    """

    conductor_count: int
    closing: Ints
    branches: Ints


@dataclass(frozen=True, eq=False)
class Sections:
    """The pieces between switches: [buses] a number each, -1 at a bus that nothing uses.

    `ends` [switches, 2] is the section at each end; -1 where the switch is out of service.
    """

    of_bus: Ints
    count: int
    ends: Ints

    def of_switches(self, section: int) -> Ints:
        """Rows of the switches at a section's border."""
        one, two = self.ends.T
        return np.flatnonzero(((one == section) | (two == section)) & (one != two))


def feeders(topology: Topology, snapshot: Snapshot) -> Feeders:
    """The head device that feeds every bus and branch at the snapshot's positions.

    Heads are those of `grid.feeders`; else, on each path, the first breaker, recloser or switch
    after a source; else, in a grid without switches, the sources.
    """
    grid, w = topology.grid, topology.wiring
    closed = topology.closed(snapshot)
    trees, source_of = topology.from_sources(closed, snapshot.source_on)
    own = np.full(len(w.edge_branch), -1, np.int64)
    at_seed = np.full(len(w.node_bus), -1, np.int64)
    heads: list[str] = []
    named = [head for head in grid.feeders.texts("head") if head]
    branches = [topology.branch(head) for head in named] or [
        number
        for (table, row), number in topology.branch_of.items()
        if table == "switches" and grid.switches["kind"][row] in HEADS
    ]
    for branch in branches:
        if branch >= 0:
            own[w.edge_branch == branch] = len(heads)
            heads.append(topology.branch_names[branch])
    if not branches:
        heads = [f"source.{name}" for name in grid.sources]
        seeded = trees.order[trees.towards[trees.order] < 0]
        at_seed[seeded] = source_of[trees.tree[seeded]]
    of_node = inherit(trees, w.edge_from, w.edge_to, at_seed=at_seed, own=own, nested=bool(named))
    of_bus = np.full(len(grid.buses), -1, np.int64)
    np.maximum.at(of_bus, w.node_bus, of_node)
    of_branch = np.full(len(w.branch_row), -1, np.int64)
    live = closed & (w.edge_branch >= 0)
    fed = np.maximum(of_node[w.edge_from], of_node[w.edge_to])
    fed = np.where((own >= 0) & bool(named), own, fed)
    np.maximum.at(of_branch, w.edge_branch[live], fed[live])
    used = np.unique(np.concatenate([of_bus[of_bus >= 0], of_branch[of_branch >= 0]]))
    number = np.full(len(heads) + 1, -1, np.int64)
    number[used] = np.arange(len(used))
    return Feeders(tuple(heads[int(k)] for k in used), number[of_bus], number[of_branch])


def loops(topology: Topology, snapshot: Snapshot) -> Loops:
    """The loops that closed branches make, energised or not."""
    w = topology.wiring
    usable = topology.closed(snapshot) & (w.edge_kind == CONDUCTOR)
    seeds = np.arange(len(w.node_bus), dtype=np.int64)
    trees = forest(topology.start, topology.neighbour, topology.via, usable, seeds, together=False)
    left = usable.copy()
    left[trees.towards[trees.towards >= 0]] = False
    extra = np.flatnonzero(left)
    around = on_cycles(trees, w.edge_from, w.edge_to, extra)
    return Loops(len(extra), np.unique(w.edge_branch[extra]), np.unique(w.edge_branch[around]))


def loop_count(topology: Topology, snapshot: Snapshot) -> int:
    """How many loops closed conductors make, conductor by conductor."""
    return loops(topology, snapshot).conductor_count


def sections(
    topology: Topology, *, separators: Flags | None = None, snapshot: Snapshot | None = None
) -> Sections:
    """The pieces that separators leave when all of them are open.

    `separators` [switches] are the switches that cut; all of them unless given. One that does
    not cut joins its ends as far as it is closed at the snapshot (the normal one unless given).
    """
    grid, w = topology.grid, topology.wiring
    cuts = np.ones(len(grid.switches), bool) if separators is None else separators
    usable = topology.closed(snapshot or Snapshot.normal(grid))
    edges, rows = topology.switch_edges
    usable[edges] &= ~cuts[rows]
    of_bus, count = topology.pieces(usable)
    ends = np.full((len(grid.switches), 2), -1, np.int64)
    ends[rows, 0] = of_bus[w.node_bus[w.edge_from[edges]]]
    ends[rows, 1] = of_bus[w.node_bus[w.edge_to[edges]]]
    return Sections(of_bus, count, ends)
