"""Selects, commands and their outcomes; what a position that nobody commanded does to them."""

from __future__ import annotations

from dataclasses import replace

from gridmend.model.command import command_of, step_of
from gridmend.model.deed import carried_out, subject
from gridmend.model.event import Event
from gridmend.model.plan import MOVES, POWERS, SWITCHING, OutcomeState
from gridmend.model.situation import Pending, Select
from gridmend.runtime.fold import orders, work
from gridmend.runtime.fold.state import State

ENDED_KEPT_S = 600.0
"""How long the id of a command with an outcome is remembered; older commands are refused by age."""
WEAR_KEPT_S = 300.0
"""How long a commanded operation, or a commanded change of power, is remembered."""


def _selected(state: State, event: Event) -> None:
    p = event.payload
    step = step_of(p["step"])
    key = subject(state.grid, step)
    select = Select(p["select"], key, step, p["principal"], p["login"], p["epoch"], state.time_s)
    _cancel_selects(state, key)
    state.write("selects")[select.id] = select


def _select_cancelled(state: State, event: Event) -> None:
    state.drop("selects", event.payload["select"])


def _commanded(state: State, event: Event) -> None:
    command = command_of(event.payload)
    step, key = command.step, subject(state.grid, command.step)
    state.drop("selects", command.select)
    _cancel_selects(state, key)
    stood = state.positions.stands(step, key)
    buses = tuple(str(bus) for bus in event.payload.get("buses", ()))
    state.write("pending")[command.id] = Pending(
        command, key, state.time_s, stood=stood, buses=buses
    )
    late = state.time_s - WEAR_KEPT_S
    if step.action in POWERS and step.value is not None:
        snapshot = state.positions.snapshot
        after = carried_out(step, state.grid, snapshot).power_kw(state.grid, key)
        change_kw = after - snapshot.power_kw(state.grid, key)
        kept = tuple(ramp for ramp in state.read("ramps").get(key, ()) if ramp[0] > late)
        state.write("ramps")[key] = (*kept, (state.time_s, change_kw))
    elif step.action in MOVES:
        kept = tuple(t for t in state.read("operations").get(key, ()) if t > late)
        state.write("operations")[key] = (*kept, state.time_s)
    if command.order:
        orders.begun(state, command)


def _outcome(state: State, event: Event) -> None:
    p = event.payload
    found = OutcomeState(p["state"])
    pending = state.read("pending").get(p["command"])
    if pending is None:
        return
    if found is OutcomeState.IN_DOUBT:
        state.write("pending")[p["command"]] = replace(pending, doubted=True)
        return
    state.drop("pending", p["command"])
    ended = state.write("ended")
    ended[p["command"]] = pending.command.issued_utc.timestamp()
    for old in [k for k, at in ended.items() if at < state.time_s - ENDED_KEPT_S]:
        del ended[old]
    if found is OutcomeState.CONFIRMED:
        work.confirmed(state, pending)
        if pending.command.step.action in SWITCHING:
            state.positions.confirmed(pending.command.step, pending.key)
    if pending.command.order:
        orders.ended(state, pending.command, found is OutcomeState.CONFIRMED)


def moved(state: State, key: str) -> None:
    """A device changed: selects on it are void, and orders rest unless a command moved it, or it is
    a tap or a bank, which controls of their own move."""
    _cancel_selects(state, key)
    if key.partition(".")[0] in ("tap_control", "capacitor"):
        return
    state.drop("syncs", key)
    state.outlived -= {key}
    pending = [p for p in state.read("pending").values() if p.key == key]
    ours = {p.command.order for p in pending if p.command.order}
    orders.topology_changed(state, key, by=ours)


def _cancel_selects(state: State, key: str) -> None:
    for gone in [k for k, select in state.read("selects").items() if select.key == key]:
        state.drop("selects", gone)


HANDLERS = {
    "selected": _selected,
    "select_cancelled": _select_cancelled,
    "commanded": _commanded,
    "outcome": _outcome,
}
