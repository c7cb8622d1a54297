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
from gridmend.runtime.exercise.pursuing import unlocking
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


def _struck(grid: Grid, *faults: tuple[float, str, str], until_s: float = 900.0) -> Course:
    """Faults strike for good, each at its time on one phase of a line."""
    series = Series.scaled(Snapshot.normal(grid), [1.0] * 4, step_s=900.0)
    course = Course(Field.of(Network.of(grid), series, NOON, Streams(3), SURE), restoration=HEALING)
    for at_s, element, phase in faults:
        fault = Fault(Short(element, (phase,), 0.1, share=0.5))
        course.at(at_s, lambda fault=fault: _done(course.field.plant.strike(fault)))
    course.run_to(until_s)
    checker = Recheck(grid, world=World.TWIN)
    assert not [o for n, e in enumerate(course.events, 1) for o in checker.add(e, n)]
    return course


def _with_spur(grid: Grid) -> Grid:
    """A single-phase spur on b behind a switch at the end of the first section."""
    line = {**grid.lines.record("first"), "name": "spur", "bus1": "z", "bus2": "z2",
            "phases1": "b", "phases2": "b", "r_ohm_per_km": [[0.1]], "x_ohm_per_km": [[0.1]],
            "c_nf_per_km": [[0.0]]}  # fmt: skip
    switch = {"name": "sp", "bus1": "b", "bus2": "z", "phases1": "b", "phases2": "b",
              "kind": "switch", "remote": True, "interrupts": "load", "ganged": False}  # fmt: skip
    load = {"name": "zb", "bus": "z2", "phases": "b g", "kv": 7.2, "p_kw": 50.0, "customers": 8}
    grid = grid.with_rows("buses", *({"name": n, "base_kv": 12.47} for n in ("z", "z2")))
    return grid.with_rows("lines", line).with_rows("switches", switch).with_rows("loads", load)


def test_a_second_phase_is_healed_after_the_first(grid: Grid) -> None:
    course = _struck(grid, (60.0, "line.first", "a"), (400.0, "line.first", "c"))
    assert _commands(course) == [
        ("open", "middle", "a"), ("close", "tie", "a"),
        ("open", "middle", "c"), ("close", "tie", "c"),
    ]  # fmt: skip
    assert dict(course.room.kernel.situation.fault_phases) == {"line.first": "a c"}
    assert course.ledger.customers_out == 40


@pytest.mark.parametrize("later_s", [60.0, 300.0])
def test_faults_of_different_phases_on_different_lines_stop_nothing(later_s: float) -> None:
    course = _struck(_with_spur(by_pole()), (60.0, "line.first", "a"), (later_s, "line.spur", "b"))
    assert course.field.plant.now_s >= 900.0
    assert ("close", "tie", "a") in _commands(course) or of_kind(course, "plan_stopped")


def test_the_way_back_of_an_order_moves_the_poles_that_it_moved(grid: Grid) -> None:
    course = _course(grid, 600.0)
    (order,) = course.room.kernel.situation.orders
    back = orders.way_back(course.room.kernel, order)
    assert [str(step) for step in back] == ["open tie phase a", "close middle phase a"]


def test_one_poles_command_leaves_the_lock_out_of_another(grid: Grid) -> None:
    course = _struck(grid, (60.0, "line.first", "a"), (60.0, "line.first", "c"), until_s=120.0)
    kernel, row = course.room.kernel, grid.switches.row("head")
    assert bool(kernel.situation.locked_out[row])
    unlock = unlocking(course.room, (Step(Action.CLOSE, "head", "", phases="a"),))
    assert [str(step) for step in unlock] == ["open head phase a"]
    course.field.telecontrol.carry_out(unlock[0])
    kernel.take_in()
    assert bool(kernel.situation.locked_out[row])
    course.field.telecontrol.carry_out(Step(Action.OPEN, "head", "", phases="a c"))
    kernel.take_in()
    assert not bool(kernel.situation.locked_out[row])
