"""A journal gone over event by event, some times over, with none of them held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gridmend.model.event import Event

if TYPE_CHECKING:
    from gridmend.runtime.journal import Journal

SIMULATED = "twin"
"""The world of commands that no real endpoint saw."""


class Recorded:
    """The events of a journal as it is now: each going over reads them anew, some thousand at a
    time, and ends where the first did. The first holds each entry against the one before."""

    def __init__(self, journal: Journal) -> None:
        self._journal, self._is_held_to = journal, False
        self._head = journal.head()
        self.where = journal.where

    @property
    def count(self) -> int:
        """How many entries there are."""
        return self._head.sequence

    @property
    def digest(self) -> str:
        """The hash of the last entry."""
        return self._head.hash.hex()

    def __iter__(self) -> Iterator[Event]:
        """Raises `Tampered` at an entry that is not what was recorded."""
        if not self._head.sequence:
            return
        is_checked = not self._is_held_to
        for entry in self._journal.read(until=self._head.sequence, checked=is_checked):
            yield entry.event
        self._is_held_to = True


@dataclass
class Facts:
    """What a journal says of itself, as its events go by."""

    first: datetime | None = None
    last: datetime | None = None
    is_commanded: bool = False
    is_twin: bool = False

    def hear(self, event: Event) -> None:
        """One event more."""
        at = event.time_utc
        self.first = at if self.first is None else min(self.first, at)
        self.last = at if self.last is None else max(self.last, at)
        if event.kind == "commanded":
            self.is_commanded = True
            self.is_twin |= event.payload.get("world") == SIMULATED


def facts_of(events: Iterable[Event]) -> Facts:
    """What a journal says of itself."""
    found = Facts()
    for event in events:
        found.hear(event)
    return found
