"""Settings that cannot be are refused before anything is drawn."""

from __future__ import annotations

import math

import pytest

from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.twin.streams import Streams
from gridmend.twin.weather.assets import AssetKind, Assets
from gridmend.twin.weather.causes import Cause
from gridmend.twin.weather.rates import Rate, Rates
from gridmend.twin.weather.strikes import Hazards, findings, strikes

DAY_S = 86_400.0
SEEDS = Streams(20)


@pytest.mark.parametrize(
    ("start_s", "end_s"),
    [(-1.0, 10.0), (5.0, 5.0), (5.0, 1.0), (0.0, math.nan), (0.0, math.inf), (0.0, 1e10)],
)
def test_a_span_that_is_none_is_refused_and_found(
    grid: Grid, assets: Assets, start_s: float, end_s: float
) -> None:
    with pytest.raises(GridError) as refused:
        strikes(assets, Hazards(), SEEDS, start_s=start_s, end_s=end_s)
    assert refused.value.mend
    (found,) = findings(grid, assets, Hazards(), start_s=start_s, end_s=end_s)
    assert found.severity == "error"


def test_a_negative_rate_a_rate_twice_and_a_cause_of_storms_are_refused() -> None:
    with pytest.raises(GridError, match="per_year is -1") as refused:
        Rate(Cause.TREE, AssetKind.OVERHEAD, -1.0)
    assert refused.value.where == "rate of cause 'tree' on overhead"
    with pytest.raises(GridError, match="per_year is nan"):
        Rate(Cause.TREE, AssetKind.OVERHEAD, math.nan)
    with pytest.raises(GridError, match="no ordinary rate"):
        Rate(Cause.WIND, AssetKind.OVERHEAD, 1.0)
    twice = (Rate(Cause.TREE, AssetKind.OVERHEAD, 1.0),) * 2
    with pytest.raises(GridError, match="two rates"):
        Rates(twice)
    with pytest.raises(GridError, match="factor is -2"):
        Rates().scaled(-2.0)
    with pytest.raises(GridError, match="no cause 'tre'"):
        Hazards(without=("tre",))  # type: ignore[arg-type]


def test_rates_without_bound_are_refused_before_they_are_drawn(assets: Assets) -> None:
    with pytest.raises(GridError, match="1,000,000 faults") as refused:
        strikes(assets, Hazards(rates=Rates().scaled(1e9)), SEEDS, end_s=DAY_S)
    assert refused.value.where.startswith("cause '")
