"""A fault on one phase where poles move by themselves: from the trip of one to the way back."""

from __future__ import annotations

import numpy as np
import pytest

from gridmend.interlock.recheck import Recheck
from gridmend.model.command import World
from gridmend.model.errors import GridmendError
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, OutcomeState, Step
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network
from gridmend.powerflow.shorts import Short
from gridmend.runtime.control import orders
from gridmend.runtime.course import Course
from gridmend.runtime.live.chronicle import Chronicle
from gridmend.runtime.live.rows import PlanRow
from gridmend.runtime.live.shown import order_row
from gridmend.twin.field import Field
from gridmend.twin.plant import Fault
from gridmend.twin.streams import Streams
from gridmend.ui.web.answers.orders import PlanAnswer
from tests.operations.test_poles import by_pole
from tests.runtime.exercise.test_room import HEALING, NOON, SURE, of_kind

REPAIRED_S = 900.0


@pytest.fixture(scope="module")
def grid() -> Grid:
    return by_pole()


def _course(grid: Grid, until_s: float) -> Course:
    """Phase a of the first line fails for good after a minute, and is mended after a quarter of an
    hour."""
    series = Series.scaled(Snapshot.normal(grid), [1.0] * 4, step_s=900.0)
    course = Course(Field.of(Network.of(grid), series, NOON, Streams(3), SURE), restoration=HEALING)
    fault = Fault(Short("line.first", ("a",), 0.1, share=0.5))
    course.at(60.0, lambda: _done(course.field.plant.strike(fault)))
    course.at(REPAIRED_S, lambda: course.repair("line.first", 1))
    course.run_to(until_s)
    checker = Recheck(grid, world=World.TWIN)
    assert not [o for n, e in enumerate(course.events, 1) for o in checker.add(e, n)]
    return course


def _done(_: object) -> None:
    """Whatever came of it."""


def _commands(course: Course) -> list[tuple[str, str, str]]:
    steps = [e.payload["step"] for e in of_kind(course, "commanded")]
    return [(step["action"], step["device"], step.get("phases", "")) for step in steps]


def test_one_pole_trips_and_the_others_customers_never_lose_supply(grid: Grid) -> None:
    course = _course(grid, 600.0)
    assert {e.payload["open_phases"] for e in of_kind(course, "tripped")} == {1}
    assert max(out for _, out in course.ledger.curve) == 11
    known = course.room.kernel.situation.snapshot
    np.testing.assert_array_equal(known.open_phases, course.field.plant.world.snapshot.open_phases)


def test_the_phase_is_healed_by_its_own_poles(grid: Grid) -> None:
    course = _course(grid, 600.0)
    assert _commands(course) == [("open", "middle", "a"), ("close", "tie", "a")]
    assert course.ledger.customers_out == 10
    suspected = of_kind(course, "fault_suspected")
    assert [(e.payload["element"], e.payload["phases"]) for e in suspected] == [("line.first", "a")]
    assert dict(course.room.kernel.situation.fault_phases) == {"line.first": "a"}


def test_after_the_repair_its_poles_go_back_and_no_other_moves(grid: Grid) -> None:
    course = _course(grid, 1500.0)
    normal = Snapshot.normal(grid)
    np.testing.assert_array_equal(course.field.plant.world.snapshot.open_phases, normal.open_phases)
    assert course.ledger.customers_out == 0
    assert {phases for *_, phases in _commands(course)} == {"a"}
    assert max(out for _, out in course.ledger.curve) == 11
    assert not course.room.kernel.situation.faults
    assert not course.room.kernel.situation.fault_phases


def test_a_device_whose_poles_move_together_in_the_field_does_not_move_one(grid: Grid) -> None:
    course = _course(grid, 30.0)
    plant = course.field.plant
    assert plant.operate(Step(Action.OPEN, "head", "", phases="b")).state is OutcomeState.IN_DOUBT
    course.run_to(31.0)
    assert int(plant.world.snapshot.open_phases[grid.switches.row("head")]) == 2
    ganged = by_pole(ganged=("head",))
    other = _course(ganged, 30.0).field.plant
    assert other.operate(Step(Action.OPEN, "head", "", phases="b")).state is OutcomeState.FAILED


def test_plans_orders_and_the_sheet_name_the_poles(grid: Grid) -> None:
    course = _course(grid, 600.0)
    kernel = course.room.kernel
    (order,) = kernel.situation.orders.values()
    row = order_row(kernel, Chronicle(grid), order)
    assert [step.phases for step in row.steps] == ["a", "a"]
    assert row.title.startswith("open middle phase a: ")
    (plan,) = course.healing.plans if course.healing else ()
    answer = PlanAnswer.model_validate(PlanRow("p1", 1, plan))
    assert [step.phases for step in answer.steps] == ["a", "a"]


def test_an_order_for_poles_that_do_not_move_by_themselves_is_not_written(grid: Grid) -> None:
    kernel = _course(grid, 30.0).room.kernel
    for step, why in (
        (Step(Action.OPEN, "head", "", phases="n"), "has no phase n"),
        (Step(Action.SET_POWER, "source.own", "", value=1.0, phases="a"), "moves no poles"),
    ):
        with pytest.raises(GridmendError, match=why):
            orders.within(kernel, (step,), "")
    orders.within(kernel, (Step(Action.OPEN, "head", "", phases="a"),), "")
