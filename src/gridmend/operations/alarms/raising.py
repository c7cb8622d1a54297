"""How one alarm comes, comes again, gets worse or better, and goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from gridmend.model.event import Event
from gridmend.operations.alarms.alarm import Entry
from gridmend.operations.alarms.condition import id_of
from gridmend.operations.alarms.kinds import KINDS, Kind

if TYPE_CHECKING:
    from gridmend.operations.alarms.alarms import Alarms

EVERYWHERE = "*"
"""The position that all alarms count for."""
GROUP_S = 180.0
"""What a fault brings comes within so long of the last alarm of its group, or says its device."""
ENTRIES_MOST = 5000
"""Alarms that are kept one by one; further ones are counted in one alarm that says so."""
FULL = "list_full"
NAMES_MOST = 5000
"""How many names of one kind (commands, orders, tags, areas) are remembered."""
TEXT_MOST = 300
"""Characters of what is said of an alarm."""

Handler = Callable[["Alarms", Event], "Alarms"]
"""What a kind of event does to the alarms."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an event says of an alarm: `name` tells it from others of its kind where the device does
    not, `near` are devices that it belongs with."""

    kind: str
    device: str
    what: str
    at_utc: datetime
    name: str = ""
    area: str | None = None
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    near: tuple[str, ...] = ()
    eases: bool = False
    """Whether a less severe kind may take the place of what stands."""


def raised(alarms: Alarms, said: Said) -> Alarms:
    """The alarms with one raised: new, again, worse, or eased."""
    kind = KINDS[said.kind]
    id = id_of(said.kind, said.name or said.device)
    before = alarms.entries.get(id)
    if before is not None and before.is_done(said.at_utc):
        before = None
    if before is None and len(alarms.entries) >= ENTRIES_MOST and said.kind != FULL:
        alarms = _tidied(alarms, said.at_utc)
        if len(alarms.entries) >= ENTRIES_MOST:
            what = f"more than {ENTRIES_MOST} alarms: the last not listed is {said.what}"[:200]
            return raised(alarms, Said(FULL, "", what, said.at_utc, area=said.area or ""))
    if before is None or not before.stands:
        return _come(alarms, id, kind, said, before)
    was = before.rationale
    if kind.rank <= was.rank and said.eases:
        figures = {"value": said.value, "limit": said.limit, "unit": said.unit}
        return kept(alarms, replace(before, kind=kind.name, what=said.what, **figures))
    if kind.rank <= was.rank and before.raised_utc == said.at_utc:
        return alarms
    if kind.rank <= was.rank:
        # It is said once more of what stands: a device that tripped anew.
        what = said.what if kind.rank == was.rank else before.what
        return _come(alarms, id, was, replace(said, what=what), before)
    return _come(alarms, id, kind, said, before)


def cleared(alarms: Alarms, id: str, at_utc: datetime) -> Alarms:
    """The alarms with one back to normal; gone where it was acknowledged."""
    entry = alarms.entries.get(id)
    if entry is None or not entry.stands:
        return alarms
    return kept(alarms, replace(entry, cleared_utc=at_utc))


def kept(alarms: Alarms, entry: Entry) -> Alarms:
    """The alarms with an entry as it is now; without it where nothing is wanted any more."""
    entries = dict(alarms.entries)
    # A shelf ends by itself, and is looked at when the list is: only what is sure now goes.
    if not entry.stands and entry.shelf is None and entry.acknowledged_by:
        entries.pop(entry.id, None)
    else:
        entries[entry.id] = entry
    return replace(alarms, entries=MappingProxyType(entries))


def _come(alarms: Alarms, id: str, kind: Kind, said: Said, before: Entry | None) -> Alarms:
    """An alarm that people are to be told of, unless it is shelved and no worse than it was."""
    shelf = before.shelf if before is not None and before.is_shelved(said.at_utc) else None
    if before is not None and kind.priority < before.rationale.priority:
        shelf = None
    area = alarms.area_of(said.device) if said.area is None else said.area
    # A trip and its lock-out are told at one instant, in either order: that is one alarm.
    is_new = before is None or before.raised_utc != said.at_utc
    entry = Entry(
        id=id,
        kind=kind.name,
        device=said.device,
        area=area,
        raised_utc=said.at_utc,
        group=_group(alarms, id, kind, said),
        cleared_utc=None if kind.stands else said.at_utc,
        shelf=shelf,
        times=(before.times if before is not None else 0) + is_new,
        what=said.what,
        value=said.value,
        limit=said.limit,
        unit=said.unit,
    )
    pace = alarms.pace
    if shelf is None and is_new:
        at_s = said.at_utc.timestamp()
        pace = pace.raised(EVERYWHERE, at_s).raised(area, at_s)
    return replace(kept(alarms, entry), pace=pace)


def _group(alarms: Alarms, id: str, kind: Kind, said: Said) -> str:
    """The group by cause: of a fault those that name its devices or lie on one path with them,
    else those of the family at one source."""
    if not kind.is_of_fault:
        tops = sorted(alarms.places.sources(said.device))
        return " ".join([kind.family, *tops])
    names = {said.device, *said.near}
    sections = alarms.places.sections(said.device)
    others = [one for one in alarms.entries.values() if one.rationale.is_of_fault]
    for one in sorted(others, key=lambda one: one.raised_utc, reverse=True):
        is_late = abs((said.at_utc - one.raised_utc).total_seconds()) > GROUP_S
        if one.device in names and (one.stands or not is_late):
            return one.group
        if is_late:
            continue
        if alarms.places.are_related(sections, alarms.places.sections(one.device)):
            return one.group
    return f"{said.device}@{said.at_utc:%Y-%m-%dT%H:%M:%SZ}"


def _tidied(alarms: Alarms, now: datetime) -> Alarms:
    """Without what nobody wants anything of."""
    left = {id: one for id, one in alarms.entries.items() if not one.is_done(now)}
    return replace(alarms, entries=MappingProxyType(left))


def with_name(known: Mapping[str, str], name: str, value: str) -> Mapping[str, str]:
    """The same with one more; the oldest go where there are too many."""
    found = {**known, name: value}
    for old in list(found)[: max(len(found) - NAMES_MOST, 0)]:
        del found[old]
    return MappingProxyType(found)
