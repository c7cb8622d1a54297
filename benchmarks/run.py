"""Gridmend beside OpenDSS on the same feeders in one run; writes results.md, whole or in part."""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    control,
    feeders,
    journal,
    peak,
    plans,
    process,
    scale,
    scenarios,
    solvers,
    switching,
    twin,
    year,
)
from benchmarks.machine import busy, machine

from oracles.masters import data_folder

OFF, STATIC = "lanes", "series"
"""The solvers of `benchmarks.solvers` that are measured, controls off and static."""

PAGE = Path(__file__).with_name("results.md")
TITLE = """# Benchmarks

Written by `make bench`; `make bench SECTION=year` runs one section and leaves the others as they
are. Every section names the machine that it ran on. Times of one thread are processor time.
"""


def sections(hours: year.Hours) -> dict[str, tuple[str, Callable[[], str]]]:
    """Each section's heading and what measures it, in the order of the page."""
    off, static = getattr(solvers, OFF), getattr(solvers, STATIC)
    return {
        "feeders": ("Reading and settling", feeders.section),
        "off": ("A year, controls off", lambda: year.off_section(off, hours)),
        "static": ("A year, static control", lambda: year.static_section(static, hours)),
        "positions": ("Positions hour by hour", lambda: year.positions_section(static, hours)),
        "scenarios": ("Scenarios and threads", lambda: scenarios.section(off, static)),
        "switching": ("Switching and tap changes", switching.section),
        "scale": ("One, ten, a hundred copies", scale.section),
        "process": ("A fresh process", lambda: process.section(OFF, STATIC, hours.ours)),
        "journal": ("The journal and the historian", journal.section),
        "control": ("The control room", control.section),
        "ahead": ("A verdict of the interlock", control.ahead_section),
        "plans": ("Plans of restoration", plans.section),
        "twin": ("The twin", twin.section),
        "peak": ("What the machine can do", peak.section),
    }


NO_DATA = ("journal", "ahead", "plans", "twin", "peak")
"""Sections that need no feeders."""
GROUPS = {"year": ("off", "static", "positions")}
"""Names that stand for several sections."""


def parts_of(page: str) -> dict[str, str]:
    """The sections of a page by heading."""
    found: dict[str, str] = {}
    for part in page.split("\n## ")[1:]:
        heading, _, text = part.partition("\n")
        found[heading] = text
    return found


def main(arguments: list[str] | None = None) -> int:
    """Measure what is asked and write the page; 1 where the data is absent, 2 where refused."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--section", default="all", help="one of the sections, or `year`, or `all`")
    asked.add_argument("--hours", type=int, default=8760, help="hours of a year, ours")
    asked.add_argument("--peer-hours", type=int, default=1000, help="hours OpenDSS is timed over")
    asked.add_argument("--position-hours", type=int, default=8760, help="hours of positions")
    given = asked.parse_args(arguments)
    if data_folder() is None and given.section not in NO_DATA:
        print("the feeders are not here: set GRIDMEND_DATA to their folder", file=sys.stderr)
        return 1
    hours = year.Hours(given.hours, given.hours, given.peer_hours, given.position_hours)
    known = sections(hours)
    names = tuple(known) if given.section == "all" else GROUPS.get(given.section, (given.section,))
    if not set(names) <= set(known):
        choice = ", ".join([*known, *GROUPS, "all"])
        print(f"there is no section '{given.section}': one of {choice}", file=sys.stderr)
        return 2
    for name in names:
        heading, measure = known[name]
        load, began = busy(), time.perf_counter()
        text = measure()
        took = time.perf_counter() - began
        print(f"{name}: {took:.0f} s", file=sys.stderr)
        _write(known, heading, f"\n{machine()}; {load} before, {took:.0f} s in all.\n{text}")
    return 0


def _write(known: dict[str, tuple[str, Callable[[], str]]], heading: str, text: str) -> None:
    """Put one section in its place; sections not measured yet stay out."""
    parts = parts_of(PAGE.read_text()) if PAGE.exists() else {}
    parts[heading] = text
    order = [title for title, _ in known.values() if title in parts]
    PAGE.write_text(TITLE + "".join(f"\n## {t}\n\n{parts[t].strip()}\n" for t in order))


if __name__ == "__main__":
    raise SystemExit(main())
