"""All alarms at an entry of the journal: folded event by event, frozen in and frozen out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from gridmend.model.errors import GridmendError
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.situation import ANYWHERE
from gridmend.model.vocabulary import wrong_with
from gridmend.operations.alarms import control_events, desk_events, field_events, requests
from gridmend.operations.alarms.alarm import Alarm, Entry
from gridmend.operations.alarms.condition import Condition
from gridmend.operations.alarms.flood import Pace, Rate
from gridmend.operations.alarms.listing import listed
from gridmend.operations.alarms.places import Places
from gridmend.operations.alarms.raising import EVERYWHERE
from gridmend.operations.alarms.waiting import Waiting, judged

HANDLERS = MappingProxyType(
    {**field_events.HANDLERS, **control_events.HANDLERS, **desk_events.HANDLERS}
)
"""What each kind of event does; the others do nothing."""


def _empty() -> Any:
    return field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, eq=False)
class Alarms:
    """The alarms that stand or want something of somebody, at an entry of the journal.

    `entries` goes by alarm id, `areas` by device, `holders` by area, `commands` by the id of a
    command without an outcome, `orders` by id to their areas, `tagged` by tag to its device.
    `waiting` are the delays that run; they are not of the journal, and begin anew after a restart.
    """

    places: Places
    entries: Mapping[str, Entry] = _empty()
    areas: Mapping[str, str] = _empty()
    holders: Mapping[str, str] = _empty()
    commands: Mapping[str, str] = _empty()
    orders: Mapping[str, str] = _empty()
    tagged: Mapping[str, str] = _empty()
    applications: frozenset[str] = frozenset()
    pace: Pace = field(default_factory=Pace)
    waiting: Waiting = field(default_factory=Waiting)
    sequence: int = 0

    @staticmethod
    def of(grid: Grid) -> Alarms:
        """No alarm yet."""
        return Alarms(Places.of(grid))

    @property
    def grid(self) -> Grid:
        """What is there."""
        return self.places.grid

    def heard(self, event: Event, sequence: int = 0) -> Alarms:
        """The alarms after one event; `sequence` is its number in the journal.

        What cannot be read changes nothing, and an entry that was heard before neither.
        """
        if sequence and sequence <= self.sequence:
            return self
        handler = HANDLERS.get(event.kind)
        if handler is None or wrong_with(event):
            # The number alone needs no new value: the next event that matters brings its own.
            return self
        try:
            after = handler(self, event)
        except (GridmendError, LookupError, TypeError, ValueError, OverflowError):
            return self
        if after is self:
            return self
        return replace(after, sequence=sequence or self.sequence)

    def judged(
        self, conditions: Iterable[Condition], now: datetime
    ) -> tuple[Alarms, tuple[Event, ...]]:
        """The same with its delays run on, and the events to record: raised and cleared.

        Where the flow found no solution, nothing of a flow is raised or cleared.
        """
        waiting, events = judged(self.entries, self.waiting, tuple(conditions), now)
        return replace(self, waiting=waiting), events

    def listed(self, now: datetime, area: str | None = None) -> tuple[Alarm, ...]:
        """What is shown: by priority, what wants to be acknowledged first, newest first."""
        return listed(self.entries, self.waiting, self.tagged, now, area)

    def rate(self, now: datetime, area: str | None = None) -> Rate:
        """Alarms of the last ten minutes in an area, or everywhere."""
        return self.pace.rate(EVERYWHERE if area is None else area, now.timestamp())

    def rate_of(self, operator: str, now: datetime) -> Rate:
        """The worst rate of the areas in which somebody has authority."""
        rates = [self.rate(now, area) for area, name in self.holders.items() if name == operator]
        return max(rates, key=lambda rate: (rate.is_flood, rate.per_10_min), default=Rate(0, False))

    def area_of(self, device: str) -> str:
        """The area in which a device lies, that is written as `Grid.key` writes it."""
        return self.areas.get(device, ANYWHERE)

    def acknowledging(self, ids: Iterable[str], *, by: str, now: datetime) -> tuple[Event, ...]:
        """Events by which somebody acknowledges alarms; `GridmendError` where one is not there."""
        return requests.acknowledging(self.entries, tuple(ids), by=by, now=now)

    def shelving(
        self, id: str, *, minutes: float, reason: str, by: str, now: datetime
    ) -> tuple[Event, ...]:
        """The event that puts an alarm aside for a while. `GridmendError` without a reason, or
        for longer than 12 h."""
        return requests.shelving(self.entries, id, minutes=minutes, reason=reason, by=by, now=now)

    def unshelving(self, id: str, *, by: str, now: datetime) -> tuple[Event, ...]:
        """The event that ends a shelf early."""
        return requests.unshelving(self.entries, id, by=by, now=now)
