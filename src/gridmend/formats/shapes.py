"""Shapes in a CSV file: a column of hours or of times, and a column of multipliers a shape."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import numpy as np

from gridmend.formats.shape_times import instants
from gridmend.model.arrays import Floats
from gridmend.model.errors import FormatError
from gridmend.model.profiles import Span
from gridmend.model.series import Times

MAXIMUM_CELLS = 100_000_000
_FORM = "write `hour,<shape>,…` and a row for each hour, or `time,<shape>,…` with ISO times"
_CLOSE = 1e-6
"""Hours are taken as evenly spaced within this share of their distance."""


@dataclass(frozen=True, eq=False)
class ShapeFile:
    """Shapes as a file has them.

    `values` [rows, shapes] multipliers; `interval_s` time from row to row, 0 where there is one
    row only; `times` [rows] start of each interval in UTC, empty where the file counts hours.
    """

    path: Path
    names: tuple[str, ...]
    values: Floats
    interval_s: float
    times: Times

    def column(self, name: str) -> int | None:
        """Where a shape is, whatever its case."""
        folded = name.lower()
        return next((k for k, n in enumerate(self.names) if n.lower() == folded), None)


def read_shapes(path: Path, *, zone: tzinfo = UTC) -> ShapeFile:
    """Read a file of shapes.

    The first column is `hour`, hours from the start of the series: the first row is 0, or one
    interval where hours name the end, as OpenDSS counts. Or it is `time`, the start of each
    interval in ISO form: with an offset, or on the wall clock of `zone`. Rows are in order and
    evenly spaced; every cell is a finite number. Nothing is filled in.

    Raises `FormatError` with file, line and mend for everything else.
    """
    rows = read_rows(path)
    (line, header), *body = rows
    first = header[0].strip().lower() if header else ""
    if first not in ("hour", "time"):
        raise FormatError(
            f"the first column is '{first}'", where=f"{path}, line {line}", mend=_FORM
        )
    names = _names(path, line, header[1:])
    if not body:
        raise FormatError("there are no rows under the names", where=str(path), mend=_FORM)
    if len(body) * len(header) > MAXIMUM_CELLS:
        raise FormatError(
            f"it has {len(body):,} rows of {len(header):,} columns, more than can be held",
            where=str(path),
            mend=f"stay below {MAXIMUM_CELLS:,} cells",
        )
    values = np.array([_numbers(path, at, row, header) for at, row in body])
    lines = [at for at, _ in body]
    cells = [row[0].strip() for _, row in body]
    if first == "time":
        times = instants(path, lines, cells, zone)
        interval_s = _even(path, lines, cells, (times - times[0]) / np.timedelta64(1, "s"))
        return ShapeFile(path, names, values, interval_s, times)
    hours = np.array(
        [_number(path, at, cell, "hour") for at, cell in zip(lines, cells, strict=True)]
    )
    interval_s = _even(path, lines, cells, hours * 3600)
    if abs(hours[0]) > _CLOSE and abs(hours[0] * 3600 - interval_s) > _CLOSE * interval_s:
        raise FormatError(
            f"the first hour is {cells[0]}",
            where=f"{path}, line {lines[0]}",
            mend="hours count from the start of the series: begin with 0, or with the first"
            " interval's end",
        )
    return ShapeFile(path, names, values, interval_s, np.empty(0, "datetime64[us]"))


def on_steps(shapes: ShapeFile, span: Span) -> Floats:
    """[steps, shapes] the multipliers at the steps of a series.

    A row holds until the next one; where a step spans several rows it has their mean. A file of
    times is cut where the span begins, or begins with it; one of hours where its `hour` is.

    Raises `FormatError` where the rows do not cover the steps, or intervals and steps do not
    fit each other.
    """
    interval_s = shapes.interval_s or span.step_s
    offset_s = span.hour * 3600
    if len(shapes.times):
        begin = np.datetime64(_begin(shapes, span).astimezone(UTC).replace(tzinfo=None), "us")
        offset_s = float((begin - shapes.times[0]) / np.timedelta64(1, "s"))
    finer, coarser = interval_s / span.step_s, span.step_s / interval_s
    whole = abs(finer - round(finer)) < _CLOSE or abs(coarser - round(coarser)) < _CLOSE
    skipped = offset_s / min(interval_s, span.step_s)
    if not whole or abs(skipped - round(skipped)) > _CLOSE:
        raise FormatError(
            f"rows {interval_s / 60:g} min apart do not fit steps of {span.step_s / 60:g} min"
            + (f" from {offset_s / 60:g} min on" if whole else ""),
            where=str(shapes.path),
            mend="choose steps that are a multiple or a whole part of the rows, and a start at"
            " one of them",
        )
    _covered(shapes, span, offset_s, interval_s)
    if coarser > 1 + _CLOSE:
        each = round(coarser)
        first = round(offset_s / interval_s)
        used = shapes.values[first : first + each * span.steps]
        return used.reshape(span.steps, each, -1).mean(axis=1)
    starts = offset_s + np.arange(span.steps) * span.step_s
    return shapes.values[np.floor(starts / interval_s + _CLOSE).astype(np.int64)]


def _begin(shapes: ShapeFile, span: Span) -> datetime:
    """When the steps begin: as the span says, else with the file."""
    first: datetime = shapes.times[0].item()
    return span.begin or first.replace(tzinfo=UTC)


def _covered(shapes: ShapeFile, span: Span, offset_s: float, interval_s: float) -> None:
    has_s = len(shapes.values) * interval_s
    wants_s = offset_s + span.steps * span.step_s
    if offset_s >= -_CLOSE and wants_s <= has_s * (1 + _CLOSE):
        return
    late = offset_s < 0
    raise FormatError(
        f"it begins {-offset_s / 3600:g} h after the series does"
        if late
        else f"it has {has_s / 3600:g} h, and the series goes to hour {wants_s / 3600:g}",
        where=f"{shapes.path}, {'first' if late else 'last'} row",
        mend="give the shapes for the whole series, or ask for "
        + ("a later start" if late else "fewer steps")
        + "; nothing is repeated or filled in",
    )


def read_rows(path: Path) -> list[tuple[int, list[str]]]:
    """The rows of a CSV file that are not empty, each with its line; at least the header."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise FormatError("there is no such file", where=str(path), mend="check its name") from None
    except IsADirectoryError:
        raise FormatError("it is a folder", where=str(path), mend="name a CSV file") from None
    except UnicodeDecodeError as problem:
        raise FormatError(
            f"it is not text: {problem}", where=str(path), mend="save it as CSV in UTF-8"
        ) from None
    if "\0" in text:
        raise FormatError("it is not text", where=str(path), mend="save it as CSV in UTF-8")
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((reader.line_num, row))
    except csv.Error as problem:
        where = f"{path}, line {reader.line_num}"
        raise FormatError(
            f"it is not CSV: {problem}", where=where, mend="mend the quotes"
        ) from None
    if not rows:
        raise FormatError("it is empty", where=str(path), mend="write a header and rows")
    return rows


def _names(path: Path, line: int, cells: list[str]) -> tuple[str, ...]:
    where = f"{path}, line {line}"
    names = [cell.strip() for cell in cells]
    if not names:
        raise FormatError("it has no shapes", where=where, mend=_FORM)
    seen: set[str] = set()
    for at, name in enumerate(names):
        if not name:
            raise FormatError(f"column {at + 2} has no name", where=where, mend="name every shape")
        if name.lower() in seen:
            raise FormatError(
                f"two shapes are named '{name}'", where=where, mend="rename one; case is not told"
            )
        seen.add(name.lower())
    return tuple(names)


def _numbers(path: Path, line: int, row: list[str], header: list[str]) -> list[float]:
    if len(row) != len(header):
        raise FormatError(
            f"the row has {len(row)} cells, the header {len(header)}",
            where=f"{path}, line {line}",
            mend="give every shape a value in every row",
        )
    try:
        found = [float(cell) for cell in row[1:]]
    except ValueError:
        found = [math.nan]
    if all(map(math.isfinite, found)) and not any("_" in cell for cell in row[1:]):
        return found
    pairs = zip(row[1:], header[1:], strict=True)
    return [_number(path, line, cell, name) for cell, name in pairs]


def _number(path: Path, line: int, cell: str, column: str) -> float:
    try:
        value = float(cell) if "_" not in cell else math.nan
    except ValueError:
        value = math.nan
    if math.isfinite(value):
        return value
    what = f"'{cell.strip()[:40]}' is not a finite number" if cell.strip() else "a value is missing"
    raise FormatError(
        f"{what} in column '{column.strip()}'",
        where=f"{path}, line {line}",
        mend="give a number; what was not measured has to be estimated first",
    )


def _even(path: Path, lines: list[int], cells: list[str], seconds: Floats) -> float:
    """The time from row to row [s], checked to be the same all the way; 0 for a single row."""
    if len(seconds) < 2:
        return 0.0
    steps = np.diff(seconds)
    interval = float(steps[0])
    # A first distance that is itself the odd one is told by the second.
    if len(steps) > 2 and abs(steps[1] - steps[2]) <= _CLOSE * abs(steps[1]):
        interval = float(steps[1])
    wrong = np.flatnonzero((steps <= 0) | (np.abs(steps - interval) > _CLOSE * abs(interval)))
    if not len(wrong):
        return interval
    at = int(wrong[0]) + 1
    step = float(steps[at - 1])
    what = (
        f"{cells[at]} comes twice"
        if step == 0
        else f"{cells[at]} stands after {cells[at - 1]}"
        if step < 0
        else f"from {cells[at - 1]} to {cells[at]} it is {step / 60:g} min, elsewhere"
        f" {interval / 60:g}"
    )
    raise FormatError(
        what,
        where=f"{path}, line {lines[at]}",
        mend="give every interval once and in order",
    )
