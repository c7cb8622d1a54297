"""Every radial way to feed dead sections from live ones: trees over sections and switches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

LIVE = -1
"""The section that stands for all that is energised already."""


@dataclass(frozen=True, slots=True)
class Tie:
    """A switch that may feed one section from another; `LIVE` is all that is energised."""

    switch: int
    one: int
    two: int
    is_closed: bool


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


def ties(ends: Ints, *, live: Flags, banned: Flags, usable: Flags, closed: Flags) -> list[Tie]:
    """The switches that can bring supply to a dead section.

    `ends` [switches, 2] sections; `live`, `banned` [sections]; `usable`, `closed` [switches].
    """
    found: list[Tie] = []
    for switch in np.flatnonzero(usable & (ends >= 0).all(axis=1)).tolist():
        one, two = ends[switch].tolist()
        if one == two or banned[one] or banned[two] or (live[one] and live[two]):
            continue
        a, b = (LIVE if live[k] else k for k in (one, two))
        found.append(Tie(switch, a, b, bool(closed[switch])))
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


def configurations(among: list[Tie], *, most: int) -> Iterator[Configuration]:
    """Every tree that grows from what is energised, the fullest first; at most `most`.

    Branching on one switch of the frontier at a time, taken and then left out, gives each tree
    exactly once. Closed switches are taken first, so that the first tree is the one that needs
    the fewest moves.
    """
    by_section: dict[int, list[Tie]] = {}
    for tie in sorted(among, key=lambda t: (not t.is_closed, t.switch)):
        for end in (tie.one, tie.two):
            by_section.setdefault(end, []).append(tie)
    start = tuple(by_section.get(LIVE, ()))
    stack: list[tuple[tuple[Tie, ...], frozenset[int], tuple[Tie, ...]]] = [
        (start, frozenset({LIVE}), ())
    ]
    given = 0
    while stack and given < most:
        frontier, reached, tree = stack.pop()
        open_ended = [t for t in frontier if not (t.one in reached and t.two in reached)]
        if not open_ended:
            given += 1
            yield _configuration(among, tree, reached)
            continue
        tie = min(open_ended, key=lambda t: not t.is_closed)
        rest = tuple(t for t in open_ended if t is not tie)
        new = tie.two if tie.one in reached else tie.one
        seen = {t.switch for t in (*rest, tie)}
        left = tuple(t for t in by_section[new] if t.switch not in seen and t not in tree)
        stack.append((rest, reached, tree))
        stack.append(((*rest, *left), reached | {new}, (*tree, tie)))


def grown(among: list[Tie], start: Configuration) -> list[Configuration]:
    """The trees that one more switch makes of a tree, closed switches first."""
    reached = start.sections | {LIVE}
    taken = tuple(t for switch in start.closed for t in among if t.switch == switch)
    found: list[Configuration] = []
    for tie in sorted(among, key=lambda t: (not t.is_closed, t.switch)):
        if (tie.one in reached) != (tie.two in reached):
            new = tie.two if tie.one in reached else tie.one
            found.append(_configuration(among, (*taken, tie), reached | {new}))
    return found


def _configuration(
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
