"""What legs take that are not between one node and ground, or whose model vectors have not.

Their currents are found before the pass and added to the rows they join, in vectors where they
stand *across* two nodes with a model that fused legs have too, else lane by lane.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from gridmend.powerflow.lanes.legs import answer, beyond_line
from gridmend.powerflow.leg_models import leg_current
from gridmend.powerflow.simd import (
    fma,
    get,
    inlined,
    load,
    mul,
    splat,
    store,
    unowned,
    width,
)

_COS = (1.0, -0.5, -0.5)
_SIN = (0.0, 0.8660254037844386, -0.8660254037844386)


class Loose(NamedTuple):
    """All other legs. `ends`: rows of both ends and their places among the special rows.

    `across`: legs as fused ones, by the voltage between both ends, each in units of the leg's
    rated voltage; `across_ends` like `ends`, `across_by` [legs, 2] base over rated voltage.
    Of those that are taken lane by lane `table`: base voltage of both ends, the leg's voltage
    [2], slope [4] and current [2] at the base, active and reactive power at factor 1, rated
    voltage [V, A, VA].
    """

    across: Any
    across_ends: Any
    across_by: Any
    ends: Any
    model: Any
    p_at: Any
    q_at: Any
    table: Any
    limits: Any
    exponents: Any
    zips: Any
    fixed_var: Any
    triples: Any


@unowned
def loose(
    legs: Any, factors: Any, stride: int, offset: int, x: Any, extra: Any, u: Any, taken: Any
) -> None:
    """Add to `extra` what loose legs put into their rows, and to `taken` their power.

    `u` is room for the legs' voltages.
    """
    _across(legs, factors, stride, offset, x, extra, u, taken)
    lane_by_lane(legs, factors, stride, offset, x, extra, u, taken)


@unowned
def lane_by_lane(
    legs: Any, factors: Any, stride: int, offset: int, x: Any, extra: Any, u: Any, taken: Any
) -> None:
    """The same of those that vectors have no model of."""
    lanes = width(x)
    voltages(legs, x, u)
    for k in range(len(legs.model)):
        for w in range(lanes):
            v, i = current(legs, k, factors, stride, offset, u, lanes, w)
            power = v * i.conjugate()
            taken[w] += power.real
            taken[lanes + w] += power.imag
            enter(legs, k, u, i, lanes, w, extra)


@unowned
def voltages(legs: Any, x: Any, u: Any) -> None:
    """To `u` the voltages across legs that are taken lane by lane [V]."""
    lanes, t = width(x), legs.table
    for k in range(len(legs.model)):
        re, im = splat(x, t[k, 2]), splat(x, t[k, 3])
        for end in range(2):
            row = legs.ends[k, end]
            if row >= 0:
                by = t[k, 0] if end == 0 else -t[k, 1]
                re = fma(by, load(x, row * 2 * lanes), re)
                im = fma(by, load(x, row * 2 * lanes + lanes), im)
        store(u, k * 2 * lanes, re)
        store(u, k * 2 * lanes + lanes, im)


@inlined
def rated(legs: Any, k: int, factors: Any, stride: int, offset: int, w: int) -> complex:
    """Rated power of a leg that is taken lane by lane [VA]."""
    p, q = legs.p_at[k] * stride + offset + w, legs.q_at[k] * stride + offset + w
    return complex(legs.table[k, 10] * factors[p], legs.table[k, 11] * factors[q])


@unowned
def current(
    legs: Any, k: int, factors: Any, stride: int, offset: int, u: Any, lanes: int, w: int
) -> tuple[complex, complex]:
    """The voltage that such a leg answers to in a lane [V], and its current [A]."""
    v, i = _answered(legs.triples, k, u, lanes, w), 0.0j
    if abs(v) > 0.0:
        s = rated(legs, k, factors, stride, offset, w)
        by = 1.0 / (v.real * v.real + v.imag * v.imag)
        i = leg_current(
            legs.model[k], v, abs(v) / legs.table[k, 12], by, s, legs.limits[k],
            legs.exponents[k], legs.zips[k], legs.fixed_var[k],
        )  # fmt: skip
    return v, i


@inlined
def enter(legs: Any, k: int, u: Any, i: complex, lanes: int, w: int, extra: Any) -> None:
    """Add to `extra` what a leg's current [A] is beyond its linear part."""
    t = legs.table
    dr, di = u[k * 2 * lanes + w] - t[k, 2], u[k * 2 * lanes + lanes + w] - t[k, 3]
    er = t[k, 4] * dr + t[k, 5] * di + t[k, 8] - i.real
    ei = t[k, 6] * dr + t[k, 7] * di + t[k, 9] - i.imag
    for end in range(2):
        at = legs.ends[k, 2 + end] * 2 * lanes
        if at >= 0:
            by = t[k, 0] if end == 0 else -t[k, 1]
            extra[at + w] += by * er
            extra[at + lanes + w] += by * ei


@inlined
def difference(legs: Any, k: int, x: Any) -> Any:
    """The deviation of the voltage across leg `k` of those across two nodes [of its rated]."""
    lanes = width(x)
    re, im = splat(x, 0.0), splat(x, 0.0)
    for end in range(2):
        row = legs.across_ends[k, end]
        if row >= 0:
            by = legs.across_by[k, end] if end == 0 else -legs.across_by[k, end]
            re = fma(by, load(x, row * 2 * lanes), re)
            im = fma(by, load(x, row * 2 * lanes + lanes), im)
    return re, im


@inlined
def enter_across(legs: Any, k: int, er: Any, ei: Any, extra: Any) -> None:
    """Add to `extra` what leg `k` of those across two nodes puts into their rows."""
    lanes = width(extra)
    for end in range(2):
        at = legs.across_ends[k, 2 + end] * 2 * lanes
        if at >= 0:
            by = legs.across_by[k, end] if end == 0 else -legs.across_by[k, end]
            store(extra, at, fma(by, er, load(extra, at)))
            store(extra, at + lanes, fma(by, ei, load(extra, at + lanes)))


@unowned
def _across(
    legs: Any, factors: Any, stride: int, offset: int, x: Any, extra: Any, scratch: Any, taken: Any
) -> None:
    lanes, own = width(x), legs.across
    for k in range(len(own.kinds)):
        re, im = difference(legs, k, x)
        ur, ui, square, a, b = answer(own, k, re, im, x, scratch)
        er, ei = beyond_line(own, k, factors, stride, offset, re, im, ur, ui, a, b, x)
        enter_across(legs, k, er, ei, extra)
        p = load(factors, get(own.p_at, k) * stride + offset)
        q = load(factors, get(own.q_at, k) * stride + offset)
        store(taken, 0, fma(get(own.rated, 2 * k), mul(mul(a, p), square), load(taken, 0)))
        store(
            taken, lanes,
            fma(get(own.rated, 2 * k + 1), mul(mul(b, q), square), load(taken, lanes)),
        )  # fmt: skip


@unowned
def _answered(triples: Any, k: int, u: Any, lanes: int, w: int) -> complex:
    """The voltage that a loose leg answers to: of a balanced inverter its positive sequence."""
    if triples[k, 0] < 0:
        return complex(u[k * 2 * lanes + w], u[k * 2 * lanes + lanes + w])
    total, mine = 0.0j, 0.0j
    for n in range(3):
        at = triples[k, n] * 2 * lanes
        turn = complex(_COS[n], _SIN[n])
        total += complex(u[at + w], u[at + lanes + w]) * turn
        if triples[k, n] == k:
            mine = turn.conjugate()
    return total / 3.0 * mine
