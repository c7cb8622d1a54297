"""Where lanes start a step: what the change of demand since the step before will do, at first."""

from __future__ import annotations

from typing import Any, NamedTuple

from gridmend.powerflow.simd import fma, get, load, splat, store, sub, unowned, width


class Start(NamedTuple):
    """First-order change of the rows with legs by the demand factors.

    A row moves by the `share`s [rows, 2 × count] of `count` mixtures of factors, given by `mix`
    [count, profiles], and by its `own` [rows, 2] profile `own_at`. `middle` are the factors of the
    base state. No rows: lanes start where they are.
    """

    rows: Any
    share: Any
    mix: Any
    own: Any
    own_at: Any
    middle: Any


@unowned
def anticipate(
    start: Any, factors: Any, stride: int, offset: int, before: int, x: Any, room: Any
) -> None:
    """Add to `x` what the change of factors since `before` (the base, if negative) will do."""
    lanes = width(x)
    profiles, mixtures = len(start.middle), len(start.mix) // max(len(start.middle), 1)
    change = mixtures * lanes
    for m in range(mixtures):
        store(room, m * lanes, splat(x, 0.0))
    for k in range(profiles):
        now = load(factors, k * stride + offset)
        was = splat(x, start.middle[k]) if before < 0 else load(factors, k * stride + before)
        moved = sub(now, was)
        store(room, change + k * lanes, moved)
        for m in range(mixtures):
            by = get(start.mix, m * profiles + k)
            store(room, m * lanes, fma(by, moved, load(room, m * lanes)))
    for n in range(len(start.rows)):
        at = get(start.rows, n) * 2 * lanes
        own = load(room, change + get(start.own_at, n) * lanes)
        re = fma(get(start.own, 2 * n), own, load(x, at))
        im = fma(get(start.own, 2 * n + 1), own, load(x, at + lanes))
        o = n * 2 * mixtures
        for m in range(mixtures):
            mixed = load(room, m * lanes)
            re = fma(get(start.share, o + 2 * m), mixed, re)
            im = fma(get(start.share, o + 2 * m + 1), mixed, im)
        store(x, at, re)
        store(x, at + lanes, im)
