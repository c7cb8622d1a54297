"""What people ask of alarms: to acknowledge, to shelve and to unshelve them, as events."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

from gridmend.model.errors import GridmendError, nearest
from gridmend.model.event import Event
from gridmend.operations.alarms.alarm import SHELF_MOST, Entry

SOURCE = "control room"
REASON_MOST = 500
"""Characters of a reason."""
IDS_MOST = 1000
"""Alarms that are acknowledged at once."""


def acknowledging(
    entries: Mapping[str, Entry], ids: tuple[str, ...], *, by: str, now: datetime
) -> tuple[Event, ...]:
    """One event an alarm, which says how often it had been raised when it was seen."""
    if len(ids) > IDS_MOST:
        raise GridmendError(
            f"{len(ids)} alarms are too many to have read", where="acknowledge",
            mend=f"acknowledge {IDS_MOST} at most",
        )  # fmt: skip
    found = [_entry(entries, id) for id in dict.fromkeys(ids)]
    return tuple(
        Event(now, SOURCE, _person(by), "alarm_acknowledged",
              {"alarm": one.id, "by": by, "times": one.times})
        for one in found
        if not one.acknowledged_by
    )  # fmt: skip


def shelving(
    entries: Mapping[str, Entry], id: str, *, minutes: float, reason: str, by: str, now: datetime
) -> tuple[Event, ...]:
    """The event that puts an alarm aside until a time."""
    one = _entry(entries, id)
    most_min = SHELF_MOST.total_seconds() / 60
    if not (math.isfinite(minutes) and 0 < minutes <= most_min):
        raise GridmendError(
            f"an alarm cannot be shelved for {minutes:g} min", where=id,
            mend=f"give more than 0 and at most {most_min:g}",
        )  # fmt: skip
    said = reason.strip()
    if not said or len(said) > REASON_MOST:
        raise GridmendError(
            "an alarm is shelved for a reason" if not said else "the reason is too long",
            where=id, mend=f"say in up to {REASON_MOST} characters why it may wait",
        )  # fmt: skip
    until = now + timedelta(minutes=minutes)
    said_too = {"priority": one.rationale.priority}
    return (
        Event(now, SOURCE, _person(by), "alarm_shelved",
              {"alarm": id, "by": by, "reason": said, "until_utc": until.isoformat(), **said_too}),
    )  # fmt: skip


def unshelving(
    entries: Mapping[str, Entry], id: str, *, by: str, now: datetime
) -> tuple[Event, ...]:
    """The event that ends a shelf; `GridmendError` where there is none."""
    if not _entry(entries, id).is_shelved(now):
        raise GridmendError(f"the alarm '{id}' is not shelved", mend="look at the list again")
    return (Event(now, SOURCE, _person(by), "alarm_unshelved", {"alarm": id, "by": by}),)


def _entry(entries: Mapping[str, Entry], id: str) -> Entry:
    found = entries.get(id)
    if found is None:
        raise GridmendError(
            f"there is no alarm '{id}'", where="the list of alarms", mend=nearest(id, entries)
        )
    return found


def _person(by: str) -> str:
    if not by.strip():
        raise GridmendError("nobody is named", where="by", mend="say who does it")
    return by
