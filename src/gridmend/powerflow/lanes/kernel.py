"""One round of the lanes' iteration: special rows, then forward, then backward.

Unknowns are deviations from a base state, in per unit of each node's base, node-major:
`x[(2 i) W …]` the real parts of row i in all lanes, then the imaginary ones. The matrix is
linearised at the base, and its rows are multiplied by the inverse of their pivots, so that
neither pass divides. Rows are in the order of elimination; those of passive nodes follow.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from gridmend.powerflow.lanes.legs import fused
from gridmend.powerflow.lanes.loose import loose
from gridmend.powerflow.simd import (
    add,
    fma,
    get,
    inlined,
    load,
    mul,
    splat,
    store,
    sub,
    unowned,
    width,
)


class Rows(NamedTuple):
    """The factored matrix by rows, blocks flat.

    `leg_start` where each row's fused legs begin; `special` the place of a row among the special
    ones, -1 for most; `lower_start`, `lower_at`, `lower` the forward pass (places are of rows);
    `upper_…` the backward pass, passive rows after the others; `inverse` of the special rows'
    pivots; `active` how many rows the iteration has; `base` [rows × 2] voltages [pu].
    """

    leg_start: Any
    special: Any
    lower_start: Any
    lower_at: Any
    lower: Any
    upper_start: Any
    upper_at: Any
    upper: Any
    inverse: Any
    active: int
    base: Any


class Ties(NamedTuple):
    """Ideal ratios between a regulated node and its twin at the transformer's coil.

    `below`, `above` [special rows] the tie that such a row ends or begins, -1 for none;
    `node`, `twin` [ties] their rows; `slot` the twin's place among the special rows; `ratio0` at
    the base; `current0` [ties, 2] into the zone below at the base; `pairs` [pairs, 2] ties of one
    zone and `zone` [pairs, 6] the zone's admittance between them and its current at the base.
    """

    below: Any
    above: Any
    node: Any
    twin: Any
    slot: Any
    ratio0: Any
    current0: Any
    pairs: Any
    zone: Any


class Banks(NamedTuple):
    """Switched capacitors: `entry` [entries, 3] bank, special row and row; `value` [entries, 4]
    admittance and voltage at the base."""

    entry: Any
    value: Any


@inlined
def _special(
    ties: Any, banks: Any, loose_legs: Any, factors: Any, stride: int, offset: int, ratio: Any,
    moved: Any, x: Any, extra: Any, room: Any, taken: Any,
) -> None:  # fmt: skip
    """What loose legs, moved taps and switched banks put into their rows."""
    lanes = width(x)
    extra[:] = 0.0
    loose(loose_legs, factors, stride, offset, x, extra, room, taken)
    for e in range(len(banks.entry)):
        by = load(moved, banks.entry[e, 0] * lanes)
        slot, at = banks.entry[e, 1] * 2 * lanes, banks.entry[e, 2] * 2 * lanes
        re = mul(by, add(load(x, at), splat(x, banks.value[e, 2])))
        im = mul(by, add(load(x, at + lanes), splat(x, banks.value[e, 3])))
        yr, yi = banks.value[e, 0], banks.value[e, 1]
        store(extra, slot, fma(-yr, re, fma(yi, im, load(extra, slot))))
        store(extra, slot + lanes, fma(-yi, re, fma(-yr, im, load(extra, slot + lanes))))
    for e in range(len(ties.pairs)):
        one, other = ties.pairs[e, 0], ties.pairs[e, 1]
        a, b = load(ratio, one * lanes), load(ratio, other * lanes)
        kept = sub(splat(x, ties.ratio0[one] * ties.ratio0[other]), mul(a, b))
        more = mul(a, sub(b, splat(x, ties.ratio0[other])))
        at, slot = ties.twin[other] * 2 * lanes, ties.slot[one] * 2 * lanes
        re, im = mul(kept, load(x, at)), mul(kept, load(x, at + lanes))
        sr, si = load(extra, slot), load(extra, slot + lanes)
        sr = fma(ties.zone[e, 0], re, fma(ties.zone[e, 1], im, sr))
        si = fma(ties.zone[e, 2], re, fma(ties.zone[e, 3], im, si))
        store(extra, slot, fma(-ties.zone[e, 4], more, sr))
        store(extra, slot + lanes, fma(-ties.zone[e, 5], more, si))
    for q in range(len(ties.twin)):
        off = sub(load(ratio, q * lanes), splat(x, ties.ratio0[q]))
        slot = ties.slot[q] * 2 * lanes
        store(extra, slot, fma(-ties.current0[q, 0], off, load(extra, slot)))
        store(extra, slot + lanes, fma(-ties.current0[q, 1], off, load(extra, slot + lanes)))


@inlined
def gather(start: Any, places: Any, blocks: Any, row: int, re: Any, im: Any, x: Any) -> Any:
    """Write a row: what it begins with, and what its blocks make of other rows; what is written."""
    lanes = width(x)
    other_re, other_im = splat(x, 0.0), splat(x, 0.0)
    for p in range(get(start, row), get(start, row + 1)):
        j = get(places, p) * 2 * lanes
        yr, yi = load(x, j), load(x, j + lanes)
        re = fma(get(blocks, 4 * p), yr, re)
        other_re = fma(get(blocks, 4 * p + 1), yi, other_re)
        im = fma(get(blocks, 4 * p + 3), yi, im)
        other_im = fma(get(blocks, 4 * p + 2), yr, other_im)
    re, im = add(re, other_re), add(im, other_im)
    store(x, row * 2 * lanes, re)
    store(x, row * 2 * lanes + lanes, im)
    return re, im


@unowned
def _forward(
    rows: Any, legs: Any, ties: Any, factors: Any, stride: int, offset: int, ratio: Any, x: Any,
    extra: Any, scratch: Any, watched: Any, old: Any,
) -> None:  # fmt: skip
    """What legs take beyond their linear part, carried forward; `x` holds the result."""
    lanes, kept = width(x), 0
    for row in range(rows.active):
        at = row * 2 * lanes
        if kept < len(watched) and get(watched, kept) == row:
            store(old, 2 * kept * lanes, load(x, at))
            store(old, (2 * kept + 1) * lanes, load(x, at + lanes))
            kept += 1
        re, im = splat(x, 0.0), splat(x, 0.0)
        first, last = get(rows.leg_start, row), get(rows.leg_start, row + 1)
        if first < last:
            dr, di = load(x, at), load(x, at + lanes)
            for n in range(first, last):
                k = get(legs.place, n)
                rr, ri = fused(legs, k, factors, stride, offset, dr, di, x, scratch)
                re, im = add(re, rr), add(im, ri)
        s = get(rows.special, row)
        if s >= 0:
            er, ei = load(extra, s * 2 * lanes), load(extra, s * 2 * lanes + lanes)
            q = get(ties.above, s)
            if q >= 0:
                a, below = load(ratio, q * lanes), get(ties.node, q) * 2 * lanes
                er, ei = add(er, mul(a, load(x, below))), add(ei, mul(a, load(x, below + lanes)))
            re = fma(get(rows.inverse, 4 * s), er, fma(get(rows.inverse, 4 * s + 1), ei, re))
            im = fma(get(rows.inverse, 4 * s + 2), er, fma(get(rows.inverse, 4 * s + 3), ei, im))
        gather(rows.lower_start, rows.lower_at, rows.lower, row, re, im, x)


@unowned
def _backward(rows: Any, ties: Any, ratio: Any, x: Any) -> None:
    lanes = width(x)
    for row in range(rows.active - 1, -1, -1):
        s = get(rows.special, row)
        q = get(ties.below, s) if s >= 0 else s
        if q < 0:
            re, im = load(x, row * 2 * lanes), load(x, row * 2 * lanes + lanes)
            gather(rows.upper_start, rows.upper_at, rows.upper, row, re, im, x)
            continue
        a, twin = load(ratio, q * lanes), get(ties.twin, q)
        off, above = sub(a, splat(x, ties.ratio0[q])), twin * 2 * lanes
        re = fma(get(rows.base, 2 * twin), off, mul(a, load(x, above)))
        im = fma(get(rows.base, 2 * twin + 1), off, mul(a, load(x, above + lanes)))
        store(x, row * 2 * lanes, re)
        store(x, row * 2 * lanes + lanes, im)


@unowned
def passive(rows: Any, x: Any) -> None:
    """Passive nodes, each from those that were eliminated after it."""
    zero = splat(x, 0.0)
    for row in range(rows.active, len(rows.upper_start) - 1):
        gather(rows.upper_start, rows.upper_at, rows.upper, row, zero, zero, x)


@inlined
def sweep(
    rows: Any, legs: Any, loose_legs: Any, ties: Any, banks: Any, factors: Any, stride: int,
    offset: int, ratio: Any, moved: Any, x: Any, extra: Any, room: Any, taken: Any, watched: Any,
    old: Any,
) -> None:  # fmt: skip
    """One round: the load currents at `x`, and the voltages that they make; to `old` [watched, 2]
    what was at rows that are `watched`, in rising order.

    `ratio` [ties × lanes] and `moved` [banks × lanes] are the positions of each lane, the latter
    as the part of the bank by which it differs from the base; the rest is room.
    """
    if len(extra):
        _special(
            ties, banks, loose_legs, factors, stride, offset, ratio, moved, x, extra, room, taken
        )
    _forward(rows, legs, ties, factors, stride, offset, ratio, x, extra, room, watched, old)
    _backward(rows, ties, ratio, x)


@unowned
def respond(rows: Any, ties: Any, ratio: Any, x: Any) -> None:
    """What currents do to the linearised network; `x` holds them times the pivots' inverse."""
    lanes = width(x)
    for row in range(rows.active):
        at = row * 2 * lanes
        re, im = load(x, at), load(x, at + lanes)
        s = get(rows.special, row)
        q = get(ties.above, s) if s >= 0 else s
        if q >= 0:
            a, below = load(ratio, q * lanes), get(ties.node, q) * 2 * lanes
            er, ei = mul(a, load(x, below)), mul(a, load(x, below + lanes))
            re = fma(get(rows.inverse, 4 * s), er, fma(get(rows.inverse, 4 * s + 1), ei, re))
            im = fma(get(rows.inverse, 4 * s + 2), er, fma(get(rows.inverse, 4 * s + 3), ei, im))
        gather(rows.lower_start, rows.lower_at, rows.lower, row, re, im, x)
    _backward(rows, ties, ratio, x)
