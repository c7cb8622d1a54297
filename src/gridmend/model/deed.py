"""What a step is about, and the snapshot once it is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from sys import float_info
from typing import Any

from gridmend.model.command import step_of
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.islanding import resources
from gridmend.model.plan import AT_BUSES, MOVES, POWERS, SWITCHING, Action, Step
from gridmend.model.snapshot import Snapshot

_TOLD = {
    "tapped": (Action.SET_TAP, "step"), "banked": (Action.SET_CAPACITOR, "steps_on"),
    "power": (Action.SET_POWER, "p_kw"),
    "tag_placed": (Action.TAG, "tag"), "tag_lifted": (Action.UNTAG, "tag"),
    "ground_placed": (Action.GROUND, "ground"), "ground_removed": (Action.UNGROUND, "ground"),
    "clearance_issued": (Action.CLEAR, "clearance"),
    "clearance_released": (Action.RELEASE, "clearance"),
}  # fmt: skip
"""What was done where an event of a kind is told, and the key of its value or of its mark."""
FACTS = {action: kind for kind, (action, _) in _TOLD.items()}
"""The kind of the event that tells that an action was done; switching is told by the position."""


def step_told(kind: str, payload: Mapping[str, Any]) -> Step | None:
    """The step that an event asks for or tells of; None where it is about none.

    Its device is empty where the event names only a mark. Raises `GridmendError` where a step is
    written out and cannot be read.
    """
    if kind in ("selected", "commanded"):
        return step_of(payload["step"])
    if kind == "switched":
        return step_of(payload)
    if kind not in _TOLD:
        return None
    action, key = _TOLD[kind]
    device = str(payload.get("device") or payload.get("bus") or "")
    if action in MOVES:
        return Step(action, device, "", value=payload[key])
    return Step(action, device, "", mark=payload[key], kind=str(payload.get("kind") or ""))


def phases_told(kind: str, payload: Mapping[str, Any], mask: int) -> int | None:
    """The phases that a device of so many has open after an event, as bits; None where the event
    does not know. `GridError` where it says something else.
    """
    if kind != "tripped" and payload.get("quality", "good") != "good":
        return None
    said = "open" if kind == "tripped" else payload.get("action") or payload.get("position")
    if said == "unknown":
        return None
    whole = {"open": mask, "close": 0, "closed": 0}.get(str(said))
    bits = payload.get("open_phases", whole)
    if whole is None or not isinstance(bits, int) or not 0 <= bits <= mask:
        raise GridError(f"'{payload.get('device')}' cannot stand at {said!r}, phases {bits!r} open")
    return bits


def source_told(kind: str, payload: Mapping[str, Any]) -> bool | None:
    """Whether a source is on after an event; None where the event does not know. `GridError` where
    it says something else.
    """
    if kind == "tripped":
        return False
    said = {"open": "open", "close": "closed"}.get(str(payload.get("action", "")))
    said = said or payload.get("position")
    is_on = {"open": False, "closed": True}.get(str(said))
    if is_on is None:
        raise GridError(f"source '{payload.get('device')}' cannot stand at {said!r}")
    # What is in doubt does not take a source away.
    return None if not is_on and payload.get("quality", "good") != "good" else is_on


def moved_by(grid: Grid, step: Step, key: str) -> tuple[str, ...]:
    """What a step moves: its device, as `subject` writes it, with a tap the transformer, and with
    a source in island mode its resource."""
    if key.startswith("source.") and key not in grid.switches.index:
        resource = resources(grid).get(grid.sources.row(key.partition(".")[2]))
        return (key,) if resource is None else (key, resource)
    if step.action is not Action.SET_TAP:
        return (key,)
    unit = grid.tap_controls["transformer"][grid.tap_controls.row(key.partition(".")[2])]
    return key, f"transformer.{unit}".lower()


def subject(grid: Grid, step: Step) -> str:
    """The device or bus that a step is about, written one way: as `Grid.key`, or `bus.<name>`.

    Raises `GridError` where it is not there.
    """
    folded = step.device.lower()
    prefix, dot, rest = folded.partition(".")
    if step.phases and step.action not in SWITCHING:
        raise GridError(f"the step '{step}' moves no poles", mend="leave its phases out")
    if step.action in AT_BUSES:
        bus = rest if dot and prefix == "bus" else folded
        return f"bus.{str(grid.buses['name'][grid.buses.row(bus)]).lower()}"
    if step.action in SWITCHING:
        bare = rest if dot and prefix == "source" else folded
        if folded not in grid.switches.index and bare in grid.sources.index:
            return f"source.{bare}"
        return str(grid.switches["name"][switch_row(grid, step.device)]).lower()
    table, name = {
        Action.SET_TAP: (grid.tap_controls, "tap_control"),
        Action.SET_CAPACITOR: (grid.capacitors, "capacitor"),
    }.get(step.action, (None, ""))
    if table is None:
        return grid.key(step.device)
    bare = folded if folded in table.index else rest
    return f"{name}.{str(table['name'][table.row(bare or folded)]).lower()}"


def switch_row(grid: Grid, device: str) -> int:
    """Row of a switch that a step names, with its class or without; `GridError` otherwise."""
    if device in grid.switches:
        return grid.switches.row(device)
    table, row = grid.find(device)
    if table != "switches":
        raise GridError(
            f"'{device}' is a {grid.table(table).schema.row}, not a switch",
            mend="name a switch, breaker, recloser, fuse or source",
        )
    return row


def moved_bits(grid: Grid, step: Step) -> int:
    """The poles of a switch that a step opens or closes, as bits.

    Raises `GridError` for phases that it does not have, and where its poles move together.
    """
    row = switch_row(grid, step.device)
    own = str(grid.switches["phases1"][row]).lower().split()
    if not step.phases:
        return (1 << len(own)) - 1
    asked = step.phases.split()
    name = str(grid.switches["name"][row])
    if missing := [phase for phase in asked if phase not in own]:
        raise GridError(
            f"'{name}' has no phase {' '.join(missing)}", mend=f"it has {' '.join(own)}"
        )
    if grid.switches.flags("ganged")[row]:
        raise GridError(f"'{name}' moves all its poles together", mend="leave the phases out")
    return sum(1 << own.index(phase) for phase in asked)


def is_remote(grid: Grid, device: str) -> bool:
    """Whether a device that a step opens or closes is moved from afar, as every source is."""
    switches = grid.switches
    return device not in switches or bool(switches.flags("remote")[switches.row(device)])


def carried_out(step: Step, grid: Grid, snapshot: Snapshot) -> Snapshot:
    """The snapshot with a step carried out; one that is work on the network changes nothing.

    A limit lowers a DER that gives more, and does not raise it. Raises `GridError` where the
    device or the value is not there.
    """
    if step.action in SWITCHING:
        opens = step.action is Action.OPEN
        key = subject(grid, step)
        if key.startswith("source.") and key not in grid.switches.index:
            if step.phases:
                raise GridError(f"'{step.device}' has no poles of its own", mend="leave phases out")
            return snapshot.with_source(grid, key.partition(".")[2], is_on=not opens)
        return snapshot.with_poles(grid.switches.row(key), moved_bits(grid, step), is_open=opens)
    key = subject(grid, step) if step.phases or step.action in MOVES else ""
    if step.action not in (*POWERS, Action.SET_TAP, Action.SET_CAPACITOR):
        return snapshot
    if step.value is None:
        raise GridError(f"the step '{step.action} {step.device}' has no value", mend="give one")
    if step.action in POWERS:
        if not abs(step.value) <= float_info.max:
            raise GridError(f"'{step.device}' cannot give so many kW", mend="give a number")
        lowers = step.action is Action.LIMIT
        present = snapshot.power_kw(grid, key) if lowers else step.value
        return snapshot.with_power(grid, key, min(present, step.value))
    section = "taps" if step.action is Action.SET_TAP else "capacitors"
    return snapshot.with_positions(grid, {section: {key.partition(".")[2]: step.value}})
