"""What commands, applications and orders come to, as alarms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from gridmend.model.command import step_of
from gridmend.model.deed import subject
from gridmend.model.event import Event
from gridmend.operations.alarms.condition import id_of
from gridmend.operations.alarms.raising import (
    TEXT_MOST,
    Handler,
    Said,
    cleared,
    raised,
    with_name,
)

if TYPE_CHECKING:
    from gridmend.operations.alarms.alarms import Alarms


APPLICATIONS_MOST = 64


def _commanded(alarms: Alarms, event: Event) -> Alarms:
    key = subject(alarms.grid, step_of(event.payload["step"]))
    known = with_name(alarms.commands, event.payload["command"], key)
    return replace(alarms, commands=known)


def _outcome(alarms: Alarms, event: Event) -> Alarms:
    p = event.payload
    command, state = str(p["command"]), p["state"]
    key = alarms.commands.get(command, "")
    said = str(p.get("detail") or p.get("why") or "")
    if state == "in_doubt":
        what = f"the command to {key or command} is in doubt: {said}"[:TEXT_MOST]
        return raised(
            alarms,
            Said("command_in_doubt", key, what, event.time_utc, name=command, eases=True),
        )  # fmt: skip
    alarms = cleared(alarms, id_of("command_in_doubt", command), event.time_utc)
    known = {id: value for id, value in alarms.commands.items() if id != command}
    alarms = replace(alarms, commands=MappingProxyType(known))
    if state != "failed":
        return alarms
    what = f"the command to {key or command} failed: {said}"[:TEXT_MOST]
    return raised(alarms, Said("command_failed", key, what, event.time_utc))


def _refused(alarms: Alarms, event: Event) -> Alarms:
    """Only what is refused to an application is an alarm: a person is told at once."""
    if event.cause not in alarms.applications:
        return alarms
    rules = [rule for rule in event.payload["rules"] if isinstance(rule, list) and len(rule) == 3]
    first = f"{rules[0][1]}: {rules[0][2]} ({rules[0][0]})" if rules else "no rule is named"
    what = f"refused to {event.cause}: {first}"[:TEXT_MOST]
    return raised(alarms, Said("refused", event.cause, what, event.time_utc, area=""))


def _mode_set(alarms: Alarms, event: Event) -> Alarms:
    name = str(event.payload["application"])
    if event.payload["mode"] != "off":
        alarms = cleared(alarms, id_of("application_cut_off", name), event.time_utc)
    return _application(alarms, name)


def _leave_given(alarms: Alarms, event: Event) -> Alarms:
    return _application(alarms, str(event.payload["application"]))


def _application_cut_off(alarms: Alarms, event: Event) -> Alarms:
    name = str(event.payload["application"])
    what = f"{name} was cut off: {event.payload.get('why', '')}"[:TEXT_MOST]
    said = Said("application_cut_off", name, what, event.time_utc, area="", eases=True)
    return raised(alarms, said)


def _order_written(alarms: Alarms, event: Event) -> Alarms:
    p = event.payload
    orders = with_name(alarms.orders, p["order"], p["area"])
    alarms = cleared(alarms, id_of("order_suspended", p["order"]), event.time_utc)
    name = str(p.get("application", ""))
    return _application(replace(alarms, orders=orders), name) if name else (
        replace(alarms, orders=orders)
    )  # fmt: skip


def _order_suspended(alarms: Alarms, event: Event) -> Alarms:
    p = event.payload
    what = f"the order {p['order']} rests: {p['why']}"[:TEXT_MOST]
    area = alarms.orders.get(p["order"], "")
    said = Said("order_suspended", p["order"], what, event.time_utc, area=area, eases=True)
    return raised(alarms, said)


def _order_goes_on(alarms: Alarms, event: Event) -> Alarms:
    return cleared(alarms, id_of("order_suspended", event.payload["order"]), event.time_utc)


def _killed(alarms: Alarms, event: Event) -> Alarms:
    area = event.payload["area"]
    what = f"nothing automatic acts in area {area}" if area else "nothing automatic acts"
    return raised(
        alarms, Said("automation_stopped", area, what, event.time_utc, area=area, eases=True)
    )


def _revived(alarms: Alarms, event: Event) -> Alarms:
    return cleared(alarms, id_of("automation_stopped", event.payload["area"]), event.time_utc)


def _loop_outlived(alarms: Alarms, event: Event) -> Alarms:
    key = alarms.places.key(event.payload["device"])
    what = f"the loop at {key} stands, and the leave for it has ended"
    return raised(alarms, Said("loop_outlived", key, what, event.time_utc, eases=True))


def _loop_ended(alarms: Alarms, event: Event) -> Alarms:
    key = alarms.places.key(event.payload["device"])
    return cleared(alarms, id_of("loop_outlived", key), event.time_utc)


def _application(alarms: Alarms, name: str) -> Alarms:
    if name in alarms.applications or len(alarms.applications) >= APPLICATIONS_MOST:
        return alarms
    return replace(alarms, applications=alarms.applications | {name})


HANDLERS: Mapping[str, Handler] = MappingProxyType({
    "commanded": _commanded,
    "outcome": _outcome,
    "refused": _refused,
    "mode_set": _mode_set,
    "leave_given": _leave_given,
    "application_cut_off": _application_cut_off,
    "order_written": _order_written,
    "order_suspended": _order_suspended,
    "order_studied": _order_goes_on,
    "order_aborted": _order_goes_on,
    "killed": _killed,
    "revived": _revived,
    "loop_outlived": _loop_outlived,
    "loop_ended": _loop_ended,
})  # fmt: skip
