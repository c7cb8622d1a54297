"""What trips minutes after a closing may be a fault that draws little more than load does."""

from __future__ import annotations

import pytest

import gridmend
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.runtime.course import Course
from gridmend.runtime.exercise.case import Case
from gridmend.runtime.exercise.locating import Closing, closed_onto
from gridmend.runtime.exercise.room import OPERATOR
from gridmend.runtime.exercise.suspecting import LATE_S, Suspecting
from tests.runtime.exercise.test_locating import equipped
from tests.runtime.exercise.test_room import NOON, run

WAIT_S = 10.0
TRIP_S = 1000.0


@pytest.fixture(scope="module")
def course() -> Course:
    """A room in which nothing has happened yet."""
    return run(gridmend.read("ieee123"), restoration=None, until_s=30.0)


def located(
    course: Course, closings: list[Closing], *flags: str, device: str = "sw1"
) -> tuple[Case, str]:
    """What is suspected as a device trips, with flags that came with the trip."""
    grid = course.room.kernel.grid
    suspecting = Suspecting(course.room, OPERATOR, equipped(grid), WAIT_S)
    for flag in flags:
        told = {"device": flag, "phases": ["a", "b", "c"]}
        suspecting.hear(Event(NOON, "field", "indicator", "fault_indicated", told))
    case = Case(device, Snapshot.normal(grid), TRIP_S + WAIT_S if not flags else WAIT_S)
    return case, suspecting.locate(case, closings)


def closing(grid: Grid, device: str, at_s: float, *apart: str) -> Closing:
    return Closing(
        at_s, device, Snapshot.normal(grid).with_switches(grid, dict.fromkeys(apart, True))
    )


def behind(case: Case) -> list[str]:
    return sorted(one.behind for one in case.suspects)


def test_without_a_flag_it_is_in_what_was_closed_last_behind_the_device(course: Course) -> None:
    grid = course.room.kernel.grid
    late = TRIP_S - 200.0
    first, last = closing(grid, "sw2", late - 60.0, "Sw2"), closing(grid, "sw3", late, "Sw3")
    case, why = located(course, [first, last])
    assert not why
    assert behind(case) == ["sw3"]
    assert "line.l40" in case.suspects[0].elements
    elsewhere = closing(grid, "sw7", late + 60.0, "Sw7")
    assert behind(located(course, [first, last, elsewhere])[0]) == ["sw3"], "it feeds no part of it"


def test_too_long_ago_it_tells_nothing(course: Course) -> None:
    grid = course.room.kernel.grid
    old = closing(grid, "sw3", TRIP_S - LATE_S - 1.0, "Sw3")
    assert behind(located(course, [old])[0]) == behind(located(course, [])[0]) == ["sw1"]


def test_flags_that_agree_go_before_it(course: Course) -> None:
    grid = course.room.kernel.grid
    closed = closing(grid, "sw3", -200.0, "Sw3")
    flagged = behind(located(course, [closed], "sw2")[0])
    assert "sw2" in flagged
    assert flagged == behind(located(course, [], "sw2")[0])


def test_what_made_too_much_live_narrows_nothing(course: Course) -> None:
    grid = course.room.kernel.grid
    whole = closing(grid, "sw1", TRIP_S - 200.0, "Sw1")
    case, _ = located(course, [whole], device="source.source")
    assert len(closed_onto(course.room.kernel.bench.site.topology, whole, "sw1", 810.0)) > 4
    assert case.suspects == located(course, [], device="source.source")[0].suspects
