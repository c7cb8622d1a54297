"""Switching orders: written, studied, approved by another, issued, carried out step by step."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from gridmend.interlock.admission import LEAVE, outside_leave
from gridmend.interlock.check import judge
from gridmend.interlock.move import By
from gridmend.model.command import step_as_json
from gridmend.model.deed import carried_out, subject
from gridmend.model.errors import GridmendError
from gridmend.model.plan import MOVES, Action, Plan, Refusal, Step, Verdict
from gridmend.model.situation import ANYWHERE, ORDER_ENDED, ORDER_FROM, Order, OrderState
from gridmend.runtime.control.commands import operate, select
from gridmend.runtime.control.kernel import Answer, Kernel
from gridmend.runtime.fold import digest_of_positions

GOING = (OrderState.ISSUED, OrderState.IN_PROGRESS)
"""States in which an order is carried out."""
_OPPOSITE = {Action.OPEN: Action.CLOSE, Action.CLOSE: Action.OPEN}


def write(
    kernel: Kernel,
    steps: Sequence[Step],
    by: By,
    *,
    area: str = ANYWHERE,
    order: str = "",
    title: str = "",
) -> str:
    """Draft an order, or edit one, which voids its approval; the order's id. `title` says in a few
    words what it is for.

    Raises `GridmendError` where a device is not there or not in the area, or a step is none that
    a device carries out.
    """
    within(kernel, steps, area)
    name = order or f"o{kernel.sequence + 1}"
    before = kernel.situation.orders.get(name)
    if before is not None and before.state in ORDER_ENDED:
        raise GridmendError(f"the order {name} is {before.state}", mend="write a new one")
    if len(steps) <= (before.done if before is not None else 0):
        raise GridmendError(f"the order {name} holds no step that is left to do")
    listed = [step_as_json(step) for step in steps]
    author = by.application or by.principal
    kernel.say("order_written", by, order=name, author=author, principal=by.principal, area=area,
               steps=listed, application=by.application,
               **({"title": title} if title else {}))  # fmt: skip
    return name


def within(kernel: Kernel, steps: Sequence[Step], area: str) -> None:
    """Raise `GridmendError` for steps that no order for an area may hold."""
    for step in steps:
        key = subject(kernel.grid, step)
        if step.action not in MOVES:
            raise GridmendError(f"an order does not hold '{step.action}'", mend="use work()")
        if kernel.situation.area_of(key) != area:
            raise GridmendError(f"{step.device} does not lie in area '{area}'")
        carried_out(step, kernel.grid, kernel.situation.snapshot)


def study(kernel: Kernel, order: str, by: By) -> Answer:
    """Judge every step that is left, from what stands now; it is studied where none is refused."""
    found = known(kernel, order)
    kernel.take_in()
    plan = Plan("", found.steps[found.done :], Verdict())
    who = By(by.principal, by.login, found.application)
    now = kernel.now()
    verdict = judge(plan, kernel.bench, kernel.situation, now, by=who, flow=kernel.flow()).verdict
    if not verdict.allowed:
        return kernel.refuse(by, verdict.refusals, command=order)
    digest = digest_of_positions(kernel.situation)
    return _brought(kernel, found, OrderState.STUDIED, "order_studied", by,
                    by=by.application or by.principal, positions=digest,
                    unknown=list(verdict.unknown))  # fmt: skip


def approve(
    kernel: Kernel, order: str, by: By, *, leave: str = "", version: str | None = None
) -> Answer:
    """Approve an order that another wrote; an application's, by a leave that covers it.

    With the `version` that was read (`version_of`) nothing is approved that says something else.
    """
    found = known(kernel, order)
    approver = f"{LEAVE}{leave}" if leave else by.principal
    why = ""
    if leave:
        as_if = replace(found, approver=approver)
        why = outside_leave(as_if, kernel.situation, kernel.now_s) or ""
    elif by.is_automatic or not by.principal:
        why = "only a person approves, or a leave that a person gave"
    if version is not None and version != version_of(found):
        why = f"the order {order} was edited since it was read"
    if found.is_by(approver):
        why = f"{approver} wrote the order {order} and does not approve it"
    if why:
        return kernel.refuse(by, [Refusal("two people", 0, order, why)], command=order)
    return _brought(kernel, found, OrderState.APPROVED, "order_approved", by, by=approver)


def issue(kernel: Kernel, order: str, by: By) -> Answer:
    """Let an approved order be carried out."""
    found = known(kernel, order)
    return _brought(kernel, found, OrderState.ISSUED, "order_issued", by,
                    by=by.principal or by.application)  # fmt: skip


def suspend(kernel: Kernel, order: str, by: By, *, why: str) -> Answer:
    """Let an order rest; it is studied and approved anew before it goes on."""
    found = known(kernel, order)
    return _brought(kernel, found, OrderState.SUSPENDED, "order_suspended", by, why=why)


def abort(kernel: Kernel, order: str, by: By, *, why: str = "") -> Answer:
    """Give an order up."""
    found = known(kernel, order)
    return _brought(kernel, found, OrderState.ABORTED, "order_aborted", by,
                    by=by.principal or by.application, why=why)  # fmt: skip


def step(kernel: Kernel, order: str, by: By, *, number: int | None = None) -> Answer:
    """Select and operate the next step of an order; with its `number` that one or none."""
    found = known(kernel, order)
    if found.done >= len(found.steps):
        raise GridmendError(f"the order {order} has no step left")
    if number not in (None, found.done + 1):
        why = f"step {number} is not next: {found.done} are done"
        device = found.steps[found.done].device
        return kernel.refuse(by, [Refusal("order", number or 0, device, why)], command=order)
    number = found.done + 1
    following = found.steps[number - 1]
    picked = select(kernel, following, by, order=order, number=number)
    if not picked.allowed:
        return picked
    return operate(kernel, following, by, select=picked.id, order=order, number=number)


def carry_out(kernel: Kernel, order: str, by: By) -> Answer:
    """Step through an order until it is completed or a step is not confirmed, where it stops."""
    answer = Answer(id=order)
    for _ in known(kernel, order).steps:
        state = kernel.situation.orders[order].state
        if state not in GOING:
            break
        answer = step(kernel, order, by)
        if not answer.allowed or order in kernel.situation.orders_busy:
            break
    return answer


def way_back(kernel: Kernel, order: str) -> tuple[Step, ...]:
    """The steps that undo what an order has done, last first.

    Raises `GridmendError` where one cannot be undone by its opposite: a set value.
    """
    found = known(kernel, order)
    back: list[Step] = []
    for done in reversed(found.steps[: found.done]):
        if done.action not in _OPPOSITE:
            raise GridmendError(
                f"'{done.action} {done.device}' has no opposite", mend="write the order by hand"
            )
        why = f"undoes {order}"
        back.append(Step(_OPPOSITE[done.action], done.device, why, phases=done.phases))
    return tuple(back)


def known(kernel: Kernel, order: str) -> Order:
    """An order that is there; `GridmendError` otherwise."""
    found = kernel.situation.orders.get(order)
    if found is None:
        others = ", ".join(kernel.situation.orders) or "there is none"
        raise GridmendError(f"there is no order '{order}'", mend=f"known: {others}")
    return found


def version_of(order: Order) -> str:
    """What an order says, as a few letters: another text has others."""
    text = json.dumps([order.area, *(step_as_json(step) for step in order.steps)], sort_keys=True)
    return sha256(text.encode()).hexdigest()[:16]


def _brought(
    kernel: Kernel, order: Order, to: OrderState, kind: str, by: By, /, **payload: object
) -> Answer:
    """Record what brings an order to a state; refused where it does not lead there."""
    if order.state not in ORDER_FROM[to]:
        why = f"it is {order.state} and cannot become {to}"
        return kernel.refuse(by, [Refusal("order", 0, order.id, why)], command=order.id)
    kernel.say(kind, by, order=order.id, **payload)
    return Answer(id=order.id)
