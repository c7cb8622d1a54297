"""A field that begins where its switches stood, and a study that knows what opening does."""

from datetime import UTC, datetime
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.formats.read import read
from gridmend.interlock.check import Bench, judge
from gridmend.interlock.move import By
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Outcome, OutcomeState, Plan, Step, Verdict
from gridmend.model.snapshot import Snapshot, conductor_mask
from gridmend.runtime.exercise.demand import series_of
from gridmend.runtime.exercise.making import field_of
from gridmend.runtime.fold import fold
from gridmend.runtime.live.opening import scenario_of, yearly
from gridmend.twin.field import Field

START = datetime(2026, 11, 27, 17, tzinfo=UTC)


@cache
def grid() -> Grid:
    return read("ieee123")


def field(positions: Snapshot) -> Field:
    scenario = scenario_of(grid(), START, 0)
    series = yearly(series_of(scenario, grid()), START)
    return field_of(scenario, grid(), series, positions)


@settings(max_examples=6, deadline=None)
@given(st.lists(st.integers(0, 7), min_size=11, max_size=11), st.booleans())
def test_a_field_stands_where_it_is_told_and_says_so(bits: list[int], on: bool) -> None:
    normal = Snapshot.normal(grid())
    mask = conductor_mask(grid().switches)
    # Where poles move together, they are open together.
    wanted = np.where(np.array(bits, np.uint8) & 1, mask, 0).astype(np.uint8)
    sources = normal.source_on.copy()
    sources[0] = on
    there = normal.with_open_phases(wanted).with_sources(sources)
    made = field(there)
    world = made.plant.world
    assert (world.snapshot.open_phases == wanted).all()
    assert (world.snapshot.source_on == sources).all()
    made.agenda.run_to(5.0)
    made.telecontrol.poll()
    said = {str(e.payload["device"]).lower(): e.payload["position"]
            for e in made.telecontrol.events() if e.kind == "status"}  # fmt: skip
    names = [name.lower() for name in grid().switches.texts("name")]
    stands = {n: "open" if b else "closed" for n, b in zip(names, wanted, strict=True)}
    assert {name: said[name] for name in names if name in said} == {
        name: place for name, place in stands.items() if name in said
    }
    assert set(names) <= said.keys()
    assert not made.plant.happened


def test_what_stood_open_is_closed_by_a_command() -> None:
    normal = Snapshot.normal(grid())
    made = field(normal.with_switch(grid(), "Sw1", is_open=True))
    outcome: Outcome = made.telecontrol.carry_out(Step(Action.CLOSE, "Sw1", "back"))
    assert outcome.state is OutcomeState.CONFIRMED
    assert not made.plant.world.snapshot.open_phases[grid().switches.row("Sw1")]


def test_the_demand_of_a_day_comes_again_each_day() -> None:
    scenario = scenario_of(grid(), START, 0)
    day = series_of(scenario, grid())
    year = yearly(day, START)
    for step in (0, 100, 287):
        assert (year.powers("load_kw", step + 5 * len(day)) == day.powers("load_kw", step)).all()
    assert year.time(len(day)) == START.replace(day=28)


@pytest.mark.parametrize("opens", [True, False])
def test_a_study_knows_that_opening_takes_a_lock_out_away(opens: bool) -> None:
    one = grid()
    events = [
        Event(START, "test", "test", "authority_granted", {"area": "", "holder": "a", "epoch": 1}),
        *(Event(START, "test", "test", "status", {"device": name, "position": "open" if tie else
                "closed"}) for name, tie in zip(one.switches["name"],
                                                 one.switches.flags("normally_open"), strict=True)),
        Event(START, "test", "test", "tripped", {"device": "sw1", "locked_out": True}),
    ]  # fmt: skip
    unlock = [Step(Action.OPEN, "Sw1", "takes the lock-out away")] if opens else []
    plan = Plan("", (*unlock, Step(Action.CLOSE, "Sw1", "")), Verdict())
    verdict = judge(plan, Bench.of(one), fold(one, events), START, by=By("a", "a@1")).verdict
    assert any("locked out" in r.why for r in verdict.refusals) is not opens
