"""A grid compiled for the switching rules: what can feed, what each switch joins."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gridmend.model.grid import Grid
from gridmend.model.islanding import resources
from gridmend.model.snapshot import conductor_mask
from gridmend.model.topology import Topology
from gridmend.model.wiring import CONDUCTOR

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Site:
    """Numbers that every judgement of one grid shares.

    Feeders of energy are the sources and all DER in service: `names` (class and name, lower
    case), `source_row` (-1 for DER), `forming` (whether it holds a voltage by itself).
    `feed_node` and `feed_of` are the nodes they stand on, and whose each is.
    """

    topology: Topology
    names: tuple[str, ...]
    source_row: Ints
    forming: Flags
    feed_node: Ints
    feed_of: Ints
    mask: NDArray[np.uint8]

    @staticmethod
    def of(topology: Topology) -> Site:
        """Compile a grid's topology."""
        grid = topology.grid
        names = tuple(topology.infeeds)
        nodes = [topology.nodes_of(name) for name in names]
        found = [grid.find(name) for name in names]
        rows = [row if table == "sources" else -1 for table, row in found]
        return Site(
            topology=topology,
            names=names,
            source_row=np.array(rows, np.int64),
            forming=np.array([*topology.infeeds.values()], bool),
            feed_node=np.concatenate([np.empty(0, np.int64), *nodes]),
            feed_of=np.repeat(np.arange(len(nodes)), [len(n) for n in nodes]),
            mask=conductor_mask(grid.switches),
        )

    @cached_property
    def island_row(self) -> Ints:
        """[feeders of energy] row of the source that stands for each in island mode, or -1."""
        found = np.full(len(self.names), -1, np.int64)
        for source, key in resources(self.grid).items():
            if key in self.names:
                found[self.names.index(key)] = source
        return found

    @property
    def grid(self) -> Grid:
        """What is there."""
        return self.topology.grid

    @cached_property
    def _edges_of(self) -> tuple[Ints, ...]:
        """[switches] the edges of the conductors of each switch in service."""
        edges, rows = self.topology.switch_edges
        order = np.argsort(rows, kind="stable")
        cuts = np.searchsorted(rows[order], np.arange(len(self.grid.switches) + 1))
        return tuple(edges[order[start:end]] for start, end in pairwise(cuts.tolist()))

    @cached_property
    def ends(self) -> tuple[tuple[Ints, Ints], ...]:
        """[switches] the nodes at both ends of every conductor of a switch in service."""
        w = self.topology.wiring
        return tuple((w.edge_from[here], w.edge_to[here]) for here in self._edges_of)

    @cached_property
    def poles(self) -> tuple[Ints, ...]:
        """[switches] the bit of each conductor, in the order of `ends`."""
        bits = self.topology.wiring.edge_bit
        return tuple(bits[here].astype(np.int64) for here in self._edges_of)

    @cached_property
    def section(self) -> Ints:
        """[nodes] a number each, equal where no switch lies between; the nodes of a bus are one."""
        w = self.topology.wiring
        of_bus, _ = self.topology.pieces_at(self.mask)
        return of_bus[w.node_bus]

    @cached_property
    def _switches_of(self) -> dict[int, set[int]]:
        """Rows of the switches at the border of each section."""
        found: dict[int, set[int]] = {}
        for row, (one, other) in enumerate(self.ends):
            for section in np.unique(self.section[np.concatenate([one, other])]).tolist():
                found.setdefault(section, set()).add(row)
        return found

    def around(self, nodes: Ints) -> set[int]:
        """Rows of the switches at the border of the sections in which nodes lie."""
        sections = np.unique(self.section[nodes]).tolist()
        return {row for s in sections for row in self._switches_of.get(s, ())}

    @cached_property
    def conductors(self) -> Flags:
        """[edges] that are conductors; what a transformer couples makes no loop."""
        return self.topology.wiring.edge_kind == CONDUCTOR

    @cached_property
    def bus_nodes(self) -> tuple[Ints, Ints]:
        """[buses + 1] where each bus's nodes begin among the nodes, which go by bus."""
        w = self.topology.wiring
        at = np.searchsorted(w.node_bus, np.arange(len(self.grid.buses) + 1))
        return at[:-1], at[1:]

    def nodes_at(self, bus: str) -> Ints:
        """The nodes of a bus; `GridError` where there is none such."""
        row = self.grid.buses.row(bus.partition(".")[2] if bus.lower().startswith("bus.") else bus)
        first, last = self.bus_nodes
        return np.arange(first[row], last[row], dtype=np.int64)

    def fed_nodes(self, which: Flags) -> Ints:
        """Nodes on which the chosen feeders of energy stand."""
        return self.feed_node[which[self.feed_of]]


def among(parts: Ints, nodes: Ints) -> Flags:
    """[parts] whether any of some nodes lies in a part, which is below the number of nodes."""
    found = np.zeros(len(parts) + 1, bool)
    found[parts[nodes]] = True
    return found
