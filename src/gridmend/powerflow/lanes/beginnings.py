"""Where blocks of a series begin, as far as the steps that were run tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.lanes.progress import SAME_PU, Trail

WINDOW, STRIDE = 48, 11
"""Of so many steps the lightest and the heaviest are run to guess where blocks begin: where
controls end hangs on the ends of each swing of demand, and hardly on the steps between. At these
ends legs that jump are beside their limits, so that lanes cannot settle them; where there are any,
one of so many steps is run instead, no divisor of a day's hours."""


@dataclass(frozen=True, eq=False)
class Positions:
    """Where the controls' own devices stand: taps [pu] and steps of banks, or [blocks] of these."""

    tap: Floats
    on: Ints

    def same(self, other: Positions) -> Any:
        """Whether nothing differs by more than the rounding of a tap."""
        near = np.abs(self.tap - other.tap) < SAME_PU
        return near.all(axis=-1) & (self.on == other.on).all(axis=-1)

    def times(self, blocks: int) -> Positions:
        """The same in each of some blocks."""
        return Positions(np.tile(self.tap, (blocks, 1)), np.tile(self.on, (blocks, 1)))

    def of(self, block: int) -> Positions:
        """Those of one of several blocks."""
        return Positions(self.tap[block], self.on[block])

    @staticmethod
    def after(trail: Trail, step: int) -> Positions:
        """Those at the end of a step."""
        return Positions(trail.tap[step].copy(), trail.on[step].copy())


def swings(level: Floats, edges: list[tuple[int, int]]) -> Ints:
    """The steps of least and of most demand `level` [steps] of every window of each block."""
    return np.unique(_swings(level, np.array(edges)))


@compiled
def _swings(level: Floats, edges: Ints) -> Ints:
    found = np.empty(2 * (len(level) // WINDOW + len(edges)), np.int64)
    count = 0
    for k in range(len(edges)):
        for at in range(edges[k, 0], edges[k, 1], WINDOW):
            here = level[at : min(at + WINDOW, edges[k, 1])]
            found[count], found[count + 1] = at + here.argmin(), at + here.argmax()
            count += 2
    return found[:count]


def carried(trail: Trail, edges: list[tuple[int, int]], began: Positions) -> Positions:
    """Where each block truly begins: where the one before it ended.

    Of a block that itself began elsewhere, the end is a guess: a device that did not move in it
    is taken to stay where it truly was, for some move once in a year; so is one that only moved
    toward where it truly was, for from there it need not.
    """
    truly = Positions(began.tap.copy(), began.on.copy())
    _carry(trail.tap, trail.on, np.array(edges), began.tap, began.on, truly.tap, truly.on)
    return truly


@compiled
def _carry(
    tap: Floats, on: Ints, edges: Ints, began_tap: Floats, began_on: Ints, truly_tap: Floats,
    truly_on: Ints,
) -> None:  # fmt: skip
    for k in range(len(edges) - 1):
        way = slice(edges[k, 0], edges[k, 1])
        if (
            not (np.abs(truly_tap[k] - began_tap[k]) < SAME_PU).all()
            or not (truly_on[k] == began_on[k]).all()
        ):
            truly_tap[k + 1] = likely_end(began_tap[k], tap[way], truly_tap[k], SAME_PU)
            truly_on[k + 1] = likely_end(began_on[k], on[way], truly_on[k], 0.5)
        else:
            truly_tap[k + 1], truly_on[k + 1] = tap[edges[k, 1] - 1], on[edges[k, 1] - 1]


@compiled
def likely_end(given: Any, way: Any, truly: Any, same: float) -> Any:
    """Where each device likely ends that was truly elsewhere than `given` before a `way` [steps,
    devices]: where it was, if it went only toward there and not beyond, else where the way ends."""
    end = way[-1].copy()
    for k in range(len(end)):
        up, down, before = end[k] < truly[k] + same, end[k] > truly[k] - same, given[k]
        for n in range(len(way)):
            up &= way[n, k] - before > -same
            down &= way[n, k] - before < same
            before = way[n, k]
        if up or down:
            end[k] = truly[k]
    return end
