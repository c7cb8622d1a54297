"""Part of a factor made anew: the columns on the elimination tree between a change and its root.

A column of L takes from the columns that have an entry in its row, and gives to those on the
way to the root alone (Liu 1990). So what a switch or a tap changes is made again from the
columns around it, which stay as they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.powerflow.blocks import Blocks
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.factor import ANCHORED, Factor, Pattern

Numbers = Complexes | Floats
"""[n] complex numbers or [n, 4] blocks."""

Entry = tuple[Any, ...]
"""One complex number, or the four of a block."""


def columns_above(pattern: Pattern, changed: Ints) -> Ints:
    """In order, the columns that depend on the columns `changed`, these among them."""
    return _columns_above(pattern.parent, changed)


@compiled
def columns_of(parent: Ints, rows: Ints, slots: Ints) -> Ints:
    """The same of the columns that slots of the admittance belong to; `rows` of its entries."""
    n = len(parent)
    changed = np.empty(len(slots), np.int64)
    for k in range(len(slots)):
        changed[k] = slots[k] if slots[k] < n else rows[slots[k] - n]
    return _columns_above(parent, changed)


def refactor(
    factor: Factor, diagonal: Complexes, upper: Complexes, alive: Flags, columns: Ints
) -> bool:
    """Make these columns anew in place; False where a pivot vanishes, which undoes the factor."""
    given = (diagonal, upper, alive)
    made = (factor.d, factor.l_values, factor.l_values)
    return _refactor(columns, *_lists(factor.pattern), *given, *made)


def refactor_blocks(
    blocks: Blocks, diagonal: Floats, entries: Floats, alive: Flags, columns: Ints
) -> None:
    """Make these columns anew in place."""
    given = (diagonal, entries, alive)
    made = (blocks.inverse, blocks.lower, blocks.upper)
    _refactor(columns, *_lists(blocks.pattern), *given, *made)


@compiled
def remake_blocks(
    columns: Ints, by_columns: tuple[Ints, Ints, Ints], by_rows: tuple[Ints, Ints, Ints],
    diagonal: Floats, entries: Floats, alive: Flags, made: tuple[Floats, Floats, Floats],
) -> None:  # fmt: skip
    """The same for compiled code, of a factor `made` of lower, upper and inverse."""
    lower, upper, inverse = made
    _refactor(columns, by_columns, by_rows, diagonal, entries, alive, inverse, lower, upper)


def _lists(pattern: Pattern) -> tuple[tuple[Ints, Ints, Ints], tuple[Ints, Ints, Ints]]:
    """L by columns, and by rows."""
    rows = pattern.by_rows
    by_columns = pattern.l_start, pattern.l_rows, pattern.entry_of
    return by_columns, (rows.start, rows.columns, rows.at)


@compiled
def _columns_above(parent: Ints, changed: Ints) -> Ints:
    seen = np.zeros(len(parent), np.bool_)
    for first in changed:
        i = first
        while i >= 0 and not seen[i]:
            seen[i] = True
            i = parent[i]
    return np.flatnonzero(seen)


@compiled
def _refactor(
    columns: Ints,
    by_columns: tuple[Ints, Ints, Ints],
    by_rows: tuple[Ints, Ints, Ints],
    diagonal: Numbers,
    entries: Numbers,
    alive: Flags,
    pivots: Numbers,
    lower: Numbers,
    upper: Numbers,
) -> bool:
    """A factor of complex numbers or of blocks; False where a pivot of the first vanishes.

    Complex numbers are symmetric: `lower` and `upper` are one array, and `pivots` are kept.
    Blocks are not, and `pivots` are their inverses.
    """
    start, rows, entry_of = by_columns
    row_start, row_columns, row_at = by_rows
    symmetric = diagonal.ndim == 1
    place = np.empty(len(pivots), np.int64)
    for k in columns:
        if not alive[k]:
            _set_one(pivots, k)
            lower[start[k] : start[k + 1]] = 0.0
            upper[start[k] : start[k + 1]] = 0.0
            continue
        for p in range(start[k], start[k + 1]):
            place[rows[p]] = p
            here = entry_of[p] >= 0 and alive[rows[p]]
            x = _at(entries, entry_of[p]) if here else _nothing(entries)
            _set(lower, p, x)
            _set(upper, p, x)
        pivot = _at(diagonal, k)
        for r in range(row_start[k], row_start[k + 1]):
            j, p = row_columns[r], row_at[r]
            below, above = _at(lower, p), _at(upper, p)
            if _is_nothing(below) and _is_nothing(above):
                continue
            # the pivot of column j is put back between what its columns hold divided by it
            d = _at(pivots, j) if symmetric else _inverse(_at(pivots, j))
            left, right = _times(below, d), _times(d, above)
            pivot = _less(pivot, _times(left, above))
            for q in range(p + 1, start[j + 1]):
                to = place[rows[q]]
                _set(upper, to, _less(_at(upper, to), _times(left, _at(upper, q))))
                if not symmetric:
                    _set(lower, to, _less(_at(lower, to), _times(_at(lower, q), right)))
        if symmetric and abs(pivot[0]) <= ANCHORED * abs(_at(diagonal, k)[0]):
            return False
        by = _inverse(pivot)
        _set(pivots, k, pivot if symmetric else by)
        for p in range(start[k], start[k + 1]):
            _set(upper, p, _times(by, _at(upper, p)))
            if not symmetric:
                _set(lower, p, _times(_at(lower, p), by))
    return True


# One function serves both kinds: an entry is a tuple, of one complex number or of the four of a
# block, and what is asked of dimensions and lengths is decided when a kind is compiled.


@compiled
def _at(values: Any, at: Any) -> Entry:
    if values.ndim == 1:
        return (values[at],)
    return values[at, 0], values[at, 1], values[at, 2], values[at, 3]


@compiled
def _nothing(values: Any) -> Entry:
    if values.ndim == 1:
        return (0j,)
    return 0.0, 0.0, 0.0, 0.0


@compiled
def _set(values: Any, at: Any, x: Any) -> None:
    if values.ndim == 1:
        values[at] = x[0]
    else:
        values[at, 0], values[at, 1], values[at, 2], values[at, 3] = x


@compiled
def _set_one(values: Any, at: Any) -> None:
    values[at] = 0.0
    if values.ndim == 1:
        values[at] = 1.0
    else:
        values[at, 0] = values[at, 3] = 1.0


@compiled
def _is_nothing(x: Any) -> bool:
    if len(x) == 1:
        return x[0] == 0.0
    return x[0] == x[1] == x[2] == x[3] == 0.0


@compiled
def _less(x: Any, y: Any) -> Entry:
    if len(x) == 1:
        return (x[0] - y[0],)
    return x[0] - y[0], x[1] - y[1], x[2] - y[2], x[3] - y[3]


@compiled
def _times(x: Any, y: Any) -> Entry:
    if len(x) == 1:
        return (x[0] * y[0],)
    return (
        x[0] * y[0] + x[1] * y[2],
        x[0] * y[1] + x[1] * y[3],
        x[2] * y[0] + x[3] * y[2],
        x[2] * y[1] + x[3] * y[3],
    )


@compiled
def _inverse(x: Any) -> Entry:
    if len(x) == 1:
        return (1.0 / x[0],)
    scale = x[0] * x[3] - x[1] * x[2]
    scale = 1.0 / scale if scale != 0.0 else 0.0
    return x[3] * scale, -x[1] * scale, -x[2] * scale, x[0] * scale
