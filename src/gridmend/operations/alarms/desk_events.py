"""What was recorded of the alarms themselves, of areas and of tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gridmend.model.event import Event
from gridmend.operations.alarms.alarm import SHELF_MOST, Shelf
from gridmend.operations.alarms.condition import id_of
from gridmend.operations.alarms.kinds import KINDS
from gridmend.operations.alarms.raising import (
    TEXT_MOST,
    Handler,
    Said,
    cleared,
    kept,
    raised,
    with_name,
)

if TYPE_CHECKING:
    from gridmend.operations.alarms.alarms import Alarms


def _alarm_raised(alarms: Alarms, event: Event) -> Alarms:
    p = event.payload
    if p["condition"] not in KINDS or p["alarm"] != id_of(p["condition"], p["device"]):
        return alarms
    area = p.get("area")
    return raised(
        alarms,
        Said(p["condition"], p["device"], str(p.get("what", ""))[:TEXT_MOST], event.time_utc,
             area=area if isinstance(area, str) else None, value=_number(p.get("value")),
             limit=_number(p.get("limit")), unit=str(p.get("unit", ""))[:20], eases=True),
    )  # fmt: skip


def _alarm_cleared(alarms: Alarms, event: Event) -> Alarms:
    return cleared(alarms, event.payload["alarm"], event.time_utc)


def _alarm_acknowledged(alarms: Alarms, event: Event) -> Alarms:
    p = event.payload
    entry = alarms.entries.get(p["alarm"])
    seen = p.get("times")
    if entry is None or not p["by"] or (isinstance(seen, int) and entry.times > seen):
        # It came once more before this was recorded: nobody has seen that yet.
        return alarms
    return kept(alarms, replace(entry, acknowledged_by=p["by"], acknowledged_utc=event.time_utc))


def _alarm_shelved(alarms: Alarms, event: Event) -> Alarms:
    p = event.payload
    entry = alarms.entries.get(p["alarm"])
    until = datetime.fromisoformat(p["until_utc"])
    if entry is None or not p["reason"].strip() or until.tzinfo is None:
        return alarms
    until = min(until, event.time_utc + SHELF_MOST)
    if until <= event.time_utc:
        return alarms
    shelf = Shelf(until, p["by"], p["reason"][:TEXT_MOST])
    # Once the shelf has ended it is to be seen anew.
    return kept(alarms, replace(entry, shelf=shelf, acknowledged_by="", acknowledged_utc=None))


def _alarm_unshelved(alarms: Alarms, event: Event) -> Alarms:
    entry = alarms.entries.get(event.payload["alarm"])
    if entry is None or entry.shelf is None:
        return alarms
    return kept(alarms, replace(entry, shelf=None))


def _area_defined(alarms: Alarms, event: Event) -> Alarms:
    keys = (alarms.places.key(str(device)) for device in event.payload["devices"])
    known = {**alarms.areas, **dict.fromkeys(keys, event.payload["area"])}
    return replace(alarms, areas=MappingProxyType(known))


def _authority_granted(alarms: Alarms, event: Event) -> Alarms:
    holders = with_name(alarms.holders, event.payload["area"], event.payload["holder"])
    return replace(alarms, holders=holders)


def _tag_placed(alarms: Alarms, event: Event) -> Alarms:
    key = alarms.places.key(event.payload["device"])
    return replace(alarms, tagged=with_name(alarms.tagged, event.payload["tag"], key))


def _tag_lifted(alarms: Alarms, event: Event) -> Alarms:
    left = {tag: key for tag, key in alarms.tagged.items() if tag != event.payload["tag"]}
    return replace(alarms, tagged=MappingProxyType(left))


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None


HANDLERS: Mapping[str, Handler] = MappingProxyType({
    "alarm_raised": _alarm_raised,
    "alarm_cleared": _alarm_cleared,
    "alarm_acknowledged": _alarm_acknowledged,
    "alarm_shelved": _alarm_shelved,
    "alarm_unshelved": _alarm_unshelved,
    "area_defined": _area_defined,
    "authority_granted": _authority_granted,
    "tag_placed": _tag_placed,
    "tag_lifted": _tag_lifted,
})  # fmt: skip
