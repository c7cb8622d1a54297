"""Meters that are asked: who answers, what a silence may mean, and how many questions leave."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridmend
from gridmend.model.errors import GridError
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Action
from gridmend.model.vocabulary import FIELD, wrong_with
from gridmend.twin.communications.paths import Outage
from gridmend.twin.metered import Metered
from gridmend.twin.streams import Streams
from gridmend.twin.telecontrol import Telecontrol
from gridmend.twin.telemetry.meters import Metering, Meters
from tests.twin.instruments import SEED, at, instrumented

SURE = Metering(error_pct=0.0, gasps=0.0, askable=1.0, answers=1.0, answer_s=0.0)


@pytest.fixture(scope="module")
def grid() -> Grid:
    return gridmend.read("ieee123")


def metered(field: Telecontrol, how: Metering = SURE) -> Metered:
    world = field.plant.world
    return Metered(field, Meters.of(world.network, how, Streams(SEED), world.flow))


def pings(field: Telecontrol) -> list[Event]:
    found = [event for event in field.events() if event.kind == "meter_pinged"]
    assert not [problem for event in found if (problem := wrong_with(event))]
    return found


def names(grid: Grid) -> list[str]:
    return [str(name).lower() for name in grid.loads["name"]]


def asked(grid: Grid, how: Metering = SURE, **mesh: Any) -> dict[str, bool]:
    """Everybody asked at ten minutes, with the customers behind Sw2 dark since five."""
    field = instrumented(grid, **mesh)
    instruments = metered(field, how)
    at(field, 300.0, Action.OPEN, "Sw2")
    field.plant.agenda.run_to(600.0)
    field.events()
    instruments.pinged.ask(names(grid))
    field.plant.agenda.run_to(1200.0)
    found = pings(field)
    assert len(found) == len(grid.loads)
    return {event.payload["meter"]: event.payload["answered"] for event in found}


def test_those_with_supply_answer_and_those_without_do_not(grid: Grid) -> None:
    assert "meter_pinged" in FIELD
    field = instrumented(grid)
    at(field, 300.0, Action.OPEN, "Sw2")
    field.plant.agenda.run_to(600.0)
    world = field.plant.world
    supplied = world.topology.supplied(world.topology.energised(world.snapshot))
    answered = asked(grid)
    assert answered == dict(zip(names(grid), supplied.tolist(), strict=True))
    assert {*answered.values()} == {True, False}


def test_an_answer_says_the_voltage_and_when_it_was_there(grid: Grid) -> None:
    field = instrumented(grid, latency_s=2.0)
    instruments = metered(field)
    field.plant.agenda.run_to(100.0)
    assert instruments.pinged.ask(["S1a"]) == 1
    field.plant.agenda.run_to(102.9)
    assert not pings(field)
    field.plant.agenda.run_to(105.0)
    (event,) = pings(field)
    flow, network = field.plant.world.flow, field.plant.world.network
    row = network.grid.loads.row("S1a")
    here = np.flatnonzero((network.legs.table == 0) & (network.legs.element == row))
    v = np.append(flow.v_v, 0.0)
    legs = [abs(v[network.legs.plus[k]] - v[network.legs.minus[k]]) for k in here]
    by_hand = np.mean(np.array(legs) / network.legs.rated_v[here])
    assert event.payload["v_pu"] == pytest.approx(by_hand, abs=1e-4)
    assert (event.time_utc - field.start_utc).total_seconds() == pytest.approx(102.0, abs=0.1)


def test_a_silence_proves_nothing_about_the_supply(grid: Grid) -> None:
    everybody = asked(grid)
    lit = {name for name, is_lit in everybody.items() if is_lit}
    for how, mesh in (
        (Metering(**{**_plain(SURE), "answers": 0.5}), {}),
        (Metering(**{**_plain(SURE), "askable": 0.5}), {}),
        (SURE, {"loss": 0.3}),
    ):
        found = asked(grid, how, **mesh)
        silent = {name for name, answered in found.items() if not answered}
        assert silent & lit and lit - silent, "some who have supply say nothing, and some speak"
        assert {name for name in found if found[name]} <= lit, "who is dark never answers"
    outage = Outage("mesh", 590.0, 1190.0)
    assert not any(asked(grid, outages=(outage,)).values())


def _plain(how: Metering) -> dict[str, Any]:
    return {name: getattr(how, name) for name in Metering.__dataclass_fields__}


def test_a_meter_that_cannot_be_asked_never_answers(grid: Grid) -> None:
    field = instrumented(grid)
    instruments = metered(field, Metering(**{**_plain(SURE), "askable": 0.5}))
    answers: Counter[tuple[str, bool]] = Counter()
    for k in range(3):
        instruments.pinged.ask(names(grid))
        field.plant.agenda.run_to(300.0 * (k + 1))
        answers.update((e.payload["meter"], e.payload["answered"]) for e in pings(field))
    assert set(answers.values()) == {3}, "each meter always answers, or never"


def test_no_more_questions_leave_than_the_rate_allows_and_none_is_forgotten(grid: Grid) -> None:
    field = instrumented(grid)
    instruments = metered(field, Metering(**{**_plain(SURE), "asks_per_min": 30}))
    assert instruments.pinged.ask(names(grid)) == len(grid.loads)
    assert instruments.pinged.ask(names(grid)) == 0, "who waits is not asked once more"
    field.plant.agenda.run_to(59.5)
    assert instruments.pinged.asked == 30
    field.plant.agenda.run_to(600.0)
    assert len(pings(field)) == instruments.pinged.asked == len(grid.loads)


def test_an_answer_that_comes_too_late_counts_as_none(grid: Grid) -> None:
    field = instrumented(grid, latency_s=20.0)
    instruments = metered(field)
    instruments.pinged.ask(["s1a"])
    field.plant.agenda.run_to(300.0)
    (event,) = pings(field)
    assert event.payload == {"meter": "s1a", "answered": False}


def test_a_meter_that_is_dark_as_the_question_comes_never_heard_it(grid: Grid) -> None:
    field = instrumented(grid)
    instruments = metered(field, Metering(**{**_plain(SURE), "answer_s": 25.0}))
    behind = [name for name, is_lit in asked(grid).items() if not is_lit]
    at(field, 300.0, Action.OPEN, "Sw2")
    at(field, 601.0, Action.CLOSE, "Sw2")
    field.plant.agenda.run_to(600.0)
    field.events()
    instruments.pinged.ask(behind[:2])
    field.plant.agenda.run_to(900.0)
    assert [event.payload["answered"] for event in pings(field)] == [False, False]


@pytest.mark.parametrize("name", ["s1", "", "sw2"])
def test_a_meter_that_is_not_there_is_refused_with_its_neighbours(grid: Grid, name: str) -> None:
    field = instrumented(grid)
    with pytest.raises(GridError, match=f"no meter '{name}'"):
        metered(field).pinged.ask([name])


@pytest.mark.parametrize(
    "wrong",
    [{"askable": 1.1}, {"answers": -0.1}, {"answer_s": float("nan")}, {"wait_s": 0.0},
     {"asks_per_min": 0}],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(GridError, match=next(iter(wrong))):
        Metering(**wrong)


@given(
    askable=st.floats(0, 1), answers=st.floats(0, 1), loss=st.floats(0, 0.9),
    rate=st.integers(1, 1000), seed=st.integers(0, 9),
)  # fmt: skip
@settings(max_examples=10, deadline=None)
def test_each_question_is_told_once_and_only_those_with_supply_are_said_to_have_it(
    grid: Grid, *, askable: float, answers: float, loss: float, rate: int, seed: int
) -> None:
    field = instrumented(grid, loss=loss, jitter_s=20.0)
    how = Metering(gasps=0.0, askable=askable, answers=answers, asks_per_min=rate)
    world = field.plant.world
    instruments = Metered(field, Meters.of(world.network, how, Streams(seed), world.flow))
    at(field, 5.0, Action.OPEN, "Sw2")
    field.plant.agenda.run_to(10.0)
    field.events()
    taken = instruments.pinged.ask(names(grid)[::4])
    field.plant.agenda.run_to(10.0 + 60.0 * taken + 60.0)
    found = pings(field)
    assert Counter(e.payload["meter"] for e in found) == Counter(names(grid)[::4])
    lit = world.topology.supplied(world.topology.energised(world.snapshot))
    answered = {e.payload["meter"] for e in found if e.payload["answered"]}
    assert all(lit[grid.loads.row(name)] for name in answered)
