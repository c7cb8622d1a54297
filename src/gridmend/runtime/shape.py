"""How demand and sun move over a day where nothing better is known: stated, not measured."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import GridmendError

Floats = NDArray[np.float64]

MINUTES_A_DAY = 1440


def residential_shape(steps: int = 96) -> Floats:
    """[steps] demand over a day by interval start, highest value 1.0, at 18:00.

    A plausible residential day made of a night base of 0.42, a morning rise around 07:30, a
    flat middle of the day and a broad evening peak around 18:00. It is an assumption to show
    a day with, not a measurement: give `run_day` your own shape for anything that matters.
    """
    hour = np.arange(steps) * 24 / steps
    demand = (
        0.42
        + 0.13 * _bump(hour, centre_h=7.5, width_h=1.4)
        + 0.10 * _bump(hour, centre_h=12.5, width_h=2.8)
        + 0.55 * _bump(hour, centre_h=18.0, width_h=2.4)
        + 0.08 * _bump(hour, centre_h=21.5, width_h=1.5)
    )
    # The neighbours' tails move the sum's peak off 18:00; the evening is held to its top there.
    peak = demand[np.argmin(np.abs(hour - 18.0))]
    return np.minimum(demand / peak, 1.0)


def sun_shape(hour: float) -> float:
    """Share of its rated sun that a panel sees at an hour: a sine from 06:00 to 20:00."""
    return max(0.0, math.sin(math.pi * (hour - 6) / 14)) if 6 <= hour <= 20 else 0.0


def demand_at(shape: Sequence[float] | Floats, minute: float) -> float:
    """The multiplier that holds at a minute of the day; each value holds until the next."""
    at = int((minute % MINUTES_A_DAY) * len(shape) / MINUTES_A_DAY)
    return float(shape[at])


def checked_shape(shape: Sequence[float] | Floats | None) -> Floats:
    """The shape as an array, or the stated default; `GridmendError` where it cannot be one."""
    if shape is None:
        return residential_shape()
    values = np.asarray(shape, float)
    if values.ndim != 1 or not 1 <= len(values) <= MINUTES_A_DAY:
        raise GridmendError(
            f"a shape is 1 to {MINUTES_A_DAY} numbers in a row, not an array of {values.shape}",
            where="shape",
            mend="give one multiplier for each interval of the day",
        )
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if len(wrong):
        at = int(wrong[0])
        raise GridmendError(
            f"value {at} of the shape is {values[at]}",
            where="shape",
            mend="give multipliers that are 0 or more",
        )
    return values


def minute_of_day(text: str, where: str) -> int:
    """Minutes since midnight of a time such as 17:30; `GridmendError` where it is none."""
    hour, _, minute = text.strip().partition(":")
    digits = (hour + minute).isascii() and hour.isdigit() and minute.isdigit()
    if digits and len(hour) <= 2 and len(minute) == 2 and int(hour) < 24 and int(minute) < 60:
        return 60 * int(hour) + int(minute)
    raise GridmendError(f"'{text}' is not a time of day", where=where, mend="write it as 17:30")


def _bump(hour: Floats, *, centre_h: float, width_h: float) -> Floats:
    """A bell around an hour, closed over midnight."""
    away = (hour - centre_h + 12) % 24 - 12
    return np.exp(-0.5 * (away / width_h) ** 2)
