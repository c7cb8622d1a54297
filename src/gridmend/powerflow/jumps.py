"""Legs whose power jumps at a limit: on which side of it each of them comes to rest.

Decision record 0006 has the rule and why it always ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.powerflow.leg_models import EXPONENTIAL, LINE, LOWER, NEARING, SLIDING, UPPER
from gridmend.powerflow.legs import Crossing, Legs, leg_voltages

LOOKS = 60
"""How often the sides are looked at in one solve; a bound that no feeder has come near."""

_TRIES = 6
"""How often a leg may begin to slide, or go up after others went down."""


@dataclass(frozen=True, eq=False)
class Sides:
    """Where each leg is at each of its limits.

    `crossing` [legs, 2] as in `leg_models`; `rising` whether legs go up before any goes down;
    `tries` [legs, 2] how often it began to slide, or went up since; `other` [legs, 2] of those
    that just began to slide the side that they did not come from, else nothing.
    """

    crossing: Crossing
    other: Crossing
    tries: Ints
    rising: bool


def beyond(legs: Legs, v_v: Complexes) -> Floats:
    """[legs, 2] how far squared voltages are above the limits [of the squared limit].

    Minus infinity for a leg that does not jump, infinity where there is no limit.
    """
    u = np.abs(leg_voltages(legs, v_v)) / legs.rated_v
    with np.errstate(divide="ignore", invalid="ignore"):
        by = (u[:, None] / legs.limits[:, 1:]) ** 2 - 1.0
    return np.where((legs.model == EXPONENTIAL)[:, None], by, -np.inf)


def taken(by: Floats) -> Crossing:
    """[legs, 2] the side on which each leg is."""
    return np.where(by > 0.0, UPPER, LOWER).astype(np.int8)


def first(by: Floats) -> Sides:
    """Each leg on its side of the state that was foretold."""
    return Sides(taken(by), np.zeros(by.shape, np.int8), np.zeros(by.shape, np.int64), rising=True)


def after(sides: Sides, by: Floats, s_va: Complexes) -> Sides | None:
    """The sides to go on with from a state at rest with `sides`; None where nothing is left to do.

    First legs go up that are above their limit, then those go down that are beneath it. What then
    is above after all goes up once more; what cannot stay there either slides, and so does at once
    a leg that gives vars, for its voltage may fall as it goes up, and one up that is within the
    line. One that finds no rest on the line goes to the side that it did not come from, and one
    that rested there and is moved off its end to that side.
    """
    low, high = misplaced(sides, by, s_va)
    if not (low.any() or high.any() or slide(sides)):
        return None
    crossing, share = sides.crossing, 1.0 + by / LINE
    may, gives = sides.tries < _TRIES, (s_va.imag < 0)[:, None]
    slides = may & (gives & (low | high) | high & ((share > 0.0) | (sides.tries > 0)))
    out = (crossing == SLIDING) & ((share < 0.0) | (share > 1.0))
    climbs, falls = low & may & ~slides, high & ~slides
    rising = sides.rising and bool((climbs | slides | out).any())
    if rising:
        falls = np.zeros_like(falls)
    elif (falls | slides | out).any():
        climbs = np.zeros_like(climbs)
    if not (climbs | falls | slides | out).any():
        return None
    now = np.where(slides, SLIDING, crossing)
    anew = (sides.other > 0) & (sides.tries < _TRIES // 2)
    off = np.where(anew, sides.other, np.where(share > 1.0, UPPER, LOWER))
    now = np.where(out, off, np.where(climbs, UPPER, np.where(falls, LOWER, now)))
    other = np.where(slides, np.where(low, UPPER, LOWER), 0)
    tries = sides.tries + (slides | climbs & (not rising))
    return Sides(now.astype(np.int8), other.astype(np.int8), tries, rising)


def stages(sides: Sides) -> tuple[Crossing, ...]:
    """How legs cross, one solve after another: those that begin to slide near their line first."""
    began = (sides.crossing == SLIDING) & (sides.other > 0)
    if not began.any():
        return (sides.crossing,)
    return np.where(began, NEARING, sides.crossing).astype(np.int8), sides.crossing


def given_up(sides: Sides) -> Sides | None:
    """Legs that just began to slide on their other side instead, for good; None without any."""
    began = sides.other > 0
    if not began.any():
        return None
    crossing, tries = np.where(began, sides.other, sides.crossing), np.where(began, _TRIES, 0)
    return Sides(crossing, np.zeros_like(sides.other), np.maximum(tries, sides.tries), sides.rising)


def misplaced(sides: Sides, by: Floats, s_va: Complexes) -> tuple[Flags, Flags]:
    """[legs, 2] legs above a limit that take what they would beneath it, and the other way."""
    share, takes = 1.0 + by / LINE, (s_va != 0)[:, None]
    low = (sides.crossing == LOWER) & (share > 0.0) & takes
    return low, (sides.crossing == UPPER) & (share < 1.0) & takes


def slide(sides: Sides) -> bool:
    """Whether any leg slides."""
    return bool((sides.crossing == SLIDING).any())


def slides_differ(before: Sides, now: Sides) -> bool:
    """Whether other legs slide now, for which a matrix made before serves no longer."""
    return bool(((before.crossing == SLIDING) != (now.crossing == SLIDING)).any())
