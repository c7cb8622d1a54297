"""Lanes that go from step to step together: a series whose positions do not change."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridmend.powerflow.lanes.ahead import anticipate
from gridmend.powerflow.lanes.kernel import sweep
from gridmend.powerflow.lanes.measure import measure
from gridmend.powerflow.simd import (
    add,
    get,
    in_lanes,
    inlined,
    larger,
    load,
    mul,
    splat,
    store,
    sub,
    unowned,
    width,
)

FAR = 1e3
"""A change [pu] after which a step is given up, for it will find no rest."""

FIRST_PACE = 0.3
"""At what pace changes are taken to shrink before any has been seen to."""

LEAST_PACE = 0.001
REMEMBERED = 0.98
"""What a pace counts of that at the next round that shows one."""

ROUNDING = 0.01
"""Of the tolerance: changes below it may be rounding, and show no pace."""

DOUBT = 2.0
AFTER = 32
"""How much more may be left than the pace of earlier rounds says, and after how many steps one
takes a round more to show it anew."""


@inlined
def keep(watched: Any, x: Any, old: Any) -> None:
    """Remember the watched rows."""
    lanes = width(x)
    for n in range(len(watched)):
        at = get(watched, n) * 2 * lanes
        store(old, 2 * n * lanes, load(x, at))
        store(old, (2 * n + 1) * lanes, load(x, at + lanes))


@inlined
def change(watched: Any, x: Any, old: Any, found: Any) -> None:
    """Largest squared change [pu] of the watched rows in each lane since `old`, to `found`."""
    lanes = width(x)
    most = splat(x, 0.0)
    for n in range(len(watched)):
        at = get(watched, n) * 2 * lanes
        re, im = load(x, at), load(x, at + lanes)
        dr, di = sub(re, load(old, 2 * n * lanes)), sub(im, load(old, (2 * n + 1) * lanes))
        most = larger(most, add(mul(dr, dr), mul(di, di)))
    store(found, 0, most)


@unowned
def settled(found: Any, before: Any, pace: Any, tolerance: float, done: int) -> Any:
    """Whether what is left in all lanes is below the tolerance; largest change of any lane.

    What is left after a change is that change times the `pace` [2 × lanes] at which changes
    shrink: from the first to the second round, and from there on, each the slowest seen lately,
    and doubted.
    """
    lanes, is_enough, worst = width(found), True, 0.0
    for w in range(lanes):
        moved = np.sqrt(found[w])
        if done > 1 and before[w] > ROUNDING * tolerance:
            at = w if done == 2 else lanes + w
            seen = min(max(moved / before[w], LEAST_PACE), 0.999)
            pace[at] = max(seen, REMEMBERED * pace[at])
        before[w] = moved
        first, later = pace[w], pace[lanes + w]
        later = later if later > 0.0 else FIRST_PACE
        left = DOUBT * moved * (first if done == 1 else later) / (1.0 - later)
        # a change that may be rounding shows no pace, and needs none
        if not left < tolerance or (not first > 0.0 and moved > ROUNDING * tolerance):
            is_enough = False
        worst = max(worst, moved) if moved == moved else np.inf
    return is_enough, worst


@in_lanes
def in_step(
    rows: Any, legs: Any, loose_legs: Any, ties: Any, banks: Any, readings: Any, start: Any,
    watched: Any, factors: Any, steps: int, ratio: Any, moved: Any, tolerance: float, rounds: int,
    x: Any, out: Any, counts: Any, voltages: Any,
) -> None:  # fmt: skip
    """All steps of the lanes; `x` begins where they start, at the base, and ends where they end.

    `out` [readings, steps, lanes]; `counts` [steps] rounds that a step took, one more than
    allowed where it did not settle; `voltages` [steps or 0, rows, 2, lanes] if wanted.
    """
    lanes = width(x)
    special = len(ties.below)
    extra, taken = np.zeros(special * 2 * lanes, x.dtype), np.zeros(2 * lanes, x.dtype)
    size = max(2 * len(loose_legs.model), len(start.middle), 3)
    room = np.zeros(size * lanes, x.dtype)
    old, found = np.zeros(2 * len(watched) * lanes, x.dtype), np.zeros(lanes, x.dtype)
    before, pace = np.zeros(lanes), np.zeros(2 * lanes)
    stride = steps * lanes
    fresh = True
    for step in range(steps):
        now = step * lanes
        if len(start.rows):
            anticipate(start, factors, stride, now, -1 if fresh else now - lanes, x, room)
        counts[step], shows = rounds + 1, step % AFTER == 0
        for done in range(1, rounds + 1):
            sweep(
                rows, legs, loose_legs, ties, banks, factors, stride, now, ratio, moved, x, extra,
                room, taken, watched, old,
            )  # fmt: skip
            change(watched, x, old, found)
            enough, worst = settled(found, before, pace, tolerance, done)
            if enough and not shows:
                counts[step] = done
                break
            shows = shows and not enough
            if not worst < FAR:
                break
        fresh = counts[step] > rounds
        measure(
            rows, legs, loose_legs, readings, factors, stride, now, ratio, x, extra, room, taken,
            out, stride, now,
        )  # fmt: skip
        if len(voltages):
            voltages[step * len(x) : (step + 1) * len(x)] = x
        if fresh:
            x[:] = 0.0
            pace[:] = 0.0
