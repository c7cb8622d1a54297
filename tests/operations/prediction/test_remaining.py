"""How long an outage lasts, and whether intervals that were told have held."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmend.model.errors import GridError
from gridmend.operations.prediction.coverage import AGAIN_S, Spell, Told, coverage, held
from gridmend.operations.prediction.remaining import STAGES, Standing, remaining
from gridmend.operations.prediction.restoration_figures import (
    CALM_MEAN,
    CALM_RESIDUAL,
    HEALED_MEAN,
    HEALED_RESIDUAL,
    SHARES,
    STORM_MEAN,
    STORM_RESIDUAL,
)

standings = st.builds(
    Standing,
    stage=st.sampled_from(STAGES),
    ahead=st.integers(0, 500),
    others=st.integers(0, 500),
    crews=st.integers(0, 200),
    storm=st.booleans(),
    automated=st.booleans(),
    elapsed_min=st.floats(0, 1e5),
    crew_min=st.floats(0, 1e5) | st.just(math.nan),
    calm=st.booleans(),
)


@given(standings, st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_a_greater_share_takes_no_less_time_and_all_times_are_possible(
    known: Standing, one: float, other: float
) -> None:
    law = remaining(known)
    least, most = sorted((one, other))
    assert 1 <= law.quantile_min(least) <= law.quantile_min(most) <= 14 * 24 * 60
    early, late = law.interval_min(0.9)
    assert early <= law.median_min <= late


@pytest.mark.parametrize(
    ("means", "residuals"),
    [(STORM_MEAN, STORM_RESIDUAL), (HEALED_MEAN, HEALED_RESIDUAL), (CALM_MEAN, CALM_RESIDUAL)],
)
def test_the_figures_are_there_for_each_stage_and_rise(
    means: dict[str, tuple[float, ...]], residuals: dict[str, tuple[float, ...]]
) -> None:
    assert set(means) == set(residuals) == set(STAGES)
    for stage in STAGES:
        assert len(means[stage]) == 8 and len(residuals[stage]) == len(SHARES)
        assert list(residuals[stage]) == sorted(residuals[stage])
    assert list(SHARES) == sorted(SHARES)


def test_one_fault_on_a_calm_day_lasts_less_than_an_outage_of_a_storm() -> None:
    for stage in STAGES:
        calm, storm = (remaining(Standing(stage, calm=is_calm)) for is_calm in (True, False))
        assert calm.median_min < storm.median_min


def test_the_longer_a_crew_says_it_takes_the_later_they_are_back() -> None:
    short, long = (
        remaining(Standing("repairing", crews=2, crew_min=minutes)).median_min
        for minutes in (30.0, 600.0)
    )
    assert short < long


@pytest.mark.parametrize(
    "wrong", [{"stage": "soon"}, {"ahead": -1}, {"crews": -1}, {"elapsed_min": math.nan}]
)
def test_what_cannot_be_known_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(GridError):
        Standing(**{"stage": "detected", **wrong})


def test_a_share_that_was_not_seen_is_refused() -> None:
    with pytest.raises(GridError, match="share is"):
        remaining(Standing("found")).quantile_min(0.999)


def told(early: float, late: float, *loads: str, at: float = 0.0) -> Told:
    return Told("detected", at, early, (early + late) / 2, late, loads)


def test_the_last_of_those_who_were_out_decides() -> None:
    spells = [Spell("a", -10, 100), Spell("b", -10, 300), Spell("c", 50, 900)]
    (one,) = held([told(0, 200, "A", "b", "c")], spells)
    assert one.back_s == 300, "c had supply when it was told"
    (none,) = held([told(0, 200, "c")], spells)
    assert math.isnan(none.back_s)


def test_supply_that_is_gone_again_at_once_was_not_back() -> None:
    again = Spell("a", 100 + AGAIN_S, 900)
    assert held([told(0, 200, "a")], [Spell("a", -10, 100), again])[0].back_s == 900
    later = Spell("a", 101 + AGAIN_S, 900)
    assert held([told(0, 200, "a")], [Spell("a", -10, 100), later])[0].back_s == 100


def test_each_verdict_is_counted_by_hand() -> None:
    ends = {"held": 500.0, "early": 50.0, "late": 2_000.0, "open": math.inf}
    spells = [Spell(name, -1, end) for name, end in ends.items()]
    cases = [told(100, 1_000, name) for name in ("held", "early", "late")]
    cases += [told(100, 20_000, "open"), told(100, 1_000, "open"), told(100, 1_000, "nobody")]
    found = coverage(held(cases, spells), end_s=10_000, stated_pct=90.0)
    assert found == {
        "stated_pct": 90.0, "held_pct": 25.0, "n": 4, "early_pct": 25.0, "late_pct": 50.0,
        "median_error_min": pytest.approx(500 / 60, abs=0.06), "median_width_min": 15.0,
        "open_at_end": 1, "nobody_out": 1,
    }  # fmt: skip


def test_without_a_case_nothing_is_claimed() -> None:
    found = coverage((), end_s=1.0, stated_pct=90.0)
    assert found["n"] == 0 and found["held_pct"] is None and found["median_error_min"] is None


@given(
    st.lists(
        st.tuples(st.floats(0, 1000), st.floats(0, 1000), st.floats(0, 1000) | st.just(math.inf)),
        max_size=20,
    )
)
def test_every_interval_is_counted_once(cases: list[tuple[float, float, float]]) -> None:
    spells = [Spell(f"l{k}", -1, end) for k, (_, _, end) in enumerate(cases)]
    every = [told(min(a, b), max(a, b), f"l{k}") for k, (a, b, _) in enumerate(cases)]
    found = coverage(held(every, spells), end_s=800.0, stated_pct=90.0)
    assert found["n"] + found["open_at_end"] + found["nobody_out"] == len(cases)
    inside = sum(min(a, b) <= end <= max(a, b) for a, b, end in cases if 0 < end < 800)
    assert found["held_pct"] is None or found["held_pct"] == round(100 * inside / found["n"], 1)
