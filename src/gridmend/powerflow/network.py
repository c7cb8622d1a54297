"""A grid compiled for solving: nodes, primitives and the pattern they fill, made once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmend.model.arrays import Complexes, Ints
from gridmend.model.flow import Flow, Nodes, Terminals
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow import primitive, shunt, transformer
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.factor import Pattern, analyse
from gridmend.powerflow.legs import INJECTED, Legs, legs
from gridmend.powerflow.nodes import Numbering
from gridmend.powerflow.ordering import order
from gridmend.powerflow.primitive import Batch


@dataclass(frozen=True, eq=False)
class Primitives:
    """Every passive element's matrix, one after the other.

    `nodes` and `values` are flat; element k has conductors `node_start[k]:node_start[k+1]`
    and its matrix, by rows, from `value_start[k]`. `place[table][row]` is the element of a
    row, -1 where it is out of service.
    """

    node_start: Ints
    nodes: Ints
    value_start: Ints
    values: Complexes
    table: NDArray[np.object_]
    row: Ints
    terminal: Ints
    place: dict[str, Ints]

    def of(self, table: str, row: int) -> tuple[Ints, slice]:
        """The conductors' nodes of one element and where its matrix lies in `values`."""
        k = self.place[table][row]
        nodes = self.nodes[self.node_start[k] : self.node_start[k + 1]]
        return nodes, slice(int(self.value_start[k]), int(self.value_start[k + 1]))


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
    units: dict[int, transformer.Unit]
    pattern: Pattern
    place: Ints
    first: int
    terminals: Terminals

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
        units = {u.row: u for u in transformer.units(grid, numbering)}
        tap_pu = grid.windings.numbers("tap_pu")
        batches += transformer.batches(list(units.values()), tap_pu)
        the_legs = legs(grid, numbering)
        nodes = numbering.nodes()
        primitives = _primitives(grid, batches)
        return _assembled(grid, nodes, primitives, the_legs, units)

    def solve(self, snapshot: Snapshot | None = None, *, controls: str = "static") -> Flow:
        """The flow at a snapshot (the normal one unless given); see `solve.solve`."""
        from gridmend.powerflow.solve import solve_network

        return solve_network(self, snapshot or Snapshot.normal(self.grid), controls=controls)


def values_at(network: Network, snapshot: Snapshot) -> Complexes:
    """Every primitive value at a snapshot's positions [S]."""
    grid, primitives = network.grid, network.primitives
    values = primitives.values.copy()
    normal = grid.windings.numbers("tap_pu")
    if snapshot.tap_pu is not normal:
        moved = set(grid.windings["transformer"][np.flatnonzero(snapshot.tap_pu != normal)])
        for name in moved:
            unit = network.units.get(grid.transformers.row(name))
            if unit is not None:
                _, span = primitives.of("transformers", unit.row)
                values[span] = transformer.admittance(
                    unit.make, snapshot.tap_pu[unit.windings]
                ).ravel()
    switches = grid.switches
    for row in np.flatnonzero(snapshot.open_phases).tolist():
        if primitives.place["switches"][row] >= 0:
            nodes, span = primitives.of("switches", row)
            z = primitive.switch_impedance(switches, row, len(nodes) // 2)
            closed = values[span].reshape(len(nodes), len(nodes))
            values[span] = primitive.opened(closed, z, int(snapshot.open_phases[row])).ravel()
    for row, steps in enumerate(snapshot.steps_on.tolist()):
        if primitives.place["capacitors"][row] >= 0:
            _, span = primitives.of("capacitors", row)
            values[span] *= float(np.sum(grid.capacitors["step_kvar"][row][:steps]))
    for row in np.flatnonzero(~snapshot.source_on).tolist():
        if primitives.place["sources"][row] >= 0:
            values[primitives.of("sources", row)[1]] = 0.0
    return values


def assemble(
    network: Network, values: Complexes, leg_s: Complexes | None = None
) -> tuple[Complexes, Complexes]:
    """Diagonal and upper entries of the nodal admittance, in per unit and elimination order.

    `leg_s` [legs] adds each leg's admittance [S].
    """
    n = network.pattern.n
    total = np.zeros(n + len(network.pattern.rows), complex)
    _scatter(network.slots, values, total)
    if leg_s is not None:
        _scatter(network.leg_slots, np.stack([leg_s, leg_s, -leg_s, -leg_s], 1).ravel(), total)
    base = np.empty(n)
    base[network.place] = network.nodes.base_v
    diagonal = total[:n] * base**2
    columns = np.repeat(np.arange(n), np.diff(network.pattern.start))
    return diagonal, total[n:] * base[network.pattern.rows] * base[columns]


@compiled
def _scatter(slots: Ints, values: Complexes, total: Complexes) -> None:
    for k in range(len(slots)):
        if slots[k] >= 0:
            total[slots[k]] += values[k]


def _primitives(grid: Grid, batches: list[Batch]) -> Primitives:
    sizes = np.array([b.nodes.shape[1] for b in batches for _ in b.rows], np.int64)
    node_start = np.concatenate([[0], np.cumsum(sizes)])
    value_start = np.concatenate([[0], np.cumsum(sizes**2)])
    row = np.concatenate([b.rows for b in batches]) if batches else np.empty(0, np.int64)
    table = np.empty(len(row), object)
    place = {t: np.full(len(grid.table(t)), -1, np.int64) for t in _TABLES}
    at = 0
    for b in batches:
        table[at : at + len(b.rows)] = b.table
        place[b.table][b.rows] = np.arange(at, at + len(b.rows))
        at += len(b.rows)
    return Primitives(
        node_start=node_start,
        nodes=_joined([b.nodes.ravel() for b in batches], np.int64),
        value_start=value_start,
        values=_joined([b.admittance.ravel() for b in batches], complex),
        table=table,
        row=row,
        terminal=_joined([np.tile(b.terminal, len(b.rows)) for b in batches], np.int64),
        place=place,
    )


_TABLES = ("sources", "lines", "switches", "transformers", "capacitors", "reactors", "faults")


def _joined(parts: list[NDArray[Any]], kind: Any) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0, kind)


def _assembled(
    grid: Grid,
    nodes: Nodes,
    primitives: Primitives,
    the_legs: Legs,
    units: dict[int, transformer.Unit],
) -> Network:
    n = len(nodes.bus)
    a, b = conductor_pairs(primitives.node_start, primitives.nodes)
    leg_a = np.stack([the_legs.plus, the_legs.minus, the_legs.plus, the_legs.minus], 1).ravel()
    leg_b = np.stack([the_legs.plus, the_legs.minus, the_legs.minus, the_legs.plus], 1).ravel()
    off = (np.concatenate([a, leg_a]), np.concatenate([b, leg_b]))
    indptr, indices = _adjacency(n, *off)
    passive = np.ones(n, bool)
    for active in (the_legs.plus, the_legs.minus, *_source_nodes(primitives)):
        passive[active[active >= 0]] = False
    permutation, first = order(indptr, indices, passive)
    place = np.empty(n, np.int64)
    place[permutation] = np.arange(n)
    keys = _upper_keys(n, place, *off)
    rows, columns = keys % max(n, 1), keys // max(n, 1)
    start = np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=n))]).astype(np.int64)
    pattern = analyse(n, start, rows)
    return Network(
        grid=grid,
        nodes=nodes,
        primitives=primitives,
        slots=_slots(n, place, keys, a, b),
        legs=the_legs,
        leg_slots=_slots(n, place, keys, leg_a, leg_b),
        units=units,
        pattern=pattern,
        place=place,
        first=first,
        terminals=_terminals(nodes, primitives, the_legs),
    )


def _source_nodes(primitives: Primitives) -> list[Ints]:
    used = np.flatnonzero(primitives.place["sources"] >= 0)
    return [primitives.of("sources", row)[0] for row in used.tolist()]


@compiled
def conductor_pairs(start: Ints, nodes: Ints) -> tuple[Ints, Ints]:
    """The nodes of row and column of every primitive value, in order."""
    total = 0
    for k in range(len(start) - 1):
        total += (start[k + 1] - start[k]) ** 2
    a = np.empty(total, np.int64)
    b = np.empty(total, np.int64)
    at = 0
    for k in range(len(start) - 1):
        for i in range(start[k], start[k + 1]):
            for j in range(start[k], start[k + 1]):
                a[at] = nodes[i]
                b[at] = nodes[j]
                at += 1
    return a, b


def _adjacency(n: int, a: Ints, b: Ints) -> tuple[Ints, Ints]:
    joined = (a >= 0) & (b >= 0) & (a != b)
    keys = np.unique(np.concatenate([a[joined] * n + b[joined], b[joined] * n + a[joined]]))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(keys // max(n, 1), minlength=n))])
    return indptr.astype(np.int64), keys % max(n, 1)


def _upper_keys(n: int, place: Ints, a: Ints, b: Ints) -> Ints:
    joined = (a >= 0) & (b >= 0) & (a != b)
    p, q = place[a[joined]], place[b[joined]]
    return np.unique(np.maximum(p, q) * n + np.minimum(p, q))


def _slots(n: int, place: Ints, keys: Ints, a: Ints, b: Ints) -> Ints:
    slots = np.full(len(a), -1, np.int64)
    here = (a >= 0) & (b >= 0)
    p, q = place[a[here]], place[b[here]]
    found = np.where(p == q, p, -1)
    above = p < q
    found[above] = n + np.searchsorted(keys, q[above] * n + p[above])
    slots[here] = found
    return slots


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
