"""Run a day on the virtual clock: quiet, or with a fault that a crew or the switches heal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import GridmendError
from gridmend.model.grid import Grid
from gridmend.runtime.record import Record
from gridmend.runtime.result import Day, Voltage
from gridmend.runtime.scenario import Fault, Restoration
from gridmend.runtime.shape import MINUTES_A_DAY, checked_shape

__all__ = ["DATE", "Day", "Fault", "Restoration", "Voltage", "run_day"]

DATE = date(2026, 7, 15)
"""The summer day that is run where no other is asked for."""


def run_day(
    grid: Grid,
    fault: Fault | None = None,
    restoration: Restoration | None = None,
    *,
    date: date = DATE,
    step_min: int = 15,
    shape: Sequence[float] | NDArray[np.float64] | None = None,
    seed: int = 0,
) -> Day:
    """Run one day, with or without a fault and the switches that heal it.

    Parameters
    ----------
    grid
        What is there; its loads are the day's peak.
    fault
        A permanent fault. The nearest upstream breaker, recloser or fuse trips and locks
        out; where there is none, the source does. Without `restoration` everybody behind it
        waits for the repair, after which what tripped is closed.
    restoration
        How quickly switches act. Each step is carried out on the virtual clock by the
        simulated field and followed by a power flow. After the repair every switch goes
        back to its normal position.
    date
        The day, in UTC.
    step_min
        Length of a step; it divides a day [min].
    shape
        Multipliers of demand over the day, evenly spaced and each held until the next;
        `runtime.shape.residential_shape` unless given. Sun follows a sine from 06:00 to 20:00.

    Returns
    -------
    Day
        Summary arrays, plans, events and interruptions. Equal inputs give equal events.

    Raises
    ------
    GridmendError
        Where the fault's line is not there, or an argument is out of its range.
    """
    if not 1 <= step_min <= MINUTES_A_DAY or MINUTES_A_DAY % step_min:
        raise GridmendError(
            f"steps of {step_min} minutes do not divide a day", mend="use 15, or 5, or 60"
        )
    start = datetime(date.year, date.month, date.day, tzinfo=UTC)
    record = Record(
        grid, fault, restoration,
        start_utc=start, shape=checked_shape(shape), step_min=step_min, seed=seed,
    )  # fmt: skip
    record.run()
    return record.day()
