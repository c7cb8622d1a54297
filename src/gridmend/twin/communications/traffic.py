"""Traffic: what is on its way, and the counts; it drives the compiled loops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import GridError
from gridmend.twin.communications.carriage import (
    COLUMNS,
    IN_FLIGHT,
    Pending,
    Wiring,
    carry,
    settle,
)
from gridmend.twin.communications.draws import (
    LANES,
    Ahead,
    Draws,
    Floats,
    Ints,
    lane_of,
)
from gridmend.twin.communications.links import Link
from gridmend.twin.communications.paths import Path
from gridmend.twin.streams import Streams


@dataclass(slots=True)
class Traffic:
    """The messages of all links and endpoints, by number; a state machine.

    `down` [links] is written by whoever knows. Endpoints and links are told apart by their
    numbers, the ways as 0 up and 1 down.
    """

    links: Sequence[Link]
    paths: Sequence[Path]
    streams: Streams
    number: dict[str, int]
    """Of each link."""
    down: NDArray[np.bool_] = field(init=False)
    counts: Ints = field(init=False)
    """[rows, columns] as `carriage` says."""
    now_us: int = 0
    _wiring: Wiring = field(init=False)
    _draws: Draws = field(init=False)
    _pending: Pending = field(init=False)
    _apart: Ahead = field(init=False)
    """The draws of one message that is sent apart: of which there is a copy, or that was kept."""

    def __post_init__(self) -> None:
        links, paths = len(self.links), len(self.paths)
        self.down = np.zeros(links, bool)
        self.counts = np.zeros((LANES * (links + paths), COLUMNS), np.int64)
        self._wiring = _wiring(self.links, self.paths, self.number)
        self._draws = Draws(self.links, self.streams)
        self._pending = Pending.empty(64)
        longest = max((len(path.links) for path in self.paths), default=0)
        self._apart = Ahead.empty(LANES * links, longest)

    def settle(self, now_us: int) -> None:
        """It is now; what has arrived is in flight no longer."""
        self.now_us = now_us
        settle(now_us, self._pending, self.counts)

    def next_us(self) -> int | None:
        """When the next message leaves a link or arrives; None where none is on its way."""
        on_way = self._pending.time_us[: self._pending.length[0]]
        return int(on_way.min()) if len(on_way) else None

    def carry(self, which: Ints, way: int, *, batch: int) -> tuple[Floats, Floats]:
        """Send messages with the next draws of their lanes."""
        self._make_room(len(which))
        out_s = np.empty((2, len(which)))
        done = self._run(which, way, batch, 0, out_s)
        while done < len(which):
            if done < 0:
                raise GridError(
                    f"there is no endpoint number {which[-1 - done]}",
                    where="which",
                    mend=f"give numbers from 0 to {len(self.paths) - 1}",
                )
            at = int(which[done])
            if not self._refill(at, way, batch):
                draws = self.take(at, way, batch)
                out_s[:, done] = self.carry_apart(at, way, batch, draws)
                done += 1
            done = self._run(which, way, batch, done, out_s)
        return out_s[0], out_s[1]

    def _run(self, which: Ints, way: int, batch: int, begin: int, out_s: Floats) -> int:
        return carry(
            which, way, batch, self.now_us, begin, False, self._wiring, self._draws.ahead,
            self.down, self._pending, self.counts, out_s,
        )  # fmt: skip

    def carry_apart(self, at: int, way: int, batch: int, draws: Ints) -> Floats:
        """Send one message with draws of its own, [hops, 2]; when it and its copy arrive."""
        self._make_room(1)
        apart, out_s = self._apart, np.empty((2, 1))
        apart.pool[: len(draws)], apart.copies[: len(draws)] = draws.T
        for hop, link in enumerate(self.hops(at)):
            lane = lane_of(int(link), way, batch)
            apart.start[lane], apart.size[lane], apart.cursor[lane] = hop, 1, 0
        carry(
            np.array([at]), way, batch, self.now_us, 0, True, self._wiring, apart,
            self.down, self._pending, self.counts, out_s,
        )  # fmt: skip
        return out_s[:, 0]

    def take(self, at: int, way: int, batch: int) -> Ints:
        """The draws of an endpoint's next message and its copy, [hops, 2]."""
        return np.array([self._draws.take(lane_of(int(k), way, batch)) for k in self.hops(at)])

    def _refill(self, at: int, way: int, batch: int) -> bool:
        """Draw ahead for the links of a path that have no draws left; whether there were any."""
        ahead = self._draws.ahead
        lanes = [lane_of(int(link), way, batch) for link in self.hops(at)]
        used_up = [lane for lane in lanes if ahead.cursor[lane] == ahead.size[lane]]
        for lane in used_up:
            self._draws.refill(lane)
        return bool(used_up)

    def _make_room(self, messages: int) -> None:
        """Room for each message and its copy, on each link and as a whole."""
        pending = self._pending
        need = int(pending.length[0]) + messages * 2 * (len(self._apart.pool) + 1)
        if need > len(pending.time_us):
            more = np.zeros(2 * need - len(pending.time_us), np.int64)
            self._pending = pending._replace(
                time_us=np.concatenate([pending.time_us, more]),
                row=np.concatenate([pending.row, more]),
            )

    def hops(self, at: int) -> Ints:
        """The links of an endpoint's path."""
        return self._wiring.link[self._wiring.first[at] : self._wiring.first[at + 1]]

    def is_down(self, at: int) -> bool:
        """Whether any link of a path is down."""
        return bool(self.down[self.hops(at)].any())

    def is_open(self, at: int) -> bool:
        """Whether all links of a path are up and have room."""
        hops = self.hops(at)
        here = self.counts[LANES * hops, IN_FLIGHT] + self.counts[LANES * hops + 2, IN_FLIGHT]
        return not (self.down[hops] | (here >= self._wiring.most[hops])).any()


def _wiring(links: Sequence[Link], paths: Sequence[Path], number: dict[str, int]) -> Wiring:
    hops = [number[name] for path in paths for name in path.links]

    return Wiring(
        first=np.cumsum([0, *(len(path.links) for path in paths)]),
        link=np.array(hops, np.int64),
        most=np.array([link.most_in_flight for link in links], np.int64),
    )
