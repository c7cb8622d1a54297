"""Where lanes start a step: what the change of demand since the step before will do, at first."""

from __future__ import annotations

from typing import Any, NamedTuple

from gridmend.powerflow.simd import fma, get, load, splat, store, sub, unowned, width

MIXTURES, FEW = 6, 4
"""How many mixtures of profiles there are, and how many will do where others say little."""


class Start(NamedTuple):
    """First-order change of the rows with legs by the demand factors.

    A row moves by the `share`s [rows, MIXTURES, 2] of mixtures of factors, given by `mix`
    [profiles, MIXTURES], and by its `own` [rows, 2] profile `own_at`. `middle` are the factors of
    the base state. No rows: lanes start where they are. `many`: there are more than a FEW mixtures.
    """

    rows: Any
    share: Any
    mix: Any
    own: Any
    own_at: Any
    middle: Any
    many: bool


@unowned
def anticipate(
    start: Any, factors: Any, stride: int, offset: int, before: int, x: Any, room: Any
) -> None:
    """Add to `x` what the change of factors since `before` (the base, if negative) will do."""
    lanes, profiles = width(x), len(start.middle)
    # named one by one, for then they stay in registers
    one, two, three = splat(x, 0.0), splat(x, 0.0), splat(x, 0.0)
    four, five, six = splat(x, 0.0), splat(x, 0.0), splat(x, 0.0)
    for k in range(profiles):
        now, o = load(factors, k * stride + offset), k * MIXTURES
        was = splat(x, start.middle[k]) if before < 0 else load(factors, k * stride + before)
        moved = sub(now, was)
        store(room, k * lanes, moved)
        one = fma(get(start.mix, o), moved, one)
        two = fma(get(start.mix, o + 1), moved, two)
        three = fma(get(start.mix, o + 2), moved, three)
        four = fma(get(start.mix, o + 3), moved, four)
        five = fma(get(start.mix, o + 4), moved, five)
        six = fma(get(start.mix, o + 5), moved, six)
    for n in range(len(start.rows)):
        at, o = get(start.rows, n) * 2 * lanes, n * 2 * MIXTURES
        own = load(room, get(start.own_at, n) * lanes)
        re = fma(get(start.own, 2 * n), own, load(x, at))
        im = fma(get(start.own, 2 * n + 1), own, load(x, at + lanes))
        re = fma(get(start.share, o), one, re)
        im = fma(get(start.share, o + 1), one, im)
        re = fma(get(start.share, o + 2), two, re)
        im = fma(get(start.share, o + 3), two, im)
        re = fma(get(start.share, o + 4), three, re)
        im = fma(get(start.share, o + 5), three, im)
        re = fma(get(start.share, o + 6), four, re)
        im = fma(get(start.share, o + 7), four, im)
        if start.many:
            re = fma(get(start.share, o + 8), five, re)
            im = fma(get(start.share, o + 9), five, im)
            re = fma(get(start.share, o + 10), six, re)
            im = fma(get(start.share, o + 11), six, im)
        store(x, at, re)
        store(x, at + lanes, im)
