"""The times of restoration that crews give: the truth and an error that narrows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gridmend.model.errors import GridError
from gridmend.twin.streams import Streams


class Stage(StrEnum):
    """When a time is given."""

    ASSIGNED = "assigned"
    ARRIVED = "arrived"
    PATROLLED = "patrolled"


Error = tuple[float, float]
"""Of ln(time given / time it takes): the median, below 0 where too early, and the spread."""

MEASURED: Mapping[Stage, tuple[Error, Error]] = {
    Stage.ASSIGNED: ((-0.90, 0.73), (-0.26, 1.05)),
    Stage.ARRIVED: ((-1.18, 0.82), (-0.53, 1.31)),
    Stage.PATROLLED: ((0.30, 0.69), (0.34, 0.89)),
}
"""Error on a fair day and in a storm.

Measured on incidents and state changes of a California utility in 2021 (public outage map archive,
Apache-2.0): the time shown when the crew is first seen assigned, assessing at the place, and
repairing, against the middle between the last sight of the outage and the next snapshot. Counted
are outages of two customers or more, by equipment or a car, with snapshots two hours apart or less
at their end: 3921, 4274 and 5316 on fair days, 651, 442 and 2103 on the nine days with twice the
median number of outages or more. The spread is the quartiles' distance over 1.349. So the first
times are far too early, the more so on fair days, when a default is shown; after the patrol they
are on the safe side and less spread.
"""
SIGMAS_MOST = 3.0
"""An error is at most this many spreads from its median. Assumed."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """Settings: the error by stage, and the step to which times are rounded up.

    The archive shows times in quarters of an hour. Raises `GridError` for what cannot be.
    """

    errors: Mapping[Stage, tuple[Error, Error]] = field(default_factory=lambda: MEASURED)
    step_s: float = 900.0

    def __post_init__(self) -> None:
        lacking = [stage.value for stage in Stage if stage not in self.errors]
        if lacking:
            raise GridError(f"no error for {', '.join(lacking)}", mend="give one for each stage")
        for stage, errors in self.errors.items():
            if not all(abs(bias) <= 5 and 0 <= sigma <= 5 for bias, sigma in errors):
                raise GridError(
                    f"the error at '{stage}' is {errors}",
                    mend="give a median from -5 to 5 and a spread from 0 to 5",
                )
        if not (0 < self.step_s <= 86400):
            raise GridError(f"step_s is {self.step_s}", mend="give one above 0, at most a day")


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a crew says: at `time_s` it expects a job's end at `end_s`. It holds no truth."""

    time_s: float
    job: str
    stage: Stage
    end_s: float


def estimate(
    job: str,
    stage: Stage,
    *,
    now_s: float,
    end_s: float,
    storm: bool,
    settings: Estimates,
    streams: Streams,
) -> Estimate:
    """What is said at a stage of a job that in truth ends at `end_s` [s].

    The time left is multiplied by a lognormal error and the end rounded up to the step. One draw
    for each job and stage. Raises `GridError` where the end is past or not known.
    """
    if not (math.isfinite(end_s) and 0 <= now_s <= end_s):
        raise GridError(
            f"the job '{job}' ends at {end_s} s, and it is {now_s} s",
            mend="estimate a job that somebody is at or on the way to, before it ends",
        )
    bias, sigma = settings.errors[stage][1 if storm else 0]
    normal = float(streams.of("people", "estimates", stage.value, job).normal())
    left_s = (end_s - now_s) * math.exp(bias + sigma * max(-SIGMAS_MOST, min(normal, SIGMAS_MOST)))
    said_s = settings.step_s * math.ceil(round((now_s + left_s) / settings.step_s, 9))
    return Estimate(now_s, job, stage, said_s)
