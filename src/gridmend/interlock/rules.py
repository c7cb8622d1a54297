"""The rules, one function each: why a step is forbidden, or nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmend.interlock.limits import Limits, Reading, excess_pu, sentence, worsened
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Step, Violation
from gridmend.model.sections import loop_count
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology

NO_LOAD_A = 1.0
"""Current up to which a device without load-breaking capability may open: line charging."""


@dataclass(frozen=True, eq=False)
class Move:
    """A step with what stands before it and what is predicted to stand after it."""

    step: Step
    topology: Topology
    before: Snapshot
    after: Snapshot
    flow_before: Flow


def radiality(move: Move) -> str | None:
    """No step closes a loop."""
    before = loop_count(move.topology, move.before)
    after = loop_count(move.topology, move.after)
    return None if after <= before else "it would close a loop"


def synchronism(move: Move) -> str | None:
    """No step joins what different sources energise."""
    if move.step.action is not Action.CLOSE:
        return None
    topology = move.topology
    row = switch_row(topology.grid, move.step.device)
    nodes = topology.nodes_of(f"switch.{topology.grid.switches['name'][row]}")
    fed = topology.fed_by(move.before)[nodes]
    names = [str(topology.grid.sources["name"][k]) for k in np.unique(fed[fed >= 0])]
    return None if len(names) < 2 else f"it would join sources {' and '.join(names)}"


def capability(move: Move) -> str | None:
    """No device breaks a current that it is not made to break."""
    if move.step.action is not Action.OPEN:
        return None
    switches = move.topology.grid.switches
    row = switch_row(move.topology.grid, move.step.device)
    flow = move.flow_before
    here = (flow.terminals.table == "switches") & (flow.terminals.row == row)
    current_a = float(np.abs(flow.i_a[here]).max(initial=0.0))
    breaks, most_a = switches["interrupts"][row], float(switches.numbers("interrupting_a")[row])
    if breaks in ("nothing", "unknown") and current_a > NO_LOAD_A:
        what = "is not known to break load" if breaks == "unknown" else "does not break load"
        return f"it {what} and carries {current_a:.0f} A"
    if current_a > most_a:
        return f"it carries {current_a:.0f} A and breaks {most_a:.0f} A"
    return None


def faulted_section(move: Move, fault: str) -> str | None:
    """Nothing energises the fault. Part of `capability`: no device is asked to make onto it."""
    if not fault:
        return None
    nodes = move.topology.nodes_of(fault)
    live = move.topology.energised(move.after)[nodes]
    return f"it would energise {fault}, which is faulted" if live.any() else None


def look_ahead(
    flow: Flow, accepted: tuple[Violation, ...], reading: Reading, limits: Limits
) -> str | None:
    """No step leads to a state without a solution, or to a violation new or worse."""
    if not flow.converged:
        return "no solution is found for what would follow"
    found = worsened(accepted, reading.violations, limits)
    if not found:
        return None
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return sentence(max(found, key=excess_pu)) + more


def switch_row(grid: Grid, device: str) -> int:
    """Row of a switch that a step names, with its class or without; `GridError` otherwise."""
    if device in grid.switches:
        return grid.switches.row(device)
    table, row = grid.find(device)
    return row if table == "switches" else grid.switches.row(device)
