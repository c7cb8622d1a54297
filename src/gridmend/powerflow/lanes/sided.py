"""Lanes whose legs stand where their power jumps: each step by the rule of single solves.

Decision record 0006 has the rule; here its parts are done in all lanes at once. The sides on which
legs begin are foretold by rounds with the matrix of the base. A leg that slides has its share as an
unknown of its own beside the voltages: what it does to them is known from one pass through the
network, so no round meets its steep line. Each lane looks at its sides when it is at rest.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gridmend.powerflow.jumps import LOOKS
from gridmend.powerflow.lanes.ahead import anticipate
from gridmend.powerflow.lanes.board import (
    ALONE,
    DONE,
    MOST_SLIDING,
    RESTING,
    SOLVING,
    begin,
    move,
    slide,
)
from gridmend.powerflow.lanes.measure import measure
from gridmend.powerflow.lanes.progress import left_of
from gridmend.powerflow.lanes.sided_rounds import (
    all_beyond_limits,
    beyond_admittances,
    carry,
    enter_jump,
    limit_of,
    powers_on_sides,
    sided_round,
    voltage_of,
)
from gridmend.powerflow.lanes.steps import DOUBT, FAR, FIRST_PACE, change, keep
from gridmend.powerflow.simd import add, in_lanes, load, mul, store, unowned, width

_ROUNDS = 25
"""How many until a step comes to rest, each time that sides have changed."""

_FORETOLD_PU = 1e-8
"""What may be left of the error of the voltages that sides are foretold from."""

_LOOK_PU, _EXACT_PU, _SURE = 3e-5, 1e-9, 1e-8
"""What may be left for sides to be looked at; below what no more is gained by rounds; and how far
from a limit a leg is where its side is not a matter of rounding [of the squared voltage]."""

_SAFETY = 8.0
"""By how much a leg is further from its limits than what is left, where its side is decided."""

_ASTRAY = 10.0
"""A leg whose share of its jump comes to be so large is no leg that slides."""


@unowned
def _is_lost(board: Any, w: int) -> bool:
    """Give a lane up whose voltages lead away, or that took too many rounds."""
    if not board.before[w] < FAR or board.rounds[w] > _ROUNDS:
        board.state[w] = ALONE
    return board.state[w] == ALONE


@unowned
def _afresh(board: Any) -> None:
    """Rounds of something else begin."""
    board.rounds[:], board.before[:], board.pace[:] = 0, 0.0, FIRST_PACE


@unowned
def _clear(margin: float, left: float) -> bool:
    """Whether a side is no matter of what is left, though it may be one of rounding."""
    return margin > max(_SAFETY * left, _SURE) or left < _EXACT_PU


@in_lanes
def _foretell(
    rows: Any, legs: Any, loose_legs: Any, ties: Any, watched: Any, factors: Any, stride: int,
    now: int, ratio: Any, board: Any, one: Any, x: Any, y: Any, more: Any, by: Any, margin: Any,
    old: Any, found: Any, extra: Any, room: Any, taken: Any,
) -> None:  # fmt: skip
    """Legs on their first sides; `one` as rated admittances, from where it is, `x` what follows."""
    lanes, size = len(board.state), len(y)
    board.shares.of[:], more[:] = 0.0, 0.0
    for second in (False, True):
        at = x if second else one
        _afresh(board)
        for _ in range(_ROUNDS + 1):
            keep(watched, at, old)
            sided_round(
                rows, legs, loose_legs, ties, board.shares, more, factors, stride, now, ratio, at,
                y, extra, room, taken,
            )  # fmt: skip
            at[:size] = y[:size]
            change(watched, at, old, found)
            if second:
                all_beyond_limits(rows, legs, loose_legs, board.shares, at, by, margin)
            open_yet = False
            for w in range(lanes):
                if board.state[w] != ALONE:
                    left = DOUBT * left_of(board, found, w)
                    clear = _clear(margin[w], left) if second else left < _FORETOLD_PU
                    open_yet |= not clear and not _is_lost(board, w)
            if not open_yet:
                break
        if not second:
            beyond_admittances(
                rows, legs, loose_legs, board.shares, factors, stride, now, one, more, room
            )
            x[:size] = one[:size]
    for w in range(lanes):
        if not margin[w] > _SURE:
            board.state[w] = ALONE
    begin(board, by)


@in_lanes
def _respond_to_slides(
    rows: Any, legs: Any, loose_legs: Any, ties: Any, factors: Any, stride: int, now: int,
    ratio: Any, board: Any, x: Any, responses: Any, extra: Any, to: Any, room: Any,
) -> None:  # fmt: skip
    """What the share of each leg that slides does to the voltages."""
    lanes = width(x)
    for j in range(board.many.max()):
        y = responses[j]
        y[:], extra[:] = 0.0, 0.0
        for w in range(lanes):
            if j < board.many[w]:
                place = board.leg[w, j]
                enter_jump(
                    legs, loose_legs, board.shares, place, board.end[w, j], board.row[place], w,
                    factors, stride, now, x, y, extra, to, room,
                )  # fmt: skip
        carry(rows, ties, ratio, extra, y)
        for w in range(lanes):
            for i in range(board.many[w]):
                place, row = board.leg[w, i], board.row[board.leg[w, i]]
                dv, v = voltage_of(legs, loose_legs, place, row, x, w, lanes)
                by, _ = voltage_of(legs, loose_legs, place, row, y, w, lanes)
                along = (by * (v + dv).conjugate()).real
                limit = limit_of(legs, loose_legs, place, board.end[w, i])
                board.slope[w, i, j] = 2.0 * along / limit


@in_lanes
def _slides(board: Any, legs: Any, loose_legs: Any, responses: Any, x: Any, steps: Any) -> None:
    """Bring legs that slide onto their lines, with all that follows from it."""
    lanes = width(x)
    beyond, step = np.zeros(MOST_SLIDING), np.zeros(MOST_SLIDING)
    for i in range(MOST_SLIDING * lanes):
        steps[i] = 0.0
    for w in range(lanes):
        for i in range(board.many[w]):
            place, end = board.leg[w, i], board.end[w, i]
            dv, v = voltage_of(legs, loose_legs, place, board.row[place], x, w, lanes)
            limit = limit_of(legs, loose_legs, place, end)
            beyond[i] = ((v + dv).real ** 2 + (v + dv).imag ** 2) / limit - 1.0
        if board.many[w]:
            slide(board, w, beyond, step)
        for i in range(board.many[w]):
            board.shares.of[(2 * board.leg[w, i] + board.end[w, i]) * lanes + w] += step[i]
            steps[i * lanes + w] = step[i]
    for i in range(board.many.max()):
        by = load(steps, i * lanes)
        for at in range(0, responses.shape[1], lanes):
            store(x, at, add(load(x, at), mul(by, load(responses[i], at))))


@unowned
def _margin(board: Any, margin: float, w: int) -> float:
    """How far a lane's legs are from where they would move, those that slide too; less than nothing
    where one came far off its line, as do some that cannot slide together."""
    for i in range(board.many[w]):
        share = board.shares.of[(2 * board.leg[w, i] + board.end[w, i]) * len(board.state) + w]
        off = min(abs(share), abs(1.0 - share)) * abs(board.slope[w, i, i])
        margin = min(margin, off) if abs(share) < _ASTRAY else -1.0
    return margin


@in_lanes
def _look(
    board: Any, factors: Any, stride: int, now: int, by: Any, some: Any, margin: float,
    left: float, w: int,
) -> bool:  # fmt: skip
    """Let a lane's legs move, if it is sure where they are; whether others slide now."""
    sure = _margin(board, margin, w)
    if not _clear(sure, left):
        return False
    if not sure > _SURE or board.looks[w] >= LOOKS:
        board.state[w] = ALONE
        return False
    return move(board, factors, stride, now, by, some, w)


@in_lanes
def _solve(
    rows: Any, legs: Any, loose_legs: Any, ties: Any, watched: Any, factors: Any, stride: int,
    now: int, ratio: Any, tolerance: float, board: Any, x: Any, y: Any, more: Any, responses: Any,
    by: Any, some: Any, margin: Any, old: Any, found: Any, extra: Any, room: Any, taken: Any,
) -> None:  # fmt: skip
    """Rounds until every lane is done or given up."""
    _afresh(board)
    while (board.state < DONE).any():
        keep(watched, x, old)
        sided_round(
            rows, legs, loose_legs, ties, board.shares, more[:0], factors, stride, now, ratio, x, y,
            extra, room, taken,
        )  # fmt: skip
        if board.many.any():
            _slides(board, legs, loose_legs, responses, y, room)
        x[: len(y)] = y
        change(watched, x, old, found)
        is_read = differ = False
        for w in range(len(board.state)):
            if board.state[w] >= DONE:
                continue
            left = DOUBT * left_of(board, found, w)
            if board.state[w] == SOLVING and left < _LOOK_PU:
                if not is_read:
                    all_beyond_limits(rows, legs, loose_legs, board.shares, x, by, margin)
                    is_read = True
                differ |= _look(board, factors, stride, now, by, some, margin[w], left, w)
            if board.state[w] == RESTING and left < tolerance:
                board.state[w] = DONE
            if board.state[w] < DONE:
                _is_lost(board, w)
        if differ:
            _respond_to_slides(
                rows, legs, loose_legs, ties, factors, stride, now, ratio, board, x, responses,
                extra, taken, room,
            )  # fmt: skip


@in_lanes
def in_sides(
    rows: Any, legs: Any, loose_legs: Any, ties: Any, readings: Any, start: Any, watched: Any,
    factors: Any, steps: int, ratio: Any, tolerance: float, board: Any, x: Any, out: Any,
    counts: Any, voltages: Any,
) -> None:  # fmt: skip
    """All steps of the lanes; the arrays are those of `steps.in_step`, `counts` [steps × lanes].

    `watched` are all rows with legs. A step that is to be solved alone reads as near a jump.
    """
    lanes, size, stride = width(x), 2 * rows.active * width(x), steps * width(x)
    all_legs = len(board.row) + len(loose_legs.model)
    one, y, more = np.zeros(size), np.zeros(size), np.zeros(2 * all_legs * lanes)
    by, responses = np.zeros(len(board.shares.of)), np.zeros((MOST_SLIDING, size))
    extra, taken = np.zeros(2 * len(ties.below) * lanes), np.zeros(2 * lanes)
    wide = max(2 * len(loose_legs.model), len(start.middle), MOST_SLIDING)
    room, margin, found = np.zeros(wide * lanes), np.zeros(lanes), np.zeros(lanes)
    old, some = np.zeros(2 * len(watched) * lanes), np.empty(len(board.row), np.int64)
    profiles = len(start.middle)
    moving = np.zeros(2 * profiles * lanes)
    for k in range(profiles):
        moving[(2 * k + 1) * lanes : (2 * k + 2) * lanes] = start.middle[k]
    for step in range(steps):
        now = step * lanes
        for k in range(profiles):
            store(moving, 2 * k * lanes, load(factors, k * stride + now))
        if len(start.rows):
            anticipate(start, moving, 2 * lanes, 0, lanes, one, room)
        board.state[:], board.total[:], board.looks[:] = SOLVING, 0, 0
        _foretell(
            rows, legs, loose_legs, ties, watched, factors, stride, now, ratio, board, one, x, y,
            more, by, margin, old, found, extra, room, taken,
        )  # fmt: skip
        _solve(
            rows, legs, loose_legs, ties, watched, factors, stride, now, ratio, tolerance, board,
            x, y, more, responses, by, some, margin, old, found, extra, room, taken,
        )  # fmt: skip
        measure(
            rows, legs, loose_legs, readings, factors, stride, now, ratio, x, extra, room, taken,
            out, stride, now,
        )  # fmt: skip
        powers_on_sides(
            rows, legs, loose_legs, board.shares, factors, stride, now, x, extra,
            room, taken, out, stride, now,
        )  # fmt: skip
        for w in range(lanes):
            counts[now + w] = board.total[w]
            is_alone = board.state[w] == ALONE
            if is_alone:
                out[10 * stride + now + w] = 1.0
                x[w::lanes], one[w::lanes] = 0.0, 0.0
            for k in range(profiles):
                at = (2 * k + 1) * lanes + w
                moving[at] = start.middle[k] if is_alone else moving[at - lanes]
        if len(voltages):
            voltages[step * len(x) : (step + 1) * len(x)] = x
