"""Part of a factor made anew: the columns on the elimination tree between a change and its root.

A column of L takes from the columns that have an entry in its row, and gives to those on the
way to the root alone (Liu 1990). So what a switch or a tap changes is made again from the
columns around it, which stay as they are.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.powerflow.blocks import Blocks, Rest
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.factor import ANCHORED, Factor, Pattern
from gridmend.powerflow.quads import (
    block_at,
    block_of,
    inverted,
    less_product,
    numbers,
    plus,
    put_block,
    times,
)
from gridmend.powerflow.simd import inlined

_Lists = tuple[Ints, Ints, Ints]
"""L by columns (where they begin, their rows, the entry of the matrix that each begins with) or by
rows (where they begin, their columns, where those stand by columns)."""

Entry = Any
"""One complex number, or a block."""


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
    by_columns, by_rows = _lists(factor.pattern)
    made = factor.l_values, factor.l_values, factor.d
    return remake(columns, by_columns, by_rows, (diagonal, upper), alive, made)


@compiled
def remake(
    columns: Ints, by_columns: _Lists, by_rows: _Lists, admittance: tuple[Complexes, Complexes],
    alive: Flags, made: tuple[Complexes, Complexes, Complexes],
) -> bool:  # fmt: skip
    """The same for compiled code, of a factor `made` of L, L again and the pivots."""
    return _refactor(columns, by_columns, by_rows, admittance, alive, made, None, None)


def refactor_blocks(
    blocks: Blocks, bare: tuple[Complexes, Complexes], legs: tuple[Floats, Floats], rest: Rest,
    alive: Flags, columns: Ints,
) -> bool:  # fmt: skip
    """Make these columns anew in place, and what is left of the `bare` admittance in them; False
    where a pivot vanishes."""
    by_columns, by_rows = _lists(blocks.pattern)
    made = blocks.lower, blocks.upper, blocks.inverse
    return remake_blocks(columns, by_columns, by_rows, bare, legs, rest, alive, made)


@compiled
def remake_blocks(
    columns: Ints, by_columns: _Lists, by_rows: _Lists, bare: tuple[Complexes, Complexes],
    legs: tuple[Floats, Floats], rest: Rest, alive: Flags, made: tuple[Floats, Floats, Floats],
) -> bool:  # fmt: skip
    """The same for compiled code, of a factor `made` of lower, upper and inverse."""
    return _refactor(columns, by_columns, by_rows, bare, alive, made, legs, rest)


def _lists(pattern: Pattern) -> tuple[_Lists, _Lists]:
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
    columns: Ints, by_columns: _Lists, by_rows: _Lists, bare: tuple[Complexes, Complexes],
    alive: Flags, made: Any, legs: Any, rest: Any,
) -> bool:  # fmt: skip
    """A factor of complex numbers or of blocks; False where a pivot vanishes.

    Complex numbers are symmetric: `lower` and `upper` are one array, the pivots are kept, and there
    are no `legs` and no `rest`. Blocks are not, and the pivots are their inverses.
    """
    (start, rows, entry_of), row_start = by_columns, by_rows[0]
    lower, upper, pivots = made
    symmetric = pivots.ndim == 1
    place = np.empty(len(pivots), np.int64)
    held = True
    for k in columns:
        if not alive[k]:
            _put(pivots, k, _alike(pivots, 1.0 + 0j))
            for p in range(start[k], start[k + 1]):
                _put(lower, p, _alike(pivots, 0j))
                _put(upper, p, _alike(pivots, 0j))
            continue
        for p in range(start[k], start[k + 1]):
            place[rows[p]] = p
            here = entry_of[p] >= 0 and alive[rows[p]]
            x = _alike(pivots, bare[1][entry_of[p]] if here else 0j)
            _put(lower, p, x)
            _put(upper, p, x)
        pivot, begin = _alike(pivots, bare[0][k]), row_start[k]
        if rest is not None:
            of = by_columns, by_rows, made, place
            begin, pivot = _with_legs(k, pivot, *of, legs, rest, alive)
        pivot = _less_by(begin, row_start[k + 1], pivot, by_columns, by_rows, made, place)
        if not _size(pivots, pivot) > ANCHORED * np.abs(bare[0][k]):
            held = False
            if symmetric:
                break
        by = _inverse(pivots, pivot)
        _put(pivots, k, pivot if symmetric else by)
        for p in range(start[k], start[k + 1]):
            _put(upper, p, _times(pivots, by, _at(upper, p)))
            if not symmetric:
                _put(lower, p, _times(pivots, _at(lower, p), by))
    return held


@inlined
def _less_by(
    begin: int, end: int, pivot: Entry, by_columns: _Lists, by_rows: _Lists, made: Any, place: Ints
) -> Entry:
    """Take from a column, which has its entries at `place`, what some of those before give to it;
    what is left of its pivot."""
    (start, rows, _), (lower, upper, pivots) = by_columns, made
    symmetric = pivots.ndim == 1
    for r in range(begin, end):
        j, p = by_rows[1][r], by_rows[2][r]
        below, above = _at(lower, p), _at(upper, p)
        # the pivot of column j is put back between what its columns hold divided by it
        d = _at(pivots, j) if symmetric else _inverse(pivots, _at(pivots, j))
        left, right = _times(pivots, below, d), _times(pivots, d, above)
        pivot = _less(pivots, pivot, left, above)
        for q in range(p + 1, start[j + 1]):
            to = place[rows[q]]
            _put(upper, to, _less(pivots, _at(upper, to), left, _at(upper, q)))
            if not symmetric:
                _put(lower, to, _less(pivots, _at(lower, to), _at(lower, q), right))
    return pivot


@inlined
def _with_legs(
    k: int, pivot: Entry, by_columns: _Lists, by_rows: _Lists, made: Any, place: Ints,
    legs: tuple[Floats, Floats], rest: Rest, alive: Flags,
) -> tuple[int, Entry]:  # fmt: skip
    """Take from a column what those without legs give to it, keep what is left, and add its legs.

    Which of those before it is next, and what is left of its pivot.
    """
    (start, rows, entry_of), (lower, upper, _), first = by_columns, made, rest.first
    begin, end = by_rows[0][k], by_rows[0][k + 1]
    if k < first:
        return begin, pivot
    at = begin
    while at < end and by_rows[1][at] < first:
        at += 1
    bare = _less_by(begin, at, pivot, by_columns, by_rows, made, place)
    real, _, imaginary, _ = numbers(bare)
    rest.diagonal[k - first] = complex(real, imaginary)
    for p in range(start[k], start[k + 1]):
        rest.entries[p - start[first]] = complex(upper[p, 0], upper[p, 2])
        if entry_of[p] >= 0 and alive[rows[p]]:
            added = block_at(legs[1], entry_of[p])
            put_block(upper, p, plus(block_at(upper, p), added))
            put_block(lower, p, plus(block_at(lower, p), added))
    return at, plus(bare, block_at(legs[0], k))


# One function serves both kinds: which of the two some values are is decided by their dimensions
# when it is compiled.


@inlined
def _at(values: Any, at: Any) -> Entry:
    if values.ndim == 1:
        return values[at]
    return block_at(values, at)


@inlined
def _put(values: Any, at: Any, x: Entry) -> None:
    if values.ndim == 1:
        values[at] = x
    else:
        put_block(values, at, x)


@inlined
def _alike(values: Any, y: Any) -> Entry:
    """A complex number as an entry of some values."""
    if values.ndim == 1:
        return y
    return block_of(y.real, -y.imag, y.imag, y.real)


@inlined
def _size(values: Any, x: Entry) -> float:
    """How large an entry is, of a block the root of half its squares."""
    if values.ndim == 1:
        return abs(x)
    a, b, c, d = numbers(x)
    return math.sqrt((a * a + b * b + c * c + d * d) / 2)


@inlined
def _times(values: Any, x: Entry, y: Entry) -> Entry:
    if values.ndim == 1:
        return x * y
    return times(x, y)


@inlined
def _less(values: Any, x: Entry, y: Entry, z: Entry) -> Entry:
    """`x - y · z`."""
    if values.ndim == 1:
        return x - y * z
    return less_product(x, y, z)


@inlined
def _inverse(values: Any, x: Entry) -> Entry:
    if values.ndim == 1:
        return 1.0 / x
    return inverted(x)
