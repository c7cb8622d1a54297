"""How long until supply is back, as a distribution, and what is left of it after a time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import log_ndtr, ndtri_exp

from gridmend.model.errors import GridError
from gridmend.operations.prediction.figures import CALIBRATED, KNOTS, LABELS, MEAN, SPREAD

NIGHT, EVENING = (22, 6), (16, 22)
BACKLOG_LEAST, BACKLOG_MOST = 0.25, 30.0
SHORTEST_MIN = 1.0


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of an outage when its end is asked for.

    `cause` as told so far: unknown, weather, equipment, vehicle, other. `storm`: whether the day
    is a storm day. `hour` of the day, local, at which it is asked for. `backlog`: open outages as a
    multiple of what is usual. Raises `GridError` for what cannot be.
    """

    cause: str = "unknown"
    storm: bool = False
    hour: int = 12
    customers: int = 1
    backlog: float = 1.0

    def __post_init__(self) -> None:
        if self.cause not in LABELS:
            raise GridError(f"no such cause: '{self.cause}'", mend=f"say {', '.join(LABELS)}")
        if not 0 <= self.hour < 24:
            raise GridError(f"hour is {self.hour}", mend="give 0 to 23")
        if self.customers < 0 or not (math.isfinite(self.backlog) and self.backlog >= 0):
            raise GridError("customers and backlog cannot be negative")


def features(where: Circumstances) -> tuple[list[float], list[float]]:
    """What the mean of the logarithm depends on, and what its spread depends on."""
    told = [float(where.cause == label) for label in LABELS[1:]]
    storm = float(where.storm)
    is_night = float(where.hour >= NIGHT[0] or where.hour < NIGHT[1])
    is_evening = float(EVENING[0] <= where.hour < EVENING[1])
    backlog = math.log(min(max(where.backlog, BACKLOG_LEAST), BACKLOG_MOST))
    size = math.log10(min(max(where.customers, 1), 10_000))
    mean = [1.0, *told, storm, *(storm * t for t in told), is_night, is_evening, backlog, size,
            float(where.customers <= 1)]  # fmt: skip
    return mean, [1.0, *told, storm, *(storm * t for t in told)]


@dataclass(frozen=True, slots=True)
class Duration:
    """The time from the start of an outage until supply is back [min], given that it is still out
    after `elapsed_min`: a lognormal whose shares were set right by outages that it was not fitted
    to."""

    log_mean: float
    log_spread: float
    elapsed_min: float
    is_storm: bool

    def after(self, elapsed_min: float) -> Duration:
        """The same given that it is still out after a time; `GridError` for one below 0."""
        if not (math.isfinite(elapsed_min) and elapsed_min >= 0):
            raise GridError(f"elapsed_min is {elapsed_min}", mend="give 0 or more")
        return replace(self, elapsed_min=elapsed_min)

    def quantile_min(self, share: float) -> float:
        """The time since the start that a share of such outages does not exceed [min]."""
        if not 0 < share < 1:
            raise GridError(f"share is {share}", mend="give a share between 0 and 1")
        inner = float(np.interp(share, KNOTS, CALIBRATED[int(self.is_storm)]))
        inner = min(max(inner, 1e-6), 1 - 1e-6)
        start = math.log(max(self.elapsed_min, SHORTEST_MIN))
        past = float(log_ndtr(-(start - self.log_mean) / self.log_spread))
        z = -float(ndtri_exp(past + math.log1p(-inner)))
        return max(math.exp(self.log_mean + self.log_spread * z), self.elapsed_min)

    def interval_min(self, share: float = 0.9) -> tuple[float, float]:
        """The middle interval that holds a share [min since the start]."""
        return self.quantile_min((1 - share) / 2), self.quantile_min((1 + share) / 2)

    @property
    def median_min(self) -> float:
        """The median [min since the start]."""
        return self.quantile_min(0.5)


def duration(where: Circumstances) -> Duration:
    """The distribution for what is known of an outage, from its start on.

    A lognormal with a mean by cause, storm day, time of day, backlog and size and a spread by cause
    and storm day, most likely for 2021 outages of a large Californian utility as its public map
    showed them, given that they were seen; then calibrated by split conformal prediction (Vovk et
    al., Algorithmic Learning in a Random World, 2005; Lei et al., JASA 2018) on other days.
    Coverage on days kept out stands in docs/outage-prediction.md; `benchmarks/restoration_times.py`
    measures it.
    """
    mean, spread = features(where)
    log_spread = math.exp(float(np.clip(np.dot(spread, SPREAD), -2, 2)))
    return Duration(float(np.dot(mean, MEAN)), log_spread, 0.0, where.storm)
