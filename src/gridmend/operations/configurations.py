"""Every radial way to feed dead sections from live ones: trees over sections and switches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

Merit = tuple[float, int, int, int]
"""What is less is better: weight left out counts negative, then switches moved by hand, switches
moved, and ties closed, of which an island counts as `ISLAND_COUNTS`."""

ISLAND_COUNTS = 2
"""A tie comes before an island that would bring back as many: it does not run empty."""

LIVE = -1
"""The section that stands for all that is energised already."""


@dataclass(frozen=True, slots=True)
class Tie:
    """A switch that may feed one section from another; `LIVE` is all that is energised. A source
    that may form an island is one from there, too, by its number among the devices."""

    switch: int
    one: int
    two: int
    is_closed: bool
    by_hand: bool = False
    normally_open: bool = False
    is_island: bool = False


@dataclass(frozen=True, slots=True)
class Configuration:
    """Which switches feed which dead sections, and what that takes.

    `closed` are the switches of the tree, outward from what is energised; `to_close` and
    `to_open` the ones among them that must move, and those at its edge that must open.
    """

    closed: tuple[int, ...]
    sections: frozenset[int]
    to_close: tuple[int, ...]
    to_open: tuple[int, ...]


NOTHING = Configuration((), frozenset(), (), ())
"""The tree that feeds no dead section."""


def ties(
    ends: Ints,
    *,
    live: Flags,
    banned: Flags,
    usable: Flags,
    closed: Flags,
    by_hand: Flags | None = None,
    normally_open: Flags | None = None,
) -> list[Tie]:
    """The switches that can bring supply to a dead section.

    `ends` [switches, 2] sections; `live`, `banned` [sections]; `usable`, `closed`, `by_hand`,
    `normally_open` [switches].
    """
    found: list[Tie] = []
    for switch in np.flatnonzero(usable & (ends >= 0).all(axis=1)).tolist():
        one, two = ends[switch].tolist()
        if one == two or banned[one] or banned[two] or (live[one] and live[two]):
            continue
        a, b = (LIVE if live[k] else k for k in (one, two))
        hand = by_hand is not None and bool(by_hand[switch])
        opened = normally_open is not None and bool(normally_open[switch])
        found.append(Tie(switch, a, b, bool(closed[switch]), hand, opened))
    return found


def reachable(among: list[Tie]) -> set[int]:
    """The dead sections that some switching connects, and nothing else."""
    found = {LIVE}
    while (
        more := {end for t in among for end in (t.one, t.two) if t.one in found or t.two in found}
        - found
    ):
        found |= more
    return found - {LIVE}


@dataclass(frozen=True, slots=True)
class _Part:
    """A tree that grows: ties on its edge that are not decided on, and what it took so far.

    Ties go by number. `reached` are sections in the tree, as bits, and `held` is what they weigh.
    `weight` is what it may still come to, by `closing` switches more at the least.
    """

    edge: tuple[int, ...]
    reached: int
    held: float
    tree: tuple[int, ...]
    weight: float
    closing: int
    moved: tuple[int, int, int] = (0, 0, 0)


@dataclass(eq=False)
class Ways:
    """Every tree that grows from what is energised, the best first, made as they are asked for.

    Branching on one switch of the edge at a time, taken and then left out, gives each tree exactly
    once. A part of a tree is ranked by the best that may become of it: all that its edge still
    reaches, with the moves that are certain and a closing for each piece that no closed switch
    joins to it.
    """

    among: list[Tie]
    weights: Mapping[int, float]
    """Of each section: whole numbers, so that sums are exact."""
    parts: int = 0
    """Parts of trees that were looked at."""
    _ties: list[Tie] = field(init=False)
    _sections: list[int] = field(init=False)
    _ends: list[int] = field(init=False)
    """Of each tie the bits of both sections."""
    _at: list[list[int]] = field(init=False)
    """Of each section the ties there."""
    _weight: list[float] = field(init=False)
    _closed: int = field(init=False)
    """How many ties are closed: they come first."""
    _queue: list[tuple[Merit, int, int, _Part | Configuration]] = field(default_factory=list)
    _number: int = 0

    def __post_init__(self) -> None:
        self._ties = sorted(self.among, key=lambda t: (not t.is_closed, t.switch))
        self._closed = sum(tie.is_closed for tie in self._ties)
        self._sections = sorted({LIVE, *(end for t in self._ties for end in (t.one, t.two))})
        place = {section: k for k, section in enumerate(self._sections)}
        self._ends = [1 << place[t.one] | 1 << place[t.two] for t in self._ties]
        self._at = [[] for _ in self._sections]
        self._weight = [self.weights.get(section, 0.0) for section in self._sections]
        for number, tie in enumerate(self._ties):
            for end in (tie.one, tie.two):
                self._at[place[end]].append(number)
        live = 1 << place[LIVE]
        edge, held = tuple(self._at[place[LIVE]]), self._weight[place[LIVE]]
        self._push(_Part(edge, live, held, (), *self._within(edge, live, held)))

    @property
    def best(self) -> Merit | None:
        """What no tree that is left can better; None where none is left."""
        return self._queue[0][0] if self._queue else None

    def take(self, most: int) -> tuple[Merit, Configuration] | None:
        """The next tree, or None after so many parts of trees, or where none is left."""
        for _ in range(most):
            if not self._queue:
                return None
            merit, _, _, here = heappop(self._queue)
            if isinstance(here, Configuration):
                return merit, here
            self._divide(here)
        return None

    def give_back(self, merit: Merit, configuration: Configuration) -> None:
        """Rank a tree again, by what it is found to be worth."""
        self._number += 1
        heappush(self._queue, (merit, 0, self._number, configuration))

    def _divide(self, part: _Part) -> None:
        self.parts += 1
        ties, ends = self._ties, self._ends
        if not part.edge:
            tree = tuple(ties[k] for k in part.tree)
            reached = frozenset(s for k, s in enumerate(self._sections) if part.reached >> k & 1)
            here = configuration_of(self.among, tree, reached)
            self.give_back((-part.weight, *part.moved), here)
            return
        chosen = next((k for k in part.edge if k < self._closed), part.edge[0])
        tie, rest = ties[chosen], tuple(k for k in part.edge if k != chosen)
        left_out = _more(part.moved, (tie,)) if tie.is_closed else part.moved
        within = self._within(rest, part.reached, part.held)
        self._push(_Part(rest, part.reached, part.held, part.tree, *within, left_out))
        new = ends[chosen] & ~part.reached
        place, reached = new.bit_length() - 1, part.reached | new
        held = part.held + self._weight[place]
        edge = tuple(k for k in (*rest, *self._at[place]) if ends[k] & ~reached)
        moved = part.moved if tie.is_closed else _more(part.moved, (tie,))
        # one that closes a loop in the tree must be open; one left out before is counted already
        loops = (ties[k] for k in rest if ties[k].is_closed and not ends[k] & ~reached)
        moved = _more(moved, tuple(loops))
        # what may still be reached is as before, by the same ties
        within = part.weight, part.closing
        if not tie.is_closed:
            within = self._within(edge, reached, held)
        self._push(_Part(edge, reached, held, (*part.tree, chosen), *within, moved))

    def _push(self, part: _Part) -> None:
        self._number += 1
        by_hand, moves, closing = part.moved
        merit = -part.weight, by_hand, moves + part.closing, closing
        heappush(self._queue, (merit, -len(part.tree), -self._number, part))

    def _within(self, edge: tuple[int, ...], reached: int, held: float) -> tuple[float, int]:
        """The weight of what a tree has reached, which is `held`, and still may; and how many open
        ties must close for that: one for each piece of some weight that closed ones join."""
        ends, at, weight, closed = self._ends, self._at, self._weight, self._closed
        within, total, was, closing = reached, held, math.inf, 0
        todo, later = [k for k in edge if k < closed], [k for k in edge if k >= closed]
        while True:
            while todo:
                new = ends[todo.pop()] & ~within
                if new:
                    within |= new
                    here = new.bit_length() - 1
                    total += weight[here]
                    for k in at[here]:
                        (todo if k < closed else later).append(k)
            closing += total > was
            if not later:
                return total, closing
            was = total
            todo.append(later.pop())


def _more(moved: tuple[int, int, int], switches: tuple[Tie, ...]) -> tuple[int, int, int]:
    by_hand, moves, closing = moved
    for tie in switches:
        by_hand += tie.by_hand
        moves += 1
        counts = ISLAND_COUNTS if tie.is_island else 1
        closing += counts * (tie.normally_open and not tie.is_closed)
    return by_hand, moves, closing


def configurations(
    among: list[Tie], *, most: int, weights: Mapping[int, float] | None = None
) -> Iterator[Configuration]:
    """Every tree that grows from what is energised, the best first; at most `most`.

    Without weights every section weighs the same.
    """
    ways = Ways(among, weights or dict.fromkeys(reachable(among), 1.0))
    given = 0
    while given < most and ways.best is not None:
        found = ways.take(1)
        if found is not None:
            given += 1
            yield found[1]


def grown(among: list[Tie], start: Configuration) -> list[Configuration]:
    """The trees that one more switch makes of a tree: closed switches first, those by hand last."""
    reached = start.sections | {LIVE}
    taken = tuple(t for switch in start.closed for t in among if t.switch == switch)
    found: list[Configuration] = []
    for tie in sorted(among, key=lambda t: (not t.is_closed, t.by_hand, t.switch)):
        if (tie.one in reached) != (tie.two in reached):
            new = tie.two if tie.one in reached else tie.one
            found.append(configuration_of(among, (*taken, tie), reached | {new}))
    return found


def fullest(among: list[Tie]) -> Configuration:
    """A tree that reaches all that can be reached, along switches that are closed first."""
    here = NOTHING
    while wider := grown(among, here):
        here = wider[0]
    return here


def configuration_of(
    among: list[Tie], tree: tuple[Tie, ...], reached: frozenset[int]
) -> Configuration:
    taken = {t.switch for t in tree}
    edge = [t for t in among if t.is_closed and t.switch not in taken]
    return Configuration(
        closed=tuple(t.switch for t in tree),
        sections=reached - {LIVE},
        to_close=tuple(t.switch for t in tree if not t.is_closed),
        to_open=tuple(t.switch for t in edge if t.one in reached or t.two in reached),
    )
