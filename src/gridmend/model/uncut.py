"""What no switch cuts, taken as one: a walk over few parts where only switches differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmend.model.graph import Flags, Forest, Ints, adjacency, forest


@dataclass(frozen=True, eq=False)
class Uncut:
    """The parts of a network that no switch cuts, and how its switches join them.

    `part` [nodes] is numbered by the first node of each; `start`, `neighbour` and `via` are the
    graph of parts as `adjacency` has it, of the edges that switches make: `row` and `bit` [switch
    edges] say which conductor of which switch each is. Checked against a walk over all nodes.
    """

    part: Ints
    start: Ints
    neighbour: Ints
    via: Ints
    row: Ints
    bit: NDArray[np.uint8]

    @staticmethod
    def of(tree: Ints, ends: tuple[Ints, Ints], row: Ints, bit: NDArray[np.uint8]) -> Uncut:
        """Where `tree` [nodes] has the first node of each node's part, and switch edges these ends
        [nodes]."""
        part, count = numbered(tree)
        one, other = ends
        return Uncut(part, *adjacency(part[one], part[other], count), row, bit)

    def reached(self, open_phases: NDArray[np.uint8], nodes: Ints) -> Flags:
        """[nodes] whether a way leads there from any of some, switches [switches] open as these
        bits say."""
        return (self._walk(open_phases, self.part[nodes], together=True).tree >= 0)[self.part]

    def pieces(self, open_phases: NDArray[np.uint8]) -> tuple[Ints, int]:
        """[nodes] number of the piece that the parts joined then make, and how many there are."""
        every = np.arange(len(self.start) - 1, dtype=np.int64)
        number, count = numbered(self._walk(open_phases, every, together=False).tree)
        return number[self.part], count

    def _walk(self, open_phases: NDArray[np.uint8], seeds: Ints, *, together: bool) -> Forest:
        closed = (open_phases[self.row] & self.bit) == 0
        return forest(self.start, self.neighbour, self.via, closed, seeds, together=together)


def numbered(tree: Ints) -> tuple[Ints, int]:
    """Trees, each known by the first of its nodes, numbered from 0 on; and how many there are."""
    first = tree == np.arange(len(tree))
    return (np.cumsum(first) - 1)[tree], int(first.sum())
