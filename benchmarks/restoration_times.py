"""Fits the time until supply is back to a year of a utility's outages, and measures coverage.

`python -m benchmarks.restoration_times` prints the figures that `operations/prediction/figures.py`
holds, and the coverage of the shipped ones on days that were kept out. The data is `incidents_2021`
and `changes_2021` in the folder `outages` of `GRIDMEND_DATA`. An outage is a case twice: when it
was first seen, and when the map last changed its cause; what is told then is all that is used.
Days 1 to 20 of each month are fitted, the rest is kept out. Shares are set right by cases of fitted
days of each month under a law fitted to the other months, so that months differ there as they will.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from scipy import optimize
from scipy.special import log_ndtr

from gridmend.operations.prediction.duration import Circumstances, duration, features
from gridmend.operations.prediction.figures import KNOTS, LABELS
from gridmend.twin.weather.calibration import label_of_text, storm_days
from oracles.masters import data_folder

ZONE = ZoneInfo("America/Los_Angeles")
FIT_DAY, FIT_CASES = 20, 12_000


@dataclass(frozen=True)
class Case:
    """What was told at a time, and between which bounds the outage ended [min after its start]."""

    day: str
    month_day: int
    first: bool
    label: str
    hour: int
    customers: int
    elapsed_min: float
    lower_min: float
    upper_min: float
    start_s: float


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a file."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _time(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def changes(path: Path) -> dict[str, list[tuple[float, str, int]]]:
    """For each outage, what was told when: time, label, customers."""
    found: dict[str, list[tuple[float, str, int]]] = {}
    for row in rows(path):
        label = str(label_of_text(row["cause"]))
        try:
            one = _time(row["seen_at"]), label, int(float(row["est_customers"] or 1))
        except ValueError:
            continue
        found.setdefault(row["outage_id"], []).append(one)
    return found


def cases(folder: Path) -> list[Case]:
    """All that can be used of unplanned outages that began in the year."""
    told = changes(folder / "changes_2021.csv.gz")
    found: list[Case] = []
    for row in rows(folder / "incidents_2021.csv.gz"):
        if str(label_of_text(row["final_cause"])) not in LABELS:
            continue
        try:
            start, seen, last, gone = (
                _time(row[name])
                for name in ("start", "first_seen", "last_seen", "next_snapshot_after_last")
            )
        except ValueError:
            continue
        at = datetime.fromtimestamp(start, ZONE)
        if at.year != 2021 or not start <= seen <= last < gone:
            continue
        said = [one for one in told.get(row["outage_id"], []) if one[1] in LABELS]
        if not said:
            continue
        turns = [said[0]]
        later = [b for a, b in pairwise(said) if a[1] != b[1]]
        if later:
            turns.append(later[-1])
        for k, (when, label, customers) in enumerate(turns):
            found.append(
                Case(
                    at.date().isoformat(), at.day, k == 0, label,
                    datetime.fromtimestamp(when, ZONE).hour, max(customers, 1),
                    max(when - start, 0.0) / 60, max(last - start, 0.0) / 60,
                    (gone - start) / 60, start,
                )
            )  # fmt: skip
    return found


def backlogs(found: list[Case]) -> np.ndarray:
    """[cases] outages that were open at the time of each, as a multiple of the median."""
    first = [one for one in found if one.first]
    begun = np.sort([one.start_s for one in first])
    ended = np.sort([one.start_s + 30 * (one.lower_min + one.upper_min) for one in first])
    now = np.array([one.start_s + 60 * one.elapsed_min for one in found])
    open_ = np.searchsorted(begun, now) - np.searchsorted(ended, now)
    return np.maximum(open_, 1) / np.median(np.maximum(open_, 1))


def arrays(found: list[Case], stormy: frozenset[str]) -> dict[str, np.ndarray]:
    """The cases as columns; `x` are features and `s` those of the spread."""
    backlog = backlogs(found)
    places = [
        Circumstances(
            cause=one.label, storm=one.day in stormy, hour=one.hour, customers=one.customers,
            backlog=float(load),
        )
        for one, load in zip(found, backlog, strict=True)
    ]  # fmt: skip
    both = [features(where) for where in places]
    return {
        "where": np.array(places, object),
        "x": np.array([x for x, _ in both]),
        "s": np.array([s for _, s in both]),
        "elapsed": np.array([max(one.elapsed_min, 1.0) for one in found]),
        "lower": np.array([max(one.lower_min, one.elapsed_min, 1.0) for one in found]),
        "upper": np.array([one.upper_min for one in found]),
        "day": np.array([one.month_day for one in found]),
        "month": np.array([one.day[:7] for one in found]),
        "storm": np.array([one.day in stormy for one in found]),
        "first": np.array([one.first for one in found]),
        "label": np.array([one.label for one in found]),
    }


def fit(a: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of the mean and of the logarithm of the spread: most likely, given that each
    lasted until it was seen, and ended between its bounds."""
    wide = a["x"].shape[1]
    logs = [np.log(a[name]) for name in ("elapsed", "lower", "upper")]

    def loss(values: np.ndarray) -> float:
        mean = a["x"] @ values[:wide]
        spread = np.exp(np.clip(a["s"] @ values[wide:], -2, 2))
        z0, z1, z2 = ((log - mean) / spread for log in logs)
        # log(S(lower) - S(upper)) - log S(elapsed), in survival to keep the tails.
        high, low = log_ndtr(-z1), log_ndtr(-z2)
        inside = high + np.log(np.maximum(-np.expm1(np.minimum(low - high, -1e-12)), 1e-12))
        return float(-(inside - log_ndtr(-z0)).mean() + 1e-4 * (values**2).mean())

    start = np.zeros(wide + a["s"].shape[1])
    start[0] = 5.0
    found = optimize.minimize(
        loss, start, method="L-BFGS-B", options={"maxiter": 150, "maxfun": 10**5}
    )
    return found.x[:wide], found.x[wide:]


def places_in(a: dict[str, np.ndarray], mean_by: np.ndarray, spread_by: np.ndarray) -> np.ndarray:
    """[3 cases] share of the fitted law, given the time elapsed, that the duration exceeds not.

    Where between its bounds it lies is not known: three places stand for all.
    """
    mean, spread = a["x"] @ mean_by, np.exp(np.clip(a["s"] @ spread_by, -2, 2))
    low, high = np.log(a["lower"]), np.log(a["upper"])
    past = log_ndtr(-(np.log(a["elapsed"]) - mean) / spread)
    found = [
        -np.expm1(log_ndtr(-(low + place * (high - low) - mean) / spread) - past)
        for place in (1 / 6, 1 / 2, 5 / 6)
    ]
    return np.stack(found, axis=1)


def coverage(a: dict[str, np.ndarray]) -> tuple[float, float, float, float]:
    """Share of durations in the shipped interval of 90 %: at least, by middles, at most; and its
    median width [min]."""
    ends = np.array([
        duration(where).after(float(t)).interval_min(0.9)
        for where, t in zip(a["where"], a["elapsed"], strict=True)
    ])  # fmt: skip
    low, high = ends.T
    middle = np.sqrt(a["lower"] * a["upper"])
    sure = (a["lower"] >= low) & (a["upper"] <= high)
    may = (a["upper"] >= low) & (a["lower"] <= high)
    at = (middle >= low) & (middle <= high)
    return float(sure.mean()), float(at.mean()), float(may.mean()), float(np.median(high - low))


def taken(a: dict[str, np.ndarray], which: np.ndarray) -> dict[str, np.ndarray]:
    """Some of the cases."""
    return {name: values[which] for name, values in a.items()}


def main() -> None:
    """Print figures and coverage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="store_true", help="print what a fit gives as well")
    asked = parser.parse_args()
    folder = data_folder()
    if folder is None:
        raise SystemExit("the data is not here: set GRIDMEND_DATA to its folder")
    found = cases(folder / "outages")
    counts = Counter(one.day for one in found if one.first)
    a = arrays(found, storm_days(counts))
    kept = a["day"] > FIT_DAY
    if asked.fit:
        print_fit(a)
    print("cases", len(found), "kept out", int(kept.sum()))
    print_coverage(a, kept)


def print_fit(a: dict[str, np.ndarray]) -> None:
    """The figures that a fit gives."""
    rng = np.random.default_rng(2)
    fitted = a["day"] <= FIT_DAY
    mean_by, spread_by = fit(some(a, fitted, 3 * FIT_CASES, rng))
    print("MEAN =", np.round(mean_by, 4).tolist())
    print("SPREAD =", np.round(spread_by, 4).tolist())
    shares: list[tuple[np.ndarray, np.ndarray]] = []
    for month in np.unique(a["month"]).tolist():
        here = fitted & (a["month"] == month)
        law = fit(some(a, fitted & (a["month"] != month), FIT_CASES, rng))
        shares.append((a["storm"][here], places_in(taken(a, here), *law)))
    for storm in (False, True):
        share = np.concatenate([found[is_storm == storm].ravel() for is_storm, found in shares])
        print("KNOTS", storm, len(share), np.round(np.quantile(share, KNOTS), 4).tolist())


def some(
    a: dict[str, np.ndarray], which: np.ndarray, most: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """At most so many of some cases."""
    rows_ = np.flatnonzero(which)
    return taken(a, rng.choice(rows_, min(most, len(rows_)), replace=False))


def print_coverage(a: dict[str, np.ndarray], kept: np.ndarray) -> None:
    """Coverage of the shipped figures on days that were kept out."""
    rng = np.random.default_rng(1)
    for name, which in (
        ("all", kept), ("first seen", kept & a["first"]), ("cause changed", kept & ~a["first"]),
        ("ordinary days", kept & ~a["storm"]), ("storm days", kept & a["storm"]),
        *((label, kept & (a["label"] == label)) for label in LABELS),
    ):  # fmt: skip
        rows_ = np.flatnonzero(which)
        rows_ = rng.choice(rows_, min(4000, len(rows_)), replace=False)
        low, mid, high, width = coverage(taken(a, rows_))
        print(
            f"{name:15s} {int(which.sum()):6d} {low:.3f} {mid:.3f} {high:.3f} width {width:.0f} min"
        )


if __name__ == "__main__":
    main()
