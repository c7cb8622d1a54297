"""What legs take in all lanes at once: the innermost part of the lanes' kernel.

A *fused* leg stands between one node and ground and is taken up where the forward pass meets
its node; its record is already multiplied by the inverse of the node's pivot. All others are in
`loose`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from gridmend.powerflow.simd import (
    add,
    any_less,
    any_outside,
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
    where_less,
    width,
)

TOGETHER, STEADY_CURRENT, APART, EXPONENTIAL = 0, 1, 2, 3
"""Kinds of fused legs: p and q alike by one division; by a root; apart; apart by powers."""

RECORD, LIMITS, UNDER, POWERS = 12, 4, 4, 5
"""Numbers of a fused leg; of its limits; of its behaviour below the lower; of its exponents."""
LOWER, HIGHEST = 2, 1
"""Which of the limits is the lower, where a model ends, and which the highest, both squared."""

DEGREE, REACH = 4, 0.08
LONG, FAR = 6, 0.2
"""Degree of a polynomial about the base's squared voltage, and how far from there [of it] it holds
to some 1e-7 of a leg's power, where its exponents are not negative (to 1e-6 at -1); and of another,
where the first does not."""

WHOLE = ("place", "kinds", "p_at", "q_at", "series_at")
"""What of fused legs are whole numbers."""


class Fused(NamedTuple):
    """Fused legs in the order of their rows; flat arrays, see the sizes of records above.

    `place`: each leg's own, for a loop that reads it keeps one number and no pointers.
    `record`: what p and q take together [4] (where they are apart, the unit matrix), the slope [4]
    and current [2] at the base, all multiplied by the inverse of the pivot, then the voltage at the
    base [2]. `limits`: lowest and highest squared voltage of the model, the squared lower limit and
    the inverse of the highest. `powers`: the inverse of the squared voltage at the base, what p and
    q are multiplied by there, and what of their rated power they are there; `series` and `long`
    [kinds of exponents, 2, degree] how the first two change, `of_power` [the same] the others, and
    `series_at` which. `rated`: active and reactive power at factor 1; `near` [2, 2] the squared
    voltages between which it is near a jump, `calm` [2] those between which it is not, and the
    shorter series holds.
    """

    place: Any
    kinds: Any
    p_at: Any
    q_at: Any
    record: Any
    limits: Any
    under: Any
    powers: Any
    series: Any
    long: Any
    of_power: Any
    series_at: Any
    bare: Any
    rated: Any
    near: Any
    calm: Any


@inlined
def calm(legs: Any, k: int, square: Any, x: Any) -> Any:
    """Whether leg `k` is away from its limits, and its series holds, in all lanes."""
    low, high = splat(x, get(legs.calm, 2 * k)), splat(x, get(legs.calm, 2 * k + 1))
    return not any_outside(square, low, high)


@inlined
def answer(legs: Any, k: int, re: Any, im: Any, x: Any, scratch: Any) -> Any:
    """Voltage of leg `k` at its deviation, squared too, and what its powers are multiplied by."""
    o = k * RECORD
    ur = add(re, splat(x, get(legs.record, o + 10)))
    ui = add(im, splat(x, get(legs.record, o + 11)))
    square = add(mul(ur, ur), mul(ui, ui))
    if calm(legs, k, square, x):
        kind = get(legs.kinds, k)
        if kind == EXPONENTIAL:
            a, b = _series(legs, legs.series, DEGREE, k, 1, _apart(legs, k, square, x), x)
        else:
            a = div(splat(x, 1.0), root(square) if kind == STEADY_CURRENT else square)
            b = a
    else:
        a, b = _bounded(legs, k, square, x, scratch)
    return ur, ui, square, a, b


@inlined
def taken(legs: Any, k: int, re: Any, im: Any, x: Any, scratch: Any) -> Any:
    """What leg `k` takes at its deviation of its rated powers, its squared voltage, and whether it
    is calm: without a division then."""
    o = k * RECORD
    ur = add(re, splat(x, get(legs.record, o + 10)))
    ui = add(im, splat(x, get(legs.record, o + 11)))
    square = add(mul(ur, ur), mul(ui, ui))
    is_calm = calm(legs, k, square, x)
    if is_calm:
        kind = get(legs.kinds, k)
        if kind == EXPONENTIAL:
            a, b = _series(legs, legs.of_power, DEGREE, k, 3, _apart(legs, k, square, x), x)
        else:
            a = root(square) if kind == STEADY_CURRENT else splat(x, 1.0)
            b = a
    else:
        a, b = _bounded(legs, k, square, x, scratch)
        a, b = mul(a, square), mul(b, square)
    return a, b, square, is_calm


@inlined
def _bounded(legs: Any, k: int, square: Any, x: Any, scratch: Any) -> Any:
    """What the powers of leg `k` are multiplied by, wherever its squared voltage is."""
    o = k * LIMITS
    least, above = splat(x, get(legs.limits, o + LOWER)), splat(x, get(legs.limits, o + HIGHEST))
    held = larger(splat(x, get(legs.limits, o)), smaller(square, above))
    kind = get(legs.kinds, k)
    if kind == EXPONENTIAL:
        a, b = by_powers(legs, k, held, x, scratch)
        flat = splat(x, get(legs.limits, o + 3))
        a, b = where_less(above, square, flat, a), where_less(above, square, flat, b)
    else:
        a = div(splat(x, 1.0), root(held) if kind == STEADY_CURRENT else held)
        b = a
    if any_less(square, least):
        low = below(k, square, legs.under, x)
        a, b = where_less(square, least, low, a), where_less(square, least, low, b)
    return a, b


@inlined
def fused(
    legs: Any, k: int, factors: Any, stride: int, offset: int, re: Any, im: Any, x: Any,
    scratch: Any,
) -> Any:  # fmt: skip
    """What leg `k` at the deviation (`re`, `im`) adds to its row, as a vector pair."""
    ur, ui, _, a, b = answer(legs, k, re, im, x, scratch)
    return beyond_line(legs, k, factors, stride, offset, re, im, ur, ui, a, b, x)


@inlined
def beyond_line(
    legs: Any, k: int, factors: Any, stride: int, offset: int, re: Any, im: Any, ur: Any, ui: Any,
    a: Any, b: Any, x: Any,
) -> Any:  # fmt: skip
    """The same where its powers at the voltage (`ur`, `ui`) are multiplied by `a` and `b`."""
    o, r = k * RECORD, legs.record
    a = mul(a, load(factors, get(legs.p_at, k) * stride + offset))
    rr = fma(get(r, o + 4), re, fma(get(r, o + 5), im, splat(x, get(r, o + 8))))
    ri = fma(get(r, o + 6), re, fma(get(r, o + 7), im, splat(x, get(r, o + 9))))
    if get(legs.kinds, k) >= APART:
        b = mul(b, load(factors, get(legs.q_at, k) * stride + offset))
        p = mul(splat(x, get(legs.rated, 2 * k)), a)
        q = mul(splat(x, get(legs.rated, 2 * k + 1)), b)
        ir, ii = add(mul(p, ur), mul(q, ui)), sub(mul(p, ui), mul(q, ur))
    else:
        ir, ii = mul(a, ur), mul(a, ui)
    rr = fma(-get(r, o), ir, fma(-get(r, o + 1), ii, rr))
    ri = fma(-get(r, o + 2), ir, fma(-get(r, o + 3), ii, ri))
    return rr, ri


@inlined
def below(k: int, square: Any, under: Any, x: Any) -> Any:
    """Power over rated power and squared voltage, below the lower limit."""
    o = k * UNDER
    low = splat(x, get(under, o))
    u = mul(splat(x, get(under, o + 2)), root(square))
    line = mul(u, add(low, mul(splat(x, get(under, o + 1)), sub(u, low))))
    share = mul(splat(x, get(under, o + 3)), where_less(u, low, mul(u, u), line))
    return div(share, larger(square, splat(x, 1e-30)))


@inlined
def _apart(legs: Any, k: int, square: Any, x: Any) -> Any:
    """How far a squared voltage is from the base's [of it]."""
    return sub(mul(splat(x, get(legs.powers, k * POWERS)), square), splat(x, 1.0))


@inlined
def _series(legs: Any, series: Any, degree: int, k: int, first: int, z: Any, x: Any) -> Any:
    """What active and reactive power are multiplied by `z` from the base's squared voltage, where
    at the base it is the `first` of the leg's numbers and the next."""
    o, at = k * POWERS + first, get(legs.series_at, k) * 2 * degree
    one = splat(x, 1.0)
    a = splat(x, get(series, at + degree - 1))
    b = splat(x, get(series, at + 2 * degree - 1))
    for n in range(degree - 2, -1, -1):
        a = add(mul(a, z), splat(x, get(series, at + n)))
        b = add(mul(b, z), splat(x, get(series, at + degree + n)))
    a, b = add(mul(a, z), one), add(mul(b, z), one)
    return mul(splat(x, get(legs.powers, o)), a), mul(splat(x, get(legs.powers, o + 1)), b)


@inlined
def by_powers(legs: Any, k: int, held: Any, x: Any, scratch: Any) -> Any:
    """What both powers are multiplied by at any squared voltage `held`."""
    z = _apart(legs, k, held, x)
    a, b = _series(legs, legs.long, LONG, k, 1, z, x)
    if any_less(splat(x, FAR * FAR), mul(z, z)):
        lanes, bare = width(x), legs.bare
        store(scratch, 0, held)
        for w in range(lanes):
            size = scratch[w]
            scratch[lanes + w] = size ** bare[4 * k] * bare[4 * k + 1]
            scratch[2 * lanes + w] = size ** bare[4 * k + 2] * bare[4 * k + 3]
        a, b = load(scratch, lanes), load(scratch, 2 * lanes)
    return a, b
