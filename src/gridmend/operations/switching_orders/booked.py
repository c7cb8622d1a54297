"""What an order holds while it lasts: devices, a zone, ties, for a stretch of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gridmend.model.command import step_of
from gridmend.model.errors import GridError, GridmendError
from gridmend.model.grid import Grid
from gridmend.model.plan import SWITCHING, Action, Step
from gridmend.operations.switching_orders.sheet import BEFORE, Phase, Sheet


@dataclass(frozen=True, slots=True)
class Booked:
    """An order as others meet it.

    `stands` maps each switch or source that it moves or tags, as `Grid.key` writes it, to True
    where it is open during the work. `held` are those that bear its tag, `moved` those that it
    operates at any time, `off` the DER that it disconnects, `zone` the buses that it clears.
    """

    name: str
    begin: datetime
    end: datetime
    stands: Mapping[str, bool]
    held: frozenset[str]
    moved: frozenset[str]
    off: frozenset[str]
    zone: frozenset[str]

    def overlaps(self, other: Booked) -> bool:
        """Whether some time belongs to both."""
        return self.begin < other.end and other.begin < self.end


def booked(grid: Grid, sheet: Sheet, name: str = "") -> Booked:
    """What a sheet holds."""
    before = [line.step for line in sheet.lines if line.step and line.phase in BEFORE]
    after = [line.step for line in sheet.lines if line.step and line.phase not in BEFORE]
    request = sheet.request
    called = name or f"the order for {', '.join(request.elements)}"
    return _booked(grid, called, (request.begin, request.end), before, after, sheet.zone)


def booked_of(grid: Grid, order: Mapping[str, Any], name: str) -> Booked:
    """What an order holds that `Sheet.as_json` wrote.

    Raises `GridmendError` where it is none, or names devices that this grid does not have.
    """
    try:
        request = order["request"]
        window = tuple(datetime.fromisoformat(request[key]) for key in ("from", "to"))
        before: list[Step] = []
        after: list[Step] = []
        for line in order["steps"]:
            if line["step"] is not None:
                place = before if Phase(line["phase"]) in BEFORE else after
                place.append(step_of(line["step"]))
        zone = [str(bus) for bus in order["zone"]]
        if window[0].utcoffset() is None or window[1].utcoffset() is None:
            raise ValueError("its window has no zone")
    except (AttributeError, KeyError, TypeError, ValueError, GridmendError) as problem:
        said = f"it has no {problem}" if isinstance(problem, KeyError) else str(problem)
        raise GridmendError(
            f"this is no switching order: {said}", where=name,
            mend="give what `gridmend order --json` wrote",
        ) from None  # fmt: skip
    try:
        return _booked(grid, name, (window[0], window[1]), before, after, zone)
    except GridError as problem:
        raise GridmendError(
            f"the order is for another network: {problem.what}", where=name, mend=problem.mend
        ) from None


def _booked(
    grid: Grid,
    name: str,
    window: tuple[datetime, datetime],
    before: Iterable[Step],
    after: Iterable[Step],
    zone: Iterable[str],
) -> Booked:
    stands: dict[str, bool] = {}
    moved, held, off = set[str](), set[str](), set[str]()
    for step in before:
        if step.action in SWITCHING:
            key = grid.key(step.device)
            stands[key] = step.action is Action.OPEN
            moved.add(key)
        elif step.action is Action.TAG:
            key = grid.key(step.device)
            held.add(key)
            if key in grid.switches.index:
                stands[key] = True
            else:
                off.add(key)
    moved |= {grid.key(step.device) for step in after if step.action in SWITCHING}
    buses = [str(grid.buses["name"][grid.buses.row(bus)]) for bus in zone]
    return Booked(
        name, *window, stands, frozenset(held), frozenset(moved), frozenset(off), frozenset(buses)
    )
