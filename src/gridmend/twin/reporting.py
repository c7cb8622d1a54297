"""What RTUs report at their scans, and how the links carry it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.model.event import Event
from gridmend.twin.communications.network import AGAIN_S, TRIES, Communications
from gridmend.twin.telemetry.points import Points, Quantity
from gridmend.twin.telemetry.scan import Reports, Scanner
from gridmend.twin.told import TOLD, Told

_NAMES = ("point", "time_s", "sent_s", "stamp_s", "value")


@dataclass(eq=False)
class Reporting:
    """Scans that are read late, but of the truth of their time; it goes on in place.

    Whoever changes the truth calls `read` first, up to just before. Reports of where a device
    stands become events, which `arrive` takes with their time; the others are values.
    """

    scanner: Scanner
    links: Communications
    tell: Told
    true: Floats
    arrive: Callable[[float, Event], None]
    _values: list[Reports] = field(default_factory=list[Reports])
    _arrivals: list[Floats] = field(default_factory=list[Floats])

    @property
    def points(self) -> Points:
        """What is measured."""
        return self.scanner.points

    def read(self, until_s: float) -> None:
        """Read all scans up to a time, and send what they report."""
        if not self.scanner.scans_to(until_s):
            return
        reports = self.scanner.read(self.true, until_s)
        if not len(reports):
            return
        points = self.points
        told = np.isin(points.quantity[reports.point], TOLD)
        arrival_s = self._carried(reports, points.unit_of[reports.point])
        there = ~np.isnan(arrival_s)
        for k in np.flatnonzero(told & there).tolist():
            at = int(reports.point[k])
            event = self.tell.report(at, float(reports.stamp_s[k]), float(reports.value[k]))
            if event is not None:
                self.arrive(float(arrival_s[k]), event)
        keep = there & ~told
        self._values.append(Reports(*(getattr(reports, name)[keep] for name in _NAMES)))
        self._arrivals.append(arrival_s[keep])

    def values(self, now_s: float) -> tuple[Reports, Floats]:
        """The values that have arrived since it was last asked, and when each did [s]."""
        empty = Reports(np.empty(0, np.int64), *(np.empty(0) for _ in range(4)))
        every = [empty, *self._values]
        found = [np.concatenate([getattr(r, name) for r in every]) for name in _NAMES]
        arrival_s = np.concatenate([np.empty(0), *self._arrivals])
        here = arrival_s <= now_s
        self._values = [Reports(*(a[~here] for a in found))]
        self._arrivals = [arrival_s[~here]]
        order = np.argsort(arrival_s[here], kind="stable")
        return Reports(*(a[here][order] for a in found)), arrival_s[here][order]

    def poll(self, now_s: float) -> float:
        """Every RTU is asked now where its devices stand; when the last answer arrives [s].

        An RTU that does not answer is asked again, like with any confirmed message; it says nothing
        where no question, or no answer, arrives.
        """
        points, units = self.points, self.points.units
        number = np.array([self.links.number(name) for name in units], np.int64)
        asked_s, arrival_s = np.full(len(units), np.nan), np.full(len(units), np.nan)
        for attempt in range(TRIES):
            silent = np.flatnonzero(np.isnan(arrival_s))
            there_s, _ = self.links.send_batch(number[silent], now_s, way="down")
            back_s, _ = self.links.send_batch(number[silent], now_s)
            asked_s[silent] = there_s + attempt * AGAIN_S
            # Both ways are drawn at once: the answer leaves as the question arrives.
            arrival_s[silent] = asked_s[silent] + (back_s - now_s)
        for point in np.flatnonzero(points.quantity == Quantity.POSITION).tolist():
            unit = int(points.unit_of[point])
            if np.isnan(arrival_s[unit]):
                continue
            off_s = self.scanner.off_s(np.array([unit]), asked_s[[unit]])
            stamp_s = float(asked_s[unit] + off_s[0])
            event = self.tell.report(point, stamp_s, float(self.true[point]))
            if event is not None:
                self.arrive(float(arrival_s[unit]), event)
        return float(np.nanmax(arrival_s, initial=now_s))

    def _carried(self, reports: Reports, unit: Ints) -> Floats:
        """[reports] when each arrives [s]: one message for each RTU and scan, nan where lost."""
        found = np.full(len(reports), np.nan)
        number = np.array([self.links.number(name) for name in self.points.units], np.int64)
        order = np.lexsort((unit, reports.time_s))
        times, starts = np.unique(reports.time_s[order], return_index=True)
        for time_s, rows in zip(times.tolist(), np.split(order, starts[1:]), strict=True):
            units, which = np.unique(unit[rows], return_inverse=True)
            when_s = max(time_s, self.links.now_s)
            arrival_s, _ = self.links.send_batch(number[units], when_s)
            late_s = reports.sent_s[rows] - time_s
            found[rows] = np.maximum(arrival_s[which] + late_s, reports.sent_s[rows])
        return found
