"""How much longer an outage lasts, by how far its mending has come: in storms, and on calm days."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gridmend.model.errors import GridError
from gridmend.operations.prediction.restoration_figures import (
    CALM_MEAN,
    CALM_RESIDUAL,
    HEALED_MEAN,
    HEALED_RESIDUAL,
    SHARES,
    STORM_MEAN,
    STORM_RESIDUAL,
)

STAGES = ("detected", "assigned", "arrived", "found", "repairing", "overdue")
"""How far an outage has come: it is known, a crew is on its way, there, has named the damage, works
at it; and any of them once the end of the last interval has passed."""
SHORTEST_MIN = 1.0
LONGEST_MIN = 14 * 24 * 60.0


@dataclass(frozen=True, slots=True)
class Standing:
    """What a control room knows of an outage when it says how long it will last.

    `ahead`: outages with as many customers or more that nobody works at yet; `others` all of
    these. `crews` on duty; `storm` whether one is over the map, `calm` whether none was for days;
    `automated` whether switches are operated by an application. `elapsed_min` since it began;
    `crew_min` what the crew at work has said that it will take, nan where it has said nothing.
    Raises `GridError` for what cannot be.
    """

    stage: str
    ahead: int = 0
    others: int = 0
    crews: int = 1
    storm: bool = True
    automated: bool = False
    elapsed_min: float = 0.0
    crew_min: float = math.nan
    calm: bool = False

    def __post_init__(self) -> None:
        if self.stage not in STAGES:
            raise GridError(f"no such stage: '{self.stage}'", mend=f"say {', '.join(STAGES)}")
        if min(self.ahead, self.others, self.crews) < 0 or not self.elapsed_min >= 0:
            raise GridError(
                "what is known of an outage has a number below 0", mend="give 0 or more"
            )


def standing_features(known: Standing) -> list[float]:
    """What the mean of the logarithm depends on. On calm days there is no queue to speak of, and
    runs of some hours say nothing of what takes longer."""
    crews = max(known.crews, 0.5)
    said = known.crew_min if known.crew_min > 0 else math.nan
    return [
        1.0,
        0.0 if known.calm else math.log1p(known.ahead / crews),
        0.0 if known.calm else math.log1p(known.others / crews),
        float(known.storm),
        float(known.automated),
        0.0 if known.calm else math.log1p(known.elapsed_min / 60),
        0.0 if math.isnan(said) else math.log(min(max(said, SHORTEST_MIN), LONGEST_MIN) / 60),
        float(math.isnan(said)),
    ]


@dataclass(frozen=True, slots=True)
class Remaining:
    """The time from now until all who are out by an outage have supply again [min]."""

    stage: str
    log_mean: float
    calm: bool = False
    automated: bool = False

    def quantile_min(self, share: float) -> float:
        """The time that a share of such outages does not exceed [min]."""
        if not SHARES[0] <= share <= SHARES[-1]:
            raise GridError(
                f"share is {share}", mend=f"give {SHARES[0]:g} to {SHARES[-1]:g}: more was not seen"
            )
        residual = HEALED_RESIDUAL if self.automated else STORM_RESIDUAL
        residual = CALM_RESIDUAL if self.calm else residual
        more = float(np.interp(share, SHARES, residual[self.stage]))
        return min(max(math.exp(self.log_mean + more), SHORTEST_MIN), LONGEST_MIN)

    def interval_min(self, share: float = 0.9) -> tuple[float, float]:
        """The middle interval that holds a share [min from now]."""
        return self.quantile_min((1 - share) / 2), self.quantile_min((1 + share) / 2)

    @property
    def median_min(self) -> float:
        """The median [min from now]."""
        return self.quantile_min(0.5)


def remaining(known: Standing) -> Remaining:
    """The distribution for what is known of an outage at a stage of its mending.

    The logarithm of the time is linear in the queue before it, the crews and what these say, by
    stage; its spread is what residuals of other storms were (split conformal prediction: Lei et
    al., JASA 2018). Both are of storms on the twin, or of single faults on calm days
    (`benchmarks/storm_restoration.py`), not of a utility's: with the twin's repair times, which
    are. Coverage on days that neither has seen stands in docs/outage-prediction.md.
    """
    means = HEALED_MEAN if known.automated else STORM_MEAN
    means = CALM_MEAN if known.calm else means
    mean = float(np.dot(standing_features(known), means[known.stage]))
    return Remaining(known.stage, mean, known.calm, known.automated)
