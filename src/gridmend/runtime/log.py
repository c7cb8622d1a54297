"""What the control room needs of a journal: events go in for good, and are read in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from gridmend.model.event import Event


class Written(Protocol):
    """What an append answers."""

    @property
    def sequence(self) -> int:
        """Number of the last entry."""
        ...


class Entry(Protocol):
    """An event with its number."""

    @property
    def sequence(self) -> int:
        """Its number, from 1 without gaps."""
        ...

    @property
    def event(self) -> Event:
        """What happened."""
        ...


class Readable(Protocol):
    """A journal that is read."""

    def read(self, after: int = 0, until: int | None = None) -> Iterator[Entry]:
        """Entries beyond a number, in order."""
        ...


class Log(Readable, Protocol):
    """A journal that is written: all of an append is there for good once it returns, or none."""

    def append(self, events: Sequence[Event], *, once: Iterable[str] = ()) -> Written:
        """Write events; a string in `once` that was used before refuses them all."""
        ...
