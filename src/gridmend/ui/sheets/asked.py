"""What `gridmend order` is asked: the window on a clock, and the demand expected in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import numpy as np

from gridmend.formats.shape_times import on_clock, parsed
from gridmend.model.errors import GridmendError, nearest
from gridmend.model.grid import Grid
from gridmend.model.series import Series, utc_times
from gridmend.model.snapshot import Snapshot
from gridmend.operations.switching_orders.request import EMERGENCY

HOUR_S = 3600.0


def zone_of_name(name: str) -> tzinfo:
    """A time zone by its name; `GridmendError` with the nearest names where there is none."""
    from zoneinfo import ZoneInfo, available_timezones

    if name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        mend = nearest(name, available_timezones()) or "name one such as America/Chicago"
        raise GridmendError(f"there is no time zone '{name}'", where="--zone", mend=mend) from None


def window(
    begin: str | None, end: str | None, zone: tzinfo, *, emergency: bool, now: datetime
) -> tuple[datetime, datetime]:
    """From when to when, aware; an emergency begins now and has an assumed length where unsaid."""
    if not emergency and (begin is None or end is None):
        raise GridmendError(
            "planned work has a window", where="--from" if begin is None else "--to",
            mend="give --from and --to, such as 2026-12-01T09:00, or --emergency",
        )  # fmt: skip
    first = _time(begin, zone, "--from") if begin else now.replace(second=0, microsecond=0)
    return first, _time(end, zone, "--to") if end else first + EMERGENCY


def _time(text: str, zone: tzinfo, option: str) -> datetime:
    found = parsed(text.strip(), option)
    if not 1970 < found.year < 9990:
        raise GridmendError(f"the year {found.year} is out of reach", where=option, mend="check it")
    return found if found.tzinfo is not None else on_clock(found, zone, option)


@dataclass(frozen=True)
class Demand:
    """The options that say what demand is expected."""

    load_mult: float | None
    daily: bool
    shapes: Path | None
    map: Path | None


def demand_of(
    grid: Grid, asked: Demand, begin: datetime, end: datetime, zone: tzinfo
) -> Snapshot | Series:
    """The model's demand, a multiple of it, the default day's, or that of a file of shapes."""
    normal = Snapshot.normal(grid)
    given = [asked.load_mult is not None, asked.daily, asked.shapes is not None]
    if sum(given) > 1:
        raise GridmendError(
            "--load-mult, --daily and --shapes each say the demand", where="order",
            mend="give one of them",
        )  # fmt: skip
    if asked.load_mult is not None:
        if not (math.isfinite(asked.load_mult) and 0 <= asked.load_mult <= 100):
            raise GridmendError(
                f"demand cannot be {asked.load_mult:g} times the model's", where="--load-mult",
                mend="give a number from 0 to 100",
            )  # fmt: skip
        by = asked.load_mult
        return normal.with_demand(normal.load_kw * by, normal.load_kvar * by)
    # From midnight on, so that hour 0 of a file of shapes is that of the day.
    first = begin.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    first = first.astimezone(UTC)
    steps = math.ceil((end.astimezone(UTC) - first) / timedelta(hours=1)) + 1
    if asked.daily:
        return _day(normal, first, steps, zone)
    if asked.shapes is None and asked.map is None:
        return normal
    from gridmend.ui.series_input import Asked, series_asked

    series, _ = series_asked(
        grid,
        Asked(steps, 60.0, first.isoformat(), str(zone), "daily", asked.shapes, asked.map,
              [], 1.0, 0.0, "load", 0),
        normal,
    )  # fmt: skip
    return series


def _day(normal: Snapshot, first: datetime, steps: int, zone: tzinfo) -> Series:
    from gridmend.runtime.shape import demand_at, residential_shape

    shape = residential_shape()
    times = [(first + timedelta(hours=k)).astimezone(zone) for k in range(steps)]
    factors: Sequence[float] = [demand_at(shape, 60 * t.hour + t.minute) for t in times]
    instants = utc_times(first, step_s=HOUR_S, steps=steps)
    return Series.scaled(normal, np.array(factors), instants, step_s=HOUR_S)
