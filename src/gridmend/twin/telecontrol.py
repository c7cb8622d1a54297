"""The plant as a control room meets it: steps go down over links, events and values come up."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from gridmend.model.arrays import Floats
from gridmend.model.command import World
from gridmend.model.deed import carried_out, subject
from gridmend.model.errors import GridmendError
from gridmend.model.event import Event
from gridmend.model.flow import Flow
from gridmend.model.grid import SINGULAR
from gridmend.model.plan import SWITCHING, Action, Outcome, OutcomeState, Step
from gridmend.twin.agenda import Due, not_before_s
from gridmend.twin.communications.network import Communications
from gridmend.twin.communications.paths import Path
from gridmend.twin.plant import Plant
from gridmend.twin.reporting import Reporting
from gridmend.twin.telemetry.points import Points
from gridmend.twin.telemetry.scan import Reports, Scanner
from gridmend.twin.told import Told
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

    `by_hand` is told of a step at a device that takes no commands, and has a crew carry it out;
    without it such a step fails. `listeners` are told when an event will arrive [s].

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
    by_hand: Callable[[Step], None] | None = None
    listeners: list[Callable[[float], None]] = field(default_factory=list[Any])
    _inbox: list[tuple[float, int, Event]] = field(default_factory=list[Any])
    _count: int = 0
    _seen: int = 0
    _next: Due | None = None
    _fed: dict[str, int] = field(init=False)
    _tell: Told = field(init=False)
    _reporting: Reporting = field(init=False)
    _unit: dict[str, int] = field(init=False)
    """The RTU that speaks for an endpoint."""
    _guarding: dict[str, str] = field(init=False)
    """The endpoint of each protective device."""
    locked: set[str] = field(default_factory=set[str])
    """Endpoints whose device has locked out since it was last told to open."""
    _names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        world = self.plant.world
        self._tell = Told(world.grid, self.points, self.start_utc)
        self._reporting = Reporting(
            self.scanner, self.links, self._tell, self.points.true(world.flow), self._arrive
        )
        self._unit = {name: k for k, name in enumerate(self.points.units)}
        self._guarding = {
            guard.name.lower(): f"{SINGULAR[guard.table]}.{guard.name}".lower()
            for guard in self.plant.guards.devices
        }
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
        self.catch_up()
        try:
            key = subject(plant.world.grid, step)
            endpoint = self._endpoint(key)
        except GridmendError as problem:
            return Outcome(step, OutcomeState.FAILED, str(problem))
        if not endpoint:
            return self._ask_a_crew(step, key)
        sent = self.links.send_surely(endpoint, step, plant.now_s, way="down")
        if not sent:
            agenda.run_to(plant.now_s + self.answer_s)
            return Outcome(step, OutcomeState.IN_DOUBT, f"{key} did not answer")
        agenda.run_to(not_before_s(sent[0][0]))
        outcome = plant.operate(step)
        if outcome.state is OutcomeState.IN_DOUBT and self._moves(step):
            outcome = Outcome(step, OutcomeState.CONFIRMED)
        told_s = self._say(step, key, endpoint) if outcome.state is OutcomeState.CONFIRMED else 0.0
        answered = self.links.send_surely(endpoint, outcome, plant.now_s)
        if not answered:
            agenda.run_to(plant.now_s + self.answer_s)
            return Outcome(step, OutcomeState.IN_DOUBT, f"no answer of {key} came")
        last_s = max(answered[-1][0], min(told_s, plant.now_s + self.answer_s))
        agenda.run_to(not_before_s(last_s))
        return outcome

    def _say(self, step: Step, key: str, endpoint: str) -> float:
        """A device says where it stands now; when that arrives [s]."""
        plant, now_s = self.plant, self._stamp_s(endpoint, self.plant.now_s)
        said = [self._tell.done(step, key, plant.world.snapshot, now_s, self.cause)]
        unlocks = step.action is Action.OPEN and plant.guards.unlocks(key, step.phases)
        if unlocks and endpoint in self.locked:
            self.locked.discard(endpoint)
            said.append(self._tell.unlocked(key, now_s, self.cause))
        return max([self.send(endpoint, event) for event in said])

    def _ask_a_crew(self, step: Step, key: str) -> Outcome:
        if self.by_hand is None or step.action not in SWITCHING:
            why = f"nothing at '{key}' takes commands; mend: send a crew"
            return Outcome(step, OutcomeState.FAILED, why)
        self.by_hand(step)
        return Outcome(step, OutcomeState.IN_DOUBT, f"a crew goes to {key}")

    def _stamp_s(self, endpoint: str, time_s: float) -> float:
        """A time on the clock of the RTU that speaks for an endpoint."""
        unit = self._unit.get(endpoint)
        if unit is None:
            return time_s
        return time_s + float(self.scanner.off_s(np.array([unit]), np.array([time_s]))[0])

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
        self._catch_up(self.plant.now_s)
        return self._reporting.values(self.plant.now_s)

    def poll(self) -> None:
        """Ask every RTU where its devices stand, and wait for the answers."""
        now_s = self.plant.now_s
        self._catch_up(now_s)
        last_s = self._reporting.poll(max(now_s, self.links.now_s))
        self.plant.agenda.run_to(not_before_s(min(last_s, now_s + self.answer_s)))

    def _see(self, now_s: float, flow: Flow) -> None:
        """The truth changes: what was scanned until now had the old one."""
        self.catch_up()
        self._reporting.true = self.points.true(flow)
        if self._fed:
            live = np.unique(flow.nodes.bus[flow.energised])
            self.links.set_supply(now_s, {bus for bus, row in self._fed.items() if row in live})
        self._tell_acts()

    def _keep_up(self) -> None:
        """Links change: what waited for them goes on. Asked again when they change next."""
        now_s = self.plant.now_s
        self.catch_up()
        for forwarded in self.links.advance(now_s):
            assert isinstance(forwarded.message, Event)
            self._arrive(forwarded.arrival_s, forwarded.message)
        if self._next is not None:
            self._next.call_off()
        due_s = max(self.links.next_change_s, now_s + _LEAST_WAIT_S)
        agenda = self.plant.agenda
        self._next = agenda.at(due_s, self._keep_up) if math.isfinite(due_s) else None

    def catch_up(self) -> None:
        """Send what was scanned before now: whoever sends over `links` does this first, as these go
        on in order of time."""
        self._catch_up(math.nextafter(self.plant.now_s, -math.inf))

    def _catch_up(self, until_s: float) -> None:
        self._reporting.read(until_s)

    def _tell_acts(self) -> None:
        """RTUs send at once what their protection does."""
        happened = self.plant.happened
        for one in happened[self._seen :]:
            endpoint = self._guarding.get(str(one.payload.get("device", "")).lower(), "")
            stamp_s = self._stamp_s(endpoint, one.time_s)
            event = self._tell.act(one, endpoint, stamp_s) if endpoint in self._names else None
            if event is not None:
                self.send(endpoint, event)
                if one.kind == "lock_out":
                    self.locked.add(endpoint)
        self._seen = len(happened)
        self._keep_up()

    def _endpoint(self, key: str) -> str:
        """Who takes a command for a device; empty where nobody does."""
        grid = self.plant.world.grid
        if key.startswith("tap_control."):
            row = grid.tap_controls.row(key.partition(".")[2])
            key = f"transformer.{grid.tap_controls['transformer'][row]}".lower()
        return next((name for name in (key, f"switch.{key}") if name in self._names), "")

    def send(self, endpoint: str, event: Event) -> float:
        """An endpoint sends an event up now; when it arrives [s], 0 where it is lost or kept.

        Only what an RTU says is confirmed. Raises `GridError` for an endpoint without a path.
        """
        self.catch_up()
        last_s = 0.0
        send = self.links.send_surely if endpoint in self._unit else self.links.send
        for arrival_s, message in send(endpoint, event, self.plant.now_s):
            assert isinstance(message, Event)
            self._arrive(arrival_s, message)
            last_s = arrival_s
        return last_s

    def do_by_hand(self, step: Step, cause: str = "crew") -> Outcome:
        """A crew that stands at a device carries out a step, and says where the device stands."""
        plant = self.plant
        outcome = plant.operate(step)
        if outcome.state is OutcomeState.IN_DOUBT and self._moves(step):
            outcome = Outcome(step, OutcomeState.CONFIRMED)
        if outcome.state is not OutcomeState.FAILED:
            key = subject(plant.world.grid, step)
            self.hear(self._tell.done(step, key, plant.world.snapshot, plant.now_s, cause))
        return outcome

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
        for listen in self.listeners:
            listen(arrival_s)


def _stands(step: Step, world: Electrical) -> bool:
    """Whether a switch or source stands where a step has it."""
    now, then = world.snapshot, carried_out(step, world.grid, world.snapshot)
    return bool(
        np.array_equal(now.open_phases, then.open_phases)
        and np.array_equal(now.source_on, then.source_on)
    )
