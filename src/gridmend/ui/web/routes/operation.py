"""Operating a device: look ahead, select, operate once; tags and earths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path

from gridmend.model.plan import MOVES, OutcomeState, Step
from gridmend.runtime.control import Answer as Answered
from gridmend.runtime.live import Desk
from gridmend.ui.web.answers.identity import Done
from gridmend.ui.web.answers.operation import (
    GroundGiven,
    LookAhead,
    Operated,
    OperateGiven,
    Selected,
    SelectGiven,
    TagGiven,
)
from gridmend.ui.web.areas import area_of_select
from gridmend.ui.web.gate import Calling, Served, endpoint
from gridmend.ui.web.problems import Problem, refused
from gridmend.ui.web.recall import recall
from gridmend.ui.web.serving import Serving

router = APIRouter(tags=["operation"])
Name = Annotated[str, Path(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
OPERATE_S = 30.0
"""How long a command's turn is waited for."""


def _step(key: str, given: SelectGiven) -> Step:
    if given.action not in MOVES:
        raise Problem(
            422, f"'{given.action}' is nothing that a device does", where="body.action",
            mend=f"choose of {', '.join(MOVES)}; tags and grounds have endpoints of their own",
        )  # fmt: skip
    return Step(given.action, key, given.reason, value=given.value)


@endpoint(router, "POST", "/devices/{key}/look-ahead", statuses=(404,))
async def look_ahead(key: Name, given: SelectGiven, serving: Served, caller: Calling) -> LookAhead:
    """What a step would lead to; nothing is selected, and nothing is written down."""
    serving.grid.key(key)
    step = _step(key, given)
    return LookAhead.of(await serving.ask(lambda desk: desk.look_ahead(step, caller.by)))


@endpoint(router, "POST", "/devices/{key}/select", statuses=(404, 409))
async def select(key: Name, given: SelectGiven, serving: Served, caller: Calling) -> Selected:
    """Pick a device for one operation, and look ahead."""
    step = _step(key, given)
    found = await serving.ask(lambda desk: desk.select(step, caller.by, given.reason))
    if not found.answer.allowed:
        raise refused(found.answer.refusals)
    return Selected(
        select=found.answer.id, expires=found.expires_utc,
        look_ahead=LookAhead.of(found.look_ahead),
    )  # fmt: skip


@endpoint(router, "DELETE", "/selects/{id}", statuses=(404, 409))
async def cancel(id: Name, serving: Served, caller: Calling) -> Done:
    """Give a select back."""
    await serving.ask(lambda desk: desk.cancel(id, caller.by))
    return Done(id=id)


@endpoint(router, "POST", "/selects/{id}/operate", statuses=(404, 409))
async def operate(id: Name, given: OperateGiven, serving: Served, caller: Calling) -> Operated:
    """Carry out what was selected, at most once for each id of a command.

    Asked again with the same id, it answers what became of the first.
    """
    command, by = given.command, caller.by

    async def work() -> Answered:
        return await serving.ask(lambda desk: desk.operate(id, by, command), OPERATE_S, urgent=True)

    if id not in serving.view.situation.selects and not serving.commands.knows(
        by.principal, id, command
    ):
        recalled = await recall(serving, id, by.principal, command)
        if recalled is not None:
            return Operated(command=command, outcome=recalled.state.value, detail=recalled.detail)
    area = await area_of_select(serving, id, by.principal, command)
    answer = await serving.commands.once(
        by.principal, command, select=id, area=area, work=work
    )  # fmt: skip
    if not answer.allowed:
        raise refused(answer.refusals)
    outcome = answer.outcome
    state = outcome.state if outcome is not None else OutcomeState.IN_DOUBT
    return Operated(
        command=command,
        outcome=state.value,
        detail=outcome.detail if outcome is not None else "its outcome is not known yet",
        unknown=list(answer.unknown),
    )


@endpoint(router, "POST", "/tags", statuses=(404, 409))
async def tag(given: TagGiven, serving: Served, caller: Calling) -> Done:
    """Hang a tag on a device."""
    return await _worked(
        serving, lambda desk: desk.tag(given.device, given.kind, caller.by, given.reason)
    )


@endpoint(router, "DELETE", "/tags/{id}", statuses=(404, 409))
async def untag(id: Name, serving: Served, caller: Calling) -> Done:
    """Take a tag off."""
    return await _worked(serving, lambda desk: desk.untag(id, caller.by))


@endpoint(router, "POST", "/grounds", statuses=(404, 409))
async def ground(given: GroundGiven, serving: Served, caller: Calling) -> Done:
    """Order a bus earthed; a crew says when it is."""
    return await _worked(serving, lambda desk: desk.ground(given.bus, caller.by, given.reason))


@endpoint(router, "DELETE", "/grounds/{id}", statuses=(404, 409))
async def unground(id: Name, serving: Served, caller: Calling) -> Done:
    """Order an earth taken away."""
    return await _worked(serving, lambda desk: desk.unground(id, caller.by))


async def _worked(serving: Serving, work: Callable[[Desk], Answered]) -> Done:
    answer = await serving.ask(work)
    if not answer.allowed:
        raise refused(answer.refusals)
    return Done(id=answer.id)
