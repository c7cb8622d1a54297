"""Radial ways to feed dead sections from live ones: trees over sections and switches."""

from __future__ import annotations

from dataclasses import dataclass

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
