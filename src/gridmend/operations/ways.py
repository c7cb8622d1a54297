"""Every radial way to feed dead sections from live ones, the best first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from gridmend.operations.configurations import (
    ISLAND_COUNTS,
    LIVE,
    Configuration,
    Merit,
    Tie,
    configuration_of,
)
from gridmend.operations.growing import BITS, Graph, Parts, begin, grow, room_for
from gridmend.operations.ranked import BY_HAND, CLOSING, WEIGHT

Floats = NDArray[np.float64]

ROWS_FIRST = 256
"""Parts of trees for which there is room at first."""

DONE_MOST = 64
"""Whole trees that are taken over at once."""

_NOTHING_YET = np.array([-np.inf, 0.0, 0.0, 0.0])


@dataclass(eq=False)
class Ways:
    """Every tree that grows from what is energised, the best first, made as they are asked for."""

    among: list[Tie]
    weights: Mapping[int, float]
    """Of each section: whole numbers, so that sums are exact."""
    parts: int = 0
    """Parts of trees that were looked at."""
    _ties: list[Tie] = field(init=False)
    _sections: list[int] = field(init=False)
    _graph: Graph = field(init=False)
    _growing: Parts = field(init=False)
    _done: list[tuple[Merit, int, Configuration]] = field(
        default_factory=list[tuple[Merit, int, Configuration]]
    )
    _number: int = 0

    def __post_init__(self) -> None:
        self._ties = sorted(self.among, key=lambda t: (not t.is_closed, t.switch))
        self._sections = sorted({LIVE, *(end for t in self._ties for end in (t.one, t.two))})
        self._graph = _graph_of(self._ties, self._sections, self.weights)
        self._growing = room_for(self._graph, ROWS_FIRST, ROWS_FIRST * (1 + len(self._ties)))
        begin(self._graph, self._growing, self._sections.index(LIVE))

    @property
    def best(self) -> Merit | None:
        """What no tree that is left can better; None where none is left."""
        waiting = self._growing.waiting
        ahead = [_merit(waiting.rank[waiting.heap[0]])] if waiting.count[0] else []
        return min([*ahead, *(merit for merit, *_ in self._done[:1])], default=None)

    def take(self, most: int) -> tuple[Merit, Configuration] | None:
        """The next tree, or None after so many parts of trees, or where none is left."""
        while most > 0:
            looked, is_full = self._grow(most)
            most -= looked
            self.parts += looked
            if not (looked or is_full):
                break
        if most <= 0 or not self._done:
            return None
        merit, _, here = heappop(self._done)
        return merit, here

    def give_back(self, merit: Merit, configuration: Configuration) -> None:
        """Rank a tree again, by what it is found to be worth."""
        self._number += 1
        heappush(self._done, (merit, self._number, configuration))

    def _grow(self, most: int) -> tuple[int, bool]:
        """Go on with at most so many parts of trees that come before the best that is whole; how
        many were looked at, and whether more room was made for them."""
        bound = _rank(self._done[0][0]) if self._done else _NOTHING_YET
        done = np.empty(DONE_MOST, np.int64)
        looked, whole, is_full = grow(self._graph, self._growing, bound, most, done)
        for row in done[:whole].tolist():
            self.give_back(_merit(self._growing.waiting.rank[row]), self._whole(row))
        if is_full:
            self._growing = _roomier(self._graph, self._growing)
        return looked, is_full

    def _whole(self, row: int) -> Configuration:
        p, tree = self._growing, list[Tie]()
        reached = {
            section
            for place, section in enumerate(self._sections)
            if int(p.reached[row, place // BITS]) >> place % BITS & 1
        }
        while row >= 0:
            if p.taken[row] >= 0:
                tree.append(self._ties[p.taken[row]])
            row = int(p.parent[row])
        return configuration_of(self.among, tuple(tree[::-1]), frozenset(reached))


def _graph_of(ties: list[Tie], sections: list[int], weights: Mapping[int, float]) -> Graph:
    """Ties by number and sections by place, as arrays."""
    place = {section: k for k, section in enumerate(sections)}
    ends = np.array([(place[t.one], place[t.two]) for t in ties], np.int64).reshape(-1, 2)
    at: list[list[int]] = [[] for _ in sections]
    for number, pair in enumerate(ends.tolist()):
        for end in pair:
            at[end].append(number)
    counts = [ISLAND_COUNTS if t.is_island else 1 for t in ties]
    closing = [c * (t.normally_open and not t.is_closed) for c, t in zip(counts, ties, strict=True)]
    return Graph(
        ends=ends,
        by_hand=np.array([t.by_hand for t in ties], np.int64),
        closing=np.array(closing, np.int64),
        start=np.cumsum([0, *map(len, at)]),
        at=np.array([number for here in at for number in here], np.int64),
        weight=np.array([weights.get(section, 0.0) for section in sections], np.float64),
        closed=np.array([sum(t.is_closed for t in ties)], np.int64),
    )


def _roomier(graph: Graph, full: Parts) -> Parts:
    """The same parts with twice the room."""
    wider = room_for(graph, 2 * len(full.held), 2 * len(full.edges))
    for name, was in zip(full._fields, full, strict=True):
        pairs = zip(getattr(wider, name), was, strict=True) if name == "waiting" else None
        for new, old in pairs or [(getattr(wider, name), was)]:
            new[: len(old)] = old
    return wider


def _merit(rank: Floats) -> Merit:
    by_hand, moves, closing = rank[BY_HAND : CLOSING + 1].astype(int).tolist()
    return -float(rank[WEIGHT]), by_hand, moves, closing


def _rank(merit: Merit) -> Floats:
    return np.array([-merit[0], *merit[1:]], np.float64)
