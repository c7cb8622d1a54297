"""What differs between two grids: rows added, removed and changed, by name and column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gridmend.model.columns import Column, Kind
from gridmend.model.grid import SINGULAR, Grid
from gridmend.model.table import Table

Action = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; `column`, `before` and `after` are empty unless something changed."""

    action: Action
    table: str
    name: str
    column: str = ""
    before: Any = None
    after: Any = None

    def __str__(self) -> str:
        row = f"{SINGULAR.get(self.table, self.table).replace('_', ' ')} '{self.name}'"
        if self.action != "changed":
            return f"{row} {self.action}"
        return f"{row} {self.column}: {_shown(self.before)} -> {_shown(self.after)}"


def difference(before: Grid, after: Grid, *, tolerance: float = 0.0) -> tuple[Change, ...]:
    """Every difference between two grids, in the order of the schema.

    Rows are matched by name, whatever its case and order. Unknown (nan) equals unknown. Numbers
    within `tolerance` of each other, relative to the larger, are equal. What a grid is called and
    where it came from is not part of it; its frequency is.
    """
    changes: list[Change] = []
    if not _close(before.frequency_hz, after.frequency_hz, tolerance):
        frequencies = (before.frequency_hz, after.frequency_hz)
        changes.append(Change("changed", "grid", after.name, "frequency_hz", *frequencies))
    for old, new in zip(before.tables(), after.tables(), strict=True):
        if old is not new:
            changes.extend(_table_changes(old, new, tolerance))
    return tuple(changes)


def _table_changes(old: Table, new: Table, tolerance: float) -> Iterator[Change]:
    table = old.schema.name
    for name in old:
        if name.lower() not in new.index:
            yield Change("removed", table, name)
    for name in new:
        if name.lower() not in old.index:
            yield Change("added", table, name)
    rows = [(at, new.index[name]) for name, at in old.index.items() if name in new.index]
    if not rows:
        return
    at_old, at_new = (np.array(side, np.int64) for side in zip(*rows, strict=True))
    found: list[tuple[int, int, Change]] = []
    for order, column in enumerate(old.schema.columns):
        first, second = old[column.name], new[column.name]
        if column.name == "name" or (first is second and np.array_equal(at_old, at_new)):
            continue
        for i in _differing(column, first[at_old], second[at_new], tolerance):
            row, name = int(at_old[i]), str(new["name"][at_new[i]])
            values = (first[row], second[at_new[i]])
            found.append((row, order, Change("changed", table, name, column.name, *values)))
    yield from (change for _, _, change in sorted(found, key=lambda item: item[:2]))


def _differing(
    column: Column, first: NDArray[Any], second: NDArray[Any], tolerance: float
) -> list[int]:
    if column.kind is Kind.NUMBER:
        return np.flatnonzero(~_near(first, second, tolerance)).tolist()
    if column.kind in (Kind.VECTOR, Kind.MATRIX):
        pairs = enumerate(zip(first, second, strict=True))
        return [i for i, (a, b) in pairs if a is not b and not _alike(a, b, tolerance)]
    if column.refers:
        pairs = enumerate(zip(first, second, strict=True))
        return [i for i, (a, b) in pairs if _folded(a) != _folded(b)]
    return np.flatnonzero(first != second).tolist()


def _folded(value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    return value.lower() if isinstance(value, str) else tuple(item.lower() for item in value)


def _alike(first: NDArray[Any], second: NDArray[Any], tolerance: float) -> bool:
    if first.size == 0 and second.size == 0:
        return True
    return first.shape == second.shape and bool(_near(first, second, tolerance).all())


def _near(first: NDArray[Any], second: NDArray[Any], tolerance: float) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        bound = tolerance * np.maximum(np.abs(first), np.abs(second))
        within = np.abs(first - second) <= bound
    return (first == second) | within | (np.isnan(first) & np.isnan(second))


def _close(first: float, second: float, tolerance: float) -> bool:
    return bool(_near(np.array([first]), np.array([second]), tolerance)[0])


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        if value.ndim == 2:
            return " | ".join(" ".join(f"{item:.6g}" for item in row) for row in value)
        return " ".join(f"{item:.6g}" for item in value) or "(unset)"
    if isinstance(value, tuple):
        return "; ".join(map(str, value)) or "(unset)"  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, float):  # a NumPy float is one too
        return "unknown" if value != value else f"{value:.9g}"
    return str(value) if str(value) else "(unset)"
