"""Crews at the plant: they find, mend and switch what there is, and nobody is harmed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

import pytest

from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, OutcomeState, Step
from gridmend.powerflow.shorts import Short
from gridmend.twin.damage import DEAD_S
from gridmend.twin.people.crew import JobKind
from gridmend.twin.people.duty import State
from gridmend.twin.people.work import REPAIR, Pace
from gridmend.twin.plant import Fault
from tests.twin.crews import (
    CLOSE,
    L52,
    OPEN,
    PHASES,
    at_s,
    crewing,
    feeder,
    hurts,
    run,
    strike,
    texts,
)


@pytest.fixture(scope="module")
def grid() -> Grid:
    return feeder()


def test_a_patrol_finds_the_fault_a_crew_mends_it_and_then_the_breaker_holds(grid: Grid) -> None:
    crews = crewing(grid)
    field = crews.telecontrol
    field.plant.agenda.at(100.0, partial(strike, field, L52))
    run(crews, 600.0)
    assert field.plant.world.snapshot.is_open(grid, "Sw2")
    crews.assign("north", crews.job("look", JobKind.PATROL, "L53", "L52"))
    heard = run(crews, 3600.0)
    assert "line.l52: tree, 46 m from bus 53" in texts(heard)
    crews.assign("north", crews.job("mend", JobKind.REPAIR, "L52"))
    crews.assign("south", crews.job("unlock", JobKind.RESET, "Sw2"))
    heard = run(crews, 3 * 3600.0)
    mended = [e.payload for e in heard if e.kind == "repaired"]
    assert mended == [{"element": "line.l52", "cause": "tree"}]
    assert [e.payload for e in heard if e.kind == "lockout_reset"] == [{"device": "sw2"}]
    assert not field.plant.faults
    assert field.carry_out(CLOSE).state is OutcomeState.CONFIRMED
    run(crews, 4 * 3600.0)
    assert field.plant.world.supplied().all() and not hurts(crews)


@pytest.mark.parametrize(
    ("section", "share", "way_m", "said"),
    [
        (("L52", "L53"), 0.25, 0.25 * 60.96, "line.l52: tree, 15 m from bus 52"),
        (("L53", "L52"), 0.25, 38.1 + 0.75 * 60.96, "line.l52: tree, 46 m from bus 53"),
        (("L53", "L54"), None, 38.1 + 83.82, "nothing found"),
        (("L52",), 0.25, 0.25 * 60.96, "line.l52: tree, 15 m from bus 52"),
        (("L54", "L53", "L52"), 1.0, 83.82 + 38.1, "line.l52: tree, 0 m from bus 53"),
    ],
)
def test_a_patrol_goes_along_its_section_to_the_first_damage(
    grid: Grid, section: tuple[str, ...], share: float | None, way_m: float, said: str
) -> None:
    crews = crewing(grid)
    if share is not None:
        crews.telecontrol.plant.strike(replace(L52, short=replace(L52.short, share=share)))
    crews.assign("north", crews.job("look", JobKind.PATROL, *section))
    heard = run(crews, 7200.0)
    assert said in texts(heard)
    patrolled_s = crews.crews.spent_us("north")[State.PATROLLING] / 1e6
    assert patrolled_s == pytest.approx(way_m / (15 / 3.6), abs=0.01)


def test_what_an_arc_alone_was_is_not_found(grid: Grid) -> None:
    crews = crewing(grid)
    arc = Fault(Short("line.L52", ("a",), 5000.0), is_permanent=False)
    crews.telecontrol.plant.strike(arc)
    crews.assign("north", crews.job("look", JobKind.PATROL, "L52"))
    assert "nothing found" in texts(run(crews, 7200.0))
    assert crews.telecontrol.plant.faults, "it burns on, and no patrol takes it for damage"


def test_a_repair_where_there_is_nothing_is_over_at_once_and_foreseen_as_any_other(
    grid: Grid,
) -> None:
    crews = crewing(grid)
    crews.assign("north", crews.job("mend", JobKind.REPAIR, "line.L53"))
    heard = run(crews, 3600.0)
    nothing = next(e for e in heard if e.payload.get("text") == "line.l53: nothing to mend here")
    arrived = next(e for e in heard if e.payload.get("text") == "is at line.l53")
    assert nothing.time_utc == arrived.time_utc
    assert not [e for e in heard if e.kind == "repaired"]
    assert crews.crews.spent_us("north")[State.WORKING] == 0
    given = next(e for e in heard if e.kind == "time_estimated")
    assert datetime.fromisoformat(given.payload["end_utc"]) > arrived.time_utc


def test_how_long_a_repair_takes_is_of_the_cause_and_asset_of_the_true_fault(grid: Grid) -> None:
    each = {cause: ((float(k + 1), 0.0),) * 2 for k, cause in enumerate(REPAIR)}
    pace = Pace(clock_h=12.0, repair=each)  # type: ignore[arg-type]
    for cause, known, element, factor in (
        ("vehicle", "vehicle", "line.L52", 1.0),
        ("tree in wind", "tree", "line.L52", 1.0),
        ("lightning", "equipment", "switch.Sw2", 0.8),
        ("a branch", "unknown", "line.L52", 1.0),
    ):
        crews = crewing(grid, pace=pace)
        plant = crews.telecontrol.plant
        plant.operate(Step(Action.OPEN, "Sw1", ""))
        plant.strike(Fault(Short(element, PHASES, 0.5), cause=cause))
        crews.assign("north", crews.job("mend", JobKind.REPAIR, element))
        run(crews, 7200.0)
        spent_s = crews.crews.spent_us("north")[State.WORKING] / 1e6
        assert spent_s == pytest.approx(60 * each[known][0][0] * factor), cause
        assert not plant.faults


def test_a_damage_takes_as_long_whoever_mends_it_and_two_take_each_their_own(grid: Grid) -> None:
    pace = Pace(clock_h=12.0)

    def spent_s(who: str, job: str, share: float) -> float:
        crews = crewing(grid, pace=pace)
        plant = crews.telecontrol.plant
        plant.operate(Step(Action.OPEN, "Sw1", ""))
        plant.strike(Fault(Short("line.L52", PHASES, share=share), cause="vehicle"))
        crews.assign(who, crews.job(job, JobKind.REPAIR, "line.L52"))
        run(crews, 48 * 3600.0)
        assert not plant.faults
        return crews.crews.spent_us(who)[State.WORKING] / 1e6

    assert spent_s("north", "mend", 0.5) == spent_s("south", "repair 4 behind sw2", 0.5)
    assert spent_s("north", "mend", 0.5) != spent_s("north", "mend", 0.25)


def test_what_is_struck_twice_at_one_place_is_two_damages(grid: Grid) -> None:
    crews = crewing(grid, pace=Pace(clock_h=12.0))
    plant, spent = crews.telecontrol.plant, list[float]()
    plant.operate(Step(Action.OPEN, "Sw1", ""))
    for number, element in enumerate(("line.L52", "L52"), 1):
        plant.strike(Fault(Short(element, PHASES, share=0.5), cause="vehicle"))
        crews.assign("north", crews.job(f"mend {number}", JobKind.REPAIR, "line.L52"))
        run(crews, number * 48 * 3600.0)
        spent.append(crews.crews.spent_us("north")[State.WORKING] / 1e6 - sum(spent))
    assert not plant.faults
    assert spent[0] != pytest.approx(spent[1])


def test_all_damage_on_an_element_is_mended_and_what_comes_later_is_said(grid: Grid) -> None:
    crews = crewing(grid)
    plant = crews.telecontrol.plant
    plant.operate(Step(Action.OPEN, "Sw1", ""))
    plant.strike(L52)
    plant.strike(Fault(Short("line.L52", ("a",), share=0.9), cause="animal"))
    crews.assign("north", crews.job("mend", JobKind.REPAIR, "line.L52"))
    plant.agenda.at(3600.0, partial(strike, crews.telecontrol, L52))
    heard = run(crews, 3 * 3600.0)
    assert crews.crews.spent_us("north")[State.WORKING] == 2 * 3600e6
    assert list(plant.faults) == [3]
    assert "line.l52: there is more damage" in texts(heard)
    assert not [e for e in heard if e.kind == "repaired"]


def test_a_crew_begins_no_repair_at_a_live_element_and_says_what_it_waits_for(grid: Grid) -> None:
    crews = crewing(grid)
    plant = crews.telecontrol.plant
    plant.strike(Fault(Short("line.L52", ("a",), 5000.0), cause="tree"))
    crews.assign("north", crews.job("mend", JobKind.REPAIR, "line.L52", permit=True))
    heard = run(crews, 1800.0)
    assert texts(heard)[-1] == "waits: leave"
    crews.permit("mend")
    heard = run(crews, 3600.0)
    assert texts(heard) == ["waits: line.l52 is live"]
    assert crews.state("north") is State.WAITING and plant.faults
    plant.operate(OPEN)
    heard = run(crews, 3700.0)
    assert texts(heard) == ["waits: line.l52 is dead for too short a time"]
    heard = run(crews, 3800.0)
    assert texts(heard) == ["begins: repair line.l52"]
    assert at_s(heard[0]) == pytest.approx(3600.05 + DEAD_S, abs=1e-4)
    assert "repaired" in {e.kind for e in run(crews, 3 * 3600.0)} and not hurts(crews)


def test_a_crew_that_comes_soon_after_the_opening_begins_when_it_is_dead_for_long_enough(
    grid: Grid,
) -> None:
    crews = crewing(grid)
    plant = crews.telecontrol.plant
    plant.strike(Fault(Short("line.L52", ("a",), 5000.0), cause="tree"))
    crews.assign("north", crews.job("mend", JobKind.REPAIR, "line.L52"))
    plant.agenda.at(60.0, partial(_do, plant.operate, OPEN))
    heard = run(crews, 600.0)
    arrived_s = next(at_s(e) for e in heard if e.payload.get("text") == "is at line.l52")
    assert 60.0 < arrived_s < 60.0 + DEAD_S
    begun = next(at_s(e) for e in heard if e.payload.get("text") == "begins: repair line.l52")
    assert 60.0 + DEAD_S <= begun <= arrived_s + DEAD_S


def _do(what: Callable[..., object], *given: object) -> None:
    what(*given)


def test_a_recloser_that_will_close_again_does_not_close_on_a_crew(grid: Grid) -> None:
    crews = crewing(grid)
    field = crews.telecontrol
    field.plant.strike(Fault(Short("line.L52", ("a",), 5000.0), cause="tree"))
    crews.assign("north", crews.job("mend", JobKind.REPAIR, "line.L52"))
    field.plant.agenda.at(300.0, partial(strike, field, Fault(Short("line.L54", PHASES, 0.5))))
    run(crews, 3 * 3600.0)
    closed = [h.kind for h in field.plant.happened if h.payload.get("device") == "Sw2"]
    assert closed.count("close") >= 2 and not hurts(crews)
    assert [fault.short.element for fault in field.plant.faults.values()] == ["line.L54"]


def test_whoever_closes_on_a_crew_hurts_it_and_the_truth_has_it_once(grid: Grid) -> None:
    crews = crewing(grid)
    field = crews.telecontrol
    field.plant.operate(OPEN)
    field.plant.agenda.run_to(10.0)
    field.plant.strike(replace(L52, short=replace(L52.short, r_ohm=5000.0)))
    for crew in crews.names:
        crews.assign(crew, crews.job("mend", JobKind.REPAIR, "line.L52"))
    run(crews, 1200.0)
    assert [crews.state(crew) for crew in crews.names] == [State.WORKING] * 2
    assert not hurts(crews)
    field.plant.operate(CLOSE)
    heard = run(crews, 1500.0)
    assert [one["crew"] for one in hurts(crews)] == ["north", "south"]
    assert hurts(crews)[0] == {"crew": "north", "job": "mend", "element": "line.l52"}
    assert texts(heard) == ["waits: line.l52 is live"] * 2, "nobody works on"
    field.plant.operate(OPEN)
    run(crews, 3 * 3600.0)
    assert len(hurts(crews)) == 2 and not field.plant.faults


def test_a_crew_that_is_done_is_not_hurt_by_what_closes_at_that_instant(grid: Grid) -> None:
    crews = crewing(grid)
    field = crews.telecontrol
    field.plant.operate(OPEN)
    field.plant.strike(L52)
    crews.assign("north", crews.job("mend", JobKind.REPAIR, "line.L52"))
    hear = field.hear

    def close_at_once(event: Event) -> None:
        hear(event)
        if event.kind == "repaired":
            field.plant.operate(CLOSE)

    field.hear = close_at_once  # type: ignore[method-assign]
    run(crews, 3 * 3600.0)
    assert not field.plant.world.snapshot.is_open(grid, "Sw2") and not hurts(crews)
