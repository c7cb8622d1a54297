"""Passes over all legs whose sides are given, or that are admittances yet; see `sides`.

Rounds write what they find to `y` and leave `x`. Legs across two nodes and those that are taken
lane by lane enter their rows through `extra`, as in `kernel`.
"""

from __future__ import annotations

from typing import Any

from gridmend.powerflow.lanes.kernel import respond
from gridmend.powerflow.lanes.legs import HIGHEST, LIMITS, LOWER, RECORD
from gridmend.powerflow.lanes.loose import (
    current,
    difference,
    enter,
    enter_across,
    lane_by_lane,
    rated,
    voltages,
)
from gridmend.powerflow.lanes.measure import vars_beside
from gridmend.powerflow.lanes.sides import (
    add_power,
    beyond_admittance,
    beyond_limits,
    jump_of,
    put,
)
from gridmend.powerflow.simd import (
    add,
    fma,
    get,
    inlined,
    load,
    root,
    splat,
    store,
    unowned,
    width,
)


@unowned
def carry(rows: Any, ties: Any, ratio: Any, extra: Any, y: Any) -> None:
    """What currents do that are in `extra` and, times the pivots' inverse, in `y`."""
    lanes = width(y)
    if len(extra):
        for row in range(rows.active):
            s = get(rows.special, row)
            if s >= 0:
                at = row * 2 * lanes
                er, ei = load(extra, s * 2 * lanes), load(extra, s * 2 * lanes + lanes)
                re = fma(get(rows.inverse, 4 * s + 1), ei, load(y, at))
                im = fma(get(rows.inverse, 4 * s + 3), ei, load(y, at + lanes))
                store(y, at, fma(get(rows.inverse, 4 * s), er, re))
                store(y, at + lanes, fma(get(rows.inverse, 4 * s + 2), er, im))
    respond(rows, ties, ratio, y)


@inlined
def _admitted(
    loose_legs: Any, k: int, factors: Any, stride: int, offset: int, u: Any, w: int, lanes: int
) -> complex:
    """Current of a leg that is taken lane by lane, of its rated admittance [A]."""
    v = complex(u[k * 2 * lanes + w], u[k * 2 * lanes + lanes + w])
    s = rated(loose_legs, k, factors, stride, offset, w)
    return s.conjugate() * v / (loose_legs.table[k, 12] * loose_legs.table[k, 12])


@unowned
def sided_round(
    rows: Any, legs: Any, loose_legs: Any, ties: Any, shares: Any, more: Any, factors: Any,
    stride: int, offset: int, ratio: Any, x: Any, y: Any, extra: Any, room: Any, taken: Any,
) -> None:  # fmt: skip
    """One round, each leg on its sides.

    Where `more` [legs × 2 × lanes] is given, they are their rated admittances and take it besides.
    """
    lanes, own, many = width(x), loose_legs.across, len(legs.kinds)
    extra[:] = 0.0
    for k in range(len(own.kinds)):
        dr, di = difference(loose_legs, k, x)
        er, ei = put(own, k, shares, more, many + k, factors, stride, offset, dr, di, x, room)
        enter_across(loose_legs, k, er, ei, extra)
    if not len(more):
        lane_by_lane(loose_legs, factors, stride, offset, x, extra, room, taken)
    else:
        voltages(loose_legs, x, room)
        for k in range(len(loose_legs.model)):
            at = 2 * (many + len(own.kinds) + k) * lanes
            for w in range(lanes):
                i = _admitted(loose_legs, k, factors, stride, offset, room, w, lanes)
                i += complex(more[at + w], more[at + lanes + w])
                enter(loose_legs, k, room, i, lanes, w, extra)
    for row in range(rows.active):
        at = row * 2 * lanes
        re, im = splat(x, 0.0), splat(x, 0.0)
        first, last = get(rows.leg_start, row), get(rows.leg_start, row + 1)
        if first < last:
            dr, di = load(x, at), load(x, at + lanes)
            for k in range(first, last):
                rr, ri = put(legs, k, shares, more, k, factors, stride, offset, dr, di, x, room)
                re, im = add(re, rr), add(im, ri)
        store(y, at, re)
        store(y, at + lanes, im)
    carry(rows, ties, ratio, extra, y)


@unowned
def beyond_admittances(
    rows: Any, legs: Any, loose_legs: Any, shares: Any, factors: Any, stride: int, offset: int,
    x: Any, more: Any, room: Any,
) -> None:  # fmt: skip
    """To `more` what legs take at `x`, by their voltages there, beyond their rated admittances."""
    lanes, own, many = width(x), loose_legs.across, len(legs.kinds)
    for row in range(rows.active):
        dr, di = load(x, row * 2 * lanes), load(x, row * 2 * lanes + lanes)
        for k in range(get(rows.leg_start, row), get(rows.leg_start, row + 1)):
            beyond_admittance(legs, k, shares, k, factors, stride, offset, dr, di, x, more, room)
    for k in range(len(own.kinds)):
        dr, di = difference(loose_legs, k, x)
        beyond_admittance(own, k, shares, many + k, factors, stride, offset, dr, di, x, more, room)
    voltages(loose_legs, x, room)
    for k in range(len(loose_legs.model)):
        at = 2 * (many + len(own.kinds) + k) * lanes
        for w in range(lanes):
            _, i = current(loose_legs, k, factors, stride, offset, room, lanes, w)
            i -= _admitted(loose_legs, k, factors, stride, offset, room, w, lanes)
            more[at + w], more[at + lanes + w] = i.real, i.imag


@unowned
def all_beyond_limits(
    rows: Any, legs: Any, loose_legs: Any, shares: Any, x: Any, by: Any, margin: Any
) -> None:
    """To `by` [legs × 2 × lanes] how far squared voltages are above the limits [of the limit's].

    To `margin` [lanes] how far from either end of its line is the nearest that does not slide.
    """
    lanes, own, many = width(x), loose_legs.across, len(legs.kinds)
    nearest = splat(x, 1e30)
    for row in range(rows.active):
        dr, di = load(x, row * 2 * lanes), load(x, row * 2 * lanes + lanes)
        for k in range(get(rows.leg_start, row), get(rows.leg_start, row + 1)):
            nearest = beyond_limits(legs, k, shares, k, dr, di, x, by, nearest)
    for k in range(len(own.kinds)):
        dr, di = difference(loose_legs, k, x)
        nearest = beyond_limits(own, k, shares, many + k, dr, di, x, by, nearest)
    store(margin, 0, root(nearest))


@unowned
def enter_jump(
    legs: Any, loose_legs: Any, shares: Any, place: int, end: int, row: int, w: int, factors: Any,
    stride: int, offset: int, x: Any, y: Any, extra: Any, to: Any, room: Any,
) -> None:  # fmt: skip
    """Put into a lane's rows what one leg takes less above a limit than below it.

    Of a fused leg into `y`, of another into `extra`; `to` [2 × lanes] is room.
    """
    lanes, many = width(x), len(legs.kinds)
    if place < many:
        dr, di = load(x, row * 2 * lanes), load(x, row * 2 * lanes + lanes)
        rr, ri = jump_of(legs, place, end, shares, place, factors, stride, offset, dr, di, x, room)
        store(to, 0, rr)
        store(to, lanes, ri)
        y[2 * row * lanes + w], y[(2 * row + 1) * lanes + w] = to[w], to[lanes + w]
        return
    k = place - many
    dr, di = difference(loose_legs, k, x)
    rr, ri = jump_of(
        loose_legs.across, k, end, shares, place, factors, stride, offset, dr, di, x, room
    )
    store(to, 0, rr)
    store(to, lanes, ri)
    for side in range(2):
        at = loose_legs.across_ends[k, 2 + side] * 2 * lanes
        if at >= 0:
            by = loose_legs.across_by[k, side] * (1.0 if side == 0 else -1.0)
            extra[at + w] += by * to[w]
            extra[at + lanes + w] += by * to[lanes + w]


@unowned
def limit_of(legs: Any, loose_legs: Any, place: int, end: int) -> float:
    """A squared limit of a leg."""
    many, at = len(legs.kinds), LOWER if end == 0 else HIGHEST
    if place < many:
        return legs.limits[place * LIMITS + at]
    return loose_legs.across.limits[(place - many) * LIMITS + at]


@unowned
def voltage_of(
    legs: Any, loose_legs: Any, place: int, row: int, x: Any, w: int, lanes: int
) -> tuple[complex, complex]:
    """The deviation of a leg's voltage in a lane, and what it is at the base."""
    many = len(legs.kinds)
    if place < many:
        o, at = place * RECORD, 2 * row * lanes + w
        return (
            complex(x[at], x[at + lanes]),
            complex(legs.record[o + 10], legs.record[o + 11]),
        )
    k, record, v = place - many, loose_legs.across.record, 0.0j
    for side in range(2):
        row = loose_legs.across_ends[k, side]
        if row >= 0:
            by = loose_legs.across_by[k, side] * (1.0 if side == 0 else -1.0)
            v += by * complex(x[2 * row * lanes + w], x[(2 * row + 1) * lanes + w])
    return v, complex(record[k * RECORD + 10], record[k * RECORD + 11])


@unowned
def powers_on_sides(
    rows: Any, legs: Any, loose_legs: Any, shares: Any, factors: Any, stride: int,
    offset: int, x: Any, extra: Any, room: Any, taken: Any, out: Any, size: int, at: int,
) -> None:  # fmt: skip
    """Power that all legs take, and whether vars are near a jump, among the readings `out`."""
    lanes, own, many = width(x), loose_legs.across, len(legs.kinds)
    taken[:] = 0.0
    lane_by_lane(loose_legs, factors, stride, offset, x, extra, room, taken)
    near = vars_beside(loose_legs, x, room)
    for k in range(len(own.kinds)):
        dr, di = difference(loose_legs, k, x)
        add_power(own, k, shares, many + k, factors, stride, offset, dr, di, x, room, taken)
    for row in range(rows.active):
        dr, di = load(x, row * 2 * lanes), load(x, row * 2 * lanes + lanes)
        for k in range(get(rows.leg_start, row), get(rows.leg_start, row + 1)):
            add_power(legs, k, shares, k, factors, stride, offset, dr, di, x, room, taken)
    store(out, 10 * size + at, near)
    store(out, 4 * size + at, load(taken, 0))
    store(out, 5 * size + at, load(taken, lanes))
