"""In which areas of responsibility a request acts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from starlette.requests import Request

from gridmend.model.deed import subject
from gridmend.model.errors import GridmendError
from gridmend.model.plan import Action, Step
from gridmend.model.situation import ANYWHERE, Situation
from gridmend.ui.web.problems import missing
from gridmend.ui.web.recall import recall
from gridmend.ui.web.serving import Serving
from gridmend.ui.web.table import Where


async def areas_of(serving: Serving, request: Request, where: Where, principal: str) -> list[str]:
    """The areas in which a permission is asked for.

    What the request names and is not there gives a 404; a body that cannot be read gives none, and
    is refused by the endpoint.
    """
    if where is Where.PATH_AREA:
        area = area_in_path(request.path_params["area"])
        # What was once taken can be given back, also where its devices have gone.
        return [area if request.method == "DELETE" else known_area(serving, area)]
    if where in _OF_BODY:
        return list(_OF_BODY[where](serving, await _body(request)))
    if where is Where.PLAN:
        return await _of_plan(serving, request.path_params["id"])
    if where is Where.OFFER:
        return await _of_offer(serving, request.path_params["id"])
    if where is Where.DEVICE:
        return [_of_operation(serving, request.path_params["key"], await _body(request))]
    name = request.path_params["id"]
    if where is Where.SELECT:
        command = (await _body(request)).get("command")
        return [await area_of_select(serving, name, principal, str(command))]
    return [_OF_PATH[where](serving, name)]


def area_in_path(text: str) -> str:
    """An area as a path names it: `-` is everywhere."""
    return ANYWHERE if text == "-" else text


def known_area(serving: Serving, area: str) -> str:
    """An area that is there; 404 for any other, in which nothing would be stopped or taken."""
    if area != ANYWHERE and area not in serving.view.situation.areas.values():
        raise missing("area", area, "GET /api/v1/areas says which there are")
    return area


def area_of(serving: Serving, device: str) -> str:
    """The area in which a device lies; 404 where there is none of that name."""
    return serving.view.situation.area_of(serving.grid.key(device))


async def _body(request: Request) -> dict[str, Any]:
    """The body as it is; the endpoint reads the same, and refuses what is not what it wants."""
    try:
        found = await request.json()
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _of_area(serving: Serving, body: dict[str, Any]) -> Iterable[str]:
    area = body.get("area", ANYWHERE)
    return [known_area(serving, area)] if isinstance(area, str) else []


def _of_device(serving: Serving, body: dict[str, Any]) -> Iterable[str]:
    named = [body.get(key) for key in ("device", "fault", "element")]
    devices = [name for name in named if isinstance(name, str) and name]
    bus = body.get("bus")
    if isinstance(bus, str) and bus:
        earthed = subject(serving.grid, Step(Action.GROUND, bus, ""))
        return [serving.view.situation.area_of(earthed)]
    return [area_of(serving, device) for device in devices]


def _of_operation(serving: Serving, device: str, body: dict[str, Any]) -> str:
    """Where a step acts: one name may be of a switch and of a regulator control."""
    action = body.get("action")
    if not isinstance(action, str) or action not in set(Action):
        return area_of(serving, device)
    key = subject(serving.grid, Step(Action(action), device, ""))
    return serving.view.situation.area_of(key)


def _of_alarms(serving: Serving, body: dict[str, Any]) -> Iterable[str]:
    ids = body.get("ids")
    if not isinstance(ids, list):
        return []
    listed = {alarm.id: alarm.area for alarm in serving.view.alarms}
    # Those that are gone meanwhile are in nobody's area.
    return sorted({listed[id] for id in ids if isinstance(id, str) and id in listed})


async def area_of_select(serving: Serving, name: str, principal: str, command: str) -> str:
    """Where a select acts. One that was used is known by its command, which may be asked again."""
    situation = serving.view.situation
    found = situation.selects.get(name)
    if found is not None:
        return situation.area_of(found.key)
    area = serving.commands.area_of(principal, name, command)
    if area is not None:
        return area
    recalled = await recall(serving, name, principal, command)
    if recalled is None:
        raise missing("select", name, "it has expired, or was used: select the device again")
    return recalled.area


def _area_of_key(serving: Serving, key: str) -> str:
    return serving.view.situation.area_of(key)


def _of_order(serving: Serving, name: str) -> str:
    found = serving.view.situation.orders.get(name)
    if found is None:
        raise missing("order", name)
    return found.area


def _of_tag(serving: Serving, name: str) -> str:
    found = serving.view.situation.tags.get(name)
    if found is None:
        raise missing("tag", name)
    return _area_of_key(serving, found.device)


def _of_ground(serving: Serving, name: str) -> str:
    found = serving.view.situation.grounds.get(name)
    if found is None:
        raise missing("ground", name)
    key = subject(serving.grid, Step(Action.GROUND, found.bus, ""))
    return _area_of_key(serving, key)


def _of_alarm(serving: Serving, name: str) -> str:
    for alarm in serving.view.alarms:
        if alarm.id == name:
            return alarm.area
    raise missing("alarm", name)


async def _of_plan(serving: Serving, name: str) -> list[str]:
    """Where the plan's devices lie: it takes the permission in all of these areas."""
    plan = await serving.ask(lambda desk: _found(lambda: desk.plan(name)))
    if plan is None:
        raise missing("plan", name, "ask for plans again")
    situation: Situation = serving.view.situation
    return sorted({situation.area_of(subject(serving.grid, step)) for step in plan.steps})


async def _of_offer(serving: Serving, name: str) -> list[str]:
    business = await serving.ask(lambda desk: desk.business())
    for offer in business.get("offers", ()):
        if offer.get("id", offer.get("offer")) == name:
            return [str(offer.get("area", ANYWHERE))]
    raise missing("offer", name)


def _found(look: Callable[[], Any]) -> Any:
    try:
        return look()
    except GridmendError:
        return None


_OF_BODY: dict[Where, Callable[[Serving, dict[str, Any]], Iterable[str]]] = {
    Where.BODY_AREA: _of_area,
    Where.BODY_DEVICE: _of_device,
    Where.BODY_ALARMS: _of_alarms,
}
_OF_PATH: dict[Where, Callable[[Serving, str], str]] = {
    Where.ORDER: _of_order,
    Where.TAG: _of_tag,
    Where.GROUND: _of_ground,
    Where.ALARM: _of_alarm,
}
