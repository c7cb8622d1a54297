"""A study of automation as people read it: a table, a figure of its curves, and files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gridmend.ui import screen
from gridmend.ui.answer import plain
from gridmend.ui.output_file import write_whole

_ROWS = (
    ("customer-minutes saved [%]", "saved_pct", ".1f"),
    ("beyond all switching: in or behind what is struck [%]", "beyond_pct", ".1f"),
    ("saved of what is not beyond it [%]", "reached_pct", ".1f"),
    ("median without supply, crews alone [min]", "crew_median_min", ".1f"),
    ("the same with automation [min]", "automated_median_min", ".1f"),
    ("the median is shorter by [%]", "faster_pct", ".1f"),
    ("back within 60 s [%]", "at_once_pct", ".1f"),
)
SETS = (("faults", "faults"), ("storms", "storms"), ("all", "both"))


def show(said: Mapping[str, Any]) -> None:
    """Print what a study came to."""
    known = [(name, title) for name, title in SETS if said[name] is not None]
    rows = [
        (row, *(_interval(said[name][key], form) for name, _ in known)) for row, key, form in _ROWS
    ]
    for title, key in (("crews alone", "crew"), ("automated", "automated")):
        minutes = [said[name]["customer_minutes"][key] for name, _ in known]
        rows.append((f"customer-minutes, {title}", *(f"{m:,.0f}" for m in minutes)))
    rows.append(("worse with automation", *(str(said[name]["cases_worse"]) for name, _ in known)))
    headings = ("", *(f"{title} ({said[name]['cases']})" for name, title in known))
    where = said["grid"]
    title = f"automation on {where['grid']}, seed {where['seed']}, simulated; 95 % intervals"
    screen.show(screen.table(title, headings, rows))
    for key, column, heading in (
        ("by_loss", "loss", "messages lost [%]"),
        ("by_automated_share", "automated_share", "remote switches that are used [%]"),
    ):
        lines = [
            (f"{100 * one[column]:.0f}", *(_interval(one[k], f) for _, k, f in _ROWS[:1]),
             _interval(one["at_once_pct"], ".1f"), one["cases"])
            for one in said[key]
        ]  # fmt: skip
        if lines:
            headings = (heading, "saved [%]", "back within 60 s [%]", "faults")
            screen.show(screen.table("", headings, lines))
    for one in said["not_counted"]:
        screen.show(
            f"NOT COUNTED: {one['kind']} {one['number']}: {one['unsolved']} states without a"
            f" solution, {one['hurt']} people hurt"
        )
    for line in said["assumed"]:
        screen.show(f"- {line}")


def _interval(estimate: Mapping[str, float | None], form: str) -> str:
    value, low, high = (estimate[key] for key in ("value", "low", "high"))
    if value is None or low is None or high is None:
        return "–"
    return f"{value:{form}} ({low:{form}} to {high:{form}})"


def write(folder: Path, said: Mapping[str, Any]) -> None:
    """Write `evidence.json` and `evidence.svg` into a folder."""
    text = json.dumps(plain(dict(said)), indent=2, allow_nan=False, ensure_ascii=False) + "\n"

    def fill(file: Path) -> None:
        file.write_text(text, encoding="utf-8")

    write_whole(folder / "evidence.json", fill)
    write_whole(folder / "evidence.svg", lambda file: _draw(file, said))


def _draw(file: Path, said: Mapping[str, Any]) -> None:
    """The curves of benefit, each with its interval."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.8), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, key, column, label in (
        (panels[0], "by_loss", "loss", "messages lost [%]"),
        (panels[1], "by_automated_share", "automated_share", "remote switches used [%]"),
    ):
        points = [one for one in said[key] if one["saved_pct"]["value"] is not None]
        x = [100 * one[column] for one in points]
        value, low, high = (
            [one["saved_pct"][bound] for one in points] for bound in ("value", "low", "high")
        )
        axes.fill_between(x, low, high, alpha=0.2, linewidth=0)
        axes.plot(x, value, marker="o")
        axes.set_xlabel(label)
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("customer-minutes saved [%]")
    figure.suptitle("Simulated; bands are 95 % intervals", fontsize=10)
    figure.savefig(file, metadata={"Date": None})
