"""The control room of a run: it hears what arrives, and its duties act on that alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np

from gridmend.interlock.check import Bench
from gridmend.interlock.move import By
from gridmend.model.customers import customer_counts
from gridmend.model.deed import is_remote, subject
from gridmend.model.event import Event
from gridmend.model.plan import Action, Outcome, OutcomeState, Refusal, Step
from gridmend.model.situation import ANYWHERE, Pending
from gridmend.model.snapshot import Snapshot
from gridmend.runtime.control import Answer, operate, select
from gridmend.runtime.control.authority import take_authority
from gridmend.runtime.control.opening import open_room
from gridmend.runtime.control.readback import READ_BACK_S, attend, settle
from gridmend.runtime.exercise.forecast import Forecast
from gridmend.runtime.journal import Journal
from gridmend.runtime.sample import sample, served_nodes
from gridmend.twin.agenda import Due
from gridmend.twin.telecontrol import Telecontrol

LOOK_S = 60.0
"""How often the room looks for what came without being an event of its own."""
HEAR_S = 1.0
"""What arrives within so long of the last look is taken in together: a storm brings thousands of
reports a minute."""
WAIT_S = 1.0
"""How often the outcome of a command is looked for."""
SEEN_S = 60.0
"""How long after a command its device must be seen for its outcome to be settled."""
OPERATOR = By("operator", "desk")
"""The person at the desk."""


class Duty(Protocol):
    """Somebody in the room, or an application: it hears events, and acts when it is due."""

    def hear(self, event: Event, before: Snapshot) -> None:
        """An event was recorded; `before` are the positions that were known until then."""
        ...

    def due_s(self) -> float:
        """When it acts next [s]; inf where it waits to hear something."""
        ...

    def act(self) -> None:
        """It is due."""
        ...


class Room:
    """A kernel over the field of the twin, and the duties that use it.

    It goes on by the field's own agenda: whenever an event arrives, when a duty is due, and every
    `LOOK_S`. It knows nothing but its journal, and a `forecast` of demand where its bench has one;
    else it judges by the demand of the model. Over a journal that is there it goes on from what
    stands: its `operator` acts only where nobody else has taken authority.
    """

    def __init__(
        self,
        field: Telecontrol,
        *,
        bench: Bench | None = None,
        journal: Journal | None = None,
        forecast: Forecast | None = None,
        operator: By = OPERATOR,
    ) -> None:
        self.field, self.agenda, self.operator = field, field.plant.agenda, operator
        self.duties: list[Duty] = []
        self.journal = journal or Journal.memory()
        grid = bench.site.grid if bench is not None else field.plant.world.grid
        self.kernel = open_room(grid, field, self.journal, now=self.now, bench=bench)
        if ANYWHERE not in self.kernel.situation.authorities:
            take_authority(self.kernel, ANYWHERE, operator)
        self._untold: list[Event] = []
        self.kernel.told = self._untold.extend
        self._next: Due | None = None
        self._busy, self._looked_s = False, -math.inf
        self._forecast, self._step = forecast, 0
        self.interlude: Callable[[], None] | None = None
        self._plans = False
        field.listeners.append(self._expect)
        self._expect(self.agenda.now_s)

    def now(self) -> datetime:
        """The time of the run."""
        return self.field.start_utc + timedelta(seconds=self.agenda.now_s)

    def refresh(self) -> None:
        """Have the field say where its devices stand: automation acts on nothing old."""
        self.field.poll()
        attend(self.kernel)
        self._settle()
        if self._forecast is not None and self._forecast.step != self._step:
            self._step = self._forecast.step
            self.kernel.demand_changed()

    def _settle(self) -> None:
        """The operator settles commands in doubt, once their devices are seen long after."""
        kernel = self.kernel
        switches, mask = kernel.grid.switches, kernel.bench.site.mask
        for id, pending in list(kernel.situation.pending.items()):
            row = switches.index.get(pending.key)
            if row is None or not pending.doubted or not self.may_settle(pending):
                continue
            if not kernel.situation.heard_s[row] > pending.at_s + SEEN_S:
                continue
            wanted = int(mask[row]) if pending.command.step.action is Action.OPEN else 0
            is_done = int(kernel.situation.snapshot.open_phases[row]) == wanted
            settle(kernel, id, self.operator, done=is_done, why="it is seen where it stands")

    def may_settle(self, pending: Pending) -> bool:
        """Whether the operator may say what became of a command."""
        command = pending.command
        return command.principal == self.operator.principal or not self.holder(command.area)

    def holder(self, area: str = ANYWHERE) -> str:
        """Who else than the room's own operator has authority over an area; empty where nobody."""
        authority = self.kernel.situation.authorities.get(area)
        own = (self.operator.principal, self.operator.login)
        return "" if authority is None or authority.holder in own else authority.holder

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """While somebody at the desk acts, duties wait, though time may go on; then they look."""
        was, self._busy = self._busy, True
        try:
            yield
        finally:
            self._busy = was
            self._expect(self.agenda.now_s)

    @contextmanager
    def planning(self) -> Iterator[None]:
        """While a plan is looked for, which changes nothing, `interlude` may be called."""
        was, self._plans = self._plans, True
        try:
            yield
        finally:
            self._plans = was

    def breathe(self) -> None:
        """Somebody solves: let others have a word, where nothing is half done."""
        if self._plans and self.interlude is not None:
            self.interlude()

    def command(self, step: Step) -> Answer:
        """The operator has one step carried out; refused, and not written down, where somebody
        else has authority."""
        self.refresh()
        holder = self.holder(self.kernel.situation.area_of(subject(self.kernel.grid, step)))
        if holder:
            return Answer((Refusal("one authority", 1, step.device, f"{holder} has authority"),))
        picked = select(self.kernel, step, self.operator)
        if not picked.allowed:
            return picked
        answer = self.awaited(step, operate(self.kernel, step, self.operator, select=picked.id))
        self.note_of(step, answer)
        return answer

    def awaited(self, step: Step, answer: Answer) -> Answer:
        """The answer once a device that reports was read back; in doubt where it was not in time.

        An RTU's clock may be behind, so that what it said at once seems older than the command.
        """
        kernel = self.kernel
        for _ in range(round(READ_BACK_S / WAIT_S)):
            if answer.id not in kernel.situation.pending or not self.reports(step.device):
                break
            self.agenda.run_to(self.agenda.now_s + WAIT_S)
            self.refresh()
        was_doubted = answer.outcome and answer.outcome.state is OutcomeState.IN_DOUBT
        if was_doubted and answer.id not in kernel.situation.pending:
            return replace(answer, outcome=Outcome(step, OutcomeState.CONFIRMED))
        return answer

    def reports(self, device: str) -> bool:
        """Whether a device says itself where it stands."""
        return is_remote(self.kernel.grid, device)

    def note_of(self, step: Step, answer: Answer) -> None:
        """Write down what the room's own power flow says after a step."""
        kernel, flow = self.kernel, self.kernel.flow()
        grid, topology = kernel.grid, kernel.bench.site.topology
        supplied = topology.supplied(topology.energised(kernel.situation.snapshot))
        found = sample(topology, flow, served_nodes(grid, flow), self.now())
        out = customer_counts(grid)[~supplied & grid.loads.flags("in_service")]
        state = answer.outcome.state if answer.outcome else OutcomeState.FAILED
        kernel.say(
            "step_checked", self.operator, device=step.device, action=step.action.value,
            outcome=state.value, converged=flow.converged,
            v_min_pu=found.v_min_pu if np.isfinite(found.v_min_pu) else None, bus=found.bus,
            customers_out=int(out.sum()), why=str(answer) if answer.refusals else "",
        )  # fmt: skip

    def _expect(self, time_s: float) -> None:
        """Look at a time, or as soon as possible after it."""
        due_s = max(time_s, self.agenda.now_s, self._looked_s + HEAR_S)
        if self._busy or (self._next is not None and self._next.time_s <= due_s):
            return
        if self._next is not None:
            self._next.call_off()
        self._next = self.agenda.at(due_s, self._look)

    def _look(self) -> None:
        self._next, self._looked_s = None, self.agenda.now_s
        if self._busy:
            return
        self._busy = True
        try:
            self._go_on()
        finally:
            self._busy = False
        soonest_s = min((duty.due_s() for duty in self.duties), default=math.inf)
        self._expect(min(soonest_s, self.field.next_s(), self.agenda.now_s + LOOK_S))

    def _go_on(self) -> None:
        before = self.kernel.situation.snapshot
        attend(self.kernel)
        self._tell(before)
        for duty in self.duties:
            if duty.due_s() <= self.agenda.now_s:
                duty.act()
                self._tell(self.kernel.situation.snapshot)

    def _tell(self, before: Snapshot) -> None:
        told, self._untold[:] = tuple(self._untold), ()
        for event in told:
            for duty in self.duties:
                duty.hear(event, before)
