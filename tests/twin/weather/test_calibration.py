"""Causes and durations against a utility's outages."""

from __future__ import annotations

import csv
import gzip
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gridmend.model.errors import GridError
from gridmend.twin.streams import Streams
from gridmend.twin.weather.calibration import (
    Spans,
    compare,
    expected_mix,
    fit,
    label_of_text,
    label_shares,
    storm_days,
)
from gridmend.twin.weather.causes import Cause
from gridmend.twin.weather.durations import (
    DURATIONS,
    KNOWN,
    LABEL_OF,
    UNPLANNED,
    Label,
    Lognormal,
    durations_min,
)
from gridmend.twin.weather.rates import Rates
from gridmend.twin.weather.strikes import Strike

ROOT = Path(__file__).parents[3]
OURS = "Our preliminary determination is that your outage was caused by "
READ = {
    "Unknown - PG&E will be assessing the cause.": Label.UNKNOWN,
    "PG&E is investigating the cause of your outage.": Label.UNKNOWN,
    OURS + "the weather.": Label.WEATHER,
    OURS + "an equipment issue.": Label.EQUIPMENT,
    OURS + "scheduled maintenance work.": Label.PLANNED,
    OURS + "an emergency issue.": Label.OTHER,
    OURS + "a car that hit a pole.": Label.VEHICLE,
    OURS + "a fire in your area.": Label.OTHER,
    "We are clearing vegetation to address potential safety risks in your area.": Label.PLANNED,
    "To protect public safety, power in your area has been turned off due to extreme weather "
    "conditions with high fire danger. Power will be restored as soon as it is safe to do so.":
        Label.SAFETY,
}  # fmt: skip
"""Every text of the data, labelled by reading it."""
MORE = {
    "A tree fell onto the line": Label.WEATHER,
    "Lightning struck our equipment": Label.EQUIPMENT,
    "A vehicle hit our equipment": Label.VEHICLE,
    "An animal touched the line": Label.OTHER,
    "Planned work": Label.PLANNED,
    "We are investigating damage by a tree": Label.UNKNOWN,
    "": Label.UNKNOWN,
    "Zebra": Label.UNKNOWN,
}


@pytest.mark.parametrize(("text", "label"), [*READ.items(), *MORE.items()])
def test_a_text_bears_the_label_that_a_reader_gives_it(text: str, label: Label) -> None:
    assert label_of_text(text) is label
    assert label_of_text(text.upper()) is label


def test_every_text_of_the_data_has_been_read(data_dir: Path) -> None:
    path = data_dir / "outages" / "incidents_2021.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        texts = {row["final_cause"] for row in csv.DictReader(lines)}
    assert texts == set(READ)


def _spans(durations_min: np.ndarray, *, every_min: float, offsets: np.ndarray) -> Spans:
    """What looks every so many minutes see of durations: those that no look hits are lost."""
    seen = offsets
    looks = np.floor((durations_min - offsets) / every_min)
    hit = looks >= 0
    lower = offsets + every_min * looks
    return Spans(seen[hit], lower[hit], lower[hit] + every_min)


@pytest.mark.parametrize("law", [Lognormal(90, 0.9), Lognormal(400, 0.6), Lognormal(40, 1.5)])
def test_a_fit_finds_the_law_behind_looks_that_miss_the_short(law: Lognormal) -> None:
    rng = Streams(7).of("fit", str(law.median_min))
    true = law.median_min * np.exp(law.spread * rng.standard_normal(30_000))
    spans = _spans(true, every_min=40.0, offsets=40 * rng.random(30_000))
    assert len(spans) < 30_000
    found = fit(spans)
    # About five standard errors of a mean and a spread of 30,000, doubled for what is unseen.
    assert math.log(found.median_min / law.median_min) == pytest.approx(0, abs=0.06 * law.spread)
    assert found.spread == pytest.approx(law.spread, rel=0.05)
    same = compare(spans, law)
    # The Kolmogorov-Smirnov bound for this many: 1.95/sqrt(n) is passed once in a thousand.
    assert same.distance < 1.95 / math.sqrt(len(spans))
    other = compare(spans, Lognormal(2 * law.median_min, law.spread))
    assert other.distance > 0.05


def test_quantiles_of_data_and_model_agree_where_the_law_is_right() -> None:
    law = Lognormal(100, 1.0)
    rng = Streams(3).of("quantiles")
    true = 100 * np.exp(rng.standard_normal(20_000))
    found = compare(_spans(true, every_min=10.0, offsets=10 * rng.random(20_000)), law)
    assert (found.model_min > 0.95 * found.lower_min).all()
    assert (found.model_min < 1.05 * found.upper_min).all()
    assert found.count <= 20_000


def test_a_lognormal_is_one_half_at_its_median() -> None:
    law = Lognormal(60, 0.5)
    assert law.cdf(np.array([0.0, 60, 60 * math.exp(0.5)])) == pytest.approx(
        [0, 0.5, 0.841345], abs=1e-6
    )
    assert law.quantile_min(np.array([0.5, 0.841345])) == pytest.approx(
        [60, 60 * math.exp(0.5)], rel=1e-5
    )


def test_bounds_out_of_order_are_refused() -> None:
    one = np.ones(1)
    for bad in ((2 * one, one, 3 * one), (one, 3 * one, 2 * one), (-one, one, 2 * one),
                (one, one, math.nan * one)):  # fmt: skip
        with pytest.raises(GridError, match="1 durations have bounds out of order"):
            Spans(*bad)
    with pytest.raises(GridError, match="as many"):
        Spans(one, one, np.ones(2))
    with pytest.raises(GridError, match="as many"):
        Spans(np.zeros(0), np.zeros(0), np.zeros(0))


def test_shares_and_storm_days_worked_by_hand() -> None:
    labels = [Label.WEATHER] * 3 + [Label.EQUIPMENT] + [Label.PLANNED] * 9
    assert label_shares(labels, (Label.WEATHER, Label.EQUIPMENT)) == {
        Label.WEATHER: 0.75, Label.EQUIPMENT: 0.25,
    }  # fmt: skip
    assert math.isnan(label_shares([], KNOWN)[Label.WEATHER])
    assert storm_days({"a": 10, "b": 11, "c": 12, "d": 24, "e": 25}) == {"e"}
    assert storm_days({}) == frozenset()


def test_the_mix_of_a_network_is_worked_by_hand() -> None:
    mix = expected_mix(Rates(), overhead_km=0, cable_km=10, transformers=100)
    # Cables: 0.52 by equipment and 0.13 by digging a year; transformers: 0.5.
    assert mix == pytest.approx({Label.EQUIPMENT: 1.02 / 1.15, Label.OTHER: 0.13 / 1.15})
    with pytest.raises(GridError, match="no permanent fault"):
        expected_mix(Rates(), overhead_km=0, cable_km=0, transformers=0)
    with pytest.raises(GridError, match="overhead_km is -1"):
        expected_mix(Rates(), overhead_km=-1, cable_km=0, transformers=0)


def test_every_cause_has_a_label_and_every_label_durations() -> None:
    assert set(LABEL_OF) == set(Cause)
    assert set(DURATIONS) == set(UNPLANNED) == set(LABEL_OF.values())


def _strike(time_s: float, element: str, cause: Cause, *, is_permanent: bool = True) -> Strike:
    return Strike(time_s, element, cause, "line_ground", ("a",), 1.0, is_permanent, 0.5)


def test_durations_are_those_of_the_law_and_of_storm_days_within_them() -> None:
    rows = [_strike(float(k), "line.a", Cause.EQUIPMENT) for k in range(4000)]
    found = durations_min(rows, Streams(1), storm_days=[(2000.0, 4000.0)])
    for part, law in zip((found[:2000], found[2000:]), DURATIONS[Label.EQUIPMENT], strict=True):
        logs = np.log(part / law.median_min) / law.spread
        assert logs.mean() == pytest.approx(0, abs=5 / math.sqrt(2000))
        assert logs.std() == pytest.approx(1, abs=5 / math.sqrt(4000))


def test_a_duration_does_not_depend_on_the_other_strikes() -> None:
    rows = [_strike(float(k), f"line.{k}", Cause.TREE) for k in range(20)]
    rows.append(_strike(50.0, "line.x", Cause.TREE, is_permanent=False))
    found = durations_min(rows, Streams(1))
    assert found[-1] == 0
    assert (durations_min(rows[5:8], Streams(1)) == found[5:8]).all()
    with pytest.raises(GridError, match="a storm day goes from 5 s to 5 s"):
        durations_min(rows, Streams(1), storm_days=[(5.0, 5.0)])


def test_the_page_shows_what_the_data_says(data_dir: Path) -> None:
    code = [sys.executable, "-m", "benchmarks.outage_calibration"]
    done = subprocess.run(code, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shown = (ROOT / "docs" / "weather.md").read_text(encoding="utf-8")
    assert done.stdout.strip() in shown


def test_the_models_mix_is_within_three_points_of_the_days_that_were_fitted_and_kept_out() -> None:
    shown = (ROOT / "docs" / "weather.md").read_text(encoding="utf-8").splitlines()
    rows = [
        line.split("|")[1:-1] for line in shown if line.startswith(tuple(f"| {k} |" for k in KNOWN))
    ]
    assert len(rows) == len(KNOWN)
    for _, fitted, kept, _, model in rows:
        share = float(model.strip(" %"))
        assert share == pytest.approx(float(fitted.strip(" %")), abs=3)
        assert share == pytest.approx(float(kept.strip(" %")), abs=3)
