"""Paths of endpoints to the head end, and planned outages of links."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from gridmend.model.errors import GridError, nearest
from gridmend.twin.communications.links import Link, whole

HOPS_MOST = 16
"""Links of one path."""
STORE_MOST = 100_000
"""Messages that one endpoint may keep."""


@dataclass(frozen=True, slots=True)
class Path:
    """The way of an endpoint to the head end: its links in the order in which a message that goes
    up crosses them; one that goes down crosses them the other way.

    `store` is how many messages that go up the endpoint keeps while its path is down or full
    (0: none). They are sent on in their order; where there are too many, the oldest is dropped.
    Commands are never kept: one that comes late could do harm. Raises `GridError` for a path
    without links or with one twice, and for a store that cannot be.
    """

    endpoint: str
    links: tuple[str, ...]
    store: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.endpoint, str) or not self.endpoint:
            raise GridError(
                f"a path has the endpoint {self.endpoint!r}", where="endpoint", mend="give its name"
            )
        where = f"endpoint '{self.endpoint}'"
        if isinstance(self.links, str) or not isinstance(self.links, Iterable):
            raise GridError(
                f"{where}: its links are {self.links!r}",
                where="links",
                mend="give their names as a tuple",
            )
        object.__setattr__(self, "links", tuple(map(str, self.links)))
        if not 1 <= len(self.links) <= HOPS_MOST or len(set(self.links)) < len(self.links):
            raise GridError(
                f"{where} has the links {', '.join(self.links) or 'none'}",
                where="links",
                mend=f"give 1 to {HOPS_MOST} links, each once",
            )
        whole(self.store, where, "store", least=0, most=STORE_MOST)


@dataclass(frozen=True, slots=True)
class Outage:
    """A planned outage of a link: down from `start_s` until `end_s` [s from the start].

    Times are taken to the microsecond. Raises `GridError` where it ends before it starts, or a
    time is before the start of the run or no number.
    """

    link: str
    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        for name in ("start_s", "end_s"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
                raise GridError(
                    f"an outage of link '{self.link}': {name} is {value!r}",
                    where=name,
                    mend="give seconds from the start of the run, 0 or more",
                )
            object.__setattr__(self, name, round(float(value), 6))
        if self.end_s <= self.start_s:
            raise GridError(
                f"an outage of link '{self.link}' ends at {self.end_s:g} s "
                f"and starts at {self.start_s:g} s",
                where="end_s",
                mend="give an end after its start",
            )


def check(
    links: Sequence[Link], paths: Sequence[Path], buses: Collection[str] | None
) -> dict[str, int]:
    """The number of each link by its name, where links, paths and buses fit together.

    Raises `GridError` for a name twice, a path over a link that there is not, and, where the
    known `buses` are given, a link that is fed from another.
    """
    number = {link.name: k for k, link in enumerate(links)}
    _refuse_twice([link.name for link in links], "link")
    _refuse_twice([path.endpoint for path in paths], "endpoint")
    for path in paths:
        for name in path.links:
            if name not in number:
                raise GridError(
                    f"endpoint '{path.endpoint}' has no link '{name}'",
                    where="links",
                    mend=nearest(name, number) or "add the link",
                )
    for link in links if buses is not None else ():
        if link.bus and buses is not None and link.bus not in buses:
            raise GridError(
                f"link '{link.name}' has no bus '{link.bus}'",
                where="bus",
                mend=nearest(link.bus, buses) or "name a bus of the grid",
            )
    return number


def _refuse_twice(names: Sequence[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise GridError(
                f"{what} '{name}' is there twice", where=name, mend=f"give each {what} once"
            )
        seen.add(name)
