"""The draws of each link: drawn ahead in blocks, one of each purpose for each message.

A link has streams of its own for each purpose, for each direction, and apart for batches and
single messages: commands that another policy sends leave the fortunes of the scans as they are.
Message n takes the n-th draw of every purpose, whatever becomes of it, so that no rate, outage
or full queue moves the draws of another. A stream whose rate is zero is not read: nobody else
would see it. Those of copies are read only for messages of which there is a copy, at their n.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridmend.twin.communications.links import EXCESS_MOST, Link
from gridmend.twin.streams import Streams

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LANES = 4
"""Of each link: up and down, each for single messages and for batches."""
WHOLE = 1_000_000
"""Times are whole microseconds."""
LOST, COPIED = 1 << 60, 1 << 61
"""What a draw says beside the delay [µs] in its lower bits: lost by chance, and copied."""
DELAY = LOST - 1

_FIRST, _MOST = 16, 1024
"""Draws ahead: a lane's first block, and the longest, to which it grows fourfold."""


class Ahead(NamedTuple):
    """What the compiled loops read: lane n's draws are those from `start` to `start` + `size`."""

    pool: Ints
    """Delays [µs] with the marks `LOST` and `COPIED`."""
    copies: Ints
    """The same for the copies, where there may be some."""
    start: Ints
    size: Ints
    cursor: Ints
    """[lanes] draws of the block that are used up."""

    @staticmethod
    def empty(lanes: int, draws: int) -> Ahead:
        """Room for draws, and none there."""
        start, size, cursor = (np.zeros(lanes, np.int64) for _ in range(3))
        return Ahead(np.zeros(draws, np.int64), np.zeros(draws, np.int64), start, size, cursor)


def lane_of(link: int, way: int, batch: int) -> int:
    """The lane of a link: `way` is 0 up or 1 down, `batch` 1 for messages of a batch."""
    return LANES * link + 2 * way + batch


@dataclass(slots=True)
class Draws:
    """The blocks of all lanes; a state machine that only goes forward."""

    links: Sequence[Link]
    streams: Streams
    ahead: Ahead = field(init=False)
    _end: int = 0
    _before: Ints = field(init=False)
    """[lanes] draws of the blocks that are gone."""
    _generators: dict[tuple[int, str], np.random.Generator] = field(
        default_factory=dict[tuple[int, str], np.random.Generator]
    )
    _read: dict[tuple[int, str], int] = field(default_factory=dict[tuple[int, str], int])
    """How far the streams of copies are read."""

    def __post_init__(self) -> None:
        lanes = LANES * len(self.links)
        self.ahead = Ahead.empty(lanes, _FIRST * max(lanes, 1))
        self._before = np.zeros(lanes, np.int64)

    def refill(self, lane: int) -> None:
        """Draw the next block of a lane whose block is used up."""
        size = int(self.ahead.size[lane])
        self._before[lane] += size
        if size < _MOST:
            size = 4 * size if size else _FIRST
            self._place(lane, size)
        link, start = self.links[lane // LANES], int(self.ahead.start[lane])
        draws = np.full(size, round(link.latency_s * WHOLE), np.int64)
        if link.jitter_s > 0:
            excess = self._stream(lane, "latency").standard_exponential(size)
            np.minimum(excess, EXCESS_MOST, out=excess)
            excess *= link.jitter_s * WHOLE
            draws += np.rint(excess, out=excess).astype(np.int64)
        for purpose, rate, mark in (
            ("reordering", link.reordering, round(link.reordering_delay_s * WHOLE)),
            ("loss", link.loss, LOST),
            ("duplication", link.duplication, COPIED),
        ):
            if rate > 0:
                struck = np.flatnonzero(self._stream(lane, purpose).random(size) < rate)
                draws[struck] += mark
        self.ahead.pool[start : start + size] = draws
        self.ahead.cursor[lane] = 0

    def take(self, lane: int) -> tuple[int, int]:
        """The draws of the next message and of its copy, which are used up with it."""
        if self.ahead.cursor[lane] == self.ahead.size[lane]:
            self.refill(lane)
        ahead = self.ahead
        at = int(ahead.cursor[lane])
        ahead.cursor[lane] += 1
        draw = int(ahead.pool[ahead.start[lane] + at])
        return draw, self._of_copy(lane, int(self._before[lane]) + at)

    def _of_copy(self, lane: int, number: int) -> int:
        """The draw of the copy of a lane's message: its delay [µs], and whether it is lost."""
        link = self.links[lane // LANES]
        excess = min(-math.log1p(-self._at(lane, "latency of copies", number)), EXCESS_MOST)
        draw = round((link.latency_s + link.jitter_s * excess) * WHOLE)
        return draw + LOST * (self._at(lane, "loss of copies", number) < link.loss)

    def _at(self, lane: int, purpose: str, number: int) -> float:
        """The uniform draw of that number; they are asked for in rising order."""
        stream, key = self._stream(lane, purpose), (lane, purpose)
        if skipped := number - self._read.get(key, 0):
            # One draw is one step of this generator.
            stream.bit_generator.advance(skipped)  # pyright: ignore[reportAttributeAccessIssue]
        self._read[key] = number + 1
        return float(stream.random())

    def _place(self, lane: int, size: int) -> None:
        """Room for longer blocks of a lane; its old place is given up, less than it gets."""
        ahead = self.ahead
        if self._end + size > len(ahead.pool):
            pool = np.zeros(2 * (self._end + size), np.int64)
            pool[: self._end] = ahead.pool[: self._end]
            self.ahead = ahead._replace(pool=pool)
        ahead.start[lane], ahead.size[lane] = self._end, size
        self._end += size

    def _stream(self, lane: int, purpose: str) -> np.random.Generator:
        key = (lane, purpose)
        if key not in self._generators:
            link, rest = divmod(lane, LANES)
            way, manner = ("up", "down")[rest // 2], ("single", "batch")[rest % 2]
            name = self.links[link].name
            self._generators[key] = self.streams.of("communications", name, way, manner, purpose)
        return self._generators[key]
