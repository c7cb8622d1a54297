"""How long crews travel, patrol and work."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from gridmend.model.errors import GridError
from gridmend.twin.people.crew import Crew, Job, JobKind
from gridmend.twin.streams import Streams

Spread = tuple[float, float]
"""Median [min] and standard deviation of the logarithm of a lognormal duration."""

REPAIR: Mapping[str, tuple[Spread, Spread]] = {
    "equipment": ((161.0, 0.95), (205.0, 1.16)),
    "vehicle": ((271.0, 0.62), (424.0, 0.88)),
    "emergency": ((143.0, 1.06), (302.0, 1.80)),
    "unknown": ((174.0, 0.92), (294.0, 0.74)),
    "tree": ((161.0, 0.95), (205.0, 1.16)),
    "animal": ((60.0, 0.80), (60.0, 0.80)),
}
"""Repair by cause, on a fair day and in a storm.

The first four are measured: incidents and state changes of a California utility in 2021 (public
outage map archive, Apache-2.0), from when "repair crew is on-site" is first seen to the middle
between the last sight of the outage and the next snapshot. Counted are outages of two customers or
more whose last snapshots are an hour apart or less: 4433, 355, 912 and 52 on fair days, 1736, 17,
279 and 13 on the nine days with twice the median number of outages or more. The spread is the
quartiles' distance over 1.349. Few storm rows of `vehicle` and `unknown` make those two weak.
Assumed: trees as equipment (the archive seldom names a repair where the weather is the cause),
animals an hour.
"""
ASSET: Mapping[str, float] = {
    "line": 1.0,
    "switch": 0.8,
    "transformer": 1.2,
    "pole": 1.5,
    "cable": 2.0,
    "substation": 2.0,
}
"""By how much a repair is longer on an asset. Assumed."""
TASK: Mapping[JobKind, Spread] = {
    JobKind.SWITCH: (10.0, 0.4),
    JobKind.ISOLATE: (20.0, 0.4),
    JobKind.GROUND: (15.0, 0.3),
    JobKind.RESET: (10.0, 0.4),
}
"""Work by hand at a place, the same in any weather. Assumed."""
SIGMAS_MOST = 3.0
"""A duration is at most this many standard deviations of its logarithm from the median. Assumed."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Settings of crews' time. Figures are assumed unless `REPAIR` says where they are from.

    `detour` is the road's length over the distance on the map. Raises `GridError` for a speed or
    factor that cannot be.
    """

    clock_h: float = 0.0
    """Hour of the day at which the run starts."""
    detour: float = 1.3
    storm_speed: float = 0.6
    """Speed on roads in a storm over that in fair weather."""
    patrol_kmh: float = 15.0
    """Along a line that can be seen from a truck."""
    foot_kmh: float = 3.0
    """Along a line across country."""
    repair: Mapping[str, tuple[Spread, Spread]] = field(default_factory=lambda: REPAIR)

    def __post_init__(self) -> None:
        limits = {
            "clock_h": (0.0, 23.999999),
            "detour": (1.0, 5.0),
            "storm_speed": (0.05, 1.0),
            "patrol_kmh": (0.1, 130.0),
            "foot_kmh": (0.1, 15.0),
        }
        for name, (least, most) in limits.items():
            if not least <= getattr(self, name) <= most:
                raise GridError(
                    f"{name} is {getattr(self, name)}", mend=f"give one from {least:g} to {most:g}"
                )
        for cause, spreads in self.repair.items():
            for median_min, sigma in spreads:
                if not (0 < median_min < math.inf and 0 <= sigma <= 5):
                    raise GridError(
                        f"the repair of '{cause}' takes {median_min} min with a spread of {sigma}",
                        mend="give a median above 0 and a spread from 0 to 5",
                    )


def travel_s(
    crew: Crew, pace: Pace, *, start: tuple[float, float], end: tuple[float, float], storm: bool
) -> float:
    """How long a crew travels between two places of the map [s]."""
    way_m = pace.detour * math.dist(start, end)
    return way_m / (crew.speed_kmh * (pace.storm_speed if storm else 1.0) / 3.6)


def work_s(job: Job, pace: Pace, streams: Streams) -> float:
    """How long a job takes once it is begun [s], whoever does it: the truth.

    A patrol takes its way to the fault, or its whole length, over its speed. All else is drawn
    from a lognormal distribution, in a stream of the job's own. Raises `GridError` for an unknown
    cause or asset.
    """
    if job.kind is JobKind.PATROL:
        way_m = job.length_m if job.fault_at_m is None else job.fault_at_m
        return way_m / ((pace.foot_kmh if job.on_foot else pace.patrol_kmh) / 3.6)
    median_min, sigma = _spread(job, pace)
    normal = float(streams.of("people", "work", job.name).normal())
    return 60 * median_min * math.exp(sigma * max(-SIGMAS_MOST, min(normal, SIGMAS_MOST)))


def _spread(job: Job, pace: Pace) -> Spread:
    if job.kind is not JobKind.REPAIR:
        return TASK[job.kind]
    for what, known in (("cause", pace.repair), ("asset", ASSET)):
        if getattr(job, what) not in known:
            raise GridError(
                f"the job '{job.name}' has the unknown {what} '{getattr(job, what)}'",
                mend=f"give one of {', '.join(known)}",
            )
    median_min, sigma = pace.repair[job.cause][1 if job.storm else 0]
    return median_min * ASSET[job.asset], sigma
