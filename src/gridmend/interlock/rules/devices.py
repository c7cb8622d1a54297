"""What a device can stand: its rating, its lock-out, how often it moves, how fast DER ramp."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gridmend.interlock.move import Move
from gridmend.interlock.phasing import fed_by_several, partly_fed
from gridmend.model.errors import GridError
from gridmend.model.islanding import capacities_kva
from gridmend.model.plan import MOVES, POWERS, SWITCHING, Action

NO_LOAD_A = 1.0
"""Current up to which a device without load-breaking capability may open: line charging."""


def capability(move: Move) -> str | None:
    """No device breaks a current that it is not made to break, and none closes onto a fault.

    Nor is a command to close that is on its way left alone with a fault that something else fed
    when it was given, nor any load with some of its phases, or between sources, where poles move by
    themselves.
    """
    if split := _splits_a_load(move):
        return split
    if move.closes or bool((move.after.feeds & ~move.before.feeds).any()):
        return _onto_a_fault(move)
    return _leaves_a_fault_to_a_close(move) or _beyond_its_means(move)


def _beyond_its_means(move: Move) -> str | None:
    """A current that it is not made to break, or a power that it is not made to give."""
    if move.step.action in POWERS:
        return _beyond_rating(move)
    if not move.opens or move.row < 0:
        return None
    switches = move.before.site.grid.switches
    breaks = switches["interrupts"][move.row]
    most_a = float(switches.numbers("interrupting_a")[move.row])
    one, other = move.sides
    is_dead = not bool((move.before.live[one] | move.before.live[other]).any())
    if is_dead:
        return None
    current_a = _current_a(move)
    if breaks in ("nothing", "unknown"):
        what = "is not known to break load" if breaks == "unknown" else "does not break load"
        if current_a is None:
            return f"it {what} and what it carries is not known"
        if current_a > NO_LOAD_A:
            return f"it {what} and carries {current_a:.0f} A"
    if current_a is not None and current_a > most_a:
        return f"it carries {current_a:.0f} A and breaks {most_a:.0f} A"
    return None


def _beyond_rating(move: Move) -> str | None:
    grid = move.before.site.grid
    table, row = grid.find(move.key)
    column = "rating_kw" if table == "storages" else "rating_kva"
    most, kw = float(grid.table(table).numbers(column)[row]), move.step.value or 0.0
    limits = move.step.action is Action.LIMIT
    return None if limits or not abs(kw) > most else f"it gives {most:.0f} kW at most, not {kw:.0f}"


def _current_a(move: Move) -> float | None:
    """What the device carries [A]; None where its position or the flow is in doubt."""
    flow = move.flow
    if not move.before.certain[move.row]:
        return None
    if flow is None:
        return move.carries_a
    if not flow.converged:
        return None
    here = flow.terminals.of("switches", move.row)
    return float(np.abs(flow.i_a[here]).max(initial=0.0))


def _onto_a_fault(move: Move) -> str | None:
    """A faulted element that closing, or a DER once it is free, would make live."""
    site, after = move.after.site, move.after
    live = after.live & site.topology.reached_at(after.danger, np.concatenate(move.sides))
    told = [(element, move.before.fault_phases.get(element, "")) for element in move.before.faults]
    own = [(move.fault, move.fault_phases)] if move.fault else []
    for element, phases in (*own, *told):
        try:
            nodes = site.topology.nodes_of(element)
        except GridError:
            return f"{element} is faulted, and the model does not have it"
        if phases:
            at = np.isin(site.topology.wiring.node_phase[nodes], phases.lower().split())
            nodes = nodes[at] if at.any() else nodes
        if (live & ~move.surely_apart)[nodes].any():
            return f"it would energise {element}, which is faulted"
    return None


def _splits_a_load(move: Move) -> str | None:
    """A load that moving some poles alone would leave with some of its phases, or would feed from
    several sources: three-phase motors burn out, what is faulted is fed from behind through it, and
    sources that do not agree are joined by it."""
    if not move.step.phases:
        return None
    topology, before, after = move.before.site.topology, move.before, move.after
    names = topology.grid.loads["name"]
    new = partly_fed(topology, after.live) & ~partly_fed(topology, before.live)
    if new.any():
        return f"it would leave load {names[int(np.argmax(new))]} with some of its phases"
    new = fed_by_several(topology, after.snapshot) & ~fed_by_several(topology, before.snapshot)
    if new.any():
        return f"load {names[int(np.argmax(new))]} would be fed by two sources"
    return None


def _leaves_a_fault_to_a_close(move: Move) -> str | None:
    """Opening, or tagging a DER, where a command to close that is on its way would then be what
    makes a faulted element live, and that element was live anyway before."""
    if not move.before.faults or not (move.opens or move.step.action is Action.TAG):
        return None
    for id, close in move.to_close_yet():
        after, before = (
            _onto_a_fault(replace(close, before=s, after=s)) for s in (move.after, move.before)
        )
        if after and not before:
            return f"the command {id} may close {close.key} yet, and then {after}"
    return None


def wear(move: Move) -> str | None:
    """So many commanded operations in a while, and none onto a lock-out."""
    situation = move.situation
    if move.closes and situation is not None and move.row >= 0 and situation.locked_out[move.row]:
        return "it is locked out until the lock-out is reset"
    if move.step.action not in MOVES or move.step.action in POWERS:
        return None
    policy = move.policy
    switches = move.step.action in SWITCHING
    most = policy.operations_most if switches else policy.tap_operations_most
    late = move.before.operations.get(move.key, 0)
    if late < most:
        return None
    return f"it was operated {late} times in {policy.wear_s / 60:g} min"


def ramp(move: Move) -> str | None:
    """DER of a feeder change by no more than a part of its rating in a while."""
    if move.step.action not in POWERS:
        return None
    before, site = move.before, move.before.site
    change_kw = move.after.snapshot.power_kw(site.grid, move.key) - before.snapshot.power_kw(
        site.grid, move.key
    )
    fed_by = site.topology.fed_by(before.snapshot)
    feeder = _feeder(move, fed_by, move.key)
    if feeder < 0:
        return None
    rating_kva = float(capacities_kva(site.grid)[feeder])
    if np.isnan(rating_kva):
        return None
    late_kw = sum(kw for key, kw in before.ramps if _feeder(move, fed_by, key) == feeder)
    most_kw = rating_kva * move.policy.ramp_pct / 100
    if abs(late_kw + change_kw) <= most_kw:
        return None
    return (
        f"DER would change by {abs(late_kw + change_kw):.0f} kW within "
        f"{move.policy.ramp_s:g} s, more than {most_kw:.0f} kW"
    )


def _feeder(move: Move, fed_by: np.ndarray[tuple[int], np.dtype[np.int64]], key: str) -> int:
    """Row of the source that feeds a DER, -1 where none does."""
    try:
        nodes = move.before.site.topology.nodes_of(key)
    except GridError:
        return -1
    return int(fed_by[nodes].max(initial=-1))
