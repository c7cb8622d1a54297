"""Times of the rows of a shape file: ISO text, with an offset or on a wall clock, as UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import numpy as np

from gridmend.model.errors import FormatError
from gridmend.model.series import Times

_FORM = "write times as 2025-03-30T00:00, or with an offset as 2025-03-30T00:00+01:00"


def instants(path: Path, lines: list[int], cells: list[str], zone: tzinfo) -> Times:
    """[rows] the instants that cells name, in UTC.

    A time without an offset is one of the wall clock of `zone`. On the day that summer time
    ends an hour comes twice there: of times that are written in order, the first pass is summer
    time and the second is not. An hour that the clock skips is an error.
    """
    found: list[datetime] = []
    for line, cell in zip(lines, cells, strict=True):
        where = f"{path}, line {line}"
        time = parsed(cell, where)
        if time.tzinfo is None:
            time = _on_clock(time, zone, found[-1] if found else None, where)
        found.append(time.astimezone(UTC))
    return np.array([t.replace(tzinfo=None) for t in found], "datetime64[us]")


def parsed(cell: str, where: str) -> datetime:
    """An ISO time, aware or not; `FormatError` where it is none."""
    try:
        return datetime.fromisoformat(cell)
    except ValueError:
        raise FormatError(f"'{cell[:40]}' is not a time", where=where, mend=_FORM) from None


def on_clock(time: datetime, zone: tzinfo, where: str) -> datetime:
    """A time of the wall clock of a zone, which must be told apart from any other."""
    if is_ambiguous(time, zone):
        raise FormatError(
            f"{time:%Y-%m-%d %H:%M} comes twice in {zone}: summer time ends there",
            where=where,
            mend=f"give its offset, for example {_with_offset(time, zone)}",
        )
    return _on_clock(time, zone, None, where)


def is_ambiguous(time: datetime, zone: tzinfo) -> bool:
    """Whether a time comes twice on a wall clock."""
    first, second = (time.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    return first.utcoffset() != second.utcoffset() and not _is_skipped(time, zone)


def _on_clock(time: datetime, zone: tzinfo, before: datetime | None, where: str) -> datetime:
    if _is_skipped(time, zone):
        raise FormatError(
            f"there is no {time:%Y-%m-%d %H:%M} in {zone}: summer time begins there",
            where=where,
            mend="that day has 23 hours: leave the skipped hour out, or give times with their"
            " offset",
        )
    first = time.replace(tzinfo=zone)
    # In order, the second pass of the hour comes where the first would go back or stand still.
    again = before is not None and is_ambiguous(time, zone) and first.astimezone(UTC) <= before
    return first.replace(fold=1) if again else first


def _is_skipped(time: datetime, zone: tzinfo) -> bool:
    there = time.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    return there.replace(tzinfo=None) - time.replace(tzinfo=None) != timedelta(0)


def _with_offset(time: datetime, zone: tzinfo) -> str:
    return time.replace(tzinfo=zone).isoformat(timespec="minutes")
