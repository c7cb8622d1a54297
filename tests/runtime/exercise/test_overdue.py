"""A lock-out of which no word comes is acted on all the same; what closes again is left alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from datetime import datetime

import pytest

import gridmend
from gridmend.model.command import step_as_json
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Step
from gridmend.model.snapshot import Snapshot
from gridmend.model.vocabulary import wrong_with
from gridmend.operations.interruptions.account import account, as_json
from gridmend.runtime.control.kernel import SOURCE
from gridmend.runtime.course import Course
from gridmend.runtime.exercise.overdue import NAME, Overdue
from gridmend.runtime.exercise.suspecting import SEQUENCE_S
from tests.runtime.exercise.test_room import of_kind, run

Loses = Callable[[Event], bool]


@pytest.fixture(scope="module")
def grid() -> Grid:
    return gridmend.read("ieee123")


def is_lock_out(event: Event) -> bool:
    return event.kind == "tripped" and bool(event.payload.get("locked_out"))


def is_trip(event: Event) -> bool:
    return event.kind == "tripped"


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


@pytest.mark.parametrize("is_lost", [is_lock_out, is_trip], ids=["lock-outs", "trips"])
def test_it_heals_as_if_it_had_been_told_and_a_sequence_later(grid: Grid, is_lost: Loses) -> None:
    told = run(grid)
    deaf = run(grid, upset=lambda course: losing(course, is_lost))
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


def test_a_device_that_somebody_had_opened_may_stay_open(grid: Grid) -> None:
    room = run(grid, restoration=None, until_s=30.0).room
    normal = Snapshot.normal(room.kernel.grid)
    stands = Event(room.now(), "field", "scan", "status", {"device": "sw1", "position": "open"})
    step = step_as_json(Step(Action.OPEN, "Sw1", "for work"))
    words = dict.fromkeys(("command", "principal", "login", "area", "issued_utc", "world"), "")
    said = {**words, "epoch": 1, "step": step}
    asked = Event(room.now(), SOURCE, "operator", "commanded", said)
    assert not wrong_with(asked)
    alone, told = Overdue(room), Overdue(room)
    told.hear(asked, normal)
    for duty in (alone, told):
        duty.hear(stands, normal)
    assert told.due_s() == math.inf
    assert type(alone.due_s()) is float, "times of numpy make what is written down unreadable"
    longest_s = room.kernel.grid.protections["reclose_s"][0][-1]
    assert alone.due_s() == 30.0 + SEQUENCE_S + longest_s > 30.0 + SEQUENCE_S


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
