"""Plans made anew in the room: what sticks, is tagged or is closed onto a fault is gone round."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import gridmend
from gridmend.interlock.move import By
from gridmend.interlock.recheck import Recheck
from gridmend.model.command import World
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Step
from gridmend.runtime.control.work import work
from gridmend.runtime.course import Course
from gridmend.runtime.exercise.healing import TRIES_MOST
from gridmend.twin.communications.links import Link
from gridmend.twin.field import Equipment
from gridmend.twin.telemetry.indicators import Indicating
from tests.runtime.exercise.test_room import of_kind, run

OPERATOR = By("operator", "desk")


@pytest.fixture(scope="module")
def grid() -> Grid:
    return gridmend.read("ieee123")


def with_stuck(grid: Grid, *devices: str, until_s: float = 800.0) -> Course:
    def stick(course: Course) -> None:
        course.field.plant.stuck.update(devices)

    return checked(grid, stick, until_s=until_s)


def checked(grid: Grid, upset: Callable[[Course], None], until_s: float = 800.0,
            **more: object) -> Course:  # fmt: skip
    course = run(grid, upset=upset, until_s=until_s, **more)  # type: ignore[arg-type]
    checker = Recheck(grid, world=World.TWIN)
    assert not [o for n, e in enumerate(course.events, 1) for o in checker.add(e, n)]
    assert not course.field.plant.world.is_faulted, "nothing feeds the fault"
    return course


def moves(course: Course) -> list[str]:
    return [f"{e.payload['step']['action']} {e.payload['step']['device']}"
            for e in of_kind(course, "commanded")]  # fmt: skip


def test_a_switch_that_does_not_open_moves_isolation_one_further_out(grid: Grid) -> None:
    course = with_stuck(grid, "sw4")
    (stopped,) = of_kind(course, "plan_stopped")
    assert stopped.payload["why"] == "Sw4 did not open"
    first, anew = of_kind(course, "plan_proposed")
    assert not first.payload["why"]
    assert anew.payload["why"] == "Sw4 did not open"
    devices = [step["device"] for step in anew.payload["plan"]]
    assert "Sw4" not in devices
    assert "Sw2" not in devices, "it is open already"
    # Sw5 parts what lies behind Sw4; its people wait with those of the faulted section.
    assert {"open Sw5", "close Sw1"} <= set(moves(course))
    assert course.ledger.customers_out == 548


def test_a_tie_that_does_not_close_leaves_the_work_to_another(grid: Grid) -> None:
    course = with_stuck(grid, "sw11")
    stopped = [str(e.payload["why"]) for e in of_kind(course, "plan_stopped")]
    assert stopped[0] == "Sw11 did not close"
    assert course.ledger.customers_out == 184, "as if it had closed"
    assert moves(course).count("close Sw11") == 1


def test_what_bears_a_tag_is_gone_round_from_the_start_and_in_the_middle(grid: Grid) -> None:
    hold = Step(Action.TAG, "Sw4", "somebody works there", mark="t1", kind="hold")
    for at_s in (30.0, 150.0):

        def tag(course: Course, at_s: float = at_s) -> None:
            course.at(at_s, lambda: _allowed(course, hold))

        course = checked(grid, tag)
        assert "open Sw4" not in moves(course)
        assert course.ledger.customers_out == 548
        plans = of_kind(course, "plan_proposed")
        assert len(plans) == (1 if at_s < 60 else 2)


def _allowed(course: Course, step: Step) -> None:
    assert work(course.room.kernel, step, OPERATOR).allowed


def test_it_is_tried_a_bounded_number_of_times(grid: Grid) -> None:
    every = [name.lower() for name in grid.switches]
    course = with_stuck(grid, *every, until_s=2400.0)
    plans = of_kind(course, "plan_proposed")
    assert 2 <= len(plans) <= TRIES_MOST + 1
    last = of_kind(course, "plan_stopped")[-1]
    assert "no switching" in str(last.payload["why"]) or "often enough" in str(last.payload["why"])
    assert course.healing is not None
    assert all(case.is_over for case in course.healing.cases)
    assert len(set(moves(course))) == len(moves(course)), "nothing is asked of a device twice"


def test_what_was_closed_onto_the_fault_is_not_fed_from_another_side(grid: Grid) -> None:
    wire, radio = Link.of_kind("wire", "fibre"), Link.of_kind("radio", "radio", loss=1.0)
    deaf = Equipment(
        indicating=Indicating(missed=0.0, false=0.0), links=(wire, radio),
        over={"indicators": ("radio",)}, store=0,
    )  # fmt: skip
    course = checked(grid, lambda _: None, equipment=deaf, until_s=1500.0)
    tripped = [str(e.payload["device"]) for e in of_kind(course, "tripped")]
    neighbours = {device for device in tripped if device.startswith("source.neighbour")}
    assert len(neighbours) == 1, "no flag is heard: the first section is isolated, not the faulted"
    why = [str(e.payload.get("why", "")) for e in of_kind(course, "fault_suspected")]
    assert any("tripped as sw" in reason for reason in why)
