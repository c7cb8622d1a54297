"""What legs take in all lanes at once: the innermost part of the lanes' kernel.

A *fused* leg stands between one node and ground and is taken up where the forward pass meets
its node; its record is already multiplied by the inverse of the node's pivot. All others are in
`loose`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from gridmend.powerflow.likely import likely
from gridmend.powerflow.simd import (
    add,
    any_beyond,
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
    where_less,
    width,
)

TOGETHER, STEADY_CURRENT, ADMITTANCE, APART, EXPONENTIAL = range(5)
"""Kinds of fused legs: p and q alike by one division; by a root; by neither; apart; apart by
powers."""

RECORD, LIMITS, UNDER, POWERS = 12, 4, 4, 3
"""Numbers of a fused leg; of its limits; of its behaviour below the lower; of its exponents."""
LOWER, HIGHEST = 2, 1
"""Which of the limits is the lower, where a model ends, and which the highest, both squared."""

DEGREE, REACH = 3, 0.04
LONG, FAR = 6, 0.2
"""Degree of a polynomial about the base's squared voltage, or near it, and how far from there it
holds [of it] to 8e-7 of a leg's power where its exponents are not negative, and mostly better; and
of another, to 5e-7 where they are from 0 to 8, where the first does not."""

WHOLE = ("place", "kinds", "p_at", "q_at", "series_at")
"""What of fused legs are whole numbers."""


class Fused(NamedTuple):
    """Fused legs in the order of their rows; flat arrays, see the sizes of records above.

    `place`: each leg's own, for a loop that reads it keeps one number and no pointers.
    `record`: what p and q take together [4] (where they are apart, the unit matrix), the slope [4]
    and current [2] at the base, all multiplied by the inverse of the pivot, then the voltage at the
    base [2]. `limits`: lowest and highest squared voltage of the model, the squared lower limit and
    the inverse of the highest. `powers`: the inverse of the squared voltage at the base, and what p
    and q are multiplied by there; `long` [kinds of exponents, 2, degree] how these change, and
    `series_at` which. `rated`: active and reactive power at factor 1, of a steady
    current and of an admittance over the rated voltage and its square; `near` [2, 2] the squared
    voltages between which it is near a jump, `calm` the middle of those between which it is not,
    and how far from there; `short` [2, degree + 1] what it takes there at factors of 1 over its
    squared voltage, where it goes by exponents.
    """

    place: Any
    kinds: Any
    p_at: Any
    q_at: Any
    record: Any
    limits: Any
    under: Any
    powers: Any
    long: Any
    series_at: Any
    bare: Any
    rated: Any
    near: Any
    calm: Any
    short: Any


@inlined
def voltage(legs: Any, k: int, re: Any, im: Any, x: Any) -> Any:
    """Voltage of leg `k` at its deviation, and squared."""
    ur = add(re, splat(x, get(legs.record, k * RECORD + 10)))
    ui = add(im, splat(x, get(legs.record, k * RECORD + 11)))
    return ur, ui, add(mul(ur, ur), mul(ui, ui))


@inlined
def answer(legs: Any, k: int, re: Any, im: Any, x: Any, scratch: Any) -> Any:
    """The same, and what its powers are multiplied by."""
    ur, ui, square = voltage(legs, k, re, im, x)
    a, b = _multiplied(legs, k, square, calm(legs, k, _off(legs, k, square, x), x), x, scratch)
    return ur, ui, square, a, b


@inlined
def _off(legs: Any, k: int, square: Any, x: Any) -> Any:
    """How far a squared voltage is from the middle of where leg `k` is calm."""
    return sub(square, splat(x, get(legs.calm, 2 * k)))


@inlined
def calm(legs: Any, k: int, off: Any, x: Any) -> Any:
    """Whether leg `k` is away from its limits, and its polynomial holds, in all lanes."""
    return not any_beyond(off, splat(x, get(legs.calm, 2 * k + 1)))


@inlined
def _multiplied(legs: Any, k: int, square: Any, is_calm: bool, x: Any, scratch: Any) -> Any:
    """What the powers of leg `k` are multiplied by."""
    kind = get(legs.kinds, k)
    if kind == ADMITTANCE:
        return splat(x, 1.0), splat(x, 1.0)
    if likely(is_calm) and kind != EXPONENTIAL:
        a = div(splat(x, 1.0), root(square) if kind == STEADY_CURRENT else square)
        return a, a
    return _bounded(legs, k, square, x, scratch)


@inlined
def _near_middle(legs: Any, k: int, off: Any, x: Any) -> Any:
    """What leg `k`, by exponents and calm, takes at factors of 1 over its squared voltage."""
    at, c = 2 * k * (DEGREE + 1), legs.short
    a, b = splat(x, get(c, at + DEGREE)), splat(x, get(c, at + 2 * DEGREE + 1))
    for n in range(DEGREE - 1, -1, -1):
        a = add(mul(a, off), splat(x, get(c, at + n)))
        b = add(mul(b, off), splat(x, get(c, at + DEGREE + 1 + n)))
    return a, b


@inlined
def taken(
    legs: Any, k: int, factors: Any, stride: int, offset: int, re: Any, im: Any, x: Any,
    scratch: Any,
) -> Any:  # fmt: skip
    """Power that leg `k` takes at its deviation, its squared voltage, and whether it is calm: then
    it is had without a division."""
    _, _, square = voltage(legs, k, re, im, x)
    p = load(factors, get(legs.p_at, k) * stride + offset)
    q = load(factors, get(legs.q_at, k) * stride + offset)
    off, kind = _off(legs, k, square, x), get(legs.kinds, k)
    is_calm = calm(legs, k, off, x)
    if likely(is_calm) and kind == EXPONENTIAL:
        a, b = _near_middle(legs, k, off, x)
        return mul(mul(p, a), square), mul(mul(q, b), square), square, is_calm
    p, q = mul(splat(x, get(legs.rated, 2 * k)), p), mul(splat(x, get(legs.rated, 2 * k + 1)), q)
    if kind == ADMITTANCE:
        return mul(p, square), mul(q, square), square, is_calm
    if likely(is_calm):
        by = root(square) if kind == STEADY_CURRENT else splat(x, 1.0)
        return mul(p, by), mul(q, by), square, is_calm
    a, b = _bounded(legs, k, square, x, scratch)
    return mul(p, mul(a, square)), mul(q, mul(b, square)), square, is_calm


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
    ur, ui, square = voltage(legs, k, re, im, x)
    off = _off(legs, k, square, x)
    is_calm = calm(legs, k, off, x)
    if likely(is_calm) and get(legs.kinds, k) == EXPONENTIAL:
        a, b = _near_middle(legs, k, off, x)
    else:
        a, b = _multiplied(legs, k, square, is_calm, x, scratch)
        a, b = _of_rated(legs, k, a, b, x)
    return _drawn(legs, k, factors, stride, offset, re, im, ur, ui, a, b, x)


@inlined
def beyond_line(
    legs: Any, k: int, factors: Any, stride: int, offset: int, re: Any, im: Any, ur: Any, ui: Any,
    a: Any, b: Any, x: Any,
) -> Any:  # fmt: skip
    """The same where its powers at the voltage (`ur`, `ui`) are multiplied by `a` and `b`."""
    a, b = _of_rated(legs, k, a, b, x)
    return _drawn(legs, k, factors, stride, offset, re, im, ur, ui, a, b, x)


@inlined
def _of_rated(legs: Any, k: int, a: Any, b: Any, x: Any) -> Any:
    """Rated powers times `a` and `b`; where they are together, the record has them."""
    if get(legs.kinds, k) >= APART:
        a = mul(splat(x, get(legs.rated, 2 * k)), a)
        b = mul(splat(x, get(legs.rated, 2 * k + 1)), b)
    return a, b


@inlined
def _drawn(
    legs: Any, k: int, factors: Any, stride: int, offset: int, re: Any, im: Any, ur: Any, ui: Any,
    a: Any, b: Any, x: Any,
) -> Any:  # fmt: skip
    """The same where it takes `a` and `b` at factors of 1 over its squared voltage."""
    o, r = k * RECORD, legs.record
    a = mul(a, load(factors, get(legs.p_at, k) * stride + offset))
    if get(legs.kinds, k) >= APART:
        b = mul(b, load(factors, get(legs.q_at, k) * stride + offset))
        ir, ii = add(mul(a, ur), mul(b, ui)), sub(mul(a, ui), mul(b, ur))
    else:
        ir, ii = mul(a, ur), mul(a, ui)
    rr = fma(get(r, o + 4), re, fma(get(r, o + 5), im, splat(x, get(r, o + 8))))
    ri = fma(get(r, o + 6), re, fma(get(r, o + 7), im, splat(x, get(r, o + 9))))
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
def by_powers(legs: Any, k: int, held: Any, x: Any, scratch: Any) -> Any:
    """What both powers are multiplied by at any squared voltage `held`."""
    o, at, one = k * POWERS, get(legs.series_at, k) * 2 * LONG, splat(x, 1.0)
    z = sub(mul(splat(x, get(legs.powers, o)), held), one)
    a, b = splat(x, get(legs.long, at + LONG - 1)), splat(x, get(legs.long, at + 2 * LONG - 1))
    for n in range(LONG - 2, -1, -1):
        a = add(mul(a, z), splat(x, get(legs.long, at + n)))
        b = add(mul(b, z), splat(x, get(legs.long, at + LONG + n)))
    a = mul(splat(x, get(legs.powers, o + 1)), add(mul(a, z), one))
    b = mul(splat(x, get(legs.powers, o + 2)), add(mul(b, z), one))
    if any_beyond(z, splat(x, FAR)):
        lanes, bare = width(x), legs.bare
        store(scratch, 0, held)
        for w in range(lanes):
            size = scratch[w]
            scratch[lanes + w] = size ** bare[4 * k] * bare[4 * k + 1]
            scratch[2 * lanes + w] = size ** bare[4 * k + 2] * bare[4 * k + 3]
        a, b = load(scratch, lanes), load(scratch, 2 * lanes)
    return a, b
