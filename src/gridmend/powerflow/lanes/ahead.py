"""Where lanes start a step: what the change of demand since the step before will do, at first."""

from __future__ import annotations

from typing import Any, NamedTuple

from gridmend.powerflow.simd import fma, get, inlined, load, splat, store, sub, width


class Start(NamedTuple):
    """First-order change of the rows with legs by the demand factors.

    A row moves by the `share`s [rows, 2 × count] of `count` mixtures of factors, given by `mix`
    [count, profiles], and by its `own` [rows, 2] profile `own_at`. `middle` are the factors of the
    base state; `watched_at` which of the rows are those watched. No rows: lanes start where they
    are.
    """

    rows: Any
    share: Any
    mix: Any
    own: Any
    own_at: Any
    middle: Any
    watched_at: Any


@inlined
def changes(start: Any, factors: Any, stride: int, offset: int, before: int, room: Any) -> None:
    """To `room` how the mixtures change since `before` (the base, if negative), and each factor."""
    lanes = width(room)
    profiles, mixtures = len(start.middle), len(start.mix) // max(len(start.middle), 1)
    for m in range(mixtures):
        store(room, m * lanes, splat(room, 0.0))
    for k in range(profiles):
        now = load(factors, k * stride + offset)
        was = splat(room, start.middle[k]) if before < 0 else load(factors, k * stride + before)
        moved = sub(now, was)
        store(room, (mixtures + k) * lanes, moved)
        for m in range(mixtures):
            by = get(start.mix, m * profiles + k)
            store(room, m * lanes, fma(by, moved, load(room, m * lanes)))


@inlined
def foretold(start: Any, n: int, re: Any, im: Any, room: Any) -> Any:
    """Where the voltage of row `n` of those with legs goes from (`re`, `im`) by these changes."""
    lanes, mixtures = width(room), len(start.mix) // max(len(start.middle), 1)
    own = load(room, (mixtures + get(start.own_at, n)) * lanes)
    re = fma(get(start.own, 2 * n), own, re)
    im = fma(get(start.own, 2 * n + 1), own, im)
    o = n * 2 * mixtures
    for m in range(mixtures):
        mixed = load(room, m * lanes)
        re = fma(get(start.share, o + 2 * m), mixed, re)
        im = fma(get(start.share, o + 2 * m + 1), mixed, im)
    return re, im


@inlined
def anticipate(
    start: Any, factors: Any, stride: int, offset: int, before: int, x: Any, room: Any
) -> None:
    """Add to `x` what the change of factors since `before` (the base, if negative) will do."""
    lanes = width(x)
    changes(start, factors, stride, offset, before, room)
    for n in range(len(start.rows)):
        at = get(start.rows, n) * 2 * lanes
        re, im = foretold(start, n, load(x, at), load(x, at + lanes), room)
        store(x, at, re)
        store(x, at + lanes, im)


@inlined
def keep_foretold(start: Any, watched: Any, x: Any, room: Any, old: Any) -> None:
    """To `old` where the watched rows go by these changes, which `x` does not have yet."""
    lanes = width(x)
    for n in range(len(watched)):
        at = get(watched, n) * 2 * lanes
        re, im = load(x, at), load(x, at + lanes)
        re, im = foretold(start, get(start.watched_at, n), re, im, room)
        store(old, 2 * n * lanes, re)
        store(old, (2 * n + 1) * lanes, im)
