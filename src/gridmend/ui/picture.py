"""The picture of a fault and its healing: before, faulted, healed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gridmend.runtime.figure import network_figure, save

if TYPE_CHECKING:
    from gridmend.runtime.result import Day


def save_healing(day: Day, folder: Path) -> list[Path]:
    """Save a healed day's three moments as `healed.svg` and `healed.png`."""
    assert day.fault is not None
    title = f"{day.grid.name}: permanent fault on {day.fault.line}"
    figure = network_figure(day.views, title=title)
    return [save(figure, folder / f"healed{suffix}") for suffix in (".svg", ".png")]
