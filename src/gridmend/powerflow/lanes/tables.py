"""What the kernel reads of legs, sources and customers, laid out from the network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.lanes.curves import (
    calm_of,
    exponents_of,
    series_of,
    short_of,
)
from gridmend.powerflow.lanes.legs import (
    FAR,
    LONG,
    WHOLE,
    Fused,
)
from gridmend.powerflow.lanes.loose import Loose
from gridmend.powerflow.lanes.matrix import Base, Kind, Matrix, flat, parts
from gridmend.powerflow.lanes.records import records
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

    @property
    def level(self) -> Floats:
        """[steps] active power of all legs [W]."""
        return self._ranges[0]

    @property
    def least(self) -> Floats:
        """[profiles] the least factor of each."""
        return self._ranges[1]

    @property
    def most(self) -> Floats:
        """[profiles] the largest factor of each."""
        return self._ranges[2]

    @cached_property
    def _ranges(self) -> tuple[Floats, Floats, Floats]:
        """All three by one pass over the factors, which may be many."""
        weight: Any = np.bincount(self.p_profile, self.s_va.real, len(self.factors))
        return _level_and_ends(weight, self.factors)


@compiled
def _level_and_ends(weight: Floats, factors: Floats) -> tuple[Floats, Floats, Floats]:
    """[steps] the weighted sum of factors [profiles, steps], and [profiles] least and largest."""
    profiles, steps = factors.shape
    level, least, most = np.zeros(steps), np.full(profiles, np.inf), np.full(profiles, -np.inf)
    for k in range(profiles):
        by, low, high = weight[k], np.inf, -np.inf
        for s in range(steps):
            here = factors[k, s]
            level[s] += by * here
            low = here if here < low else low
            high = here if here > high else high
        least[k], most[k] = low, high
    return level, least, most


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


def _fused(
    network: Network, demand: Demand, base: Base, mine: Ints, base_v: Floats, inverse: Floats,
    kind: Kind, near: Floats,
) -> Fused:  # fmt: skip
    """Legs whose voltages are in per unit of `base_v`, and their currents times `inverse`."""
    if not len(mine):
        none, whole = np.empty(0, kind), np.empty(0, np.int32)
        return Fused(*(whole if name in WHOLE else none for name in Fused._fields))
    legs = network.legs
    model, s = legs.model[mine], demand.s_va[mine]
    exponents = legs.exponents[mine] / 2 - 1
    found = records(
        mine, (legs.model, legs.limits, legs.rated_v), (demand.p_profile, demand.q_profile),
        demand.s_va, (base_v, inverse), (base.u_v, base.taken_a, base.slope), near,
    )  # fmt: skip
    rated, square, lowest, highest = found.about
    steep = exponents_of(model, exponents, np.clip(square, lowest, highest), rated)
    calm = calm_of(model, steep.reach, (lowest, highest), found.near, square)
    return Fused(
        place=np.arange(len(mine), dtype=np.int32),
        kinds=found.kinds,
        p_at=found.p_at,
        q_at=found.q_at,
        record=flat(found.record, kind),
        limits=flat(found.limits, kind),
        under=flat(found.under, kind),
        powers=flat(steep.powers, kind),
        long=flat(series_of(steep.kinds, LONG, np.full(len(steep.kinds), FAR)), kind),
        series_at=steep.of.astype(np.int32),
        bare=flat(steep.bare, kind),
        rated=flat(found.rated, kind),
        near=flat(found.near, kind),
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
