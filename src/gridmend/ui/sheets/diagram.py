"""A small picture of a zone: what is dead, and the devices around it."""

from __future__ import annotations

from io import StringIO

import numpy as np

from gridmend.model.grid import Grid
from gridmend.operations.switching_orders.sheet import Sheet
from gridmend.runtime.layout import branch_ends, bus_positions

ROOM = 0.35
"""How far the picture reaches beyond the zone, as a share of the zone's own size."""
HEIGHT = 0.72
"""Of the picture, as a share of its width."""
NAMED_MOST = 30
"""Points whose names are written; with more they would hide each other."""


def diagram(grid: Grid, sheet: Sheet, *, width_inches: float = 3.4) -> str:
    """The zone and its surroundings as SVG; empty where the sheet has no zone.

    Buses stand where the model says, or in a tree where it does not.
    """
    from matplotlib import rc_context
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure

    inside = np.isin(grid.buses.texts("name"), sheet.zone)
    if not inside.any():
        return ""
    xy = bus_positions(grid)
    ends = branch_ends(grid)
    pairs = np.array([[one, other] for _, _, one, other in ends], np.int64).reshape(-1, 2)
    dead = inside[pairs].all(axis=1)
    figure = Figure(figsize=(width_inches, HEIGHT * width_inches))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.add_collection(LineCollection(list(xy[pairs[~dead]]), colors="#777777", linewidths=0.7))
    axes.add_collection(LineCollection(list(xy[pairs[dead]]), colors="#D55E00", linewidths=2.2))
    named = len(sheet.points) <= NAMED_MOST
    moved = (line.device for line in sheet.lines if line.device in grid.switches)
    for name in dict.fromkeys([*sheet.points, *moved]):
        row = grid.switches.row(name)
        one, other = (grid.buses.row(str(grid.switches[end][row])) for end in ("bus1", "bus2"))
        at = (xy[one] + xy[other]) / 2
        axes.plot(
            *at,
            marker="s" if name in sheet.points else "o",
            markersize=5,
            color="white",
            markeredgecolor="black",
            zorder=5,
        )
        if named:
            axes.annotate(
                name.replace("$", r"\$"), (float(at[0]), float(at[1])), xytext=(4, 4),
                textcoords="offset points", fontsize=7, zorder=6,
            )  # fmt: skip
    for name in sheet.grounds:
        at = xy[grid.buses.row(name)]
        axes.plot(*at, marker="v", markersize=4, color="#009E73", zorder=4)
    low, high = xy[inside].min(axis=0), xy[inside].max(axis=0)
    middle = (low + high) / 2
    # One scale both ways, as wide as the zone's wider side asks for.
    half = max(*((high - low) / 2 / (1.0, HEIGHT)).tolist(), 1e-9) * (1 + 2 * ROOM)
    axes.set_xlim(float(middle[0] - half), float(middle[0] + half))
    axes.set_ylim(float(middle[1] - HEIGHT * half), float(middle[1] + HEIGHT * half))
    out = StringIO()
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": "sheet", "text.usetex": False}):
        figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()
