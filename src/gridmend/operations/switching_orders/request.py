"""What is asked for: which elements, from when to when, by whom and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from gridmend.model.errors import GridError, GridmendError, nearest
from gridmend.model.grid import SINGULAR, Grid

WINDOW_MOST = timedelta(days=31)
"""A longer window is a mistake in a date, or is drafted in parts."""
EMERGENCY = timedelta(hours=4)
"""How long an emergency is taken to last where nobody says: an assumption."""


class Kind(StrEnum):
    """Why there is no choice of the hour, or that there is."""

    WORK = "work"
    EMERGENCY = "emergency"


class Loops(StrEnum):
    """Which loops may be closed for a moment, so that nobody is interrupted: a leave stands for
    each when its step comes."""

    NONE = "none"
    ONE_SOURCE = "one_source"
    ANY = "any"
    """Also between two sources, with a check of synchronism."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request for planned or emergency work.

    `elements` are worked on together; a bus is written `bus.<name>`. Between `begin` and `end`,
    which are aware, all switching and the work itself take place. `zone` is the clock on which
    the sheet is printed. `who` asks, and holds the tags; `crews` go to the devices, in turn.
    """

    elements: tuple[str, ...]
    begin: datetime
    end: datetime
    who: str = "operator"
    reason: str = ""
    kind: Kind = Kind.WORK
    grounds: bool = True
    crews: tuple[str, ...] = ()
    zone: tzinfo = UTC
    loops: Loops = Loops.ONE_SOURCE


def emergency(
    elements: tuple[str, ...], begin: datetime, *, reason: str, who: str = "operator"
) -> Request:
    """A request for now, without an end that anybody knows: `EMERGENCY` is assumed."""
    return Request(elements, begin, begin + EMERGENCY, who, reason, Kind.EMERGENCY)


def checked(request: Request, grid: Grid, now: datetime | None = None) -> Request:
    """The same with every element as the grid writes it.

    Raises `GridmendError` for a window that is none, for nobody who asks, for an emergency
    without a reason, and for elements that are not there or are out of service.
    """
    _check_window(request, now)
    if not request.who.strip():
        raise GridmendError("nobody asks for the work", where="who", mend="name who holds the tags")
    if request.kind is Kind.EMERGENCY and not request.reason.strip():
        raise GridmendError(
            "an emergency order says why", where="reason", mend="state what has happened"
        )
    if not request.elements:
        raise GridmendError("no element is named", where="elements", mend="name what is worked on")
    names = dict.fromkeys(named(grid, element) for element in request.elements)
    return replace(request, elements=tuple(names))


def _check_window(request: Request, now: datetime | None) -> None:
    begin, end = request.begin, request.end
    for name, time in (("from", begin), ("to", end), ("now", now)):
        if time is not None and time.utcoffset() is None:
            raise GridmendError(f"the time {time} has no zone", where=name, mend="give its tzinfo")
    if end <= begin:
        how = "backwards" if end < begin else "of no length"
        raise GridmendError(
            f"the window from {_said(request, begin)} to {_said(request, end)} is {how}",
            where="to", mend="let the work end after it begins",
        )  # fmt: skip
    if end - begin > WINDOW_MOST:
        raise GridmendError(
            f"the window of {(end - begin).days} days is longer than {WINDOW_MOST.days}",
            where="to", mend="check the dates, or draft it in parts",
        )  # fmt: skip
    if now is not None and begin < now and request.kind is Kind.WORK:
        raise GridmendError(
            f"the window begins at {_said(request, begin)}, which is past",
            where="from", mend="plan it for later, or make it an emergency",
        )  # fmt: skip


def _said(request: Request, time: datetime) -> str:
    return f"{time.astimezone(request.zone):%Y-%m-%d %H:%M %Z}"


def named(grid: Grid, element: str) -> str:
    """An element, or a bus, as the grid writes it with its class.

    Raises `GridError` with the nearest names where there is none, and where it is out of service.
    """
    prefix, dot, rest = element.strip().partition(".")
    if dot and prefix.lower() in ("bus", "buses"):
        if rest.lower() not in grid.buses.index:
            raise GridError(f"there is no bus '{rest}'", mend=nearest(rest, grid.buses))
        return f"bus.{grid.buses['name'][grid.buses.row(rest)]}"
    try:
        table, row = grid.find(element.strip())
    except GridError as problem:
        known = element.strip().lower() in grid.buses.index
        mend = f"for the bus write bus.{element.strip()}" if known else problem.mend
        first = next((f"line.{name}" for name in grid.lines), "line.l1")
        raise GridError(problem.what, mend=mend or f"name an element, such as {first}") from None
    name = f"{SINGULAR[table]}.{grid.table(table)['name'][row]}"
    has_service = any(c.name == "in_service" for c in grid.table(table).schema.columns)
    if has_service and not grid.table(table).flags("in_service")[row]:
        raise GridError(
            f"{name} is out of service: no switching is needed to work on it",
            mend="ask for an element in service, or for its bus",
        )
    return name
