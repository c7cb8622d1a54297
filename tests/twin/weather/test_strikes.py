"""Faults drawn from rates and fields: how many, where, and that no stream touches another."""

from __future__ import annotations

import hashlib
import math
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.model.grid import Grid
from gridmend.twin.streams import Streams
from gridmend.twin.weather.assets import AssetKind, Assets
from gridmend.twin.weather.causes import ANY_DAY, BY_STORM, MANNERS, Cause, possible
from gridmend.twin.weather.climate import Calendar, HeatWave, Weather
from gridmend.twin.weather.fragility import Fragility
from gridmend.twin.weather.rates import Rate, Rates, expected_by_rate, factor_at, most_factor
from gridmend.twin.weather.storms import Storm
from gridmend.twin.weather.strikes import Hazards, Strike, expected_counts, strikes

DAY_S = 86_400.0
YEAR_S = 365 * DAY_S
SEEDS = Streams(20)


def _stormy(storm: Storm, **more: object) -> Hazards:
    heat = HeatWave("heat", start_s=0, lasts_s=DAY_S, rise_c=20, ramp_s=3600)
    weather = Weather((storm,), (heat,), calendar=Calendar(day=170))
    rates = Rates().scaled(20_000.0).scaled(20.0, Cause.DIG_IN)
    weak = Fragility(life_h=1000.0)
    return Hazards(weather=weather, fragility=weak, rates=rates, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def drawn(assets: Assets, front: Storm) -> tuple[Strike, ...]:
    return strikes(assets, _stormy(front), SEEDS, end_s=DAY_S)


def test_the_counts_of_every_cause_are_the_integral_of_its_rate(
    assets: Assets, front: Storm
) -> None:
    hazards = _stormy(front)
    expected = expected_counts(assets, hazards, end_s=DAY_S)
    counts: Counter[Cause] = Counter()
    runs = 40
    for seed in range(runs):
        counts.update(s.cause for s in strikes(assets, hazards, Streams(seed), end_s=DAY_S))
    for cause in Cause:
        mean = runs * expected[cause].sum()
        assert abs(counts[cause] - mean) <= 5 * math.sqrt(mean), cause
        assert mean > 20, cause


def test_a_poisson_mean_worked_by_hand(grid: Grid) -> None:
    # 0.5 a year and km on the 11.9 km of overhead and cable lines: 30 years of them.
    lines = Assets.of(grid, cables=[])
    rate = Rate(Cause.UNKNOWN, AssetKind.OVERHEAD, 0.5)
    hazards = Hazards(rates=Rates((rate,)))
    mean = 0.5 * grid.lines.numbers("length_m").sum() / 1000 * 30
    expected = 3 * expected_counts(lines, hazards, end_s=10 * YEAR_S)[Cause.UNKNOWN].sum()
    assert expected == pytest.approx(mean)
    count = sum(len(strikes(lines, hazards, Streams(k), end_s=10 * YEAR_S)) for k in range(3))
    assert abs(count - mean) <= 5 * math.sqrt(mean)


def test_a_year_of_hours_and_months_is_a_year() -> None:
    for cause in ANY_DAY:
        # Months differ in days, so that months' factors of mean 1 are not quite 1 over days.
        whole_h = expected_by_rate(cause, Calendar(), start_s=0, end_s=YEAR_S)
        assert whole_h == pytest.approx(8760, rel=0.01), cause
        hours = [expected_by_rate(cause, Calendar(5, 7.5), start_s=k * 3600, end_s=(k + 1) * 3600)
                 for k in range(24)]  # fmt: skip
        month = factor_at(cause, Calendar(5), np.arange(24) * 3600.0).mean()
        assert sum(hours) == pytest.approx(24 * month), cause
        assert most_factor(cause) >= max(hours)


def test_faults_follow_the_hour_and_the_month(grid: Grid) -> None:
    assets = Assets.of(grid)
    hazards = Hazards(rates=Rates((Rate(Cause.LIGHTNING, AssetKind.OVERHEAD, 60.0),)))
    found = np.array([s.time_s for s in strikes(assets, hazards, SEEDS, end_s=YEAR_S)])
    summer = ((found // DAY_S >= 181) & (found // DAY_S < 212)).sum() / len(found)
    assert summer == pytest.approx(0.2, abs=5 * math.sqrt(0.2 * 0.8 / len(found)))
    afternoon = ((found % DAY_S) // 3600 // 3 == 5).mean()
    assert afternoon == pytest.approx(0.25, abs=5 * math.sqrt(0.25 * 0.75 / len(found)))


def test_faults_of_a_storm_fall_where_and_when_it_is(grid: Grid, assets: Assets) -> None:
    at = assets.names.index("line.L52")
    cell = Storm("cell", start_s=3600, x_m=assets.x_m[at], y_m=assets.y_m[at], radius_m=150,
                 growth_s=600, steady_s=3600, decay_s=600, lightning_per_km2_h=2000)  # fmt: skip
    found = strikes(assets, Hazards(weather=Weather((cell,))), SEEDS, end_s=DAY_S)
    assert len(found) > 50
    assert all(3600 <= s.time_s < 3600 + 4800 for s in found)
    row = {name: k for k, name in enumerate(assets.names)}
    far = [
        math.hypot(assets.x_m[row[s.element]] - cell.x_m, assets.y_m[row[s.element]] - cell.y_m)
        for s in found
    ]
    # Strokes are in proportion to a bell of 150 m: none of 50 is expected five radii away.
    assert max(far) < 5 * 150
    assert {s.cause for s in found} == {Cause.STROKE}


def test_without_a_cause_the_others_are_as_they_were(
    assets: Assets, front: Storm, drawn: tuple[Strike, ...]
) -> None:
    assert {s.cause for s in drawn} == set(Cause)
    for gone in Cause:
        left = strikes(assets, _stormy(front, without=(gone,)), SEEDS, end_s=DAY_S)
        assert left == tuple(s for s in drawn if s.cause is not gone), gone


def test_without_a_rate_the_others_are_as_they_were(
    assets: Assets, front: Storm, drawn: tuple[Strike, ...]
) -> None:
    hazards = _stormy(front)
    hazards = replace(hazards, rates=hazards.rates.scaled(0.0, Cause.ANIMAL, Cause.TREE))
    left = strikes(assets, hazards, SEEDS, end_s=DAY_S)
    gone = (Cause.ANIMAL, Cause.TREE)
    assert left == tuple(s for s in drawn if s.cause not in gone)


def test_without_the_storm_ordinary_faults_and_heat_are_as_they_were(
    assets: Assets, front: Storm, drawn: tuple[Strike, ...]
) -> None:
    hazards = _stormy(front)
    calm = replace(hazards, weather=replace(hazards.weather, storms=()))
    left = strikes(assets, calm, SEEDS, end_s=DAY_S)
    assert left == tuple(s for s in drawn if s.cause not in BY_STORM)
    assert 0 < len(left) < len(drawn)


@pytest.mark.parametrize("gone", ["L52", "L1", "the longest"])
def test_without_a_line_the_others_are_as_they_were(
    grid: Grid, front: Storm, drawn: tuple[Strike, ...], gone: str
) -> None:
    if gone == "the longest":
        gone = str(grid.lines["name"][int(np.argmax(grid.lines.numbers("length_m")))])
    assets = Assets.of(grid.without(f"line.{gone}"))
    left = strikes(assets, _stormy(front), SEEDS, end_s=DAY_S)
    assert left == tuple(s for s in drawn if s.element != f"line.{gone}")


def test_no_two_faults_come_of_the_same_draw(drawn: tuple[Strike, ...]) -> None:
    on_lines = [s for s in drawn if s.element.startswith("line.")]
    assert len({s.position_pu for s in on_lines}) == len(on_lines)
    assert len({s.r_ohm for s in drawn}) == len(drawn)


def test_a_span_that_cuts_steps_has_its_own_share_of_a_storm(assets: Assets, front: Storm) -> None:
    strong = replace(front, lightning_per_km2_h=3000.0, gust_m_per_s=0.0, ice_mm_per_h=0.0)
    hazards = Hazards(weather=Weather((strong,)))
    span = {"start_s": 42_100.5, "end_s": 42_400.25}
    found = strikes(assets, hazards, SEEDS, **span)
    mean = sum(n.sum() for n in expected_counts(assets, hazards, **span).values())
    assert mean > 100
    assert abs(len(found) - mean) <= 5 * math.sqrt(mean)
    assert all(42_100.5 <= s.time_s < 42_400.25 for s in found)


def test_faults_of_cables_and_transformers_are_all_permanent(assets: Assets) -> None:
    rows = (
        Rate(Cause.EQUIPMENT, AssetKind.CABLE, 200.0),
        Rate(Cause.EQUIPMENT, AssetKind.TRANSFORMER, 20.0),
    )
    found = strikes(assets, Hazards(rates=Rates(rows)), SEEDS, end_s=YEAR_S)
    assert len(found) > 100
    assert all(s.is_permanent for s in found)
    assert {s.position_pu for s in found if s.element.startswith("transformer.")} == {0.0}


def test_no_rates_and_no_weather_give_nothing(assets: Assets) -> None:
    assert strikes(assets, Hazards(rates=Rates(())), SEEDS, end_s=10 * YEAR_S) == ()
    none = Hazards(rates=Rates().scaled(0.0))
    assert strikes(assets, none, SEEDS, end_s=10 * YEAR_S) == ()
    assert sum(v.sum() for v in expected_counts(assets, none, end_s=YEAR_S).values()) == 0


def test_equal_seeds_give_equal_bytes_in_every_process() -> None:
    code = (
        "import hashlib, math, gridmend as gm\n"
        "from gridmend.twin.streams import Streams\n"
        "from gridmend.twin.weather.assets import Assets\n"
        "from gridmend.twin.weather.climate import Weather\n"
        "from gridmend.twin.weather.storms import Storm\n"
        "from gridmend.twin.weather.strikes import Hazards, strikes\n"
        "a = Assets.of(gm.read('ieee123'))\n"
        "s = Storm('s', 0, 500, 500, 5000, gust_m_per_s=45, width_m=math.inf)\n"
        "k = strikes(a, Hazards(weather=Weather((s,))), Streams(4), end_s=86400)\n"
        "print(len(k), hashlib.sha256(repr(k).encode()).hexdigest())\n"
    )
    said = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                       env={"PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(said) == 1
    assert int(said.pop().split()[0]) > 10


def test_other_seeds_give_other_faults(assets: Assets, front: Storm) -> None:
    digests = {
        hashlib.sha256(
            repr(strikes(assets, _stormy(front), Streams(k), end_s=DAY_S)).encode()
        ).digest()
        for k in range(5)
    }
    assert len(digests) == 5


def test_every_strike_is_one_that_its_element_can_have(
    grid: Grid, assets: Assets, drawn: tuple[Strike, ...]
) -> None:
    row = {name: k for k, name in enumerate(assets.names)}
    sizes = {"line_ground": 1, "line_line": 2, "line_line_ground": 2, "three_phase": 3}
    assert [s.time_s for s in drawn] == sorted(s.time_s for s in drawn)
    for s in drawn:
        k = row[s.element]
        assert grid.find(s.element)
        assert set(s.phases) <= set(assets.phases[k])
        assert len(set(s.phases)) == len(s.phases) == sizes[s.kind]
        assert 0 <= s.position_pu < 1
        assert s.r_ohm > 0
        assert 0 <= s.time_s < DAY_S
        assert s.time_s == round(s.time_s, 6)
        assert s.is_permanent or assets.kinds[k] is AssetKind.OVERHEAD


def test_shares_of_kinds_phases_and_permanence_are_those_that_are_set(grid: Grid) -> None:
    assets = Assets.of(grid, cables=[])
    hazards = Hazards(rates=Rates((Rate(Cause.TREE, AssetKind.OVERHEAD, 200.0),)))
    found = strikes(assets, hazards, SEEDS, end_s=2 * YEAR_S)
    three = {n for n, p in zip(assets.names, assets.phases, strict=True) if len(p) == 3}
    of_three = [s for s in found if s.element in three]
    kinds = Counter(s.kind for s in of_three)
    for kind, share in possible(3).items():
        bound = 5 * math.sqrt(share * (1 - share) / len(of_three))
        assert kinds[kind] / len(of_three) == pytest.approx(share, abs=bound)
    ground = Counter(s.phases for s in of_three if s.kind == "line_ground")
    total = sum(ground.values())
    for count in ground.values():
        assert count / total == pytest.approx(1 / 3, abs=5 * math.sqrt(2 / 9 / total))
    assert len(ground) == 3
    pairs = Counter(s.phases for s in of_three if s.kind.startswith("line_line"))
    assert set(pairs) == {("a", "b"), ("a", "c"), ("b", "c")}
    total = sum(pairs.values())
    for count in pairs.values():
        assert count / total == pytest.approx(1 / 3, abs=5 * math.sqrt(2 / 9 / total))
    temporary = sum(not s.is_permanent for s in found) / len(found)
    bound = 5 * math.sqrt(0.75 * 0.25 / len(found))
    assert temporary == pytest.approx(MANNERS[Cause.TREE].temporary, abs=bound)
    r_ohm = np.array([s.r_ohm for s in found if s.kind.endswith("ground")])
    spread = np.log(r_ohm / MANNERS[Cause.TREE].r_ohm)
    assert spread.mean() == pytest.approx(0, abs=5 / math.sqrt(len(r_ohm)))
    assert spread.std() == pytest.approx(1, abs=5 / math.sqrt(2 * len(r_ohm)))


def test_three_quarters_of_ordinary_overhead_faults_are_temporary() -> None:
    overhead = [r for r in Rates().rows if r.kind is AssetKind.OVERHEAD]
    total = sum(r.per_year for r in overhead)
    temporary = sum(r.per_year * MANNERS[r.cause].temporary for r in overhead) / total
    assert 0.70 <= temporary <= 0.80
    assert total * (1 - temporary) == pytest.approx(0.065)
    cables = sum(r.per_year for r in Rates().rows if r.kind is AssetKind.CABLE)
    assert cables == pytest.approx(0.065)


@given(st.floats(0, 5e4), st.floats(1, 5e4))
@settings(deadline=None, max_examples=25)
def test_expected_counts_of_adjoining_spans_add_up(
    assets: Assets, front: Storm, start_s: float, more_s: float
) -> None:
    hazards = _stormy(front)
    middle_s, end_s = start_s + more_s / 3, start_s + more_s
    whole = expected_counts(assets, hazards, start_s=start_s, end_s=end_s)
    first = expected_counts(assets, hazards, start_s=start_s, end_s=middle_s)
    second = expected_counts(assets, hazards, start_s=middle_s, end_s=end_s)
    for cause in Cause:
        assert first[cause] + second[cause] == pytest.approx(whole[cause], rel=1e-6, abs=1e-12)
