"""Applications propose; they are asked, bounded in time, and arbitrated among themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from gridmend.interlock.admission import LEAVE, outside_leave
from gridmend.interlock.move import By
from gridmend.model.command import same_deed, step_as_json
from gridmend.model.deed import subject
from gridmend.model.errors import GridmendError
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Refusal, Step
from gridmend.model.situation import ACTS, ANYWHERE, ORDER_LIVE, Mode, OrderState, Situation
from gridmend.runtime.control import orders
from gridmend.runtime.control.kernel import Answer, Kernel

ANSWER_S = 2.0
"""Time in which an application answers; then it is cut off."""


class CutOffError(GridmendError):
    """An application did not answer in time, or broke."""


class Application(Protocol):
    """What proposes steps; `propose` keeps to `ANSWER_S` or raises `CutOffError`."""

    @property
    def name(self) -> str:
        """Its name in the journal."""
        ...

    def propose(self, situation: Situation) -> Sequence[Step]:
        """The steps that it would take now; none where it is content."""
        ...


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one application wants; a higher `rank` goes first."""

    application: str
    steps: tuple[Step, ...]
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Lost:
    """A proposal that gave way, over which device, to whom, and why."""

    proposal: Proposal
    device: str
    winner: str
    why: str


def arbitrate(
    proposals: Sequence[Proposal], grid: Grid, taken: Mapping[str, str]
) -> tuple[tuple[Proposal, ...], tuple[Lost, ...]]:
    """Which proposals may go on: none that wants a device that another has.

    `taken` are devices, as `Grid.key` writes them, with who has them by an order that is under
    way. Among new ones the higher rank goes first, then the fewer steps, then the name.
    """
    kept: list[Proposal] = []
    lost: list[Lost] = []
    owner = dict(taken)
    for proposal in sorted(proposals, key=lambda p: (-p.rank, len(p.steps), p.application)):
        keys = {subject(grid, step) for step in proposal.steps}
        contested = sorted(key for key in keys if key in owner)
        if contested:
            device = contested[0]
            winner = owner[device]
            why = "has it by an order under way" if device in taken else "goes first by its rank"
            lost.append(Lost(proposal, device, winner, f"{winner} {why}"))
            continue
        kept.append(proposal)
        owner |= dict.fromkeys(keys, proposal.application)
    return tuple(kept), tuple(lost)


def consider(
    kernel: Kernel,
    applications: Sequence[Application],
    *,
    area: str = ANYWHERE,
    ranks: Mapping[str, int] | None = None,
) -> tuple[Answer, ...]:
    """Ask every application that is not off, and bring its proposal as far as its mode allows.

    `advise`: it is written down. `approve`: it becomes an order, studied, that waits for a
    person. `automatic`: a leave that covers it approves it, and it is issued and carried out.
    `restore only`: the same where it closes and opens nothing; else it is refused. One that does
    not answer in time is set to off.
    """
    proposals: list[Proposal] = []
    for application in applications:
        if mode_of(kernel, application.name, area) is Mode.OFF:
            continue
        try:
            steps = tuple(application.propose(kernel.situation))
            told = [step_as_json(step) for step in steps]
            proposed = kernel.event("plan_proposed", _by(application.name), steps=told, area=area)
            orders.within(kernel, steps, area)
            proposed.as_line()
        except GridmendError as problem:
            cut_off(kernel, application.name, area, str(problem))
            continue
        if steps:
            rank = (ranks or {}).get(application.name, 0)
            proposals.append(Proposal(application.name, steps, rank))
            kernel.record([proposed])
    kept, lost = arbitrate(proposals, kernel.grid, _taken(kernel))
    for loser in lost:
        kernel.say(
            "arbitrated", By(), device=loser.device, winner=loser.winner,
            loser=loser.proposal.application, why=loser.why,
        )  # fmt: skip
    return tuple(_pursue(kernel, proposal, area) for proposal in kept)


def cut_off(kernel: Kernel, application: str, area: str, why: str) -> None:
    """Take an application out: it is set to off and its orders rest."""
    by = _by(application)
    found = [
        kernel.event("application_cut_off", by, application=application, why=why),
        kernel.event("mode_set", by, application=application, area=area,
                     mode=Mode.OFF.value, by="control room"),
    ]  # fmt: skip
    for order in kernel.situation.orders.values():
        if order.application == application and order.state in ORDER_LIVE:
            rests = f"{application} was cut off"
            found.append(kernel.event("order_suspended", by, order=order.id, why=rests))
    kernel.record(found)


def _pursue(kernel: Kernel, proposal: Proposal, area: str) -> Answer:
    by = _by(proposal.application)
    mode = mode_of(kernel, proposal.application, area)
    if mode is Mode.ADVISE:
        return Answer(id=proposal.application)
    opening = [n for n, s in enumerate(proposal.steps, 1) if s.action is not Action.CLOSE]
    if mode is Mode.RESTORE_ONLY and opening:
        device = proposal.steps[opening[0] - 1].device
        why = f"{proposal.application} is set to {mode}, and closes"
        refusal = Refusal("autonomy", opening[0], device, why)
        return kernel.refuse(by, [refusal], command=proposal.application)
    waiting = [
        order
        for order in kernel.situation.orders.values()
        if (order.application, order.area) == (proposal.application, area)
        and order.state in (OrderState.DRAFT, OrderState.STUDIED)
        and len(order.steps) == len(proposal.steps)
        and all(map(same_deed, order.steps, proposal.steps))
    ]
    if waiting and waiting[0].state is OrderState.STUDIED and mode not in ACTS:
        return Answer(id=waiting[0].id)
    order = waiting[0].id if waiting else orders.write(kernel, proposal.steps, by, area=area)
    answer = orders.study(kernel, order, by)
    if not answer.allowed or mode not in ACTS:
        return answer
    fitting = [
        id
        for id in kernel.situation.leaves
        if outside_leave(
            replace(kernel.situation.orders[order], approver=f"{LEAVE}{id}"),
            kernel.situation, kernel.now_s,
        ) is None
    ]  # fmt: skip
    answer = orders.approve(kernel, order, by, leave=fitting[-1] if fitting else "none")
    if not answer.allowed:
        return answer
    orders.issue(kernel, order, by)
    return orders.carry_out(kernel, order, by)


def _taken(kernel: Kernel) -> dict[str, str]:
    """Devices of orders under way, with whose they are."""
    live = (OrderState.APPROVED, OrderState.ISSUED, OrderState.IN_PROGRESS)
    return {
        subject(kernel.grid, step): order.application or order.author
        for order in kernel.situation.orders.values()
        if order.state in live
        for step in order.steps[order.done :]
    }


def mode_of(kernel: Kernel, application: str, area: str = ANYWHERE) -> Mode:
    """What an application may do in an area now: off where applications are stopped there."""
    if kernel.situation.killed & {area, ANYWHERE}:
        return Mode.OFF
    return kernel.situation.modes.get((application, area), Mode.OFF)


def _by(application: str) -> By:
    return By(principal=application, login="kernel", application=application)
