"""Where indicators would stand: line by line, where they part the longest section most evenly."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.model.errors import GridError
from gridmend.operations.location.places import Cut, End, Places, cut, end_of


def spread(places: Places, count: int, *, beside: Iterable[str] = ()) -> tuple[str, ...]:
    """The heads of lines at which `count` more indicators part a feeder's length most evenly.

    `beside` are the devices that have one already. Each new one stands at the end towards the
    source of a line in the longest section that is left, where nearest to half of that section's
    length lies behind it. Fewer are given where no section can be parted. Raises `GridError` for a
    negative count or an unknown device.
    """
    if count < 0:
        raise GridError(f"{count} indicators cannot be placed", mend="give 0 or more")
    grid = places.grid
    ends: list[End] = [end_of(grid, name) for name in beside]
    found: list[str] = []
    for _ in range(count):
        line = _parting(places, cut(places, ends))
        if line < 0:
            break
        end = 1 if places.first[line] else 2
        ends.append(("lines", int(places.row[line]), end))
        found.append(places.name(line) + ("" if end == 1 else "@2"))
    return tuple(found)


def _parting(places: Places, sections: Cut) -> int:
    """The line whose head parts the longest section best; -1 where none does."""
    line_of = np.full(len(places.grid.lines), -1, np.int64)
    line_of[places.row] = np.arange(len(places.row))
    behind_m = _behind(places, sections, line_of)
    whole_m = np.bincount(sections.section, places.length_m, len(sections.behind))
    for section in np.argsort(-whole_m, kind="stable").tolist():
        inside = np.flatnonzero(sections.section == section)
        parts = inside[behind_m[inside] < whole_m[section] * (1 - 1e-9)]
        if len(parts):
            return int(parts[np.abs(behind_m[parts] - whole_m[section] / 2).argmin()])
    return -1


def _behind(places: Places, sections: Cut, line_of: Ints) -> Floats:
    """[lines] length of a line and of all beyond it in the same section [m]."""
    w = places.topology.wiring
    behind_m = places.length_m.copy()
    of_bus, of_line = sections.of_bus, sections.section
    beyond_m = np.zeros(len(of_bus))
    for bus in places.order[::-1].tolist():
        branch, parent = int(places.via[bus]), int(places.parent[bus])
        if branch < 0:
            continue
        passed_m, section = float(beyond_m[bus]), int(of_bus[bus])
        line = int(line_of[w.branch_row[branch]]) if w.branch_table[branch] == "lines" else -1
        if line >= 0:
            behind_m[line] += passed_m if section == of_line[line] else 0.0
            passed_m, section = float(behind_m[line]), int(of_line[line])
        if section == of_bus[parent]:
            beyond_m[parent] += passed_m
    return behind_m
