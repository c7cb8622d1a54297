"""Who has the say, what applications may do, and how all of that is stopped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from gridmend.interlock.move import By
from gridmend.model.errors import GridmendError
from gridmend.model.situation import ANYWHERE, ORDER_LIVE, Mode
from gridmend.runtime.control.kernel import Kernel


def define_area(kernel: Kernel, area: str, devices: Sequence[str], by: By) -> None:
    """Say which devices lie in an area. `GridError` where one is not there."""
    _person(by, "defines areas")
    for device in devices:
        kernel.grid.key(device)
    kernel.say("area_defined", by, area=area, devices=list(devices))


def take_authority(kernel: Kernel, area: str, by: By, *, holder: str = "") -> int:
    """Give an area's authority to a login or person; the new epoch ends whatever held the old."""
    _person(by, "takes authority")
    now = kernel.situation.authorities.get(area)
    epoch = now.epoch + 1 if now is not None else 1
    kernel.say("authority_granted", by, area=area, holder=holder or by.principal, epoch=epoch)
    return epoch


def set_mode(kernel: Kernel, application: str, mode: Mode, by: By, *, area: str = ANYWHERE) -> None:
    """Say what an application may do by itself in an area."""
    _person(by, "sets the autonomy of an application")
    kernel.say("mode_set", by, application=application, area=area, mode=mode.value, by=by.principal)


def kill(kernel: Kernel, by: By, *, area: str = ANYWHERE) -> None:
    """Stop every application in an area at once, or everywhere; their orders rest."""
    found = [kernel.event("killed", by, area=area, by=by.principal or by.application)]
    for order in kernel.situation.orders.values():
        here = area in (order.area, ANYWHERE)
        if order.application and order.state in ORDER_LIVE and here:
            rests = "applications were stopped"
            found.append(kernel.event("order_suspended", by, order=order.id, why=rests))
    kernel.record(found)


def revive(kernel: Kernel, by: By, *, area: str = ANYWHERE) -> None:
    """Let applications act again."""
    _person(by, "lets applications act again")
    kernel.say("revived", by, area=area, by=by.principal)


def give_leave(
    kernel: Kernel,
    application: str,
    by: By,
    *,
    steps_most: int,
    lasts: timedelta,
    area: str = ANYWHERE,
) -> str:
    """Let an application's orders of so many steps count as approved; the leave's id."""
    _person(by, "gives leave to an application")
    if steps_most < 1 or lasts <= timedelta(0):
        raise GridmendError("a leave covers at least one step and some time")
    name = f"l{kernel.sequence + 1}"
    kernel.say(
        "leave_given", by, leave=name, by=by.principal, application=application, area=area,
        steps_most=steps_most, expires_utc=(kernel.now() + lasts).isoformat(),
    )  # fmt: skip
    return name


def withdraw_leave(kernel: Kernel, leave: str, by: By) -> None:
    """End a leave at once."""
    if leave not in kernel.situation.leaves:
        raise GridmendError(f"there is no leave '{leave}'")
    kernel.say("leave_withdrawn", by, leave=leave)


def authorise_loop(
    kernel: Kernel, device: str, sources: Sequence[str], by: By, *, until: datetime
) -> None:
    """Let a loop be closed at a device, between these sources, until a time [UTC].

    Raises `GridmendError` for a time that is past or further off than the policy allows.
    """
    _person(by, "authorises a loop")
    key = kernel.grid.key(device)
    most = timedelta(seconds=kernel.bench.policy.loop_most_s)
    if not timedelta(0) < until - kernel.now() <= most:
        raise GridmendError(
            f"a loop at {device} until {until:%H:%M:%S} is not possible",
            mend=f"let it end within {most}",
        )
    for source in sources:
        kernel.grid.sources.row(source.rpartition(".")[2])
    kernel.say(
        "loop_authorised", by, device=key, sources=list(sources), by=by.principal,
        expires_utc=until.isoformat(),
    )  # fmt: skip


def _person(by: By, what: str) -> None:
    if by.is_automatic or not by.principal:
        raise GridmendError(f"only a person {what}", mend="sign with your own name")
