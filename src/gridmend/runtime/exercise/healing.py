"""Self-healing: a lock-out is heard, the fault located, and a plan carried out or made anew."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta

from gridmend.interlock.move import By
from gridmend.model.command import step_as_json
from gridmend.model.event import Event
from gridmend.model.plan import Plan
from gridmend.model.situation import ANYWHERE, Mode
from gridmend.model.snapshot import Snapshot
from gridmend.runtime.control.applications import mode_of
from gridmend.runtime.control.authority import give_leave, set_mode
from gridmend.runtime.control.kernel import SOURCE
from gridmend.runtime.exercise.believing import found_on, mended
from gridmend.runtime.exercise.case import Came, Case, Stage, shorten
from gridmend.runtime.exercise.onward import footing, planned, worthwhile
from gridmend.runtime.exercise.overdue import overdue
from gridmend.runtime.exercise.pursuing import BY_HAND_S, Pursuit, unlocking
from gridmend.runtime.exercise.remaining import as_normal, is_dark
from gridmend.runtime.exercise.room import Room
from gridmend.runtime.exercise.suspecting import SEQUENCE_S, Suspecting
from gridmend.runtime.scenario import Restoration

NAME = "restoration"
BY = By(NAME, "kernel", NAME)
STEPS_MOST = 100
"""Steps of one order that the operator's leave covers."""
TRIES_MOST = 6
"""How often one case is planned anew."""
CASES_MOST = 1000
"""Cases that are held; one that is open, or whose fault stands, is never let go of."""
WAIT_S = 10.0
"""How often the outcome of a step, or an approval, is asked for."""
DOUBTFUL_S = 300.0
"""How often it is looked whether the doubts are gone that a plan went round."""
DOUBTFUL_MOST_S = 1800.0
"""How long that is waited for; where a crew is on its way to a switch, `BY_HAND_S`."""
OVERTAKEN_MOST = 40
"""How often an order of one case may be overtaken by other changes."""
REMAINING_S = 180.0
"""How long after a repair it is looked who is dark still: by then the way back to normal has begun.
Where a patrol found nothing there is no such way, and it is looked at once."""


@dataclass
class Healing:
    """An application under a leave that the operator gave; it acts in steps, as its mode allows.

    `equipped` are the switches with an indicator. Where these leave several sections, all of them
    are isolated. Where a step is refused, fails or stays in doubt, the rest is planned anew from
    what stands, without the device that did not do it, up to `TRIES_MOST` times. It stops and says
    so where the fault may be in too many sections and where nothing more can be restored.
    """

    room: Room
    policy: Restoration
    equipped: tuple[str, ...] = ()
    patrolled: bool = False
    """Whether crews look for damage; else a repair that is heard of is taken for all of it."""
    cases: list[Case] = field(default_factory=list[Case])
    _seen: set[str] = field(default_factory=set[str])
    """Where somebody else than this has found damage that nobody has mended yet."""
    _remaining_s: float = math.inf
    """When it is looked who is dark still [s]."""
    _stood: Snapshot | None = None
    _tripped_s: float = -math.inf

    def __post_init__(self) -> None:
        kernel, by = self.room.kernel, self.room.operator
        if (NAME, ANYWHERE) not in kernel.situation.modes:
            set_mode(kernel, NAME, self.policy.mode, by)
        leaves = kernel.situation.leaves.values()
        known = (one.id for one in leaves if (one.by, one.application) == (by.principal, NAME))
        leave = next(known, "") or give_leave(
            kernel, NAME, by, steps_most=STEPS_MOST, lasts=timedelta(days=365)
        )
        self._pursuit = Pursuit(self.room, BY, leave, 60 * self.policy.approval_min)
        self._suspecting = Suspecting(self.room, BY, self.equipped, self.policy.detection_s)

    @property
    def plans(self) -> tuple[Plan, ...]:
        """Every plan that was proposed."""
        return tuple(case.plan for case in self.cases if case.plan is not None)

    def hear(self, event: Event, before: Snapshot) -> None:
        """Trips open a case once they lock out; flags tell where; a repair ends all."""
        now_s = self.room.agenda.now_s
        self._suspecting.hear(event)
        if event.kind == "tripped" and event.source == SOURCE:
            device, stood, since_s = overdue(self.room, event, before, self._stood)
            self._open(device, since_s, stood)
        elif event.kind == "tripped":
            if self._stood is None or now_s - self._tripped_s > SEQUENCE_S:
                self._stood = before
                self._suspecting.forget()
            self._tripped_s = now_s
            device = str(event.payload["device"]).lower()
            self._suspecting.take_for_closed_onto(device, self._pursuit.closings, self.cases)
            if event.payload.get("locked_out"):
                self._open(device, now_s, self._stood)
        elif event.kind == "fault_suspected" and event.cause != NAME:
            element = str(event.payload["element"]).lower()
            self._seen.add(element)
            found_on(self.room, self.cases, element, TRIES_MOST, seen=self._seen)
        elif event.kind == "repaired":
            wait_s = self.policy.step_s if event.source == SOURCE else REMAINING_S
            self._remaining_s = min(self._remaining_s, now_s + wait_s)
            element = str(event.payload["element"]).lower()
            self._seen.discard(element)
            if event.source == SOURCE:
                return
            cases = [case for case in self.cases if case.device]
            for case in mended(
                self.room, cases, element, patrolled=self.patrolled, seen=self._seen
            ):
                self._give_up(case, f"{element} is repaired")

    def due_s(self) -> float:
        """When the next step of any case is due [s]."""
        dues = (case.due_s for case in self.cases if not case.is_over)
        return min(self._remaining_s, self._suspecting.due_s(), *dues, math.inf)

    def act(self) -> None:
        """Locate and plan, or take the next step; the orders of two cases do not run at once."""
        mode = mode_of(self.room.kernel, NAME)
        self._suspecting.narrow(self.cases)
        if self._remaining_s <= self.room.agenda.now_s:
            self._look_for_the_dark(mode)
        if len(self.cases) > CASES_MOST:
            shorten(self.cases, self.room.kernel.situation.faults, CASES_MOST)
        for case in self.cases:
            if case.is_over or case.due_s > self.room.agenda.now_s:
                continue
            if any(other.runs for other in self.cases if other is not case):
                case.due_s = self.room.agenda.now_s + max(self.policy.step_s, 1.0)
            elif mode is Mode.OFF or (mode is Mode.ADVISE and case.order):
                self._cut_short(case, f"{NAME} is set to {mode}")
            elif case.order:
                self.room.refresh()
                self._after(case, self._pursuit.go_on(case, mode), mode)
            else:
                self._plan(case, mode)

    def _look_for_the_dark(self, mode: Mode) -> None:
        """Open a case of whoever is without supply while faults stand, whatever put them out; where
        a person approves, one case at a time."""
        kernel, now_s = self.room.kernel, self.room.agenda.now_s
        under_way = [case for case in self.cases if not case.is_over]
        if any(case.runs or mode is Mode.APPROVE for case in under_way):
            self._remaining_s = now_s + REMAINING_S
            return
        self._remaining_s = math.inf
        normal = as_normal(kernel)
        is_open = any(not case.device for case in under_way)
        if kernel.situation.faults and not is_open and is_dark(kernel, normal):
            number = self.cases[-1].number + 1 if self.cases else 1
            self.cases.append(Case("", normal, now_s, number))

    def _open(self, device: str, now_s: float, stood: Snapshot) -> None:
        if any(case.device == device and not case.is_over for case in self.cases):
            return
        number = self.cases[-1].number + 1 if self.cases else 1
        due_s = now_s + self.policy.detection_s
        self.cases.append(Case(device, stood, due_s, number))

    def _plan(self, case: Case, mode: Mode) -> None:
        """Propose the way on from what stands, and begin it where the mode allows."""
        room, kernel = self.room, self.room.kernel
        room.refresh()
        if not case.device and not kernel.situation.faults:
            case.is_over = True
            return
        if case.device and not case.suspects:
            why = self._suspecting.locate(case, self._pursuit.closings, self.cases)
            if why:
                self._stop(case, why)
                return
        start = footing(
            kernel.bench, kernel.situation, kernel.now_s, lost=case.lost,
            closes_only=mode is Mode.RESTORE_ONLY,
        )  # fmt: skip
        if case.doubted_s < math.inf and start.doubtful >= case.doubtful:
            self._wait_for_sight(case)
            return
        case.overtaken += case.doubted_s < math.inf
        case.doubted_s = math.inf
        with room.planning():
            case.doubtful = start.doubtful
            # Where it only advises, nothing follows on the first plan: it is of all there is.
            case.by_hand |= mode is Mode.ADVISE
            case.plan = planned(kernel.bench, kernel.situation, case, start, self.policy)
        plan, why, case.why = case.plan, case.why, ""
        if not (case.device or case.tries or plan.customers_restored):
            self._done(case, "")
            return
        told = [step_as_json(step) for step in plan.steps]
        kernel.say(
            "plan_proposed", BY, fault=plan.fault, steps=len(plan.steps), plan=told,
            allowed=plan.verdict.allowed, customers=plan.customers_restored, why=why,
        )  # fmt: skip
        if not plan.verdict.allowed or not plan.customers_restored:
            why = "no switching brings anybody back within the limits"
            self._done(case, why if not case.tries else f"{why}: who is left waits")
        elif mode is Mode.ADVISE:
            case.is_over = True
        else:
            unlock = unlocking(room, plan.steps)
            steps = worthwhile(plan.steps, kernel.grid)
            # Where a person approves it, all of it is one order, to be approved once.
            apart = bool(unlock) and mode is not Mode.APPROVE
            case.todo = [unlock, steps] if apart else [[*unlock, *steps]]
            self._begin(case, mode)

    def _begin(self, case: Case, mode: Mode) -> None:
        """The next order of a case; where it may start at once, its first step."""
        came = self._pursuit.begin(case, mode)
        if came.stage is Stage.STEPPED:
            came = self._pursuit.go_on(case, mode)
        self._after(case, came, mode)

    def _after(self, case: Case, came: Came, mode: Mode) -> None:
        """What follows on what came of an order."""
        kernel, now_s = self.room.kernel, self.room.agenda.now_s
        order = kernel.situation.orders.get(case.order)
        case.waits = False
        is_done = order is not None and order.done == len(order.steps)
        if came.stage is Stage.STOPPED:
            self._cut_short(case, came.why)
        elif came.stage in {Stage.REST, Stage.OVERTAKEN}:
            self._again(case, came, self.policy.step_s)
        elif came.stage is Stage.WAITS:
            case.waits, case.due_s = True, now_s + WAIT_S
        elif is_done and case.todo:
            self._begin(case, mode)
        elif is_done:
            self._done(case, "")
        else:
            case.due_s = self.room.agenda.now_s + self.policy.step_s

    def _again(self, case: Case, came: Came, wait_s: float) -> None:
        """Plan the rest anew a little later, without the device that did not do its step."""
        self._pursuit.give_up(case, BY, came.why)
        if came.stage is Stage.OVERTAKEN:
            case.overtaken += 1
        else:
            case.tries += 1
        if case.tries > TRIES_MOST or case.overtaken > OVERTAKEN_MOST:
            self._stop(case, f"{came.why}: it was tried often enough")
            return
        case.lost |= {came.device} - {""}
        case.why, case.due_s = came.why, self.room.agenda.now_s + wait_s
        self.room.kernel.say("plan_stopped", BY, device=case.device, why=came.why, anew=True)

    def _done(self, case: Case, why: str) -> None:
        """Nothing is left to do, unless switches by hand bring back more, or a doubt goes that the
        plan went round."""
        is_left = case.plan is not None and case.plan.customers_restored < case.plan.customers_out
        if is_left and case.is_first:
            self._pursuit.give_up(case, BY, "")
            case.by_hand, case.due_s = True, self.room.agenda.now_s
        elif is_left and case.doubtful and case.overtaken <= OVERTAKEN_MOST:
            self._pursuit.give_up(case, BY, "")
            case.doubted_s = self.room.agenda.now_s
            self._wait_for_sight(case)
        else:
            if why:
                self._stop(case, why)
            case.is_over = True

    def _wait_for_sight(self, case: Case) -> None:
        """Wait for the doubts of the last plan to go, which a crew on its way may settle."""
        now_s, reports = self.room.agenda.now_s, self.room.reports
        most_s = DOUBTFUL_MOST_S if all(map(reports, case.doubtful)) else BY_HAND_S
        case.due_s = now_s + DOUBTFUL_S
        if now_s - case.doubted_s >= most_s:
            self._stop(case, "a device stays in doubt: it was waited for long enough")

    def _cut_short(self, case: Case, why: str) -> None:
        """Stop at once: what is ordered is given up; told where anything was begun."""
        begun = bool(case.order or case.suspects)
        self._pursuit.give_up(case, self.room.operator, why)
        if begun:
            self._stop(case, why)
        case.is_over = True

    def _stop(self, case: Case, why: str) -> None:
        case.is_over = True
        self.room.kernel.say("plan_stopped", BY, device=case.device, why=why)

    def _give_up(self, case: Case, why: str) -> None:
        if case.is_over:
            return
        case.is_over = True
        self._pursuit.give_up(case, self.room.operator, why)
