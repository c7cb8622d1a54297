"""Crews that switch by hand, their hours, and what holds of them in any run."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

import pytest

from gridmend.model.errors import GridError
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, OutcomeState, Step
from gridmend.model.vocabulary import KINDS, wrong_with
from gridmend.powerflow.shorts import Short
from gridmend.twin.crewing import Crewing, findings
from gridmend.twin.damage import DEAD_S
from gridmend.twin.people.crew import JobKind
from gridmend.twin.people.duty import State
from gridmend.twin.people.work import Pace
from gridmend.twin.plant import Fault
from tests.twin.crews import (
    CLOSE,
    CREWS,
    L52,
    OPEN,
    at_s,
    crewing,
    feeder,
    hurts,
    run,
    texts,
)
from tests.twin.test_telecontrol import NOON


@pytest.fixture(scope="module")
def grid() -> Grid:
    return feeder()


def test_a_crew_switches_by_hand_what_takes_no_commands_and_says_where_it_stands(
    grid: Grid,
) -> None:
    crews = crewing(grid)
    field = crews.telecontrol
    field.by_hand = crews.by_hand
    field._names = frozenset(n for n in field._names if not n.endswith("sw4"))
    step = Step(Action.OPEN, "Sw4", "")
    assert field.carry_out(step).state is OutcomeState.IN_DOUBT
    assert field.carry_out(step).state is OutcomeState.IN_DOUBT
    assert not field.plant.world.snapshot.is_open(grid, "Sw4"), "a crew is on its way"
    heard = run(crews, 2 * 3600.0)
    told = [e for e in heard if e.kind == "status"]
    assert [dict(e.payload) for e in told] == [{"device": "sw4", "position": "open"}], "once"
    assert told[0].cause in ("crew north", "crew south")
    assert field.plant.world.snapshot.is_open(grid, "Sw4")


def test_what_moves_after_a_moment_is_looked_at_then_and_a_stuck_one_is_said_to_stand(
    grid: Grid,
) -> None:
    crews = crewing(grid)
    crews.assign("north", crews.job("open", JobKind.SWITCH, step=OPEN))
    told = [e.payload["position"] for e in run(crews, 3600.0) if e.kind == "status"]
    crews.telecontrol.plant.stuck.add("sw2")
    crews.assign("north", crews.job("close", JobKind.SWITCH, step=CLOSE))
    told += [e.payload["position"] for e in run(crews, 2 * 3600.0) if e.kind == "status"]
    assert told == ["open", "open"]


def test_steps_by_hand_wait_until_a_crew_is_free_and_each_is_done(grid: Grid) -> None:
    crews = crewing(grid, CREWS[0])
    for device in ("Sw7", "Sw8", "Sw4"):
        crews.by_hand(Step(Action.OPEN, device, ""))
    heard = run(crews, 4 * 3600.0)
    told = [e.payload["device"] for e in heard if e.kind == "status"]
    assert sorted(told) == ["sw4", "sw7", "sw8"]
    done = [at_s(e) for e in heard if e.payload.get("text") == "is done"]
    left = [at_s(e) for e in heard if e.payload.get("text", "").startswith("on the way to sw")
            or e.payload.get("text", "").startswith("on the way to switch.")]  # fmt: skip
    assert left[1:] == done[:2], "it goes on at once"


def test_a_crew_puts_new_links_into_a_fuse_that_has_blown(grid: Grid) -> None:
    crews = crewing(grid)
    plant = crews.telecontrol.plant
    fuse = plant.guards["Sw3"].device
    fuse.blow(0.0, phases=(0, 2))  # type: ignore[attr-defined]
    plant.agenda.at(1.0, partial(plant.strike, Fault(Short("line.L9", ("a",), 1e4), False)))  # type: ignore[arg-type]
    run(crews, 10.0)
    assert fuse.closed == (False, True, False)
    step = Step(Action.CLOSE, "Sw3", "")
    crews.assign("north", crews.job("links", JobKind.SWITCH, step=step))
    heard = run(crews, 3600.0)
    assert fuse.closed == (True, True, True) and plant.world.supplied().all()
    assert [e.payload for e in heard if e.kind == "status"] == [
        {"device": "sw3", "position": "closed"}
    ]


def test_what_cannot_be_done_is_said(grid: Grid) -> None:
    crews = crewing(grid)
    crews.assign("north", crews.job("r", JobKind.RESET, "Sw4"))
    crews.assign("south", crews.job("o", JobKind.SWITCH, step=Step(Action.OPEN, "Sw3", "")))
    said = texts(run(crews, 3600.0))
    assert "sw4: nothing to reset here" in said
    assert any(text.startswith("could not open Sw3") for text in said)
    for wrong in (
        lambda: crews.job("x", JobKind.REPAIR, "line.L999"),
        lambda: crews.job("x", JobKind.REPAIR, "line.L52", "line.L53"),
        lambda: crews.job("x", JobKind.PATROL),
        lambda: crews.job("x", JobKind.SWITCH, "Sw4"),
    ):
        with pytest.raises(GridError):
            wrong()


def test_a_crew_that_arrives_after_its_shift_begins_in_overtime(grid: Grid) -> None:
    late = replace(CREWS[0], shift_end_h=12.5, y_m=-20_000.0)
    crews = crewing(grid, late)
    plant = crews.telecontrol.plant
    plant.operate(OPEN)
    plant.strike(L52)
    crews.assign("north", crews.job("mend", JobKind.REPAIR, "line.L52"))
    heard = run(crews, 2 * 3600.0)
    assert not plant.faults and at_s(next(e for e in heard if e.kind == "repaired")) > 1800 + 3600


def test_times_are_given_when_sent_when_waiting_and_when_begun(grid: Grid) -> None:
    crews = crewing(grid)
    plant = crews.telecontrol.plant
    plant.strike(Fault(Short("line.L52", ("a",), 5000.0), cause="tree"))
    crews.assign("north", crews.job("mend", JobKind.REPAIR, "line.L52"))
    heard = run(crews, 1000.0)
    plant.operate(OPEN)
    heard += run(crews, 3 * 3600.0)
    given = [at_s(e) for e in heard if e.kind == "time_estimated"]
    arrived = next(at_s(e) for e in heard if e.payload.get("text") == "is at line.l52")
    assert given == [0.0, arrived, pytest.approx(1000.05 + DEAD_S, abs=1e-4)]
    for event in heard:
        if event.kind == "time_estimated":
            end_s = (datetime.fromisoformat(event.payload["end_utc"]) - NOON).total_seconds()
            assert end_s > at_s(event) and end_s % 900 == 0


def _random_run(grid: Grid, seed: int, check: Callable[[Crewing, Event], None]) -> Crewing:
    """Faults, jobs and switching by chance, in which nobody closes on a crew knowingly."""
    chance, crews = random.Random(seed), crewing(grid, seed=seed, pace=Pace(clock_h=12.0))
    field, plant, hear = crews.telecontrol, crews.telecontrol.plant, crews.telecontrol.hear

    def listen(event: Event) -> None:
        hear(event)
        check(crews, event)

    field.hear = listen  # type: ignore[method-assign]
    lines = ("line.L52", "line.L53", "line.L54", "line.L10", "line.L66", "line.L35")
    for k in range(1, 40):
        plant.agenda.run_to(k * 900.0)
        kind, name, element = chance.randrange(6), f"job {k}", chance.choice(lines)
        working = any(crews.state(crew) is State.WORKING for crew in crews.names)
        if kind == 0:
            phases = tuple(gridmend_phases(grid, element))
            plant.strike(Fault(Short(element, phases, 2.0, share=chance.random()), cause="tree"))
        elif kind == 1 and not working:
            plant.operate(Step(chance.choice((Action.OPEN, Action.CLOSE)), "Sw2", ""))
        job = crews.job(name, chance.choice((JobKind.REPAIR, JobKind.PATROL)), element,
                        permit=chance.random() < 0.3)  # fmt: skip
        for crew in crews.names:
            if chance.random() < 0.2 and crews.crews.job(crew):
                crews.recall(crew)
            elif chance.random() < 0.5 and not crews.unable(crew, job):
                crews.assign(crew, job)
        if job.permit and crews.crews.skills_at(name) and chance.random() < 0.8:
            crews.permit(name)
    plant.agenda.run_to(12 * 3600.0)
    return crews


def gridmend_phases(grid: Grid, element: str) -> list[str]:
    _, row = grid.find(element)
    return grid.lines.texts("phases1")[row].split()[:3]


@pytest.mark.parametrize("seed", range(4))
def test_no_repair_begins_live_no_truth_is_said_nobody_is_in_two_places_and_hours_add_up(
    grid: Grid, seed: int
) -> None:
    place: dict[str, str] = {}
    begun: list[str] = []

    def check(crews: Crewing, event: Event) -> None:
        needs = {key for key, _ in KINDS[event.kind].needs}
        more = {"time_estimated": {"stage"}, "repaired": {"cause"}}
        assert set(event.payload) == needs | more.get(event.kind, set())
        assert not wrong_with(event) and KINDS[event.kind]
        crew, text = event.cause.removeprefix("crew "), str(event.payload.get("text", ""))
        if event.kind == "crew_at":
            place[crew] = event.payload["place"]
        if text.startswith("begins: "):
            element = text.rpartition(" ")[2]
            begun.append(element)
            assert place[crew] == element
            if "repair" in text and crews.damage.on(element):
                assert not crews.damage.is_live(element)

    crews = _random_run(grid, seed, check)
    assert begun and not hurts(crews)
    for crew in crews.names:
        assert sum(crews.spent_us(crew).values()) == 12 * 3600 * 1_000_000
    known = len(crews.telecontrol.plant.faults)
    struck = [h.kind for h in crews.telecontrol.plant.happened]
    assert known + struck.count("repaired") == struck.count("fault_struck")


def test_equal_seeds_give_equal_bytes_and_others_do_not(grid: Grid) -> None:
    def lines(seed: int) -> list[str]:
        crews = crewing(grid, seed=seed, pace=Pace(clock_h=12.0))
        crews.telecontrol.plant.operate(OPEN)
        crews.telecontrol.plant.strike(L52)
        crews.assign("north", crews.job("look", JobKind.PATROL, "L53", "L52"))
        crews.assign("south", crews.job("mend", JobKind.REPAIR, "line.L52"))
        return [event.as_line() for event in run(crews, 8 * 3600.0)]

    assert lines(1) == lines(1) != lines(2)


def test_crews_and_maps_that_cannot_be_are_found_before_the_run(grid: Grid) -> None:
    assert not findings(grid, CREWS)
    bad = (replace(CREWS[0], speed_kmh=900.0), replace(CREWS[1], x_m=5e6))
    said = findings(grid, bad)
    assert [f.severity for f in said] == ["error", "warning"]
    assert "speed" in said[0].what and "base is 4,999 km" in said[1].what
    assert "km wide" in findings(grid, CREWS, metres_per_unit=1000.0)[-1].what
    with pytest.raises(GridError, match="speed"):
        crewing(grid, *bad)
