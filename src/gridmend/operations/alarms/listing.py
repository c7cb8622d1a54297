"""The list of alarms that is shown at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from gridmend.operations.alarms.alarm import Alarm, AlarmState, Entry
from gridmend.operations.alarms.waiting import Waiting

_ASIDE = (AlarmState.SHELVED, AlarmState.SUPPRESSED)


def listed(
    entries: Mapping[str, Entry],
    waiting: Waiting,
    tagged: Mapping[str, str],
    now: datetime,
    area: str | None,
) -> tuple[Alarm, ...]:
    """Every alarm that stands or wants something of somebody; what is put aside comes last."""
    kept = [one for one in entries.values() if not one.is_done(now)]
    count = Counter(one.group for one in kept)
    tags = {device: tag for tag, device in tagged.items()}
    found = [
        _shown(one, waiting, tags.get(one.device, ""), count[one.group], now)
        for one in kept
        if area is None or one.area == area
    ]
    return tuple(sorted(found, key=_order))


def _order(alarm: Alarm) -> tuple[object, ...]:
    return (
        alarm.state in _ASIDE,
        alarm.priority,
        alarm.state is AlarmState.ACKNOWLEDGED,
        -alarm.raised_utc.timestamp(),
        alarm.id,
    )


def _shown(one: Entry, waiting: Waiting, tag: str, count: int, now: datetime) -> Alarm:
    rationale, state, why = one.rationale, one.state(now), ""
    if tag and rationale.rests_at_work and state is not AlarmState.SHELVED:
        state, why = AlarmState.SUPPRESSED, f"tag {tag} hangs on it"
    # The figure of now, where a flow gave one since; the journal has the one it was raised by.
    live = waiting.latest.get(f"{one.id} {one.kind}") if one.stands else None
    shelf = one.shelf if one.is_shelved(now) else None
    return Alarm(
        id=one.id,
        priority=rationale.priority,
        condition=one.kind,
        device=one.device,
        what=live.what if live else one.what,
        area=one.area,
        state=state,
        raised_utc=one.raised_utc,
        value=live.value if live else one.value,
        limit=one.limit,
        unit=one.unit,
        cleared_utc=one.cleared_utc,
        acknowledged_by=one.acknowledged_by,
        acknowledged_utc=one.acknowledged_utc,
        shelved_until_utc=shelf.until_utc if shelf else None,
        shelved_by=shelf.by if shelf else "",
        shelved_reason=shelf.reason if shelf else "",
        suppressed_why=why,
        answer=rationale.answer,
        group=one.group,
        count=count,
        times=one.times,
    )
