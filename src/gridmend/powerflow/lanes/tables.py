"""What the kernel reads of legs, sources and customers, laid out from the network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.lanes.curves import (
    NO_LIMIT,
    calm_of,
    exponents_of,
    series_of,
    short_of,
    under_of,
)
from gridmend.powerflow.lanes.legs import (
    APART,
    EXPONENTIAL,
    FAR,
    LONG,
    RECORD,
    STEADY_CURRENT,
    TOGETHER,
    WHOLE,
    Fused,
)
from gridmend.powerflow.lanes.loose import Loose
from gridmend.powerflow.lanes.matrix import Base, Kind, Matrix, flat, parts
from gridmend.powerflow.leg_models import CURRENT, IMPEDANCE, POWER, ZIP
from gridmend.powerflow.leg_models import EXPONENTIAL as BY_EXPONENT
from gridmend.powerflow.legs import across
from gridmend.powerflow.network import Network

_KNOWN = np.isin(np.arange(ZIP + 1), (POWER, IMPEDANCE, BY_EXPONENT))
"""Models that the kernel has whatever profiles their legs follow."""


@dataclass(frozen=True, eq=False)
class Demand:
    """What legs take over time: rated power at factor 1 and the profile that each follows.

    `s_va` [legs]; `p_profile`, `q_profile` [legs] rows of `factors` [profiles, steps].
    """

    s_va: Complexes
    p_profile: Ints
    q_profile: Ints
    factors: Floats

    def at(self, factors: Floats) -> Complexes:
        """[legs] power at one factor a profile [VA]."""
        p, q = factors[self.p_profile], factors[self.q_profile]
        return self.s_va.real * p + 1j * self.s_va.imag * q

    @cached_property
    def level(self) -> Floats:
        """[steps] active power of all legs [W]."""
        weight = np.bincount(self.p_profile, self.s_va.real, len(self.factors))
        return np.einsum("p,ps->s", weight, self.factors)

    @cached_property
    def least(self) -> Floats:
        """[profiles] the least factor of each."""
        return self.factors.min(axis=1)

    @cached_property
    def most(self) -> Floats:
        """[profiles] the largest factor of each."""
        return self.factors.max(axis=1)


def _known(network: Network, demand: Demand) -> Flags:
    """[legs] whether the kernel has a leg's model in vectors."""
    legs = network.legs
    alike = demand.p_profile == demand.q_profile
    known = _KNOWN[legs.model] | (legs.model == CURRENT) & alike
    known[legs.balanced.ravel()] = False
    return known


def fusable(network: Network, demand: Demand) -> Flags:
    """[legs] whether a leg stands between one node and ground with a model the kernel knows."""
    return _known(network, demand) & (network.legs.plus >= 0) & (network.legs.minus < 0)


def loose_nodes(network: Network, demand: Demand) -> Ints:
    """The nodes that loose legs join."""
    rest = ~fusable(network, demand)
    nodes = np.concatenate([network.legs.plus[rest], network.legs.minus[rest]])
    return nodes[nodes >= 0]


def fused_legs(
    network: Network, demand: Demand, base: Base, matrix: Matrix, kind: Kind, near: Floats
) -> Any:
    """Legs that the forward pass takes up, and where each row's begin; `near` as by
    `near_a_jump`."""
    legs = network.legs
    mine = np.flatnonzero(fusable(network, demand) & base.state.alive[np.maximum(legs.plus, 0)])
    row = matrix.row[legs.plus[mine]]
    mine = mine[np.argsort(row, kind="stable")]
    row = matrix.row[legs.plus[mine]]
    base_v = network.nodes.base_v[legs.plus[mine]]
    inverse = matrix.inverse[row].reshape(-1, 2, 2)
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=matrix.rows.active))])
    return _fused(network, demand, base, mine, base_v, inverse, kind, near), starts.astype(np.int32)


@compiled
def _times(one: Floats, other: Floats) -> Floats:
    """[k, 2, columns] products of [k, 2, 2] and [k, 2, columns]."""
    found = np.empty_like(other)
    for k in range(len(other)):
        for i in range(2):
            for j in range(other.shape[2]):
                found[k, i, j] = one[k, i, 0] * other[k, 0, j] + one[k, i, 1] * other[k, 1, j]
    return found


def _fused(
    network: Network, demand: Demand, base: Base, mine: Ints, base_v: Floats, inverse: Floats,
    kind: Kind, near: Floats,
) -> Fused:  # fmt: skip
    """Legs whose voltages are in per unit of `base_v`, and their currents times `inverse`."""
    if not len(mine):
        none, whole = np.empty(0, kind), np.empty(0, np.int32)
        return Fused(*(whole if name in WHOLE else none for name in Fused._fields))
    legs = network.legs
    rated = legs.rated_v[mine] / base_v
    model, s = legs.model[mine], demand.s_va[mine]
    low, least, most = legs.limits[mine].T
    most = np.minimum(most, NO_LIMIT)
    u0, i0 = base.u_v[mine], base.taken_a[mine]
    impedance = model == IMPEDANCE
    highest = np.where(impedance, rated, most * rated) ** 2
    lowest = np.where(impedance, rated, least * rated) ** 2
    one = np.eye(2)
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    p, q = s.real[:, None, None] * one, s.imag[:, None, None] * turn
    if (model == CURRENT).any():
        scale = np.where(model == CURRENT, 1 / rated, 1.0)[:, None, None]
        p, q = p * scale, q * scale
    apart = (model == BY_EXPONENT) | (demand.p_profile[mine] != demand.q_profile[mine])
    slope = base.slope[mine].reshape(-1, 2, 2) * (base_v**2)[:, None, None]
    u_pu, i_pu = u0 / base_v, i0 * base_v
    record = np.zeros((len(mine), RECORD))
    record[:, :4] = _times(inverse, np.where(apart[:, None, None], one, p + q)).reshape(-1, 4)
    record[:, 4:8] = _times(inverse, slope).reshape(-1, 4)
    record[:, 8:10] = _times(inverse, parts(i_pu)[:, :, None])[:, :, 0]
    record[:, 10], record[:, 11] = u_pu.real, u_pu.imag
    lower = np.where(impedance, -1.0, (least * rated) ** 2)
    limits = np.stack([lowest, highest, lower, 1 / highest], 1)
    kinds = np.where(apart, APART, TOGETHER)
    kinds[model == CURRENT] = STEADY_CURRENT
    kinds[model == BY_EXPONENT] = EXPONENTIAL
    near = near[mine] * (rated**2)[:, None, None]
    square = np.abs(u_pu) ** 2
    exponents = network.legs.exponents[mine] / 2 - 1
    steep = exponents_of(model, exponents, np.clip(square, lowest, highest), rated)
    calm = calm_of(model, steep.reach, (lowest, highest), near, square)
    return Fused(
        place=np.arange(len(mine), dtype=np.int32),
        kinds=kinds.astype(np.int32),
        p_at=demand.p_profile[mine].astype(np.int32),
        q_at=demand.q_profile[mine].astype(np.int32),
        record=flat(record, kind),
        limits=flat(limits, kind),
        under=flat(under_of(model, low, least, rated), kind),
        powers=flat(steep.powers, kind),
        long=flat(series_of(steep.kinds, LONG, np.full(len(steep.kinds), FAR)), kind),
        series_at=steep.of.astype(np.int32),
        bare=flat(steep.bare, kind),
        rated=flat(
            parts(s) * np.where(model == CURRENT, 1 / rated, 1.0)[:, None],
            kind,
        ),
        near=flat(near, kind),
        calm=flat(calm, kind),
        short=flat(short_of(model, s, exponents, calm[:, 0], rated, steep), kind),
    )


def loose_legs(
    network: Network, demand: Demand, base: Base, matrix: Matrix, kind: Kind, near: Floats
) -> Loose:
    """All legs that are not fused; `near` the same."""
    legs = network.legs
    rest = ~fusable(network, demand)
    alive = np.append(base.state.alive, True)
    vectors = rest & _known(network, demand) & alive[legs.plus] & alive[legs.minus]
    across_two = np.flatnonzero(vectors)
    rated = legs.rated_v[across_two]
    unit = np.tile(np.eye(2), (len(across_two), 1, 1))
    across_ends, volts = _ends(network, matrix, across_two)
    mine = np.flatnonzero(rest & ~vectors)
    ends, table_volts = _ends(network, matrix, mine)
    at = np.full(len(legs.plus), -1, np.int64)
    at[mine] = np.arange(len(mine))
    v = base.v_v[: network.pattern.n]
    i0, u0 = base.taken_a[mine], across(legs, v)[mine]
    s = demand.s_va[mine]
    table = np.concatenate(
        [
            table_volts, parts(u0), base.slope[mine],
            np.stack([i0.real, i0.imag, s.real, s.imag, legs.rated_v[mine]], 1),
        ], 1,
    )  # fmt: skip
    triples = np.full((len(mine), 3), -1, np.int64)
    for group in legs.balanced:
        triples[at[group]] = at[group]
    return Loose(
        _fused(network, demand, base, across_two, rated, unit, kind, near), across_ends,
        volts / rated[:, None], ends, legs.model[mine], demand.p_profile[mine],
        demand.q_profile[mine], table, legs.limits[mine], legs.exponents[mine], legs.zip[mine],
        legs.fixed_kvar[mine] * 1e3, triples,
    )  # fmt: skip


def _ends(network: Network, matrix: Matrix, mine: Ints) -> tuple[Ints, Floats]:
    """[legs, 4] rows of both ends and their places among the special ones, -1 for ground, and
    [legs, 2] the base voltages there [V]."""
    ends = np.full((len(mine), 4), -1, np.int64)
    volts = np.ones((len(mine), 2))
    for end, node in enumerate((network.legs.plus[mine], network.legs.minus[mine])):
        here = node >= 0
        ends[here, end] = matrix.row[node[here]]
        ends[here, 2 + end] = matrix.rows.special[matrix.row[node[here]]]
        volts[here, end] = network.nodes.base_v[node[here]]
    return ends, volts
