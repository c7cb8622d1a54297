"""The plant as a control room meets it: steps go down over links, events and values come up."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.model.command import World
from gridmend.model.deed import carried_out, subject
from gridmend.model.errors import GridmendError
from gridmend.model.event import Event
from gridmend.model.flow import Flow
from gridmend.model.plan import Outcome, OutcomeState, Step
from gridmend.twin.agenda import Due
from gridmend.twin.communications.network import Communications
from gridmend.twin.communications.paths import Path
from gridmend.twin.plant import Plant
from gridmend.twin.telemetry.points import Points
from gridmend.twin.telemetry.scan import Reports, Scanner
from gridmend.twin.told import TOLD, Told
from gridmend.twin.world import World as Electrical

UNREAD_MOST = 1_000_000
"""Messages that wait to be read; more is an error of whoever forgot to."""


_LEAST_WAIT_S = 1e-3
"""Links that change without end are not looked at more often."""


def paths_over(names: Iterable[str], *links: str, store: int = 100) -> tuple[Path, ...]:
    """One path for each endpoint, all over the same links."""
    return tuple(Path(name, links, store=store) for name in names)


@dataclass(eq=False)
class Telecontrol:
    """An adapter over a plant (`model.adapter`). It goes on in place, with the plant's agenda.

    Every RTU needs a path of `links`, and whatever else takes commands, as a DER, has one by its
    key. Raises `GridError` for an RTU without one.

    A link's latency delays what comes up and what goes down: while a command is on its way and its
    device moves, the virtual clock goes on. One that a link loses, or whose answer does not come
    within `answer_s` [s], is in doubt.
    """

    plant: Plant
    scanner: Scanner
    links: Communications
    start_utc: datetime
    cause: str = "command"
    answer_s: float = 5.0
    _inbox: list[tuple[float, int, Event]] = field(default_factory=list[Any])
    _values: list[Reports] = field(default_factory=list[Reports])
    _arrivals: list[Floats] = field(default_factory=list[Floats])
    _true: Floats = field(default_factory=lambda: np.empty(0))
    _count: int = 0
    _seen: int = 0
    _next: Due | None = None
    _fed: dict[str, int] = field(init=False)
    _tell: Told = field(init=False)
    _names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._true = self.points.true(self.plant.world.flow)
        self._tell = Told(self.plant.world.grid, self.points, self.start_utc)
        self._names = frozenset(path.endpoint for path in self.links.paths)
        for unit in self.points.units:
            self.links.number(unit)
        buses = self.plant.world.grid.buses
        self._fed = {link.bus: buses.row(link.bus) for link in self.links.links if link.bus}
        self._seen = len(self.plant.happened)
        self._keep_up()
        self.plant.watchers.append(self._see)

    @property
    def world(self) -> World:
        """Where its steps have an effect."""
        return World.TWIN

    @property
    def points(self) -> Points:
        """What is measured."""
        return self.scanner.points

    def carry_out(self, step: Step) -> Outcome:
        """Send a step to the RTU of its device, and say what came back; time goes on meanwhile."""
        plant, agenda = self.plant, self.plant.agenda
        self._catch_up(math.nextafter(plant.now_s, -math.inf))
        try:
            key = subject(plant.world.grid, step)
            endpoint = self._endpoint(key)
        except GridmendError as problem:
            return Outcome(step, OutcomeState.FAILED, str(problem))
        sent = self.links.send(endpoint, step, plant.now_s, way="down")
        if not sent:
            agenda.run_to(plant.now_s + self.answer_s)
            return Outcome(step, OutcomeState.IN_DOUBT, f"{key} did not answer")
        agenda.run_to(sent[0][0])
        outcome = plant.operate(step)
        if outcome.state is OutcomeState.IN_DOUBT and self._moves(step):
            outcome = Outcome(step, OutcomeState.CONFIRMED)
        if outcome.state is OutcomeState.CONFIRMED:
            now = plant.world.snapshot
            self.send(endpoint, self._tell.done(step, key, now, plant.now_s, self.cause))
        answered = self.links.send(endpoint, outcome, plant.now_s)
        if not answered:
            agenda.run_to(plant.now_s + self.answer_s)
            return Outcome(step, OutcomeState.IN_DOUBT, f"no answer of {key} came")
        agenda.run_to(answered[-1][0])
        return outcome

    def _moves(self, step: Step) -> bool:
        """Whether a device comes to stand where it was told to, within the time for an answer."""
        plant, agenda = self.plant, self.plant.agenda
        until_s = plant.now_s + self.answer_s
        while not _stands(step, plant.world):
            next_s = agenda.next_s()
            if next_s > until_s:
                agenda.run_to(until_s)
                return False
            agenda.run_to(next_s)
        return True

    def events(self) -> tuple[Event, ...]:
        """What has arrived since it was last asked, in order of arrival."""
        now_s = self.plant.now_s
        self._catch_up(now_s)
        self._tell_acts()
        found: list[Event] = []
        while self._inbox and self._inbox[0][0] <= now_s:
            found.append(heapq.heappop(self._inbox)[2])
        return tuple(found)

    def values(self) -> tuple[Reports, Floats]:
        """The measured values that have arrived since it was last asked, and when each did [s]."""
        now_s = self.plant.now_s
        self._catch_up(now_s)
        fields = ("point", "time_s", "sent_s", "stamp_s", "value")
        empty = Reports(np.empty(0, np.int64), *(np.empty(0) for _ in range(4)))
        every = [empty, *self._values]
        found = [np.concatenate([getattr(r, name) for r in every]) for name in fields]
        arrival_s = np.concatenate([np.empty(0), *self._arrivals])
        here = arrival_s <= now_s
        self._values = [Reports(*(a[~here] for a in found))]
        self._arrivals = [arrival_s[~here]]
        order = np.argsort(arrival_s[here], kind="stable")
        return Reports(*(a[here][order] for a in found)), arrival_s[here][order]

    def _see(self, now_s: float, flow: Flow) -> None:
        """The truth changes: what was scanned until now had the old one."""
        self._catch_up(math.nextafter(now_s, -math.inf))
        self._true = self.points.true(flow)
        if self._fed:
            live = np.unique(flow.nodes.bus[flow.energised])
            self.links.set_supply(now_s, {bus for bus, row in self._fed.items() if row in live})
        self._tell_acts()

    def _keep_up(self) -> None:
        """Links change: what waited for them goes on. Asked again when they change next."""
        now_s = self.plant.now_s
        self._catch_up(math.nextafter(now_s, -math.inf))
        for forwarded in self.links.advance(now_s):
            assert isinstance(forwarded.message, Event)
            self._arrive(forwarded.arrival_s, forwarded.message)
        if self._next is not None:
            self._next.call_off()
        due_s = max(self.links.next_change_s, now_s + _LEAST_WAIT_S)
        agenda = self.plant.agenda
        self._next = agenda.at(due_s, self._keep_up) if math.isfinite(due_s) else None

    def _catch_up(self, until_s: float) -> None:
        reports = self.scanner.read(self._true, until_s)
        if not len(reports):
            return
        points = self.points
        told = np.isin(points.quantity[reports.point], TOLD)
        unit = points.unit_of[reports.point]
        arrival_s = self._carried(reports, unit)
        there = ~np.isnan(arrival_s)
        for k in np.flatnonzero(told & there).tolist():
            at = int(reports.point[k])
            event = self._tell.report(at, float(reports.stamp_s[k]), float(reports.value[k]))
            if event is not None:
                self._arrive(float(arrival_s[k]), event)
        keep = there & ~told
        names = ("point", "time_s", "sent_s", "stamp_s", "value")
        self._values.append(Reports(*(getattr(reports, name)[keep] for name in names)))
        self._arrivals.append(arrival_s[keep])

    def _carried(self, reports: Reports, unit: Ints) -> Floats:
        """[reports] when each arrives [s]: one message for each RTU and scan, nan where lost."""
        found = np.full(len(reports), np.nan)
        number = np.array([self.links.number(name) for name in self.points.units], np.int64)
        order = np.lexsort((unit, reports.time_s))
        times, starts = np.unique(reports.time_s[order], return_index=True)
        for time_s, rows in zip(times.tolist(), np.split(order, starts[1:]), strict=True):
            units, which = np.unique(unit[rows], return_inverse=True)
            when_s = max(time_s, self.links.now_s)
            arrival_s, _ = self.links.send_batch(number[units], when_s)
            late_s = reports.sent_s[rows] - time_s
            found[rows] = np.maximum(arrival_s[which] + late_s, reports.sent_s[rows])
        return found

    def _tell_acts(self) -> None:
        """RTUs send at once what their protection does."""
        happened = self.plant.happened
        for one in happened[self._seen :]:
            endpoint = f"switch.{one.payload.get('device', '')}".lower()
            event = self._tell.act(one) if endpoint in self._names else None
            if event is not None:
                self.send(endpoint, event)
        self._seen = len(happened)
        self._keep_up()

    def _endpoint(self, key: str) -> str:
        """Who takes a command for a device; `GridmendError` where nobody does."""
        grid = self.plant.world.grid
        if key.startswith("tap_control."):
            row = grid.tap_controls.row(key.partition(".")[2])
            key = f"transformer.{grid.tap_controls['transformer'][row]}".lower()
        for name in (key, f"switch.{key}"):
            if name in self._names:
                return name
        raise GridmendError(f"nothing at '{key}' takes commands", mend="send a crew")

    def send(self, endpoint: str, event: Event) -> None:
        """An endpoint sends an event up now; `GridError` for one without a path."""
        for arrival_s, message in self.links.send(endpoint, event, self.plant.now_s):
            assert isinstance(message, Event)
            self._arrive(arrival_s, message)

    def hear(self, event: Event) -> None:
        """Somebody says it to the control room now: by telephone or by voice radio."""
        self._arrive(self.plant.now_s, event)

    def next_s(self) -> float:
        """When the next event that is on its way arrives [s]; inf where none is."""
        return self._inbox[0][0] if self._inbox else math.inf

    def _arrive(self, arrival_s: float, event: Event) -> None:
        if len(self._inbox) >= UNREAD_MOST:
            raise GridmendError(
                f"{UNREAD_MOST:,} messages were not collected", mend="ask `events` more often"
            )
        self._count += 1
        heapq.heappush(self._inbox, (arrival_s, self._count, event))


def _stands(step: Step, world: Electrical) -> bool:
    """Whether a switch or source stands where a step has it."""
    now, then = world.snapshot, carried_out(step, world.grid, world.snapshot)
    return bool(
        np.array_equal(now.open_phases, then.open_phases)
        and np.array_equal(now.source_on, then.source_on)
    )
