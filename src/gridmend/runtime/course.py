"""One run in memory on the virtual clock: the field, the control room above it, and the truth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from gridmend.interlock.check import Bench
from gridmend.interlock.electric import solver_of
from gridmend.interlock.move import By
from gridmend.model.event import Event
from gridmend.model.flow import Flow
from gridmend.model.plan import Action, Step
from gridmend.model.snapshot import Snapshot
from gridmend.runtime.exercise.breathing import Breathing
from gridmend.runtime.exercise.forecast import Forecast
from gridmend.runtime.exercise.foreman import Foreman
from gridmend.runtime.exercise.healing import Healing
from gridmend.runtime.exercise.leave import Leave
from gridmend.runtime.exercise.nested import Nested
from gridmend.runtime.exercise.outages import OutageDesk
from gridmend.runtime.exercise.overdue import Overdue
from gridmend.runtime.exercise.returning import Returning
from gridmend.runtime.exercise.room import OPERATOR, Room
from gridmend.runtime.exercise.synchrocheck import Synchrocheck
from gridmend.runtime.journal import Journal
from gridmend.runtime.ledger import Ledger
from gridmend.runtime.scenario import Restoration
from gridmend.twin.field import Field
from gridmend.twin.guard_records import on_record
from gridmend.twin.instants import Instants
from gridmend.twin.plant import Fault
from gridmend.twin.protection.fuse import Fuse
from gridmend.twin.strikes import bolted


class Course:
    """A field with its control room, and what is written down of the truth as it goes on.

    `ledger` has who was out in truth. `restoration` is the policy of self-healing; without it
    the room closes again what tripped, once a repair is heard of. Where the field has crews, a
    foreman sends them; else steps by hand take as long as the policy says. `storm` tells whether
    one is over the map, when roads are slow and repairs long. `journal` is one that goes on, a new
    one in memory unless given; `operator` signs what the simulated people of the room do.
    """

    def __init__(
        self,
        field: Field,
        *,
        restoration: Restoration | None = None,
        storm: Callable[[], bool] = lambda: False,
        journal: Journal | None = None,
        operator: By = OPERATOR,
    ) -> None:
        self.field, self.grid = field, on_record(field.grid, field.plant.guards.devices)
        self.start_utc = field.telecontrol.start_utc
        world, agenda = field.plant.world, field.agenda
        solver = Breathing(solver_of(self.grid, world.network), self._breathe)
        forecast = Forecast(solver, world.series, lambda: agenda.now_s)
        self.room = Room(
            field.telecontrol, bench=Bench.of(self.grid, network=forecast), journal=journal,
            forecast=forecast, operator=operator,
        )  # fmt: skip
        equipped = field.flagged.indicators.switches if field.flagged else ()
        self.room.duties.append(Overdue(self.room))
        self.healing: Healing | None = None
        if restoration is not None:
            self.healing = Healing(
                self.room, restoration, equipped, patrolled=field.crewing is not None
            )
            self.room.duties.append(self.healing)
        returning = Returning(
            self.room, Snapshot.normal(self.grid),
            joins_sources=restoration is not None and restoration.joins_sources,
            synchrocheck=Synchrocheck(field.telecontrol).ask,
        )  # fmt: skip
        self.room.duties.append(returning)
        if field.crewing is not None:
            foreman = Foreman(self.room, field.crewing, equipped, returning.begin, storm)
            self.room.duties += [
                foreman,
                Leave(self.room, field.crewing),
                Nested(self.room, foreman.incidents),
            ]
        else:
            hand_s = 60 * (restoration or Restoration()).hand_step_min
            field.telecontrol.by_hand = partial(self._send_a_crew, hand_s)
        ask = field.metered.pinged.ask if field.metered else None
        self.outages = OutageDesk(self.room, equipped, ask, storm, restoration is not None)
        self.room.duties.append(self.outages)
        self.ledger = Ledger(self.grid)
        self.watchers: list[Callable[[float, Flow], None]] = []
        self._enter(0.0, self.flow)
        Instants(field.plant, self._enter)

    @property
    def flow(self) -> Flow:
        """The truth of now."""
        return self.field.plant.world.flow

    @property
    def now(self) -> datetime:
        """The time of the run."""
        return self.room.now()

    @property
    def events(self) -> tuple[Event, ...]:
        """What the control room knows, in its order."""
        return tuple(entry.event for entry in self.room.journal.read(0))

    def at(self, time_s: float, action: Callable[[], None]) -> None:
        """Have something done at a time from the start [s]."""
        self.field.agenda.at(time_s, action)

    def run_to(self, time_s: float) -> None:
        """Let time go on."""
        self.field.agenda.run_to(time_s)

    def strike(self, element: str) -> int:
        """A bolted fault of all phases strikes for good; its number."""
        plant = self.field.plant
        return plant.strike(Fault(bolted(self.grid, element), cause="struck"))

    def repair(self, element: str, number: int) -> None:
        """A crew mends a fault, closes by hand what no command reaches, and says so."""
        plant, telecontrol = self.field.plant, self.field.telecontrol
        plant.repair(number)
        remote, normal = self.grid.switches.flags("remote"), Snapshot.normal(self.grid)
        for guard in plant.guards.devices:
            is_switch = guard.table == "switches"
            if all(guard.device.closed) or not is_switch or normal.open_phases[guard.row]:
                continue
            if isinstance(guard.device, Fuse):
                plant.renew(guard.name)
            elif not remote[guard.row]:
                telecontrol.do_by_hand(Step(Action.CLOSE, guard.name, "its fault is mended"))
        telecontrol.hear(Event(self.now, "field", "crew", "repaired", {"element": element}))

    def _breathe(self) -> None:
        """A solve begins; there is no room yet for those of its own making."""
        if "room" in vars(self):
            self.room.breathe()

    def _send_a_crew(self, hand_s: float, step: Step) -> None:
        def there() -> None:
            self.field.telecontrol.do_by_hand(step)

        self.field.agenda.after(hand_s, there)

    def _enter(self, now_s: float, flow: Flow) -> None:
        """Enter who is supplied, and show the flow to whoever watches."""
        time_utc = self.start_utc + timedelta(seconds=now_s)
        self.ledger = self.ledger.at(time_utc, self.field.plant.world.supplied())
        for watch in self.watchers:
            watch(now_s, flow)
