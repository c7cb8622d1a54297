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


def columns_above(pattern: Pattern, changed: Ints) -> Ints:
    """In order, the columns that depend on the columns `changed`, these among them."""
    return _columns_above(pattern.parent, changed)


def refactor(
    factor: Factor, diagonal: Complexes, upper: Complexes, alive: Flags, columns: Ints
) -> bool:
    """Make these columns anew in place; False where a pivot vanishes, which undoes the factor."""
    p = factor.pattern
    return _refactor(
        columns,
        (p.l_start, p.l_rows, p.entry_of),
        (p.by_rows.start, p.by_rows.columns, p.by_rows.at),
        diagonal,
        upper,
        alive,
        factor.d,
        factor.l_values,
    )


def refactor_blocks(
    blocks: Blocks, diagonal: Floats, entries: Floats, alive: Flags, columns: Ints
) -> None:
    """Make these columns anew in place."""
    p = blocks.pattern
    _refactor_blocks(
        columns,
        (p.l_start, p.l_rows, p.entry_of),
        (p.by_rows.start, p.by_rows.columns, p.by_rows.at),
        diagonal,
        entries,
        alive,
        blocks.inverse,
        blocks.lower,
        blocks.upper,
    )


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
    diagonal: Complexes,
    upper: Complexes,
    alive: Flags,
    d: Complexes,
    values: Complexes,
) -> bool:
    start, rows, entry_of = by_columns
    row_start, row_columns, row_at = by_rows
    place = np.empty(len(d), np.int64)
    for k in columns:
        if not alive[k]:
            d[k] = 1.0
            values[start[k] : start[k + 1]] = 0.0
            continue
        for p in range(start[k], start[k + 1]):
            place[rows[p]] = p
            here = entry_of[p] >= 0 and alive[rows[p]]
            values[p] = upper[entry_of[p]] if here else 0.0
        d[k] = diagonal[k]
        for r in range(row_start[k], row_start[k + 1]):
            j, p = row_columns[r], row_at[r]
            if values[p] == 0.0:
                continue
            by = values[p] * d[j]
            d[k] -= by * values[p]
            for q in range(p + 1, start[j + 1]):
                values[place[rows[q]]] -= by * values[q]
        if np.abs(d[k]) <= ANCHORED * np.abs(diagonal[k]):
            return False
        by = 1.0 / d[k]
        for p in range(start[k], start[k + 1]):
            values[p] *= by
    return True


@compiled
def _refactor_blocks(
    columns: Ints,
    by_columns: tuple[Ints, Ints, Ints],
    by_rows: tuple[Ints, Ints, Ints],
    diagonal: Floats,
    entries: Floats,
    alive: Flags,
    inverse: Floats,
    lower: Floats,
    upper: Floats,
) -> None:
    start, rows, entry_of = by_columns
    row_start, row_columns, row_at = by_rows
    place = np.empty(len(inverse), np.int64)
    for k in columns:
        if not alive[k]:
            _set(inverse, k, 1.0, 0.0, 0.0, 1.0)
            lower[start[k] : start[k + 1]] = 0.0
            upper[start[k] : start[k + 1]] = 0.0
            continue
        for p in range(start[k], start[k + 1]):
            place[rows[p]] = p
            e = entry_of[p]
            if e >= 0 and alive[rows[p]]:
                a, b, c, d = entries[e, 0], entries[e, 1], entries[e, 2], entries[e, 3]
            else:
                a, b, c, d = 0.0, 0.0, 0.0, 0.0
            _set(lower, p, a, b, c, d)
            _set(upper, p, a, b, c, d)
        p0, p1, p2, p3 = diagonal[k, 0], diagonal[k, 1], diagonal[k, 2], diagonal[k, 3]
        for r in range(row_start[k], row_start[k + 1]):
            j, p = row_columns[r], row_at[r]
            if _empty(lower, p) and _empty(upper, p):
                continue
            # the pivot of column j, put back between what its columns hold divided by it
            d0, d1, d2, d3 = _inverse(inverse[j, 0], inverse[j, 1], inverse[j, 2], inverse[j, 3])
            a, b, c, d = lower[p, 0], lower[p, 1], lower[p, 2], lower[p, 3]
            l0, l1, l2, l3 = a * d0 + b * d2, a * d1 + b * d3, c * d0 + d * d2, c * d1 + d * d3
            a, b, c, d = upper[p, 0], upper[p, 1], upper[p, 2], upper[p, 3]
            u0, u1, u2, u3 = d0 * a + d1 * c, d0 * b + d1 * d, d2 * a + d3 * c, d2 * b + d3 * d
            p0, p1 = p0 - (l0 * a + l1 * c), p1 - (l0 * b + l1 * d)
            p2, p3 = p2 - (l2 * a + l3 * c), p3 - (l2 * b + l3 * d)
            for q in range(p + 1, start[j + 1]):
                _take_after(upper, place[rows[q]], q, l0, l1, l2, l3)
                _take_before(lower, place[rows[q]], q, u0, u1, u2, u3)
        d0, d1, d2, d3 = _inverse(p0, p1, p2, p3)
        _set(inverse, k, d0, d1, d2, d3)
        for p in range(start[k], start[k + 1]):
            a, b, c, d = lower[p, 0], lower[p, 1], lower[p, 2], lower[p, 3]
            _set(lower, p, a * d0 + b * d2, a * d1 + b * d3, c * d0 + d * d2, c * d1 + d * d3)
            a, b, c, d = upper[p, 0], upper[p, 1], upper[p, 2], upper[p, 3]
            _set(upper, p, d0 * a + d1 * c, d0 * b + d1 * d, d2 * a + d3 * c, d2 * b + d3 * d)


@compiled
def _set(target: Floats, at: Any, a: float, b: float, c: float, d: float) -> None:
    target[at, 0] = a
    target[at, 1] = b
    target[at, 2] = c
    target[at, 3] = d


@compiled
def _take_after(target: Floats, at: Any, q: int, e: float, f: float, g: float, h: float) -> None:
    """Take `[e f; g h] · target[q]` from `target[at]`."""
    a, b, c, d = target[q, 0], target[q, 1], target[q, 2], target[q, 3]
    target[at, 0] -= e * a + f * c
    target[at, 1] -= e * b + f * d
    target[at, 2] -= g * a + h * c
    target[at, 3] -= g * b + h * d


@compiled
def _take_before(target: Floats, at: Any, q: int, e: float, f: float, g: float, h: float) -> None:
    """Take `target[q] · [e f; g h]` from `target[at]`."""
    a, b, c, d = target[q, 0], target[q, 1], target[q, 2], target[q, 3]
    target[at, 0] -= a * e + b * g
    target[at, 1] -= a * f + b * h
    target[at, 2] -= c * e + d * g
    target[at, 3] -= c * f + d * h


@compiled
def _empty(source: Floats, at: Any) -> bool:
    return source[at, 0] == source[at, 1] == source[at, 2] == source[at, 3] == 0.0


@compiled
def _inverse(a: float, b: float, c: float, d: float) -> tuple[float, float, float, float]:
    scale = a * d - b * c
    scale = 1.0 / scale if scale != 0.0 else 0.0
    return d * scale, -b * scale, -c * scale, a * scale
