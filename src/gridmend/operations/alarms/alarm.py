"""An alarm as people see it, and as it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from gridmend.operations.alarms.kinds import KINDS, Kind

SHELF_MOST = timedelta(hours=12)
"""No shelf lasts longer than a shift."""


class AlarmState(StrEnum):
    """What is wanted of the operator; the states of ISA-18.2 that are shown."""

    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    """Normal again, and not acknowledged."""
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Put aside by somebody, with a reason, until a time."""

    until_utc: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One alarm as the fold keeps it: `times` is how often it was raised."""

    id: str
    kind: str
    device: str
    area: str
    what: str
    raised_utc: datetime
    group: str
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    cleared_utc: datetime | None = None
    acknowledged_by: str = ""
    acknowledged_utc: datetime | None = None
    shelf: Shelf | None = None
    times: int = 1

    @property
    def rationale(self) -> Kind:
        """Its row in the table of kinds."""
        return KINDS[self.kind]

    @property
    def stands(self) -> bool:
        """Whether it has not been cleared."""
        return self.cleared_utc is None

    def is_shelved(self, now: datetime) -> bool:
        """Whether a shelf holds it at a time."""
        return self.shelf is not None and now < self.shelf.until_utc

    def is_done(self, now: datetime) -> bool:
        """Whether nothing is wanted of anybody any more."""
        if self.stands or self.is_shelved(now):
            return False
        return bool(self.acknowledged_by) or self.shelf is not None

    def state(self, now: datetime) -> AlarmState:
        """What is wanted of the operator at a time; suppression apart."""
        if self.is_shelved(now):
            return AlarmState.SHELVED
        if not self.stands:
            return AlarmState.RETURNED
        if self.acknowledged_by:
            return AlarmState.ACKNOWLEDGED
        return AlarmState.UNACKNOWLEDGED


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm of the list. `group` names the cause, `count` is how many alarms are of it."""

    id: str
    priority: int
    condition: str
    device: str
    what: str
    area: str
    state: AlarmState
    raised_utc: datetime
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    cleared_utc: datetime | None = None
    acknowledged_by: str = ""
    acknowledged_utc: datetime | None = None
    shelved_until_utc: datetime | None = None
    shelved_by: str = ""
    shelved_reason: str = ""
    suppressed_why: str = ""
    answer: str = ""
    """What the operator does about it."""
    group: str = ""
    count: int = 1
    times: int = 1
    """How often it was raised since it was first listed."""

    def as_json(self) -> dict[str, Any]:
        """The keys that the API answers."""
        return {
            "id": self.id, "priority": self.priority, "condition": self.condition,
            "device": self.device, "what": self.what, "value": self.value, "limit": self.limit,
            "unit": self.unit, "area": self.area, "raised": _text(self.raised_utc),
            "cleared": _text(self.cleared_utc), "state": self.state.value,
            "acknowledged_by": self.acknowledged_by, "acknowledged": _text(self.acknowledged_utc),
            "shelved_until": _text(self.shelved_until_utc), "shelved_by": self.shelved_by,
            "shelved_reason": self.shelved_reason, "suppressed_why": self.suppressed_why,
            "answer": self.answer, "group": self.group, "count": self.count, "times": self.times,
        }  # fmt: skip


def _text(time_utc: datetime | None) -> str | None:
    return None if time_utc is None else time_utc.astimezone(UTC).isoformat()
