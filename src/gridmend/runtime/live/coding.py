"""From a situation and its flow to two bytes an element, by arrays that are made once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.model.flow import Flow
from gridmend.model.situation import Situation
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network
from gridmend.runtime.live.belonging import der, nodes, per_element, standing, terminals_of
from gridmend.runtime.live.geometry import NO_FEEDER, Geometry
from gridmend.runtime.live.modes import (
    DER_ZERO,
    HIGHEST,
    LOADING_STEP_PCT,
    UNKNOWN,
    V_LEAST_PU,
    V_STEP_PU,
    Flag,
)
from gridmend.runtime.live.placing import Places, fed_by

Bytes = NDArray[np.uint8]
_NO_VOLTAGE = ("n", "g")


@dataclass(frozen=True, eq=False)
class Groups:
    """Items in groups: `items` sorted by group, `starts` where each of `of` groups begins."""

    items: Ints
    starts: Ints
    of: Ints
    count: int

    @staticmethod
    def by(group: Ints, items: Ints, count: int) -> Groups:
        """Group items, of which those in group -1 are left out."""
        here = group >= 0
        group, items = group[here], items[here]
        order = np.argsort(group, kind="stable")
        group, items = group[order], items[order]
        first = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]]))
        first = first[: len(group)]
        return Groups(items, first, group[first], count)

    def each(self, reduce: np.ufunc, values: NDArray, nothing: float) -> NDArray:
        """[count] what a reduction makes of the values of each group; `nothing` where it is empty.

        `values` are by item.
        """
        found = np.full(self.count, nothing, values.dtype)
        if len(self.starts):
            found[self.of] = reduce.reduceat(values[self.items], self.starts)
        return found


@dataclass(frozen=True, eq=False)
class Coder:
    """Where to look for each element: made once for a geometry and a network.

    `edges` are edges of the topology by element, `points` nodes of what stands at one bus;
    `volts` and `amps` rows of the flow's terminals by element; `switch` and `source` [elements]
    rows of those tables, -1 for all else.
    """

    geometry: Geometry
    places: Places
    edges: Groups
    points: Groups
    volts: Groups
    amps: Groups
    rating_a: Floats
    node: Ints
    """[nodes of the flow] the node of the topology, -1 for a neutral."""
    switch: Ints
    source: Ints
    normal_open: NDArray[np.uint8]
    reports: Flags
    der: tuple[tuple[str, Ints, Ints, Floats], ...]
    """Field of a snapshot, elements, rows and ratings [kW or kVA]."""
    _fed: dict[bytes, Bytes] = field(default_factory=dict[bytes, Bytes], repr=False)

    @staticmethod
    def of(geometry: Geometry, places: Places, network: Network) -> Coder:
        """Compile for the terminals that every flow of one network shares."""
        topology, count = places.topology, len(geometry)
        w, grid, terminals = topology.wiring, topology.grid, network.terminals
        # A branch may be several elements, as a transformer of three windings is: each has all.
        edges = per_element(places.branch, w.edge_branch, len(w.branch_row))
        at, here = standing(geometry, places)
        place, ours = terminals_of(geometry, terminals)
        live = (terminals.node >= 0) & ~np.isin(terminals.phase, _NO_VOLTAGE)
        rated = np.isfinite(network.rating_a) & (network.rating_a > 0)
        switches = np.where(geometry.table == "switches", geometry.row, -1)
        return Coder(
            geometry=geometry,
            places=places,
            edges=Groups.by(*edges, count),
            points=Groups.by(at, here, count),
            volts=Groups.by(place[live[ours]], ours[live[ours]], count),
            amps=Groups.by(place[rated[ours]], ours[rated[ours]], count),
            rating_a=network.rating_a,
            node=nodes(places, network),
            switch=switches.astype(np.int64),
            source=np.where(geometry.table == "sources", geometry.row, -1).astype(np.int64),
            normal_open=places.normal.open_phases,
            reports=grid.switches.flags("remote"),
            der=tuple(der(grid, geometry)),
        )

    def energised(self, live: Flags) -> Bytes:
        """[elements] 0 dead, 1 live, 2 some phases dead; `live` is by node of the topology.

        A conductor with supply at either end is live, as an open switch's is.
        """
        every, some = self._ends(live)
        return np.select([every, some], [1, 2], 0).astype(np.uint8)

    def _ends(self, live: Flags) -> tuple[Flags, Flags]:
        """[elements] whether all conductors are live, and whether any is."""
        w = self.places.topology.wiring
        along = live[w.edge_from] | live[w.edge_to]
        every = self.edges.each(np.logical_and, along, 0) | self.points.each(
            np.logical_and, live, 0
        )
        some = self.edges.each(np.logical_or, along, 0) | self.points.each(np.logical_or, live, 0)
        return every, some

    def phase(self, live: Flags) -> Bytes:
        """[elements] the energised phases as bits."""
        w, bits = self.places.topology.wiring, np.where(live, self.places.node_bits, 0)
        bits = bits.astype(np.uint8)
        along = bits[w.edge_from] | bits[w.edge_to]
        points = self.points.each(np.bitwise_or, bits, 0)
        return (self.edges.each(np.bitwise_or, along, 0) | points).astype(np.uint8)

    def at_flow(self, live: Flags) -> Flags:
        """[nodes of the flow] whether a source feeds each: what is only induced is not live."""
        return np.append(live, False)[self.node]

    def voltage(self, flow: Flow, fed: Flags) -> Bytes:
        """[elements] the voltage furthest from nominal, of live phases at either end; `fed` [nodes
        of the topology] have supply."""
        if not flow.converged:
            return self._unknown()
        node = np.maximum(flow.terminals.node, 0)
        v_pu = flow.v_pu[node]
        live = self.at_flow(fed)[node]
        low = self.volts.each(np.minimum, np.where(live, v_pu, np.inf), np.inf)
        high = self.volts.each(np.maximum, np.where(live, v_pu, -np.inf), -np.inf)
        worst = np.where(high - 1.0 >= 1.0 - low, high, low)
        return _coded((worst - V_LEAST_PU) / V_STEP_PU, np.isfinite(low))

    def loading(self, flow: Flow) -> Bytes:
        """[elements] the highest current of any conductor against its normal rating."""
        if not flow.converged:
            return self._unknown()
        with np.errstate(invalid="ignore"):
            pct = 100 * np.abs(flow.i_a) / self.rating_a
        most = self.amps.each(np.maximum, pct, np.nan)
        return _coded(most / LOADING_STEP_PCT, np.isfinite(most))

    def output(self, flow: Flow, some: Flags) -> Bytes:
        """[elements] what each DER gives, of its rating."""
        found = self._unknown()
        for name, elements, rows, rating in self.der:
            power: Floats = getattr(flow.snapshot, name)[rows]
            known = np.isfinite(rating) & (rating > 0)
            pct = np.where(some[elements], 100 * power, 0.0) / np.where(known, rating, 1.0)
            found[elements] = _coded(DER_ZERO + pct, known)
        return found

    def feeder(self, snapshot: Snapshot) -> Bytes:
        """[elements] which feeder feeds each; found anew where something was switched."""
        key = snapshot.open_phases.tobytes() + snapshot.source_on.tobytes()
        by_bus = self._fed.get(key)
        if by_bus is None:
            by_bus = fed_by(self.places, self.geometry.feeders, snapshot)
            self._fed.clear()
            self._fed[key] = by_bus
        one, two = by_bus[self.geometry.bus1], by_bus[self.geometry.bus2]
        return np.where(one == NO_FEEDER, two, one)

    def flags(self, situation: Situation, value: Bytes, stale: Flags) -> Bytes:
        """[elements] the flag byte; `value` is that of the mode energised, `stale` [switches] whose
        last report is too old."""
        found = np.zeros(len(self.geometry), np.uint8)
        _mark(found, value == 0, Flag.DEAD)
        _mark(found, value == 2, Flag.PARTLY)
        here = np.flatnonzero(self.switch >= 0)
        rows = self.switch[here]
        bits = situation.snapshot.open_phases[rows]
        unsure = ~situation.position_known[rows] | stale[rows]
        _mark(found, here[bits != 0], Flag.OPEN)
        _mark(found, here[bits != self.normal_open[rows]], Flag.NOT_NORMAL)
        _mark(found, here[unsure], Flag.UNSURE)
        here = np.flatnonzero(self.source >= 0)
        rows = self.source[here]
        on, normal = situation.snapshot.source_on[rows], self.places.normal.source_on[rows]
        _mark(found, here[~on], Flag.OPEN)
        _mark(found, here[on != normal], Flag.NOT_NORMAL)
        tagged = self._rows(tag.device for tag in situation.tags.values())
        _mark(found, tagged, Flag.TAGGED)
        _mark(found, self._rows(situation.faults), Flag.FAULT)
        grounded = self._at_buses({g.bus.lower() for g in situation.grounds.values()})
        _mark(found, grounded, Flag.GROUNDED)
        return found

    def _rows(self, keys: Iterable[str]) -> Ints:
        """The elements of keys, with the class of a switch or without; those that are there."""
        index = self.geometry.index
        found = (
            index.get(k, index.get(k.removeprefix("switch."), -1)) for k in map(str.lower, keys)
        )
        return np.array([at for at in found if at >= 0], np.int64)

    def _at_buses(self, names: set[str]) -> Flags:
        """[elements] whether an end is at any of some buses."""
        at = np.zeros(len(self.geometry.buses), bool)
        rows = self.places.topology.grid.buses.index
        at[[rows[name] for name in names if name in rows]] = True
        return at[self.geometry.bus1] | at[self.geometry.bus2]

    def _unknown(self) -> Bytes:
        return np.full(len(self.geometry), UNKNOWN, np.uint8)

    def stale(self, situation: Situation, now_s: float, after_s: float) -> Flags:
        """[switches] which report, and were not heard of for longer than this [s]."""
        with np.errstate(invalid="ignore"):
            return self.reports & ~(now_s - situation.heard_s <= after_s)


def _mark(found: Bytes, where: Flags | Ints, flag: Flag) -> None:
    """Set a flag."""
    found[where] |= np.uint8(flag)


def _coded(value: Floats, known: Flags) -> Bytes:
    """Figures as bytes: clipped, and 255 where there is none."""
    whole = np.clip(np.rint(np.where(known, value, 0.0)), 0, HIGHEST)
    return np.where(known, whole, UNKNOWN).astype(np.uint8)
