"""What legs take in all lanes at once: the innermost part of the lanes' kernel.

A *fused* leg stands between one node and ground and is taken up where the forward pass meets
its node; its record is already multiplied by the inverse of the node's pivot. All others are
*loose*: their currents are found before the pass and added to the rows they join, in vectors
where they stand *across* two nodes with a model that fused legs have too, else lane by lane.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from gridmend.powerflow.leg_models import leg_current
from gridmend.powerflow.simd import (
    add,
    any_less,
    div,
    fma,
    get,
    inlined,
    larger,
    load,
    mul,
    root,
    smaller,
    splat,
    store,
    sub,
    unowned,
    where_less,
    width,
)

TOGETHER, STEADY_CURRENT, APART, EXPONENTIAL = 0, 1, 2, 3
"""Kinds of fused legs: p and q alike by one division; by a root; apart; apart by powers."""

RECORD, UNDER, POWERS = 16, 4, 20
"""Numbers of a fused leg; of its behaviour below its limit; of its two binomial series."""

DEGREE = 6
REACH = 0.12
"""Degree of a series, and how far from its middle it holds to 1e-7 of a leg's power."""

_COS = (1.0, -0.5, -0.5)
_SIN = (0.0, 0.8660254037844386, -0.8660254037844386)


class Fused(NamedTuple):
    """Fused legs in the order of their rows; flat arrays, see the sizes of records above.

    `record`: what p and q take [4], lowest and highest squared voltage of the model, the slope
    [4] and current [2] at the base, all multiplied by the inverse of the pivot, then voltage at
    the base [2], the squared lower limit and the inverse of the highest. `rated`: active and
    reactive power at factor 1.
    """

    kinds: Any
    p_at: Any
    q_at: Any
    record: Any
    under: Any
    powers: Any
    bare: Any
    rated: Any


@inlined
def answer(legs: Any, k: int, re: Any, im: Any, x: Any, scratch: Any) -> Any:
    """Voltage of leg `k` at its deviation, squared too, and what its powers are multiplied by."""
    o = k * RECORD
    ur = add(re, splat(x, get(legs.record, o + 12)))
    ui = add(im, splat(x, get(legs.record, o + 13)))
    square = add(mul(ur, ur), mul(ui, ui))
    least = splat(x, get(legs.record, o + 14))
    most = smaller(square, splat(x, get(legs.record, o + 5)))
    held = larger(splat(x, get(legs.record, o + 4)), most)
    kind = get(legs.kinds, k)
    if kind == EXPONENTIAL:
        a, b = _exponential(k, square, held, legs.record, legs.powers, legs.bare, x, scratch)
    else:
        a = div(splat(x, 1.0), root(held) if kind == STEADY_CURRENT else held)
        b = a
    if any_less(square, least):
        low = _below(k, square, legs.under, x)
        a, b = where_less(square, least, low, a), where_less(square, least, low, b)
    return ur, ui, square, a, b


@inlined
def fused(
    legs: Any, k: int, factors: Any, stride: int, offset: int, re: Any, im: Any, x: Any,
    scratch: Any,
) -> Any:  # fmt: skip
    """What leg `k` at the deviation (`re`, `im`) adds to its row, as a vector pair."""
    ur, ui, _, a, b = answer(legs, k, re, im, x, scratch)
    o, r = k * RECORD, legs.record
    a = mul(a, load(factors, get(legs.p_at, k) * stride + offset))
    zr, zi = mul(a, ur), mul(a, ui)
    rr = fma(get(r, o + 6), re, fma(get(r, o + 7), im, splat(x, get(r, o + 10))))
    ri = fma(get(r, o + 8), re, fma(get(r, o + 9), im, splat(x, get(r, o + 11))))
    rr = fma(-get(r, o), zr, fma(-get(r, o + 1), zi, rr))
    ri = fma(-get(r, o + 2), zr, fma(-get(r, o + 3), zi, ri))
    if get(legs.kinds, k) >= APART:
        b = mul(b, load(factors, get(legs.q_at, k) * stride + offset))
        zr, zi = mul(b, ur), mul(b, ui)
        o = k * POWERS
        rr = fma(-get(legs.powers, o), zr, fma(-get(legs.powers, o + 1), zi, rr))
        ri = fma(-get(legs.powers, o + 2), zr, fma(-get(legs.powers, o + 3), zi, ri))
    return rr, ri


@inlined
def _below(k: int, square: Any, under: Any, x: Any) -> Any:
    """Power over rated power and squared voltage, below the lower limit."""
    o = k * UNDER
    low = splat(x, get(under, o))
    u = mul(splat(x, get(under, o + 2)), root(square))
    line = mul(u, add(low, mul(splat(x, get(under, o + 1)), sub(u, low))))
    share = mul(splat(x, get(under, o + 3)), where_less(u, low, mul(u, u), line))
    return div(share, larger(square, splat(x, 1e-30)))


@inlined
def _exponential(
    k: int, square: Any, held: Any, record: Any, powers: Any, bare: Any, x: Any, scratch: Any
) -> Any:
    """The same of active and reactive power by their exponents; an impedance above the limit."""
    o = k * POWERS
    z = sub(mul(splat(x, get(powers, o + 4)), held), splat(x, 1.0))
    a, b = splat(x, get(powers, o + 5 + DEGREE)), splat(x, get(powers, o + 6 + 2 * DEGREE))
    for n in range(DEGREE - 1, -1, -1):
        a = add(mul(a, z), splat(x, get(powers, o + 5 + n)))
        b = add(mul(b, z), splat(x, get(powers, o + 6 + DEGREE + n)))
    if any_less(splat(x, REACH * REACH), mul(z, z)):
        lanes = width(x)
        store(scratch, 0, held)
        for w in range(lanes):
            size = scratch[w]
            scratch[lanes + w] = size ** bare[4 * k] * bare[4 * k + 1]
            scratch[2 * lanes + w] = size ** bare[4 * k + 2] * bare[4 * k + 3]
        a, b = load(scratch, lanes), load(scratch, 2 * lanes)
    above = splat(x, get(record, k * RECORD + 5))
    flat = splat(x, get(record, k * RECORD + 15))
    return where_less(above, square, flat, a), where_less(above, square, flat, b)


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
    for k in range(len(legs.model)):
        p, q = legs.p_at[k] * stride + offset, legs.q_at[k] * stride + offset
        for w in range(lanes):
            v = _answered(legs.triples, k, u, lanes, w)
            i = 0.0j
            if abs(v) > 0.0:
                s = complex(t[k, 10] * factors[p + w], t[k, 11] * factors[q + w])
                by = 1.0 / (v.real * v.real + v.imag * v.imag)
                i = leg_current(
                    legs.model[k], v, abs(v) / t[k, 12], by, s, legs.limits[k], legs.exponents[k],
                    legs.zips[k], legs.fixed_var[k],
                )  # fmt: skip
            power = v * i.conjugate()
            taken[w] += power.real
            taken[lanes + w] += power.imag
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


@unowned
def _across(
    legs: Any, factors: Any, stride: int, offset: int, x: Any, extra: Any, scratch: Any, taken: Any
) -> None:
    lanes, own = width(x), legs.across
    for k in range(len(own.kinds)):
        re, im = difference(legs, k, x)
        er, ei = fused(own, k, factors, stride, offset, re, im, x, scratch)
        _, _, square, a, b = answer(own, k, re, im, x, scratch)
        for end in range(2):
            at = legs.across_ends[k, 2 + end] * 2 * lanes
            if at >= 0:
                by = legs.across_by[k, end] if end == 0 else -legs.across_by[k, end]
                store(extra, at, fma(by, er, load(extra, at)))
                store(extra, at + lanes, fma(by, ei, load(extra, at + lanes)))
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
