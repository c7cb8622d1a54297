"""Where the values of elements stand in the admittance: pairs of nodes, entries, slots."""

from __future__ import annotations

import numpy as np

from gridmend.model.arrays import Ints
from gridmend.powerflow.compiled import compiled


@compiled
def conductor_pairs(start: Ints, nodes: Ints) -> tuple[Ints, Ints]:
    """The nodes of row and column of every primitive value, in order."""
    total = 0
    for k in range(len(start) - 1):
        total += (start[k + 1] - start[k]) ** 2
    a = np.empty(total, np.int64)
    b = np.empty(total, np.int64)
    at = 0
    for k in range(len(start) - 1):
        for i in range(start[k], start[k + 1]):
            for j in range(start[k], start[k + 1]):
                a[at] = nodes[i]
                b[at] = nodes[j]
                at += 1
    return a, b


@compiled
def adjacency(n: int, a: Ints, b: Ints) -> tuple[Ints, Ints]:
    """The symmetric pattern that pairs of nodes make, by rows and in order, no diagonal.

    Nodes below 0 are ground, which is no node.
    """
    start, rows = upper_columns(n, np.arange(n), a, b)
    indptr = np.zeros(n + 1, np.int64)
    for j in range(n):
        indptr[j + 1] += start[j + 1] - start[j]
        for p in range(start[j], start[j + 1]):
            indptr[rows[p] + 1] += 1
    indptr = np.cumsum(indptr)
    filled = indptr[:-1].copy()
    indices = np.empty(2 * len(rows), np.int64)
    for j in range(n):
        for p in range(start[j], start[j + 1]):
            i = rows[p]
            indices[filled[j]] = i
            filled[j] += 1
            indices[filled[i]] = j
            filled[i] += 1
    return indptr, indices


@compiled
def upper_keys(n: int, place: Ints, a: Ints, b: Ints) -> Ints:
    """Every entry above the diagonal that pairs of nodes make: n times its column, and its row.

    Columns and rows are places of nodes in the elimination order. Keys rise.
    """
    start, rows = upper_columns(n, place, a, b)
    for j in range(n):
        for p in range(start[j], start[j + 1]):
            rows[p] += j * n
    return rows


@compiled
def slots_of(n: int, place: Ints, keys: Ints, a: Ints, b: Ints) -> Ints:
    """Where the value of each pair of nodes is added: k < n on the diagonal, n + p at entry p
    above it, -1 nowhere, for it is ground's or stands below."""
    start = np.zeros(n + 1, np.int64)
    for key in keys:
        start[key // n + 1] += 1
    start = np.cumsum(start)
    slots = np.full(len(a), -1, np.int64)
    for k in range(len(a)):
        if a[k] < 0 or b[k] < 0:
            continue
        p, q = place[a[k]], place[b[k]]
        if p == q:
            slots[k] = p
        elif p < q:
            low, high = start[q], start[q + 1]
            while keys[low] != q * n + p:
                middle = (low + high) // 2
                if keys[middle] <= q * n + p:
                    low = middle
                else:
                    high = middle
            slots[k] = n + low
    return slots


@compiled
def upper_columns(n: int, place: Ints, a: Ints, b: Ints) -> tuple[Ints, Ints]:
    """The entries of `upper_keys` by columns: where each begins, and rows in order."""
    first = np.zeros(n + 1, np.int64)
    for k in range(len(a)):
        if a[k] >= 0 and b[k] >= 0 and a[k] != b[k]:
            first[min(place[a[k]], place[b[k]]) + 1] += 1
    first = np.cumsum(first)
    columns = np.empty(first[n], np.int64)
    filled = first[:-1].copy()
    for k in range(len(a)):
        if a[k] >= 0 and b[k] >= 0 and a[k] != b[k]:
            p, q = place[a[k]], place[b[k]]
            columns[filled[min(p, q)]] = max(p, q)
            filled[min(p, q)] += 1
    # taken row by row, each column sees its rows in order, and one that comes again at once
    start = np.zeros(n + 1, np.int64)
    seen = np.full(n, -1, np.int64)
    for i in range(n):
        for k in range(first[i], first[i + 1]):
            j = columns[k]
            if seen[j] != i:
                seen[j] = i
                start[j + 1] += 1
    start = np.cumsum(start)
    rows = np.empty(start[n], np.int64)
    # Copied number by number: of a whole array Numba also compiles the text of an error of shape.
    for i in range(n):
        filled[i] = start[i]
        seen[i] = -1
    for i in range(n):
        for k in range(first[i], first[i + 1]):
            j = columns[k]
            if seen[j] != i:
                seen[j] = i
                rows[filled[j]] = i
                filled[j] += 1
    return start, rows
