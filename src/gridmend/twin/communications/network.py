"""The communications of the twin: every value and every command crosses them, or is lost."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterable, Set
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np

from gridmend.model.errors import GridError, GridmendError
from gridmend.twin.communications.carriage import DROPPED, IN_FLIGHT, SENT, STORED
from gridmend.twin.communications.draws import LANES, WHOLE, Floats, Ints
from gridmend.twin.communications.ledger import Ledger, Way, number_of, way_number
from gridmend.twin.communications.links import Link
from gridmend.twin.communications.paths import Outage, Path, check
from gridmend.twin.communications.supply import Standing
from gridmend.twin.communications.traffic import Traffic
from gridmend.twin.streams import Streams

TRIES, AGAIN_S = 3, 1.0
"""How often a message is sent that is confirmed, and how long a confirmation is waited for [s].
Assumed: both are settings of every master station."""


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A message that an endpoint had kept and has now sent on: when it arrives."""

    endpoint: str
    arrival_s: float
    message: object


@dataclass(slots=True)
class Communications:
    """Links, paths and the state of both; a state machine whose time only goes forward.

    What becomes of a message is decided when it is sent: each link of its path is up or down as
    it is then, holds a place for it until it has left, and what is on its way arrives. Whoever
    runs the twin calls `advance` at `next_change_s`, so that stores are sent on in time.

    `buses` are the known buses, to refuse a link that is fed from another. Raises `GridError`
    where links, paths, outages and buses do not fit together, by `GridmendError` for a time that
    is past or no number.
    """

    links: tuple[Link, ...]
    paths: tuple[Path, ...]
    streams: Streams
    outages: tuple[Outage, ...] = ()
    buses: Collection[str] | None = None
    now_s: float = field(default=0.0, init=False)
    _link: dict[str, int] = field(init=False)
    _endpoint: dict[str, int] = field(init=False)
    _traffic: Traffic = field(init=False)
    _standing: tuple[Standing, ...] = field(init=False)
    _change_s: float = field(default=-math.inf, init=False)
    _stores: dict[int, deque[tuple[object, Ints]]] = field(init=False)
    _waiting: set[int] = field(default_factory=set[int], init=False)
    """Endpoints that keep messages."""

    def __post_init__(self) -> None:
        self.links, self.paths = tuple(self.links), tuple(self.paths)
        self._link = check(self.links, self.paths, self.buses)
        self._endpoint = {path.endpoint: k for k, path in enumerate(self.paths)}
        self._traffic = Traffic(self.links, self.paths, self.streams, self._link)
        self._standing = tuple(Standing(link) for link in self.links)
        self._stores = {k: deque() for k, path in enumerate(self.paths) if path.store}
        for outage in self.outages:
            self.plan_outage(outage)

    def number(self, endpoint: str) -> int:
        """The number of an endpoint, as `send_batch` takes it. Raises `GridError`."""
        return number_of(endpoint, self._endpoint, "endpoint")

    def send(
        self, endpoint: str, message: object, now_s: float, *, way: Way = "up"
    ) -> list[tuple[float, object]]:
        """Send one message: when it [s], and a copy of it, arrive at the other end.

        Before it come those that the endpoint had kept and sends on now. The list is empty where
        the message is lost or kept. Raises `GridError` for an unknown endpoint.
        """
        at, down = self.number(endpoint), way_number(way)
        self._to(now_s)
        store = None if down else self._stores.get(at)
        if store is None:
            return self._single(at, down, message)
        found = [a for kept in self._send_kept(at) for a in kept]
        # Where the path is open, all that was kept is gone by now.
        if self._traffic.is_open(at):
            return found + self._single(at, down, message)
        self._keep(at, message)
        return found

    def send_surely(
        self, endpoint: str, message: object, now_s: float, *, way: Way = "up"
    ) -> list[tuple[float, object]]:
        """The same of a message that is confirmed: one that gets lost is sent again, `TRIES` times
        in all and `AGAIN_S` apart, as masters and outstations of DNP3 do. Lost are those of which
        no try arrives; every try counts in the ledger."""
        for number in range(TRIES):
            found = self.send(endpoint, message, now_s, way=way)
            if found or not self.is_reachable(endpoint):
                return [(arrival_s + number * AGAIN_S, said) for arrival_s, said in found]
        return []

    def send_batch(self, which: Any, now_s: float, *, way: Way = "up") -> tuple[Floats, Floats]:
        """Send one message for each endpoint number: when each, and its copy, arrives.

        Both are [messages, s], nan for what is lost or was not made. A batch is for scans, where
        the next reading stands in for one that is lost: nothing of it is kept in a store. Raises
        `GridError` for a number that no endpoint has.
        """
        numbers = np.asarray(which)
        if numbers.ndim != 1 or (numbers.size and numbers.dtype.kind not in "iu"):
            raise GridError(
                "a batch is no row of endpoint numbers",
                where="which",
                mend="give whole numbers, as `number` says them",
            )
        down = way_number(way)
        self._to(now_s)
        return self._traffic.carry(np.ascontiguousarray(numbers, np.int64), down, batch=1)

    def advance(self, now_s: float) -> list[Forwarded]:
        """It is now; what endpoints had kept goes on, as far as their paths are open."""
        self._to(now_s)
        return [
            Forwarded(self.paths[at].endpoint, arrival_s, message)
            for at in sorted(self._waiting)
            for kept in self._send_kept(at)
            for arrival_s, message in kept
        ]  # fmt: skip

    @property
    def next_change_s(self) -> float:
        """When `advance` should be called next [s]; inf where nothing is to come.

        That is when a link goes down or comes back by itself, or, where a kept message waits for
        room on a link, when the next message leaves one.
        """
        waits = any(not self._traffic.is_down(at) for at in self._waiting)
        room_us = self._traffic.next_us() if waits else None
        room_s = math.inf if room_us is None else room_us / WHOLE
        return max(min(self._change_s, room_s), self.now_s)

    def set_supply(self, now_s: float, live: Iterable[str]) -> None:
        """From now on these buses have voltage and no others. Until then all have it."""
        if isinstance(live, str) or not isinstance(live, Iterable):
            raise GridError(
                f"the live buses are {live!r}", where="live", mend="give a set of their names"
            )
        live = live if isinstance(live, Set) else set(live)
        self._to(now_s)
        for standing in self._standing:
            if standing.link.bus:
                (standing.restore if standing.link.bus in live else standing.cut)(self.now_s)
        self._look()

    def plan_outage(self, outage: Outage) -> None:
        """A link will be down as planned. Raises `GridError` where that is past or no link."""
        link = number_of(outage.link, self._link, "link")
        if outage.start_s < self.now_s:
            raise GridError(
                f"an outage of link '{outage.link}' starts at {outage.start_s:g} s, "
                f"now it is {self.now_s:g} s",
                where="start_s",
                mend="plan it from now on",
            )
        self._standing[link].plan(outage, self.now_s)
        self._look()

    def is_up(self, link: str) -> bool:
        """Whether a link carries messages at `now_s`. Raises `GridError`."""
        return not self._traffic.down[number_of(link, self._link, "link")]

    def is_reachable(self, endpoint: str) -> bool:
        """Whether all links of its path are up at `now_s`. Raises `GridError`."""
        return not self._traffic.is_down(self.number(endpoint))

    def in_flight(self, now_s: float) -> int:
        """Messages on their way, both directions; copies apart from these."""
        self._to(now_s)
        ends = self._traffic.counts[LANES * len(self.links) :: 2]
        return int(ends[:, IN_FLIGHT].sum())

    def ledger(self, now_s: float) -> Ledger:
        """What became of every message until now."""
        self._to(now_s)
        return Ledger(self.now_s, self._link, self._endpoint, self._traffic.counts.copy())

    def _to(self, now_s: Any) -> None:
        """Bring time and state to now."""
        then_s = float(now_s) if isinstance(now_s, Real) else math.nan
        if not (math.isfinite(then_s) and round(then_s, 6) >= self.now_s):
            raise GridmendError(
                f"the communications cannot go to {now_s!r} s, now it is {self.now_s:g} s",
                where="now_s",
                mend="give a time in seconds from now on",
            )
        self.now_s = round(then_s, 6)
        self._traffic.settle(round(self.now_s * WHOLE))
        if self.now_s >= self._change_s:
            self._look()

    def _look(self) -> None:
        """Which links are down now, and when that may change."""
        self._traffic.down[:] = [not standing.is_up(self.now_s) for standing in self._standing]
        changes = (standing.next_change_s(self.now_s) for standing in self._standing)
        self._change_s = min(changes, default=math.inf)

    def _keep(self, at: int, message: object) -> None:
        """Into the endpoint's store, with the draws that are its own whenever it goes."""
        store, row = self._stores[at], LANES * (len(self.links) + at)
        draws = self._traffic.take(at, 0, 0)
        self._traffic.counts[row, SENT] += 1
        if len(store) == self.paths[at].store:
            store.popleft()
            self._traffic.counts[row, DROPPED] += 1
        else:
            self._traffic.counts[row, STORED] += 1
        store.append((message, draws))
        self._waiting.add(at)

    def _send_kept(self, at: int) -> list[list[tuple[float, object]]]:
        """What an endpoint had kept goes, in its order, until it is all gone or no room is left."""
        store, row = self._stores[at], LANES * (len(self.links) + at)
        found: list[list[tuple[float, object]]] = []
        while store and self._traffic.is_open(at):
            message, draws = store.popleft()
            # Sending counts it as sent, which it was already.
            self._traffic.counts[row, [SENT, STORED]] -= 1
            times = self._traffic.carry_apart(at, 0, 0, draws)
            found.append(self._arrivals(times, message))
        if not store:
            self._waiting.discard(at)
        return found

    def _single(self, at: int, way: int, message: object) -> list[tuple[float, object]]:
        arrival_s, copy_s = self._traffic.carry(np.array([at]), way, batch=0)
        return self._arrivals((arrival_s[0], copy_s[0]), message)

    @staticmethod
    def _arrivals(times: Any, message: object) -> list[tuple[float, object]]:
        return [(float(t), message) for t in times if t == t]
