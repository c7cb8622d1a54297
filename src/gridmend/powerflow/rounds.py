"""Newton's rounds, with a matrix that is kept as long as it serves.

Each round solves `(Y + dI) v' = driven + dI v − I(v)` in real 2 × 2 blocks; no current is ever
formed as the small difference of two large ones, so switches of a micro-ohm do no harm. Only
nodes with an injection are iterated, the passive ones follow at the end by one
back-substitution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.powerflow.blocks import substitute
from gridmend.powerflow.chord import (
    Line,
    Rooms,
    Sloped,
    across_places,
    add_offsets,
    linearise,
    linearised,
    sloped,
)
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.factor import substitute_passive
from gridmend.powerflow.legs import Shares, answered

if TYPE_CHECKING:
    from gridmend.powerflow.iteration import State

TOLERANCE_PU = 1e-10
"""Largest change of a voltage in the last round, and in all that would follow it."""

_ROUNDS = 100
WORTH_KEEPING = 0.35
WORTH_KEEPING_OLD = 0.15
"""The same of a matrix that was made for another demand, which one made anew soon betters."""

_CLOSE_PU = 1e-5
_ROUNDING_PU = 1e-8
"""Below this a change that no longer shrinks, though the matrix was made there, is rounding: that
of a switch of a micro-ohm."""

_LEAST_DAMPING = 0.1

_SLOWEST = 0.99
"""No pace is taken to be slower."""

_LEAST_LEFT = 0.1
"""No pace is trusted to leave less of the last change, where controls look roughly."""

_LEAST_SHARE, _MOST_SHARE = -0.5, 1.5
"""How far a round may be held back or carried on, of its way from the one before."""


@dataclass(frozen=True, eq=False)
class Solution:
    """Voltages that satisfy a state's demand, or the best found.

    `left_pu` is what rounds to come would still change, at the slowest pace since the matrix was
    made.
    """

    v_v: Complexes
    converged: bool
    iterations: int
    mismatch_pu: float
    worst: int
    left_pu: float


class Way(NamedTuple):
    """How far the rounds are: what the last changed [pu] and where, and what is left [pu].

    `slowest` is the slowest pace since the matrix was made; the next `is_first` where it cannot
    be mixed with one before.
    """

    rounds: int = 0
    change: float = np.inf
    left: float = np.inf
    worst: int = 0
    damping: float = 1.0
    slowest: float = 0.0
    is_first: bool = True


THERE, LOST, _SLOW, _STALLED = range(4)
"""Why rounds with one matrix end: done, nothing found, or the matrix is to be made anew."""


def newton_rounds(
    state: State, s_va: Complexes, v: Complexes, line: Line | None, *, old: bool,
    shares: Shares | None = None, within_pu: float = TOLERANCE_PU,
) -> tuple[Solution, Line]:  # fmt: skip
    """From voltages [V] to where less than `within_pu` is left; legs cross their limits as said.

    The matrix is linearised where the rounds start, unless one is given, and kept while each
    leaves at most `WORTH_KEEPING` of the way, else made anew; a round that leads away is
    damped. Close to the end it is kept in any case, which takes its rounding out of the changes.
    What is left in one direction shrinks by the same factor each round: two rounds tell it, and
    the next begins where it would end (Anderson's mixing of depth one).
    """
    network = state.network
    place, base, first = network.place, network.nodes.base_v, network.first
    keep = WORTH_KEEPING_OLD if old and line else WORTH_KEEPING
    line = linearised(state, s_va, v, shares=shares) if line is None else line
    x, driven = by_place(place, state.alive, v, base, state.driven)
    way, why = rounds_to(
        sloped(state, line), s_va, shares, driven, x, line.rooms, Way(worst=first), keep,
        within_pu,
    )  # fmt: skip
    return solution_at(state, x, way, converged=why == THERE), line


def solution_at(state: State, x: Complexes, way: Way, *, converged: bool) -> Solution:
    """What rounds came to at voltages by place `x` [pu], of which the passive ones follow."""
    network = state.network
    substitute_passive(state.factor, x, network.first)
    node = int(np.argmax(network.place == way.worst)) if len(x) else 0
    v = by_node(network.place, state.alive, x, network.nodes.base_v)
    return Solution(v, converged, way.rounds, way.change, node, way.left)


@compiled
def rounds_to(
    m: Sloped, s_va: Complexes, shares: Shares | None, driven: Complexes, x: Complexes,
    room: Rooms, way: Way, keep: float, within_pu: float,
) -> tuple[Way, int]:  # fmt: skip
    """Rounds from voltages by place `x` [pu] on, in place, their matrix made anew where it pays.

    How far they came, and whether they are `THERE` or `LOST`.
    """
    renewed = False
    while True:
        way, why = _rounds(m, s_va, shares, driven, x, room, way, keep, within_pu, renewed)
        if why in (THERE, LOST):
            return way, why
        renewed, keep = why == _STALLED, WORTH_KEEPING
        linearise(m, answered(m.balanced, across_places(m.ends, x)), s_va, shares)
        way = Way(way.rounds, np.inf, np.inf, way.worst, way.damping, 0.0, True)


@compiled
def _rounds(
    m: Sloped, s_va: Complexes, shares: Shares | None, driven: Complexes, x: Complexes,
    room: Rooms, way: Way, keep: float, within_pu: float, renewed: bool,
) -> tuple[Way, int]:  # fmt: skip
    """Rounds with one matrix; how far, and why they end."""
    rounds, change, left, worst, damping, slowest, is_first = way
    first, (found, last, before_x), at, turned = m.first, room, x, False
    numbers = (*m.active_columns, *m.factor)
    why = LOST
    while why == LOST and rounds < _ROUNDS:
        for k in range(first, len(found)):
            found[k] = driven[k]
        add_offsets(m, s_va, shares, at, found)
        rounds += 1
        substitute(numbers, found[first:])
        before = change
        worst, change, up, down = _changes(first, found, at, last, before_x, is_first)
        if not np.isfinite(change):
            break
        is_away = change > max(before, _CLOSE_PU)
        damping = max(damping / 2, _LEAST_DAMPING) if is_away else min(damping * 1.5, 1.0)
        can_mix = damping >= 1.0 and down > 0.0
        share = min(max(-up / down, _LEAST_SHARE), _MOST_SHARE) if can_mix else 0.0
        _go_on(first, found, damping, share, last, at, before_x)
        at, before_x, found, last, turned = before_x, at, last, found, not turned
        is_first = damping < 1.0
        stalled = 0.9 * before < change < _ROUNDING_PU
        pace = max(change / before, share / (1.0 + share))
        slowest = min(max(pace, slowest), _SLOWEST)
        least = _LEAST_LEFT if within_pu > TOLERANCE_PU and before < np.inf else 1.0
        left = change * max(least, slowest / (1.0 - slowest))
        if left < within_pu or (stalled and renewed):
            why = THERE
        elif stalled:
            why = _STALLED
        elif change > _CLOSE_PU and pace > keep:
            why = _SLOW
    if turned:
        for k in range(first, len(x)):
            x[k], room[2][k], room[1][k] = at[k], before_x[k], last[k]
    return Way(rounds, change, left, worst, damping, slowest, is_first), why


def by_place(
    place: Ints, alive: Flags, v: Complexes, base: Floats, driven: Complexes
) -> tuple[Complexes, Complexes]:
    """Voltages and currents of sources in the order of the elimination [pu], 0 where dead."""
    x, i = np.zeros(len(v), complex), np.zeros(len(v), complex)
    _set_by_place(place, alive, v, base, driven, x, i)
    return x, i


@compiled
def _set_by_place(
    place: Ints, alive: Flags, v: Complexes, base: Floats, driven: Complexes, x: Complexes,
    i: Complexes,
) -> None:  # fmt: skip
    for k in range(len(v)):
        if alive[k]:
            by = 1.0 / base[k]
            x[place[k]] = complex(v[k].real * by, v[k].imag * by)
            i[place[k]] = complex(driven[k].real * base[k], driven[k].imag * base[k])


@compiled
def by_node(place: Ints, alive: Flags, x: Complexes, base: Floats) -> Complexes:
    """Voltages of nodes [V], 0 where dead."""
    v = np.zeros(len(x), np.complex128)
    for k in range(len(x)):
        if alive[k]:
            v[k] = complex(x[place[k]].real * base[k], x[place[k]].imag * base[k])
    return v


@compiled
def _changes(
    first: int, found: Complexes, x: Complexes, last: Complexes, before_x: Complexes,
    is_first: bool,
) -> tuple[int, float, float, float]:  # fmt: skip
    """Which place from `first` moves most, and how far, nan where one has no value; and what tells
    how the way from `x` to what was `found` goes on from that of the round before, from `before_x`
    to `last`, unless this `is_first`."""
    worst, most, up, down = first, 0.0, 0.0, 0.0
    for k in range(first, len(x)):
        re, im = found[k].real - x[k].real, found[k].imag - x[k].imag
        square = re * re + im * im
        if not square <= most:
            worst, most = k, square
            if square != square:
                break
        if not is_first:
            by_re = re - (last[k].real - before_x[k].real)
            by_im = im - (last[k].imag - before_x[k].imag)
            up += by_re * re + by_im * im
            down += by_re * by_re + by_im * by_im
    return worst, math.sqrt(most), up, down


@compiled
def _go_on(
    first: int, found: Complexes, damping: float, share: float, last: Complexes, x: Complexes,
    to: Complexes,
) -> None:  # fmt: skip
    """Set `to` where the next round begins: `damping` of the way from `x` to what was found, and
    `share` of that from what the round before found."""
    for k in range(first, len(x)):
        now, was = found[k], last[k] if share != 0.0 else found[k]
        to[k] = x[k] + (damping * (now - x[k]) + share * (now - was))
