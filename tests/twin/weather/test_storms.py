"""Fields of storms and heat waves: where, when and how strong."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.model.errors import GridError
from gridmend.twin.weather.climate import (
    Calendar,
    HeatWave,
    OrdinaryDay,
    Weather,
    conditions,
    demand_factor,
    findings,
    temperature_c,
)
from gridmend.twin.weather.storms import ICE_STEP_S, Storm, centre, ice_mm, intensity, life

HOUR = 3600.0
CELL = Storm(
    "cell", start_s=HOUR, x_m=0, y_m=0, radius_m=1000, speed_m_per_s=10, heading_deg=90,
    growth_s=HOUR, steady_s=2 * HOUR, decay_s=HOUR, gust_m_per_s=30, lightning_per_km2_h=2,
)  # fmt: skip
MIDDLE_S = 3 * HOUR


def _at(*values: float) -> np.ndarray:
    return np.array(values, float)


def test_a_cell_is_a_bell_around_its_centre() -> None:
    found = intensity(CELL, _at(0, 1000, 0, 0), _at(0, 0, -1000, 2000), _at(MIDDLE_S))[:, 0]
    assert found == pytest.approx([1, math.exp(-0.5), math.exp(-0.5), math.exp(-2)])


def test_a_centre_goes_where_it_heads() -> None:
    x, y = centre(CELL, _at(MIDDLE_S, MIDDLE_S + 100))
    assert (*x, *y) == pytest.approx((0, 1000, 0, 0))
    x, y = centre(replace(CELL, heading_deg=180), _at(MIDDLE_S + 100))
    assert (x[0], y[0]) == pytest.approx((0, -1000))


def test_a_front_without_ends_is_as_strong_along_itself() -> None:
    front = replace(CELL, width_m=math.inf)
    found = intensity(front, _at(0, 0, 1000), _at(0, 1e6, 1e6), _at(MIDDLE_S))[:, 0]
    assert found == pytest.approx([1, 1, math.exp(-0.5)])


def test_a_storm_grows_stays_and_decays_and_is_nothing_before_and_after() -> None:
    times_s = HOUR * _at(0.999, 1, 1.5, 2, 3, 4, 4.5, 5, 5.001)
    assert life(CELL, times_s) == pytest.approx([0, 0, 0.5, 1, 1, 1, 0.5, 0, 0])


@given(st.floats(0, 6 * HOUR), st.floats(-5e3, 5e3), st.floats(-5e3, 5e3))
@settings(deadline=None)
def test_a_storm_is_never_stronger_than_its_peak_and_has_no_jumps(
    time_s: float, x_m: float, y_m: float
) -> None:
    strength = intensity(CELL, _at(x_m, x_m + 1), _at(y_m, y_m), _at(time_s, time_s + 1))
    assert strength.min() >= 0
    assert strength.max() <= 1
    # The bell's steepest slope is 0.61 a radius, and the centre goes 10 m in a second.
    assert np.ptp(strength) <= 0.61 * 11 / 1000 + math.pi / 2 / HOUR + 1e-9


def test_a_place_without_a_position_has_the_centres_weather() -> None:
    times_s = _at(1.5 * HOUR, MIDDLE_S)
    there = conditions(
        Weather((CELL,)), x_m=_at(math.nan, 1e5), y_m=_at(math.nan, 1e5), times_s=times_s
    )
    assert there.lightning_per_km2_h[0] == pytest.approx([1, 2])
    assert there.gust_m_per_s[0] == pytest.approx([15, 30])
    assert there.lightning_per_km2_h[1] == pytest.approx([0, 0])


def test_ice_of_a_steady_storm_is_the_solution_of_its_equation() -> None:
    still = replace(
        CELL, speed_m_per_s=0, growth_s=0, decay_s=0, steady_s=5 * HOUR, ice_mm_per_h=3.0
    )
    times_s = still.start_s + HOUR * _at(0, 1, 2.5, 5, 8)
    found = ice_mm(still, _at(0), _at(0), times_s)[0]
    stays_h = still.ice_stays_h
    grown = [3 * stays_h * (1 - math.exp(-hours / stays_h)) for hours in (0, 1, 2.5, 5)]
    assert found == pytest.approx([*grown, grown[-1] * math.exp(-3 / stays_h)], rel=1e-9)


def test_ice_is_the_same_whatever_times_are_asked_for() -> None:
    icy = replace(CELL, ice_mm_per_h=5.0)
    x_m, y_m = _at(0, 500), _at(100, 900)
    many = ice_mm(icy, x_m, y_m, np.arange(0, 20 * HOUR, ICE_STEP_S))
    one = ice_mm(icy, x_m, y_m, _at(4 * HOUR))
    assert (many[:, 48] == one[:, 0]).all()


def test_gusts_take_the_strongest_and_lightning_adds() -> None:
    other = replace(CELL, name="other", gust_m_per_s=20)
    there = conditions(Weather((CELL, other)), x_m=_at(0), y_m=_at(0), times_s=_at(MIDDLE_S))
    assert there.gust_m_per_s[0, 0] == pytest.approx(30)
    assert there.lightning_per_km2_h[0, 0] == pytest.approx(4)


def test_a_heat_wave_adds_to_the_swing_of_the_day() -> None:
    wave = HeatWave("heat", start_s=0, lasts_s=72 * HOUR, rise_c=12)
    weather = Weather(heat_waves=(wave,), ordinary=OrdinaryDay(mean_c=20, swing_c=8))
    times_s = HOUR * _at(0, 15, 27, 39)
    found = temperature_c(weather, times_s)
    assert found[[1, 3]] == pytest.approx([40, 40])
    assert found[2] == pytest.approx(32 - 8)


def test_heat_raises_demand_above_22_degrees_only() -> None:
    assert demand_factor(_at(-10, 22, 32, 60)) == pytest.approx([1, 1, 1.2, 1.5])


def test_a_calendar_knows_the_hour_and_the_month() -> None:
    calendar = Calendar(day=31, hour=22.0)
    times_s = HOUR * _at(0, 1.9, 2.0, 26)
    assert calendar.hours(times_s) == pytest.approx([22, 23.9, 0, 0])
    assert calendar.months(times_s).tolist() == [0, 0, 1, 1]
    assert Calendar(day=365).months(_at(0, 24 * HOUR)).tolist() == [11, 0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("radius_m", 0.0), ("radius_m", math.nan), ("width_m", -1.0), ("start_s", -1.0),
        ("gust_m_per_s", -1.0), ("gust_m_per_s", math.inf), ("lightning_per_km2_h", -0.1),
        ("ice_mm_per_h", math.nan), ("ice_stays_h", 0.0), ("speed_m_per_s", -3.0),
        ("heading_deg", math.inf), ("decay_s", -1.0), ("x_m", math.nan),
    ],
)  # fmt: skip
def test_a_storm_that_cannot_be_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(GridError, match=name) as refused:
        replace(CELL, **{name: value})
    assert refused.value.where == "storm 'cell'"
    assert refused.value.mend


def test_a_storm_without_a_life_or_a_wave_without_days_is_refused() -> None:
    with pytest.raises(GridError, match="lives 0 s"):
        replace(CELL, growth_s=0, steady_s=0, decay_s=0)
    with pytest.raises(GridError, match="lasts"):
        HeatWave("short", start_s=0, lasts_s=HOUR, rise_c=5)
    with pytest.raises(GridError, match="rise_c"):
        HeatWave("cold", start_s=0, lasts_s=48 * HOUR, rise_c=-5)
    with pytest.raises(GridError, match="day 366"):
        Calendar(day=366)


def test_two_storms_of_one_name_are_refused() -> None:
    with pytest.raises(GridError, match="two storms are named 'cell'"):
        Weather((CELL, CELL))


def test_storms_that_come_to_nothing_are_found() -> None:
    far = replace(CELL, name="far", x_m=1e6)
    late = replace(CELL, name="late", start_s=30 * HOUR)
    calm = replace(CELL, name="calm", gust_m_per_s=0, lightning_per_km2_h=0)
    weather = Weather((CELL, far, late, calm))
    found = findings(weather, x_m=_at(0), y_m=_at(0), start_s=0, end_s=24 * HOUR)
    assert [(f.where, f.what) for f in found] == [
        ("storm 'far'", "the storm passes the network by"),
        ("storm 'late'", "the storm is outside of the run"),
        ("storm 'calm'", "the storm has no wind, ice or lightning"),
    ]
