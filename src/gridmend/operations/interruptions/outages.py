"""Which outage an opening belongs to: its own, one that is being restored, or planned work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from gridmend.model.arrays import Flags, Ints
from gridmend.operations.indices import MOMENTARY_MIN

AGAIN_S = 60 * MOMENTARY_MIN
"""A device that trips again within this after its customers were back goes on with its outage."""
REST_S = 1800.0
"""So long after everything stands as before an outage is still being cleared up. Assumed."""


@dataclass(eq=False)
class Outage:
    """An interruption event, and how far its restoration is."""

    name: str
    device: str
    began_s: float
    planned: bool
    loads: Flags
    """[loads] who lost supply in it."""
    nodes: Ints
    """What lost its voltage in it."""
    feeders: set[str]
    devices: set[str] = field(default_factory=set[str])
    """What opened in it."""
    ties: set[str] = field(default_factory=set[str])
    """What was closed to bring its customers back and stands open normally."""
    dark: int = 0
    """Numbers of customers that it keeps out."""
    lived_s: float = 0.0
    """When its customers were last out, or its devices not where they stand normally."""


@dataclass(eq=False)
class Outages:
    """All outages of a walk through the journal; those that may still go on are `live`.

    `feeders` are [loads], `away` keys of devices that do not stand where they do normally.
    """

    feeders: Sequence[str]
    every: list[Outage] = field(default_factory=list[Outage])
    live: list[Outage] = field(default_factory=list[Outage])
    away: set[str] = field(default_factory=set[str])

    def is_live(self, one: Outage) -> bool:
        """Whether its customers are out, or its devices stand elsewhere than normally."""
        return one.dark > 0 or bool((one.devices | one.ties) & self.away)

    def is_open(self, one: Outage) -> bool:
        """Whether any device that opened in it is still open."""
        return bool(one.devices & self.away)

    def at(self, now_s: float) -> None:
        """Time has gone on: forget what is over."""
        for one in self.live:
            if self.is_live(one):
                one.lived_s = now_s
        self.live = [one for one in self.live if now_s - one.lived_s <= REST_S]

    def opened(
        self, key: str, now_s: float, *, lost: Ints, loads: Ints, place: Ints, asked: str | None
    ) -> Outage | None:
        """The outage that an opening is of; None where it put nobody out and is of none.

        `lost` are nodes that lost their voltage by it, `loads` rows that have any of them, `place`
        the nodes of the device. `asked` is None where protection opened it, else the order that
        it was commanded by, empty without one.
        """
        if not len(loads):
            found = self._darkened(place)
        elif asked is None:
            found = self._again(key, now_s)
        else:
            found = self._restored(loads, has_order=bool(asked))
        if found is None and len(loads):
            found = Outage(
                named(key, now_s), key, now_s, asked is not None,
                np.zeros(len(self.feeders), bool), np.empty(0, np.int64), set(), lived_s=now_s,
            )  # fmt: skip
            self.every.append(found)
            self.live.append(found)
        if found is not None:
            found.devices.add(key)
            found.loads[loads] = True
            found.nodes = np.union1d(found.nodes, lost)
            found.feeders.update(self.feeders[int(row)] for row in loads)
            found.lived_s = now_s
        return found

    def _darkened(self, place: Ints) -> Outage | None:
        """Who opens while it is dead is of the outage that made it so."""
        dark = (one for one in self.live if one.dark and np.isin(place, one.nodes).any())
        return next(dark, None)

    def _again(self, key: str, now_s: float) -> Outage | None:
        """Reclosing: what tripped goes on with its outage, while that lasts or soon after."""
        for one in reversed(self.live):
            soon = now_s - one.lived_s <= AGAIN_S
            if one.device == key and not one.planned and (self.is_live(one) or soon):
                return one
        return None

    def _restored(self, loads: Ints, *, has_order: bool) -> Outage | None:
        """An opening by hand is a step of the outage that hit its customers and is not over, else,
        where no switching order says otherwise, of one on their feeder that is not planned."""
        for one in sorted(self.live, key=lambda one: (one.planned, -one.began_s)):
            if one.loads[loads].any():
                return one
        feeders = {self.feeders[int(row)] for row in loads}
        for one in () if has_order else reversed(self.live):
            if not one.planned and one.feeders & feeders:
                return one
        return None

    def of_nodes(self, nodes: Ints, now_s: float) -> Outage | None:
        """The last outage that something at these nodes may have caused."""
        hit = (
            one
            for one in reversed(self.every)
            if one.began_s <= now_s and not one.planned and np.isin(nodes, one.nodes).any()
        )
        return next(hit, None)


def named(device: str, now_s: float) -> str:
    """The name of an event: its device and when it began."""
    at = datetime.fromtimestamp(round(now_s, 3), UTC)
    return f"{device}@{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def rows_hit(lost: Flags, load_nodes: tuple[Ints, Ints]) -> Ints:
    """Rows of loads with a conductor at any of some nodes."""
    rows, nodes = load_nodes
    return np.unique(rows[lost[nodes]])


def joined(names: Iterable[int]) -> tuple[int, ...]:
    """Numbers in order, each once."""
    return tuple(sorted(set(names)))
