"""Which element follows which shape: a CSV file of elements, classes and shapes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from gridmend.formats.shapes import ShapeFile, on_steps, read_rows
from gridmend.model.arrays import Floats
from gridmend.model.errors import FormatError, GridmendError, nearest
from gridmend.model.grid import SINGULAR, Grid
from gridmend.model.profiles import SHAPED, Profile, Span

_FORM = "write `load,shape` and a row for each load"
_KEYS = ("load", "element")
_MAY_BE_NEGATIVE = ("storages",)

Element = tuple[str, int]
_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of the map: who follows which columns of the shapes, and the line that says so."""

    who: str
    shape: int
    reactive: int
    where: str


def read_map(path: Path, grid: Grid, shapes: ShapeFile, span: Span) -> dict[Element, Profile]:
    """What elements follow, by table and row, of a file of shapes at the steps of a series.

    Columns are `load,shape` or `element,shape`, and optionally `reactive_shape` for a shape of
    its own for reactive power. `load` names a load; `element` may have its class before it
    (`generator.g1`, `pv_system.roof`). `class:<name>` is every load of that class, `*` every
    load; a load's own row rules over its class, that over `*`, and what is `fixed` follows
    only its own row. Loads, generators and storages have their rated power times the shape, PV
    systems their sun.

    Raises `FormatError` with file, line and mend for a row that names no element or shape, an
    element that is named twice, or a shape below zero for what is not a storage.
    """
    rows = _rows(path, shapes)
    by_element: dict[Element, _Row] = {}
    by_class: dict[str, _Row] = {}
    for row in rows:
        key = row.who.lower()
        if key == "*" or key.startswith("class:"):
            _put(by_class, key, row)
        else:
            _put(by_element, _find(grid, row), row)
    chosen = _of_classes(grid, by_class) | by_element
    sampled = on_steps(shapes, span)
    return _profiles(shapes, sampled, chosen)


def _rows(path: Path, shapes: ShapeFile) -> list[_Row]:
    (line, header), *body = read_rows(path)
    names = [cell.strip().lower() for cell in header]
    allowed = (("shape",), ("shape", "reactive_shape"))
    if names[:1] != [k for k in _KEYS if k in names[:1]] or tuple(names[1:]) not in allowed:
        raise FormatError(
            f"the columns are {','.join(names)[:80]}", where=f"{path}, line {line}", mend=_FORM
        )
    if not body:
        raise FormatError("it maps nothing", where=str(path), mend=_FORM)
    found: list[_Row] = []
    for at, row in body:
        where = f"{path}, line {at}"
        cells = [cell.strip() for cell in row]
        if len(cells) != len(names) or not cells[0]:
            raise FormatError(
                f"the row has {sum(map(bool, cells))} values, the header {len(names)}",
                where=where,
                mend=_FORM,
            )
        shape = _shape(shapes, cells[1], where)
        reactive = _shape(shapes, cells[2], where) if len(cells) > 2 and cells[2] else shape
        found.append(_Row(cells[0], shape, reactive, where))
    return found


def _shape(shapes: ShapeFile, name: str, where: str) -> int:
    at = shapes.column(name)
    if at is None:
        near = nearest(name, shapes.names) or f"it has {', '.join(shapes.names[:5])}"
        raise FormatError(f"{shapes.path} has no shape '{name[:80]}'", where=where, mend=near)
    return at


def _put(found: dict[_Key, _Row], key: _Key, row: _Row) -> None:
    if key in found:
        raise FormatError(
            f"'{row.who}' is mapped twice",
            where=row.where,
            mend=f"leave one; the first is in {found[key].where.rpartition(', ')[2]}",
        )
    found[key] = row


def _find(grid: Grid, row: _Row) -> Element:
    at = grid.loads.index.get(row.who.lower())
    if at is not None:
        return "loads", at
    try:
        table, at = grid.find(row.who)
    except GridmendError as problem:
        near = nearest(row.who, grid.loads) or problem.mend
        mend = near or "see the names with: gridmend convert PATH FOLDER, file loads.csv"
        raise FormatError(
            f"there is no load '{row.who[:80]}'", where=row.where, mend=mend
        ) from None
    if table not in SHAPED:
        raise FormatError(
            f"a {SINGULAR[table]} follows no shape",
            where=row.where,
            mend=f"name one of {', '.join(SINGULAR[t] for t in SHAPED)}",
        )
    return table, at


def _of_classes(grid: Grid, rows: dict[str, _Row]) -> dict[Element, _Row]:
    """What loads follow by class, or with all others."""
    found: dict[Element, _Row] = {}
    classes = [c.lower() for c in grid.loads.texts("class")]
    for key, row in rows.items():
        name = key.removeprefix("class:").strip()
        if key != "*" and name not in classes:
            known = sorted({c for c in classes if c})
            raise FormatError(
                f"no load is of class '{name}'",
                where=row.where,
                mend=f"the classes are {', '.join(known)}" if known else "no load has a class",
            )
    free = np.flatnonzero(~grid.loads.flags("fixed"))
    for at in free.tolist():
        row = rows.get(f"class:{classes[at]}", rows.get("*")) if classes[at] else rows.get("*")
        if row is not None:
            found["loads", at] = row
    return found


def _profiles(
    shapes: ShapeFile, sampled: Floats, chosen: dict[Element, _Row]
) -> dict[Element, Profile]:
    columns: dict[int, Floats] = {}
    known: dict[tuple[int, int], Profile] = {}

    def column(at: int) -> Floats:
        if at not in columns:
            columns[at] = np.ascontiguousarray(sampled[:, at])
        return columns[at]

    found: dict[Element, Profile] = {}
    for (table, row), said in chosen.items():
        key = (said.shape, said.reactive)
        if key not in known:
            name = shapes.names[said.shape]
            known[key] = Profile(name, column(said.shape), column(said.reactive))
        if table not in _MAY_BE_NEGATIVE:
            _check_sign(shapes, said, column)
        found[table, row] = known[key]
    return found


def _check_sign(shapes: ShapeFile, said: _Row, column: Callable[[int], Floats]) -> None:
    if column(said.shape).min(initial=0.0) < 0:
        row = int(np.argmax(column(said.shape) < 0))
        raise FormatError(
            f"shape '{shapes.names[said.shape]}', which '{said.who}' follows, is below zero at"
            f" step {row}",
            where=f"{said.where}; {shapes.path}",
            mend="demand and generation are zero or more: model what feeds back as a generator,"
            " a PV system or a storage",
        )
