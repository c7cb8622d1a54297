"""Part of a factor made anew: the columns on the elimination tree between a change and its root.

A column of L takes from the columns that have an entry in its row, and gives to those on the
way to the root alone (Liu 1990). So what a switch or a tap changes is made again from the
columns around it, which stay as they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.powerflow.blocks import Active, Blocks
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.factor import ANCHORED, Factor
from gridmend.powerflow.pattern import Lists, Pattern
from gridmend.powerflow.quads import (
    as_block,
    block_at,
    inverted,
    less_product,
    numbers,
    plus,
    put_block,
    times,
)
from gridmend.powerflow.simd import inlined

Entry = Any
"""One complex number, or a block."""


def columns_above(pattern: Pattern, changed: Ints) -> Ints:
    """In order, the columns that depend on the columns `changed`, these among them."""
    return _columns_above(pattern.parent, changed)


@compiled
def columns_of(parent: Ints, rows: Ints, slots: Ints) -> Ints:
    """The same of the columns that slots of the admittance belong to; `rows` of its entries."""
    return _columns_above(parent, _column_of(slots, rows, len(parent)))


@compiled
def columns_left(slots: Ints, rows: Ints, passive: Ints, first: int, by_columns: Lists) -> Ints:
    """In order, the active columns in which what is left of the bare admittance changes with slots
    of it and with the columns `passive`: their own, and those that the latter give to."""
    start, l_rows, _ = by_columns
    seen = np.zeros(len(start) - 1 - first, np.bool_)
    for k in _column_of(slots, rows, len(start) - 1):
        if k >= first:
            seen[k - first] = True
    for j in passive:
        for p in range(start[j], start[j + 1]):
            if l_rows[p] >= first:
                seen[l_rows[p] - first] = True
    return np.flatnonzero(seen) + first


@compiled
def _column_of(slots: Ints, rows: Ints, n: int) -> Ints:
    """Of each slot the column of the factor that it begins."""
    columns = np.empty(len(slots), np.int64)
    for k in range(len(slots)):
        columns[k] = slots[k] if slots[k] < n else rows[slots[k] - n]
    return columns


def refactor(
    factor: Factor, diagonal: Complexes, upper: Complexes, alive: Flags, columns: Ints
) -> bool:
    """Make these columns anew in place; False where a pivot vanishes, which undoes the factor."""
    made = factor.l_values, factor.d
    return remake(columns, *factor.pattern.lists, (diagonal, upper), alive, made)


def refactor_rest(
    factor: Factor, rest: Complexes, active: Active, bare: tuple[Complexes, Complexes],
    alive: Flags, columns: Ints,
) -> None:  # fmt: skip
    """Make anew in place what is left of the `bare` admittance in these columns, all active, by a
    factor of which the passive ones are as they should be."""
    lists = factor.pattern.lists
    remake_rest(columns, active.first, *lists, bare, alive, (factor.l_values, factor.d), rest)


def refactor_blocks(
    blocks: Blocks, rest: Complexes, added: Floats, own: Complexes, alive: Flags, columns: Ints
) -> bool:
    """Make these columns anew in place, counted from the first active one as are their `own`
    diagonal and what is `alive`; False where a pivot vanishes."""
    active, made = blocks.active, (blocks.lower, blocks.upper, blocks.inverse)
    of = (active.start, active.rows), active.by_rows.lists
    return remake_blocks(columns, *of, rest, added, own, alive, made)


@compiled
def _columns_above(parent: Ints, changed: Ints) -> Ints:
    seen, found, count = np.zeros(len(parent), np.bool_), np.empty_like(parent), 0
    for first in changed:
        i = first
        while i >= 0 and not seen[i]:
            seen[i], found[count], count = True, i, count + 1
            i = parent[i]
    return np.sort(found[:count])


@compiled
def remake(
    columns: Ints, by_columns: Lists, by_rows: Lists, admittance: tuple[Complexes, Complexes],
    alive: Flags, made: tuple[Complexes, Complexes],
) -> bool:  # fmt: skip
    """`refactor` for compiled code, of a factor `made` of L and the pivots."""
    (start, rows, entry_of), (values, d) = by_columns, made
    place = np.empty(len(d), np.int64)
    for k in columns:
        if not alive[k]:
            d[k] = 1.0
            values[start[k] : start[k + 1]] = 0.0
            continue
        for p in range(start[k], start[k + 1]):
            place[rows[p]] = p
            here = entry_of[p] >= 0 and alive[rows[p]]
            values[p] = admittance[1][entry_of[p]] if here else 0j
        within = by_rows[0][k], by_rows[0][k + 1]
        of = start, rows, by_rows, (values, values, d)
        pivot = _less_by(within, admittance[0][k], *of, place, (values, values))
        if not abs(pivot) > ANCHORED * np.abs(admittance[0][k]):
            return False
        d[k], by = pivot, 1.0 / pivot
        for p in range(start[k], start[k + 1]):
            values[p] *= by
    return True


@compiled
def remake_rest(
    columns: Ints, first: int, by_columns: Lists, by_rows: Lists,
    bare: tuple[Complexes, Complexes], alive: Flags, made: tuple[Complexes, Complexes],
    rest: Complexes,
) -> None:  # fmt: skip
    """`refactor_rest` for compiled code."""
    (start, rows, entry_of), (values, d) = by_columns, made
    place, before = np.empty(len(d), np.int64), start[first] - (len(d) - first)
    for k in columns:
        for p in range(start[k], start[k + 1]):
            place[rows[p]] = p - before
            here = entry_of[p] >= 0 and alive[k] and alive[rows[p]]
            rest[p - before] = bare[1][entry_of[p]] if here else 0j
        end = by_rows[0][k]
        while end < by_rows[0][k + 1] and by_rows[1][end] < first:
            end += 1
        within, of = (by_rows[0][k], end), (start, rows, by_rows, (values, values, d))
        rest[k - first] = _less_by(within, bare[0][k], *of, place, (rest, rest))


@compiled
def remake_blocks(
    columns: Ints, by_columns: tuple[Ints, Ints], by_rows: Lists, rest: Complexes, added: Floats,
    own: Complexes, alive: Flags, made: tuple[Floats, Floats, Floats],
) -> bool:  # fmt: skip
    """`refactor_blocks` for compiled code."""
    (start, rows), (lower, upper, inverses) = by_columns, made
    place, n, held = np.empty(len(own), np.int64), len(own), True
    for k in columns:
        if not alive[k]:
            put_block(inverses, k, as_block(1.0 + 0j))
            lower[start[k] : start[k + 1]] = 0.0
            upper[start[k] : start[k + 1]] = 0.0
            continue
        for p in range(start[k], start[k + 1]):
            place[rows[p]] = p
            entry = as_block(0j)
            if alive[rows[p]]:
                entry = plus(as_block(rest[n + p]), block_at(added, n + p))
            put_block(lower, p, entry)
            put_block(upper, p, entry)
        pivot = plus(as_block(rest[k]), block_at(added, k))
        within = by_rows[0][k], by_rows[0][k + 1]
        pivot = _less_by(within, pivot, start, rows, by_rows, made, place, (lower, upper))
        a, b, c, d = numbers(pivot)
        # what nothing holds vanishes in all four: a leg may leave out one direction
        held &= a * a + b * b + c * c + d * d > 2 * (ANCHORED * np.abs(own[k])) ** 2
        by = inverted(pivot)
        put_block(inverses, k, by)
        for p in range(start[k], start[k + 1]):
            put_block(upper, p, times(by, block_at(upper, p)))
            put_block(lower, p, times(block_at(lower, p), by))
    return held


@inlined
def _less_by(
    within: tuple[int, int], pivot: Entry, start: Ints, rows: Ints, by_rows: Lists, made: Any,
    place: Ints, into: Any,
) -> Entry:  # fmt: skip
    """Take from a column, which has its entries at `place` of `into` (lower, upper), what those
    before it give to it, where its row is `within`; what is left of its pivot.

    Complex numbers are symmetric: lower and upper are one, and of `made` the pivots are kept.
    Blocks are not, and the pivots are their inverses.
    """
    lower, upper, pivots = made
    symmetric = pivots.ndim == 1
    for r in range(within[0], within[1]):
        j, p = by_rows[1][r], by_rows[2][r]
        below, above = _at(lower, p), _at(upper, p)
        # the pivot of column j is put back between what its columns hold divided by it
        d = _at(pivots, j) if symmetric else _inverse(pivots, _at(pivots, j))
        left, right = _times(pivots, below, d), _times(pivots, d, above)
        pivot = _less(pivots, pivot, left, above)
        for q in range(p + 1, start[j + 1]):
            to = place[rows[q]]
            _put(into[1], to, _less(pivots, _at(into[1], to), left, _at(upper, q)))
            if not symmetric:
                _put(into[0], to, _less(pivots, _at(into[0], to), _at(lower, q), right))
    return pivot


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
