"""On which sides of their limits the legs of each lane are, and what they do next."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.powerflow.jumps import (
    LOWER,
    SLIDING,
    UPPER,
    misplaced,
    moves_of,
    take_moves,
)
from gridmend.powerflow.lanes.legs import ADMITTANCE, EXPONENTIAL, STEADY_CURRENT, UNDER
from gridmend.powerflow.lanes.sides import LegShares
from gridmend.powerflow.lanes.steps import FIRST_PACE
from gridmend.powerflow.leg_models import LINE
from gridmend.powerflow.simd import aligned, get, in_lanes, inlined, unowned

MOST_SLIDING = 4
"""Legs that may slide in one lane at once; where more do, the step is solved alone."""

SOLVING, RESTING, DONE, ALONE = range(4)
"""Of a lane: its rounds go on, its legs are where they belong, it is exact, or it is given up."""


class Board(NamedTuple):
    """Where the legs of each lane are.

    Of all legs, in the order of their `shares`: `crossing`, `other`, `tries` [lanes, legs, 2] and
    `rising` [lanes] as in `jumps.Sides`; whether each `jumps`, its `row` where it is fused, its
    rated power `s_va` and the profiles `p_at` and `q_at` that this follows. Of legs that slide:
    how `many` [lanes], which `leg` and `end` [lanes, MOST_SLIDING], and `slope` [lanes,
    MOST_SLIDING, MOST_SLIDING] how far beyond its limit each comes by the share of each. Of lanes:
    `state`, `rounds` since it last moved, `total`, `looks`, `pace` and the change `before`.
    """

    crossing: Any
    other: Any
    tries: Any
    rising: Any
    jumps: Any
    row: Any
    s_va: Any
    p_at: Any
    q_at: Any
    shares: Any
    many: Any
    leg: Any
    end: Any
    slope: Any
    state: Any
    rounds: Any
    total: Any
    looks: Any
    pace: Any
    before: Any

    @staticmethod
    def of(rows: Any, legs: Any, across: Any, lanes: int) -> Board:
        """For the legs of a network laid out, fused or across two nodes, with room for lanes."""
        both = (legs, across)
        rated: Floats = np.concatenate([each.rated for each in both]).reshape(-1, 2)
        kinds: Ints = np.concatenate([each.kinds for each in both])
        by_rated: Floats = np.concatenate([each.under[2::UNDER] for each in both])
        starts: Ints = rows.leg_start
        row = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        size, most = len(kinds), MOST_SLIDING
        sides = (lanes, size, 2)
        return Board(
            crossing=np.zeros(sides, np.int8),
            other=np.zeros(sides, np.int8),
            tries=np.zeros(sides, np.int64),
            rising=np.zeros(lanes, np.bool_),
            jumps=kinds == EXPONENTIAL,
            row=np.concatenate([row, np.full(size - len(row), -1)]),
            s_va=rated @ (1, 1j),
            p_at=np.concatenate([each.p_at for each in both]),
            q_at=np.concatenate([each.q_at for each in both]),
            shares=LegShares(
                aligned(2 * size * lanes, float),
                by_rated ** (2.0 - (kinds == STEADY_CURRENT) - 2.0 * (kinds == ADMITTANCE)),
            ),
            many=np.zeros(lanes, np.int64),
            leg=np.zeros((lanes, most), np.int64),
            end=np.zeros((lanes, most), np.int64),
            slope=np.zeros((lanes, most, most)),
            state=np.zeros(lanes, np.int64),
            rounds=np.zeros(lanes, np.int64),
            total=np.zeros(lanes, np.int64),
            looks=np.zeros(lanes, np.int64),
            pace=np.zeros(lanes),
            before=np.zeros(lanes),
        )


@unowned
def begin(board: Any, by: Any) -> None:
    """All legs of all lanes on the side where `by` [legs × 2 × lanes] says that they are."""
    lanes = len(board.state)
    board.tries[:], board.rising[:], board.many[:] = 0, True, 0
    board.other[:] = 0
    for k in range(len(board.row)):
        for end in range(2):
            at = (2 * k + end) * lanes
            jumps = board.jumps[k]
            for w in range(lanes):
                above = jumps and by[at + w] > 0.0
                board.crossing[w, k, end] = UPPER if above else LOWER
                board.shares.of[at + w] = 1.0 if above else 0.0


@in_lanes
def move(
    board: Any, factors: Any, stride: int, offset: int, by: Any, some: Any, w: int
) -> bool:  # fmt: skip
    """What the legs of a lane at rest do next; whether others slide now. `some` [legs] is room."""
    lanes, many = len(board.state), 0
    for k in range(len(board.row)):
        if _may_move(board, by, k, w):
            some[many] = k
            many += 1
    beyond, s_va = np.full((many, 2), -np.inf), np.empty(many, np.complex128)
    crossing, tries = np.empty((many, 2), np.int8), np.empty((many, 2), np.int64)
    for n in range(many):
        k = some[n]
        p = factors[board.p_at[k] * stride + offset + w] * board.s_va[k].real
        q = factors[board.q_at[k] * stride + offset + w] * board.s_va[k].imag
        s_va[n], crossing[n], tries[n] = complex(p, q), board.crossing[w, k], board.tries[w, k]
        for end in range(2):
            at = (2 * k + end) * lanes + w
            slides = crossing[n, end] == SLIDING
            beyond[n, end] = (board.shares.of[at] - 1.0) * LINE if slides else by[at]
    moved, rising, moves = moves_of(crossing, tries, beyond, s_va, board.rising[w])
    if not moved:
        board.state[w] = RESTING
        for n in range(many):
            for end in range(2):
                low, high, _ = misplaced(crossing[n, end], beyond[n, end], s_va[n])
                if low or high:
                    board.state[w] = ALONE
        return False
    was, other = np.empty_like(crossing), np.zeros_like(crossing)
    for n in range(many):
        was[n] = board.other[w, some[n]]
    take_moves(crossing, other, tries, was, moves, beyond, rising)
    board.other[w] = 0
    for n in range(many):
        k = some[n]
        board.crossing[w, k], board.other[w, k], board.tries[w, k] = crossing[n], other[n], tries[n]
    board.rising[w] = rising
    board.looks[w] += 1
    board.rounds[w], board.before[w] = 0, 0.0
    board.pace[w] = max(board.pace[w], FIRST_PACE)
    return _shared(board, some[:many], w)


@inlined
def _may_move(board: Any, by: Any, k: int, w: int) -> bool:
    """Whether a leg is not where its side is, or slides."""
    if not board.jumps[k]:
        return False
    lanes = len(board.state)
    for end in range(2):
        at = (2 * k + end) * lanes + w
        share = get(board.shares.of, at)
        above = get(by, at)
        if (share == 0.0 and above > -LINE) or (share == 1.0 and above < 0.0):
            return True
        if share != 0.0 and share != 1.0:
            return True
    return False


@unowned
def _shared(board: Any, some: Any, w: int) -> bool:
    """Give `some` legs of a lane, all that moved or slide, the shares of their sides.

    Whether others slide than before.
    """
    lanes, differ, many = len(board.state), False, 0
    for k in some:
        for end in range(2):
            at, now = (2 * k + end) * lanes + w, board.crossing[w, k, end]
            if now != SLIDING:
                board.shares.of[at] = 1.0 if now == UPPER else 0.0
                continue
            if many == MOST_SLIDING:
                board.state[w] = ALONE
                return False
            begun = many >= board.many[w] or (board.leg[w, many], board.end[w, many]) != (k, end)
            differ |= begun
            board.leg[w, many], board.end[w, many] = k, end
            many += 1
    differ |= many != board.many[w]
    board.many[w] = many
    return differ


@in_lanes
def slide(board: Any, w: int, beyond: Any, step: Any) -> None:
    """To `step` [MOST_SLIDING] how far shares go to bring legs that slide onto their lines.

    `beyond` [MOST_SLIDING] is how far above their limits they are. Elimination with pivots.
    """
    n = board.many[w]
    a = board.slope[w].copy()
    for i in range(n):
        share = board.shares.of[(2 * board.leg[w, i] + board.end[w, i]) * len(board.state) + w]
        step[i] = (share - 1.0) * LINE - beyond[i]
        a[i, i] -= LINE
    for i in range(n):
        best = i + np.argmax(np.abs(a[i:n, i]))
        step[i], step[best] = step[best], step[i]
        for c in range(n):
            a[i, c], a[best, c] = a[best, c], a[i, c]
        for k in range(n):
            if k != i:
                by = a[k, i] / a[i, i]
                step[k] -= by * step[i]
                for c in range(i, n):
                    a[k, c] -= by * a[i, c]
    for i in range(n):
        step[i] /= a[i, i]
