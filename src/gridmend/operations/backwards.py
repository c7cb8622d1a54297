"""Regulators that run away: fed from their own side, as a tie may, and not made to sense it.

Such a control sees the side that it holds follow the source, and steps to the end of its taps,
where the side behind it is a tenth too low or too high.
"""

from __future__ import annotations

import numpy as np

from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.snapshot import controlled_winding, tap_step_pu


def run_away(grid: Grid, flow: Flow) -> tuple[str, ...]:
    """The tap controls that a flow feeds backwards, that do not sense it and stand at an end of
    their taps."""
    taps, windings = grid.tap_controls, grid.windings
    s_kva, found = flow.s_kva, list[str]()
    for row in np.flatnonzero(taps.flags("in_service")).tolist():
        at = controlled_winding(grid, row)
        tap_pu, step_pu = float(flow.snapshot.tap_pu[at]), tap_step_pu(windings, at)
        lowest, highest = float(windings["tap_min_pu"][at]), float(windings["tap_max_pu"][at])
        is_free = lowest + step_pu / 2 < tap_pu < highest - step_pu / 2
        if is_free or str(taps["reverse_mode"][row]) != "ignore":
            continue
        unit = grid.transformers.row(str(taps["transformer"][row]))
        ends = flow.terminals.of("transformers", unit)
        own = ends[flow.terminals.terminal[ends] == int(taps["winding"][row])]
        if float(s_kva[own].real.sum()) > 0.0:
            found.append(str(taps["name"][row]))
    return tuple(found)


def told(names: tuple[str, ...]) -> str:
    """What follows of these in words; nothing where there are none."""
    if not names:
        return ""
    who = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return (
        f" ({who}, fed backwards there without sensing it, would stand at the end of the taps: "
        "see reverse_mode)"
    )
