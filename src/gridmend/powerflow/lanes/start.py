"""Where lanes start a step: how the base moves with demand, to first order, in few numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridmend.model.arrays import Complexes, Floats, Ints
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.lanes.ahead import MIXTURES, Start
from gridmend.powerflow.lanes.kernel import passive, respond
from gridmend.powerflow.lanes.matrix import Base, Kind, Matrix, flat
from gridmend.powerflow.lanes.tables import Demand
from gridmend.powerflow.legs import Answers, answered, currents, leg_currents, voltages_across
from gridmend.powerflow.network import Network
from gridmend.powerflow.simd import lanes_of

_MOST_PROFILES = 64
"""With more profiles, lanes start where the step before ended."""

_NEGLIGIBLE = 0.01
_ENOUGH = 500
_ABSURD = 1e3
"""Factors beyond it have no say in how much factors change."""

_WATCHED = 64
_ROUNDS_SEEN = 3
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


def starts(
    network: Network, demand: Demand, at: tuple[Base, Floats], matrix: Matrix,
    moved: Floats | None, kind: Kind,
) -> tuple[Start, Any]:  # fmt: skip
    """What lanes start with, by what profiles do, and the rows whose change says whether a step
    is settled."""
    legs, (base, middle) = network.legs, at
    all_rows = np.unique(matrix.row[legs.plus[(legs.plus >= 0) & base.state.alive[legs.plus]]])
    watched = _watched(network, demand, base, matrix, all_rows)
    if moved is None or not len(all_rows):
        return nowhere(kind, middle), watched
    share = moved[all_rows]
    first = np.full(matrix.rows.active, -1, np.int64)
    plus = legs.plus >= 0
    first[matrix.row[legs.plus[plus]]] = demand.p_profile[plus]
    own_at = first[all_rows]
    mixed, mix, own = _compressed(share, own_at, _changes(demand.factors))
    return (
        Start(
            rows=all_rows.astype(np.int32),
            share=flat(mixed, kind),
            mix=flat(mix, kind),
            own=flat(own, kind),
            own_at=own_at.astype(np.int32),
            middle=middle.astype(kind),
        ),
        watched,
    )


def _changes(factors: Floats) -> Floats:
    """[profiles] by how much factors change from step to step, seen at some of the steps."""
    last = int(factors.shape[1]) - 1
    at = np.arange(0, last, max(last // _ENOUGH, 1))
    one, other = (np.clip(factors[:, k], -_ABSURD, _ABSURD) for k in (at, at + 1))
    return np.sqrt(np.sum((other - one) ** 2, axis=1) / max(len(at), 1)) + 1e-12


def nowhere(kind: Kind, middle: Floats) -> Start:
    """No row to anticipate."""
    empty, whole = np.empty(0, kind), np.empty(0, np.int32)
    return Start(whole, empty, empty, empty, whole, middle.astype(kind))


def _watched(network: Network, demand: Demand, base: Base, matrix: Matrix, rows: Ints) -> Any:
    """The rows that move most in each of the first rounds, at least and at most demand, and some
    spread over the others."""
    legs, level = network.legs, demand.level
    row = matrix.row[: network.pattern.n]
    at_base = (base.u_v, base.taken_a, base.slope)
    ends = {int(np.argmin(level)), int(np.argmax(level))} if len(level) else set[int]()
    asked = [demand.at(demand.factors[:, step]) for step in ends]
    where = (legs.plus, legs.minus, legs.balanced)
    most = [rows[:: max(len(rows) // _WATCHED, 1)]]
    x = np.zeros((matrix.rows.active, 2, len(asked)))
    for _ in range(_ROUNDS_SEEN if asked else 0):
        columns = [
            _beyond(where, legs.answers, at_base, s_va, x[:, :, k], row, network.nodes.base_v)
            for k, s_va in enumerate(asked)
        ]
        before, x = x, responses(network, matrix, base, np.stack(columns, 1))
        moved = np.nan_to_num(np.abs(x[rows] - before[rows]).sum(axis=1))
        most += [rows[np.argsort(-column)][:_WATCHED] for column in moved.T]
    return np.unique(np.concatenate(most)).astype(np.int32)


@compiled
def _beyond(
    where: tuple[Ints, Ints, Ints], answers: Answers, at_base: tuple[Complexes, Complexes, Floats],
    s_va: Complexes, x: Floats, row: Ints, base_v: Floats,
) -> Complexes:  # fmt: skip
    """[legs] current that a round does not count on yet [A], at deviations of rows [pu]."""
    plus, minus, balanced = where
    u, taken, slope = at_base
    dv = np.zeros(len(row), np.complex128)
    for n in range(len(row)):
        if row[n] < len(x):
            dv[n] = base_v[n] * complex(x[row[n], 0], x[row[n], 1])
    du = answered(balanced, voltages_across(plus, minus, dv))
    found = taken - currents(answers, u + du, s_va, None)
    for k in range(len(du)):
        re, im = du[k].real, du[k].imag
        found[k] += complex(
            slope[k, 0] * re + slope[k, 1] * im, slope[k, 2] * re + slope[k, 3] * im
        )
    return found


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
    Returns [rows, MIXTURES, 2], [MIXTURES, profiles] and [rows, 2]; some may be none.
    """
    rows, _, profiles = share.shape
    flat = (share * weight).reshape(2 * rows, profiles)
    mine = np.repeat(own_at, 2)
    at: Ints = np.arange(2 * len(share))
    own = np.zeros(2 * rows)
    common, kept, theirs = flat, np.eye(profiles), flat[at, mine]
    for _ in range(3):
        rest = flat.copy()
        rest[at, mine] -= own
        size, vectors = np.linalg.eigh(_product(rest.T, rest))
        strong = size > _NEGLIGIBLE**2 * max(float(size[-1]), 1e-300)
        kept = vectors[:, strong][:, -MIXTURES:]
        common = _product(rest, kept)
        own = theirs - (common * kept[mine]).sum(axis=1)
    mixed, mix = np.zeros((rows, MIXTURES, 2)), np.zeros((MIXTURES, profiles))
    count = kept.shape[1]
    mixed[:, :count] = common.reshape(rows, 2, count).transpose(0, 2, 1)
    mix[:count] = kept.T / weight
    return mixed, mix, (own / weight[mine]).reshape(rows, 2)
