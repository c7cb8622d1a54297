"""A control room over the twin: what it hears is all that it knows, and the interlock binds it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest

import gridmend
from gridmend.interlock.recheck import Recheck
from gridmend.model.command import World
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network
from gridmend.runtime.course import Course
from gridmend.runtime.scenario import Restoration
from gridmend.twin.communications.links import Link
from gridmend.twin.communications.paths import Outage
from gridmend.twin.field import Equipment, Field
from gridmend.twin.streams import Streams
from gridmend.twin.telemetry.indicators import Indicating

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)
HEALING = Restoration()
SURE = Equipment(indicating=Indicating(missed=0.0, false=0.0))


@pytest.fixture(scope="module")
def grid() -> Grid:
    return gridmend.read("ieee123")


def run(
    grid: Grid,
    element: str = "line.L52",
    *,
    equipment: Equipment = SURE,
    restoration: Restoration | None = HEALING,
    upset: Callable[[Course], None] | None = None,
    until_s: float = 3600.0,
) -> Course:
    """An hour with a fault after a minute."""
    series = Series.scaled(Snapshot.normal(grid), [0.7] * 8, step_s=900.0)
    field = Field.of(Network.of(grid), series, NOON, Streams(3), equipment)
    course = Course(field, restoration=restoration)
    if upset is not None:
        upset(course)
    course.at(60.0, lambda: _ignore(course.strike(element)))
    course.run_to(until_s)
    return course


def _ignore(number: int) -> None:
    assert number


def of_kind(course: Course, *kinds: str) -> list[Event]:
    return [event for event in course.events if event.kind in kinds]


def test_a_fault_is_located_by_its_indicators_and_healed_by_commands(grid: Grid) -> None:
    course = run(grid)
    assert course.ledger.customers_out == 184
    suspected = of_kind(course, "fault_suspected")
    assert [event.payload["behind"] for event in suspected] == ["sw2"]
    assert not of_kind(course, "plan_stopped", "refused")


def test_a_second_checker_objects_to_nothing_that_was_done(grid: Grid) -> None:
    course = run(grid)
    checker = Recheck(grid, world=World.TWIN)
    objections = [o for n, e in enumerate(course.events, 1) for o in checker.add(e, n)]
    assert objections == []
    assert len(of_kind(course, "commanded")) == 6


def test_what_the_room_takes_for_the_positions_is_what_they_are(grid: Grid) -> None:
    course = run(grid)
    known = course.room.kernel.situation.snapshot.open_phases
    np.testing.assert_array_equal(known, course.flow.snapshot.open_phases)


def test_where_the_indicators_cannot_be_heard_nothing_is_switched_on_a_guess(grid: Grid) -> None:
    wire, radio = Link.of_kind("wire", "fibre"), Link.of_kind("radio", "radio", loss=1.0)
    deaf = Equipment(
        indicating=Indicating(missed=0.0, false=0.0), links=(wire, radio),
        over={"indicators": ("radio",)}, store=0,
    )  # fmt: skip
    course = run(grid, equipment=deaf)
    # No flag is heard, so that the fault seems to be in the first section: nobody there can be fed.
    closed = [e for e in of_kind(course, "commanded") if e.payload["step"]["action"] == "close"]
    energised = course.flow.energised
    assert not course.field.plant.world.is_faulted
    assert energised.any()
    assert all(e.payload["step"]["device"].lower() != "sw1" for e in closed)


def test_a_room_that_hears_nothing_does_nothing(grid: Grid) -> None:
    off = Equipment(
        indicating=Indicating(missed=0.0, false=0.0), outages=(Outage("fibre", 30.0, 7200.0),)
    )
    course = run(grid, equipment=off)
    assert not of_kind(course, "tripped", "commanded")
    assert course.ledger.customers_out == 1158


def test_a_fault_that_passes_locks_nothing_out_and_opens_no_case(grid: Grid) -> None:
    from gridmend.powerflow.shorts import Short
    from gridmend.twin.plant import Fault

    def branch(course: Course) -> None:
        fault = Fault(Short("line.L52", ("a",), 1.0, share=0.5), is_permanent=False)
        course.at(30.0, lambda: _ignore(course.field.plant.strike(fault)))

    series = Series.scaled(Snapshot.normal(grid), [0.7] * 8, step_s=900.0)
    field = Field.of(Network.of(grid), series, NOON, Streams(0), SURE)
    course = Course(field, restoration=Restoration())
    branch(course)
    course.run_to(1800.0)
    assert course.healing is not None
    assert course.healing.cases == []
    assert course.ledger.customers_out == 0


def test_equal_seeds_give_equal_journals(grid: Grid) -> None:
    one, two = run(grid), run(grid)
    assert [e.as_line() for e in one.events] == [e.as_line() for e in two.events]
    assert one.field.plant.happened == two.field.plant.happened


def test_the_crew_alone_closes_nothing_until_a_repair_is_heard_of(grid: Grid) -> None:
    course = run(grid, restoration=None)
    assert course.ledger.customers_out == 1158
    assert not of_kind(course, "commanded")
    course.repair("line.l52", 1)
    course.run_to(course.field.agenda.now_s + 60.0)
    assert course.ledger.customers_out == 0
