"""How assets stand weather: cases worked by hand, and what must hold whatever the figures."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.twin.weather.assets import AssetKind, Assets
from gridmend.twin.weather.causes import BY_STORM, Cause
from gridmend.twin.weather.climate import Conditions
from gridmend.twin.weather.fragility import (
    Curve,
    Fragility,
    ageing,
    attractive_width_m,
    hot_spot_c,
    probability,
    rates_per_h,
)

SET = Fragility()


def _there(
    assets: Assets, *, gust: float = 0, ice: float = 0, lightning: float = 0, warm: float = 20
) -> Conditions:
    ones = np.ones((len(assets), 1))
    return Conditions(gust * ones, ice * ones, lightning * ones, np.array([float(warm)]))


def test_a_curve_is_one_half_at_its_median_and_elsewhere_what_tables_of_the_normal_law_say() -> (
    None
):
    curve = Curve(50.0, 0.4)
    # The normal distribution is 0.158655 one deviation below its mean, 0.977250 two above.
    loads = np.array([0.0, 50 * math.exp(-0.4), 50, 50 * math.exp(0.8)])
    assert curve.probability(loads) == pytest.approx([0, 0.158655, 0.5, 0.977250], abs=1e-6)
    assert curve.rate_per_h(np.array([50.0])) == pytest.approx([math.log(2)])


def test_erikssons_line_of_ten_metres_collects_eleven_flashes() -> None:
    # 28 · 10^0.6 = 111.47 m; at one flash per km² and year 100 km collect 11.15 a year.
    assert attractive_width_m(np.array([10.0])) == pytest.approx([111.4700], abs=1e-3)
    assert attractive_width_m(np.array([10.0]), 2.0) == pytest.approx([113.4700], abs=1e-3)


def test_strokes_to_a_line_are_those_of_its_strip(assets: Assets) -> None:
    bare = replace(SET, shielded=0.0)
    rates = rates_per_h(bare, Cause.STROKE, assets, _there(assets, lightning=1.0))
    overhead = assets.are(AssetKind.OVERHEAD)
    assert rates.sum() == pytest.approx(0.11147 * assets.length_km[overhead].sum(), rel=1e-4)
    half = rates_per_h(
        replace(SET, shielded=0.5), Cause.STROKE, assets, _there(assets, lightning=1)
    )
    assert half == pytest.approx(rates / 2)


def test_insulation_ages_as_the_table_of_the_standard_says() -> None:
    # IEEE C57.91 gives 1 at 110 °C; at 117 °C and 103 °C its formula gives 2.02 and 0.48.
    assert ageing(np.array([110.0, 117.0, 103.0])) == pytest.approx([1, 2.02, 0.48], abs=0.01)
    assert hot_spot_c(np.array([1.0, 0.0]), np.array([30.0, 30.0])) == pytest.approx([110, 30])


@pytest.mark.parametrize("cause", [Cause.WIND, Cause.WIND_TREE])
def test_more_wind_never_breaks_less(assets: Assets, cause: Cause) -> None:
    rates = [rates_per_h(SET, cause, assets, _there(assets, gust=g)).sum() for g in range(0, 90, 3)]
    assert (np.diff(rates) >= 0).all()
    assert rates[0] == 0
    assert rates[-1] > rates[10] > 0


@given(st.floats(0.1, 200), st.floats(0.05, 2), st.floats(0, 300), st.floats(0, 300))
@settings(deadline=None)
def test_a_curve_rises_with_its_load_and_stays_a_probability(
    median: float, spread: float, one: float, two: float
) -> None:
    low, high = Curve(median, spread).probability(np.array(sorted((one, two))))
    assert 0 <= low <= high <= 1


def test_weather_of_storms_harms_overhead_lines_only_and_heat_transformers_only(
    assets: Assets,
) -> None:
    there = _there(assets, gust=40, ice=40, lightning=1, warm=40)
    for cause in Cause:
        harmed = rates_per_h(SET, cause, assets, there)[:, 0] > 0
        if cause in BY_STORM:
            assert (harmed == assets.are(AssetKind.OVERHEAD)).all(), cause
        elif cause is Cause.HEAT:
            assert (harmed == assets.are(AssetKind.TRANSFORMER)).all()
        else:
            assert not harmed.any(), cause


def test_failures_go_with_length_and_trees_with_vegetation(grid: Grid, assets: Assets) -> None:
    there = _there(assets, gust=40)
    for cause in (Cause.WIND, Cause.WIND_TREE):
        rates = rates_per_h(SET, cause, assets, there)[:, 0]
        overhead = assets.are(AssetKind.OVERHEAD)
        per_km = rates[overhead] / assets.length_km[overhead]
        assert per_km == pytest.approx(per_km[0])
    thick = Assets.of(grid, vegetation={"L52": 3.0, "L1": 0.0})
    trees = rates_per_h(SET, Cause.WIND_TREE, thick, there)[:, 0]
    before = rates_per_h(SET, Cause.WIND_TREE, assets, there)[:, 0]
    at, none = assets.names.index("line.L52"), assets.names.index("line.L1")
    assert trees[at] == pytest.approx(3 * before[at])
    assert trees[none] == 0
    wind = rates_per_h(SET, Cause.WIND, thick, there)
    assert (wind == rates_per_h(SET, Cause.WIND, assets, there)).all()


def test_the_probability_of_an_hour_is_what_its_rate_gives(assets: Assets) -> None:
    there = _there(assets, gust=60)
    rate = rates_per_h(SET, Cause.WIND, assets, there)
    assert probability(SET, Cause.WIND, assets, there) == pytest.approx(1 - np.exp(-rate))


def test_a_heavily_loaded_transformer_fails_sooner_in_heat(grid: Grid, assets: Assets) -> None:
    name = grid.transformers.texts("name")[0]
    loaded = Assets.of(grid, loading_pu={name: 1.3})
    at = loaded.names.index(f"transformer.{name}")
    hot = rates_per_h(SET, Cause.HEAT, loaded, _there(loaded, warm=40))[:, 0]
    # 40 °C raise demand by 36 %: K = 1.768, a hot spot of 40 + 80 · 1.768^1.6 = 239 °C.
    assert hot[at] == pytest.approx(ageing(np.array(40 + 80 * 1.768**1.6)) / 180_000)
    assert hot[at] > hot[assets.are(AssetKind.TRANSFORMER)].min()


@pytest.mark.parametrize(
    ("name", "value"),
    [("shielded", 1.2), ("flashover", -0.1), ("poles_per_km", -1.0), ("life_h", 0.0),
     ("trees_per_km", math.nan), ("rise_c", math.inf)],
)  # fmt: skip
def test_a_fragility_that_cannot_be_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(GridError, match=name) as refused:
        replace(SET, **{name: value})
    assert refused.value.mend


def test_a_curve_without_a_median_is_refused() -> None:
    with pytest.raises(GridError, match="median is 0"):
        Curve(0.0, 0.3)
