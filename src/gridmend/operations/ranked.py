"""Rows that wait, the best first: a heap of their numbers, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridmend.powerflow.compiled import compiled

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

WEIGHT, BY_HAND, MOVES, CLOSING = range(4)
"""What a row is ranked by: more weight that it may come to, then fewer switches by hand, fewer
switches moved, fewer ties closed."""


class Ranked(NamedTuple):
    """`rank` [rows, 4]; `depth` [rows], of equals the deepest comes first, and then the last;
    `heap` [rows] the `count` [1] that wait."""

    rank: Floats
    depth: Ints
    heap: Ints
    count: Ints


def ranked(rows: int) -> Ranked:
    """Room for so many rows, of which none waits."""
    depth, heap = np.empty(rows, np.int64), np.empty(rows, np.int64)
    return Ranked(np.empty((rows, 4)), depth, heap, np.zeros(1, np.int64))


@compiled
def push(waiting: Ranked, row: int, weight: float, by_hand: int, moves: int, closing: int) -> None:
    """Rank a row, whose depth is known, and let it wait."""
    rank, heap, at = waiting.rank[row], waiting.heap, int(waiting.count[0])
    rank[WEIGHT], rank[BY_HAND], rank[MOVES], rank[CLOSING] = weight, by_hand, moves, closing
    waiting.count[0] += 1
    while at > 0 and _before(waiting, row, heap[(at - 1) // 2]):
        heap[at] = heap[(at - 1) // 2]
        at = (at - 1) // 2
    heap[at] = row


@compiled
def pop(waiting: Ranked) -> None:
    """Take away the first of those that wait."""
    waiting.count[0] -= 1
    heap, count, at = waiting.heap, int(waiting.count[0]), 0
    row = heap[count]
    while 2 * at + 1 < count:
        child = 2 * at + 1
        if child + 1 < count and _before(waiting, heap[child + 1], heap[child]):
            child += 1
        if not _before(waiting, heap[child], row):
            break
        heap[at] = heap[child]
        at = child
    heap[at] = row


@compiled
def _before(waiting: Ranked, one: int, other: int) -> bool:
    sign = compared(waiting.rank[one], waiting.rank[other])
    if sign != 0:
        return sign < 0
    if waiting.depth[one] != waiting.depth[other]:
        return waiting.depth[one] > waiting.depth[other]
    return one > other


@compiled
def compared(one: Floats, other: Floats) -> int:
    """Negative where a rank is better than another."""
    if one[WEIGHT] != other[WEIGHT]:
        return -1 if one[WEIGHT] > other[WEIGHT] else 1
    for k in range(BY_HAND, CLOSING + 1):
        if one[k] != other[k]:
            return -1 if one[k] < other[k] else 1
    return 0
