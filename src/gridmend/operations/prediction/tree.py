"""The tree on which outages are predicted: zones without a device inside, and who feeds each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gridmend.model.arrays import Flags, Floats, Ints

LANES = 3
"""Phases of a zone at most; a split phase has two."""
MASKS = 1 << LANES
ROOT = 0
"""The zone above all sources, which is never dark."""


@dataclass(frozen=True, eq=False)
class Tree:
    """Zones, the devices at their heads, and the loads in them. Zone 0 stands above all sources.

    What is dark in a zone is a mask of its lanes (phases): bit k set where lane k is dark.

    - `parent` [zones]: the zone that feeds each; -1 for zone 0
    - `head_zone` [heads]: the zone that a device feeds; a bank of single-phase devices has several
    - `head_lanes` [heads]: the lanes that a device feeds, as a mask
    - `through` [heads, 8]: the mask that a device hands on of its feeding zone's, while closed
    - `prior` [heads, 8]: chance that a device has opened these lanes; rows sum to 1
    - `heads`: devices by name, as `Grid.key` writes them; a source as `source.x`
    - `share_below` [heads]: of what lies in the feeding zone and below, the share below the device
    - `load_zone`, `load_lanes` [loads]: zone (-1 where no device of the tree feeds it) and lanes
    - `counts` [loads] customers; `loads` names of loads; `own_prior`, `service_prior`: chance
      that a load's own device and a customer's own service have failed
    """

    parent: Ints
    heads: tuple[str, ...]
    kinds: tuple[str, ...]
    head_zone: Ints
    head_lanes: Ints
    through: NDArray[np.int64]
    prior: Floats
    share_below: Floats
    load_zone: Ints
    load_lanes: Ints
    loads: tuple[str, ...]
    counts: Ints
    own_prior: float
    service_prior: float
    phases: tuple[tuple[str, ...], ...] = ()
    """[heads] what each lane of a device's zone is called."""
    critical: Ints | None = None
    """[loads] customers among `counts` who are critical."""
    notes: tuple[str, ...] = ()
    """What cannot be judged, and why."""
    no_report: frozenset[str] = frozenset()
    """Names of devices that were left out, with the reason in `notes`."""

    @cached_property
    def levels(self) -> tuple[Ints, ...]:
        """Zones by their distance from zone 0, which is left out."""
        depth = np.full(len(self.parent), -1, np.int64)
        depth[ROOT] = 0
        found: list[Ints] = []
        while True:
            above = depth[np.maximum(self.parent, 0)]
            here = np.flatnonzero((self.parent >= 0) & (depth < 0) & (above == len(found)))
            if not len(here):
                return tuple(found)
            depth[here] = len(found) + 1
            found.append(here)

    @cached_property
    def zone_through(self) -> NDArray[np.int64]:
        """[zones, 8] the mask that all heads of a zone hand on while closed."""
        found = np.zeros((len(self.parent), MASKS), np.int64)
        np.bitwise_or.at(found, self.head_zone, self.through)
        return found

    @cached_property
    def top(self) -> Ints:
        """[zones] the zone next below zone 0 under which each lies; trees are independent."""
        found = np.arange(len(self.parent), dtype=np.int64)
        for zones in self.levels[1:]:
            found[zones] = found[self.parent[zones]]
        return found

    @cached_property
    def rows(self) -> dict[str, int]:
        """Row of a device by name."""
        return {name: row for row, name in enumerate(self.heads)}

    @cached_property
    def load_rows(self) -> dict[str, int]:
        """Row of a load by name in lower case."""
        return {name.lower(): row for row, name in enumerate(self.loads)}

    @cached_property
    def first(self) -> Ints:
        """[loads + 1] number of each load's first customer; customers are numbered by load."""
        return np.concatenate([[0], np.cumsum(self.counts)]).astype(np.int64)

    @cached_property
    def zone_loads(self) -> tuple[Ints, Ints]:
        """Loads sorted by zone, and [zones + 1] where each zone's begin."""
        order = np.argsort(self.load_zone, kind="stable")
        zones = np.arange(len(self.parent) + 1)
        return order, np.searchsorted(self.load_zone[order], zones)

    @cached_property
    def span(self) -> tuple[Ints, Ints, Ints]:
        """Zones in depth-first order, and [zones] where each one's own subtree begins and ends."""
        children: list[list[int]] = [[] for _ in self.parent]
        for zone in range(len(self.parent) - 1, 0, -1):
            children[int(self.parent[zone])].append(zone)
        order: list[int] = []
        stack = [ROOT]
        while stack:
            zone = stack.pop()
            order.append(zone)
            stack += children[zone]
        begin = np.empty(len(self.parent), np.int64)
        begin[order] = np.arange(len(order))
        size = np.ones(len(self.parent), np.int64)
        for zones in reversed(self.levels):
            np.add.at(size, self.parent[zones], size[zones])
        return np.array(order, np.int64), begin, begin + size

    def below(self, head: int) -> Ints:
        """Rows of the loads that a device keeps dark with all its lanes open, or with some."""
        return self.below_masks(head)[0]

    def below_masks(self, head: int) -> tuple[Ints, Ints]:
        """Rows of the loads below a device, and which masks of open lanes take each: bit k of the
        second is set where mask k does."""
        order, begin, end = self.span
        zone = int(self.head_zone[head])
        zones = order[begin[zone] : end[zone]]
        takes = np.zeros((MASKS, len(self.parent)), np.int64)
        takes[:, zone] = np.arange(MASKS) & self.head_lanes[head]
        for at in zones[1:].tolist():
            takes[:, at] = self.zone_through[at][takes[:, int(self.parent[at])]]
        here = self._loads_in(zones)
        hit = (takes[:, self.load_zone[here]] & self.load_lanes[here]) != 0
        found = (hit.astype(np.int64) << np.arange(MASKS)[:, None]).sum(0)
        return here[found > 0], found[found > 0]

    def _loads_in(self, zones: Ints) -> Ints:
        order, begin = self.zone_loads
        parts = [order[begin[z] : begin[z + 1]] for z in zones.tolist()]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def above(self, zone: int) -> list[int]:
        """The zones from one up to the root, itself first, zone 0 left out."""
        found: list[int] = []
        while zone > ROOT:
            found.append(zone)
            zone = int(self.parent[zone])
        return found

    @cached_property
    def zone_heads(self) -> list[list[int]]:
        """[zones] devices at the head of each."""
        found: list[list[int]] = [[] for _ in self.parent]
        for row, zone in enumerate(self.head_zone.tolist()):
            found[zone].append(row)
        return found

    @cached_property
    def is_fed(self) -> Flags:
        """[loads] whether a device of the tree feeds it."""
        return self.load_zone > ROOT
