"""The ledger: what became of every message, by link, endpoint and direction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from gridmend.model.errors import GridError, nearest
from gridmend.twin.communications.draws import LANES, Ints

Way = Literal["up", "down"]
WAYS: Mapping[str, int] = {"up": 0, "down": 1}


@dataclass(frozen=True, slots=True)
class Count:
    """What became of messages: `sent` is the sum of all else, at every moment.

    Lost are those by `chance`, by an `outage`, by `overflow` of a link, and `dropped` from a
    full store. A message that a link will lose is lost from the moment it is sent.
    """

    sent: int
    delivered: int
    in_flight: int
    stored: int
    chance: int
    outage: int
    overflow: int
    dropped: int

    @property
    def lost(self) -> int:
        """For whatever reason."""
        return self.chance + self.outage + self.overflow + self.dropped


@dataclass(frozen=True, eq=False)
class Ledger:
    """The counts at `now_s`; a copy, which later messages leave as it is.

    A message is counted once at its endpoint and once on each link that it enters, where
    `delivered` is what left it. Copies that a link makes are counted apart, under
    `copies=True`: `sent` is then what was made, or entered a later link.
    """

    now_s: float
    links: Mapping[str, int]
    endpoints: Mapping[str, int]
    counts: Ints
    """[rows, columns] as `carriage` keeps them."""

    def of_link(self, name: str, way: Way, *, copies: bool = False) -> Count:
        """Of one link. Raises `GridError` for one that there is not."""
        return self._count(number_of(name, self.links, "link"), way, copies)

    def of_endpoint(self, name: str, way: Way, *, copies: bool = False) -> Count:
        """Of one endpoint. Raises `GridError` for one that there is not."""
        at = number_of(name, self.endpoints, "endpoint")
        return self._count(len(self.links) + at, way, copies)

    def total(self, way: Way, *, copies: bool = False) -> Count:
        """Of all endpoints."""
        rows = self._rows(way, copies)[len(self.links) :]
        return Count(*(int(x) for x in rows.sum(axis=0)))

    def _count(self, at: int, way: Way, copies: bool) -> Count:
        return Count(*(int(x) for x in self._rows(way, copies)[at]))

    def _rows(self, way: Way, copies: bool) -> Ints:
        return self.counts[2 * way_number(way) + copies :: LANES]


def way_number(way: Any) -> int:
    """0 for up, 1 for down. Raises `GridError` for any other way."""
    if not isinstance(way, str) or way not in WAYS:
        raise GridError(f"there is no way {way!r}", where="way", mend="give 'up' or 'down'")
    return WAYS[way]


def number_of(name: Any, known: Mapping[str, int], what: str) -> int:
    """The number of a link or endpoint. Raises `GridError` for one that there is not."""
    if not isinstance(name, str) or name not in known:
        raise GridError(
            f"there is no {what} {name!r}",
            where=what,
            mend=nearest(str(name), known)
            or f"the first {what}s are {', '.join(islice(known, 5)) or 'none'}",
        )
    return known[name]
