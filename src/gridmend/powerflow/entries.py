"""Where the values of elements stand in the admittance: pairs of nodes, entries, slots.

Long arrays are made by NumPy and filled by compiled code: NumPy asks the system for large pages,
and on a grid of many feeders most of what this takes is the first touch of memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gridmend.model.arrays import Ints
from gridmend.powerflow.compiled import compiled


def conductor_pairs(start: Ints, nodes: Ints) -> tuple[Any, Any]:
    """The nodes of row and column of every primitive value, in order; short numbers, for there are
    many."""
    total = int((np.diff(start) ** 2).sum())
    a, b = np.empty(total, np.int32), np.empty(total, np.int32)
    _pair(start, nodes, a, b)
    return a, b


def adjacency(n: int, a: Any, b: Any, *more: tuple[Any, Any]) -> tuple[Ints, Ints]:
    """The symmetric pattern that pairs of nodes make, by rows and in order, no diagonal.

    Nodes below 0 are ground, which is no node. Pairs from several places need not be joined first.
    """
    first = np.zeros(n + 1, np.int64)
    for pairs in ((a, b), *more):
        _count_higher(*pairs, first)
    first = np.cumsum(first)
    higher, filled = np.empty(first[n], np.int32), first[:-1].copy()
    for pairs in ((a, b), *more):
        _put_higher(*pairs, filled, higher)
    start = np.zeros(n + 1, np.int64)
    _count_lower(first, higher, start)
    start = np.cumsum(start)
    lower = np.empty(start[n], np.int32)
    _put_lower(first, higher, start, lower)
    indptr = np.diff(start, prepend=0)
    _count_each(lower, indptr)
    indptr = np.cumsum(indptr)
    indices = np.empty(indptr[n], np.int64)
    _put_both(start, lower, indptr, indices)
    return indptr, indices


def upper_columns(indptr: Ints, indices: Ints, place: Ints) -> tuple[Ints, Ints]:
    """The entries above the diagonal of a symmetric pattern where nodes are at other places: where
    each column begins, and its rows in order."""
    start = np.zeros(len(place) + 1, np.int64)
    _count_above(indptr, indices, place, start)
    start = np.cumsum(start)
    rows = np.empty(start[-1], np.int64)
    _put_above(indptr, indices, place, start, rows)
    return start, rows


def slots_of(place: Ints, start: Ints, rows: Ints, a: Any, b: Any) -> Ints:
    """Where the value of each pair of nodes is added: k < n on the diagonal, n + p at entry p
    above it, -1 nowhere, for it is ground's or stands below."""
    slots = np.empty(len(a), np.int64)
    _put_slots(place, start, rows, a, b, slots)
    return slots


@compiled
def _pair(start: Ints, nodes: Ints, a: Any, b: Any) -> None:
    at = 0
    for k in range(len(start) - 1):
        for i in range(start[k], start[k + 1]):
            for j in range(start[k], start[k + 1]):
                a[at] = nodes[i]
                b[at] = nodes[j]
                at += 1


@compiled
def _count_higher(a: Any, b: Any, first: Ints) -> None:
    for k in range(len(a)):
        low, high = min(a[k], b[k]), max(a[k], b[k])
        if 0 <= low < high:
            first[low + 1] += 1


@compiled
def _put_higher(a: Any, b: Any, filled: Ints, higher: Any) -> None:
    for k in range(len(a)):
        low, high = min(a[k], b[k]), max(a[k], b[k])
        if 0 <= low < high:
            higher[filled[low]] = high
            filled[low] += 1


@compiled
def _count_lower(first: Ints, higher: Any, start: Ints) -> None:
    seen = np.full(len(first) - 1, -1, np.int64)
    for i in range(len(seen)):
        for k in range(first[i], first[i + 1]):
            if seen[higher[k]] != i:
                seen[higher[k]] = i
                start[higher[k] + 1] += 1


@compiled
def _put_lower(first: Ints, higher: Any, start: Ints, lower: Any) -> None:
    # taken node by node, each sees those below it in order, and one that comes again at once
    filled, seen = start[:-1].copy(), np.full(len(first) - 1, -1, np.int64)
    for i in range(len(seen)):
        for k in range(first[i], first[i + 1]):
            j = higher[k]
            if seen[j] != i:
                seen[j] = i
                lower[filled[j]] = i
                filled[j] += 1


@compiled
def _count_each(lower: Any, count: Ints) -> None:
    for i in lower:
        count[i + 1] += 1


@compiled
def _put_both(start: Ints, lower: Any, indptr: Ints, indices: Ints) -> None:
    filled = indptr[:-1].copy()
    for j in range(len(filled)):
        for p in range(start[j], start[j + 1]):
            i = lower[p]
            indices[filled[j]] = i
            filled[j] += 1
            indices[filled[i]] = j
            filled[i] += 1


@compiled
def _count_above(indptr: Ints, indices: Ints, place: Ints, start: Ints) -> None:
    for i in range(len(place)):
        for k in range(indptr[i], indptr[i + 1]):
            if place[indices[k]] < place[i]:
                start[place[i] + 1] += 1


@compiled
def _put_above(indptr: Ints, indices: Ints, place: Ints, start: Ints, rows: Ints) -> None:
    node = np.empty(len(place), np.int64)
    for i in range(len(place)):
        node[place[i]] = i
    # taken place by place, each column sees its rows in order
    filled = start[:-1].copy()
    for p in range(len(node)):
        for k in range(indptr[node[p]], indptr[node[p] + 1]):
            column = place[indices[k]]
            if column > p:
                rows[filled[column]] = p
                filled[column] += 1


@compiled
def _put_slots(place: Ints, start: Ints, rows: Ints, a: Any, b: Any, slots: Ints) -> None:
    for k in range(len(a)):
        slots[k] = -1
        if a[k] < 0 or b[k] < 0:
            continue
        p, q = place[a[k]], place[b[k]]
        if p == q:
            slots[k] = p
        elif p < q:
            low, high = start[q], start[q + 1]
            while rows[low] != p:
                middle = (low + high) // 2
                if rows[middle] <= p:
                    low = middle
                else:
                    high = middle
            slots[k] = len(place) + low
