"""Which commands may be given at all, whatever the network: the second table of the rules."""

from __future__ import annotations

from gridmend.model.command import Command, World
from gridmend.model.plan import MOVES, Action, Step
from gridmend.model.situation import Mode, OrderState, Situation


def why_inadmissible(
    command: Command, key: str, s: Situation, now_s: float, world: World = World.LIVE
) -> str | None:
    """Why a command may not be given, in words; None where it may."""
    c = command
    if c.world is not world:
        return "worlds apart"
    if not c.id or c.id in s.pending or c.id in s.ended:
        return "at most once: its id"
    if not -1 <= now_s - c.issued_utc.timestamp() <= 30:
        return "at most once: its age"
    is_busy = any(p.key == key for p in s.pending.values())
    if is_busy and (c.step.action is not Action.OPEN or c.application):
        return "at most once: no outcome yet"
    area = s.areas.get(key, "")
    authority = s.authorities.get(area)
    if c.area != area or authority is None or authority.epoch != c.epoch:
        return "one authority: its epoch"
    if not c.application and authority.holder not in (c.login, c.principal):
        return "one authority: another hand"
    if c.step.action in MOVES and not _selected(c, s, now_s):
        return "select before operate"
    return _automatic(c, s) or (_ordered(c, s, now_s) if c.order else None)


def _selected(c: Command, s: Situation, now_s: float) -> bool:
    found = s.selects.get(c.select)
    return (
        found is not None
        and 0 <= now_s - found.at_s <= 10
        and _deed(found.step) == _deed(c.step)
        and (found.principal, found.login, found.epoch) == (c.principal, c.login, c.epoch)
    )


def _automatic(c: Command, s: Situation) -> str | None:
    if not c.application:
        return None
    if c.area in s.killed or "" in s.killed:
        return "autonomy: stopped"
    if s.modes.get((c.application, c.area)) not in (Mode.APPROVE, Mode.AUTOMATIC):
        return "autonomy: not allowed"
    return None if c.order else "autonomy: no order"


def _ordered(c: Command, s: Situation, now_s: float) -> str | None:
    o = s.orders.get(c.order)
    if o is None or o.area != c.area:
        return "order: there is none"
    if o.state not in (OrderState.ISSUED, OrderState.IN_PROGRESS):
        return f"order: {o.state}"
    if c.number != o.done + 1 or any(p.command.order == o.id for p in s.pending.values()):
        return "order: not its turn"
    if _deed(o.steps[c.number - 1]) != _deed(c.step):
        return "order: another step"
    if o.approver in ("", o.author) or o.application != c.application:
        return "two people"
    if not o.approver.startswith("leave:"):
        return None
    leave = s.leaves.get(o.approver.removeprefix("leave:"))
    mode = s.modes.get((o.application, o.area))
    holds = (
        leave is not None and leave.by and now_s <= leave.expires_s
        and (leave.application, leave.area) == (o.application, o.area)
        and len(o.steps) <= leave.steps_most and mode is Mode.AUTOMATIC
    )  # fmt: skip
    return None if holds else "two people: the leave"


def _deed(step: Step) -> tuple[object, ...]:
    return step.action, step.device.lower(), step.value, step.mark, step.kind
