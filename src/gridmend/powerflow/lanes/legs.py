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

RECORD, UNDER, POWERS = 16, 4, 20
"""Numbers of a fused leg; of its behaviour below its limit; of its two binomial series."""

DEGREE = 6
REACH = 0.12
"""Degree of a series, and how far from its middle it holds to 1e-7 of a leg's power."""


class Fused(NamedTuple):
    """Fused legs in the order of their rows; flat arrays, see the sizes of records above.

    `record`: what p and q take [4], lowest and highest squared voltage of the model, the slope
    [4] and current [2] at the base, all multiplied by the inverse of the pivot, then voltage at
    the base [2], the squared lower limit and the inverse of the highest. `rated`: active and
    reactive power at factor 1; `apart` how near a limit is near a jump [of the squared limit].
    """

    kinds: Any
    p_at: Any
    q_at: Any
    record: Any
    under: Any
    powers: Any
    bare: Any
    rated: Any
    apart: Any


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
        a, b = by_powers(k, held, legs.powers, legs.bare, x, scratch)
        above, flat = splat(x, get(legs.record, o + 5)), splat(x, get(legs.record, o + 15))
        a, b = where_less(above, square, flat, a), where_less(above, square, flat, b)
    else:
        a = div(splat(x, 1.0), root(held) if kind == STEADY_CURRENT else held)
        b = a
    if any_less(square, least):
        low = below(k, square, legs.under, x)
        a, b = where_less(square, least, low, a), where_less(square, least, low, b)
    return ur, ui, square, a, b


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
def below(k: int, square: Any, under: Any, x: Any) -> Any:
    """Power over rated power and squared voltage, below the lower limit."""
    o = k * UNDER
    low = splat(x, get(under, o))
    u = mul(splat(x, get(under, o + 2)), root(square))
    line = mul(u, add(low, mul(splat(x, get(under, o + 1)), sub(u, low))))
    share = mul(splat(x, get(under, o + 3)), where_less(u, low, mul(u, u), line))
    return div(share, larger(square, splat(x, 1e-30)))


@inlined
def by_powers(k: int, held: Any, powers: Any, bare: Any, x: Any, scratch: Any) -> Any:
    """The same of active and reactive power by their exponents, at any squared voltage `held`."""
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
    return a, b
