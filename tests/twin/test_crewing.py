"""Crews at the plant: they find, mend and switch what there is, and nobody is harmed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import pytest

import gridmend
from gridmend.model.errors import GridError
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, OutcomeState, Step
from gridmend.model.vocabulary import KINDS, wrong_with
from gridmend.powerflow.shorts import Short
from gridmend.twin.crewing import Crewing, findings
from gridmend.twin.damage import DEAD_S
from gridmend.twin.people.crew import Crew, JobKind
from gridmend.twin.people.duty import State
from gridmend.twin.people.estimates import Estimates
from gridmend.twin.people.work import REPAIR, Pace, Spread
from gridmend.twin.plant import Fault
from gridmend.twin.streams import Streams
from gridmend.twin.telecontrol import Telecontrol
from tests.twin.test_telecontrol import NOON, WIRE, telecontrol

PHASES = ("a", "b", "c")
L52 = Fault(Short("line.L52", PHASES, 0.5, share=0.25), cause="tree")
CREWS = (
    Crew("north", "T1", y_m=600.0, shift_end_h=23.0),
    Crew("south", "T2", y_m=-2000.0, shift_end_h=23.0),
)
HOUR: tuple[Spread, Spread] = ((60.0, 0.0), (60.0, 0.0))
PACE = Pace(clock_h=12.0, repair=dict.fromkeys(REPAIR, HOUR))
OPEN, CLOSE = Step(Action.OPEN, "Sw2", ""), Step(Action.CLOSE, "Sw2", "")


@pytest.fixture(scope="module")
def grid() -> Grid:
    """With a recloser before the middle of the feeder, and a fuse at a lateral."""
    grid = gridmend.read("ieee123").with_changed("switch.Sw2", kind="recloser", interrupts="fault")
    return grid.with_changed("switch.Sw3", kind="fuse", interrupts="fault")


def crewing(grid: Grid, *crews: Crew, seed: int = 1, pace: Pace = PACE) -> Crewing:
    field = telecontrol(grid, **WIRE)
    made = Crewing(field, crews or CREWS, Estimates(), Streams(seed), pace=pace)
    made.telecontrol.events()
    return made


def run(crews: Crewing, to_s: float) -> list[Event]:
    """What the crews say until a time."""
    crews.telecontrol.plant.agenda.run_to(to_s)
    return [e for e in crews.telecontrol.events() if e.cause.startswith("crew ")]


def texts(events: list[Event]) -> list[str]:
    return [event.payload["text"] for event in events if event.kind == "crew_said"]


def at_s(event: Event) -> float:
    return (event.time_utc - NOON).total_seconds()


def hurts(crews: Crewing) -> list[Any]:
    return [one.payload for one in crews.telecontrol.plant.happened if one.kind == "hurt"]


def test_a_patrol_finds_the_fault_a_crew_mends_it_and_then_the_breaker_holds(grid: Grid) -> None:
    crews = crewing(grid)
    field = crews.telecontrol
    field.plant.agenda.at(100.0, partial(_strike, field, L52))
    run(crews, 600.0)
    assert field.plant.world.snapshot.is_open(grid, "Sw2")
    crews.assign("north", crews.job("look", JobKind.PATROL, "L53", "L52"))
    heard = run(crews, 3600.0)
    assert "line.l52: tree, 46 m from bus 53" in texts(heard)
    crews.assign("north", crews.job("mend", JobKind.REPAIR, "L52"))
    crews.assign("south", crews.job("unlock", JobKind.RESET, "Sw2"))
    heard = run(crews, 3 * 3600.0)
    assert [e.payload for e in heard if e.kind == "repaired"] == [{"element": "line.l52"}]
    assert [e.payload for e in heard if e.kind == "lockout_reset"] == [{"device": "sw2"}]
    assert not field.plant.faults
    assert field.carry_out(CLOSE).state is OutcomeState.CONFIRMED
    run(crews, 4 * 3600.0)
    assert field.plant.world.supplied().all() and not hurts(crews)


def _strike(field: Telecontrol, fault: Fault) -> None:
    field.plant.strike(fault)


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


def test_all_damage_on_an_element_is_mended_and_what_comes_later_is_said(grid: Grid) -> None:
    crews = crewing(grid)
    plant = crews.telecontrol.plant
    plant.operate(Step(Action.OPEN, "Sw1", ""))
    plant.strike(L52)
    plant.strike(Fault(Short("line.L52", ("a",), share=0.9), cause="animal"))
    crews.assign("north", crews.job("mend", JobKind.REPAIR, "line.L52"))
    plant.agenda.at(3600.0, partial(_strike, crews.telecontrol, L52))
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
    field.plant.agenda.at(300.0, partial(_strike, field, Fault(Short("line.L54", PHASES, 0.5))))
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
        assert set(event.payload) == {key for key, _ in KINDS[event.kind].needs}
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
