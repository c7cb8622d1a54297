"""A storm twice on the twin: the same damage, crews side by side, and two faults healed at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import gridmend
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.operations.indices import Interruption
from gridmend.runtime.exercise.exercise import Exercise, rehearse
from gridmend.runtime.exercise.storming import Front, StormStudy, counted, storm_of, weather
from gridmend.twin.scenario.happenings import FaultStrikes
from gridmend.twin.scenario.scenario import Scenario, Sky

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def grid() -> Grid:
    return gridmend.read("ieee123")


@pytest.fixture(scope="module")
def study(grid: Grid) -> StormStudy:
    return weather(grid, seed=4, front=Front(faults=20.0, hours=8.0))


def test_the_same_faults_strike_under_both_policies(study: StormStudy) -> None:
    assert study.crew.measures["faults"] == study.automated.measures["faults"]
    assert study.as_json()["faults"] > 10


def test_automation_costs_no_more_customer_minutes_and_hurts_nobody(study: StormStudy) -> None:
    said = study.as_json()
    assert said["customer_minutes"]["automated"] <= said["customer_minutes"]["crew"]
    assert said["hurt"] == {"crew": 0, "automated": 0}
    assert said["unsolved"] == {"crew": 0, "automated": 0}


def test_the_restoration_curve_holds_the_customer_minutes(study: StormStudy) -> None:
    for key, run in (("crew", study.crew), ("automated", study.automated)):
        curve = study.as_json()["curve"][key]
        until = run.scenario.end_s / 60
        ends = [at for at, _ in curve[1:]] + [until]
        area = sum(out * (end - at) for (at, out), end in zip(curve, ends, strict=True))
        short = sum(i.customers * i.duration_min for i in run.interruptions if i.duration_min <= 5)
        minutes = run.measures["customer_minutes"]
        assert isinstance(minutes, float)
        assert area == pytest.approx(minutes + short, rel=1e-6)


def test_the_times_of_restoration_that_were_told_are_held_against_both_runs(
    study: StormStudy,
) -> None:
    times = study.as_json()["restoration_times"]
    told = sum(
        event.kind == "restoration_estimated"
        for run in (study.crew, study.automated)
        for event in run.events
    )
    assert times["n"] + times["open_at_end"] + times["nobody_out"] == told > 0
    assert times["stated_pct"] == 90.0 and times["by_stage"]


def test_a_seed_gives_the_same_storm_again_and_another_seed_another(grid: Grid) -> None:
    front = Front(faults=10.0, hours=6.0)
    one = rehearse(storm_of(grid, seed=1, front=front), "crew", grid=grid)
    again = rehearse(storm_of(grid, seed=1, front=front), "crew", grid=grid)
    other = rehearse(storm_of(grid, seed=2, front=front), "crew", grid=grid)
    assert one.measures == again.measures
    assert one.measures["faults"] != other.measures["faults"]


@pytest.mark.parametrize(
    "wrong", [{"gust_m_per_s": -1.0}, {"faults": float("nan")}, {"hours": 0.0}, {"crews": 10_000}]
)
def test_a_storm_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(GridError, match=next(iter(wrong))):
        Front(**wrong)  # pyright: ignore[reportArgumentType]


def _out(load: str, start_min: float, minutes: float, customers: int) -> Interruption:
    start = NOON + timedelta(minutes=start_min)
    return Interruption(customers, start, start + timedelta(minutes=minutes), load)


def test_who_is_back_at_once_is_counted_among_those_whom_crews_kept_out_for_long() -> None:
    crew = [
        _out("a", 0, 180, 10),
        _out("b", 0, 180, 30),
        _out("c", 0, 2, 500),
        _out("d", 9, 60, 20),
    ]
    healed = [_out("a", 0, 0.9, 10), _out("b", 0, 3, 30), _out("c", 0, 2, 500)]
    # a is back within a minute, b is not, c was never out for long, d is not out at all
    assert counted(crew, healed) == pytest.approx((10 + 20) / 60)
    assert counted([], healed) is None


def _struck(*elements: str, grid: Grid, policy: str) -> Exercise:
    faults = tuple(
        FaultStrikes(at_s=600.0, element=element, permanent=True) for element in elements
    )
    quiet = storm_of(grid, seed=1, front=Front(crews=6, hours=12.0))
    scenario: Scenario = replace(
        quiet, start=NOON, weather=Sky(ordinary_faults=False), happenings=faults
    )
    return rehearse(scenario, policy, grid=grid)  # pyright: ignore[reportArgumentType]


def test_two_faults_in_two_sections_are_isolated_together_and_the_others_restored(
    grid: Grid,
) -> None:
    found = _struck("line.L52", "line.L35", grid=grid, policy="healing")
    planned = [e for e in found.events if e.kind == "plan_proposed"]
    assert planned
    assert planned[0].payload["allowed"]
    suspected = [e.payload["element"] for e in found.events if e.kind == "fault_suspected"]
    assert len(suspected) >= 2
    first_repair = min(h.time_s for h in found.happened if h.kind == "repaired")
    before = [n for at, n in found.curve if 600 < (at - NOON).total_seconds() < first_repair]
    assert min(before) < max(before), "nobody was restored before a repair"
    said = [e.payload["text"] for e in found.events if e.kind == "crew_said"]
    at_work = said[said.index("begins: repair line.l35") :]
    assert "waits: line.l35 is live" not in at_work, "whose damage a crew is mending stays dead"
    assert found.measures["hurt"] == 0
    assert found.measures["customers_out_at_end"] == 0
