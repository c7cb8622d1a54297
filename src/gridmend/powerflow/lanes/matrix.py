"""The matrix of the lanes, factored at a base state and laid out for the kernel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gridmend.model.arrays import Complexes, Floats, Ints
from gridmend.powerflow.chord import slopes
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.iteration import State
from gridmend.powerflow.lanes.elimination import factored, inverses, twins
from gridmend.powerflow.lanes.kernel import Rows, Ties
from gridmend.powerflow.lanes.split import Split
from gridmend.powerflow.legs import Shares, leg_currents, leg_voltages

Kind = type[np.float64] | type[np.float32]


@dataclass(frozen=True, eq=False)
class Base:
    """The state that lanes deviate from.

    `state` and its demand `s_va` [legs]; `v_v` [nodes and twins] voltages [V]; `ratio` [ties];
    `slope` [legs, 4] derivative of the legs' currents [S]; `shares` what legs are of above
    their limits.
    """

    state: State
    s_va: Complexes
    v_v: Complexes
    ratio: Floats
    slope: Floats
    shares: Shares | None = None

    @staticmethod
    def of(
        state: State, split: Split, s_va: Complexes, v_v: Complexes, tap_pu: Floats,
        shares: Shares | None = None,
    ) -> Base:  # fmt: skip
        """The base at a solution of a single snapshot, or of legs that cross as said."""
        ratio = np.where(split.winding >= 0, tap_pu[split.winding], 1.0)
        slope = slopes(state.network.legs, s_va, v_v, shares)
        at = np.concatenate([v_v, v_v[split.node] / ratio])
        return Base(state, s_va, at, ratio, slope, shares)

    @cached_property
    def u_v(self) -> Complexes:
        """[legs] voltages that legs answer to [V]."""
        legs = self.state.network.legs
        return leg_voltages(legs, self.v_v[: self.state.network.pattern.n])

    @cached_property
    def taken_a(self) -> Complexes:
        """[legs] currents of the legs [A]."""
        return leg_currents(self.state.network.legs, self.s_va, self.u_v, self.shares)


@dataclass(frozen=True, eq=False)
class Matrix:
    """What the kernel iterates with. `row` [nodes and twins] the kernel's row of each, active
    ones first; `inverse` [active rows, 4] of the pivots."""

    rows: Rows
    ties: Ties
    row: Ints
    inverse: Floats


def matrix(split: Split, base: Base, special: Ints, kind: Kind) -> Matrix:
    """Factor the network at its base; `special` are nodes whose rows get more than fused legs."""
    lower, upper, pivots, zone, pairs = factored(split, base)
    p, first = split.shape.pattern, split.shape.first
    rows = split.shape.rows
    row, tied = rows.row, split.shape.tied
    pivots[tied] = np.eye(2)
    inverse = inverses(pivots.reshape(-1, 4))
    lower = _scaled(inverse, lower, pivots, p.l_rows, rows.column)
    nodes = np.concatenate([special, split.node, twins(split)])
    nodes = np.unique(nodes[nodes >= 0])
    nodes = nodes[np.argsort(row[nodes])]
    place = np.full(p.n, -1, np.int64)
    place[row[nodes]] = np.arange(len(nodes))
    v_pu = base.v_v / split.base_v
    around: Complexes = np.empty(p.n, complex)
    around[row] = v_pu
    filled = Rows(
        leg_start=np.zeros(1, np.int32),
        special=place.astype(np.int32),
        lower_start=rows.lower_start,
        lower_at=rows.lower_at,
        lower=flat(lower[rows.forward], kind),
        upper_start=rows.upper_start,
        upper_at=rows.upper_at,
        upper=flat(-upper[rows.backward], kind),
        inverse=flat(inverse[split.shape.place[nodes]], kind),
        active=p.n - first,
        base=flat(parts(around), kind),
    )
    ties = _ties(split, base, row, place, zone, pairs)
    return Matrix(filled, ties, row, inverse[first:])


@compiled
def _scaled(inverse: Floats, lower: Floats, pivots: Floats, rows: Ints, columns: Ints) -> Floats:
    """[entries, 2, 2] minus what is below the diagonal, times the inverse of its row's pivot from
    the left and its column's pivot from the right."""
    found = np.empty_like(lower)
    for e in range(len(lower)):
        i, j = rows[e], columns[e]
        for a in range(2):
            x = inverse[i, a, 0] * lower[e, 0, 0] + inverse[i, a, 1] * lower[e, 1, 0]
            y = inverse[i, a, 0] * lower[e, 0, 1] + inverse[i, a, 1] * lower[e, 1, 1]
            for k in range(2):
                found[e, a, k] = -(x * pivots[j, 0, k] + y * pivots[j, 1, k])
    return found


def flat(values: Floats, kind: Kind) -> Floats:
    """Numbers in a row, of the kernel's kind."""
    return np.ascontiguousarray(values.reshape(-1), dtype=kind)


def parts(values: Complexes) -> Floats:
    """Real and imaginary parts along a new last axis."""
    return np.stack([values.real, values.imag], -1)


def _ties(split: Split, base: Base, row: Ints, place: Ints, zone: Floats, pairs: Ints) -> Ties:
    count = len(split.node)
    node, twin = row[split.node], row[twins(split)]
    below = np.full(int((place >= 0).sum()), -1, np.int32)
    above = below.copy()
    below[place[node]] = np.arange(count)
    above[place[twin]] = np.arange(count)
    v_pu = (base.v_v / split.base_v)[twins(split)]
    at_twin = parts(v_pu)
    current = zone_currents(split, base)
    driven = np.einsum("pij,pj->pi", zone, at_twin[pairs[:, 1]])
    return Ties(
        below=below,
        above=above,
        node=node.astype(np.int32),
        twin=twin.astype(np.int32),
        slot=place[twin],
        ratio0=base.ratio,
        current0=parts(current),
        pairs=pairs,
        zone=np.concatenate([zone.reshape(-1, 4), driven], 1),
    )


def zone_currents(split: Split, base: Base) -> Complexes:
    """[ties] current into the zone below at its node, at the base [A × base voltage]."""
    primitives, n = base.state.network.primitives, base.state.network.pattern.n
    found = _drawn(
        split.conductors, primitives.node_start, primitives.value_start, split.flat_nodes,
        split.flat_values, base.v_v,
    )  # fmt: skip
    return -found / base.ratio * split.base_v[n:]


@compiled
def _drawn(
    conductors: Ints, node_start: Ints, value_start: Ints, nodes: Ints, values: Complexes,
    v_v: Complexes,
) -> Complexes:  # fmt: skip
    """Current into each of some conductors of primitives [A]."""
    found = np.zeros(len(conductors), np.complex128)
    of = np.searchsorted(node_start, conductors, side="right") - 1
    for q, k in enumerate(of):
        first, size = node_start[k], node_start[k + 1] - node_start[k]
        row = value_start[k] + (conductors[q] - first) * size
        for j in range(size):
            node = nodes[first + j]
            if node >= 0:
                found[q] += values[row + j] * v_v[node]
    return found
