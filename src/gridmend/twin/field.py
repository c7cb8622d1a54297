"""The simulated field: faults strike, protection trips, switches obey, crews repair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from gridmend.model.command import World
from gridmend.model.deed import carried_out
from gridmend.model.errors import GridError, GridmendError
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import MOVES, Outcome, OutcomeState, Step
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.fault import isolate

SOURCE = "field"
"""What the field's events say of who saw them."""
FAULTED = ("lines", "switches", "transformers", "reactors")
"""Tables whose elements may be faulted."""
TRIPS_MOST = 8
"""Rounds of tripping; more would be an error of the model."""

Happened = tuple["Field", tuple[Event, ...]]


@dataclass(frozen=True, eq=False)
class Field:
    """Positions of the field's devices, and what is broken; a change gives a new Field."""

    topology: Topology
    snapshot: Snapshot
    faulted: tuple[str, ...] = ()
    locked_out: tuple[str, ...] = ()

    @property
    def grid(self) -> Grid:
        """What is there."""
        return self.topology.grid

    def strike(self, element: str, *, time_utc: datetime, cause: str) -> Happened:
        """A permanent fault on a branch; protection trips and locks out.

        Raises `GridError` where there is no such line, switch, transformer or reactor.
        """
        key = faulted_element(self.grid, element)
        name = key.partition(".")[2]
        struck = Event(time_utc, SOURCE, cause, "fault_struck", {"element": name})
        field = replace(self, faulted=(*self.faulted, key))
        field, trips = field._cleared(time_utc=time_utc, cause=f"fault on {name}")
        return field, (struck, *trips)

    def operate(
        self, step: Step, *, time_utc: datetime, cause: str
    ) -> tuple[Field, Outcome, tuple[Event, ...]]:
        """Carry out one step; closing onto a fault trips again and fails."""
        try:
            if step.action not in MOVES:
                raise GridError(f"the field does not carry out '{step.action} {step.device}'")
            after = replace(self, snapshot=carried_out(step, self.grid, self.snapshot))
        except GridmendError as problem:
            failed = Outcome(step, OutcomeState.FAILED, str(problem))
            refused = {"action": step.action.value, "device": step.device, "why": problem.what}
            return self, failed, (Event(time_utc, SOURCE, cause, "step_failed", refused),)
        payload: dict[str, object] = {"action": step.action.value, "device": step.device}
        if step.value is not None:
            payload["value"] = step.value
        done = Event(time_utc, SOURCE, cause, "switched", payload)
        after, trips = after._cleared(time_utc=time_utc, cause=f"{step.action} {step.device}")
        if trips:
            tripped = ", ".join(str(event.payload["device"]) for event in trips)
            return after, Outcome(step, OutcomeState.FAILED, f"{tripped} tripped"), (done, *trips)
        return after, Outcome(step, OutcomeState.CONFIRMED), (done,)

    def repair(self, element: str, *, time_utc: datetime, cause: str) -> Happened:
        """The fault is mended and what locked out may close again; nothing closes by itself."""
        key = faulted_element(self.grid, element)
        name = key.partition(".")[2]
        left = tuple(other for other in self.faulted if other != key)
        event = Event(time_utc, SOURCE, cause, "repaired", {"element": name})
        return replace(self, faulted=left, locked_out=()), (event,)

    def with_demand_of(self, snapshot: Snapshot) -> Field:
        """The same switches and sources, with the demand, taps and capacitors of another."""
        positions = self.snapshot
        merged = replace(snapshot, open_phases=positions.open_phases, source_on=positions.source_on)
        return replace(self, snapshot=merged)

    def _cleared(self, *, time_utc: datetime, cause: str) -> Happened:
        """Protection trips and locks out until no fault is live."""
        field = self
        events: tuple[Event, ...] = ()
        for _ in range(TRIPS_MOST):
            live = [fault for fault in field.faulted if field._is_live(fault)]
            if not live:
                return field, events
            found = isolate(field.grid, field.snapshot, live[0], topology=field.topology)
            tripped = (*found.opened_by_protection, *found.sources_off)
            if not tripped:
                break
            events += tuple(
                Event(time_utc, SOURCE, cause, "tripped", {"device": name, "locked_out": True})
                for name in tripped
            )
            locked_out = (*field.locked_out, *tripped)
            field = replace(field, snapshot=found.tripped, locked_out=locked_out)
        raise GridError(
            f"protection does not clear the fault on {', '.join(self.faulted)}",
            mend="check what breakers, reclosers and fuses stand between it and the sources",
        )

    def _is_live(self, element: str) -> bool:
        """Whether any conductor of an element has voltage at either end."""
        live = self.topology.energised(self.snapshot)
        return bool(live[self.topology.nodes_of(element)].any())


class FieldAdapter:
    """The field behind the adapter's contract: it holds the present field.

    `now` is the clock it is given, `cause` what it says had a step carried out.
    """

    world = World.TWIN

    def __init__(self, field: Field, *, now: Callable[[], datetime], cause: str) -> None:
        self.field = field
        self.cause = cause
        self._now = now
        self._unread: list[Event] = []

    def carry_out(self, step: Step) -> Outcome:
        """Carry out one step and say what became of it."""
        self.field, outcome, events = self.field.operate(
            step, time_utc=self._now(), cause=self.cause
        )
        self._unread += events
        return outcome

    def events(self) -> tuple[Event, ...]:
        """What steps brought about since it was last asked."""
        unread, self._unread = tuple(self._unread), []
        return unread


def faulted_element(grid: Grid, element: str) -> str:
    """An element's name with its class; `GridError` where no fault can be on it."""
    table, row = grid.find(element)
    rows = grid.table(table)
    name = str(rows["name"][row])
    if table not in FAULTED:
        raise GridError(
            f"a fault cannot be on {rows.schema.row} '{name}'",
            mend="name a line, a switch, a transformer or a reactor",
        )
    if not bool(rows["in_service"][row]):
        raise GridError(f"'{name}' is not in service, so that no fault can be on it")
    return f"{rows.schema.row}.{name}"
