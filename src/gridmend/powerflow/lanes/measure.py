"""What is read off a settled state in all lanes: extremes, powers, customers outside limits."""

from __future__ import annotations

from typing import Any, NamedTuple

from gridmend.powerflow.lanes.extremes import DARK, extremes
from gridmend.powerflow.lanes.legs import EXPONENTIAL, TOGETHER, answer, taken
from gridmend.powerflow.lanes.loose import difference, loose
from gridmend.powerflow.leg_models import FIXED_Q, FIXED_Q_IMPEDANCE, MOTOR
from gridmend.powerflow.simd import (
    add,
    any_less,
    fma,
    get,
    inlined,
    load,
    mul,
    splat,
    store,
    sub,
    unowned,
    where_less,
    width,
)

ROWS = 11
"""Lowest squared voltage and its row, highest and its row; p and q of the legs; p and q of the
sources; customers outside their limits; overloaded elements; whether a leg is near a jump."""


LEAST_APART = 0.012
"""How near a limit is near a jump, at the least [of the squared limit]."""

JUMPING = (MOTOR, FIXED_Q, FIXED_Q_IMPEDANCE)
"""Models of loose legs whose vars jump at their limits."""


class Readings(NamedTuple):
    """What to read. `seen` rows whose voltage counts, the active ones first, `seen_active` of them,
    `passive` rows to be found, and a `mask` of the bits that number rows; `source_start`,
    `source_row` the conductors of each source (row -1 is ground), `source_y` [conductors², 2]
    admittance, current [conductors, 2] and base voltage [conductors] of each; `served_start`
    [customers + 1] and `served` [legs, 7]: rows of both ends, what they count for, voltage at the
    base, all of the leg's rated; `customers` and squared limits, the first `earthed` customers
    between a node and ground only, all within their limits where all squared voltages are between
    `lowest` and `highest`; `calm` between which [2] all legs of a steady power that stand alike are
    calm, and `steady` [profiles, 2] what they take together; `element_start` the watched
    conductors of each element, `entry_start`, `entry_row` and `entry` [entries, 4] what makes their
    currents [of their rating]: admittance, and what the base adds; `entry_tie` [conductors] the
    ideal ratio that a current is divided by, -1 for none."""

    seen: Any
    seen_active: int
    passive: Any
    mask: int
    source_start: Any
    source_row: Any
    source_y: Any
    source_i: Any
    served_start: Any
    served_row: Any
    served: Any
    customers: Any
    earthed: int
    lowest: float
    highest: float
    low: float
    high: float
    calm: Any
    steady: Any
    element_start: Any
    entry_start: Any
    entry_row: Any
    entry: Any
    entry_tie: Any


@inlined
def _all_between(low: float, high: float, x: Any, out: Any, size: int, at: int) -> bool:
    """Whether the extremes of all lanes are between two squared voltages, and there are any."""
    least, most = load(out, at), load(out, 2 * size + at)
    if any_less(most, least) or any_less(least, splat(x, low)):
        return False
    return not any_less(splat(x, high), most)


@inlined
def _between(low: float, square: Any, high: float, near: Any, x: Any) -> Any:
    """1 where a squared voltage is between two others, else what it was."""
    below = where_less(square, splat(x, high), splat(x, 1.0), near)
    return where_less(splat(x, low), square, below, near)


@inlined
def _beside(legs: Any, k: int, square: Any, near: Any, x: Any) -> Any:
    """1 where leg `k` is near a jump, the same."""
    for end in range(2):
        o = 4 * k + 2 * end
        near = _between(get(legs.near, o), square, get(legs.near, o + 1), near, x)
    return near


@unowned
def vars_beside(loose_legs: Any, x: Any, room: Any) -> Any:
    """1 where the vars of a loose leg are near a jump; `room` has the voltages there."""
    lanes, near = width(x), splat(x, 0.0)
    for k in range(len(loose_legs.model)):
        if loose_legs.model[k] in JUMPING:
            re, im = load(room, 2 * k * lanes), load(room, (2 * k + 1) * lanes)
            square = add(mul(re, re), mul(im, im))
            for end in (1, 2):
                limit = (loose_legs.limits[k, end] * loose_legs.table[k, 12]) ** 2
                low, high = limit * (1.0 - LEAST_APART), limit * (1.0 + LEAST_APART)
                near = _between(low, square, high, near, x)
    return near


@unowned
def _loose_beside(loose_legs: Any, x: Any, room: Any) -> Any:
    """1 where any loose leg is near a jump, the same."""
    near, own = vars_beside(loose_legs, x, room), loose_legs.across
    for k in range(len(own.kinds)):
        if get(own.kinds, k) == EXPONENTIAL:
            dr, di = difference(loose_legs, k, x)
            _, _, square, _, _ = answer(own, k, dr, di, x, room)
            near = _beside(own, k, square, near, x)
    return near


@unowned
def _legs(
    rows: Any, legs: Any, loose_legs: Any, readings: Any, factors: Any, stride: int, offset: int,
    x: Any, extra: Any, room: Any, total: Any, out: Any, size: int, at: int, dark: bool,
) -> None:  # fmt: skip
    """Power that all legs take; extremes are known, and whether any row is `dark`."""
    lanes = width(x)
    total[:] = 0.0
    loose(loose_legs, factors, stride, offset, x, extra, room, total)
    total_p, total_q = load(total, 0), load(total, lanes)
    near = _loose_beside(loose_legs, x, room)
    calm = not dark and _all_between(readings.calm[0], readings.calm[1], x, out, size, at)
    steady = len(readings.steady) // 2 if calm else 0
    for k in range(steady):
        by = load(factors, k * stride + offset)
        total_p = fma(get(readings.steady, 2 * k), by, total_p)
        total_q = fma(get(readings.steady, 2 * k + 1), by, total_q)
    for row in range(rows.active):
        for n in range(get(rows.leg_start, row), get(rows.leg_start, row + 1)):
            k = get(legs.place, n)
            if steady > 0 and get(legs.kinds, k) == TOGETHER:
                continue
            dr, di = load(x, row * 2 * lanes), load(x, row * 2 * lanes + lanes)
            p, q, square, is_calm = taken(legs, k, factors, stride, offset, dr, di, x, room)
            total_p, total_q = add(total_p, p), add(total_q, q)
            if get(legs.kinds, k) == EXPONENTIAL and not is_calm:
                near = _beside(legs, k, square, near, x)
    store(out, 4 * size + at, total_p)
    store(out, 5 * size + at, total_q)
    store(out, 10 * size + at, near)


@unowned
def _sources(rows: Any, readings: Any, x: Any, out: Any, size: int, at: int) -> None:
    """Power that sources give at their bus."""
    lanes = width(x)
    p, q = splat(x, 0.0), splat(x, 0.0)
    y_at = 0
    for s in range(len(readings.source_start) - 1):
        first, last = readings.source_start[s], readings.source_start[s + 1]
        for c in range(first, last):
            row = readings.source_row[c]
            ir, ii = splat(x, readings.source_i[c, 0]), splat(x, readings.source_i[c, 1])
            for d in range(first, last):
                other = readings.source_row[d] * 2 * lanes
                yr, yi = readings.source_y[y_at, 0], readings.source_y[y_at, 1]
                y_at += 1
                if other >= 0:
                    dr, di = load(x, other), load(x, other + lanes)
                    ir = fma(-yr, dr, fma(yi, di, ir))
                    ii = fma(-yi, dr, fma(-yr, di, ii))
            if row >= 0:
                re = add(load(x, row * 2 * lanes), splat(x, rows.base[2 * row]))
                im = add(load(x, row * 2 * lanes + lanes), splat(x, rows.base[2 * row + 1]))
                p = add(p, add(mul(re, ir), mul(im, ii)))
                q = add(q, sub(mul(im, ir), mul(re, ii)))
    store(out, 6 * size + at, p)
    store(out, 7 * size + at, q)


@unowned
def _customers(readings: Any, x: Any, out: Any, size: int, at: int, is_dark: bool) -> None:
    """Customers at whose service any voltage is outside the limits; the same is known."""
    lanes = width(x)
    one, none = splat(x, 1.0), splat(x, 0.0)
    outside = none
    low, high = splat(x, readings.low), splat(x, readings.high)
    inside = _all_between(readings.lowest, readings.highest, x, out, size, at) and not is_dark
    dark, first = splat(x, DARK), readings.earthed if inside else 0
    for c in range(first, len(readings.customers)):
        bad = none
        for k in range(get(readings.served_start, c), get(readings.served_start, c + 1)):
            o = 4 * k
            re = splat(x, get(readings.served, o + 2))
            im = splat(x, get(readings.served, o + 3))
            for end in range(2):
                row = get(readings.served_row, 2 * k + end)
                if row >= 0:
                    by = get(readings.served, o + end)
                    re = fma(by, load(x, row * 2 * lanes), re)
                    im = fma(by, load(x, row * 2 * lanes + lanes), im)
            square = add(mul(re, re), mul(im, im))
            beyond = where_less(square, low, one, where_less(high, square, one, bad))
            bad = where_less(dark, square, beyond, bad)
        outside = fma(get(readings.customers, c), bad, outside)
    store(out, 8 * size + at, outside)


@unowned
def _overloads(readings: Any, ratio: Any, x: Any, out: Any, size: int, at: int) -> None:
    """Watched elements of which any conductor carries more than its rating."""
    lanes = width(x)
    one, none = splat(x, 1.0), splat(x, 0.0)
    over = none
    for e in range(len(readings.element_start) - 1):
        bad = none
        for c in range(get(readings.element_start, e), get(readings.element_start, e + 1)):
            re, im = none, none
            for k in range(get(readings.entry_start, c), get(readings.entry_start, c + 1)):
                row = get(readings.entry_row, k) * 2 * lanes
                yr, yi = get(readings.entry, 4 * k), get(readings.entry, 4 * k + 1)
                dr, di = load(x, row), load(x, row + lanes)
                re = add(fma(yr, dr, fma(-yi, di, re)), splat(x, get(readings.entry, 4 * k + 2)))
                im = add(fma(yr, di, fma(yi, dr, im)), splat(x, get(readings.entry, 4 * k + 3)))
            tie = get(readings.entry_tie, c)
            most = mul(load(ratio, tie * lanes), load(ratio, tie * lanes)) if tie >= 0 else one
            bad = where_less(most, add(mul(re, re), mul(im, im)), one, bad)
        over = add(over, bad)
    store(out, 9 * size + at, over)


@unowned
def measure(
    rows: Any, legs: Any, loose_legs: Any, readings: Any, factors: Any, stride: int, offset: int,
    ratio: Any, x: Any, extra: Any, room: Any, taken: Any, out: Any, size: int, at: int,
) -> None:  # fmt: skip
    """All readings of the lanes' state, to `out` [ROWS × size] from `at` on."""
    is_dark = extremes(rows, readings, x, out, size, at)
    _legs(
        rows, legs, loose_legs, readings, factors, stride, offset, x, extra, room, taken, out,
        size, at, is_dark,
    )  # fmt: skip
    _sources(rows, readings, x, out, size, at)
    _customers(readings, x, out, size, at, is_dark)
    _overloads(readings, ratio, x, out, size, at)
