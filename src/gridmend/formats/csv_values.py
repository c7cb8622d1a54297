"""Cells of the native tables: each kind of column as text and back, exact to the last bit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmend.model.columns import Column, Kind

FLAGS = {"true": True, "false": False}
"""How true and false are written; any case is read."""

_ARRAY_MENDS = {
    Kind.VECTOR: "write numbers separated by spaces",
    Kind.MATRIX: "write each row as numbers separated by spaces, and the rows separated by |",
}


class CellError(Exception):
    """A cell that cannot be read or written: which row, counted from 0, why and how to mend."""

    def __init__(self, row: int, why: str, mend: str) -> None:
        super().__init__(why)
        self.row = row
        self.why = why
        self.mend = mend


def at_default(column: Column, values: NDArray[Any]) -> bool:
    """Whether a column holds nothing but its default, so that it need not be written."""
    if column.required:
        return False
    if column.kind is Kind.NUMBER:
        default = np.full(len(values), column.default, np.float64)
        return bool(np.all(_same_bits(values, default)))
    if column.kind in (Kind.VECTOR, Kind.MATRIX):
        return not any(value.size for value in values)
    if column.kind is Kind.NAMES:
        return not any(values)
    return bool(np.all(values == column.default))


def to_cells(column: Column, values: NDArray[Any]) -> list[str]:
    """The text of each value; `CellError` where a value has none that reads back the same."""
    if column.kind is Kind.NUMBER:
        return _number_cells(column, values)
    if column.kind is Kind.COUNT:
        return [str(value) for value in values.tolist()]
    if column.kind is Kind.FLAG:
        return ["true" if value else "false" for value in values.tolist()]
    if column.kind in (Kind.VECTOR, Kind.MATRIX):
        return _array_cells(column, values)
    if column.kind is Kind.NAMES:
        return [_names_cell(row, value) for row, value in enumerate(values)]
    return _text_cells(column, values)


def from_cells(column: Column, cells: Sequence[str]) -> NDArray[Any]:
    """A read-only column from its cells; `CellError` names the first one that is wrong."""
    if column.kind is Kind.NUMBER:
        array = _numbers(column, cells)
    elif column.kind is Kind.COUNT:
        array = _counts(column, cells)
    elif column.kind is Kind.FLAG:
        array = _flags(column, cells)
    elif column.kind in (Kind.VECTOR, Kind.MATRIX):
        parse = _matrix if column.kind is Kind.MATRIX else _vector
        array = _objects(_each(cells, parse, _ARRAY_MENDS[column.kind]))
    elif column.kind is Kind.NAMES:
        array = _objects(_each(cells, _names, ""))
    else:
        array = _objects(_texts(column, cells))
    array.flags.writeable = False
    return array


def defaults(column: Column, *, rows: int) -> NDArray[Any]:
    """A read-only column of nothing but the default."""
    return from_cells(column, [""] * rows)


def _same_bits(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.bool_]:
    # -0.0 equals 0.0 but is another number; one nan is like another.
    same = first.view(np.int64) == second.view(np.int64)
    return same | (np.isnan(first) & np.isnan(second))


def _objects(values: Sequence[Any]) -> NDArray[Any]:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _each(cells: Sequence[str], parse: Callable[[str], Any], mend: str) -> list[Any]:
    """Each cell parsed, equal cells once, so that equal values are one object."""
    known: dict[str, Any] = {}
    for row, cell in enumerate(cells):
        if cell not in known:
            try:
                known[cell] = parse(cell)
            except ValueError as problem:
                raise CellError(row, f"'{_short(cell)}' {problem}", mend) from None
    return [known[cell] for cell in cells]


def _short(cell: str) -> str:
    return cell if len(cell) <= 60 else cell[:57] + "…"


def _number(cell: str) -> float:
    if "_" in cell:
        raise ValueError("is not a number")
    try:
        value = float(cell)
    except ValueError:
        raise ValueError("is not a number") from None
    if math.isinf(value):
        raise ValueError("is not finite")
    return value


def _numbers(column: Column, cells: Sequence[str]) -> NDArray[Any]:
    default: float | None = column.default
    try:
        if default is None:
            values = [float(cell) for cell in cells]
        else:
            values = [float(cell) if cell else default for cell in cells]
        array = np.array(values, np.float64)
    except ValueError:
        array = np.array([math.inf])
    if np.isinf(array).any() or "_" in "".join(cells):
        row, cell = next((r, c) for r, c in enumerate(cells) if not _fits(_number, c, default))
        if not cell:
            raise CellError(row, "is empty", "give a number, or nan where it is not known")
        why = (
            "is not finite"
            if _fits(float, cell, default) and "_" not in cell
            else "is not a number"
        )
        mend = "give a plain number such as 12.5, or leave the cell empty where it is not known"
        raise CellError(row, f"'{_short(cell)}' {why}", mend)
    return array


def _fits(parse: Callable[[str], Any], cell: str, default: Any) -> bool:
    if not cell and default is not None:
        return True
    try:
        parse(cell)
    except ValueError:
        return False
    return True


def _counts(column: Column, cells: Sequence[str]) -> NDArray[Any]:
    default: int = column.default

    def parse(cell: str) -> int:
        if not cell:
            return default
        try:
            value = int(cell) if "_" not in cell else None
        except ValueError:
            value = None
        if value is None or not -(2**63) <= value < 2**63:
            raise ValueError("is not a whole number")
        return value

    return np.array(_each(cells, parse, "give a whole number such as 3"), np.int64)


def _flags(column: Column, cells: Sequence[str]) -> NDArray[Any]:
    def parse(cell: str) -> bool:
        value = FLAGS.get(cell.strip().lower()) if cell else column.default
        if value is None:
            raise ValueError("is neither true nor false")
        return bool(value)

    return np.array(_each(cells, parse, "write true or false"), np.bool_)


def _texts(column: Column, cells: Sequence[str]) -> Sequence[str]:
    used = set(cells)
    if column.choices and not used <= {*column.choices, ""}:
        row, cell = next((r, c) for r, c in enumerate(cells) if c not in {*column.choices, ""})
        raise CellError(
            row, f"'{_short(cell)}' is no {column.name}", f"one of {', '.join(column.choices)}"
        )
    if "" not in used or column.default == "":
        return cells
    if column.default is None:
        raise CellError(list(cells).index(""), "is empty", f"give {column.meaning}")
    return [cell or column.default for cell in cells]


def _vector(cell: str) -> NDArray[np.float64]:
    values = [_item(item) for item in cell.split()]
    array = np.array(values, np.float64)
    array.flags.writeable = False
    return array


def _matrix(cell: str) -> NDArray[np.float64]:
    if not cell.strip():
        return _vector("")
    rows = [[_item(item) for item in row.split()] for row in cell.split("|")]
    if any(len(row) != len(rows) for row in rows):
        sizes = ", ".join(str(len(row)) for row in rows)
        raise ValueError(f"is not a square matrix: {len(rows)} rows of {sizes} numbers")
    array = np.array(rows, np.float64)
    array.flags.writeable = False
    return array


def _item(item: str) -> float:
    try:
        return _number(item)
    except ValueError as problem:
        raise ValueError(f"holds '{_short(item)}', which {problem}") from None


def _names(cell: str) -> tuple[str, ...]:
    if "\\" not in cell:
        return tuple(cell.split(";")) if cell else ()
    items: list[str] = []
    item = ""
    characters = iter(cell)
    for character in characters:
        if character == ";":
            items.append(item)
            item = ""
        else:
            item += next(characters, "\\") if character == "\\" else character
    return (*items, item)


def _number_cells(column: Column, values: NDArray[Any]) -> list[str]:
    if np.isinf(values).any():
        row = int(np.flatnonzero(np.isinf(values))[0])
        raise CellError(row, f"{values[row]} is not finite", "nan says that a value is not known")
    unknown = "" if column.default is not None and math.isnan(column.default) else "nan"
    return [repr(value) if value == value else unknown for value in values.tolist()]


def _array_cells(column: Column, values: NDArray[Any]) -> list[str]:
    # Lines of one code share one array, so each is written out once.
    known: dict[int, str] = {}
    cells: list[str] = []
    for row, value in enumerate(values):
        cell = known.get(id(value))
        if cell is None:
            try:
                cell = known[id(value)] = _array_cell(column, value)
            except ValueError as problem:
                raise CellError(row, str(problem), "mend the model") from None
        cells.append(cell)
    return cells


def _array_cell(column: Column, value: NDArray[np.float64]) -> str:
    if value.size == 0:
        return ""
    if np.isinf(value).any():
        raise ValueError("a value is not finite")
    if column.kind is Kind.VECTOR:
        if value.ndim != 1:
            raise ValueError(f"a vector has one dimension, not {value.ndim}")
        return " ".join(map(repr, value.tolist()))
    if value.ndim != 2 or value.shape[0] != value.shape[1]:
        raise ValueError(f"a matrix is square, not of shape {value.shape}")
    return " | ".join(" ".join(map(repr, row)) for row in value.tolist())


def _names_cell(row: int, value: tuple[str, ...]) -> str:
    if value == ("",):
        raise CellError(row, "a list of one empty name cannot be written", "leave the list empty")
    return ";".join(item.replace("\\", "\\\\").replace(";", "\\;") for item in value)


def _text_cells(column: Column, values: NDArray[Any]) -> list[str]:
    cells: list[str] = values.tolist()
    if column.default != "" and "" in cells:
        raise CellError(cells.index(""), "is empty", f"give {column.meaning}")
    return cells
