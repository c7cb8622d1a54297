"""Entries from the journal: who was out by what the control room was told, and by which device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from gridmend.model.errors import Finding, GridError
from gridmend.model.event import Event
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.interruptions.entries import Blamed, Denied, Entry, Merged
from gridmend.operations.interruptions.marks import ROOM, Caused, Corrected, Mark, Spoke, read_marks
from gridmend.operations.interruptions.roster import Roster, roster_of
from gridmend.operations.interruptions.walk import Walk


@dataclass(frozen=True, eq=False)
class Told:
    """What a journal tells of supply: entries for `fold`, with times in seconds since 1970 (UTC).

    The numbers of the entries are those of `roster`. `first_s`, `last_s` are the times of the
    first and the last event, by the control room's own clock where it wrote any. `used` events
    were of use, and `left` were read and could not be used, or are doubtful.
    """

    entries: tuple[Entry, ...]
    roster: Roster
    findings: tuple[Finding, ...]
    first_s: float
    last_s: float
    used: int
    left: int


def told(topology: Topology, events: Iterable[Event], start: Snapshot | None = None) -> Told:
    """Entries of the ledger from the events of a journal.

    Positions move by what devices, crews and confirmed commands say, in the order of the times at
    which that was so, from normal or from `start`. A load is out while any of its conductors has
    no source. The opening that put customers out begins an event `<device>@<time>`:

    - By protection, or told by a crew that found the device open, it is a fault; a device that
      trips again goes on with its event, and what opens where it is dead is of the event that
      made it so.
    - By a command it is planned, unless it is a step in the restoration of an outage: one that hit
      the same customers, or, where no switching order commands it, one on their feeder.
    - Its cause is what `fault_suspected` or `repaired` name as `cause` for an element that it took
      the voltage from; else unknown.

    A meter with supply ends the interruption of its own customers. What meters and callers say
    where positions know of no outage is counted by the rule of `service`. Corrections are taken
    over. Never raises for what events say; what cannot be used is a finding. Checked against a
    plain simulation in tests.
    """
    clock = _Clock()
    marks, reading = read_marks(topology.grid, clock.passing(events))
    walk = Walk(topology, reading, _roster(topology, marks), start)
    for now_s, some in groupby(marks, key=lambda mark: mark.time_s):
        at_once = tuple(some)
        walk.step(now_s, at_once)
        for mark in at_once:
            if isinstance(mark, Caused):
                _blame(walk, mark)
            elif isinstance(mark, Corrected):
                _correct(walk, mark)
    entries, gasps, calls = walk.words.standing()
    for count, what in ((gasps, "a meter gasped"), (calls, "a customer called")):
        if count:
            reading.reasons[f"{what} and nothing else bears it out: not counted"] = count
    first_s, last_s = clock.span_s
    return Told(
        (*walk.entries, *entries), walk.roster, reading.findings(), first_s, last_s,
        used=len(marks), left=sum(reading.reasons.values()),
    )  # fmt: skip


class _Clock:
    """The first and last time of events that go by: of the control room's own, where it has any."""

    def __init__(self) -> None:
        self._own: tuple[float, float] | None = None
        self._all: tuple[float, float] | None = None

    def passing(self, events: Iterable[Event]) -> Iterator[Event]:
        """The same events, none of which is held."""
        for event in events:
            time_s = event.time_utc.timestamp()
            self._all = _wider(self._all, time_s)
            if event.source == ROOM:
                self._own = _wider(self._own, time_s)
            yield event

    @property
    def span_s(self) -> tuple[float, float]:
        """From when to when [s]; 0 where nothing went by."""
        return self._own or self._all or (0.0, 0.0)


def _wider(span: tuple[float, float] | None, time_s: float) -> tuple[float, float]:
    return (time_s, time_s) if span is None else (min(span[0], time_s), max(span[1], time_s))


def _roster(topology: Topology, marks: Iterable[Mark]) -> Roster:
    """Who speaks or is spoken of alone is apart from the others behind a load."""
    apart = {m.name for m in marks if isinstance(m, Spoke) and m.lit and not m.by_meter}
    apart |= {
        str(m.payload["customer"]) for m in marks
        if isinstance(m, Corrected) and m.kind == "interruption_denied"
    }  # fmt: skip
    return roster_of(topology, apart)


def _blame(walk: Walk, mark: Caused) -> None:
    """What broke an element caused the last outage that took its voltage."""
    try:
        nodes = walk.topology.nodes_of(mark.element)
    except GridError as problem:
        walk.reading.leave(f"a cause is told of what is not there: {problem.what}")
        return
    outage = walk.outages.of_nodes(nodes, mark.time_s)
    if outage is not None:
        walk.entries.append(Blamed(mark.time_s, outage.name, mark.cause))


def _correct(walk: Walk, mark: Corrected) -> None:
    """A correction is an entry."""
    said = mark.payload
    event = str(said["interruption"])
    if mark.kind == "interruption_merged":
        walk.entries.append(Merged(event, str(said["into"])))
    elif mark.kind == "interruption_blamed":
        planned = said.get("planned")
        planned = planned if isinstance(planned, bool) else None
        walk.entries.append(Blamed(mark.time_s, event, str(said["cause"]), planned))
    else:
        numbers = walk.roster.whole(str(said["customer"]))
        if not numbers:
            walk.reading.leave(f"customer '{said['customer']}' is not in the model")
        walk.entries += [Denied(event, number) for number in numbers]
