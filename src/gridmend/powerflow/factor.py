"""The complex-symmetric factor L·D·Lᵀ of the nodal admittance, without pivoting.

The shape of L is found by walking the elimination tree (Liu 1990, Davis 2005); the
pattern is that of the whole grid with every switch closed, so one symbolic factor serves
every position of every switch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Ints
from gridmend.powerflow.compiled import compiled

ANCHORED = 1e-11
"""A pivot that elimination brings below this part of its diagonal has nothing left to hold it."""


@dataclass(frozen=True, eq=False)
class Rows:
    """L by rows: row k has entries in `columns[start[k]:start[k+1]]`, which lie `at` in L."""

    start: Ints
    columns: Ints
    at: Ints


@dataclass(frozen=True, eq=False)
class Pattern:
    """The upper triangle, column by column, in elimination order, and the factor's shape.

    `parent` is the elimination tree; `l_start` [n + 1] where each column of L begins, `l_rows`
    [entries of L] the row of each entry, `l_slots` [entries of the upper triangle] the entry of
    L that each one starts.
    """

    n: int
    start: Ints
    rows: Ints
    parent: Ints
    l_start: Ints
    l_rows: Ints
    l_slots: Ints

    @cached_property
    def columns(self) -> Ints:
        """[entries of the upper triangle] the column of each entry."""
        return np.repeat(np.arange(self.n), np.diff(self.start))

    @cached_property
    def by_rows(self) -> Rows:
        """The entries of L by rows, columns in order."""
        start, at = grouped(self.l_rows, self.n)
        return Rows(start, np.repeat(np.arange(self.n), np.diff(self.l_start))[at], at)

    @cached_property
    def entry_of(self) -> Ints:
        """[entries of L] the entry of the upper triangle that each begins with, -1 for fill."""
        entry = np.full(len(self.l_rows), -1, np.int64)
        entry[self.l_slots] = np.arange(len(self.l_slots))
        return entry


@compiled
def grouped(keys: Ints, count: int) -> tuple[Ints, Ints]:
    """Where each key's share of `items` begins [count + 1], and the items, in order, by key.

    An item is a place in `keys`; negative keys are left out.
    """
    start = np.zeros(count + 1, np.int64)
    for key in keys:
        if key >= 0:
            start[key + 1] += 1
    start = np.cumsum(start)
    items = np.empty(start[count], np.int64)
    filled = start[:-1].copy()
    for item in range(len(keys)):
        key = keys[item]
        if key >= 0:
            items[filled[key]] = item
            filled[key] += 1
    return start, items


@dataclass(frozen=True, eq=False)
class Factor:
    """L without its unit diagonal, by columns, and D. `anchored` names pivots that vanished."""

    pattern: Pattern
    l_values: Complexes
    d: Complexes
    anchored: Ints


def analyse(n: int, start: Ints, rows: Ints) -> Pattern:
    """The elimination tree and the size of every column of L."""
    parent, counts = _tree(n, start, rows)
    l_start = np.zeros(n + 1, np.int64)
    np.cumsum(counts, out=l_start[1:])
    l_rows, l_slots = _rows(n, start, rows, parent, l_start)
    return Pattern(n, start, rows, parent, l_start, l_rows, l_slots)


def near_together(n: int, start: Ints, rows: Ints, first: int) -> Ints:
    """[n] another place for each, so that what is eliminated together lies together in memory.

    Parts of the elimination tree follow one another (a postorder); the first places stay first.
    The factor has the same entries.
    """
    parent, _ = _tree(n, start, rows)
    return _postorder(parent, first)


def depths(n: int, start: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """[n] how many others wait for each in turn: how deep it lies in the elimination tree; and how
    many entries its column of the factor has.

    Those of one depth do not wait for each other; from the deepest up is an order of elimination
    too, whose factor has the same entries.
    """
    parent, counts = _tree(n, start, rows)
    return _depths(parent), counts


@compiled
def _depths(parent: Ints) -> Ints:
    depth = np.zeros(len(parent), np.int64)
    for k in range(len(parent) - 1, -1, -1):
        if parent[k] >= 0:
            depth[k] = depth[parent[k]] + 1
    return depth


def factorise(pattern: Pattern, diagonal: Complexes, upper: Complexes, alive: Flags) -> Factor:
    """The numeric factor; a node that is not alive counts as tied to ground.

    A pivot that vanishes against its diagonal belongs to a part with no path to ground; it
    is anchored and reported.
    """
    values = np.zeros(len(pattern.l_rows), complex)
    values[pattern.l_slots] = upper
    d = diagonal.copy()
    anchored, count = _factorise(pattern.l_start, pattern.l_rows, d, values, alive)
    return Factor(pattern, values, d, anchored[:count].copy())


def substitute(factor: Factor, x: Complexes, first: int = 0, last: int = 0) -> None:
    """Solve in place: forward from row `first`, backward down to row `last`."""
    pattern = factor.pattern
    _substitute(pattern.l_start, pattern.l_rows, factor.l_values, factor.d, x, first, last)


@compiled
def _tree(n: int, start: Ints, rows: Ints) -> tuple[Ints, Ints]:
    parent = np.full(n, -1, np.int64)
    flag = np.full(n, -1, np.int64)
    counts = np.zeros(n, np.int64)
    for k in range(n):
        flag[k] = k
        for p in range(start[k], start[k + 1]):
            i = rows[p]
            while flag[i] != k:
                if parent[i] < 0:
                    parent[i] = k
                counts[i] += 1
                flag[i] = k
                i = parent[i]
    return parent, counts


@compiled
def _postorder(parent: Ints, first: int) -> Ints:
    n = len(parent)
    child = np.full(n + 1, -1, np.int64)
    after = np.full(n, -1, np.int64)
    for k in range(n - 1, -1, -1):
        above = parent[k] if parent[k] >= 0 else n
        after[k] = child[above]
        child[above] = k
    place = np.empty(n, np.int64)
    early, late = 0, first
    stack = np.empty(n + 1, np.int64)
    stack[0], depth = n, 1
    while depth > 0:
        k = stack[depth - 1]
        if child[k] >= 0:
            stack[depth] = child[k]
            child[k] = after[child[k]]
            depth += 1
            continue
        depth -= 1
        if k == n:
            continue
        if k < first:
            place[k] = early
            early += 1
        else:
            place[k] = late
            late += 1
    return place


@compiled
def _rows(n: int, start: Ints, rows: Ints, parent: Ints, l_start: Ints) -> tuple[Ints, Ints]:
    l_rows = np.empty(l_start[n], np.int64)
    l_slots = np.empty(len(rows), np.int64)
    filled = l_start[:-1].copy()
    flag = np.full(n, -1, np.int64)
    for k in range(n):
        flag[k] = k
        for p in range(start[k], start[k + 1]):
            i = rows[p]
            while flag[i] != k:
                l_rows[filled[i]] = k
                filled[i] += 1
                flag[i] = k
                i = parent[i]
        for p in range(start[k], start[k + 1]):
            l_slots[p] = filled[rows[p]] - 1
    return l_rows, l_slots


@compiled
def _factorise(
    start: Ints, rows: Ints, d: Complexes, values: Complexes, alive: Flags
) -> tuple[Ints, int]:
    """Eliminate column by column in place; returns anchored pivots and how many they are."""
    n = len(d)
    own = d.copy()
    anchored = np.empty(n, np.int64)
    count = 0
    for k in range(n):
        if not alive[k]:
            d[k] = 1.0
        elif abs(d[k]) <= ANCHORED * abs(own[k]):
            d[k] = own[k] if own[k] != 0.0 else 1.0
            anchored[count] = k
            count += 1
        by = 1.0 / d[k]
        end = start[k + 1]
        for p in range(start[k], end):
            if not (alive[k] and alive[rows[p]]):
                values[p] = 0.0
                continue
            entry = values[p]
            values[p] = entry * by
            d[rows[p]] -= entry * values[p]
        for p in range(start[k], end):
            if values[p] == 0.0:
                continue
            entry = values[p] * d[k]
            at = start[rows[p]]
            for q in range(p + 1, end):
                # entries of a column are in the order of their rows, so the search goes on
                while rows[at] != rows[q]:
                    at += 1
                values[at] -= entry * values[q]
    return anchored, count


@compiled
def _substitute(
    l_start: Ints,
    l_rows: Ints,
    l_values: Complexes,
    d: Complexes,
    x: Complexes,
    first: int,
    last: int,
) -> None:
    n = len(d)
    for i in range(first, n):
        xi = x[i]
        if xi != 0.0:
            for p in range(l_start[i], l_start[i + 1]):
                x[l_rows[p]] -= l_values[p] * xi
            x[i] = xi / d[i]
    for i in range(n - 1, last - 1, -1):
        xi = x[i]
        for p in range(l_start[i], l_start[i + 1]):
            xi -= l_values[p] * x[l_rows[p]]
        x[i] = xi
