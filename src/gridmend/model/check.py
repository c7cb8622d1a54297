"""Whether a grid is whole: every rule follows from the schema, every finding names its rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gridmend.model.check_failures import check_failures
from gridmend.model.check_protection import check_protection
from gridmend.model.check_shape import check_shapes
from gridmend.model.columns import Column, Kind
from gridmend.model.errors import Finding, GridError, nearest
from gridmend.model.finding_text import named
from gridmend.model.grid import Grid
from gridmend.model.islanding import check_islanding
from gridmend.model.table import Table

NEAREST_LIMIT = 20
"""For how many missing names the nearest ones are looked up, which takes long in a large grid."""

ELEMENT_COLUMNS = (("capacitor_controls", "element"), ("feeders", "head"))
"""Columns that name an element with its class rather than a row of one table."""

_POSITIVE_UNITS = ("kv", "kva")


_GRAVITY = {"error": 0, "warning": 1, "note": 2}


def check_grid(grid: Grid) -> tuple[Finding, ...]:
    """Everything in a grid that cannot be right, or that is not known.

    An `error` means that the grid cannot be solved faithfully, a `warning` that something is
    odd, a `note` that a limit is not known. What its reader found comes with it, and the
    gravest come first. Whether every bus is supplied is a question of topology, not of the
    tables.
    """
    found = (
        *grid.findings,
        *_references(grid),
        *_elements(grid),
        *_values(grid),
        *check_shapes(grid),
        *check_protection(grid),
        *check_failures(grid),
        *check_islanding(grid),
        *_unknown(grid),
    )
    return tuple(sorted(found, key=lambda finding: _GRAVITY[finding.severity]))


def _references(grid: Grid) -> Iterator[Finding]:
    looked_up = 0
    for table in grid.tables():
        for column in table.schema.columns:
            if not column.refers or not len(table):
                continue
            target = grid.table(column.refers)
            for missing, rows in _missing(table, column, target):
                mend = f"add it to {column.refers}"
                if missing and looked_up < NEAREST_LIMIT:
                    looked_up += 1
                    near = nearest(missing, target)
                    mend = f"{near}; or {mend}" if near else mend
                yield _reference(table, column, missing, rows, target, mend)


def _missing(table: Table, column: Column, target: Table) -> Iterator[tuple[str, list[int]]]:
    """Each name that is not there, with the rows that say it."""
    known = target.index
    missing: dict[str, tuple[str, list[int]]] = {}
    for row, value in enumerate(table[column.name]):
        for name in value if column.kind is Kind.NAMES else (value,):
            folded = name.lower()
            if folded not in known and (name or column.default is None):
                rows = missing.setdefault(folded, (name, []))[1]
                if row not in rows[-1:]:
                    rows.append(row)
    yield from missing.values()


def _reference(
    table: Table, column: Column, missing: str, rows: list[int], target: Table, mend: str
) -> Finding:
    who = named(table, rows)
    if not missing:
        return Finding("error", f"{who}: no {column.name} is given", _place(table, column), mend)
    verb = "names" if len(rows) == 1 else "name"
    what = f"{who} {verb} the {target.schema.row} '{missing}', which is not there"
    return Finding("error", what, _place(table, column), mend)


def _elements(grid: Grid) -> Iterator[Finding]:
    for name, column in ELEMENT_COLUMNS:
        table = grid.table(name)
        for row, element in enumerate(table.texts(column)):
            try:
                grid.find(element)
            except GridError as problem:
                what = f"{named(table, [row])}: {problem.what}"
                mend = problem.mend or "name an element with its class, such as line.l1"
                yield Finding("error", what, f"{name}, column {column}", mend)


def _values(grid: Grid) -> Iterator[Finding]:
    for table in grid.tables():
        for column in table.schema.columns:
            if column.kind is not Kind.NUMBER or not len(table):
                continue
            values = table.numbers(column.name)
            place = _place(table, column)
            if column.required and (rows := _where(np.isnan(values))):
                what = f"{named(table, rows)}: {column.name} is not known"
                yield Finding("error", what, place, f"give {column.meaning}")
            if rows := _where(np.isinf(values)):
                what = f"{named(table, rows)}: {column.name} is not finite"
                yield Finding("error", what, place, "leave it unset where there is no limit")
            if column.unit in _POSITIVE_UNITS and (rows := _where(values <= 0)):
                what = f"{named(table, rows)}: {column.name} is not above 0"
                yield Finding("error", what, place, f"give {column.meaning}")
            elif column.unknown_is_finding and (rows := _where(values <= 0)):
                what = f"{named(table, rows)}: {column.name} is not above 0"
                yield Finding("warning", what, place, "leave it unset where it is not known")
            elif column.name == "length_m" and (rows := _where(values < 0)):
                what = f"{named(table, rows)}: {column.name} is below 0"
                yield Finding("error", what, place, "give the length")


def _unknown(grid: Grid) -> Iterator[Finding]:
    for table in grid.tables():
        for column in table.schema.columns:
            if not column.unknown_is_finding or not len(table):
                continue
            rows = _where(np.isnan(table.numbers(column.name)) & _own(table))
            if rows:
                share = f"{len(rows)} of {len(table)}"
                what = f"{named(table, rows)}: {column.name} is not known ({share})"
                mend = "give it where it is known; nothing is assumed in its place"
                yield Finding("note", what, _place(table, column), mend)


def _own(table: Table) -> Any:
    """Rows whose limits are their own: a line's may come from its code or geometry."""
    if table.schema.name != "lines":
        return np.ones(len(table), bool)
    shared = zip(table["line_code"], table["geometry"], strict=True)
    return np.array([not (code or geometry) for code, geometry in shared], bool)


def _where(mask: Any) -> list[int]:
    return np.flatnonzero(mask).tolist()


def _place(table: Table, column: Column) -> str:
    return f"{table.schema.name}, column {column.name}"
