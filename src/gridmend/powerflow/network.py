"""A grid compiled for solving: nodes, primitives and the pattern they fill, made once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.model.flow import Flow, Nodes, Terminals
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow import primitive, shunt
from gridmend.powerflow.blocks import Active, active_of, where_added
from gridmend.powerflow.entries import (
    adjacency,
    conductor_pairs,
    slots_of,
    upper_columns,
)
from gridmend.powerflow.leg_rows import legs
from gridmend.powerflow.legs import INJECTED, Legs
from gridmend.powerflow.nodes import Numbering
from gridmend.powerflow.ordering import order
from gridmend.powerflow.pattern import Pattern, analyse, grouped, near_together
from gridmend.powerflow.primitives import Primitives, primitives_of
from gridmend.powerflow.revaluing import Tapped, tapped
from gridmend.powerflow.spare import Spare
from gridmend.powerflow.units import Units, units_of

if TYPE_CHECKING:
    from gridmend.powerflow.controls.following import Followed
    from gridmend.powerflow.controls.tables import Controls

T = TypeVar("T")

_REMEMBERED = 3
"""How many things of one kind are."""

_NOTHING: Any = object()


@dataclass(frozen=True, eq=False)
class Network:
    """What a solve needs of a grid, whatever positions and demand.

    `place` [nodes] is each node's place in the elimination order, of which the first
    `first` are passive; `slots` says where each primitive value is added: k < n on the
    diagonal, n + p at entry p above it, -1 nowhere.
    """

    grid: Grid
    nodes: Nodes
    primitives: Primitives
    slots: Ints
    legs: Legs
    leg_slots: Ints
    units: Units
    pattern: Pattern
    place: Ints
    first: int
    terminals: Terminals

    @cached_property
    def scale(self) -> Floats:
        """[n + pattern] volts squared that make an entry in siemens one in per unit."""
        pattern = self.pattern
        base = np.empty(pattern.n)
        base[self.place] = self.nodes.base_v
        return np.concatenate([base**2, base[pattern.rows] * base[pattern.columns]])

    @cached_property
    def leg_ends(self) -> tuple[Ints, Ints, Floats, Floats]:
        """[legs] places of both ends, -1 for ground, and their voltage bases [V]."""
        place, base = np.append(self.place, -1), np.append(self.nodes.base_v, 0.0)
        plus, minus = self.legs.plus, self.legs.minus
        return place[plus], place[minus], base[plus], base[minus]

    @cached_property
    def active(self) -> Active:
        """The columns of its factor in which legs stand."""
        return active_of(self.pattern, self.first)

    @cached_property
    def legs_added(self) -> tuple[Ints, Floats]:
        """[legs × 4] where in the active columns what each leg adds goes, and its scale."""
        return where_added(self.active, self.pattern, self.leg_slots, self.scale)

    @cached_property
    def unit_of_winding(self) -> Ints:
        """[windings] row of the transformer that each belongs to, -1 out of service."""
        rows = np.full(len(self.grid.windings), -1, np.int64)
        counts = np.diff(self.units.winding_start)
        rows[self.units.windings] = np.repeat(self.units.rows, counts)
        return rows

    @cached_property
    def source_a(self) -> dict[int, Complexes]:
        """Of each source in service the currents that it drives into its conductors [A]."""
        found: dict[int, Complexes] = {}
        for row in np.flatnonzero(self.primitives.place["sources"] >= 0).tolist():
            nodes, span = self.primitives.of("sources", row)
            y = self.primitives.values[span].reshape(len(nodes), len(nodes))
            found[row] = y @ shunt.source_voltages(self.grid.sources, row, len(nodes))
        return found

    @cached_property
    def tapped(self) -> Tapped:
        """Every transformer as flat arrays, in the order of `units`."""
        place = self.primitives.place["transformers"][self.units.rows]
        return tapped(self.units, self.primitives.value_start[place], self.slots)

    @cached_property
    def unit_number(self) -> Ints:
        """[transformers + 1] which of `tapped` each is, -1 out of service, and last of none."""
        number = np.full(len(self.grid.transformers) + 1, -1, np.int64)
        number[self.units.rows] = np.arange(len(self.units))
        return number

    @cached_property
    def into(self) -> tuple[Ints, Ints]:
        """Of each slot, the primitive values that are added there: where they begin, and which."""
        return grouped(self.slots, self.pattern.n + len(self.pattern.rows))

    @cached_property
    def legs_into(self) -> tuple[Ints, Ints]:
        """The same of legs, whose entries are counted four a leg."""
        return grouped(self.leg_slots, self.pattern.n + len(self.pattern.rows))

    @cached_property
    def has_leg(self) -> Flags:
        """[n + pattern] whether a leg enters there."""
        found = np.zeros(self.pattern.n + len(self.pattern.rows), np.bool_)
        found[self.leg_slots[self.leg_slots >= 0]] = True
        return found

    @cached_property
    def loose_entries(self) -> Ints:
        """Entries above the diagonal that a device's position may make zero or not."""
        primitives = self.primitives
        slots = [
            self.slots[primitives.of(table, row)[1]]
            for table in ("switches", "capacitors", "sources")
            for row in np.flatnonzero(primitives.place[table] >= 0).tolist()
        ]
        every = np.unique(np.concatenate(slots)) if slots else np.empty(0, np.int64)
        return every[every >= self.pattern.n] - self.pattern.n

    @cached_property
    def rating_a(self) -> Floats:
        """[terminals] current rating [A]; nan where it is unknown or does not apply."""
        from gridmend.powerflow.results import terminal_ratings

        return terminal_ratings(self.grid, self.terminals)

    @cached_property
    def controls(self) -> Controls:
        """Every control in service; `GridError` for one that looks where nothing is."""
        from gridmend.powerflow.controls.tables import Controls

        return Controls.of(self)

    @cached_property
    def followed(self) -> Followed:
        """What of it static control follows in one pass."""
        from gridmend.powerflow.controls.following import followed

        return followed(self, self.controls)

    @cached_property
    def spare(self) -> Spare:
        """Memory that its solves leave to the next."""
        return Spare()

    @cached_property
    def _memory(self) -> dict[str, dict[Hashable, Any]]:
        return {}

    def remembered(self, kind: str, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` makes, or made when it was last asked for by this key, which says all that it
        depends on beside the network. Of a kind those not asked for longest are forgotten."""
        memory = self._memory.setdefault(kind, {})
        found = memory.pop(key, _NOTHING)
        if found is _NOTHING:
            found = make()
            for old in list(memory)[: max(len(memory) + 1 - _REMEMBERED, 0)]:
                memory.pop(old, None)
        memory[key] = found
        return found

    @staticmethod
    def of(grid: Grid) -> Network:
        """Compile a grid. Raises `GridError` for what cannot be a network."""
        numbering = Numbering(grid)
        batches = [
            *shunt.sources(grid, numbering),
            *primitive.lines(grid, numbering),
            *primitive.switches(grid, numbering),
            *shunt.capacitors(grid, numbering),
            *shunt.reactors(grid, numbering),
            *shunt.faults(grid, numbering),
        ]
        units = units_of(grid, numbering)
        tap_pu = grid.windings.numbers("tap_pu")
        batches += units.batches(tap_pu)
        the_legs = legs(grid, numbering)
        nodes = numbering.nodes()
        primitives = primitives_of(grid, batches)
        return _assembled(grid, nodes, primitives, the_legs, units)

    def solve(self, snapshot: Snapshot | None = None, *, controls: str = "static") -> Flow:
        """The flow at a snapshot (the normal one unless given); see `solve.solve`."""
        from gridmend.powerflow.solve import solve_network

        return solve_network(self, snapshot or Snapshot.normal(self.grid), controls=controls)


def _assembled(
    grid: Grid,
    nodes: Nodes,
    primitives: Primitives,
    the_legs: Legs,
    units: Units,
) -> Network:
    n = len(nodes.bus)
    a, b = conductor_pairs(primitives.node_start, primitives.nodes)
    leg_a = np.stack([the_legs.plus, the_legs.minus, the_legs.plus, the_legs.minus], 1).ravel()
    leg_b = np.stack([the_legs.plus, the_legs.minus, the_legs.minus, the_legs.plus], 1).ravel()
    indptr, indices = adjacency(n, a, b, (leg_a, leg_b))
    passive = np.ones(n, bool)
    for active in (the_legs.plus, the_legs.minus, *_source_nodes(primitives)):
        passive[active[active >= 0]] = False
    permutation, first = order(indptr, indices, passive)
    place = np.empty(n, np.int64)
    place[permutation] = np.arange(n)
    place = near_together(n, *upper_columns(indptr, indices, place), first)[place]
    above = upper_columns(indptr, indices, place)
    return Network(
        grid=grid,
        nodes=nodes,
        primitives=primitives,
        slots=slots_of(place, *above, a, b),
        legs=the_legs,
        leg_slots=slots_of(place, *above, leg_a, leg_b),
        units=units,
        pattern=analyse(n, *above),
        place=place,
        first=first,
        terminals=_terminals(nodes, primitives, the_legs),
    )


def _source_nodes(primitives: Primitives) -> list[Ints]:
    used = np.flatnonzero(primitives.place["sources"] >= 0)
    return [primitives.of("sources", row)[0] for row in used.tolist()]


def _terminals(nodes: Nodes, primitives: Primitives, the_legs: Legs) -> Terminals:
    counts = np.diff(primitives.node_start)
    ends = np.stack([the_legs.plus, the_legs.minus], 1).ravel()
    kinds = np.array(INJECTED, object)[np.repeat(the_legs.table, 2)]
    node = np.concatenate([primitives.nodes, ends])
    phase = np.empty(len(node), object)
    phase[:] = "g"
    phase[node >= 0] = nodes.phase[node[node >= 0]]
    return Terminals(
        table=np.concatenate([np.repeat(primitives.table, counts), kinds]),
        row=np.concatenate([np.repeat(primitives.row, counts), np.repeat(the_legs.element, 2)]),
        terminal=np.concatenate([primitives.terminal, np.ones(len(ends), np.int64)]),
        node=node,
        phase=phase,
    )
