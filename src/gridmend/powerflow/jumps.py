"""Legs whose power jumps at a limit: on which side of it each of them comes to rest.

Decision record 0006 has the rule and why it always ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.leg_models import EXPONENTIAL, LINE
from gridmend.powerflow.legs import Legs, Shares, leg_voltages

LOWER, UPPER, SLIDING = 1, 2, 3
"""How a leg crosses a limit: at any voltage as below it or as above it, or along its line, where
its share of what is above is an unknown beside the voltages."""

Crossing = NDArray[np.int8]
"""[legs, 2] how each leg crosses its lower and upper limit."""

LOOKS = 60
"""How often the sides are looked at in one solve; a bound that no feeder has come near."""

_NOTHING, _CLIMBS, _FALLS, _SLIDES_LOW, _SLIDES_HIGH, _OUT = range(6)
"""What a leg does next at a limit; it slides from below or from above, or out of its line."""

_TRIES = 6
"""How often a leg may begin to slide, or go up after others went down."""


@dataclass(frozen=True, eq=False)
class Sides:
    """Where each leg is at each of its limits.

    `crossing` [legs, 2]; `share` [legs, 2] of what is above, of those that slide; `rising` whether
    legs go up before any goes down; `tries` [legs, 2] how often each began to slide, or went up
    since; `other` [legs, 2] of those that just began to slide the side that they did not come from,
    else nothing.
    """

    crossing: Crossing
    other: Crossing
    tries: Ints
    rising: bool
    share: Floats

    @property
    def shares(self) -> Shares:
        """[legs, 2] what each leg is of above its limits."""
        return np.where(self.crossing == SLIDING, self.share, self.crossing == UPPER).astype(float)

    @property
    def sliding(self) -> Flags:
        """[legs, 2] which slide."""
        return self.crossing == SLIDING


def beyond(legs: Legs, v_v: Complexes) -> Floats:
    """[legs, 2] how far squared voltages are above the limits [of the squared limit].

    Minus infinity for a leg that does not jump, infinity where there is no limit.
    """
    return _beyond(legs.model, legs.rated_v, legs.limits, leg_voltages(legs, v_v))


@compiled
def _beyond(model: Ints, rated_v: Floats, limits: Floats, u_v: Complexes) -> Floats:
    by = np.full((len(u_v), 2), -np.inf)
    for k in range(len(u_v)):
        if model[k] == EXPONENTIAL:
            u = abs(u_v[k]) / rated_v[k]
            for end in range(2):
                by[k, end] = (u / limits[k, 1 + end]) ** 2 - 1.0
    return by


def taken(by: Floats) -> Shares:
    """[legs, 2] what each leg is of above its limits, on its side of them."""
    return (by > 0.0).astype(float)


def first(by: Floats) -> Sides:
    """Each leg on its side of the state that was foretold."""
    crossing = np.where(by > 0.0, UPPER, LOWER).astype(np.int8)
    none = np.zeros(by.shape, np.int8)
    return Sides(crossing, none, none.astype(np.int64), rising=True, share=taken(by))


def after(sides: Sides, by: Floats, s_va: Complexes) -> Sides | None:
    """The sides to go on with from a state at rest with `sides`; None where nothing is left to do.

    First legs go up that are above their limit, then those go down that are beneath it. What then
    is above after all goes up once more; what cannot stay there either slides, and so does at once
    a leg that gives vars, for its voltage may fall as it goes up, and one up that is within the
    line. One that finds no rest on the line goes to the side that it did not come from, and one
    that rested there and is moved off its end to that side.
    """
    crossing, other, tries = sides.crossing, sides.other, sides.tries
    by = np.where(sides.sliding, (sides.share - 1.0) * LINE, by)
    any_moves, rising, moves = moves_of(crossing, tries, by, s_va, sides.rising)
    if not any_moves:
        return None
    now = crossing.copy(), np.zeros_like(other), tries.copy()
    take_moves(*now, other, moves, by, rising)
    return Sides(*now, rising, sides.shares)


@compiled
def moves_of(
    crossing: Crossing, tries: Ints, by: Floats, s_va: Complexes, was_rising: bool
) -> tuple[bool, bool, Crossing]:
    """Whether any leg moves, whether legs go up before any goes down, and [legs, 2] what each does
    at each limit."""
    moves = np.zeros(crossing.shape, np.int8)
    some_slide = some_climb = some_fall = some_out = False
    for k in range(len(crossing)):
        gives = s_va[k].imag < 0
        for end in range(2):
            low, high, share = misplaced(crossing[k, end], by[k, end], s_va[k])
            may = tries[k, end] < _TRIES
            if may and ((gives and low) or (high and (gives or share > 0 or tries[k, end] > 0))):
                moves[k, end], some_slide = _SLIDES_LOW if low else _SLIDES_HIGH, True
            elif low and may:
                moves[k, end], some_climb = _CLIMBS, True
            elif high:
                moves[k, end], some_fall = _FALLS, True
            elif crossing[k, end] == SLIDING and (share < 0.0 or share > 1.0):
                moves[k, end], some_out = _OUT, True
    rising = was_rising and (some_climb or some_slide or some_out)
    kept = _FALLS if rising else _CLIMBS if some_fall or some_slide or some_out else _NOTHING
    for k in range(len(moves)):
        for end in range(2):
            if moves[k, end] == kept:
                moves[k, end] = _NOTHING
    return some_fall or some_slide or some_out or some_climb, rising, moves


@compiled
def take_moves(
    crossing: Crossing, other: Crossing, tries: Ints, was_other: Crossing, moves: Crossing,
    by: Floats, rising: bool,
) -> None:  # fmt: skip
    """Do what `moves_of` says, in place."""
    for k in range(len(moves)):
        for end in range(2):
            move = moves[k, end]
            if move == _OUT:
                anew = was_other[k, end] > 0 and tries[k, end] < _TRIES // 2
                side = UPPER if 1.0 + by[k, end] / LINE > 1.0 else LOWER
                crossing[k, end] = was_other[k, end] if anew else side
            elif move == _CLIMBS:
                crossing[k, end] = UPPER
                tries[k, end] += not rising
            elif move == _FALLS:
                crossing[k, end] = LOWER
            elif move != _NOTHING:
                crossing[k, end] = SLIDING
                other[k, end] = UPPER if move == _SLIDES_LOW else LOWER
                tries[k, end] += 1


def given_up(sides: Sides) -> Sides | None:
    """Legs that just began to slide on their other side instead, for good; None without any."""
    began = sides.other > 0
    if not began.any():
        return None
    crossing, tries = np.where(began, sides.other, sides.crossing), np.where(began, _TRIES, 0)
    return Sides(
        crossing, np.zeros_like(sides.other), np.maximum(tries, sides.tries), sides.rising,
        sides.share,
    )  # fmt: skip


@compiled
def misplaced(crossing: int, by: float, s_va: complex) -> tuple[bool, bool, float]:
    """Whether a leg above a limit takes what it would beneath it, or the other way; its share of
    what is above, were it on the line."""
    share = 1.0 + by / LINE
    takes = s_va != 0
    return (
        crossing == LOWER and share > 0.0 and takes,
        crossing == UPPER and share < 1.0 and takes,
        share,
    )
