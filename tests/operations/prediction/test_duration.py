"""The time until supply is back, as a distribution."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmend.model.errors import GridError
from gridmend.operations.prediction.duration import Circumstances, duration
from gridmend.operations.prediction.figures import CALIBRATED, KNOTS, LABELS

places = st.builds(
    Circumstances,
    cause=st.sampled_from(LABELS),
    storm=st.booleans(),
    hour=st.integers(0, 23),
    customers=st.integers(0, 100_000),
    backlog=st.floats(0, 1e4),
)


@given(places, st.floats(0, 1e5))
def test_quantiles_rise_and_lie_after_the_time_that_has_passed(
    where: Circumstances, elapsed_min: float
) -> None:
    law = duration(where).after(elapsed_min)
    found = [law.quantile_min(k / 20) for k in range(1, 20)]
    assert found == sorted(found)
    assert found[0] >= elapsed_min
    low, high = law.interval_min(0.9)
    assert low < law.median_min < high


@given(places, st.floats(1, 1e4))
def test_who_is_still_out_later_is_expected_back_later(where: Circumstances, at_min: float) -> None:
    law = duration(where)
    assert law.after(2 * at_min).median_min >= law.after(at_min).median_min * (1 - 1e-9)


def test_the_shares_that_set_it_right_rise_from_0_to_1() -> None:
    for shares in CALIBRATED:
        assert len(shares) == len(KNOTS)
        assert list(shares) == sorted(shares)
        assert shares[0] >= 0
        assert shares[-1] <= 1


def test_a_cause_that_takes_longer_is_expected_to() -> None:
    # In the data an equipment failure takes hours where an untold cause takes one and a half.
    short, long = (duration(Circumstances(cause=c)).median_min for c in ("unknown", "equipment"))
    assert long > 2 * short


def test_circumstances_that_cannot_be_are_refused() -> None:
    for wrong in ({"cause": "gremlins"}, {"hour": 24}, {"backlog": -1.0}, {"customers": -1}):
        with pytest.raises(GridError):
            Circumstances(**wrong)
    with pytest.raises(GridError):
        duration(Circumstances()).quantile_min(1.0)
    with pytest.raises(GridError):
        duration(Circumstances()).after(-1.0)
