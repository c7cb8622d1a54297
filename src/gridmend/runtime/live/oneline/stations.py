"""Substations of a grid: what stands between its sources and the heads of their feeders."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from gridmend.model.arrays import Flags, Ints
from gridmend.model.graph import Forest, adjacency, forest
from gridmend.runtime.live.geometry import NO_FEEDER, Geometry
from gridmend.runtime.live.oneline.pieces import NOTED, Joint, grouped, of_kind
from gridmend.runtime.live.placing import Places, fed_by

_WITHIN = ("regulator", "substation_transformer", "series_capacitor", "reactor")
"""What belongs to a substation wherever it follows on one, also where no feeder names its head."""
GROWN_MOST = 500
"""Buses that a substation may take in beside the ways to its feeders; beyond, it takes none."""


@dataclass(frozen=True)
class Bay:
    """A way out of a substation: devices from a bus of it to one beyond, with the feeders that it
    normally feeds. `number` is that of its buses in `Stations.owner`."""

    number: int
    joint: Joint
    feeders: tuple[str, ...] = ()


@dataclass(frozen=True)
class Station:
    """A substation; `sources` are rows of that table, and `buses` all that stand in it."""

    name: str
    sources: tuple[int, ...]
    buses: frozenset[int]
    bays: tuple[Bay, ...]

    @property
    def feeders(self) -> tuple[str, ...]:
        """What it normally feeds."""
        return tuple(dict.fromkeys(name for bay in self.bays for name in bay.feeders))


@dataclass(frozen=True, eq=False)
class Stations:
    """All substations of a grid. `owner` [buses] is the bay that normally feeds each, -1 for
    none."""

    each: tuple[Station, ...]
    owner: Ints

    def of_feeder(self, label: str) -> str:
        """The name of the substation that normally feeds a feeder; empty where none does."""
        return next((one.name for one in self.each if label in one.feeders), "")

    @cached_property
    def bays(self) -> dict[int, tuple[Station, Bay]]:
        """Each bay by its number, with its substation."""
        return {bay.number: (one, bay) for one in self.each for bay in one.bays}


@dataclass
class _Draft:
    """A substation that is looked for."""

    name: str
    sources: set[int] = field(default_factory=set[int])
    core: set[int] = field(default_factory=set[int])
    heads: set[int] = field(default_factory=set[int])


@dataclass(frozen=True, eq=False)
class _Grown:
    """The network as it normally is, from its sources outward, by buses and elements."""

    places: Places
    geometry: Geometry
    there: Flags
    """[elements] joins two buses, and is in service."""
    closed: Flags
    trees: Forest

    @staticmethod
    def of(places: Places, geometry: Geometry) -> _Grown:
        one, two = geometry.bus1.astype(np.int64), geometry.bus2.astype(np.int64)
        there = (one != two) & (places.branch >= 0)
        closed = there.copy()
        switch = np.flatnonzero(geometry.table == "switches")
        closed[switch] &= places.normal.open_phases[geometry.row[switch]] == 0
        grid = places.topology.grid
        seeds = [grid.buses.row(str(bus)) for bus in grid.sources["bus"]]
        near = adjacency(one, two, len(geometry.buses))
        trees = forest(*near, closed, np.array(seeds, np.int64), together=True)
        return _Grown(places, geometry, there, closed, trees)

    def path(self, bus: int) -> list[int]:
        """The buses from one back to its source."""
        found = [bus]
        while self.trees.towards[found[-1]] >= 0 and len(found) <= len(self.geometry.buses):
            found.append(self.other(int(self.trees.towards[found[-1]]), found[-1]))
        return found

    def other(self, element: int, bus: int) -> int:
        """The bus at the other end."""
        return int(self.geometry.bus1[element]) + int(self.geometry.bus2[element]) - bus

    def upper(self, element: int) -> int:
        """The end of a device that is nearer to a source."""
        one, two = int(self.geometry.bus1[element]), int(self.geometry.bus2[element])
        if self.trees.towards[one] == element:
            return two
        is_fed = self.trees.tree[one] >= 0 or self.trees.tree[two] < 0
        return one if is_fed or self.trees.towards[two] == element else two


def stations(places: Places, geometry: Geometry) -> Stations:
    """A substation for each name that feeders give, and for each source that feeds no such feeder.

    It is the ways from its source to the heads of its feeders, with what closes loops between
    them. Where no head is named it ends behind the first substation transformer on each way, or at
    the source, with the regulators that follow.
    """
    grown = _Grown.of(places, geometry)
    drafts = _drafts(grown)
    owner = np.full(len(geometry.buses), -1, np.int64)
    found = [_station(grown, draft) for draft in drafts]
    number, numbered = 0, list[Station]()
    for one in found:
        bays = tuple(replace(bay, number=number + k) for k, bay in enumerate(one.bays))
        number += len(bays)
        numbered.append(replace(one, bays=bays))
    _own(grown, numbered, owner)
    feeders: dict[int, set[int]] = {}
    fed_by_bus = fed_by(places, geometry.feeders, places.normal)
    for bay, feeder in {*zip(owner.tolist(), fed_by_bus.tolist(), strict=True)}:
        if bay >= 0 and feeder != NO_FEEDER:
            feeders.setdefault(bay, set()).add(feeder)
    labels = geometry.feeders

    def fed(bay: Bay) -> Bay:
        names = tuple(labels[k] for k in sorted(feeders.get(bay.number, ())) if k < len(labels))
        return replace(bay, feeders=names)

    return Stations(
        tuple(replace(one, bays=tuple(fed(bay) for bay in one.bays)) for one in numbered), owner
    )


def _drafts(grown: _Grown) -> list[_Draft]:
    """Where each substation is looked for, by the names of feeders and by sources."""
    grid, index = grown.places.topology.grid, grown.geometry.index
    sources = [str(name) for name in grid.sources["name"]]
    found: dict[str, _Draft] = {}
    for head, name in zip(grid.feeders["head"], grid.feeders["substation"], strict=True):
        element = index.get(str(head).lower().removeprefix("switch."), -1)
        if element < 0:
            continue
        upper = grown.upper(element)
        source = int(grown.trees.tree[upper])
        title = str(name).strip() or (sources[source] if source >= 0 else str(head))
        draft = found.setdefault(title.lower(), _Draft(title))
        draft.heads.add(element)
        draft.core.update(grown.path(upper))
        draft.sources |= {source} - {-1}
    _cut_shared(grown, list(found.values()))
    taken = {source for draft in found.values() for source in draft.sources}
    for source in sorted({*range(len(sources))} - taken):
        bus = grid.buses.row(str(grid.sources["bus"][source]))
        beside = next((draft for draft in found.values() if bus in draft.core), None)
        if beside is not None:
            beside.sources.add(source)
            continue
        title = sources[source]
        while title.lower() in found:
            title += " source"
        core = _without_heads(grown, bus)
        found[title.lower()] = _Draft(title, {source}, core)
    return list(found.values())


def _cut_shared(grown: _Grown, drafts: list[_Draft]) -> None:
    """What leads to several substations is none of them, but for the bus where they part."""
    count = Counter(bus for draft in drafts for bus in draft.core)
    for draft in drafts:
        own = {bus for bus in draft.core if count[bus] == 1}
        if own and own != draft.core:
            tops = {grown.other(int(grown.trees.towards[b]), b) for b in own
                    if grown.trees.towards[b] >= 0}  # fmt: skip
            draft.core = own | tops


def _without_heads(grown: _Grown, source: int) -> set[int]:
    """The buses of a substation whose feeders have no named heads."""
    geometry, trees = grown.geometry, grown.trees
    steps_down = of_kind(geometry, ("substation_transformer",))
    core = {source}
    for bus in trees.order[np.isin(trees.towards[trees.order], np.flatnonzero(steps_down))]:
        path = grown.path(int(bus))
        if path[-1] == source and sum(steps_down[trees.towards[b]] for b in path[:-1]) == 1:
            core.update(path)
    return _reached(grown, core, of_kind(geometry, _WITHIN) & grown.closed)


def _reached(grown: _Grown, core: set[int], usable: Flags, *, only_loops: bool = False) -> set[int]:
    """A core with what some elements lead to, or only with what they lead back from, as a second
    transformer or a coupler does; the core alone, where that is too much."""
    near: dict[int, list[int]] = {}
    one, two = grown.geometry.bus1, grown.geometry.bus2
    for k in np.flatnonzero(usable).tolist():
        near.setdefault(int(one[k]), []).append(int(two[k]))
        near.setdefault(int(two[k]), []).append(int(one[k]))
    found, queue = set(core), deque(sorted(core))
    while queue:
        for other in near.get(queue.popleft(), ()):
            if other not in found:
                found.add(other)
                queue.append(other)
        if len(found) > len(core) + GROWN_MOST:
            return set(core)
    leaves = deque(sorted(found - core) if only_loops else ())
    while leaves:
        bus = leaves.popleft()
        around = {other for other in near.get(bus, ()) if other in found}
        if bus in found and len(around) <= 1:
            found.discard(bus)
            leaves.extend(around - core)
    return found


def _station(grown: _Grown, draft: _Draft) -> Station:
    """A substation with its bays, not numbered yet."""
    geometry = grown.geometry
    usable = of_kind(geometry, NOTED) & grown.closed
    usable[list(draft.heads)] = False
    buses = _reached(grown, draft.core, usable, only_loops=True)
    stands = np.zeros(len(geometry.buses), bool)
    stands[list(buses)] = True
    one, two = stands[geometry.bus1], stands[geometry.bus2]
    heads = np.zeros(len(geometry), bool)
    heads[list(draft.heads)] = True
    joints: list[Joint] = []
    for k in np.flatnonzero(grown.there & ((one != two) | (heads & (one | two)))).tolist():
        at = (
            grown.upper(k)
            if one[k] and two[k]
            else int((geometry.bus1 if one[k] else geometry.bus2)[k])
        )
        joints.append(Joint(k, at, grown.other(k, at)))
    bays = tuple(Bay(-1, joint) for joint in grouped(geometry, joints))
    return Station(draft.name, tuple(sorted(draft.sources)), frozenset(buses), bays)


def _own(grown: _Grown, found: list[Station], owner: Ints) -> None:
    """Write down which bay normally feeds each bus."""
    begins = {
        element: bay.number
        for one in found
        for bay in one.bays
        for element in (bay.joint.element, *bay.joint.others)
    }
    within = {bus for one in found for bus in one.buses}
    for bus in grown.trees.order.tolist():
        element = int(grown.trees.towards[bus])
        if element < 0 or bus in within:
            continue
        number = begins.get(element)
        owner[bus] = owner[grown.other(element, bus)] if number is None else number
