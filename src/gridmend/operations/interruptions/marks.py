"""The journal's events read as marks on a line of time: what moved, who spoke, what was found."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from typing import Any

from gridmend.model.deed import phases_told, source_told, step_told, subject, switch_row
from gridmend.model.errors import Finding, GridmendError
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import SWITCHING, Action
from gridmend.model.snapshot import conductor_mask
from gridmend.model.vocabulary import wrong_with

ROOM = "control room"
"""Who says what the control room itself does; its clock is the one that counts."""
CLOCK_S = 10.0
"""Two clocks may be so far apart: times that are nearer are those of one thing. Assumed."""
AHEAD_S = 120.0
"""What the room heard before its own clock said so, by more than this, is from a wrong clock."""
SEEN_S = 60.0
"""Within this after a command a report of its device tells what became of it. Assumed."""
LATE_S = 60.0
REASONS_MOST = 50
WITHOUT = ("no power", "still no power", "said to be restored, but no power")
WITH = ("power is back", "power is on")
"""What callers say whose supply is gone, and whose is there."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A command to open or close a device was sent, by an order or without one."""

    time_s: float
    key: str
    command: str
    opens: bool
    order: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """A command failed."""

    time_s: float
    command: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A switch has these conductors open, or a source (row -1 and below) is off (1) or on (0).

    `how` is protection, asked (the report says so itself), told, or late where a crew tells what it
    sees.
    """

    time_s: float
    key: str
    row: int
    bits: int
    how: str


@dataclass(frozen=True, slots=True)
class Spoke:
    """A meter or a customer has supply or has none."""

    time_s: float
    name: str
    lit: bool
    by_meter: bool


@dataclass(frozen=True, slots=True)
class Caused:
    """What broke an element, as somebody found it."""

    time_s: float
    element: str
    cause: str


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction, in the words of its event."""

    time_s: float
    kind: str
    payload: Mapping[str, Any]


Mark = Asked | Dropped | Moved | Spoke | Caused | Corrected
_ORDER = {Asked: 0, Dropped: 1, Moved: 2, Spoke: 3, Caused: 4, Corrected: 5}
CORRECTIONS = ("interruption_denied", "interruption_blamed", "interruption_merged")
_POSITIONS = ("status", "switched", "tripped")
_SPOKEN = ("meter_gasped", "meter_returned", "meter_pinged", "customer_called")
_READ = {*_POSITIONS, *_SPOKEN, *CORRECTIONS, "commanded", "outcome", "fault_suspected", "repaired"}


@dataclass(eq=False)
class Reading:
    """What is read so far, and what could not be, counted by its reason."""

    grid: Grid
    marks: list[Mark] = field(default_factory=list[Mark])
    reasons: Counter[str] = field(default_factory=Counter)
    seen: set[tuple[datetime, str, str]] = field(default_factory=set[Any])
    asked: dict[str, Asked] = field(default_factory=dict[str, Asked])
    confirmed: dict[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        self.mask = conductor_mask(self.grid.switches).tolist()

    def leave(self, why: str) -> None:
        """Something is left out."""
        known = why in self.reasons or len(self.reasons) < REASONS_MOST
        self.reasons[why if known else "other events that cannot be used"] += 1

    def findings(self) -> tuple[Finding, ...]:
        """What was left out or doubtful, a finding a reason."""
        return tuple(
            Finding("warning", why if count == 1 else f"{why} ({count} times)", "journal")
            for why, count in sorted(self.reasons.items(), key=lambda one: (-one[1], one[0]))
        )


def read_marks(grid: Grid, events: Iterable[Event]) -> tuple[tuple[Mark, ...], Reading]:
    """Marks in the order of their times; at one time in that of the journal.

    An event said twice counts once. A time that the control room's own clock had not reached when
    it heard is taken to be that of hearing. Never raises for what events say: what cannot be used
    is a finding of the reading.
    """
    reading, last_s, late = Reading(grid), -inf, 0
    for event, heard_s in _heard(events):
        if _is_said_again(reading, event):
            continue
        time_s = _measured_s(event)
        if event.source != ROOM and time_s > heard_s + AHEAD_S:
            reading.leave(f"the clock of {event.source} is ahead; the time of hearing is taken")
            time_s = heard_s
        late += event.source != ROOM and time_s < last_s - LATE_S
        last_s = max(last_s, time_s)
        try:
            problem = wrong_with(event)
            if problem:
                reading.leave(problem)
            else:
                _take(reading, event, time_s)
        except (GridmendError, LookupError, TypeError, ValueError, OverflowError) as problem:
            said = problem.what if isinstance(problem, GridmendError) else str(problem)
            reading.leave(f"the event '{event.kind}' cannot be used: {said}")
    if late:
        reading.reasons["events were recorded long after their time; that time counts"] = late
    reading.marks += _borne_out(reading)
    marks = sorted(reading.marks, key=lambda mark: (mark.time_s, _ORDER[type(mark)]))
    return tuple(marks), reading


def _heard(events: Iterable[Event]) -> Iterator[tuple[Event, float]]:
    """What is read of a journal, each with when it was heard, by the control room's own clock [s];
    inf where nothing followed. Of what is not read nothing is held but the earliest time."""
    kept: list[Event] = []
    by_s: list[float] = []
    for event in events:
        if event.kind in _READ:
            kept.append(event)
            by_s.append(inf)
        if event.source == ROOM and by_s:
            by_s[-1] = min(by_s[-1], event.time_utc.timestamp())
    for k in range(len(by_s) - 2, -1, -1):
        by_s[k] = min(by_s[k], by_s[k + 1])
    return zip(kept, by_s, strict=True)


def _is_said_again(reading: Reading, event: Event) -> bool:
    said = event.time_utc, event.kind, repr(sorted(event.payload.items()))
    if said in reading.seen:
        reading.leave("events were recorded twice; each counts once")
        return True
    reading.seen.add(said)
    return False


def _measured_s(event: Event) -> float:
    """When it was measured, as the device states; at the latest when it was told."""
    time_s = event.time_utc.timestamp()
    stated = event.payload.get("measured_utc")
    try:
        then = datetime.fromisoformat(stated) if isinstance(stated, str) else event.time_utc
    except ValueError:
        return time_s
    return min(then.timestamp(), time_s) if then.utcoffset() == timedelta(0) else time_s


def _take(reading: Reading, event: Event, time_s: float) -> None:
    kind, said = event.kind, event.payload
    if kind in _POSITIONS:
        _position(reading, event, time_s)
    elif kind == "commanded":
        step = step_told(kind, said)
        if step is not None and step.action in SWITCHING:
            key, order = subject(reading.grid, step), str(said.get("order", ""))
            opens = step.action is Action.OPEN
            # The device's clock may be behind the room's.
            asked = Asked(time_s - CLOCK_S, key, str(said["command"]), opens, order)
            reading.asked[asked.command] = asked
            reading.marks.append(asked)
    elif kind == "outcome":
        if said["state"] == "failed":
            reading.marks.append(Dropped(time_s, said["command"]))
        elif said["state"] == "confirmed":
            reading.confirmed.setdefault(said["command"], time_s)
    elif kind in ("fault_suspected", "repaired"):
        cause = said.get("cause")
        if isinstance(cause, str) and cause.strip():
            reading.marks.append(Caused(time_s, str(said["element"]), cause.strip()))
    elif kind in CORRECTIONS:
        reading.marks.append(Corrected(time_s, kind, said))
    else:
        _spoken(reading, event, time_s)


def _position(reading: Reading, event: Event, time_s: float) -> None:
    device, grid = str(event.payload["device"]), reading.grid
    how = "protection" if event.kind == "tripped" else "told"
    if event.kind == "switched" or event.cause == "command":
        how = "asked"
    elif event.cause.startswith("crew"):
        how = "late"
    bare = device.lower().removeprefix("source.")
    if device.lower() not in grid.switches.index and bare in grid.sources.index:
        is_on = source_told(event.kind, event.payload)
        if is_on is not None:
            row = -1 - grid.sources.row(bare)
            reading.marks.append(Moved(time_s, f"source.{bare}", row, int(not is_on), how))
        return
    row = switch_row(grid, device)
    bits = phases_told(event.kind, event.payload, int(reading.mask[row]))
    if bits is not None:
        key = str(grid.switches["name"][row]).lower()
        reading.marks.append(Moved(time_s, key, row, bits, how))


def _spoken(reading: Reading, event: Event, time_s: float) -> None:
    said = event.payload
    if event.kind == "customer_called":
        text = str(said["text"]).strip().lower()
        if text in (*WITHOUT, *WITH):
            reading.marks.append(Spoke(time_s, said["customer"], text in WITH, by_meter=False))
        return
    lit = event.kind == "meter_returned" or said.get("answered") is True
    if lit or event.kind == "meter_gasped":
        reading.marks.append(Spoke(time_s, str(said["meter"]), lit, by_meter=True))


def _borne_out(reading: Reading) -> list[Mark]:
    """Moves by commands that were confirmed and of which no report of the device tells."""
    reports: dict[str, list[float]] = defaultdict(list)
    for mark in reading.marks:
        if isinstance(mark, Moved):
            reports[mark.key].append(mark.time_s)
    found: list[Mark] = []
    for command, at_s in reading.confirmed.items():
        asked = reading.asked.get(command)
        if asked is None:
            continue
        times = sorted(reports[asked.key])
        next_one = bisect_left(times, asked.time_s)
        if next_one < len(times) and times[next_one] <= at_s + SEEN_S:
            continue
        if asked.key.startswith("source."):
            row, whole = -1 - reading.grid.sources.row(asked.key.partition(".")[2]), 1
        else:
            row = reading.grid.switches.row(asked.key)
            whole = int(reading.mask[row])
        found.append(Moved(at_s, asked.key, row, whole if asked.opens else 0, "asked"))
    return found
