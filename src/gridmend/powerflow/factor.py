"""The complex-symmetric factor L·D·Lᵀ of the nodal admittance, without pivoting.

The row of each node is found by walking the elimination tree (Liu 1990, Davis 2005); the
pattern is that of the whole grid with every switch closed, so one symbolic factor serves
every position of every switch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Ints
from gridmend.powerflow.compiled import compiled


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


def factorise(pattern: Pattern, diagonal: Complexes, upper: Complexes, alive: Flags) -> Factor:
    """The numeric factor; a node that is not alive counts as tied to ground.

    A pivot that vanishes against its diagonal belongs to a part with no path to ground; it
    is anchored and reported.
    """
    l_values, d, anchored = _factorise(
        pattern.n,
        pattern.start,
        pattern.rows,
        upper,
        diagonal,
        pattern.parent,
        pattern.l_start,
        pattern.l_rows,
        alive,
    )
    return Factor(pattern, l_values, d, anchored)


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
    n: int,
    start: Ints,
    rows: Ints,
    upper: Complexes,
    diagonal: Complexes,
    parent: Ints,
    l_start: Ints,
    l_rows: Ints,
    alive: Flags,
) -> tuple[Complexes, Complexes, Ints]:
    l_values = np.zeros(l_start[n], np.complex128)
    filled = np.zeros(n, np.int64)
    d = np.ones(n, np.complex128)
    y = np.zeros(n, np.complex128)
    flag = np.full(n, -1, np.int64)
    stack = np.empty(n, np.int64)
    path = np.empty(n, np.int64)
    anchored = np.empty(n, np.int64)
    n_anchored = 0
    for k in range(n):
        flag[k] = k
        top = n
        for p in range(start[k], start[k + 1]):
            i = rows[p]
            if alive[k] and alive[i]:
                y[i] += upper[p]
            length = 0
            while flag[i] != k:
                path[length] = i
                length += 1
                flag[i] = k
                i = parent[i]
            while length > 0:
                top -= 1
                length -= 1
                stack[top] = path[length]
        pivot = diagonal[k] if alive[k] else 1.0 + 0.0j
        for s in range(top, n):
            i = stack[s]
            yi = y[i]
            y[i] = 0.0
            end = l_start[i] + filled[i]
            if yi != 0.0:
                for p in range(l_start[i], end):
                    y[l_rows[p]] -= l_values[p] * yi
            lki = yi / d[i]
            pivot -= lki * yi
            l_values[end] = lki
            filled[i] += 1
        if alive[k] and abs(pivot) <= 1e-11 * abs(diagonal[k]):
            pivot = diagonal[k] if abs(diagonal[k]) > 0.0 else 1.0 + 0.0j
            anchored[n_anchored] = k
            n_anchored += 1
        d[k] = pivot
    return l_values, d, anchored[:n_anchored].copy()


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
