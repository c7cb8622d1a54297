"""Where things are: which section each element is in, and which sections feed which."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gridmend.model.arrays import Ints
from gridmend.model.errors import GridmendError
from gridmend.model.graph import inherit
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology

KNOWN_MOST = 4096
"""Devices whose sections are remembered."""
NAMES_MOST = 80
"""Characters of a name that the grid does not know which are kept."""


@dataclass(frozen=True, eq=False)
class Places:
    """The sections of a grid in its normal state, which alarms of a flow are told by.

    A section is what lies between a closed switch or a source and the next switches. `of_node`
    [nodes] is the section of each node: the row of the switch at its head, or the number of
    switches plus the row of the source; -1 where no source reaches normally. `above` [sections]
    is the section that feeds each.
    """

    topology: Topology
    of_node: Ints
    above: Ints

    @staticmethod
    def of(grid: Grid) -> Places:
        """The sections of a grid."""
        topology = Topology.of(grid)
        w, normal = topology.wiring, Snapshot.normal(grid)
        trees, sources = topology.from_sources(topology.closed(normal), normal.source_on)
        own = np.full(len(w.edge_from), -1, np.int64)
        edges, rows = topology.switch_edges
        own[edges] = rows
        at_seed = np.full(len(w.node_bus), -1, np.int64)
        reached = trees.tree >= 0
        at_seed[reached] = len(grid.switches) + sources[trees.tree[reached]]
        of_node = inherit(trees, w.edge_from, w.edge_to, at_seed=at_seed, own=own, nested=True)
        above = np.full(len(grid.switches) + len(grid.sources), -1, np.int64)
        for edge, row in zip(edges.tolist(), rows.tolist(), strict=True):
            ends = of_node[[w.edge_from[edge], w.edge_to[edge]]]
            if (ends == row).any() and not (ends == row).all():
                above[row] = int(ends[ends != row][0])
        return Places(topology, of_node, above)

    @property
    def grid(self) -> Grid:
        """What is there."""
        return self.topology.grid

    @cached_property
    def heads(self) -> tuple[str, ...]:
        """[sections] what each begins with, as `Grid.key` writes it."""
        switches = [name.lower() for name in self.grid.switches.texts("name")]
        sources = [f"source.{name.lower()}" for name in self.grid.sources.texts("name")]
        return (*switches, *sources)

    def head(self, section: int) -> str:
        """What a section begins with; empty for what no source reaches normally."""
        return self.heads[section] if section >= 0 else ""

    def key(self, device: str) -> str:
        """A device as `Grid.key` writes it; a name that is not there as it was said, cut short."""
        try:
            return self.grid.key(device)
        except GridmendError:
            return device.lower()[:NAMES_MOST]

    def sections(self, device: str) -> frozenset[int]:
        """The sections that a device is in, or heads; none where it is not known."""
        found = self._known.get(device)
        if found is None:
            while len(self._known) >= KNOWN_MOST:
                self._known.pop(next(iter(self._known)))
            found = self._known[device] = self._sections(device)
        return found

    def sources(self, device: str) -> frozenset[str]:
        """The sources that feed a device normally."""
        return frozenset(self.head(self._path(k)[-1]) for k in self.sections(device))

    @cached_property
    def _known(self) -> dict[str, frozenset[int]]:
        return {}

    def _sections(self, device: str) -> frozenset[int]:
        row = self.grid.switches.index.get(device)
        if row is not None and self.above[row] >= 0:
            return frozenset((row,))
        try:
            nodes = self.topology.nodes_of(device)
        except (GridmendError, LookupError):
            return frozenset()
        return frozenset(int(k) for k in np.unique(self.of_node[nodes]) if k >= 0)

    def are_related(self, one: frozenset[int], other: frozenset[int]) -> bool:
        """Whether a section of one feeds, by however many others, a section of the other."""
        return any(a in self._path(b) or b in self._path(a) for a in one for b in other)

    def _path(self, section: int) -> tuple[int, ...]:
        """A section and all above it."""
        found = [section]
        while (up := int(self.above[found[-1]])) >= 0 and len(found) <= len(self.above):
            found.append(up)
        return tuple(found)
