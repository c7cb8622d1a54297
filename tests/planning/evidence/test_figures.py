from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.model.errors import GridError
from gridmend.planning.evidence.cases import Case
from gridmend.planning.evidence.figures import figures
from gridmend.planning.evidence.outcome import Group, Outcome
from gridmend.planning.evidence.setting import Setting


def outcome(number: int, crew: float, automated: float, *groups: Group) -> Outcome:
    return Outcome(
        Case("fault", number, 1), Setting(), crew, automated, groups,
        unsolved=0, hurt=0, open_at_end=0, plans=1, refused=0,
    )  # fmt: skip


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def test_what_is_saved_is_of_all_minutes_together_and_not_a_mean_of_shares() -> None:
    few, many = outcome(0, 100.0, 0.0), outcome(1, 900.0, 900.0)
    assert figures([few, many], rng()).saved_pct.value == pytest.approx(10.0)


def test_what_no_switching_can_save_is_told_where_every_case_tells() -> None:
    one = replace(outcome(0, 100.0, 40.0), beyond=30.0)
    two = replace(outcome(1, 300.0, 120.0), beyond=70.0)
    found = figures([one, two], rng())
    assert found.beyond_pct.value == pytest.approx(25.0)
    assert found.reached_pct.value == pytest.approx(100 * 240 / 300)
    untold = figures([one, outcome(1, 300.0, 120.0)], rng())
    assert untold.beyond_pct.value is untold.reached_pct.value is None
    assert untold.saved_pct.value == found.saved_pct.value


def test_the_median_counts_customers_and_only_those_whom_crews_left_out_for_long() -> None:
    short = Group(customers=1000, crew_min=0.2, automated_min=0.2, first_min=0.0)
    one = outcome(0, 0.0, 0.0, short, Group(30, 60.0, 2.0, 0.5), Group(10, 90.0, 90.0, 90.0))
    two = outcome(1, 0.0, 0.0, Group(15, 120.0, 1.0, 1.0))
    found = figures([one, two], rng())
    # of 55 customers the 28th: 60 min by crews, and 1, 2, 90 min by 15, 30, 10 with automation
    assert (found.crew_median_min.value, found.automated_median_min.value) == (60.0, 2.0)
    assert found.faster_pct.value == pytest.approx(100 * (1 - 2 / 60))
    assert found.at_once_pct.value == pytest.approx(100 * 45 / 55)


def test_where_nobody_was_out_nothing_is_said() -> None:
    found = figures([outcome(0, 0.0, 0.0), outcome(1, 0.0, 0.0)], rng())
    assert found.saved_pct.value is None and found.at_once_pct.low is None


def test_one_case_and_mixed_settings_are_refused() -> None:
    one, other = outcome(0, 1.0, 0.0), outcome(1, 1.0, 0.0)
    with pytest.raises(GridError, match="two cases"):
        figures([one], rng())
    lossy = Outcome(other.case, Setting(loss=0.5), 1.0, 0.0, (), 0, 0, 0, 0, 0)
    with pytest.raises(GridError, match="several settings"):
        figures([one, lossy], rng())


def test_the_interval_of_a_share_is_that_of_the_binomial_where_cases_are_alike() -> None:
    count, share = 200, 0.7
    back = round(count * share)
    cases = [
        outcome(k, 1.0, 0.0, Group(1, 60.0, 1.0, 0.5 if k < back else 60.0)) for k in range(count)
    ]
    found = figures(cases, rng()).at_once_pct
    spread = 100 * 1.96 * math.sqrt(share * (1 - share) / count)
    assert found.low == pytest.approx(100 * share - spread, abs=1.0)
    assert found.high == pytest.approx(100 * share + spread, abs=1.0)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    draws, truth, held = np.random.default_rng(5), 100 * (1 - 0.3 * 100 / 100), 0
    studies = 150
    for _ in range(studies):
        crew = draws.lognormal(0.0, 0.8, 60) * 100
        automated = crew * draws.uniform(0.0, 0.6, 60)
        cases = [outcome(k, crew[k], automated[k]) for k in range(60)]
        found = figures(cases, draws, draws=300).saved_pct
        assert found.low is not None and found.high is not None
        held += found.low <= truth <= found.high
    assert 0.88 <= held / studies <= 1.0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(1, 1e6), st.floats(0, 1e6)), min_size=2, max_size=12))
def test_an_interval_holds_its_own_value_and_no_order_changes_it(
    minutes: list[tuple[float, float]],
) -> None:
    cases = [outcome(k, crew, automated) for k, (crew, automated) in enumerate(minutes)]
    found = figures(cases, rng(), draws=200).saved_pct
    back = figures(cases[::-1], rng(), draws=200).saved_pct
    assert found.value == pytest.approx(back.value)
    assert found.value is not None and found.value <= 100.0
    crew, automated = np.array(minutes).T
    each = 100 * (1 - automated / crew)
    assert each.min() - 1e-6 <= (found.low or 0) <= (found.high or 0) <= each.max() + 1e-6
