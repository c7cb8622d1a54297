"""The network drawn: voltage by colour, what is dead in grey, switches as marks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.runtime.layout import branch_ends, bus_positions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize

Floats = NDArray[np.float64]

# Okabe and Ito's palette, whose colours are told apart with any colour vision.
RED = "#D55E00"
BLUE = "#0072B2"
HALO = "#F0E442"
GREY = "#9A9A9A"
INK = "#222222"
LIMITS_PU = (0.95, 1.05)
"""Ends of the voltage colours: range A of ANSI C84.1."""
LABELLED_MOST = 24
"""Switches that are named on the picture; with more, only the ones that matter are."""
LABEL_ROOM = (0.09, 0.035)
"""Room that a name takes, as a share of the picture's width and height."""
WIDTHS = {1: 1.1, 2: 1.8, 3: 2.6}


@dataclass(frozen=True, eq=False)
class View:
    """What one panel shows of a grid."""

    grid: Grid
    flow: Flow
    title: str
    faulted: str = ""
    """Name of the faulted line, where there is one."""
    moved: frozenset[str] = frozenset()
    """Lower-case names of the switches that were operated."""
    by_tie: frozenset[int] = frozenset()
    """Buses that a tie feeds."""
    xy: Floats | None = field(default=None, repr=False)


def colours() -> tuple[Colormap, Normalize]:
    """The colours of voltage and their scale."""
    from matplotlib import colormaps
    from matplotlib.colors import Normalize

    return colormaps["viridis"], Normalize(*LIMITS_PU)


def draw(axes: Axes, view: View) -> None:
    """Draw one view of the network into axes."""
    xy = places(view)
    v_pu = bus_voltages(view.grid, view.flow)
    _draw_branches(axes, view, xy, v_pu)
    _draw_loads(axes, view, xy, v_pu)
    _draw_switches(axes, view, xy)
    _draw_sources(axes, view, xy)
    _draw_fault(axes, view, xy)
    axes.set_title(view.title, loc="left", fontsize=10, color=INK)
    axes.set_aspect("equal" if has_map(view.grid) else "auto")
    axes.margins(0.06)
    axes.axis("off")


def places(view: View) -> Floats:
    """[buses, 2] where the view draws each bus."""
    return bus_positions(view.grid) if view.xy is None else view.xy


def has_map(grid: Grid) -> bool:
    """Whether buses stand where a map has them, so that both axes need one scale."""
    return bool(np.isfinite(grid.buses.numbers("x")).mean() >= 0.5) if len(grid.buses) else False


def bus_voltages(grid: Grid, flow: Flow) -> Floats:
    """[buses] lowest voltage of each bus's energised phases [pu]; nan where it is dead."""
    lowest = np.full(len(grid.buses), np.inf)
    live = flow.energised & (flow.nodes.phase != "n")
    np.minimum.at(lowest, flow.nodes.bus[live], flow.v_pu[live])
    return np.where(np.isfinite(lowest), lowest, np.nan)


def _draw_branches(axes: Axes, view: View, xy: Floats, v_pu: Floats) -> None:
    from matplotlib.collections import LineCollection

    colormap, scale = colours()
    live: list[tuple[int, int]] = []
    dead: list[tuple[int, int]] = []
    live_widths: list[float] = []
    for table, row, a, b in branch_ends(view.grid):
        if table == "switches" and view.flow.snapshot.open_phases[row]:
            continue
        phases = _phase_count(view.grid, table, row)
        if np.isnan(v_pu[a]) or np.isnan(v_pu[b]):
            dead.append((a, b))
        else:
            live.append((a, b))
            live_widths.append(WIDTHS.get(phases, 2.6))
    tied = [pair for pair in live if pair[0] in view.by_tie and pair[1] in view.by_tie]
    axes.add_collection(
        LineCollection(_segments(xy, tied), colors=HALO, linewidths=9, capstyle="round", zorder=1)
    )
    axes.add_collection(
        LineCollection(
            _segments(xy, dead), colors=GREY, linewidths=1.4, linestyles=(0, (3, 2)), zorder=2
        )
    )
    shade = [colormap(scale(min(v_pu[a], v_pu[b]))) for a, b in live]
    axes.add_collection(
        LineCollection(
            _segments(xy, live), colors=shade, linewidths=live_widths, capstyle="round", zorder=3
        )
    )
    axes.autoscale_view()


def _draw_loads(axes: Axes, view: View, xy: Floats, v_pu: Floats) -> None:
    index = view.grid.buses.index
    buses = sorted({index[bus.lower()] for bus in view.grid.loads["bus"] if bus.lower() in index})
    lit = [bus for bus in buses if not np.isnan(v_pu[bus])]
    out = [bus for bus in buses if np.isnan(v_pu[bus])]
    size = 9 if len(buses) < 400 else 2
    axes.scatter(*xy[lit].T, s=size, color=INK, linewidths=0, zorder=4)
    axes.scatter(*xy[out].T, s=size + 5, facecolor="white", edgecolor=GREY, linewidth=0.9, zorder=4)


def _draw_switches(axes: Axes, view: View, xy: Floats) -> None:
    switches = view.grid.switches
    ends = {row: (a, b) for table, row, a, b in branch_ends(view.grid) if table == "switches"}
    span = np.maximum(np.ptp(xy, axis=0), 1e-9)
    named: list[Floats] = []
    for row, (a, b) in ends.items():
        name = switches["name"][row]
        is_open = bool(view.flow.snapshot.open_phases[row])
        is_tie = bool(switches["normally_open"][row])
        is_moved = name.lower() in view.moved
        if len(ends) > LABELLED_MOST and not (is_tie or is_moved):
            continue
        middle = xy[[a, b]].mean(axis=0)
        if is_open:
            axes.plot(*xy[[a, b]].T, color=INK, linewidth=0.8, linestyle=":", zorder=2)
        axes.plot(
            *middle,
            marker="D" if is_tie else "s",
            markersize=7 if is_moved else 5,
            markerfacecolor="white" if is_open else INK,
            markeredgecolor=BLUE if is_moved else INK,
            markeredgewidth=2 if is_moved else 1,
            zorder=7,
        )
        if len(ends) <= LABELLED_MOST or is_moved:
            # A name goes where neither its own branch nor another name stands.
            is_close = any((np.abs(middle - other) < span * LABEL_ROOM).all() for other in named)
            named.append(middle)
            across, up = np.abs(xy[b] - xy[a])
            side = "right" if up > across else "below" if is_close else "above"
            _label(axes, name, middle, BLUE if is_moved else INK, bold=is_moved, side=side)


def _draw_sources(axes: Axes, view: View, xy: Floats) -> None:
    index = view.grid.buses.index
    used = view.flow.snapshot.source_on
    for bus, is_on in zip(view.grid.sources["bus"], used, strict=True):
        at = xy[index[bus.lower()]]
        axes.plot(
            *at, marker="*", markersize=13, color=INK if is_on else "white",
            markeredgecolor=INK, zorder=8,
        )  # fmt: skip


def _draw_fault(axes: Axes, view: View, xy: Floats) -> None:
    if not view.faulted:
        return
    table, row = view.grid.find(view.faulted)
    rows = view.grid.table(table)
    ends = [(a, b) for t, r, a, b in branch_ends(view.grid) if (t, r) == (table, row)]
    if not ends:
        return
    a, b = ends[0]
    axes.plot(*xy[[a, b]].T, color=RED, linewidth=4.5, solid_capstyle="round", zorder=6)
    middle = xy[[a, b]].mean(axis=0)
    axes.plot(*middle, marker="X", markersize=11, color=RED, markeredgecolor="white", zorder=9)
    _label(axes, f"fault {rows['name'][row]}", middle, RED, bold=True, side="below")


def _label(
    axes: Axes, text: str, at: Floats, colour: str, *, bold: bool = False, side: str = "above"
) -> None:
    from matplotlib import patheffects

    offset = {"above": (0, 7), "below": (0, -13), "right": (8, -3)}[side]
    axes.annotate(
        text, (float(at[0]), float(at[1])), xytext=offset, textcoords="offset points",
        ha="left" if side == "right" else "center", fontsize=8 if bold else 7, color=colour,
        fontweight="bold" if bold else "normal", zorder=10,
        path_effects=[patheffects.withStroke(linewidth=2.5, foreground="white")],
    )  # fmt: skip


def _phase_count(grid: Grid, table: str, row: int) -> int:
    if table == "transformers":
        return int(grid.transformers["phase_count"][row])
    return len([p for p in grid.table(table)["phases1"][row].split() if p in ("a", "b", "c")])


def _segments(xy: Floats, pairs: Collection[tuple[int, int]]) -> list[Floats]:
    return [xy[[a, b]] for a, b in pairs]
