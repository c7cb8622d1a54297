"""Where lanes start a step: how the base moves with demand, to first order, in few numbers."""

from __future__ import annotations

import numpy as np

from gridmend.model.arrays import Complexes, Floats, Ints
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.lanes.ahead import FEW, MIXTURES, Start
from gridmend.powerflow.lanes.kernel import passive, respond
from gridmend.powerflow.lanes.matrix import Base, Kind, Matrix, flat
from gridmend.powerflow.lanes.tables import Demand
from gridmend.powerflow.legs import leg_currents
from gridmend.powerflow.network import Network
from gridmend.powerflow.simd import lanes_of

_MOST_PROFILES = 64
"""With more profiles, lanes start where the step before ended."""

_NEGLIGIBLE, _LEFT_PU = 0.01, 1.5e-4
"""Of the strongest mixture what others have at the least; and what may be left without more than a
few of them from step to step, the mean square over rows."""

_NOTHING_LEFT = 1e-9
_SAMPLED = 256
_TURNS = 3
"""Mixtures are told by some of the rows, in so many turns."""

_ENOUGH = 500
_ABSURD = 1e3
"""Factors beyond it have no say in how much factors change."""

_LANES = lanes_of(np.float64)


def moved_by_profiles(
    network: Network, demand: Demand, base: Base, matrix: Matrix
) -> Floats | None:
    """[rows, 2, profiles] what each profile does to each row, to first order [pu]; None where
    there are too many of them, or no legs."""
    legs, profiles = network.legs, len(demand.factors)
    if profiles > _MOST_PROFILES or not len(legs.plus):
        return None
    u = base.u_v
    by_p = -leg_currents(legs, demand.s_va.real + 0j, u)
    by_q = -leg_currents(legs, 1j * demand.s_va.imag, u)
    columns = np.zeros((len(legs.plus), profiles), complex)
    columns[np.arange(len(by_p)), demand.p_profile] += by_p
    columns[np.arange(len(by_q)), demand.q_profile] += by_q
    return responses(network, matrix, base, columns, everywhere=True)


def leg_rows(network: Network, base: Base, matrix: Matrix) -> Ints:
    """The rows of live nodes with legs."""
    plus = network.legs.plus
    return np.unique(matrix.row[plus[(plus >= 0) & base.state.alive[plus]]])


def start_of(
    network: Network, demand: Demand, middle: Floats, matrix: Matrix, rows: Ints,
    moved: Floats | None, kind: Kind,
) -> Start:  # fmt: skip
    """What lanes start with at `rows` with legs, by what profiles do."""
    if moved is None or not len(rows) or not np.isfinite(moved[rows]).all():
        return nowhere(kind, middle)
    first, plus = np.full(matrix.rows.active, -1, np.int64), network.legs.plus
    first[matrix.row[plus[plus >= 0]]] = demand.p_profile[plus >= 0]
    own_at = first[rows]
    mixed, mix, own = _compressed(moved[rows], own_at, _changes(demand.factors))
    return Start(
        rows=rows.astype(np.int32),
        share=flat(mixed, kind),
        mix=flat(mix, kind),
        own=flat(own, kind),
        own_at=own_at.astype(np.int32),
        middle=middle.astype(kind),
        many=bool(mixed[:, FEW:].any()),
    )


def _changes(factors: Floats) -> Floats:
    """[profiles] by how much factors change from step to step, seen at some of the steps."""
    last = int(factors.shape[1]) - 1
    every = max(last // _ENOUGH, 1)
    one, other = factors[:, :last:every], factors[:, 1 : last + 1 : every]
    moved = np.clip(other, -_ABSURD, _ABSURD) - np.clip(one, -_ABSURD, _ABSURD)
    return np.sqrt(np.einsum("ps,ps->p", moved, moved) / max(moved.shape[1], 1)) + 1e-12


def nowhere(kind: Kind, middle: Floats) -> Start:
    """No row to anticipate."""
    empty, whole = np.empty(0, kind), np.empty(0, np.int32)
    return Start(whole, empty, empty, empty, whole, middle.astype(kind), many=False)


def responses(
    network: Network, matrix: Matrix, base: Base, columns: Complexes, *, everywhere: bool = False
) -> Floats:
    """[active rows, 2, columns] what currents of the legs [legs, columns] [A] do [pu]; to all
    rows where it is asked for `everywhere`."""
    legs, rows = network.legs, matrix.rows
    shown = len(matrix.row) if everywhere else rows.active
    found = np.zeros((shown, 2, columns.shape[1]))
    ratio = np.repeat(base.ratio, _LANES)
    if rows.lower.dtype != np.float64:
        rows = rows._replace(
            lower=rows.lower.astype(float), upper=rows.upper.astype(float),
            inverse=rows.inverse.astype(float), base=rows.base.astype(float),
        )  # fmt: skip
    driving = np.flatnonzero((columns != 0.0).any(axis=0))
    x = np.empty(shown * 2 * _LANES)
    for at in range(0, len(driving), _LANES):
        part = driving[at : at + _LANES]
        _put(
            legs.plus, legs.minus, matrix.row, network.nodes.base_v, columns[:, part],
            matrix.inverse.reshape(-1, 4), _LANES, x,
        )  # fmt: skip
        respond(rows, matrix.ties._replace(ratio0=base.ratio), ratio, x)
        if everywhere:
            passive(rows, x)
        _take(x, part, _LANES, found)
    return found


@compiled
def _take(x: Floats, part: Ints, lanes: int, found: Floats) -> None:
    """To columns `part` of `found` [rows, 2, columns] the first lanes of `x`."""
    for n in range(len(found)):
        for j in range(2):
            at = (2 * n + j) * lanes
            for c in range(len(part)):
                found[n, j, part[c]] = x[at + c]


@compiled
def _put(
    plus: Ints, minus: Ints, row: Ints, base_v: Floats, columns: Complexes, inverse: Floats,
    lanes: int, x: Floats,
) -> None:  # fmt: skip
    """To `x` the legs' currents [A] at their rows, times the inverse of their pivots."""
    x[:] = 0.0
    for k in range(len(plus)):
        for end in range(2):
            node = plus[k] if end == 0 else minus[k]
            if node >= 0:
                by = base_v[node] if end == 0 else -base_v[node]
                at = row[node] * 2 * lanes
                for c in range(columns.shape[1]):
                    x[at + c] += by * columns[k, c].real
                    x[at + lanes + c] += by * columns[k, c].imag
    for n in range(len(inverse)):
        at = n * 2 * lanes
        for c in range(at, at + columns.shape[1]):
            re, im = x[c], x[c + lanes]
            x[c] = inverse[n, 0] * re + inverse[n, 1] * im
            x[c + lanes] = inverse[n, 2] * re + inverse[n, 3] * im


@compiled
def _product(one: Floats, other: Floats) -> Floats:
    """`one @ other` by this thread alone: those of a BLAS would be in the way of lanes."""
    found = np.zeros((len(one), other.shape[1]))
    if len(one) < len(other):
        for j in range(len(other)):
            for i in range(len(one)):
                for k in range(other.shape[1]):
                    found[i, k] += one[i, j] * other[j, k]
        return found
    for i in range(len(one)):
        for j in range(len(other)):
            for k in range(other.shape[1]):
                found[i, k] += one[i, j] * other[j, k]
    return found


def _compressed(share: Floats, own_at: Ints, weight: Floats) -> tuple[Floats, Floats, Floats]:
    """Mixtures of profiles that move rows together, and what each row's own profile adds.

    `share` [rows, 2, profiles]; `weight` [profiles] how much factors change from step to step.
    Returns [rows, MIXTURES, 2], [profiles, MIXTURES] and [rows, 2]; some may be none.
    """
    rows, _, profiles = share.shape
    each, every = share * weight, max(rows // _SAMPLED, 1)
    some = each[::every].reshape(-1, profiles)
    kept = _mixtures(some, np.repeat(own_at[::every], 2))
    mine = np.repeat(own_at, 2)
    common, own = apart(each.reshape(-1, profiles), mine, kept)
    mixed, mix = np.zeros((rows, MIXTURES, 2)), np.zeros((profiles, MIXTURES))
    count = kept.shape[1]
    mixed[:, :count] = common.reshape(rows, 2, count).transpose(0, 2, 1)
    mix[:, :count] = kept / weight[:, None]
    return mixed, mix, (own / weight[mine]).reshape(rows, 2)


@compiled
def _mixtures(moved: Floats, mine: Ints) -> Floats:
    """[profiles, some] by which rows [rows, profiles] are told best, each with its own besides."""
    own, kept = np.zeros(len(moved)), np.empty((moved.shape[1], 0))
    for _ in range(_TURNS):
        rest = moved.copy()
        for r in range(len(rest)):
            rest[r, mine[r]] -= own[r]
        size, vectors = np.linalg.eigh(_product(np.ascontiguousarray(rest.T), rest))
        profiles, strong = len(size), 0
        while strong < profiles and size[-1 - strong] > _NEGLIGIBLE**2 * max(size[-1], 1e-300):
            strong += 1
        left = size[: max(profiles - FEW, 0)].sum() / len(moved)
        most = MIXTURES if left > _LEFT_PU**2 else FEW
        kept = np.ascontiguousarray(vectors[:, profiles - min(strong, most) :])
        _, own = apart(moved, mine, kept)
    return kept


@compiled
def apart(moved: Floats, mine: Ints, kept: Floats) -> tuple[Floats, Floats]:
    """Of rows [rows, profiles] their parts along mixtures, and what each one's own profile is
    beyond these, by least squares."""
    along = _product(moved, kept)
    own = np.empty(len(moved))
    for r in range(len(moved)):
        left, room = moved[r, mine[r]], 1.0
        for m in range(kept.shape[1]):
            left -= along[r, m] * kept[mine[r], m]
            room -= kept[mine[r], m] * kept[mine[r], m]
        own[r] = left / max(room, _NOTHING_LEFT)
        for m in range(kept.shape[1]):
            along[r, m] -= own[r] * kept[mine[r], m]
    return along, own
