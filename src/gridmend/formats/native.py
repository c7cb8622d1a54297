"""The native format: a folder or zip of CSV tables, one a class, exact to the last bit."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from gridmend.formats.csv_values import CellError, at_default, defaults, from_cells, to_cells
from gridmend.formats.native_files import ABOUT, read_files, write_files
from gridmend.model.columns import Column, Schema
from gridmend.model.errors import Finding, FormatError, nearest
from gridmend.model.grid import Grid
from gridmend.model.schema import SCHEMAS
from gridmend.model.table import Table

VERSION = 1
"""Version of the format; a reader reads its own and older ones."""

CELL_LIMIT = 64 * 1024**2
"""The longest cell, in characters: a year of seconds as a shape fits."""

CHUNK_ROWS = 250
"""Rows that are parsed at once, so that a large file is never held as text cells."""


_NOTHING: list[str] = []


def write(grid: Grid, out: Path, *, about: Mapping[str, Any] | None = None) -> None:
    """Write a grid as a folder, or as a zip where the name of `out` ends in `.zip`.

    `about` adds entries to `grid.json`, such as an example's title, source and licence. Tables
    without rows and columns that hold nothing but defaults are left out. Raises `FormatError`
    for a value that would not read back the same, before anything is written.
    """
    if not (math.isfinite(grid.frequency_hz) and grid.frequency_hz > 0):
        raise FormatError(f"the grid's frequency_hz is {grid.frequency_hz}", mend="50 or 60")
    record: dict[str, Any] = {
        "format": "gridmend",
        "version": VERSION,
        "name": grid.name,
        "frequency_hz": grid.frequency_hz,
        "provenance": grid.provenance,
        "buses": len(grid.buses),
        "customers": grid.customer_count(),
        "findings": [[f.severity, f.what, f.where, f.mend] for f in grid.findings],
        **(about or {}),
    }
    files = {f"{t.schema.name}.csv": _table_text(t) for t in grid.tables() if len(t)}
    files[ABOUT] = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    write_files(out, {name: _encoded(name, content) for name, content in files.items()})


def read(path: Path) -> Grid:
    """Read a grid from a folder or zip.

    Raises `FormatError` with file, line and column for what is not as `docs/units.md` says.
    """
    files = read_files(path)
    about = _about(files.pop(ABOUT), path / ABOUT)
    known = {f"{schema.name}.csv": schema for schema in SCHEMAS}
    tables: dict[str, Table] = {}
    for name, content in files.items():
        if name not in known:
            mend = (
                nearest(name, known) or "take it out of the folder; docs/units.md names the tables"
            )
            raise FormatError(f"no table is kept in '{name}'", where=str(path / name), mend=mend)
        tables[known[name].name] = _read_table(
            known[name], _decoded(content, path / name), path / name
        )
    if not tables:
        mend = f"it needs at least buses.csv beside {ABOUT}"
        raise FormatError(f"'{path}' holds no table", where=str(path), mend=mend)
    return Grid(
        about["name"],
        frequency_hz=float(about["frequency_hz"]),
        provenance=about["provenance"],
        findings=about["findings"],
        **tables,
    )


def _table_text(table: Table) -> str:
    file = f"{table.schema.name}.csv"
    kept = [c for c in table.schema.columns if not at_default(c, table[c.name])]
    cells: list[list[str]] = []
    for column in kept:
        try:
            cells.append([_quoted(cell) for cell in to_cells(column, table[column.name])])
        except CellError as problem:
            name = table["name"][problem.row]
            where = f"{file}, {table.schema.row} '{name}', column {column.name}"
            raise FormatError(problem.why, where=where, mend=problem.mend) from None
        longest = max(cells[-1], key=len)
        if len(longest) > CELL_LIMIT:
            where = f"{file}, {table.schema.row} '{table['name'][cells[-1].index(longest)]}'"
            raise FormatError(
                f"{column.name} is too long for a cell", where=where, mend="shorten it"
            )
    lines = [",".join(c.name for c in kept), *map(",".join, zip(*cells, strict=True))]
    return "\n".join(lines) + "\n"


def _quoted(cell: str) -> str:
    if '"' in cell or "," in cell or "\n" in cell or "\r" in cell:
        return '"' + cell.replace('"', '""') + '"'
    return cell


def _encoded(name: str, content: str) -> bytes:
    try:
        return content.encode()
    except UnicodeEncodeError as problem:
        bad = content[problem.start : problem.end]
        raise FormatError(f"{name}: {bad!r} is not a character", mend="mend the name") from None


def _decoded(content: bytes, file: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise FormatError(
            f"byte {content[problem.start]:#04x} is not UTF-8 text",
            where=f"{file}:{line}",
            mend="save the table as UTF-8",
        ) from None


def _about(content: bytes, file: Path) -> dict[str, Any]:
    def wrong(what: str, mend: str) -> FormatError:
        return FormatError(what, where=str(file), mend=mend)

    try:
        loaded: object = json.loads(_decoded(content, file))
    except (ValueError, RecursionError) as problem:
        raise wrong(
            f"it is not JSON: {problem}", "write it again with `gridmend convert`"
        ) from None
    record = cast("dict[str, Any]", loaded) if isinstance(loaded, dict) else {}
    version = record.get("version")
    if record.get("format") != "gridmend" or not isinstance(version, int):
        raise wrong(
            "it does not say that this is a grid",
            'a grid.json has "format": "gridmend", "version": 1; write it with `gridmend convert`',
        )
    if version > VERSION:
        raise wrong(
            f"version {version} of the format is newer than this program", "update gridmend"
        )
    frequency = record.get("frequency_hz")
    if not isinstance(frequency, int | float) or not 0 < frequency < math.inf:
        raise wrong(f"frequency_hz is {frequency!r}", "give 50 or 60")
    name, provenance = record.get("name"), record.get("provenance", "")
    if not isinstance(name, str) or not isinstance(provenance, str):
        raise wrong("name or provenance is not text", "give both as text")
    try:
        findings = tuple(_finding(item) for item in record.get("findings", ()))
    except (TypeError, ValueError):
        mend = "take them out; each is severity, what, where and mend"
        raise wrong("findings are not lists of four texts", mend) from None
    return {**record, "name": name, "provenance": provenance, "findings": findings}


def _finding(item: Iterable[object]) -> Finding:
    severity, what, where, mend = map(str, item)
    if severity not in ("error", "warning", "note"):
        raise ValueError(severity)
    return Finding(severity, what, where, mend)


def _read_table(schema: Schema, content: str, file: Path) -> Table:
    if csv.field_size_limit() < CELL_LIMIT:
        # The limit is the process's own; it is only ever raised, so that readers do not race.
        csv.field_size_limit(CELL_LIMIT)
    rows = csv.reader(io.StringIO(content, newline=""), strict=True)
    try:
        header = _header(schema, next(rows, _NOTHING), file)
        parts: dict[str, list[NDArray[Any]]] = {column.name: [] for column in header}
        done = 0
        filled = (row for row in rows if row)
        while chunk := list(islice(filled, CHUNK_ROWS)):
            if any(len(row) != len(header) for row in chunk):
                raise _ragged(schema, content, file, len(header))
            for column, cells in zip(header, zip(*chunk, strict=True), strict=True):
                parts[column.name].append(_column(column, cells, content, file, done))
            done += len(chunk)
    except csv.Error as problem:
        raise FormatError(
            f"it is not a CSV table: {problem}",
            where=f"{file}:{rows.line_num}",
            mend="close every quote and double those inside a cell",
        ) from None
    columns = {
        c.name: _joined(parts[c.name]) if parts.get(c.name) else defaults(c, rows=done)
        for c in schema.columns
    }
    _guard_names(schema, columns["name"], content, file)
    return Table(schema, columns)


def _header(schema: Schema, names: list[str], file: Path) -> list[Column]:
    where = f"{file}:1"
    names = [name.strip() for name in names]
    known = {column.name: column for column in schema.columns}
    if not any(names):
        raise FormatError("it has no header", where=where, mend=f"start it with {','.join(known)}")
    for name in names:
        if name not in known:
            mend = nearest(name, known) or f"the columns are {', '.join(known)}"
            raise FormatError(f"{schema.name} has no column '{name}'", where=where, mend=mend)
        if names.count(name) > 1:
            raise FormatError(f"column '{name}' is there twice", where=where, mend="leave one out")
    for column in schema.columns:
        if column.required and column.name not in names:
            raise FormatError(
                f"column '{column.name}' is missing", where=where, mend=f"add it: {column.meaning}"
            )
    return [known[name] for name in names]


def _column(
    column: Column, cells: Iterable[str], content: str, file: Path, done: int
) -> NDArray[Any]:
    try:
        return from_cells(column, list(cells))
    except CellError as problem:
        line = _line(content, done + problem.row)
        where = f"{file}:{line}, column {column.name}"
        raise FormatError(problem.why, where=where, mend=problem.mend) from None


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    if len(parts) == 1:
        return parts[0]
    array = np.concatenate(parts)
    array.flags.writeable = False
    return array


def _numbered(content: str) -> Iterator[tuple[int, list[str]]]:
    rows = csv.reader(io.StringIO(content, newline=""), strict=True)
    next(rows)
    line = rows.line_num + 1
    for row in rows:
        if row:
            yield line, row
        line = rows.line_num + 1


def _line(content: str, at: int) -> int:
    return next(islice(_numbered(content), at, None))[0]


def _ragged(schema: Schema, content: str, file: Path, width: int) -> FormatError:
    line, row = next((line, row) for line, row in _numbered(content) if len(row) != width)
    return FormatError(
        f"the row of {schema.row} '{row[0][:60]}' has {len(row)} cells, not {width}",
        where=f"{file}:{line}",
        mend="give every column a cell; quote a cell that holds a comma",
    )


def _guard_names(schema: Schema, names: NDArray[Any], content: str, file: Path) -> None:
    folded = [name.lower() for name in names]
    if len(set(folded)) == len(folded):
        return
    first: dict[str, int] = {}
    for at, name in enumerate(folded):
        if name in first:
            raise FormatError(
                f"two rows of {schema.name} are named '{names[at]}'",
                where=f"{file}:{_line(content, at)}, and line {_line(content, first[name])}",
                mend="names differ by more than case; rename one",
            )
        first[name] = at
