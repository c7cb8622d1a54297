"""An application's order from its first word to its last step, as far as its mode allows."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from gridmend.interlock.admission import LEAVE
from gridmend.interlock.move import By
from gridmend.model.errors import GridmendError
from gridmend.model.plan import Action, OutcomeState, Step
from gridmend.model.situation import ANYWHERE, ORDER_ENDED, Mode, Order, OrderState
from gridmend.runtime.control import Answer, orders
from gridmend.runtime.exercise.case import Came, Case, Stage
from gridmend.runtime.exercise.locating import Closing
from gridmend.runtime.exercise.room import Room

DOUBT_S = 90.0
"""How long a command in doubt is waited for: the operator settles it once its device is seen."""
BY_HAND_S = 4 * 3600.0
"""How long a crew is waited for that operates a switch by hand."""
APPROVAL_S = 900.0
"""How long an order waits for a person's approval."""
CLOSINGS_MOST = 20
"""Closings that are remembered, in case something trips on one."""

_PEOPLE = ("worlds apart", "one authority", "autonomy", "two people")
"""Rules of who may act: no other plan helps."""
_PASSING = ("fresh data", "order", "select before operate", "at most once")
"""Rules that say nothing against the device of the step."""


@dataclass(eq=False)
class Pursuit:
    """Writes orders `by` an application, has them approved by its leave or a person, and steps."""

    room: Room
    by: By
    leave: str
    approval_s: float = APPROVAL_S
    closings: deque[Closing] = field(default_factory=lambda: deque[Closing](maxlen=CLOSINGS_MOST))

    def begin(self, case: Case, mode: Mode) -> Came:
        """Write and study the order that is next in `case.todo`; it starts, or waits."""
        kernel = self.room.kernel
        try:
            title = f"restore after {case.plan.fault}" if case.plan is not None else ""
            steps = case.todo.pop(0)
            case.order = orders.write(kernel, steps, self.by, area=ANYWHERE, title=title)
        except GridmendError as problem:
            return Came(Stage.STOPPED, problem.what)
        case.asked = 0
        came = _refused(orders.study(kernel, case.order, self.by))
        if came is not None:
            return came
        if mode is Mode.APPROVE:
            case.patience_s = self.room.agenda.now_s + self.approval_s
            return Came(Stage.WAITS)
        return self._released(case) or Came(Stage.STEPPED)

    def go_on(self, case: Case, mode: Mode) -> Came:
        """Take the next step of the order under way, or say why there is none."""
        kernel, now_s = self.room.kernel, self.room.agenda.now_s
        order = kernel.situation.orders.get(case.order)
        if order is None or order.state is OrderState.ABORTED:
            return Came(Stage.STOPPED, "its order was given up")
        if order.state is OrderState.COMPLETED:
            return Came(Stage.DONE)
        if case.order in kernel.situation.orders_busy:
            if now_s <= case.patience_s:
                return Came(Stage.WAITS)
            device = order.steps[order.done].device
            return Came(Stage.REST, f"what became of {device} is in doubt", device.lower())
        if order.state is OrderState.SUSPENDED:
            step = order.steps[order.done]
            if case.asked > order.done:
                why = f"{step.device} did not {step.action}"
                return Came(Stage.REST, why, step.device.lower())
            return Came(Stage.OVERTAKEN, order.why or "its order rests")
        opens = any(step.action is Action.OPEN for step in order.steps[order.done :])
        if mode is Mode.RESTORE_ONLY and opens:
            return Came(Stage.REST, "it may open nothing any more")
        return self._approved(case, mode, order) or self._step(case, order)

    def give_up(self, case: Case, by: By, why: str) -> None:
        """Abort the order under way, if any; nothing of it is carried out any more."""
        order = self.room.kernel.situation.orders.get(case.order)
        if order is not None and order.state not in ORDER_ENDED:
            orders.abort(self.room.kernel, case.order, by, why=why)
        case.order, case.todo, case.asked = "", [], 0

    def _approved(self, case: Case, mode: Mode, order: Order) -> Came | None:
        """None where the order may go on; it waits for a person where its mode asks for one."""
        kernel, now_s = self.room.kernel, self.room.agenda.now_s
        by_leave = order.approver.startswith(LEAVE)
        if mode is Mode.APPROVE and by_leave and order.state is not OrderState.STUDIED:
            orders.suspend(kernel, order.id, self.by, why="a person approves it from here on")
            came = _refused(orders.study(kernel, order.id, self.by))
            case.patience_s = now_s + self.approval_s
            return came or Came(Stage.WAITS)
        if order.state is OrderState.STUDIED:
            if mode is not Mode.APPROVE:
                return self._released(case)
            if now_s <= case.patience_s:
                return Came(Stage.WAITS)
            return Came(
                Stage.STOPPED, f"nobody approved {order.id} in {self.approval_s / 60:g} min"
            )
        if order.state is OrderState.APPROVED:
            return _refused(orders.issue(kernel, order.id, self.by))
        return None

    def _released(self, case: Case) -> Came | None:
        """The leave approves the order, and it is issued; None where nothing speaks against it."""
        kernel = self.room.kernel
        came = _refused(orders.approve(kernel, case.order, self.by, leave=self.leave))
        return came or _refused(orders.issue(kernel, case.order, self.by))

    def _step(self, case: Case, order: Order) -> Came:
        room, step = self.room, order.steps[order.done]
        if step.action is Action.CLOSE and step.device in room.kernel.grid.switches:
            stood = room.kernel.situation.snapshot
            self.closings.append(Closing(room.agenda.now_s, step.device.lower(), stood))
        answer = room.awaited(step, orders.step(room.kernel, case.order, self.by))
        room.note_of(step, answer)
        came = _refused(answer)
        if came is not None:
            return came
        case.asked = order.done + 1
        if answer.outcome is None or answer.outcome.state is OutcomeState.FAILED:
            return Came(Stage.REST, str(answer), step.device.lower())
        wait_s = DOUBT_S if room.reports(step.device) else BY_HAND_S
        case.patience_s = room.agenda.now_s + wait_s
        return Came(Stage.STEPPED)


def _refused(answer: Answer) -> Came | None:
    """What a refusal means for the plan; None where nothing was refused."""
    if answer.allowed:
        return None
    first = answer.refusals[0]
    why = str(answer)
    if any(refusal.rule in _PEOPLE for refusal in answer.refusals):
        return Came(Stage.STOPPED, why, rule=first.rule)
    passes = all(refusal.rule in _PASSING for refusal in answer.refusals)
    return Came(Stage.REST, why, "" if passes else first.device.lower(), first.rule)


def unlocking(room: Room, steps: tuple[Step, ...]) -> list[Step]:
    """What takes lock-outs away from the devices that steps close: commands to open them."""
    kernel = room.kernel
    switches = kernel.grid.switches
    found: list[Step] = []
    for step in steps:
        row = switches.index.get(step.device.lower())
        is_locked = row is not None and bool(kernel.situation.locked_out[row])
        if step.action is Action.CLOSE and is_locked:
            why = f"takes the lock-out away: the fault is beyond {step.device}"
            found.append(Step(Action.OPEN, step.device, why, phases=step.phases))
    return found
