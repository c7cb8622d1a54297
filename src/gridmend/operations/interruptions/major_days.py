"""Major event days: those of which the daily SAIDI is beyond what five years make likely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import GridError
from gridmend.operations.interruptions.measures import Period

Floats = NDArray[np.float64]

BETAS = 2.5
DAYS_LEAST = 30
"""Days with an interruption that a threshold needs at least; below it says nothing. Assumed."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """T_MED [min of SAIDI a day], with the mean and the spread of the logarithms behind it.

    `days` are those with an interruption; days without one are left out, as they have no logarithm
    (IEEE Std 1366-2022).
    """

    minutes: float
    alpha: float
    beta: float
    days: int


def threshold(saidi_min: Sequence[float] | Floats) -> Threshold:
    """The 2.5-beta threshold of daily SAIDI [min], of five years where there are as many.

    `exp(alpha + 2.5 beta)`, of the natural logarithms of the days above zero: alpha their mean,
    beta their standard deviation, with one day less in the divisor. Raises `GridError` for fewer
    than 30 such days, or a value that is none. Source: IEEE Std 1366-2022, the 2.5-beta method.
    """
    values = np.asarray(saidi_min, float)
    if not (np.isfinite(values) & (values >= 0)).all():
        raise GridError("a daily SAIDI is negative or none", mend="give minutes, 0 for a calm day")
    logs = np.log(values[values > 0])
    if len(logs) < DAYS_LEAST:
        raise GridError(
            f"{len(logs)} days with an interruption say nothing of what is usual",
            mend=f"give {DAYS_LEAST} or more, five years where they are known",
        )
    alpha, beta = float(logs.mean()), float(logs.std(ddof=1))
    return Threshold(float(np.exp(alpha + BETAS * beta)), alpha, beta, len(logs))


def daily_saidi_min(found: Period, *, start_utc: datetime, zone: str = "UTC") -> dict[date, float]:
    """SAIDI of each day [min] in a utility's zone, an interruption with its whole length on the day
    on which it began; days without one are there with 0. Days have 23 or 25 hours where clocks are
    set. `start_utc` is the instant from which the period's seconds count."""
    place = ZoneInfo(zone)
    if start_utc.utcoffset() is None:
        raise GridError("the start has no zone", mend="give a time in UTC")

    def day(seconds: float) -> date:
        return (start_utc + timedelta(seconds=seconds)).astimezone(place).date()

    first, last = day(found.start_s), day(found.end_s - 1e-6)
    days = {first + timedelta(days=k): 0.0 for k in range((last - first).days + 1)}
    long = found.sustained
    all_minutes = (found.minutes * found.customers)[long]
    for began, minutes in zip(found.began_s[long].tolist(), all_minutes.tolist(), strict=True):
        days[day(began)] += minutes / found.customer_count
    return days


def major_days(days: dict[date, float], limit: Threshold) -> tuple[date, ...]:
    """The days beyond the threshold."""
    return tuple(day for day, minutes in sorted(days.items()) if minutes > limit.minutes)
