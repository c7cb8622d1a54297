"""Events that alarms are tried with, on the small feeder of the ledger's tests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from gridmend.model.event import Event
from gridmend.operations.alarms import Alarm, Alarms, Condition
from tests.operations.interruptions.feeder import NOON, feeder


@cache
def empty() -> Alarms:
    return Alarms.of(feeder())


def event(minutes: float, kind: str, /, cause: str = "test", **said: Any) -> Event:
    """An event so many minutes after noon; all that is named but the cause is its payload."""
    return Event(at(minutes), "control room", cause, kind, said)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def heard(events: Iterable[Event], start: Alarms | None = None) -> Alarms:
    alarms = start or empty()
    for number, one in enumerate(events, alarms.sequence + 1):
        alarms = alarms.heard(one, number)
    return alarms


def by_id(alarms: Alarms, minutes: float) -> dict[str, Alarm]:
    return {alarm.id: alarm for alarm in alarms.listed(at(minutes))}


def acknowledged(minutes: float, alarm: str, **said: Any) -> Event:
    return event(minutes, "alarm_acknowledged", alarm=alarm, by="ann", **said)


def shelved(minutes: float, alarm: str, *, lasts_min: float, reason: str = "known") -> Event:
    until = at(minutes + lasts_min).isoformat()
    return event(minutes, "alarm_shelved", alarm=alarm, by="ann", reason=reason, until_utc=until)


def low(v_pu: float, device: str = "s2") -> tuple[Condition, ...]:
    """What a judge says of a voltage in a section: range A of ANSI C84.1 with its dead band."""
    if v_pu >= 0.953:
        return ()
    what = f"{v_pu} pu"
    return (
        Condition("undervoltage_a", device, what, "load.dd", v_pu, 0.95, "pu",
                  is_beyond=v_pu < 0.95),
    )  # fmt: skip


def watched(alarms: Alarms, minutes: float, *found: Condition) -> tuple[Alarms, tuple[Event, ...]]:
    """Judge conditions at a time, and hear what was recorded of it."""
    alarms, events = alarms.judged(found, at(minutes))
    return heard(events, alarms), events
