"""RTUs: what they read at each scan, and what of it they report.

Every RTU measures all its points every `scan_s`, and sends what it has to report a little later,
at an offset of its own. It reports a point that has changed by more than its dead band since it was
last reported, and everything at every `integrity`th scan. A report bears the time on the RTU's own
clock, which is off and drifts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.model.errors import GridError
from gridmend.powerflow.compiled import compiled
from gridmend.twin.streams import Streams
from gridmend.twin.telemetry.points import Points

SCANS_AT_ONCE = 1_000
"""Scans that are read in one go, which bounds the room that they take."""


@dataclass(frozen=True, slots=True)
class Scanning:
    """How RTUs scan. A clock is set every `sync_s`, by which it is off with a standard deviation of
    `clock_s`, always the same way, and drifts from then on by up to `drift_ppm`. All are assumed
    (crystals are within 50 ppm)."""

    scan_s: float = 2.0
    integrity: int = 450
    clock_s: float = 0.005
    drift_ppm: float = 20.0
    sync_s: float = 3600.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.scan_s) and self.scan_s >= 1e-3):
            raise GridError(f"a scan every {self.scan_s} s", mend="give a millisecond or more")
        if self.integrity < 1:
            raise GridError(f"everything every {self.integrity} scans", mend="give 1 or more")
        if not self.sync_s > 0:
            raise GridError(f"clocks are set every {self.sync_s} s", mend="give more than 0")
        for name in ("clock_s", "drift_ppm"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise GridError(f"{name} is {getattr(self, name)}", mend="give 0 or more")


@dataclass(frozen=True, eq=False)
class Reports:
    """What was reported, in order of time. All arrays are [reports].

    `time_s` when it was measured, `stamp_s` the same on the RTU's clock, `sent_s` when it was sent,
    `value` in the point's unit.
    """

    point: Ints
    time_s: Floats
    sent_s: Floats
    stamp_s: Floats
    value: Floats

    def __len__(self) -> int:
        return len(self.point)


@dataclass(eq=False)
class Scanner:
    """Every RTU of some points; it goes on in place. Draws for a scan do not depend on how many
    are asked for at once."""

    points: Points
    scanning: Scanning
    offset_s: Floats
    clock_s: Floats
    drift: Floats
    noise: np.random.Generator
    last: Floats
    done: int = 0
    """Scans that have been read."""
    counts: dict[str, int] = field(default_factory=lambda: {"read": 0, "reported": 0})

    @staticmethod
    def of(points: Points, scanning: Scanning, streams: Streams) -> Scanner:
        """RTUs that have reported nothing yet, each at its own offset within a scan."""
        offset, clock, drift = (np.empty(len(points.units)) for _ in range(3))
        for k, unit in enumerate(points.units):
            offset[k] = streams.of("scan offset", unit).uniform(0, scanning.scan_s)
            error = streams.of("clock", unit)
            clock[k] = scanning.clock_s * error.standard_normal()
            drift[k] = 1e-6 * scanning.drift_ppm * error.uniform(-1, 1)
        last = np.full(len(points), np.nan)
        offset = np.round(offset, 3)
        return Scanner(points, scanning, offset, clock, drift, streams.of("noise"), last)

    def scans_to(self, now_s: float) -> int:
        """How many scans begin up to a time and are not read yet."""
        return max(math.floor(now_s / self.scanning.scan_s) + 1 - self.done, 0)

    def off_s(self, unit: Ints, time_s: Floats) -> Floats:
        """By how much the clocks of some units are off at some times [s]."""
        return self.clock_s[unit] + self.drift[unit] * np.mod(time_s, self.scanning.sync_s)

    def read(self, true: Floats, now_s: float) -> Reports:
        """What the scans that begin up to `now_s` report of true values [points].

        The values must be those since the last scan that was read.
        """
        parts: list[tuple[Ints, Ints, Floats]] = []
        points = self.points
        while (count := min(self.scans_to(now_s), SCANS_AT_ONCE)) > 0:
            noise = self.noise.standard_normal((count, len(points)))
            value = true * points.gain + points.noise * noise
            every = (self.done + np.arange(count)) % self.scanning.integrity == 0
            parts.append(_reported(value, points.dead_band, every, self.last, self.done))
            self.done += count
            self.counts["read"] += count * len(points)
        scan, point, value = (np.concatenate(x) for x in zip(*parts, strict=True)) if parts else (
            np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
        )  # fmt: skip
        self.counts["reported"] += len(point)
        unit = points.unit_of[point]
        time_s = np.round(scan * self.scanning.scan_s, 6)
        sent_s = np.round(time_s + self.offset_s[unit], 6)
        stamp_s = np.round(time_s + self.off_s(unit, time_s), 3)
        order = np.lexsort((point, sent_s))
        return Reports(point[order], time_s[order], sent_s[order], stamp_s[order], value[order])


@compiled
def _reported(
    value: Floats, dead_band: Floats, every: Floats, last: Floats, first: int
) -> tuple[Ints, Ints, Floats]:
    """Scan, point and value of each report; `last` [points] what was reported last."""
    scans, points = value.shape
    count = 0
    at = np.empty(value.size, np.int64)
    for s in range(scans):
        for p in range(points):
            x = value[s, p]
            if every[s] or not abs(x - last[p]) <= dead_band[p]:
                last[p] = x
                at[count] = s * points + p
                count += 1
    at = at[:count]
    found = np.empty(count)
    for k in range(count):
        found[k] = value[at[k] // points, at[k] % points]
    return first + at // points, at % points, found
