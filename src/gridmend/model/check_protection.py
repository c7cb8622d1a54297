"""Whether protection's tables fit the grid: one place a device, one device a place, curves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from gridmend.model.errors import Finding, nearest
from gridmend.model.finding_text import named
from gridmend.model.grid import Grid
from gridmend.model.schema_protection import KNOWN_CURVES
from gridmend.model.table import Table

DEVICES = ("protections", "fuses", "sectionalisers")
"""Tables of devices, in the order in which the first at a place is taken."""
CURVE_COLUMNS = {
    "protections": (
        "phase_slow_curve",
        "phase_fast_curve",
        "ground_slow_curve",
        "ground_fast_curve",
    ),
    "fuses": ("melt_curve", "clear_curve"),
}
MOST = 1e9
"""The most that a multiple or a time of a curve may be."""
_KINDS = {"fuse": "fuses", "sectionaliser": "sectionalisers"}


def check_protection(grid: Grid) -> Iterator[Finding]:
    """Findings of settings whose place or curve cannot be meant.

    None of them keeps the network from being solved, so none is an error. The numbers of each
    device are judged by what is made of them, in the twin's `guard_settings`.
    """
    yield from _places(grid)
    yield from _shared(grid)
    yield from _points(grid.curves)
    yield from _curves(grid)


def curve_problem(multiple: Sequence[float], time_s: Sequence[float]) -> str:
    """What keeps points from being a time-current curve; empty where nothing does."""
    if not len(multiple) or len(multiple) != len(time_s):
        return f"it has {len(multiple)} multiples and {len(time_s)} times"
    if not all(0 < float(x) <= MOST for x in (*multiple, *time_s)):
        return f"its points are not all above 0, {MOST:g} at most"
    if any(b <= a for a, b in pairwise(multiple)):
        return "its multiples do not rise"
    if any(b > a for a, b in pairwise(time_s)):
        return "a larger current operates later than a smaller one"
    return ""


def _places(grid: Grid) -> Iterator[Finding]:
    table = grid.protections
    switches, sources = table.texts("switch"), table.texts("source")
    rows = [k for k in range(len(table)) if bool(switches[k]) == bool(sources[k])]
    if rows:
        what = f"{named(table, rows)}: not one of switch and source is given"
        mend = "name the switch it trips, or the source whose own breaker it trips"
        yield Finding("warning", what, "protections", mend)


def _shared(grid: Grid) -> Iterator[Finding]:
    first: dict[tuple[str, str], str] = {}
    kinds = grid.switches.texts("kind")
    for name in DEVICES:
        table = grid.table(name)
        for row, device in enumerate(table):
            who = f"{table.schema.row} '{device}'"
            place, at = place_of(table, row)
            if not at:
                continue
            other = first.setdefault((place, at.lower()), who)
            if other != who:
                what = f"{who} is at the {place} '{at}' of {other}; the first one is taken"
                yield Finding(
                    "warning", what, name, "leave one out, or give it a switch of its own"
                )
            k = grid.switches.index.get(at.lower()) if place == "switch" else None
            kind = "" if k is None else kinds[k]
            if kind in ("breaker", "recloser", *_KINDS) and name != _KINDS.get(kind, DEVICES[0]):
                what = f"{who} is at switch '{at}', whose kind is {kind}; the settings are taken"
                mend = f"change the kind, or move the settings to {_KINDS.get(kind, DEVICES[0])}"
                yield Finding("warning", what, name, mend)


def place_of(table: Table, row: int) -> tuple[str, str]:
    """`switch` or `source`, and the name, of a row of a device; the name empty where unclear."""
    switch = str(table["switch"][row])
    source = str(table["source"][row]) if table.schema.name == "protections" else ""
    if switch and source:
        return "switch", ""
    return ("source", source) if source else ("switch", switch)


def _points(table: Table) -> Iterator[Finding]:
    points = zip(table, table.vectors("multiple"), table.vectors("time_s"), strict=True)
    for name, multiple, time_s in points:
        if problem := curve_problem(np.ravel(multiple).tolist(), np.ravel(time_s).tolist()):
            mend = "give a time for each multiple, multiples that rise and times that do not"
            yield Finding("warning", f"curve '{name}': {problem}", "curves", mend)


def _curves(grid: Grid) -> Iterator[Finding]:
    known = {*grid.curves.index, *KNOWN_CURVES}
    for name, columns in CURVE_COLUMNS.items():
        table = grid.table(name)
        for column in columns:
            missing: dict[str, list[int]] = {}
            for row, curve in enumerate(table.texts(column)):
                if curve and curve.lower() not in known:
                    missing.setdefault(curve, []).append(row)
            for curve, rows in missing.items():
                what = f"{named(table, rows)}: {column} names '{curve}', which is no curve"
                near = nearest(curve, known)
                mend = f"{near}; or add it to curves" if near else "add it to curves"
                yield Finding("warning", what, f"{name}, column {column}", mend)
    table = grid.protections
    for which in ("phase", "ground"):
        pickup, slow = table.numbers(f"{which}_pickup_a"), table.texts(f"{which}_slow_curve")
        rows = [k for k in range(len(table)) if pickup[k] == pickup[k] and not slow[k]]
        if rows:
            what = f"{named(table, rows)}: {which}_pickup_a is given and no {which}_slow_curve"
            yield Finding("warning", what, "protections", "give the curve, or leave the pickup out")
