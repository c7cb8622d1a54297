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
from gridmend.powerflow.blocks import Numbers, substitute, substitute_back
from gridmend.powerflow.chord import Line, Taking, add_offsets, linearised
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.legs import Crossing

if TYPE_CHECKING:
    from gridmend.powerflow.iteration import State

TOLERANCE_PU = 1e-10
"""Largest change of a voltage in the last round, and in all that would follow it."""

_ROUNDS = 100
_WORTH_KEEPING = 0.6
_WORTH_KEEPING_OLD = 0.15
"""The same of a matrix that was made for another demand, which one made anew soon betters."""

_CLOSE_PU = 1e-5
_ROUNDING_PU = 1e-8
"""Below this a change that no longer shrinks, though the matrix was made there, is rounding: that
of a switch of a micro-ohm."""

_LEAST_DAMPING = 0.1

_SLOWEST = 0.99
"""No pace is taken to be slower."""

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


class _Way(NamedTuple):
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


_THERE, _LOST, _SLOW, _STALLED = range(4)
"""Why rounds with one matrix end: done, nothing found, or the matrix is to be made anew."""


def newton_rounds(
    state: State, s_va: Complexes, v: Complexes, line: Line | None, *, old: bool,
    crossing: Crossing | None = None, within_pu: float = TOLERANCE_PU,
) -> tuple[Solution, Line]:  # fmt: skip
    """From voltages [V] to where less than `within_pu` is left; legs cross their limits as said.

    The matrix is linearised where the rounds start, unless one is given, and kept while each
    leaves at most `_WORTH_KEEPING` of the way, else made anew; a round that leads away is
    damped. Close to the end it is kept in any case, which takes its rounding out of the changes.
    What is left in one direction shrinks by the same factor each round: two rounds tell it, and
    the next begins where it would end (Anderson's mixing of depth one).
    """
    network = state.network
    place, base, first, pattern = (
        network.place,
        network.nodes.base_v,
        network.first,
        network.pattern,
    )
    keep = _WORTH_KEEPING_OLD if old and line else _WORTH_KEEPING
    line = linearised(state, s_va, v, crossing=crossing) if line is None else line
    x, driven = _by_place(place, state.alive, v, base, state.driven)
    found, last, step = np.empty_like(x), np.empty_like(x), np.empty_like(x)
    way, renewed = _Way(worst=first), False
    while True:
        taking = network.leg_ends, network.legs.answers, network.legs.balanced, line.slope
        way, why = _rounds(
            line.blocks.numbers, taking, s_va, crossing, driven, first,
            x, found, last, step, way, keep, within_pu, renewed,
        )  # fmt: skip
        if why in (_THERE, _LOST):
            break
        renewed, keep = why == _STALLED, _WORTH_KEEPING
        way = way._replace(is_first=True, slowest=0.0)
        line = linearised(state, s_va, _by_node(place, state.alive, x, base), line, crossing)
    substitute_back(pattern.l_start, pattern.l_rows, line.blocks.upper, x, first)
    node = int(np.argmax(place == way.worst)) if len(place) else 0
    v = _by_node(place, state.alive, x, base)
    return Solution(v, why == _THERE, way.rounds, way.change, node, way.left), line


@compiled
def _rounds(
    numbers: Numbers, taking: Taking, s_va: Complexes, crossing: Crossing | None,
    driven: Complexes, first: int, x: Complexes, found: Complexes, last: Complexes,
    step: Complexes, way: _Way, keep: float, within_pu: float, renewed: bool,
) -> tuple[_Way, int]:  # fmt: skip
    """Rounds with one matrix, from voltages by place `x` [pu] on; how far, and why they end."""
    rounds, change, left, worst, damping, slowest, is_first = way
    why = _LOST
    while why == _LOST and rounds < _ROUNDS:
        rounds += 1
        for k in range(first, len(found)):
            found[k] = driven[k]
        add_offsets(taking, s_va, crossing, x, found)
        substitute(numbers, found, first)
        before = change
        worst, change = _largest(first, found, x)
        if not np.isfinite(change):
            break
        is_away = change > max(before, _CLOSE_PU)
        damping = max(damping / 2, _LEAST_DAMPING) if is_away else min(damping * 1.5, 1.0)
        is_first = is_first or damping < 1.0
        share = _towards(first, found, damping, x, last, step, is_first)
        is_first = damping < 1.0
        stalled = 0.9 * before < change < _ROUNDING_PU
        pace = max(change / before, share / (1.0 + share))
        slowest = min(max(pace, slowest), _SLOWEST)
        left = change * max(1.0, slowest / (1.0 - slowest))
        if left < within_pu or (stalled and renewed):
            why = _THERE
        elif stalled:
            why = _STALLED
        elif change > _CLOSE_PU and pace > keep:
            why = _SLOW
    return _Way(rounds, change, left, worst, damping, slowest, is_first), why


@compiled
def _by_place(
    place: Ints, alive: Flags, v: Complexes, base: Floats, driven: Complexes
) -> tuple[Complexes, Complexes]:
    """Voltages and currents of sources in the order of the elimination [pu], 0 where dead."""
    x, i = np.zeros(len(v), np.complex128), np.zeros(len(v), np.complex128)
    for k in range(len(v)):
        if alive[k]:
            by = 1.0 / base[k]
            x[place[k]] = complex(v[k].real * by, v[k].imag * by)
            i[place[k]] = complex(driven[k].real * base[k], driven[k].imag * base[k])
    return x, i


@compiled
def _by_node(place: Ints, alive: Flags, x: Complexes, base: Floats) -> Complexes:
    """Voltages of nodes [V], 0 where dead."""
    v = np.zeros(len(x), np.complex128)
    for k in range(len(x)):
        if alive[k]:
            v[k] = complex(x[place[k]].real * base[k], x[place[k]].imag * base[k])
    return v


@compiled
def _largest(first: int, found: Complexes, x: Complexes) -> tuple[int, float]:
    """Which place from `first` moves most, and how far; nan where one has no value."""
    worst, most = first, 0.0
    for k in range(first, len(x)):
        re, im = found[k].real - x[k].real, found[k].imag - x[k].imag
        square = re * re + im * im
        if not square <= most:
            worst, most = k, square
            if square != square:
                break
    return worst, math.sqrt(most)


@compiled
def _towards(
    first: int, found: Complexes, damping: float, x: Complexes, last: Complexes, step: Complexes,
    is_first: bool,
) -> float:  # fmt: skip
    """Go to where the next round begins; by which share of the last way beyond what was found.

    `last` and `step` are what was found and how far that was, in the round before unless this
    `is_first`.
    """
    up = down = share = 0.0
    for k in range(first if not is_first else len(x), len(x)):
        re, im = found[k].real - x[k].real, found[k].imag - x[k].imag
        by_re, by_im = re - step[k].real, im - step[k].imag
        up += by_re * re + by_im * im
        down += by_re * by_re + by_im * by_im
    if down > 0.0:
        share = min(max(-up / down, _LEAST_SHARE), _MOST_SHARE)
    for k in range(first, len(x)):
        now, was = found[k], last[k] if share != 0.0 else found[k]
        step[k], last[k] = now - x[k], now
        x[k] += damping * step[k] + share * (now - was)
    return share
