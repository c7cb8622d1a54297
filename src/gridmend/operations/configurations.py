"""Every radial way to feed dead sections from live ones: trees over sections and switches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

Merit = tuple[float, int, int, int]
"""What is less is better: weight left out counts negative, then switches moved by hand, switches
moved, and ties closed."""

LIVE = -1
"""The section that stands for all that is energised already."""


@dataclass(frozen=True, slots=True)
class Tie:
    """A switch that may feed one section from another; `LIVE` is all that is energised."""

    switch: int
    one: int
    two: int
    is_closed: bool
    by_hand: bool = False
    normally_open: bool = False


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
    """A tree that grows: switches on its edge that are not decided on, and what it took so far."""

    edge: tuple[Tie, ...]
    reached: frozenset[int]
    tree: tuple[Tie, ...]
    moved: tuple[int, int, int] = (0, 0, 0)


@dataclass(eq=False)
class Ways:
    """Every tree that grows from what is energised, the best first, made as they are asked for.

    Branching on one switch of the edge at a time, taken and then left out, gives each tree exactly
    once. A part of a tree is ranked by the best that may become of it: all that its edge still
    reaches, with the moves that are certain.
    """

    among: list[Tie]
    weights: Mapping[int, float]
    """Of each section."""
    parts: int = 0
    """Parts of trees that were looked at."""
    _by_section: dict[int, list[Tie]] = field(default_factory=dict)
    _queue: list[tuple[Merit, int, int, _Part | Configuration]] = field(default_factory=list)
    _number: int = 0

    def __post_init__(self) -> None:
        for tie in sorted(self.among, key=lambda t: (not t.is_closed, t.switch)):
            for end in (tie.one, tie.two):
                self._by_section.setdefault(end, []).append(tie)
        start = tuple(self._by_section.get(LIVE, ()))
        self._push(_Part(start, frozenset({LIVE}), ()))

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
        if not part.edge:
            self.give_back(
                self._merit(part.reached, part.moved),
                configuration_of(self.among, part.tree, part.reached),
            )
            return
        tie = min(part.edge, key=lambda t: not t.is_closed)
        rest = tuple(t for t in part.edge if t is not tie)
        left_out = _more(part.moved, (tie,)) if tie.is_closed else part.moved
        self._push(_Part(rest, part.reached, part.tree, left_out))
        new = tie.two if tie.one in part.reached else tie.one
        reached = part.reached | {new}
        known = {t.switch for t in (*rest, tie, *part.tree)}
        edge = (*rest, *(t for t in self._by_section[new] if t.switch not in known))
        open_ended = tuple(t for t in edge if not (t.one in reached and t.two in reached))
        moved = part.moved if tie.is_closed else _more(part.moved, (tie,))
        # one that closes a loop in the tree must be open; one left out before is counted already
        loops = (
            t for t in edge if t.is_closed and t in rest and t.one in reached and t.two in reached
        )
        self._push(_Part(open_ended, reached, (*part.tree, tie), _more(moved, tuple(loops))))

    def _push(self, part: _Part) -> None:
        within, todo = set(part.reached), list(part.edge)
        while todo:
            tie = todo.pop()
            for end in (tie.one, tie.two):
                if end not in within:
                    within.add(end)
                    todo += self._by_section[end]
        self._number += 1
        entry = (self._merit(within, part.moved), -len(part.tree), -self._number, part)
        heappush(self._queue, entry)

    def _merit(self, sections: set[int] | frozenset[int], moved: tuple[int, int, int]) -> Merit:
        return -sum(self.weights.get(k, 0.0) for k in sorted(sections)), *moved


def _more(moved: tuple[int, int, int], switches: tuple[Tie, ...]) -> tuple[int, int, int]:
    by_hand, moves, closing = moved
    for tie in switches:
        by_hand += tie.by_hand
        moves += 1
        closing += tie.normally_open and not tie.is_closed
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
    """The trees that one more switch makes of a tree, closed switches first."""
    reached = start.sections | {LIVE}
    taken = tuple(t for switch in start.closed for t in among if t.switch == switch)
    found: list[Configuration] = []
    for tie in sorted(among, key=lambda t: (not t.is_closed, t.switch)):
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
