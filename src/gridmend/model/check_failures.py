"""Whether failure data can be meant: rates and times, and the elements they are for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridmend.model.errors import Finding, GridError
from gridmend.model.finding_text import named
from gridmend.model.grid import Grid

FAIL = ("lines", "transformers", "switches", "reactors", "sources", "loads")
"""Tables of elements that may have failure data."""
KINDS = ("transformers", "switches")
"""Those of them whose rows have a kind."""


def check_failures(grid: Grid) -> Iterator[Finding]:
    """Findings of failure data that cannot be meant; warnings, for the network can be solved."""
    table = grid.failures
    if not len(table):
        return
    for column in ("failures_per_year", "failures_per_km_year"):
        yield from _finite(grid, column, mend="give failures in a year, or 0")
    yield from _finite(grid, "repair_h", mend="give the mean time of a repair")
    replacement_h = table.numbers("replacement_h")
    if rows := np.flatnonzero(replacement_h < 0).tolist():
        what = f"{named(table, rows)}: replacement_h is below 0"
        yield _warning(what, "replacement_h", "leave it unset where there is no spare")
    temporary_pct = table.numbers("temporary_pct")
    if rows := np.flatnonzero(~((temporary_pct >= 0) & (temporary_pct < 100))).tolist():
        what = f"{named(table, rows)}: temporary_pct is not from 0 to below 100"
        yield _warning(what, "temporary_pct", "give their share in all faults")
    yield from _elements(grid)
    yield from _kinds(grid)


def _finite(grid: Grid, column: str, *, mend: str) -> Iterator[Finding]:
    values = grid.failures.numbers(column)
    rows = np.flatnonzero(~(np.isfinite(values) & (values >= 0))).tolist()
    if rows:
        what = f"{named(grid.failures, rows)}: {column} is not a number from 0 upwards"
        yield _warning(what, column, mend)


def _elements(grid: Grid) -> Iterator[Finding]:
    per_km = grid.failures.numbers("failures_per_km_year")
    for row, element in enumerate(grid.failures.texts("element")):
        who = named(grid.failures, [row])
        table = grid.failures["elements"][row]
        if element:
            try:
                table = grid.find(element)[0]
            except GridError as problem:
                mend = problem.mend or "name an element with its class, such as line.l1"
                yield _warning(f"{who}: {problem.what}", "element", mend)
                continue
        if table not in (*FAIL, "overhead", "cables"):
            what = f"{who}: '{element}' is of {table}, whose failures nothing is made of"
            yield _warning(what, "element", f"name one of {', '.join(FAIL)}")
        elif per_km[row] > 0 and table not in ("lines", "overhead", "cables"):
            what = f"{who}: failures_per_km_year is given for {table}, which have no length"
            yield _warning(what, "failures_per_km_year", "give failures_per_year")


def _kinds(grid: Grid) -> Iterator[Finding]:
    for row, kind in enumerate(grid.failures.texts("kind")):
        table = grid.failures["elements"][row]
        if not kind or grid.failures["element"][row]:
            continue
        choices = grid.table(table).schema.column("kind").choices if table in KINDS else ()
        if kind not in choices:
            what = f"{named(grid.failures, [row])}: {table} have no kind '{kind}'"
            mend = f"the kinds are {', '.join(choices)}" if choices else "leave kind out"
            yield _warning(what, "kind", mend)


def _warning(what: str, column: str, mend: str) -> Finding:
    return Finding("warning", what, f"failures, column {column}", mend)
