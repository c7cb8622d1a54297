"""Whether a command may be carried out at all: who, on what authority, once, and in its turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gridmend.interlock.policy import Policy
from gridmend.model.command import Command, World, same_deed
from gridmend.model.deed import subject
from gridmend.model.grid import Grid
from gridmend.model.plan import MOVES, Action, Refusal
from gridmend.model.situation import ACTS, ANYWHERE, Mode, Order, OrderState, Situation

AHEAD_S = 1.0
"""How far a command's clock may be ahead."""
LEAVE = "leave:"
"""How an approval by a leave begins; what follows is the leave's id."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A command with what it is judged by; `world` is the one that this kernel commands."""

    command: Command
    key: str
    situation: Situation
    now_s: float
    policy: Policy
    world: World


def admit(
    command: Command,
    grid: Grid,
    situation: Situation,
    now_s: float,
    *,
    world: World,
    policy: Policy | None = None,
) -> tuple[Refusal, ...]:
    """Why a command may not be carried out, whatever the state of the network; empty where nothing.

    `now_s` is the time [s since 1970]. Raises `GridError` where the device is not there.
    """
    key = subject(grid, command.step)
    asked = Asked(command, key, situation, now_s, policy or Policy(), world)
    found = [(name, rule(asked)) for name, rule in ADMISSION]
    return tuple(
        Refusal(name, command.number, command.step.device, why)
        for name, why in found
        if why is not None
    )


def worlds_apart(asked: Asked) -> str | None:
    """A command of another world has no effect here."""
    world = asked.command.world
    return None if world is asked.world else f"it is a {world} command, and this is {asked.world}"


def at_most_once(asked: Asked) -> str | None:
    """A command's id is used once, while it is young; a device has one command at a time.

    A person may open a device whose command has no outcome yet.
    """
    command, situation, policy = asked.command, asked.situation, asked.policy
    if not command.id:
        return "a command needs an id"
    if command.id in situation.pending or command.id in situation.ended:
        return f"the command {command.id} was given before"
    age_s = asked.now_s - command.issued_utc.timestamp()
    if not -AHEAD_S <= age_s <= policy.command_s:
        return f"it was issued {age_s:.0f} s ago, and {policy.command_s:g} s are allowed"
    # Not even a tag goes on it: what is on its way would then operate a device that bears one.
    makes_safe = command.step.action is Action.OPEN and not command.application
    if not makes_safe and asked.key in situation.busy:
        return f"the command {situation.busy[asked.key]} on it has no outcome yet"
    return None


def one_authority(asked: Asked) -> str | None:
    """An area has one authority, known by the highest epoch."""
    command, situation = asked.command, asked.situation
    area = situation.area_of(asked.key)
    if command.area != area:
        return f"it lies in {_named(area)}, not in {_named(command.area)}"
    authority = situation.authorities.get(area)
    if authority is None:
        return f"nobody has authority over {_named(area)}"
    if command.epoch != authority.epoch:
        return f"the epoch of {_named(area)} is {authority.epoch}, not {command.epoch}"
    if not command.application and authority.holder not in (command.login, command.principal):
        return f"{authority.holder} has authority over {_named(area)}"
    return None


def autonomy(asked: Asked) -> str | None:
    """An application does what it is allowed to do in the area, and nothing once it is stopped."""
    command, situation = asked.command, asked.situation
    if not command.application:
        return None
    if situation.killed & {command.area, ANYWHERE}:
        return f"applications are stopped in {_named(command.area)}"
    mode = situation.modes.get((command.application, command.area), Mode.OFF)
    if mode in (Mode.OFF, Mode.ADVISE):
        return f"{command.application} is set to {mode} in {_named(command.area)}"
    if mode is Mode.RESTORE_ONLY and command.step.action is not Action.CLOSE:
        return f"{command.application} is set to {mode} in {_named(command.area)}, and closes"
    if not command.order:
        return "an application acts by approved orders only"
    return None


def select_before_operate(asked: Asked) -> str | None:
    """An operation consumes a select of the same deed, by the same hand, that is young."""
    command = asked.command
    if command.step.action not in MOVES:
        return None
    select = asked.situation.selects.get(command.select)
    if select is None:
        return "it was not selected, or the select is void"
    age_s = asked.now_s - select.at_s
    if not 0 <= age_s <= asked.policy.select_s:
        return f"it was selected {age_s:.0f} s ago, and {asked.policy.select_s:g} s are allowed"
    if not same_deed(select.step, command.step):
        return "another deed was selected"
    one = (select.principal, select.login, select.epoch)
    if one != (command.principal, command.login, command.epoch):
        return f"it was selected by {select.principal} at {select.login} in epoch {select.epoch}"
    return None


def order(asked: Asked) -> str | None:
    """A step of an order comes in its turn: the order issued, the step before it done."""
    command = asked.command
    if not command.order:
        return None
    found = asked.situation.orders.get(command.order)
    if found is None:
        return f"there is no order {command.order}"
    if found.state not in (OrderState.ISSUED, OrderState.IN_PROGRESS):
        return f"the order {found.id} is {found.state}"
    if found.area != command.area:
        return f"the order {found.id} is for {_named(found.area)}"
    if command.number != found.done + 1:
        return f"the order {found.id} stands before step {found.done + 1}, not {command.number}"
    if command.number > len(found.steps):
        return f"the order {found.id} has {len(found.steps)} steps"
    if found.id in asked.situation.orders_busy:
        return f"a step of the order {found.id} has no outcome yet"
    if not same_deed(found.steps[command.number - 1], command.step):
        return f"step {command.number} of the order {found.id} is another"
    return None


def two_people(asked: Asked) -> str | None:
    """The author of an order does not approve it; a person's leave counts within its bounds."""
    command = asked.command
    found = asked.situation.orders.get(command.order)
    if found is None:
        return None
    if not found.approver or found.is_by(found.approver):
        return f"nobody but its author approved the order {found.id}"
    if found.application != command.application:
        return f"the order {found.id} is {found.application or 'a person'}'s"
    if found.approver.startswith(LEAVE):
        return outside_leave(found, asked.situation, asked.now_s)
    return None


def outside_leave(order: Order, situation: Situation, now_s: float) -> str | None:
    """Why the leave that approved an order does not cover it; None where it does."""
    if not order.application:
        return f"the order {order.id} is a person's, and a leave is for applications"
    leave = situation.leaves.get(order.approver.removeprefix(LEAVE))
    if leave is None:
        return f"the leave that approved the order {order.id} is withdrawn"
    if (leave.application, leave.area) != (order.application, order.area):
        return f"the leave {leave.id} is for {leave.application} in {_named(leave.area)}"
    if not leave.by or now_s > leave.expires_s:
        return f"the leave {leave.id} has expired"
    if len(order.steps) > leave.steps_most:
        return f"the leave {leave.id} covers {leave.steps_most} steps, not {len(order.steps)}"
    mode = situation.modes.get((order.application, order.area), Mode.OFF)
    if mode not in ACTS:
        return f"{order.application} is set to {mode}, so that a person approves its orders"
    return None


def _named(area: str) -> str:
    return f"area '{area}'" if area else "the network outside all areas"


ADMISSION: tuple[tuple[str, Callable[[Asked], str | None]], ...] = (
    ("worlds apart", worlds_apart),
    ("at most once", at_most_once),
    ("one authority", one_authority),
    ("autonomy", autonomy),
    ("select before operate", select_before_operate),
    ("order", order),
    ("two people", two_people),
)
"""Every rule of admission by the name that a refusal bears."""
