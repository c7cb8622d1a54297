"""The field itself: world, faults, protection and DER, going on together on the virtual clock."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gridmend.model.deed import carried_out, subject
from gridmend.model.errors import GridError, GridmendError
from gridmend.model.flow import Flow
from gridmend.model.plan import MOVES, POWERS, SWITCHING, Action, Outcome, OutcomeState, Step
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.shorts import Short, device_of
from gridmend.twin.agenda import Agenda, Due
from gridmend.twin.guards import Guard, Guards
from gridmend.twin.protection.device import Act
from gridmend.twin.protection.fuse import Fuse
from gridmend.twin.protection.recloser import Recloser
from gridmend.twin.protection.sectionaliser import Sectionaliser
from gridmend.twin.resources import Resources
from gridmend.twin.world import World

DEIONISED_S = 0.3
"""How long a line must be dead for an arc in air not to come back. Assumed: reclosers as built wait
0.3 s and more before their first reclosing."""

ROUNDS_MOST = 1_000
"""Things that may happen at one instant; more is an error of the model."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault as it strikes: where, on which phases, and whether it goes when the line is dead.

    `grows` says what it becomes: seconds after it struck, and the phases then. Raises `GridError`
    for growth that goes back in time.
    """

    short: Short
    is_permanent: bool = True
    cause: str = ""
    grows: tuple[tuple[float, tuple[str, ...]], ...] = ()

    def __post_init__(self) -> None:
        times = [0.0, *(after_s for after_s, _ in self.grows)]
        if any(not math.isfinite(t) for t in times) or times != sorted(times):
            raise GridError(
                f"a fault on {self.short.element} cannot grow at {times[1:]} s",
                mend="give seconds after it struck, in their order",
            )


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened in truth, whether anybody saw it or not."""

    time_s: float
    kind: str
    payload: Mapping[str, Any]


@dataclass(slots=True)
class _Standing:
    fault: Fault
    short: Short
    dead_since_s: float | None = None


@dataclass(eq=False)
class Plant:
    """It goes on in place with its agenda, and is for one thread.

    `happened` is the truth; whoever has a place in `watchers` is shown each new flow. `stuck` are
    keys of devices that do not do what they are told; nor does a switch that is itself faulted.
    Without `resources` DER give what the series says, whatever the voltage.
    """

    agenda: Agenda
    world: World
    guards: Guards
    resources: Resources | None = None
    happened: list[Happened] = field(default_factory=list[Happened])
    watchers: list[Callable[[float, Flow], None]] = field(
        default_factory=list[Callable[[float, Flow], None]]
    )
    stuck: set[str] = field(default_factory=set[str])
    _standing: dict[int, _Standing] = field(default_factory=dict[int, _Standing])
    _count: int = 0
    _seen: Flow | None = None
    _next: Due | None = None

    def __post_init__(self) -> None:
        self._go_on()

    @property
    def now_s(self) -> float:
        """The virtual time [s]."""
        return self.agenda.now_s

    @property
    def faults(self) -> dict[int, Fault]:
        """Every fault that stands, by its number."""
        return {number: standing.fault for number, standing in self._standing.items()}

    def stand(self, snapshot: Snapshot) -> None:
        """Switches and sources begin where a snapshot has them, before anything has happened."""
        self.guards.stand(snapshot)
        there = self.world.snapshot.with_open_phases(snapshot.open_phases)
        self.world.put(there.with_sources(snapshot.source_on))
        self._go_on()

    def strike(self, fault: Fault) -> int:
        """A fault strikes now; its number. `GridError` where there can be none."""
        device_of(self.world.network, fault.short)
        grown = [replace(fault.short, phases=phases) for _, phases in fault.grows]
        for short in grown:
            device_of(self.world.network, short)
        self._count += 1
        number = self._count
        self._standing[number] = _Standing(fault, fault.short)
        self._tell("fault_struck", **_said(fault.short), cause=fault.cause, fault=number)
        for (after_s, _), short in zip(fault.grows, grown, strict=True):
            self.agenda.after(after_s, lambda short=short: self._grow(number, short))
        self._go_on()
        return number

    def repair(self, number: int) -> None:
        """A fault is mended; nothing closes by itself. `GridError` where it does not stand."""
        if number not in self._standing:
            raise GridError(f"there is no fault {number}", mend=f"these stand: {list(self.faults)}")
        self._end(number, "repaired")

    def renew(self, name: str) -> None:
        """New links in the open poles of a fuse; `GridError` where there is no fuse."""
        device = self.guards[name].device
        if not isinstance(device, Fuse):
            raise GridError(f"'{name}' is no fuse", mend="close it by a command")
        gone = [k for k, closed in enumerate(device.closed) if not closed]
        device.replace(self.now_s, phases=gone)
        self._tell("renewed", device=name)
        self._go_on()

    def operate(self, step: Step) -> Outcome:
        """Carry out one step. What a device does not do fails; what takes it a moment is in doubt
        until it is seen where it was told to stand."""
        world = self.world
        try:
            if step.action not in MOVES:
                raise GridError(f"the field does not carry out '{step.action} {step.device}'")
            after = carried_out(step, world.grid, world.snapshot)
            key = subject(world.grid, step)
        except GridmendError as problem:
            return Outcome(step, OutcomeState.FAILED, str(problem))
        if key in self.stuck or self._is_broken(key):
            self._tell("stuck", device=key, action=step.action.value)
            return Outcome(step, OutcomeState.IN_DOUBT, f"{key} did not answer")
        guard = self._guard(key) if step.action in SWITCHING else None
        if guard is not None:
            return self._command(guard, step)
        try:
            self._move(step, key, after)
        except GridmendError as problem:
            return Outcome(step, OutcomeState.FAILED, str(problem))
        self._tell("operated", device=key, action=step.action.value, value=step.value)
        self._go_on()
        return Outcome(step, OutcomeState.CONFIRMED)

    def _is_broken(self, key: str) -> bool:
        """Whether a device bears a fault for good: its own drive moves it no more. Protection still
        trips it, as what it does then is its own to say."""
        return any(
            one.fault.is_permanent and one.short.element.lower() == f"switch.{key.lower()}"
            for one in self._standing.values()
        )

    def _move(self, step: Step, key: str, after: Snapshot) -> None:
        """What the world does of a step that no protection carries out."""
        world = self.world
        if step.action is Action.LIMIT and step.value is not None:
            world.cap(key, step.value)
        elif step.action in POWERS:
            world.tell(key, after)
        else:
            world.put(after)

    def _command(self, guard: Guard, step: Step) -> Outcome:
        device, wanted = guard.device, step.action is Action.CLOSE
        if isinstance(device, Fuse):
            return Outcome(step, OutcomeState.FAILED, f"{guard.name} is a fuse: a crew replaces it")
        assert isinstance(device, (Recloser, Sectionaliser))
        poles = guard.poles(step.phases)
        if not step.phases:
            (device.close if wanted else device.open)(self.now_s)
        elif isinstance(device, Recloser) and device.settings.single_phase:
            (device.close if wanted else device.open)(self.now_s, phases=poles)
        else:
            return Outcome(step, OutcomeState.FAILED, f"the poles of {guard.name} move together")
        self._tell("commanded", device=guard.name, action=step.action.value)
        self._go_on()
        if all(device.closed[k] is wanted for k in poles):
            return Outcome(step, OutcomeState.CONFIRMED)
        return Outcome(step, OutcomeState.IN_DOUBT, f"{guard.name} has not moved yet")

    def _guard(self, key: str) -> Guard | None:
        name = key.partition(".")[2] if key.startswith("source.") else key
        table = "sources" if key.startswith("source.") else "switches"
        mine = (g for g in self.guards.devices if g.table == table and g.name.lower() == name)
        return next(mine, None)

    def _go_on(self) -> None:
        """Let what is due now happen until nothing more is, then wait for the next."""
        now_s, world, guards = self.now_s, self.world, self.guards
        for _ in range(ROUNDS_MOST):
            for guard, act in guards.act(now_s):
                said = {"phases": _phases(guard, act), "why": act.why, **guard.apart()}
                self._tell(act.kind, device=guard.name, **said)
            if self.resources is not None:
                for doing in self.resources.act(now_s):
                    self._tell(doing.kind, device=doing.device, cause=doing.cause)
                self.resources.put(world)
            moved = guards.put(world.snapshot)
            if moved is not world.snapshot:
                world.put(moved)
            shorts = tuple(dict.fromkeys(standing.short for standing in self._standing.values()))
            if shorts != world.shorts:
                world.short(*shorts)
            world.go_to(now_s)
            if world.flow is not self._seen:
                self._see(world.flow)
            if self._due_s() > now_s:
                break
        else:
            raise GridmendError(f"at {now_s:g} s things happen without end")
        if self._next is not None:
            self._next.call_off()
        due_s = min(world.next_s(), self._due_s())
        self._next = self.agenda.at(due_s, self._go_on) if math.isfinite(due_s) else None

    def _due_s(self) -> float:
        """When a device acts if the flow stays [s]."""
        guards_s = self.guards.due_s()
        return guards_s if self.resources is None else min(guards_s, self.resources.due_s())

    def _see(self, flow: Flow) -> None:
        self._seen = flow
        if not flow.converged and flow.energised.any():
            self._tell("unsolved", mismatch_pu=flow.mismatch_pu, bus=flow.worst_bus)
        self.guards.see(self.now_s, flow)
        if self.resources is not None:
            self.resources.see(self.now_s, flow)
        for number, standing in self._standing.items():
            if standing.fault.is_permanent:
                continue
            if self.world.is_live(standing.short):
                standing.dead_since_s = None
            elif standing.dead_since_s is None:
                standing.dead_since_s = self.now_s
                self.agenda.after(DEIONISED_S, lambda number=number: self._extinguish(number))
        for watch in self.watchers:
            watch(self.now_s, flow)

    def _extinguish(self, number: int) -> None:
        """An arc that had no voltage for long enough is out."""
        standing = self._standing.get(number)
        if standing is None or standing.dead_since_s is None:
            return
        if self.now_s - standing.dead_since_s >= DEIONISED_S - 1e-6:
            self._end(number, "extinguished")

    def _grow(self, number: int, short: Short) -> None:
        standing = self._standing.get(number)
        if standing is not None:
            standing.short = short
            self._tell("fault_grew", **_said(short), fault=number)
            self._go_on()

    def _end(self, number: int, kind: str) -> None:
        standing = self._standing.pop(number)
        self._tell(kind, element=standing.short.element, fault=number)
        self._go_on()

    def _tell(self, kind: str, **payload: Any) -> None:
        self.happened.append(Happened(self.now_s, kind, payload))


def _phases(guard: Guard, act: Act) -> str:
    return " ".join(guard.phases[k] for k in act.phases)


def _said(short: Short) -> dict[str, Any]:
    return {
        "element": short.element,
        "phases": " ".join(short.phases),
        "to_ground": short.to_ground,
        "r_ohm": short.r_ohm,
        "share": short.share,
    }
