"""What became of a command: read back from the device, settled by a person, or in doubt."""

from __future__ import annotations

import math
from typing import Any

from gridmend.interlock.move import By
from gridmend.model.command import Command
from gridmend.model.deed import carried_out, moved_bits, subject
from gridmend.model.errors import GridmendError
from gridmend.model.event import Event
from gridmend.model.plan import MOVES, POWERS, SWITCHING, Action, Outcome, OutcomeState
from gridmend.model.situation import Pending, Situation
from gridmend.runtime.control.kernel import SOURCE, Answer, Kernel

BEHIND_S = 1.0
"""By how much the clock of a device that has answered may be behind."""
READ_BACK_S = 10.0
"""Time in which a command is confirmed; later it is in doubt."""


def attend(kernel: Kernel) -> tuple[str, ...]:
    """Settle pending commands by read-back; say in doubt what was not confirmed in time.

    A device that stands where it was told to is confirmed. One that does not stays in doubt
    until a person settles it, since the frame may still arrive. Gives the ids that ended.
    """
    kernel.take_in()
    _watch_loops(kernel)
    ended: list[str] = []
    for id, pending in list(kernel.situation.pending.items()):
        if pending.command.step.action not in MOVES:
            continue
        if stands(kernel, pending):
            end(kernel, pending.command, OutcomeState.CONFIRMED, "read back")
            ended.append(id)
        elif not pending.doubted and kernel.now_s - pending.at_s > READ_BACK_S:
            end(kernel, pending.command, OutcomeState.IN_DOUBT, "it was not read back in time")
    return tuple(ended)


def _watch_loops(kernel: Kernel) -> None:
    """Tell of loops that stand though the leave for them has ended."""
    situation = kernel.situation
    for key, leave in situation.loops.items():
        row = kernel.grid.switches.index.get(key)
        is_closed = row is not None and situation.snapshot.open_phases[row] == 0
        if is_closed and leave.expires_s < kernel.now_s:
            kernel.say("loop_outlived", By(leave.by), device=key)


def resume(kernel: Kernel) -> tuple[str, ...]:
    """After a restart: what was recorded and never sent is given up, the rest read back.

    The gateway says which frames left, and lets none of the others leave later.
    """
    given_up: list[str] = []
    for id, pending in list(kernel.situation.pending.items()):
        if pending.command.step.action in MOVES and not kernel.gateway.withdraw(id):
            end(kernel, pending.command, OutcomeState.FAILED, "it was never sent")
            given_up.append(id)
    attend(kernel)
    return tuple(given_up)


def settle(kernel: Kernel, command: str, by: By, *, done: bool, why: str) -> Answer:
    """A person says what became of a command, having seen the device.

    It is whoever gave the command, or has authority where the device lies. Raises `GridmendError`
    where there is no such command, and for anybody else.
    """
    pending = kernel.situation.pending.get(command)
    if pending is None:
        raise GridmendError(f"no command '{command}' waits for an outcome")
    if by.is_automatic or not by.principal:
        raise GridmendError("only a person settles a command", mend="look at the device")
    authority = kernel.situation.authorities.get(pending.command.area)
    holder = authority.holder if authority is not None else ""
    if pending.command.principal != by.principal and holder not in (by.principal, by.login):
        raise GridmendError(
            f"the command '{command}' is {pending.command.principal}'s, and {by.principal} has no"
            " authority there", mend="have either of them settle it"
        )  # fmt: skip
    state = OutcomeState.CONFIRMED if done else OutcomeState.FAILED
    payload: dict[str, Any] = {"command": command, "state": state.value, "why": why}
    is_there = pending.command.step.action not in MOVES or _is_there(kernel, pending)
    facts = [_fact(kernel, pending, by)] if done and is_there else []
    events = [*facts, kernel.event("outcome", by, **payload, by=by.principal)]
    kernel.record([event for event in events if event is not None])
    return Answer((), command, Outcome(pending.command.step, state, why))


def stands(kernel: Kernel, pending: Pending, *, answered: bool = False) -> bool:
    """Whether the device was heard of after the command, standing where it was told to.

    Where it may have stood there before, that counts only if the device has answered. One that has
    answered may be behind by its clock, so that it seems to speak of before.
    """
    situation, step, key = kernel.situation, pending.command.step, pending.key
    if (pending.stood and not answered) or not _is_there(kernel, pending):
        return False
    if step.action in SWITCHING:
        at_s = pending.at_s - (BEHIND_S if answered else 0.0)
        return _switched(kernel, situation, pending, at_s)
    if step.value is None:
        return False
    if step.action in POWERS:
        at_kw = situation.snapshot.power_kw(kernel.grid, key)
        most = step.action is Action.LIMIT and at_kw <= step.value
        return most or math.isclose(at_kw, step.value, rel_tol=1e-3, abs_tol=1e-3)
    positions = situation.snapshot.positions(kernel.grid)
    section = "taps" if step.action is Action.SET_TAP else "capacitors"
    at = {name.lower(): value for name, value in positions[section].items()}
    return at.get(key.partition(".")[2]) == step.value


def _is_there(kernel: Kernel, pending: Pending) -> bool:
    """Whether the model still has the device; what is gone is settled by a person."""
    try:
        return subject(kernel.grid, pending.command.step) == pending.key
    except GridmendError:
        return False


def _switched(kernel: Kernel, situation: Situation, pending: Pending, at_s: float) -> bool:
    key = pending.key
    wants_open = pending.command.step.action is Action.OPEN
    row = kernel.grid.switches.index.get(key)
    if row is None:
        source = kernel.grid.sources.row(key.partition(".")[2])
        return bool(situation.snapshot.source_on[source]) != wants_open
    bits = int(situation.snapshot.open_phases[row])
    heard = situation.heard_s[row] >= at_s and bool(situation.position_known[row])
    moved = moved_bits(kernel.grid, pending.command.step)
    return bool(heard) and bits & moved == (moved if wants_open else 0)


def _poles(kernel: Kernel, pending: Pending) -> dict[str, int]:
    """Which poles of a switch are open once a step that moves some of them is done."""
    after = carried_out(pending.command.step, kernel.grid, kernel.situation.snapshot)
    return {"open_phases": int(after.open_phases[kernel.grid.switches.row(pending.key)])}


def end(kernel: Kernel, command: Command, state: OutcomeState, detail: str) -> None:
    """Enter what became of a command."""
    payload = {"command": command.id, "state": state.value, "detail": detail}
    cause = command.application or command.principal
    kernel.record([Event(kernel.now(), SOURCE, cause, "outcome", payload)])


def _fact(kernel: Kernel, pending: Pending, by: By) -> Event | None:
    """What a person saw with a command done: where a device stands that tells nothing itself, or
    what another command for the same ground has not told yet."""
    step = pending.command.step
    name = pending.key.partition(".")[2]
    if step.action in POWERS:
        p_kw = carried_out(step, kernel.grid, kernel.situation.snapshot).power_kw(
            kernel.grid, pending.key
        )
        return kernel.event("power", by, device=pending.key, p_kw=p_kw, seen_by=by.principal)
    if step.action is Action.SET_TAP:
        return kernel.event("tapped", by, device=name, step=step.value, seen_by=by.principal)
    if step.action is Action.SET_CAPACITOR:
        return kernel.event("banked", by, device=name, steps_on=step.value, seen_by=by.principal)
    if step.action in SWITCHING:
        position = "open" if step.action is Action.OPEN else "closed"
        poles = _poles(kernel, pending) if step.phases else {}
        return kernel.event(
            "status", by, device=pending.key, position=position, seen_by=by.principal, **poles
        )
    grounds = kernel.situation.grounds
    if step.action is Action.GROUND and step.mark not in grounds:
        return kernel.event("ground_placed", by, ground=step.mark, bus=step.device,
                            holder=pending.command.principal)  # fmt: skip
    if step.action is Action.UNGROUND and step.mark in grounds:
        return kernel.event("ground_removed", by, ground=step.mark, by=by.principal)
    return None
