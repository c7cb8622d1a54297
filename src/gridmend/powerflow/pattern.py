"""The shape of the factor of a nodal admittance: its elimination tree and the entries of L.

It is found by walking the elimination tree (Liu 1990, Davis 2005), for the whole grid with every
switch closed, so one symbolic factor serves every position of every switch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gridmend.model.arrays import Ints
from gridmend.powerflow.compiled import compiled

Lists = tuple[Ints, Ints, Ints]
"""The entries of L by columns or by rows: where those begin, which rows or columns the entries are
in, and where they stand or what stands there."""


@dataclass(frozen=True, eq=False)
class Rows:
    """L by rows: row k has entries in `columns[start[k]:start[k+1]]`, which lie `at` in L."""

    start: Ints
    columns: Ints
    at: Ints

    @property
    def lists(self) -> Lists:
        """As compiled code takes them."""
        return self.start, self.columns, self.at


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

    @property
    def lists(self) -> tuple[Lists, Lists]:
        """L as compiled code takes it: by columns (where they begin, their rows, the entry of the
        upper triangle that each begins with) and by rows."""
        return (self.l_start, self.l_rows, self.entry_of), self.by_rows.lists

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
