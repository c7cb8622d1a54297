"""A series is snapshots over time: what varies, what is constant, growth, noise, clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.formats.read import read
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.profiles import Profile, Span, series_of, unmoved, with_class_growth
from gridmend.model.series import Series, utc_times
from gridmend.model.shape_profiles import constant_storages, model_profiles
from gridmend.model.snapshot import Snapshot

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="module")
def start() -> Snapshot:
    return Snapshot.normal(read("ieee13"))


def _two_profiles(start: Snapshot, steps: int = 3) -> Series:
    rows = np.arange(len(start.load_kw)) % 3 - 1
    factors = np.array([np.linspace(0.5, 1.5, steps), np.linspace(2.0, 1.0, steps)])
    return Series(start, factors, {"load_kw": rows, "load_kvar": rows})


def test_a_step_is_the_start_times_the_factor_that_each_load_follows(start: Snapshot) -> None:
    series = _two_profiles(start)
    rows = series.follows["load_kw"]
    for step in range(3):
        by = np.where(rows >= 0, series.factors[rows, step], 1.0)
        np.testing.assert_array_equal(series[step].load_kw, start.load_kw * by)
        np.testing.assert_array_equal(series[step].load_kvar, start.load_kvar * by)
        assert series[step].generator_kw is start.generator_kw


def test_blocks_and_parts_are_the_series_cut(start: Snapshot) -> None:
    series = _two_profiles(start, 10)
    assert list(series.blocks(4)) == [(0, 4), (4, 8), (8, 10)]
    part = series.part(4, 8)
    assert part.steps == 4
    np.testing.assert_array_equal(part[1].load_kw, series[5].load_kw)


def test_times_are_utc_on_the_clock_of_the_zone(start: Snapshot) -> None:
    first = datetime(2025, 3, 30, 0, 30, tzinfo=BERLIN)
    times = utc_times(first, step_s=3600, steps=3)
    series = Series(start, np.ones((1, 3)), {}, times, zone=BERLIN)
    assert series.times[0] == np.datetime64("2025-03-29T23:30")
    assert [s.time.strftime("%H:%M%z") for s in series if s.time] == [
        "00:30+0100",
        "01:30+0100",
        "03:30+0200",
    ]


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda s: Series(s, np.full((1, 2), np.nan)), "not finite"),
        (lambda s: Series(s, np.full((1, 2), np.inf)), "not finite"),
        (lambda s: Series(s, np.ones((1, 2)), {}, [datetime.now(UTC)]), "has 1 times"),
        (lambda s: Series(s, np.ones((1, 1)), {}, [datetime(2025, 1, 1)]), "no zone"),
        (lambda s: Series(s, np.ones((1, 2)), step_s=0.0), "no step"),
        (lambda s: Series(s, np.ones((1, 2)), {"load_kw": np.full(len(s.load_kw), 1)}), "beyond"),
        (lambda s: Series(s, np.ones((1, 2)), {"load_kw": np.full(len(s.load_kw), -2)}), "beyond"),
        (lambda s: Series(s, np.ones((1, 2)), {"load_kw": np.zeros(3, int)}), "not"),
    ],
)
def test_what_does_not_fit_is_refused(start: Snapshot, make, what: str) -> None:
    with pytest.raises(GridError, match=what):
        make(start)


def test_growth_compounds_over_years(start: Snapshot) -> None:
    series = Series.scaled(start, [1.0, 0.5]).with_growth(0.02, years=5)
    np.testing.assert_allclose(series[1].load_kw, start.load_kw * 0.5 * 1.02**5)
    np.testing.assert_allclose(series[1].load_kvar, start.load_kvar * 0.5 * 1.02**5)


def test_growth_goes_by_class_and_leaves_out_what_is_fixed() -> None:
    grid = read("ieee13")
    first, second, third = grid.loads["name"][:3]
    for name, values in (
        (first, {"class": "home"}),
        (second, {"class": "shop"}),
        (third, {"class": "home", "fixed": True}),
    ):
        grid = grid.with_changed(f"load.{name}", **values)
    start = Snapshot.normal(grid)
    series = with_class_growth(
        Series.scaled(start, [1.0]), grid, {"home": 10.0, "": 1.0}, years=1.0
    )
    share = series[0].load_kw / start.load_kw
    np.testing.assert_allclose(share[:4], [1.1, 1.01, 1.0, 1.01])
    with pytest.raises(GridError, match="no load is of class 'farm'"):
        with_class_growth(series, grid, {"farm": 1.0}, years=1.0)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(0.001, 0.3), st.booleans())
def test_noise_is_that_of_its_seed_and_scatters_active_and_reactive_power_alike(
    seed: int, share: float, per_load: bool
) -> None:
    start = Snapshot.normal(read("ieee13"))
    series = _two_profiles(start, 6)
    one, other = (
        series.with_noise(np.random.default_rng(seed), share, per_load=per_load) for _ in range(2)
    )
    for step in range(6):
        np.testing.assert_array_equal(one[step].load_kw, other[step].load_kw)
        by = one[step].load_kw / series[step].load_kw
        nonzero = series[step].load_kvar != 0
        np.testing.assert_allclose(
            (one[step].load_kvar / series[step].load_kvar)[nonzero], by[nonzero], rtol=1e-12
        )
        constant = series.follows["load_kw"] < 0
        np.testing.assert_array_equal(by[constant], 1.0)
        assert (by >= 0).all()
        same = [len(set(np.round(by[series.follows["load_kw"] == k], 12))) == 1 for k in (0, 1)]
        assert all(same) is not per_load


def test_noise_has_the_standard_deviation_asked_for(start: Snapshot) -> None:
    series = Series.scaled(start, np.ones(4000)).with_noise(np.random.default_rng(1), 0.05)
    factors = series.factors[series.follows["load_kw"]]
    assert factors.std() == pytest.approx(0.05, rel=0.02)
    assert factors.mean() == pytest.approx(1.0, abs=1e-3)
    between = np.corrcoef(factors[:2])[0, 1]
    assert abs(between) < 0.06


def test_noise_keeps_a_reactive_shape_of_its_own(start: Snapshot) -> None:
    rows = np.zeros(len(start.load_kw), int)
    series = Series(
        start, np.array([[1.0, 2.0], [5.0, 7.0]]), {"load_kw": rows, "load_kvar": rows + 1}
    )
    noisy = series.with_noise(np.random.default_rng(0), 0.1)
    p, q = (noisy.factors[noisy.follows[n]] for n in ("load_kw", "load_kvar"))
    np.testing.assert_allclose(q / p, np.broadcast_to([5.0, 3.5], p.shape))


def _pv_grid(**values: object) -> Grid:
    row = {"name": "pv", "bus": "671", "phases": "a b c g", "kv": 4.16, "panel_kw": 100.0,
           "rating_kva": 80.0, **values}  # fmt: skip
    return read("ieee13").with_rows("pv_systems", row)


def test_a_pv_system_follows_the_sun_through_its_inverter() -> None:
    grid = _pv_grid(cut_in_pct=20.0, cut_out_pct=10.0)
    sun = np.array([0.12, 0.05, 0.12, 0.5, 1.0, 0.12, 0.05, 0.12])
    chosen = {("pv_systems", 0): Profile("sun", sun, sun)}
    series = series_of(grid, Span(8), chosen)
    # It runs at first, stops below 8 kW, starts again only from 16 kW, and gives at most 80 kVA.
    kw = [float(s.pv_kw[0]) for s in series]
    assert kw == pytest.approx([12, 0, 0, 50, 80, 12, 0, 0])


def _shaped(p: list[float], column: str = "yearly", **values: object) -> Grid:
    grid = read("ieee13").with_rows("shapes", {"name": "s", "p_pu": p, **values})
    return grid.with_changed("load.671", **{column: "s"})


def test_a_shape_begins_again_after_its_last_point_and_that_is_a_finding() -> None:
    grid = _shaped([1.0, 2.0, 3.0])
    chosen, findings = model_profiles(grid, Span(5))
    at = grid.loads.row("671")
    assert chosen["loads", at].p.tolist() == [1, 2, 3, 1, 2]
    assert [f.severity for f in findings] == ["warning"]
    assert "ends after 3 h" in findings[0].what
    assert model_profiles(grid, Span(3))[1] == ()


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"p": []}, "no points"),
        ({"p": [1.0, 2.0], "q_pu": [1.0]}, "2 points of active and 1"),
        ({"p": [1.0, float("nan")]}, "point 2 of shape 's' is no number"),
    ],
)
def test_a_shape_that_cannot_be_read_is_refused(values: dict, what: str) -> None:
    with pytest.raises(GridError, match=what):
        model_profiles(_shaped(**values), Span(2))


def test_a_daily_shape_follows_the_wall_clock_on_the_days_of_23_and_25_hours() -> None:
    grid = _shaped([float(h) for h in range(24)], "daily")
    at = grid.loads.row("671")

    def hours(day: datetime, steps: int) -> list[float]:
        chosen, _ = model_profiles(grid, Span(steps, begin=day, zone=BERLIN), mode="daily")
        return chosen["loads", at].p.tolist()

    spring = hours(datetime(2025, 3, 30, tzinfo=BERLIN), 23)
    assert spring == [0, 1, *range(3, 24)]
    autumn = hours(datetime(2025, 10, 26, tzinfo=BERLIN), 25)
    assert autumn == [0, 1, 2, 2, *range(3, 24)]
    plain = hours(datetime(2025, 7, 1, tzinfo=BERLIN), 24)
    assert plain == list(range(24))


def test_a_yearly_shape_counts_hours_that_passed_since_new_year() -> None:
    grid = _shaped([float(h) for h in range(8760)])
    at = grid.loads.row("671")
    begin = datetime(2025, 3, 30, tzinfo=BERLIN)
    chosen, _ = model_profiles(grid, Span(4, begin=begin, zone=BERLIN))
    passed = (begin - datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=1)) / timedelta(hours=1)
    assert chosen["loads", at].p.tolist() == [passed + k for k in range(4)]


def test_a_series_without_variation_is_known(start: Snapshot) -> None:
    grid = read("ieee13")
    assert unmoved(series_of(grid, Span(4), {}))
    assert not unmoved(Series.scaled(start, [1.0, 1.1]))


def test_a_storage_that_follows_nothing_is_a_finding() -> None:
    grid = read("ieee13").with_rows(
        "storages",
        {"name": "b", "bus": "671", "phases": "a b c g", "kv": 4.16, "p_kw": 5.0,
         "rating_kva": 80.0, "rating_kw": 80.0, "capacity_kwh": 10.0, "stored_kwh": 5.0},
    )  # fmt: skip
    assert "keeps its power" in constant_storages(grid, {})[0].what
    profile = Profile("s", np.ones(2), np.ones(2))
    assert constant_storages(grid, {("storages", 0): profile}) == ()
