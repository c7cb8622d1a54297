"""Regulators that run away: fed from their own side, as a tie may, and not sensing it.

Such a control sees the side that it holds follow the source, and steps to the end of its taps,
where the side behind it is a tenth too low or too high.
"""

from __future__ import annotations

import numpy as np

from gridmend.model.flow import Flow
from gridmend.model.snapshot import controlled_winding, tap_step_pu
from gridmend.model.topology import Topology


def run_away(topology: Topology, flow: Flow, element: str) -> tuple[str, ...]:
    """The tap controls on the way from a source to an element that a flow feeds backwards, that do
    not sense it and stand at an end of their taps."""
    grid = topology.grid
    taps, on_way = grid.tap_controls, _transformers_to(topology, flow, element)
    found = list[str]()
    for row in np.flatnonzero(taps.flags("in_service")).tolist():
        unit = grid.transformers.row(str(taps["transformer"][row]))
        if unit not in on_way or not _is_at_end(topology, flow, row):
            continue
        ends = flow.terminals.of("transformers", unit)
        own = ends[flow.terminals.terminal[ends] == int(taps["winding"][row])]
        reverse_kw = float(flow.s_kva[own].real.sum())
        senses = str(taps["reverse_mode"][row]) != "ignore"
        if reverse_kw > 0.0 and not (senses and reverse_kw > taps["reverse_threshold_kw"][row]):
            found.append(str(taps["name"][row]))
    return tuple(found)


def _transformers_to(topology: Topology, flow: Flow, element: str) -> set[int]:
    """The rows of the transformers between an element and the source that feeds it."""
    w, branches = topology.wiring, topology.up(flow.snapshot, element)
    rows = w.branch_row[branches][w.branch_table[branches] == "transformers"]
    return set(rows.tolist())


def _is_at_end(topology: Topology, flow: Flow, control: int) -> bool:
    windings, at = topology.grid.windings, controlled_winding(topology.grid, control)
    tap_pu, half = float(flow.snapshot.tap_pu[at]), tap_step_pu(windings, at) / 2
    return not windings["tap_min_pu"][at] + half < tap_pu < windings["tap_max_pu"][at] - half


def told(names: tuple[str, ...]) -> str:
    """What follows of these in words; nothing where there are none."""
    if not names:
        return ""
    who = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return (
        f" ({who}, fed backwards there without sensing it, would stand at the end of the taps: "
        "see reverse_mode and reverse_threshold_kw)"
    )
