"""What a leg takes in all lanes when it is on a given side of the limits where its power jumps.

A leg by exponents has two numbers a lane: its share of what is above its lower limit and of what is
above its upper one, 0 or 1 on a side, any number where it slides. Before the sides are known
the legs are their rated admittances, as `iteration` has it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from gridmend.powerflow.lanes.legs import (
    EXPONENTIAL,
    HIGHEST,
    LIMITS,
    LOWER,
    answer,
    below,
    beyond_line,
    by_powers,
    voltage,
)
from gridmend.powerflow.leg_models import LINE
from gridmend.powerflow.simd import (
    add,
    any_less,
    fma,
    get,
    inlined,
    larger,
    load,
    mul,
    smaller,
    splat,
    store,
    sub,
    where_less,
    width,
)


class LegShares(NamedTuple):
    """Of each leg, fused ones before those across two nodes.

    `of` [legs × 2 × lanes] what it is of above its lower and its upper limit; `admits` [legs]
    admittance over rated power, which legs are at first.
    """

    of: Any
    admits: Any


@inlined
def on_sides(legs: Any, k: int, square: Any, inside: Any, over: Any, x: Any, scratch: Any) -> Any:
    """What a leg's powers are multiplied by at a squared voltage, with shares of its limits."""
    one, flat = splat(x, 1.0), splat(x, get(legs.limits, k * LIMITS + 3))
    if not any_less(over, one):
        return flat, flat
    limit = splat(x, get(legs.limits, k * LIMITS + HIGHEST))
    held = where_less(over, one, square, limit)
    a, b = by_powers(legs, k, held, x, scratch)
    off = sub(inside, one)
    if any_less(splat(x, 0.0), mul(off, off)):
        low = below(k, square, legs.under, x)
        a, b = add(low, mul(inside, sub(a, low))), add(low, mul(inside, sub(b, low)))
    return add(a, mul(over, sub(flat, a))), add(b, mul(over, sub(flat, b)))


@inlined
def answer_on_sides(
    legs: Any, k: int, shares: Any, place: int, re: Any, im: Any, x: Any, scratch: Any
) -> Any:
    """As `answer`, with a leg by exponents on its sides; its shares are at `place`."""
    if get(legs.kinds, k) != EXPONENTIAL:
        return answer(legs, k, re, im, x, scratch)
    lanes = width(x)
    ur, ui, square = voltage(legs, k, re, im, x)
    inside, over = load(shares.of, 2 * place * lanes), load(shares.of, (2 * place + 1) * lanes)
    a, b = on_sides(legs, k, square, inside, over, x, scratch)
    return ur, ui, square, a, b


@inlined
def _put_admittance(
    legs: Any, k: int, shares: Any, place: int, factors: Any, stride: int, offset: int, re: Any,
    im: Any, x: Any,
) -> Any:  # fmt: skip
    """As `fused`, of the leg's rated admittance."""
    ur, ui, _ = voltage(legs, k, re, im, x)
    a = splat(x, get(shares.admits, place))
    return beyond_line(legs, k, factors, stride, offset, re, im, ur, ui, a, a, x)


@inlined
def put(
    legs: Any, k: int, shares: Any, more: Any, place: int, factors: Any, stride: int, offset: int,
    re: Any, im: Any, x: Any, scratch: Any,
) -> Any:  # fmt: skip
    """As `fused`, on its sides; where `more` is given, as its rated admittance and that besides."""
    if not len(more):
        ur, ui, _, a, b = answer_on_sides(legs, k, shares, place, re, im, x, scratch)
        return beyond_line(legs, k, factors, stride, offset, re, im, ur, ui, a, b, x)
    rr, ri = _put_admittance(legs, k, shares, place, factors, stride, offset, re, im, x)
    at, lanes = 2 * place * width(x), width(x)
    return sub(rr, load(more, at)), sub(ri, load(more, at + lanes))


@inlined
def _share(square: Any, limit: float, x: Any) -> Any:
    """How much of a leg is as above a limit, by its voltage."""
    by = mul(splat(x, 1.0 / (limit * LINE)), sub(square, splat(x, limit)))
    return larger(splat(x, 0.0), smaller(splat(x, 1.0), add(splat(x, 1.0), by)))


@inlined
def beyond_admittance(
    legs: Any, k: int, shares: Any, place: int, factors: Any, stride: int, offset: int, re: Any,
    im: Any, x: Any, more: Any, scratch: Any,
) -> None:  # fmt: skip
    """To `more` what a leg takes, by its voltage, beyond its rated admittance."""
    lanes = width(x)
    ur, ui, square = voltage(legs, k, re, im, x)
    if get(legs.kinds, k) == EXPONENTIAL:
        inside = _share(square, get(legs.limits, k * LIMITS + LOWER), x)
        over = _share(square, get(legs.limits, k * LIMITS + HIGHEST), x)
        a, b = on_sides(legs, k, square, inside, over, x, scratch)
    else:
        _, _, _, a, b = answer(legs, k, re, im, x, scratch)
    wr, wi = _put_admittance(legs, k, shares, place, factors, stride, offset, re, im, x)
    rr, ri = beyond_line(legs, k, factors, stride, offset, re, im, ur, ui, a, b, x)
    store(more, 2 * place * lanes, sub(wr, rr))
    store(more, (2 * place + 1) * lanes, sub(wi, ri))


@inlined
def beyond_limits(
    legs: Any, k: int, shares: Any, place: int, re: Any, im: Any, x: Any, by: Any, nearest: Any
) -> Any:
    """To `by` how far a leg's squared voltage is above its limits [of the limit's].

    What is `nearest` to an end of its line, squared, of those before and this one unless it slides.
    """
    if get(legs.kinds, k) != EXPONENTIAL:
        return nearest
    lanes, far = width(x), splat(x, 1e30)
    _, _, square = voltage(legs, k, re, im, x)
    for end in range(2):
        limit = get(legs.limits, k * LIMITS + (LOWER if end == 0 else HIGHEST))
        over = sub(mul(splat(x, 1.0 / limit), square), splat(x, 1.0))
        store(by, (2 * place + end) * lanes, over)
        share = load(shares.of, (2 * place + end) * lanes)
        apart = mul(share, sub(share, splat(x, 1.0)))
        line = add(over, splat(x, LINE))
        off = smaller(mul(over, over), mul(line, line))
        off = where_less(splat(x, 0.0), mul(apart, apart), far, off)
        nearest = smaller(nearest, off)
    return nearest


@inlined
def jump_of(
    legs: Any, k: int, end: int, shares: Any, place: int, factors: Any, stride: int, offset: int,
    re: Any, im: Any, x: Any, scratch: Any,
) -> Any:  # fmt: skip
    """What a leg puts into its row on the upper side of a limit, less what on the lower."""
    lanes = width(x)
    ur, ui, square = voltage(legs, k, re, im, x)
    none, one = splat(x, 0.0), splat(x, 1.0)
    inside, over = load(shares.of, 2 * place * lanes), load(shares.of, (2 * place + 1) * lanes)
    low, high = (none, over) if end == 0 else (inside, none)
    a, b = on_sides(legs, k, square, low, high, x, scratch)
    wr, wi = beyond_line(legs, k, factors, stride, offset, re, im, ur, ui, a, b, x)
    low, high = (one, over) if end == 0 else (inside, one)
    a, b = on_sides(legs, k, square, low, high, x, scratch)
    rr, ri = beyond_line(legs, k, factors, stride, offset, re, im, ur, ui, a, b, x)
    return sub(rr, wr), sub(ri, wi)


@inlined
def add_power(
    legs: Any, k: int, shares: Any, place: int, factors: Any, stride: int, offset: int, re: Any,
    im: Any, x: Any, scratch: Any, taken: Any,
) -> None:  # fmt: skip
    """Add to `taken` [2 × lanes] the power of a leg."""
    lanes = width(x)
    _, _, square, a, b = answer_on_sides(legs, k, shares, place, re, im, x, scratch)
    p = mul(load(factors, get(legs.p_at, k) * stride + offset), mul(a, square))
    q = mul(load(factors, get(legs.q_at, k) * stride + offset), mul(b, square))
    store(taken, 0, fma(get(legs.rated, 2 * k), p, load(taken, 0)))
    store(taken, lanes, fma(get(legs.rated, 2 * k + 1), q, load(taken, lanes)))
