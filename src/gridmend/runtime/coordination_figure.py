"""The time-current plot of a chain of protective devices, and where it does not co-ordinate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gridmend.runtime import drawing
from gridmend.twin.protection.coordination import Coordination

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = (drawing.BLUE, drawing.RED, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", drawing.INK)
"""Okabe and Ito's palette, one a device, in the order of the chain."""
STYLES = {"melt": "--", "clear": "-", "fast": "--", "slow": "-"}
"""Dashed is the quicker of a device's two curves."""
LONGEST_S = 1000.0
SHORTEST_S = 0.01
"""Ends of the paper's time, widened for a device that is quicker."""


def coordination_figure(found: Coordination, *, title: str) -> Figure:
    """Time over current on log-log paper, a colour a device, bands of misses in red.

    A curve is drawn where its device operates. Bands carry no text; `found.findings` has it.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 7.6), layout="constrained")
    axes = figure.add_subplot()
    shortest_s = SHORTEST_S
    for k, (device, curves) in enumerate(found.times_s.items()):
        for curve, time_s in curves.items():
            shown = np.isfinite(time_s) & (time_s > 0)
            if not shown.any():
                continue
            shortest_s = min(shortest_s, float(time_s[shown].min()) / 1.5)
            axes.plot(
                found.current_a[shown], time_s[shown],
                color=COLOURS[k % len(COLOURS)], linestyle=STYLES[curve], linewidth=1.6,
                label=f"{device}, {curve}",
            )  # fmt: skip
    for k, miss in enumerate(found.misses):
        label = "does not co-ordinate" if k == 0 else None
        axes.axvspan(
            miss.from_a, miss.to_a, color=drawing.RED, alpha=0.12, linewidth=0, label=label
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(shortest_s, LONGEST_S)
    if len(found.current_a) > 1:
        axes.set_xlim(float(found.current_a[0]), float(found.current_a[-1]))
    axes.set_xlabel("current [A]")
    axes.set_ylabel("time [s]")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(which="both", color="#E5E5E5", linewidth=0.5)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8)
    figure.suptitle(title, fontsize=12, fontweight="bold", x=0.01, ha="left", color=drawing.INK)
    return figure
