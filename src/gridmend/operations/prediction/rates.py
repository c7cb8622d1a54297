"""How often elements fail, as the grid's own table of failure data has it."""

from __future__ import annotations

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.model.check_failures import FAIL
from gridmend.model.errors import GridmendError
from gridmend.model.grid import Grid


def failure_rates(grid: Grid) -> dict[str, Floats]:
    """Permanent failures of each element [1/year], by table; nan where no row of the data is for
    it, so that whoever asks takes what it assumes.

    A row for an element goes before one for a kind, that before one for a class, and causes add,
    as the schema says. Overhead lines are not told from cables here: what is given for overhead
    lines holds for all lines, and what is given for cables where nothing is for overhead ones. Of
    a line whose length is no number a rate by length is left out. Values that cannot be
    (`gridmend check` names them) are passed over.
    """
    data = grid.failures
    found = {table: np.full(len(grid.table(table)), np.nan) for table in FAIL}
    level = {table: np.full(len(grid.table(table)), -1) for table in FAIL}
    per_year, per_km = data.numbers("failures_per_year"), data.numbers("failures_per_km_year")
    for row in range(len(data)):
        table, rows, own = _matched(grid, row)
        rate = float(per_year[row]) + _by_length(grid, table, rows, float(per_km[row]))
        usable = np.isfinite(rate) & (rate >= 0) & (own >= (level[table][rows] if table else 0))
        if not table or not usable.any():
            continue
        at, rate = rows[usable], rate[usable]
        is_more = level[table][at] < own
        found[table][at] = np.where(is_more, 0.0, found[table][at]) + rate
        level[table][at] = own
    return found


def _by_length(grid: Grid, table: str, rows: Ints, per_km: float) -> Floats:
    if table != "lines" or not per_km > 0:
        return np.zeros(len(rows))
    length_km = grid.lines.numbers("length_m")[rows] / 1000
    return per_km * np.where(np.isfinite(length_km) & (length_km > 0), length_km, 0.0)


def _matched(grid: Grid, row: int) -> tuple[str, Ints, int]:
    """Table and rows that a row of failure data is for, and how closely it names them; an empty
    table where it is for nothing that is there."""
    data = grid.failures
    element, elements, kind = (str(data[c][row]) for c in ("element", "elements", "kind"))
    nothing = np.empty(0, np.int64)
    if element:
        try:
            table, at = grid.find(element)
        except GridmendError:
            return "", nothing, 0
        return (table, np.array([at], np.int64), 3) if table in FAIL else ("", nothing, 0)
    if elements in ("overhead", "cables"):
        return "lines", np.arange(len(grid.lines), dtype=np.int64), 2 if elements[0] == "o" else 1
    if elements not in FAIL:
        return "", nothing, 0
    fits = np.ones(len(grid.table(elements)), bool)
    if kind:
        fits = np.array([k == kind for k in grid.table(elements).texts("kind")], bool)
    return elements, np.flatnonzero(fits), int(bool(kind))
