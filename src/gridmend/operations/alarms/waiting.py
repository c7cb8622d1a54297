"""Dead band and delays: from conditions to the events that raise and clear alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from gridmend.model.event import Event
from gridmend.operations.alarms.alarm import Entry
from gridmend.operations.alarms.condition import Condition
from gridmend.operations.alarms.kinds import KINDS

SOURCE, CAUSE = "control room", "alarms"
NOT_CONVERGED = "not_converged"
BY_FLOW = frozenset(
    ("overload_emergency", "overload", "service_overload", "overvoltage_b", "overvoltage_a",
     "undervoltage_b", "undervoltage_a", "reverse_flow")
)  # fmt: skip
"""Kinds that only a flow with a solution can judge."""
JUDGED = BY_FLOW | {
    NOT_CONVERGED, "clearance_energised", "clearance_without_ground", "approval_waits",
    "authority_missing", "communication_lost", "position_unknown",
}  # fmt: skip
"""Kinds that are raised and cleared by conditions."""


def _empty() -> Any:
    return field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Waiting:
    """Delays that run [s since 1970]: `rising` by alarm and kind, `falling` by alarm; and `latest`,
    the conditions of the last look by alarm and kind."""

    rising: Mapping[str, float] = _empty()
    falling: Mapping[str, float] = _empty()
    latest: Mapping[str, Condition] = _empty()


def judged(
    entries: Mapping[str, Entry],
    waiting: Waiting,
    conditions: Sequence[Condition],
    now: datetime,
) -> tuple[Waiting, tuple[Event, ...]]:
    """Delays run on, and the events of what is raised, made worse or better, and cleared."""
    now_s, found = now.timestamp(), list[Event]()
    by_id: dict[str, list[Condition]] = {}
    for condition in conditions:
        if condition.kind in JUDGED:
            by_id.setdefault(condition.id, []).append(condition)
    is_blind = any(c.kind == NOT_CONVERGED and c.is_beyond for c in conditions)
    rising: dict[str, float] = {}
    falling: dict[str, float] = {}
    standing = {id: e for id, e in entries.items() if e.stands and e.kind in JUDGED}
    for id in {**by_id, **standing}:
        entry, some = standing.get(id), by_id.get(id, [])
        kind = entry.kind if entry is not None else some[0].kind
        if is_blind and kind in BY_FLOW:
            continue
        due = _due(id, some, waiting, rising, now_s)
        rank = KINDS[entry.kind].rank if entry is not None else -1
        if due is not None and KINDS[due.kind].rank > rank:
            found.append(_raised(due, now))
        elif entry is not None and all(c.kind != entry.kind for c in some):
            since_s = min(waiting.falling.get(id, now_s), now_s)
            if now_s - since_s < entry.rationale.off_s:
                falling[id] = since_s
                continue
            lower = [c for c in some if KINDS[c.kind].rank < rank]
            found.append(_raised(_worst(lower), now) if lower else _cleared(entry, now))
    latest = {f"{c.id} {c.kind}": c for c in conditions}
    if is_blind:
        latest = {**waiting.latest, **latest}
    kept = MappingProxyType(rising), MappingProxyType(falling), MappingProxyType(latest)
    return Waiting(*kept), tuple(found)


def _due(
    id: str, some: Sequence[Condition], waiting: Waiting, rising: dict[str, float], now_s: float
) -> Condition | None:
    """The worst condition that has been beyond its limit for as long as its kind wants."""
    due: list[Condition] = []
    for condition in some:
        if not condition.is_beyond:
            continue
        name = f"{id} {condition.kind}"
        rising[name] = min(waiting.rising.get(name, now_s), now_s)
        if now_s - rising[name] >= KINDS[condition.kind].on_s:
            due.append(condition)
    return _worst(due) if due else None


def _worst(some: Sequence[Condition]) -> Condition:
    return max(some, key=lambda condition: KINDS[condition.kind].rank)


def _raised(condition: Condition, now: datetime) -> Event:
    c = condition
    said: dict[str, Any] = {"condition": c.kind, "device": c.device, "what": c.what, "at": c.at}
    said |= {"value": c.value, "limit": c.limit, "unit": c.unit}
    if c.area:
        said["area"] = c.area
    return Event(now, SOURCE, CAUSE, "alarm_raised", {"alarm": c.id, **said})


def _cleared(entry: Entry, now: datetime) -> Event:
    said = {"alarm": entry.id, "condition": entry.kind, "device": entry.device}
    return Event(now, SOURCE, CAUSE, "alarm_cleared", said)
