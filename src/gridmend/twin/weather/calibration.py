"""Compares the model's causes and durations with those of a utility's outages, and fits them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from gridmend.model.errors import GridError
from gridmend.twin.weather.assets import AssetKind
from gridmend.twin.weather.causes import MANNERS
from gridmend.twin.weather.durations import LABEL_OF, Label, Lognormal
from gridmend.twin.weather.rates import Rates
from gridmend.twin.weather.settings import at_least
from gridmend.twin.weather.storms import Floats

WORDS: tuple[tuple[Label, tuple[str, ...]], ...] = (
    (Label.SAFETY, ("protect public safety", "safety shutoff", "safety shut-off")),
    (Label.PLANNED, ("scheduled", "planned", "maintenance", "clearing vegetation")),
    (Label.VEHICLE, ("car that hit", "vehicle", "hit a pole")),
    (Label.EQUIPMENT, ("equipment",)),
    (Label.OTHER, ("emergency issue", "fire", "animal", "third party")),
    (Label.WEATHER, ("weather", "storm", "lightning", "tree", "wind")),
)
"""Words that tell a cause; the first line that has one of its words decides."""
NO_WORDS = ("unknown", "investigating", "assessing")
"""Words of a text that says that nothing is known yet; they come first."""
_FLOOR = 1e-12


def label_of_text(text: str) -> Label:
    """What an outage map's free text says of the cause; `UNKNOWN` where nothing is told."""
    folded = text.lower()
    if any(word in folded for word in NO_WORDS):
        return Label.UNKNOWN
    for label, words in WORDS:
        if any(word in folded for word in words):
            return label
    return Label.UNKNOWN


def label_shares(labels: Iterable[Label], of: tuple[Label, ...]) -> dict[Label, float]:
    """Shares of some labels among those that bear one of them; nan where none does."""
    counts = Counter(labels)
    total = sum(counts[label] for label in of)
    return {label: counts[label] / total if total else math.nan for label in of}


@dataclass(frozen=True, eq=False)
class Spans:
    """Durations that are known within bounds [outages], all in minutes after the start.

    `seen_min`: when the outage was first seen; one that ended before would not be in the data.
    `lower_min`: when it was last seen. `upper_min`: the next look, when it was gone. Raises
    `GridError` where there is none, or not 0 <= seen <= lower < upper.
    """

    seen_min: Floats
    lower_min: Floats
    upper_min: Floats

    def __post_init__(self) -> None:
        sizes = {len(self.seen_min), len(self.lower_min), len(self.upper_min)}
        if len(sizes) != 1 or sizes == {0}:
            raise GridError(
                "durations need as many lower as upper bounds", mend="give at least one"
            )
        ordered = (self.seen_min >= 0) & (self.lower_min >= self.seen_min)
        bad = np.flatnonzero(~(ordered & (self.upper_min > self.lower_min)))
        if len(bad):
            raise GridError(
                f"{len(bad)} durations have bounds out of order",
                where=f"outage {int(bad[0])}",
                mend="leave them out, or let 0 <= seen <= lower < upper",
            )

    def __len__(self) -> int:
        return len(self.seen_min)


def fit(spans: Spans) -> Lognormal:
    """The lognormal under which durations between these bounds are most likely.

    Each adds the probability of ending between its bounds, given that it lasted until it was
    first seen. Checked against durations drawn from a known law in tests.
    """

    def surprise(theta: NDArray[np.float64]) -> float:
        law = Lognormal(float(np.exp(theta[0])), float(np.exp(theta[1])))
        inside = law.cdf(spans.upper_min) - law.cdf(spans.lower_min)
        alive = 1 - law.cdf(spans.seen_min)
        logs = np.log(np.maximum(inside, _FLOOR)) - np.log(np.maximum(alive, _FLOOR))
        return -float(logs.mean())

    first = np.array([np.log(np.median(spans.upper_min)), 0.0])
    # SciPy has no types of its own.
    search: Any = optimize
    found = search.minimize(surprise, first, method="Nelder-Mead", options={"maxiter": 400})
    return Lognormal(float(np.exp(found.x[0])), float(np.exp(found.x[1])))


QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.90)


@dataclass(frozen=True, eq=False)
class Comparison:
    """How a law of durations compares with data.

    [quantiles] of `QUANTILES`: those of the data lie between `lower_min` and `upper_min`, and
    `model_min` are the model's, of outages seen as the data's were. `distance` is the largest
    by which the model's distribution leaves the band that the bounds leave open, and
    `distance_middle` the Kolmogorov–Smirnov distance with each duration in the middle of its
    bounds.
    """

    count: int
    lower_min: Floats
    upper_min: Floats
    model_min: Floats
    distance: float
    distance_middle: float


def compare(spans: Spans, law: Lognormal) -> Comparison:
    """A law of durations against data; the model's outages are seen when the data's were."""
    low, high = np.sort(spans.lower_min), np.sort(spans.upper_min)
    middle = np.sort((spans.lower_min + spans.upper_min) / 2)
    grid = np.geomspace(1.0, max(float(high[-1]), 2.0), 400)
    before = law.cdf(spans.seen_min)
    alive = np.maximum(1 - before, _FLOOR)
    model = np.array(
        [float(np.mean(np.clip((law.cdf(np.array(t)) - before) / alive, 0, 1))) for t in grid]
    )
    count = len(spans)
    most = np.searchsorted(low, grid, side="right") / count
    least = np.searchsorted(high, grid, side="right") / count
    even = np.searchsorted(middle, grid, side="right") / count
    shares = np.array(QUANTILES)
    return Comparison(
        count=count,
        lower_min=np.quantile(low, shares),
        upper_min=np.quantile(high, shares),
        model_min=np.interp(shares, model, grid),
        distance=max(0.0, float((model - most).max()), float((least - model).max())),
        distance_middle=float(np.abs(model - even).max()),
    )


def expected_mix(
    rates: Rates, *, overhead_km: float, cable_km: float, transformers: float
) -> dict[Label, float]:
    """Shares of permanent faults by label that the rates give a network of that size.

    Raises `GridError` for a negative size, and where no permanent fault is expected.
    """
    at_least(0.0, "network", overhead_km=overhead_km, cable_km=cable_km, transformers=transformers)
    sizes: Mapping[AssetKind, float] = {
        AssetKind.OVERHEAD: overhead_km,
        AssetKind.CABLE: cable_km,
        AssetKind.TRANSFORMER: transformers,
    }
    sums = dict.fromkeys(Label, 0.0)
    for rate in rates.rows:
        lasting = 1 - MANNERS[rate.cause].temporary if rate.kind is AssetKind.OVERHEAD else 1.0
        sums[LABEL_OF[rate.cause]] += rate.per_year * sizes[rate.kind] * lasting
    total = sum(sums.values())
    if not total > 0:
        raise GridError(
            "the rates give no permanent fault", mend="give a network and rates above 0"
        )
    return {label: value / total for label, value in sums.items() if value > 0}


def storm_days(counts: Mapping[str, int], *, times_median: float = 2.0) -> frozenset[str]:
    """The days with more than so many times the median day's unplanned outages; assumed 2."""
    if not counts:
        return frozenset()
    bound = times_median * float(np.median(list(counts.values())))
    return frozenset(day for day, count in counts.items() if count > bound)
