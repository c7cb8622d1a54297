"""Who has the say, what applications may do, and exercises on the twin."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from gridmend.runtime.live import Desk
from gridmend.ui.answer import plain
from gridmend.ui.web.answers.identity import Done
from gridmend.ui.web.answers.operation import (
    AreaAnswer,
    AreaGiven,
    Epoch,
    FaultStruck,
    HandOver,
    ModeGiven,
    ModeRow,
    OfferGiven,
    Speed,
    SpeedGiven,
)
from gridmend.ui.web.areas import area_in_path
from gridmend.ui.web.gate import Calling, Served, endpoint
from gridmend.ui.web.problems import Problem
from gridmend.ui.web.serving import Serving

router = APIRouter(tags=["control"])
Name = Annotated[str, Path(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


@endpoint(router, "GET", "/areas")
async def areas(serving: Served) -> list[AreaAnswer]:
    """Areas of responsibility and who has the say in each; "" is whatever is in no other."""
    return [AreaAnswer.of(row) for row in serving.view.areas]


@endpoint(router, "POST", "/areas/{area}/authority", statuses=(404,))
async def take_authority(area: Name, serving: Served, caller: Calling) -> Epoch:
    """Take the say in an area; `-` is everywhere."""
    name = area_in_path(area)
    return Epoch(
        area=name, epoch=await serving.ask(lambda desk: desk.take_authority(name, caller.by))
    )


@endpoint(router, "DELETE", "/areas/{area}/authority", statuses=(404,))
async def give_back(area: Name, serving: Served, caller: Calling) -> Epoch:
    """Leave an area that one holds to the simulated operator; on the twin only."""
    _check_twin(serving)
    name = area_in_path(area)
    return Epoch(area=name, epoch=await serving.ask(lambda desk: desk.give_back(name, caller.by)))


@endpoint(router, "GET", "/handover")
async def handover(serving: Served) -> HandOver:
    """What this shift leaves to the next, and what is offered."""
    return HandOver(**plain(await serving.ask(lambda desk: desk.business())))


@endpoint(router, "POST", "/handover", statuses=(404,))
async def offer(given: OfferGiven, serving: Served, caller: Calling) -> Done:
    """Offer one's shift to somebody."""
    made = await serving.ask(
        lambda desk: desk.offer(caller.by, to=given.to, note=given.note, area=given.area)
    )
    return Done(id=made)


@endpoint(router, "POST", "/handover/{id}/accept", statuses=(404,))
async def accept(id: Name, serving: Served, caller: Calling) -> Done:
    """Take a shift over, having read what it leaves."""
    await serving.ask(lambda desk: desk.accept(id, caller.by))
    return Done(id=id)


@endpoint(router, "GET", "/applications")
async def applications(serving: Served) -> list[ModeRow]:
    """What applications may do by themselves, by area."""
    return [ModeRow.of(row) for row in serving.view.modes]


@endpoint(router, "PUT", "/applications/{name}/mode", statuses=(404,))
async def set_mode(name: Name, given: ModeGiven, serving: Served, caller: Calling) -> Done:
    """Say how far an application may go by itself."""
    await serving.ask(lambda desk: desk.set_mode(name, given.mode, caller.by, area=given.area))
    return Done(id=name)


@endpoint(router, "POST", "/applications/kill", statuses=(404,))
async def kill(given: AreaGiven, serving: Served, caller: Calling) -> Done:
    """Stop every application in an area at once; their orders rest."""
    await serving.ask(lambda desk: desk.kill(caller.by, area=given.area), urgent=True)
    return Done()


@endpoint(router, "POST", "/applications/revive", statuses=(404,))
async def revive(given: AreaGiven, serving: Served, caller: Calling) -> Done:
    """Let applications act again."""
    await serving.ask(lambda desk: desk.revive(caller.by, area=given.area))
    return Done()


@endpoint(router, "POST", "/exercise/faults", statuses=(404,))
async def strike(given: FaultStruck, serving: Served, caller: Calling) -> Done:
    """Have a fault strike an element of the simulated field, for good."""
    _check_twin(serving)
    serving.grid.key(given.element)
    number = await serving.ask(lambda desk: desk.strike(given.element, caller.by))
    return Done(id=str(number))


@endpoint(router, "POST", "/exercise/repairs", statuses=(404,))
async def repair(given: FaultStruck, serving: Served, caller: Calling) -> Done:
    """Mend an element of the simulated field at once, in place of a crew."""
    _check_twin(serving)
    serving.grid.key(given.element)
    await serving.ask(lambda desk: desk.repair(given.element, caller.by))
    return Done(id=given.element)


@endpoint(router, "POST", "/exercise/speed")
async def speed(given: SpeedGiven, serving: Served, caller: Calling) -> Speed:
    """How fast time goes on the twin; 0 is paused."""
    _check_twin(serving)

    def change(desk: Desk) -> None:
        # What is not written down does not happen.
        desk.say_speed(serving.live.speed, given.speed, caller.by)
        serving.live.set_speed(given.speed)

    await serving.ask(change)
    return Speed(speed=given.speed)


def _check_twin(serving: Serving) -> None:
    if serving.about.world != "twin":
        raise Problem(403, "this is no simulated field", mend="use the twin: gridmend run")
