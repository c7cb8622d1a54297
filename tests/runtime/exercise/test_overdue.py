"""A lock-out of which no word comes is acted on all the same; what closes again is left alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime

import pytest

import gridmend
from gridmend.model.command import step_as_json
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Step
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.model.vocabulary import wrong_with
from gridmend.operations.interruptions.account import account, as_json
from gridmend.powerflow.network import Network
from gridmend.powerflow.shorts import Short
from gridmend.runtime.control.kernel import SOURCE
from gridmend.runtime.course import Course
from gridmend.runtime.exercise.overdue import NAME, Overdue
from gridmend.runtime.exercise.room import Room
from gridmend.runtime.exercise.suspecting import SEQUENCE_S
from gridmend.runtime.scenario import Restoration
from gridmend.twin.communications.paths import Outage
from gridmend.twin.field import Field
from gridmend.twin.plant import Fault
from gridmend.twin.streams import Streams
from tests.runtime.exercise.test_room import HEALING, NOON, SURE, of_kind, run

Loses = Callable[[Event], bool]


@pytest.fixture(scope="module")
def grid() -> Grid:
    return gridmend.read("ieee123")


def is_lock_out(event: Event) -> bool:
    return event.kind == "tripped" and bool(event.payload.get("locked_out"))


def losing(course: Course, is_lost: Loses) -> None:
    """What the field says of that kind never arrives."""
    field = course.field.telecontrol
    arrive = field._arrive

    def some(at_s: float, event: Event) -> None:
        if not is_lost(event):
            arrive(at_s, event)

    field._arrive = some  # type: ignore[method-assign]


def untold(course: Course, sources: Collection[str] = (SOURCE,)) -> list[Event]:
    return [one for one in of_kind(course, "tripped") if one.source in sources]


def said_of(course: Course, device: str) -> list[str]:
    """What was heard of a device's protection until it closed again."""
    return [e.kind for e in of_kind(course, "tripped") if e.payload["device"] == device]


def _ignore(what: object) -> None:
    assert what


def watching(grid: Grid) -> tuple[Overdue, Room, Snapshot]:
    """One that has heard a trip of Sw1 half a minute after the run began."""
    room = run(grid, restoration=None, until_s=30.0).room
    normal, duty = Snapshot.normal(room.kernel.grid), Overdue(room)
    tripped = {"device": "sw1", "locked_out": False}
    duty.hear(Event(room.now(), "field", "protection", "tripped", tripped), normal)
    return duty, room, normal


def commanded(room: Room, device: str, command: str) -> Event:
    step = step_as_json(Step(Action.OPEN, device, "for work"))
    words = dict.fromkeys(("principal", "login", "area", "issued_utc", "world"), "")
    said = {**words, "command": command, "epoch": 1, "step": step}
    asked = Event(room.now(), SOURCE, "operator", "commanded", said)
    assert not wrong_with(asked)
    return asked


def test_it_heals_as_if_it_had_been_told_and_a_sequence_later(grid: Grid) -> None:
    told = run(grid)
    deaf = run(grid, upset=lambda course: losing(course, is_lock_out))
    (known,) = untold(deaf)
    assert (known.payload["device"], known.cause) == ("sw1", NAME)
    assert known.payload["locked_out"]
    plans = [of_kind(one, "plan_proposed")[0] for one in (told, deaf)]
    assert plans[0].payload["plan"] == plans[1].payload["plan"]
    late_s = (plans[1].time_utc - plans[0].time_utc).total_seconds()
    assert SEQUENCE_S - 60 < late_s < SEQUENCE_S + 60
    assert deaf.ledger.customers_out == told.ledger.customers_out


def test_who_is_told_says_nothing_of_its_own(grid: Grid) -> None:
    assert not untold(run(grid))


@pytest.mark.parametrize("until_s", [160.0, 400.0, 700.0])
@pytest.mark.parametrize("restoration", [HEALING, None], ids=["healing", "crews"])
def test_what_is_not_heard_of_is_not_judged(
    grid: Grid, until_s: float, restoration: Restoration | None
) -> None:
    """A fault that passes: the trip is heard, then nothing; the device has closed again."""
    equipment = replace(SURE, outages=(Outage("fibre", 31.2, until_s),))
    series = Series.scaled(Snapshot.normal(grid), [0.7] * 8, step_s=900.0)
    field = Field.of(Network.of(grid), series, NOON, Streams(0), equipment)
    course = Course(field, restoration=restoration)
    passing = Fault(Short("line.L52", ("a",), 1.0, share=0.5), is_permanent=False)
    course.at(30.0, lambda: _ignore(field.plant.strike(passing)))
    course.run_to(1800.0)
    assert said_of(course, "sw1") == ["tripped"]
    assert not untold(course) and not of_kind(course, "commanded")
    assert not course.ledger.customers_out


def test_what_somebody_opens_by_hand_is_not_locked_out(grid: Grid) -> None:
    series = Series.scaled(Snapshot.normal(grid), [0.7] * 8, step_s=900.0)
    field = Field.of(Network.of(grid), series, NOON, Streams(3), SURE)
    course = Course(field, restoration=HEALING)
    step = Step(Action.OPEN, "sw1", "by hand")
    course.at(60.0, lambda: _ignore(field.plant.operate(step)))
    course.run_to(900.0)
    assert not untold(course) and not of_kind(course, "plan_proposed", "commanded")
    assert course.room.command(Step(Action.CLOSE, "sw1", "back")).allowed
    assert not course.ledger.customers_out


@pytest.mark.parametrize("named", ["sw1", "Switch.Sw1"])
def test_what_is_told_to_open_meanwhile_may_stay_open(grid: Grid, named: str) -> None:
    duty, room, normal = watching(grid)
    assert duty.due_s() < math.inf
    duty.hear(commanded(room, named, "c1"), normal)
    assert duty.due_s() == math.inf


def test_it_waits_for_the_longest_pause_of_the_device_and_for_a_plain_number(grid: Grid) -> None:
    duty, room, _ = watching(grid)
    longest_s = room.kernel.grid.protections["reclose_s"][0][-1]
    assert duty.due_s() == 30.0 + SEQUENCE_S + longest_s
    assert type(duty.due_s()) is float, "times of numpy make what is written down unreadable"


@pytest.mark.parametrize("way", ["opened", "closed"])
def test_what_it_said_is_taken_back_where_the_device_knows_of_no_lock_out(
    grid: Grid, way: str
) -> None:
    course = run(grid, restoration=None, upset=lambda one: losing(one, is_lock_out))
    (known,) = untold(course)
    telecontrol, key = course.field.telecontrol, "sw1"
    telecontrol.locked.clear()
    row = course.grid.switches.row(key)
    assert course.room.kernel.situation.locked_out[row]
    if way == "opened":
        assert course.room.command(Step(Action.OPEN, key, "to close it again")).allowed
    else:
        telecontrol.hear(
            Event(course.now, "field", "scan", "status", {"device": key, "position": "closed"})
        )
    course.run_to(3700.0)
    assert not course.room.kernel.situation.locked_out[row]
    (reset,) = [e for e in of_kind(course, "lockout_reset") if e.cause == NAME]
    assert reset.time_utc > known.time_utc


def test_only_an_opening_that_was_carried_out_takes_it_back(grid: Grid) -> None:
    course = run(grid, restoration=None, upset=lambda one: losing(one, is_lock_out))
    room, normal = course.room, Snapshot.normal(course.grid)
    (duty,) = (one for one in room.duties if isinstance(one, Overdue))
    resets = list[int]()
    for number, state in enumerate(("failed", "in_doubt", "confirmed")):
        duty.hear(commanded(room, "sw1", f"c{number}"), normal)
        outcome = {"command": f"c{number}", "state": state, "detail": ""}
        duty.hear(Event(room.now(), SOURCE, "operator", "outcome", outcome), normal)
        resets.append(len([e for e in of_kind(course, "lockout_reset") if e.cause == NAME]))
    assert resets == [0, 0, 1]


def test_its_position_stays_as_old_as_it_was(grid: Grid) -> None:
    course = run(grid, restoration=None, upset=lambda one: losing(one, is_lock_out))
    (known,) = untold(course)
    heard = datetime.fromisoformat(str(known.payload["measured_utc"]))
    last = max(one.time_utc for one in untold(course, ["field"]) if one.payload["device"] == "sw1")
    assert last <= heard < known.time_utc


def test_the_ledger_of_what_is_heard_counts_nothing_twice(grid: Grid) -> None:
    course = run(grid, upset=lambda one: losing(one, is_lock_out))
    topology = course.room.kernel.bench.site.topology
    without = [event for event in course.events if event not in untold(course)]
    one, other = (as_json(account(topology, events)) for events in (course.events, without))
    assert one == other
