"""Times as a scenario writes them: a clock of its first day, a time in UTC, or how long after."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

UNITS_S = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
"""Units of a time that has gone by [s]."""
FORM = 'write "17:30", a time in UTC such as 2026-07-15T17:30Z, or 90 min after the start'
"""How a time is written."""
INSTANT_FORM = "write a time in UTC such as 2026-07-15T17:30Z"
YEARS = (1900, 2199)
_MOST_S = 1e9
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_SPAN = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([a-z]+)", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?", re.ASCII)


def seconds_of(text: str, start: datetime) -> float | None:
    """Seconds from the start of a time in any of the forms; None where it is none of them.

    A clock is of the day, in UTC, on which the run starts, so that it may be before the start.
    """
    text = text.strip()
    clock = _CLOCK.fullmatch(text)
    if clock:
        hour, minute, second = (int(part or 0) for part in clock.groups())
        if hour >= 24 or minute >= 60 or second >= 60:
            return None
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        time = midnight + timedelta(hours=hour, minutes=minute, seconds=second)
        return (time - start).total_seconds()
    instant = instant_of(text)
    return span_s(text) if instant is None else (instant - start).total_seconds()


def span_s(text: str) -> float | None:
    """Seconds of a time that goes by, such as `90 min`; None where it is none."""
    span = _SPAN.fullmatch(text.strip())
    if span is None or span[2] not in UNITS_S:
        return None
    found = float(span[1]) * UNITS_S[span[2]]
    return found if abs(found) <= _MOST_S else None


def instant_of(text: str) -> datetime | None:
    """A time in ISO form, in UTC unless it says another offset; None where it is none."""
    if not _INSTANT.fullmatch(text.strip()):
        return None
    try:
        found = datetime.fromisoformat(text.strip())
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if YEARS[0] <= found.year <= YEARS[1] else None


def written(seconds: float) -> str:
    """A time from the start, in the form that is read back to the last bit."""
    return f"{seconds!r} s"


def clock_of(start: datetime, seconds: float) -> str:
    """A time for people, such as `2026-07-15 17:30`."""
    try:
        return f"{start + timedelta(seconds=seconds):%Y-%m-%d %H:%M}"
    except OverflowError:
        return f"{seconds:g} s"
