"""What self-healing may do by itself: nothing, advise, with approval, automatically, only close."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

import gridmend
from gridmend.interlock.move import By
from gridmend.interlock.recheck import Recheck
from gridmend.model.command import World
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Step
from gridmend.model.situation import Mode, OrderState
from gridmend.runtime.control import orders
from gridmend.runtime.control.authority import give_leave, set_mode
from gridmend.runtime.course import Course
from gridmend.runtime.exercise.healing import BY, NAME
from gridmend.runtime.scenario import Restoration
from tests.runtime.exercise.test_room import of_kind, run

ANN = By("ann", "desk2")
UNTIL_S = 700.0


@pytest.fixture(scope="module")
def grid() -> Grid:
    return gridmend.read("ieee123")


@pytest.fixture(scope="module")
def automatic(grid: Grid) -> Course:
    return run(grid, until_s=UNTIL_S)


def healed(grid: Grid, mode: Mode, *happens: tuple[float, Callable[[Course], object]],
           until_s: float = UNTIL_S, approval_min: float = 15.0) -> Course:  # fmt: skip
    def upset(course: Course) -> None:
        for at_s, action in happens:
            course.at(at_s, lambda action=action: _told(course, action))

    policy = Restoration(mode=mode, approval_min=approval_min)
    course = run(grid, restoration=policy, upset=upset, until_s=until_s)
    checker = Recheck(grid, world=World.TWIN)
    assert not [o for n, e in enumerate(course.events, 1) for o in checker.add(e, n)]
    return course


def _told(course: Course, action: Callable[[Course], object]) -> None:
    """A person does something at the desk, and everybody in the room hears of it."""
    action(course)


def by_itself(course: Course) -> list[Event]:
    """Commands of the application, as opposed to the operator's."""
    found = of_kind(course, "commanded")
    return [event for event in found if event.payload.get("application") == NAME]


def told(course: Course, after_s: float) -> list[str]:
    since = course.start_utc + timedelta(seconds=after_s)
    return [f"{e.payload['step']['action']} {e.payload['step']['device']}"
            for e in by_itself(course) if e.time_utc > since]  # fmt: skip


def switched_to(mode: Mode) -> Callable[[Course], object]:
    return lambda course: set_mode(course.room.kernel, NAME, mode, ANN)


def approve(course: Course) -> None:
    """A second person approves whatever is studied and waits."""
    kernel = course.room.kernel
    for order in list(kernel.situation.orders.values()):
        if order.state is OrderState.STUDIED:
            assert orders.approve(kernel, order.id, ANN).allowed


def test_off_does_and_says_nothing(grid: Grid) -> None:
    course = healed(grid, Mode.OFF)
    assert not of_kind(course, "fault_suspected", "plan_proposed", "plan_stopped", "order_written")
    assert not by_itself(course)
    assert course.ledger.customers_out == 1158


def test_advise_tells_the_plan_and_orders_nothing(grid: Grid, automatic: Course) -> None:
    course = healed(grid, Mode.ADVISE)
    plans = of_kind(course, "plan_proposed")
    assert [p.payload["plan"] for p in plans] == [
        p.payload["plan"] for p in of_kind(automatic, "plan_proposed")
    ]
    assert plans[0].payload["customers"] == 974
    assert not of_kind(course, "order_written", "plan_stopped")
    assert not by_itself(course)


def test_automatic_heals_under_its_leave(automatic: Course) -> None:
    assert automatic.ledger.customers_out == 184
    isolated = ["open Sw1", "open Sw2", "open Sw4", "open Sw6"]  # the first takes a lock-out away
    assert told(automatic, 0.0) == [*isolated, "close Sw1", "close Sw11"]


def test_approve_waits_for_a_person_and_then_does_as_automatic(
    grid: Grid, automatic: Course
) -> None:
    times = [(float(t), approve) for t in range(200, 600, 10)]
    course = healed(grid, Mode.APPROVE, *times)
    commands = by_itself(course)
    assert min(e.time_utc for e in commands) >= course.start_utc + timedelta(seconds=200)
    assert told(course, 0.0) == told(automatic, 0.0)
    approved = of_kind(course, "order_approved")
    assert {e.payload["by"] for e in approved} == {"ann"}
    assert course.ledger.customers_out == 184


def test_what_nobody_approves_is_given_up_and_told(grid: Grid) -> None:
    course = healed(grid, Mode.APPROVE, approval_min=5.0)
    assert not by_itself(course)
    studied = of_kind(course, "order_studied")
    assert len(studied) == 1
    (stopped,) = of_kind(course, "plan_stopped")
    assert "nobody approved" in str(stopped.payload["why"])
    assert "5 min" in str(stopped.payload["why"])
    waited_s = (stopped.time_utc - studied[0].time_utc).total_seconds()
    assert 300 <= waited_s <= 311
    order = course.room.kernel.situation.orders[str(studied[0].payload["order"])]
    assert order.state is OrderState.ABORTED


def test_restore_only_closes_what_people_have_isolated(grid: Grid) -> None:
    def isolate(course: Course) -> None:
        for device in ("Sw1", "Sw2", "Sw4", "Sw6"):
            assert course.room.command(Step(Action.OPEN, device, "by hand")).allowed

    course = healed(grid, Mode.RESTORE_ONLY, (100.0, isolate))
    assert told(course, 0.0) == ["close Sw1", "close Sw11"]
    assert course.ledger.customers_out == 184


def test_restore_only_opens_nothing_even_to_isolate(grid: Grid) -> None:
    course = healed(grid, Mode.RESTORE_ONLY)
    assert not [step for step in told(course, 0.0) if step.startswith("open")]
    assert course.ledger.customers_out == 1158
    assert not course.field.plant.world.is_faulted
    # The rule itself: an order that opens is studied and approved, and its step is refused.
    kernel = course.room.kernel
    leave = give_leave(kernel, NAME, ANN, steps_most=5, lasts=timedelta(hours=1))
    course.room.refresh()
    order = orders.write(kernel, [Step(Action.OPEN, "Sw4", "to see it refused")], BY)
    assert orders.study(kernel, order, BY).allowed
    assert orders.approve(kernel, order, BY, leave=leave).allowed
    assert orders.issue(kernel, order, BY).allowed
    answer = orders.step(kernel, order, BY)
    assert [r.rule for r in answer.refusals] == ["autonomy"]


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.ADVISE])
def test_set_off_in_the_middle_it_stops_at_the_next_step(grid: Grid, mode: Mode) -> None:
    course = healed(grid, Mode.AUTOMATIC, (180.0, switched_to(mode)))
    assert told(course, 0.0)
    assert not told(course, 180.0)
    (stopped,) = of_kind(course, "plan_stopped")
    assert f"set to {mode}" in str(stopped.payload["why"])
    last = list(course.room.kernel.situation.orders.values())[-1]
    assert last.state is OrderState.ABORTED


def test_set_to_approve_in_the_middle_a_person_has_the_rest(grid: Grid, automatic: Course) -> None:
    waits = healed(grid, Mode.AUTOMATIC, (180.0, switched_to(Mode.APPROVE)))
    assert not told(waits, 180.0)
    goes_on = healed(grid, Mode.AUTOMATIC, (180.0, switched_to(Mode.APPROVE)), (260.0, approve))
    assert told(goes_on, 180.0) == told(automatic, 180.0)
    assert goes_on.ledger.customers_out == 184


def test_set_to_restore_only_in_the_middle_nothing_is_opened_any_more(grid: Grid) -> None:
    course = healed(grid, Mode.AUTOMATIC, (180.0, switched_to(Mode.RESTORE_ONLY)))
    assert not [step for step in told(course, 180.0) if step.startswith("open")]
    assert not course.field.plant.world.is_faulted
