"""Tags, grounds, clearances, crews and faults, as events place and lift them."""

from __future__ import annotations

from dataclasses import replace

from gridmend.model.errors import GridError, GridmendError
from gridmend.model.event import Event
from gridmend.model.plan import Action
from gridmend.model.situation import Clearance, Ground, Pending, Tag
from gridmend.runtime.fold.state import State


def _tag_placed(state: State, event: Event) -> None:
    p = event.payload
    try:
        device = state.grid.key(p["device"])
    except GridError:
        # A tag outlives its device in the model.
        device = p["device"].lower()
    tag = Tag(p["tag"], device, p["kind"], p["holder"], p.get("order", ""))
    state.write("tags")[tag.id] = tag


def _tag_lifted(state: State, event: Event) -> None:
    state.drop("tags", event.payload["tag"])


def _tag_handed_over(state: State, event: Event) -> None:
    p = event.payload
    if p["by"] == p["witness"]:
        raise GridmendError(f"{p['by']} alone cannot hand over the tag '{p['tag']}'")
    for pending in state.read("pending").values():
        step = pending.command.step
        if step.action is Action.UNTAG and step.mark == p["tag"]:
            raise GridmendError(f"the tag '{p['tag']}' is being lifted by its holder")
    state.change("tags", p["tag"], lambda tag: replace(tag, holder=p["to"]))


def _ground_placed(state: State, event: Event) -> None:
    p = event.payload
    state.write("grounds")[p["ground"]] = Ground(p["ground"], p["bus"], p["holder"])


def _ground_removed(state: State, event: Event) -> None:
    state.drop("grounds", event.payload["ground"])


def _clearance_issued(state: State, event: Event) -> None:
    p = event.payload
    buses = tuple(str(bus) for bus in p["buses"])
    state.write("clearances")[p["clearance"]] = Clearance(p["clearance"], p["holder"], buses)


def _clearance_released(state: State, event: Event) -> None:
    state.drop("clearances", event.payload["clearance"])


def _crew_at(state: State, event: Event) -> None:
    state.write("crews")[event.payload["crew"]] = event.payload["place"]


def _fault_suspected(state: State, event: Event) -> None:
    element, phases = event.payload["element"], str(event.payload.get("phases", ""))
    before = state.read("fault_phases").get(element, "")
    if phases and (before or element not in state.faults):
        both = sorted({*before.split(), *phases.lower().split()})
        state.write("fault_phases")[element] = " ".join(both)
    else:
        state.drop("fault_phases", element)
    state.faults |= {element}


def _repaired(state: State, event: Event) -> None:
    name = str(event.payload["element"]).lower()
    mended = {f for f in state.faults if name in (f.lower(), f.lower().partition(".")[2])}
    state.faults -= mended
    for element in mended:
        state.drop("fault_phases", element)


def confirmed(state: State, pending: Pending) -> None:
    """Work that is confirmed is done, whether or not its own event was written."""
    step, holder = pending.command.step, pending.command.principal
    mark = step.mark
    if step.action is Action.TAG:
        tag = Tag(mark, pending.key, step.kind or "hold", holder, pending.command.order)
        state.write("tags").setdefault(mark, tag)
    elif step.action is Action.GROUND:
        state.write("grounds").setdefault(mark, Ground(mark, step.device, holder))
    elif step.action is Action.CLEAR:
        buses = pending.buses or (step.device,)
        state.write("clearances").setdefault(mark, Clearance(mark, holder, buses))
    elif step.action is Action.UNTAG:
        state.drop("tags", mark)
    elif step.action is Action.UNGROUND:
        state.drop("grounds", mark)
    elif step.action is Action.RELEASE:
        state.drop("clearances", mark)


HANDLERS = {
    "tag_placed": _tag_placed,
    "tag_lifted": _tag_lifted,
    "tag_handed_over": _tag_handed_over,
    "ground_placed": _ground_placed,
    "ground_removed": _ground_removed,
    "clearance_issued": _clearance_issued,
    "clearance_released": _clearance_released,
    "crew_at": _crew_at,
    "fault_suspected": _fault_suspected,
    "repaired": _repaired,
}
