"""What was closed onto a fault is suspected at once, all of it, and but a part once flags tell."""

from __future__ import annotations

import pytest

import gridmend
from gridmend.interlock.move import By
from gridmend.model.event import Event
from gridmend.model.plan import Action, Plan, Step, Verdict
from gridmend.model.snapshot import Snapshot
from gridmend.runtime.course import Course
from gridmend.runtime.exercise.case import Case
from gridmend.runtime.exercise.locating import Closing
from gridmend.runtime.exercise.suspecting import Suspecting
from tests.runtime.exercise.test_locating import equipped
from tests.runtime.exercise.test_room import NOON, run

BY = By("restoration", "kernel", "restoration")
IN_SW2 = "line.l52"
IN_SW3 = "line.l40"


@pytest.fixture
def course() -> Course:
    """A room in which nothing has happened yet."""
    return run(gridmend.read("ieee123"), restoration=None, until_s=30.0)


@pytest.fixture
def suspecting(course: Course) -> Suspecting:
    return Suspecting(course.room, BY, equipped(course.room.kernel.grid), detection_s=0.0)


def tripped(course: Course, suspecting: Suspecting, device: str = "Sw1") -> Case:
    """A switch closed by the order of a case, and Sw1 tripped a second later."""
    grid, now_s = course.room.kernel.grid, course.room.agenda.now_s
    normal = Snapshot.normal(grid)
    closing = Closing(now_s - 1.0, device.lower(), normal.with_switch(grid, device, is_open=True))
    plan = Plan("", (Step(Action.CLOSE, device, ""),), Verdict())
    case = Case("sw1", normal, now_s, order="o1", plan=plan)
    suspecting.take_for_closed_onto("sw1", [closing], [case])
    return case


def flagged(suspecting: Suspecting, *devices: str) -> None:
    for device in devices:
        told = {"device": device, "phases": ["a", "b", "c"]}
        suspecting.hear(Event(NOON, "field", "indicator", "fault_indicated", told))


def section_of(case: Case, element: str) -> str:
    """The first element of the section in which something lies."""
    (found,) = (one.elements[0] for one in case.suspects if element in one.elements)
    return found


def test_at_first_all_that_came_live_is_suspected(course: Course, suspecting: Suspecting) -> None:
    case = tripped(course, suspecting)
    assert len(case.suspects) > 4
    assert course.room.kernel.situation.faults == case.onto


def test_flags_clear_what_the_fault_is_not_in(course: Course, suspecting: Suspecting) -> None:
    case = tripped(course, suspecting)
    here, there = section_of(case, IN_SW2), section_of(case, IN_SW3)
    flagged(suspecting, "sw2")
    assert suspecting.due_s() <= course.room.agenda.now_s
    suspecting.narrow([case])
    standing = course.room.kernel.situation.faults
    assert here in standing
    assert there not in standing
    assert len(standing) <= 2
    assert case.onto == standing == {one.elements[0] for one in case.suspects}


def test_without_flags_all_of_it_stays_suspected(course: Course, suspecting: Suspecting) -> None:
    case = tripped(course, suspecting)
    before = course.room.kernel.situation.faults
    suspecting.narrow([case])
    assert course.room.kernel.situation.faults == before == case.onto


def test_where_somebody_has_found_damage_it_stays(course: Course, suspecting: Suspecting) -> None:
    case = tripped(course, suspecting)
    here, there = section_of(case, IN_SW2), section_of(case, IN_SW3)
    elsewhere = section_of(case, "line.l115")
    found = {"element": IN_SW3, "behind": ""}
    suspecting.hear(Event(NOON, "field", "crew", "fault_suspected", found))
    flagged(suspecting, "sw2")
    suspecting.narrow([case])
    assert {here, there} <= course.room.kernel.situation.faults
    assert elsewhere not in course.room.kernel.situation.faults


def test_what_is_closed_onto_again_is_not_cleared_twice(
    course: Course, suspecting: Suspecting
) -> None:
    tripped_first = tripped(course, suspecting)
    flagged(suspecting, "sw2")
    suspecting.narrow([tripped_first])
    again = tripped(course, suspecting)
    suspected = course.room.kernel.situation.faults
    assert again.onto <= suspected
    suspecting.narrow([again])
    assert course.room.kernel.situation.faults == suspected


def test_another_fault_clears_nothing_of_the_one_before(
    course: Course, suspecting: Suspecting
) -> None:
    first = tripped(course, suspecting)
    known = first.onto
    suspecting.forget()
    second = tripped(course, suspecting, "Sw3")
    flagged(suspecting, "sw3")
    suspecting.narrow([first, second])
    assert known <= course.room.kernel.situation.faults


def test_a_lock_out_clears_it_as_well(course: Course, suspecting: Suspecting) -> None:
    case = tripped(course, suspecting)
    flagged(suspecting, "sw2")
    locked = Case("sw1", case.before, course.room.agenda.now_s)
    assert not suspecting.locate(locked, cases=[case])
    assert len(locked.suspects) < 4
    standing = course.room.kernel.situation.faults
    theirs = {one.elements[0] for one in (*locked.suspects, *case.suspects)}
    assert standing == theirs
