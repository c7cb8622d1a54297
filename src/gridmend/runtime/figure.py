"""Figures of the network and of a day, saved as SVG, PNG or PDF by the file's name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from gridmend.model.errors import GridmendError
from gridmend.runtime import drawing
from gridmend.runtime.drawing import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from gridmend.runtime.result import Day

FORMATS = (".svg", ".png", ".pdf")
PANEL_INCHES = 5.4


def network_figure(views: Sequence[View], *, title: str) -> Figure:
    """Views of the network side by side, with one legend and one scale of voltage."""
    from matplotlib.figure import Figure

    width = PANEL_INCHES * len(views) + 0.6
    figure = Figure(figsize=(width, _height_inches(views[0])), layout="constrained")
    panels = figure.subplots(1, len(views), squeeze=False)[0]
    for axes, view in zip(panels, views, strict=True):
        drawing.draw(axes, view)
    _add_scale(figure, list(panels))
    figure.suptitle(title, fontsize=13, fontweight="bold", x=0.01, ha="left", color=drawing.INK)
    figure.legend(
        handles=_legend(views), loc="outside lower center", ncols=6, frameon=False, fontsize=8
    )
    return figure


def day_figure(day: Day) -> Figure:
    """The network at the day's worst moment, beside voltage, load and customers out."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 6.2), layout="constrained")
    grid_spec = figure.add_gridspec(3, 2, width_ratios=[1, 1.15])
    network = figure.add_subplot(grid_spec[:, 0])
    view = day.views[-1]
    drawing.draw(network, view)
    _add_scale(figure, [network])
    network.legend(
        handles=_legend([view]), loc="upper center", bbox_to_anchor=(0.5, -0.01),
        ncols=3, frameon=False, fontsize=7,
    )  # fmt: skip
    hours, v_min, v_max, load_mw = day.by_hour()
    voltage = figure.add_subplot(grid_spec[0, 1])
    voltage.fill_between(hours, v_min, v_max, color=drawing.BLUE, alpha=0.25, linewidth=0)
    voltage.plot(hours, v_min, color=drawing.BLUE, linewidth=1.4)
    voltage.plot(hours, v_max, color=drawing.BLUE, linewidth=0.8)
    for limit in drawing.LIMITS_PU:
        voltage.axhline(limit, color=drawing.RED, linewidth=0.8, linestyle="--")
    voltage.set_ylabel("lowest and highest\nvoltage at loads [pu]")
    load = figure.add_subplot(grid_spec[1, 1], sharex=voltage)
    load.plot(hours, load_mw, color=drawing.INK)
    load.set_ylabel("load [MW]")
    load.set_ylim(bottom=0)
    out = figure.add_subplot(grid_spec[2, 1], sharex=voltage)
    when, customers = day.customers_out_by_hour()
    out.fill_between(when, customers, color=drawing.RED, alpha=0.35, linewidth=0, step="post")
    out.step(when, customers, color=drawing.RED, linewidth=1.2, where="post")
    out.set_ylabel("customers out")
    out.set_ylim(0, max(1.0, 1.1 * float(np.max(customers))))
    out.set_xlim(0, 24)
    out.set_xticks(range(0, 25, 3))
    out.set_xlabel(f"hour of {day.times[0]:%Y-%m-%d} (UTC)")
    for axes in (voltage, load, out):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="x", color="#E5E5E5", linewidth=0.6)
        if axes is not out:
            axes.tick_params(labelbottom=False)
    figure.suptitle(day.title(), fontsize=12, fontweight="bold", x=0.01, ha="left")
    return figure


def save(figure: Figure, path: str | Path) -> Path:
    """Save a figure in the format that the name says; the same figure gives the same bytes."""
    from matplotlib import rc_context

    out = Path(path)
    suffix = out.suffix.lower()
    if suffix not in FORMATS:
        raise GridmendError(
            f"a picture cannot be written as '{out.suffix or out.name}'",
            where=str(out),
            mend=f"give a name that ends in {', '.join(FORMATS)}",
        )
    if not out.absolute().parent.is_dir():
        raise GridmendError(
            f"there is no folder {out.absolute().parent}", where=str(out), mend="make it first"
        )
    dated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    temporary = out.with_name(f".{out.stem}.part{suffix}")
    try:
        with rc_context({"svg.hashsalt": "gridmend", "svg.fonttype": "none"}):
            figure.savefig(temporary, dpi=110, metadata=dated.get(suffix))
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    return out


def _height_inches(view: View) -> float:
    """Height that a network of this shape fills, with room for title and legend."""
    xy = drawing.places(view)
    width, height = np.maximum(np.ptp(xy, axis=0), 1e-9)
    share = height / width if drawing.has_map(view.grid) else 1.0
    return float(np.clip(PANEL_INCHES * share + 1.3, 3.8, 7.0))


def _add_scale(figure: Figure, panels: list) -> None:  # pyright: ignore[reportMissingTypeArgument]
    from matplotlib.cm import ScalarMappable

    colormap, scale = drawing.colours()
    bar = figure.colorbar(
        ScalarMappable(scale, colormap), ax=panels, shrink=0.55, aspect=28, pad=0.01, extend="both"
    )
    bar.set_label("lowest phase voltage [pu]", fontsize=8)
    bar.ax.tick_params(labelsize=8)


def _legend(views: Sequence[View]) -> list:  # pyright: ignore[reportMissingTypeArgument]
    from matplotlib.lines import Line2D

    def mark(
        label: str, marker: str, *, face: str = drawing.INK, edge: str = drawing.INK
    ) -> Line2D:
        return Line2D(
            [], [], linestyle="", marker=marker, markerfacecolor=face, markeredgecolor=edge,
            label=label,
        )  # fmt: skip

    def line(label: str, colour: str, width: float, style: Literal["-", "--"] = "-") -> Line2D:
        return Line2D([], [], color=colour, linewidth=width, linestyle=style, label=label)

    shown = [
        mark("source", "*"),
        line("three phases", drawing.INK, drawing.WIDTHS[3]),
        line("one phase", drawing.INK, drawing.WIDTHS[1]),
        mark("load", "."),
        mark("closed switch", "s"),
        mark("open switch", "s", face="white"),
        mark("open tie", "D", face="white"),
    ]
    if any(view.moved for view in views):
        shown.append(mark("operated", "s", face="white", edge=drawing.BLUE))
    if any(view.faulted for view in views):
        shown.append(line("faulted section", drawing.RED, 4))
        shown.append(line("without voltage", drawing.GREY, 1.4, "--"))
    if any(view.by_tie for view in views):
        shown.append(line("fed through a tie", drawing.HALO, 8))
    return shown
