"""Self-healing: a lock-out is heard, the fault located by indicators, and a plan carried out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta

from gridmend.interlock.move import By
from gridmend.model.event import Event
from gridmend.model.plan import Action, OutcomeState, Plan, Step
from gridmend.model.situation import ANYWHERE, ORDER_ENDED, Mode
from gridmend.model.snapshot import Snapshot
from gridmend.operations.restoration import restore
from gridmend.operations.suspects import Suspect, suspects
from gridmend.runtime.control import orders
from gridmend.runtime.control.authority import give_leave, set_mode
from gridmend.runtime.control.kernel import SOURCE
from gridmend.runtime.exercise.room import OPERATOR, Room
from gridmend.runtime.scenario import Restoration

NAME = "restoration"
BY = By(NAME, "kernel", NAME)
STEPS_MOST = 100
"""Steps of one order that the operator's leave covers."""
SUSPECTS_MOST = 4
"""Sections of which each may hold the fault, or hold one of several, that are isolated together."""
SOLVES_MOST = 400
"""Power flows that one plan may take: some seconds on a large network."""
WAIT_S = 10.0
"""How often the outcome of a step is asked for that a crew carries out."""
BY_HAND_S = 4 * 3600.0
"""How long a crew is waited for that operates a switch by hand."""
SEQUENCE_S = 120.0
"""Trips that are further apart are of two faults."""


@dataclass
class Case:
    """A lock-out, and how far its healing has come."""

    device: str
    before: Snapshot
    due_s: float
    order: str = ""
    patience_s: float = math.inf
    """Until when the outcome of a step is waited for [s]."""
    suspects: tuple[Suspect, ...] = ()
    """Sections that may hold the fault, or hold one each."""
    plan: Plan | None = None
    is_over: bool = False


@dataclass
class Healing:
    """An application in automatic mode, under a leave that the operator gave; it acts in steps.

    `equipped` are the switches with an indicator. Where these leave several sections, all of them
    are isolated. It stops and says so where they leave too many, where nothing can be restored,
    and where a step is refused or fails.
    """

    room: Room
    policy: Restoration
    equipped: tuple[str, ...] = ()
    patrolled: bool = False
    """Whether crews look for damage; else a repair that is heard of is taken for all of it."""
    cases: list[Case] = field(default_factory=list[Case])
    _stood: Snapshot | None = None
    _tripped_s: float = -math.inf
    _flags: dict[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        kernel = self.room.kernel
        set_mode(kernel, NAME, Mode.AUTOMATIC, OPERATOR)
        self._leave = give_leave(
            kernel, NAME, OPERATOR, steps_most=STEPS_MOST, lasts=timedelta(days=365)
        )

    @property
    def plans(self) -> tuple[Plan, ...]:
        """Every plan that was proposed."""
        return tuple(case.plan for case in self.cases if case.plan is not None)

    def hear(self, event: Event, before: Snapshot) -> None:
        """Trips open a case once they lock out; flags tell where; a repair ends all."""
        now_s = self.room.agenda.now_s
        if event.kind == "tripped":
            if self._stood is None or now_s - self._tripped_s > SEQUENCE_S:
                self._stood = before
            self._tripped_s = now_s
            if event.payload.get("locked_out"):
                self._open(str(event.payload["device"]).lower(), now_s)
        elif event.kind == "fault_indicated":
            self._flags[str(event.payload["device"]).lower()] = now_s
        elif event.kind == "repaired" and event.source != SOURCE:
            self._believe(str(event.payload["element"]).lower())

    def _believe(self, element: str) -> None:
        """What a crew has mended was what a section was suspected for: the section that it lies in,
        or the only one, as a switch lies at the border of two."""
        kernel = self.room.kernel
        standing = kernel.situation.faults
        waiting = [case for case in self.cases if not case.suspects and not case.is_over]
        topology = kernel.bench.site.topology
        for case in waiting:
            behind = suspects(topology, case.before, tripped=case.device)
            if len(waiting) == 1 or any(element in one.elements for one in behind):
                self._give_up(case, f"{element} is repaired")
        cases = [c for c in self.cases if any(s.elements[0] in standing for s in c.suspects)]
        mended = [c for c in cases if any(element in one.elements for one in c.suspects)]
        for case in mended or (cases if len(cases) == 1 or not self.patrolled else []):
            self._give_up(case, f"{element} is repaired")
            for one in case.suspects:
                # What else may hold a fault is cleared by the patrol that walks there, if any.
                is_other = len(case.suspects) > 1 and element not in one.elements
                suspected = one.elements[0]
                if suspected == element or (is_other and self.patrolled):
                    continue
                if suspected in kernel.situation.faults:
                    why = f"the fault was on {element}, and is mended"
                    kernel.say("repaired", OPERATOR, element=suspected, why=why)

    def due_s(self) -> float:
        """When the next step of any case is due [s]."""
        return min((case.due_s for case in self.cases if not case.is_over), default=math.inf)

    def act(self) -> None:
        """Locate and plan, or take the next step."""
        for case in self.cases:
            if case.is_over or case.due_s > self.room.agenda.now_s:
                continue
            if case.order:
                self._step(case)
            else:
                self._plan(case)

    def _open(self, device: str, now_s: float) -> None:
        assert self._stood is not None
        if not any(case.device == device and not case.is_over for case in self.cases):
            self.cases.append(Case(device, self._stood, now_s + self.policy.detection_s))

    def _plan(self, case: Case) -> None:
        room, kernel = self.room, self.room.kernel
        bench = kernel.bench
        room.refresh()
        since_s = case.due_s - self.policy.detection_s - SEQUENCE_S
        flagged = [name for name, time_s in self._flags.items() if time_s >= since_s]
        found = suspects(
            bench.site.topology, case.before,
            tripped=case.device, equipped=self.equipped, flagged=flagged,
        )  # fmt: skip
        found = tuple(one for one in found if one.elements)
        if not found or len(found) > SUSPECTS_MOST:
            self._stop(case, f"the fault is in one of {len(found)} sections: a crew looks for it")
            return
        case.suspects = found
        element, *others = (one.elements[0] for one in found)
        for one in found:
            kernel.say("fault_suspected", BY, element=one.elements[0], behind=one.behind)
        case.plan = plan = restore(
            kernel.grid, case.before, element, also=others, seconds_limit=math.inf,
            solves_limit=SOLVES_MOST,
            # A switch that then fails would leave people dark who had supply.
            transfers=False, network=bench.solver, topology=bench.site.topology,
        )  # fmt: skip
        kernel.say(
            "plan_proposed", BY, fault=element, steps=len(plan.steps), allowed=plan.verdict.allowed
        )
        if not plan.verdict.allowed or not plan.customers_restored:
            self._stop(case, "no switching brings anybody back within the limits")
            return
        if self._unlocked(case, plan):
            self._order(case, list(plan.steps))
            if not case.is_over:
                self._step(case)

    def _unlocked(self, case: Case, plan: Plan) -> bool:
        """Take away the lock-out of what the plan closes: a command of its own, to open."""
        kernel = self.room.kernel
        switches = kernel.grid.switches
        for step in plan.steps:
            row = switches.index.get(step.device.lower())
            is_locked = row is not None and kernel.situation.locked_out[row]
            if step.action is not Action.CLOSE or not is_locked:
                continue
            why = f"takes the lock-out away: the fault is beyond {step.device}"
            self._order(case, [Step(Action.OPEN, step.device, why)])
            if case.is_over or not self._taken(case):
                return False
            if case.order in kernel.situation.orders_busy:
                self._stop(case, f"{step.device} did not answer")
                return False
        return True

    def _order(self, case: Case, steps: list[Step]) -> None:
        """An order of the application's, studied and approved by the operator's leave."""
        kernel = self.room.kernel
        case.order = orders.write(kernel, steps, BY, area=ANYWHERE)
        for way in (
            lambda: orders.study(kernel, case.order, BY),
            lambda: orders.approve(kernel, case.order, BY, leave=self._leave),
            lambda: orders.issue(kernel, case.order, BY),
        ):
            answer = way()
            if not answer.allowed:
                self._stop(case, str(answer))
                return

    def _step(self, case: Case) -> None:
        """The next step of the order, and when the one after it is due."""
        kernel = self.room.kernel
        self.room.refresh()
        now_s = self.room.agenda.now_s
        if case.order in kernel.situation.orders_busy:
            if now_s > case.patience_s:
                self._stop(case, "what became of the last step is in doubt")
            case.due_s = now_s + WAIT_S
            return
        if self._taken(case):
            case.is_over = kernel.situation.orders[case.order].state in ORDER_ENDED
            case.due_s = self.room.agenda.now_s + self.policy.step_s

    def _taken(self, case: Case) -> bool:
        """Whether the next step was carried out, or may still be: by a crew on its way."""
        kernel, room = self.room.kernel, self.room
        order = kernel.situation.orders[case.order]
        if order.state in ORDER_ENDED:
            return True
        step = order.steps[order.done]
        answer = room.awaited(step, orders.step(kernel, case.order, BY))
        room.note_of(step, answer)
        if answer.outcome is None or answer.outcome.state is OutcomeState.FAILED:
            self._stop(case, str(answer))
            return False
        case.patience_s = room.agenda.now_s + (0 if room.reports(step.device) else BY_HAND_S)
        return True

    def _stop(self, case: Case, why: str) -> None:
        case.is_over = True
        self.room.kernel.say("plan_stopped", BY, device=case.device, why=why)

    def _give_up(self, case: Case, why: str) -> None:
        if case.is_over:
            return
        case.is_over = True
        if case.order:
            orders.abort(self.room.kernel, case.order, OPERATOR, why=why)
