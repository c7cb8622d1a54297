"""Crews at work are harmed by nothing that the control room has done, however little it knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

import gridmend
from gridmend.interlock.check import Bench
from gridmend.interlock.electric import solver_of
from gridmend.interlock.move import By
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Step
from gridmend.model.snapshot import Snapshot
from gridmend.runtime.course import Course
from gridmend.runtime.exercise.demand import series_of
from gridmend.runtime.exercise.exercise import rehearse
from gridmend.runtime.exercise.forecast import Forecast
from gridmend.runtime.exercise.making import field_of
from gridmend.runtime.exercise.returning import Returning
from gridmend.twin.people.crew import Crew
from gridmend.twin.places import Places
from gridmend.twin.scenario.happenings import FaultStrikes
from gridmend.twin.scenario.reading import read_scenario
from gridmend.twin.scenario.scenario import (
    Demand,
    Equipped,
    People,
    Scenario,
    Sky,
    Telecoms,
    Telemetry,
)
from gridmend.twin.weather.climate import HeatWave, OrdinaryDay

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def blind() -> Grid:
    """Every closed switch is a recloser that says nothing, so that crews operate all by hand."""
    grid = gridmend.read("ieee123")
    for row, name in enumerate(grid.switches.texts("name")):
        grid = grid.with_changed(f"switch.{name}", remote=False)
        if not grid.switches.flags("normally_open")[row]:
            grid = grid.with_changed(f"switch.{name}", kind="recloser", interrupts="fault")
    return grid


@pytest.mark.parametrize("seed", [2, 5])
def test_nobody_is_hurt_in_a_storm_of_which_the_room_knows_by_telephone(
    blind: Grid, seed: int
) -> None:
    storm = read_scenario("wind-storm")
    sky = replace(storm.weather, faults_expected=30.0)
    telemetry = Telemetry(indicators=Equipped(at="none"))
    scenario = replace(
        storm, seed=seed, policy="crew", hours=42.0, weather=sky, communications=Telecoms(),
        telemetry=telemetry, expect=(),
    )  # fmt: skip
    found = rehearse(scenario, grid=blind)
    repaired = found.measures["repaired"]
    assert isinstance(repaired, list)
    assert repaired
    assert found.measures["hurt"] == 0


def course_of(grid: Grid, *, faults: tuple[FaultStrikes, ...]) -> Course:
    x_m, y_m = Places.of(grid).middle_m
    crews = tuple(
        Crew(f"c{k}", f"t{k}", x_m=x_m, y_m=y_m, shift_start_h=6.0, shift_end_h=22.0)
        for k in range(3)
    )
    scenario = Scenario(
        "two", "ieee123", NOON, hours=8.0, weather=Sky(ordinary_faults=False),
        telemetry=Telemetry(indicators=Equipped(at="none")), people=People(crews=crews),
        happenings=faults,
    )  # fmt: skip
    return Course(field_of(scenario, grid))


def test_two_who_wait_for_one_element_have_one_crew_mend_it(blind: Grid) -> None:
    course = course_of(blind, faults=(FaultStrikes(60.0, "L52"),))
    course.run_to(8 * 3600.0)
    begun = [e for e in course.events if e.kind == "crew_said"
             and str(e.payload["text"]).startswith("begins: repair line.l52")]  # fmt: skip
    assert len(begun) == 1
    assert course.ledger.customers_out == 0


def test_leave_is_judged_when_the_crew_stands_at_the_switch(blind: Grid) -> None:
    # A line that is dead by then is struck.
    course = course_of(blind, faults=(FaultStrikes(30.0, "L52"),))
    room, kernel = course.room, course.room.kernel
    course.run_to(10.0)
    assert course.field.plant.operate(Step(Action.OPEN, "Sw2", "")).state.value != "failed"
    course.field.telecontrol.do_by_hand(Step(Action.OPEN, "Sw2", ""))
    course.run_to(60.0)
    assert not room.command(Step(Action.CLOSE, "Sw2", "")).refusals
    # While the crew drives, damage is found behind the switch.
    kernel.say("fault_suspected", By("operator", "desk"), element="line.l52", behind="sw2")
    course.run_to(3600.0)
    assert course.flow.snapshot.is_open(blind, "Sw2")
    assert not kernel.situation.pending, "the command has failed"
    outcomes = [e.payload for e in course.events if e.kind == "outcome"]
    last = [said for said in outcomes if said["command"] == outcomes[0]["command"]][-1]
    assert last["state"] == "failed"
    assert "faulted" in str(last["why"])


def test_an_interruption_that_outlasts_the_run_counts_to_its_end(
    ieee123: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Returning, "due_s", lambda _: np.inf)
    fault = gridmend.Fault(line="L52", at="17:30", repair_min=60)
    day = gridmend.run_day(ieee123, fault=fault, step_min=1440)
    locked = next(h.time_s for h in day.happened if h.kind == "lock_out")
    assert day.curve[-1][1] == 1158
    assert day.customer_minutes == pytest.approx(1158 * (86400 - locked) / 60, rel=1e-6)


def test_the_room_judges_by_the_demand_of_the_time(ieee123: Grid) -> None:
    shape = tuple(np.linspace(0.2, 1.0, 24).tolist())
    scenario = Scenario("day", "ieee123", NOON, hours=24.0, demand=Demand(shape))
    series = series_of(scenario, ieee123)
    now = [0.0]
    forecast = Forecast(solver_of(ieee123), series, lambda: now[0])
    bench = Bench.of(ieee123, network=forecast)
    taken = []
    for hour in (1.0, 13.0):
        now[0] = hour * 3600
        flow = bench.solver.solve(Snapshot.normal(ieee123), controls="static")
        taken.append(float(flow.snapshot.load_kw.sum() / Snapshot.normal(ieee123).load_kw.sum()))
        assert taken[-1] == pytest.approx(series.factors[0][int(now[0] / series.step_s)])
    assert taken[0] != pytest.approx(taken[1])


def test_heat_raises_demand_where_the_scenario_says_so(ieee123: Grid) -> None:
    sky = Sky(heat_waves=(HeatWave("august", 0.0, 86400.0, 12.0),), air=OrdinaryDay(mean_c=22.0))
    scenario = Scenario("hot", "ieee123", NOON, demand=Demand((1.0,), by_weather=True), weather=sky)
    hot = series_of(scenario, ieee123).powers("load_kw", 12).sum()
    cool = series_of(replace(scenario, demand=Demand((1.0,))), ieee123).powers("load_kw", 12).sum()
    assert 1.1 * cool < hot <= 1.5 * cool
