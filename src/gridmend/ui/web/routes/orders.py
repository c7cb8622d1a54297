"""Plans that heal, and switching orders from draft to done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Response

from gridmend.model.plan import Refusal, Step
from gridmend.runtime.control import Answer as Answered
from gridmend.runtime.control.orders import GOING
from gridmend.runtime.live import Desk
from gridmend.ui.web.answers.orders import (
    Approval,
    FaultGiven,
    NextStep,
    Order,
    OrderEdited,
    OrderGiven,
    Plans,
    StepGiven,
    Why,
)
from gridmend.ui.web.gate import Calling, Served, endpoint
from gridmend.ui.web.order_sheet import pdf_of_order
from gridmend.ui.web.problems import missing, refused
from gridmend.ui.web.serving import Serving

router = APIRouter(tags=["orders"])
Id = Annotated[str, Path(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
PLAN_S = 60.0
CARRY_S = 60.0
"""How long a turn of the room is waited for where much is to be done before it."""


@endpoint(router, "GET", "/plans")
async def plans(serving: Served) -> list[Plans]:
    """The newest candidate plans, by fault."""
    return [Plans.of(row) for row in serving.view.plans]


@endpoint(router, "POST", "/plans", statuses=(404,))
async def plan(given: FaultGiven, serving: Served, caller: Calling) -> Plans:
    """Candidate plans for a fault from what stands now, the best first."""
    serving.grid.key(given.fault)
    return Plans.of(await serving.ask(lambda desk: desk.plans(given.fault, caller.by), PLAN_S))


@endpoint(router, "POST", "/plans/{id}/order", statuses=(404, 409))
async def order_of_plan(id: Id, serving: Served, caller: Calling) -> Order:
    """Write and study the order of a plan; another person approves it."""
    return Order.of(await serving.ask(lambda desk: desk.order_of_plan(id, caller.by), PLAN_S))


@endpoint(router, "GET", "/orders")
async def orders(serving: Served) -> list[Order]:
    """Switching orders."""
    return [Order.of(row) for row in serving.view.orders]


@endpoint(router, "POST", "/orders", statuses=(404,))
async def write(given: OrderGiven, serving: Served, caller: Calling) -> Order:
    """Draft an order."""
    steps = _steps(given.steps)
    return Order.of(
        await serving.ask(
            lambda desk: desk.write(steps, caller.by, title=given.title, area=given.area)
        )
    )


@endpoint(router, "GET", "/orders/{id}", statuses=(404,))
async def order(id: Id, serving: Served) -> Order:
    """One order as it stands."""
    _check(serving, id)
    return Order.of(await serving.ask(lambda desk: desk.order(id)))


@endpoint(router, "PUT", "/orders/{id}", statuses=(404,))
async def edit(id: Id, given: OrderEdited, serving: Served, caller: Calling) -> Order:
    """Write the lines of an order anew, which voids its approval."""
    steps = _steps(given.steps)
    return Order.of(
        await serving.ask(lambda desk: desk.edit(id, steps, caller.by, title=given.title))
    )


@endpoint(router, "POST", "/orders/{id}/study", statuses=(404, 409))
async def study(id: Id, serving: Served, caller: Calling) -> Order:
    """Judge every step that is left, from what stands now."""
    return await _brought(serving, id, lambda desk: desk.study(id, caller.by))


@endpoint(router, "POST", "/orders/{id}/approve", statuses=(404, 409))
async def approve(id: Id, given: Approval, serving: Served, caller: Calling) -> Order:
    """Approve what another wrote; refused where it was edited since that version was read."""
    return await _brought(serving, id, lambda desk: desk.approve(id, caller.by, given.version))


@endpoint(router, "POST", "/orders/{id}/issue", statuses=(404, 409))
async def issue(id: Id, serving: Served, caller: Calling) -> Order:
    """Let an approved order be carried out."""
    return await _brought(serving, id, lambda desk: desk.issue(id, caller.by))


@endpoint(router, "POST", "/orders/{id}/step", statuses=(404, 409))
async def step(id: Id, given: NextStep, serving: Served, caller: Calling) -> Order:
    """Carry out the next step; refused where another is next."""
    return await _brought(serving, id, lambda desk: desk.step(id, caller.by, given.number))


@endpoint(router, "POST", "/orders/{id}/carry-out", statuses=(404, 409))
async def carry_out(id: Id, serving: Served, caller: Calling) -> Order:
    """Carry out step after step until the end, or until one is not confirmed or somebody stops it:
    the room is free between two steps."""
    _check(serving, id)
    found = Order.of(await serving.ask(lambda desk: desk.order(id)))
    if found.state not in GOING:
        why = f"it is {found.state}, and carried out once it is issued"
        raise refused([Refusal("order", 0, id, why)])
    while found.state in GOING and found.done < len(found.steps):
        done = found.done
        found = await _brought(
            serving, id, lambda desk, done=done: desk.step(id, caller.by, done + 1)
        )
        if found.done == done:
            break
    return found


@endpoint(router, "POST", "/orders/{id}/suspend", statuses=(404, 409))
async def suspend(id: Id, given: Why, serving: Served, caller: Calling) -> Order:
    """Let an order rest."""
    return await _brought(
        serving, id, lambda desk: desk.suspend(id, caller.by, given.why), urgent=True
    )


@endpoint(router, "POST", "/orders/{id}/abort", statuses=(404, 409))
async def abort(id: Id, given: Why, serving: Served, caller: Calling) -> Order:
    """Give an order up."""
    return await _brought(
        serving, id, lambda desk: desk.abort(id, caller.by, given.why), urgent=True
    )


@endpoint(
    router, "GET", "/orders/{id}/sheet.pdf", statuses=(404,),
    response_class=Response, openapi_extra={"responses": {"200": {"content": {
        "application/pdf": {"schema": {"type": "string", "format": "binary"}}}}}},
)  # fmt: skip
async def sheet(id: Id, serving: Served) -> Response:
    """The order to print."""
    _check(serving, id)
    found = await serving.ask(lambda desk: desk.order(id))
    view, about, name = serving.view, serving.about, serving.grid.name
    printed = await serving.lanes.heavy.run(
        lambda: pdf_of_order(
            found, network=name, time_utc=view.time_utc, zone=about.zone,
            simulated=about.world != "live",
        )
    )  # fmt: skip
    headers = {"Content-Disposition": 'inline; filename="switching-order.pdf"'}
    return Response(printed, headers=headers, media_type="application/pdf")


def _steps(given: Sequence[StepGiven]) -> tuple[Step, ...]:
    return tuple(
        Step(one.action, one.device, one.why, value=one.value, phases=one.phases) for one in given
    )


def _check(serving: Serving, id: str) -> None:
    if id not in serving.view.situation.orders:
        raise missing("order", id)


async def _brought(
    serving: Serving, id: str, work: Callable[[Desk], Answered], *, urgent: bool = False
) -> Order:
    """An order after something was asked of it; what forbids it is a problem."""
    answer = await serving.ask(work, CARRY_S, urgent=urgent)
    if not answer.allowed:
        raise refused(answer.refusals)
    return Order.of(await serving.ask(lambda desk: desk.order(id), urgent=urgent))
