"""Self-healing: a lock-out is heard, the fault located, and a plan carried out or made anew."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta

from gridmend.interlock.move import By
from gridmend.interlock.standing import standing
from gridmend.model.command import step_as_json
from gridmend.model.event import Event
from gridmend.model.plan import Plan
from gridmend.model.situation import ANYWHERE, Mode
from gridmend.model.snapshot import Snapshot
from gridmend.operations.suspects import Suspect
from gridmend.runtime.control.applications import mode_of
from gridmend.runtime.control.authority import give_leave, set_mode
from gridmend.runtime.control.kernel import SOURCE
from gridmend.runtime.exercise.believing import cleared, found_on, mended
from gridmend.runtime.exercise.case import Came, Case, Stage, shorten
from gridmend.runtime.exercise.locating import Heard, closed_onto, located
from gridmend.runtime.exercise.onward import footing, planned, worthwhile
from gridmend.runtime.exercise.pursuing import Pursuit, unlocking
from gridmend.runtime.exercise.room import Room
from gridmend.runtime.scenario import Restoration

NAME = "restoration"
BY = By(NAME, "kernel", NAME)
STEPS_MOST = 100
"""Steps of one order that the operator's leave covers."""
SUSPECTS_MOST = 4
"""Sections of which each may hold the fault, or hold one of several, that are isolated together."""
TRIES_MOST = 6
"""How often one case is planned anew."""
CASES_MOST = 1000
"""Cases that are held; one that is open, or whose fault stands, is never let go of."""
WAIT_S = 10.0
"""How often the outcome of a step, or an approval, is asked for."""
DOUBTFUL_S = 300.0
"""How long after a plan that went round a device in doubt it is planned again without the doubt."""
SEQUENCE_S = 120.0
"""Trips that are further apart are of two faults."""


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
    _stood: Snapshot | None = None
    _tripped_s: float = -math.inf
    _heard: Heard = field(default_factory=Heard)
    _onto: dict[str, tuple[tuple[Suspect, ...], float]] = field(
        default_factory=dict[str, tuple[tuple[Suspect, ...], float]]
    )
    """What was closed onto, by the device that tripped on it."""

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

    @property
    def plans(self) -> tuple[Plan, ...]:
        """Every plan that was proposed."""
        return tuple(case.plan for case in self.cases if case.plan is not None)

    def hear(self, event: Event, before: Snapshot) -> None:
        """Trips open a case once they lock out; flags tell where; a repair ends all."""
        now_s = self.room.agenda.now_s
        self._heard.hear(event, now_s)
        if event.kind == "tripped":
            if self._stood is None or now_s - self._tripped_s > SEQUENCE_S:
                self._stood = before
                self._onto.clear()
            self._tripped_s = now_s
            self._take_for_closed_onto(str(event.payload["device"]).lower(), now_s)
            if event.payload.get("locked_out"):
                self._open(str(event.payload["device"]).lower(), now_s)
        elif event.kind == "fault_suspected" and event.cause != NAME:
            found_on(self.room, self.cases, str(event.payload["element"]).lower(), TRIES_MOST)
        elif event.kind == "repaired" and event.source == SOURCE:
            cleared(self.room, self.cases, str(event.payload["element"]).lower(), TRIES_MOST)
        elif event.kind == "repaired":
            element = str(event.payload["element"]).lower()
            for case in mended(self.room, self.cases, element, patrolled=self.patrolled):
                self._give_up(case, f"{element} is repaired")

    def _take_for_closed_onto(self, trip: str, now_s: float) -> None:
        """A trip on a closing: the fault is in what that made live, and no plan feeds it again."""
        topology = self.room.kernel.bench.site.topology
        for closing in self._pursuit.closings:
            found = closed_onto(topology, closing, trip, now_s)
            if not found:
                continue
            self._onto[trip] = found, closing.at_s
            for case in self.cases:
                steps = case.plan.steps if case.order and case.plan is not None else ()
                if case.is_over or all(one.device.lower() != closing.device for one in steps):
                    continue
                known = {one.elements[0] for one in case.suspects}
                new = tuple(one for one in found if one.elements[0] not in known)
                case.suspects += new
                case.instead |= {one.elements[0] for one in new}
                self._suspect(new, why=f"{trip} tripped as {closing.device} closed")

    def _suspect(self, found: tuple[Suspect, ...], why: str = "") -> None:
        for one in found:
            self.room.kernel.say(
                "fault_suspected", BY, element=one.elements[0], behind=one.behind, why=why
            )

    def due_s(self) -> float:
        """When the next step of any case is due [s]."""
        return min((case.due_s for case in self.cases if not case.is_over), default=math.inf)

    def act(self) -> None:
        """Locate and plan, or take the next step."""
        mode = mode_of(self.room.kernel, NAME)
        if len(self.cases) > CASES_MOST:
            shorten(self.cases, self.room.kernel.situation.faults, CASES_MOST)
        for case in self.cases:
            if case.is_over or case.due_s > self.room.agenda.now_s:
                continue
            if mode is Mode.OFF or (mode is Mode.ADVISE and case.order):
                self._cut_short(case, f"{NAME} is set to {mode}")
            elif case.order:
                self.room.refresh()
                self._after(case, self._pursuit.go_on(case, mode), mode)
            else:
                self._plan(case, mode)

    def _open(self, device: str, now_s: float) -> None:
        assert self._stood is not None
        if any(case.device == device and not case.is_over for case in self.cases):
            return
        number = self.cases[-1].number + 1 if self.cases else 1
        due_s = now_s + self.policy.detection_s
        self.cases.append(Case(device, self._stood, due_s, number))

    def _plan(self, case: Case, mode: Mode) -> None:
        """Propose the way on from what stands, and begin it where the mode allows."""
        room, kernel = self.room, self.room.kernel
        room.refresh()
        if not case.suspects and not self._locate(case):
            return
        start = footing(
            kernel.bench, kernel.situation, kernel.now_s, lost=case.lost,
            closes_only=mode is Mode.RESTORE_ONLY,
        )  # fmt: skip
        if case.tries and case.doubtful and start.doubtful >= case.doubtful and not case.why:
            self._again(case, Came(Stage.REST), DOUBTFUL_S)
            return
        with room.planning():
            case.doubtful = start.doubtful
            case.plan = planned(kernel.bench, kernel.situation, case, start, self.policy)
        plan, why, case.why = case.plan, case.why, ""
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

    def _locate(self, case: Case) -> bool:
        """Find the sections that may hold the fault; False where there are too many, or none."""
        kernel = self.room.kernel
        bench = kernel.bench
        stands = standing(bench.site, kernel.situation, kernel.now_s, bench.policy)
        names = kernel.grid.switches.texts("name")
        silent = {n.lower() for n, sure in zip(names, stands.certain, strict=True) if not sure}
        onto, closed_s = self._onto.pop(case.device, ((), -math.inf))
        # What was told before it was closed onto a fault has misled.
        since_s = max(case.due_s - self.policy.detection_s - SEQUENCE_S, closed_s)
        found, instead = located(
            bench, case.before, case.device, self._heard.since(since_s),
            equipped=self.equipped, silent=silent,
        )  # fmt: skip
        found = tuple(one for one in found if one.elements)
        is_many = len(found) > SUSPECTS_MOST
        if onto:
            # It tripped as these were made live: whatever flags say, the fault is among them.
            live = {element for one in onto for element in one.elements}
            among = tuple(one for one in found if live & set(one.elements))
            if not among or is_many or not self._heard.since(since_s).flags:
                among = onto
            found, is_many = among, False
        if not found or is_many:
            self._stop(case, f"the fault is in one of {len(found)} sections: a crew looks for it")
            return False
        case.suspects = found
        is_onto = found is onto
        case.instead = frozenset(one.elements[0] for one in onto) if is_onto else instead
        self._suspect(found)
        return True

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
        is_done = order is not None and order.done == len(order.steps)
        if came.stage is Stage.STOPPED:
            self._cut_short(case, came.why)
        elif came.stage is Stage.REST:
            self._again(case, came, self.policy.step_s)
        elif came.stage is Stage.WAITS:
            case.due_s = now_s + WAIT_S
        elif is_done and case.todo:
            self._begin(case, mode)
        elif is_done:
            self._done(case, "")
        else:
            case.due_s = self.room.agenda.now_s + self.policy.step_s

    def _again(self, case: Case, came: Came, wait_s: float) -> None:
        """Plan the rest anew a little later, without the device that did not do its step."""
        self._pursuit.give_up(case, BY, came.why)
        if case.tries >= TRIES_MOST:
            self._stop(case, f"{came.why or 'a device stays in doubt'}: it was tried often enough")
            return
        case.tries += 1
        case.lost |= {came.device} - {""}
        case.is_wary |= came.rule == "capability"
        case.why, case.due_s = came.why, self.room.agenda.now_s + wait_s
        if came.why:
            self.room.kernel.say("plan_stopped", BY, device=case.device, why=came.why, anew=True)

    def _done(self, case: Case, why: str) -> None:
        """Nothing is left to do, unless a doubt goes that the plan went round."""
        is_left = case.plan is not None and case.plan.customers_restored < case.plan.customers_out
        if case.doubtful and is_left and case.tries < TRIES_MOST:
            self._again(case, Came(Stage.REST), DOUBTFUL_S)
            return
        if why:
            self._stop(case, why)
        case.is_over = True

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
