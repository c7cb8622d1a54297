from __future__ import annotations

from datetime import timedelta

import pytest

from gridmend.adapters.memory import Answer as Device
from gridmend.interlock.move import By
from gridmend.model.errors import GridError, GridmendError
from gridmend.model.plan import Action, Step
from gridmend.model.situation import Mode, OrderState
from gridmend.runtime.control import attend, orders, select
from gridmend.runtime.control.authority import define_area, give_leave, set_mode
from tests.runtime.control.room import ANN, BOB, Room, rules

STEPS = (Step(Action.OPEN, "S2", "to work"), Step(Action.OPEN, "S1", "to work"))


def issued(room: Room, steps: tuple[Step, ...] = STEPS) -> str:
    order = orders.write(room.kernel, steps, BOB)
    for answer in (
        orders.study(room.kernel, order, BOB),
        orders.approve(room.kernel, order, ANN),
        orders.issue(room.kernel, order, ANN),
    ):
        assert answer.allowed, answer
    return order


def state(room: Room, order: str) -> OrderState:
    return room.kernel.situation.orders[order].state


def test_an_order_runs_from_draft_to_completed() -> None:
    room = Room()
    order = issued(room)
    assert orders.carry_out(room.kernel, order, ANN).allowed
    assert state(room, order) is OrderState.COMPLETED
    assert [step.device for step in room.field.frames] == ["S2", "S1"]
    assert [s.action for s in orders.way_back(room.kernel, order)] == [Action.CLOSE, Action.CLOSE]


def test_an_order_whose_study_is_refused_stays_a_draft() -> None:
    room = Room()
    order = orders.write(room.kernel, [Step(Action.CLOSE, "S3", "")], BOB)
    assert "synchronism" in rules(orders.study(room.kernel, order, BOB))
    assert state(room, order) is OrderState.DRAFT
    assert rules(orders.approve(room.kernel, order, ANN)) == {"order"}
    assert rules(orders.issue(room.kernel, order, ANN)) == {"order"}


def test_the_author_does_not_approve() -> None:
    room = Room()
    order = orders.write(room.kernel, STEPS, BOB)
    orders.study(room.kernel, order, BOB)
    assert rules(orders.approve(room.kernel, order, BOB)) == {"two people"}
    assert rules(orders.approve(room.kernel, order, By("x", "", "app"))) == {"two people"}


def test_nobody_approves_what_they_have_not_read() -> None:
    room = Room()
    order = orders.write(room.kernel, STEPS[:1], BOB)
    read = orders.version_of(room.kernel.situation.orders[order])
    orders.write(room.kernel, STEPS, BOB, order=order)
    orders.study(room.kernel, order, BOB)
    assert rules(orders.approve(room.kernel, order, ANN, version=read)) == {"two people"}
    assert state(room, order) is OrderState.STUDIED
    anew = orders.version_of(room.kernel.situation.orders[order])
    assert anew != read
    assert orders.approve(room.kernel, order, ANN, version=anew).allowed


def test_a_step_asked_for_twice_by_its_number_is_done_once() -> None:
    room = Room()
    order = issued(room)
    assert orders.step(room.kernel, order, ANN, number=1).allowed
    assert rules(orders.step(room.kernel, order, ANN, number=1)) == {"order"}
    assert rules(orders.step(room.kernel, order, ANN, number=3)) == {"order"}
    assert [frame.device for frame in room.field.frames] == ["S2"]


def test_steps_come_in_their_turn_and_only_once_the_last_is_confirmed() -> None:
    room = Room(s2=Device.DEAF)
    order = issued(room)
    orders.carry_out(room.kernel, order, ANN)
    assert len(room.field.frames) == 1, "the first has no outcome yet"
    assert "order" in rules(room.do(Action.OPEN, "S1", order=order, number=2))
    assert "order" in rules(room.do(Action.OPEN, "S1", order=order, number=1))


def test_a_failed_step_suspends_and_the_order_is_studied_and_approved_anew() -> None:
    room = Room(s2=Device.REFUSES)
    order = issued(room)
    orders.carry_out(room.kernel, order, ANN)
    assert state(room, order) is OrderState.SUSPENDED
    with_it = room.do(Action.OPEN, "S2", order=order, number=1)
    assert rules(with_it) == {"order"}
    assert orders.study(room.kernel, order, BOB).allowed
    assert room.kernel.situation.orders[order].approver == ""
    assert rules(orders.issue(room.kernel, order, ANN)) == {"order"}


def test_a_trip_suspends_what_was_studied() -> None:
    room = Room()
    order = issued(room)
    room.field.trip("S3")
    room.field.trip("S1")
    assert "order" in rules(orders.step(room.kernel, order, ANN))
    assert state(room, order) is OrderState.SUSPENDED


def test_an_edit_voids_approval() -> None:
    room = Room()
    order = issued(room)
    orders.write(room.kernel, STEPS[:1], BOB, order=order)
    assert state(room, order) is OrderState.DRAFT
    assert "order" in rules(orders.step(room.kernel, order, ANN))


def test_an_order_that_is_given_up_stays_so() -> None:
    room = Room()
    order = issued(room)
    assert orders.suspend(room.kernel, order, ANN, why="a storm").allowed
    assert orders.abort(room.kernel, order, ANN, why="not needed").allowed
    with pytest.raises(GridmendError, match="write a new one"):
        orders.write(room.kernel, STEPS, BOB, order=order)
    assert rules(orders.suspend(room.kernel, order, ANN, why="again")) == {"order"}


def test_an_order_holds_what_devices_do_in_its_area() -> None:
    room = Room()
    with pytest.raises(GridError):
        orders.write(room.kernel, [Step(Action.OPEN, "S99", "")], BOB)
    with pytest.raises(GridmendError, match="use work"):
        orders.write(room.kernel, [Step(Action.TAG, "S1", "", mark="t")], BOB)
    define_area(room.kernel, "east", ["S1"], ANN)
    with pytest.raises(GridmendError, match="does not lie in area"):
        orders.write(room.kernel, STEPS, BOB)
    with pytest.raises(GridmendError, match="no order 'o99'"):
        orders.study(room.kernel, "o99", BOB)


def test_a_leave_covers_an_applications_order_within_its_bounds_only() -> None:
    room = Room()
    app = By("flisr", "kernel", "flisr")
    leave = give_leave(room.kernel, "flisr", ANN, steps_most=1, lasts=timedelta(minutes=5))
    order = orders.write(room.kernel, STEPS, app)
    orders.study(room.kernel, order, app)
    answer = orders.approve(room.kernel, order, app, leave=leave)
    assert rules(answer) == {"two people"}
    assert "covers 1 steps" in str(answer)
    with pytest.raises(GridmendError, match="only a person"):
        give_leave(room.kernel, "flisr", app, steps_most=9, lasts=timedelta(minutes=5))


def test_a_set_value_has_no_way_back() -> None:
    room = Room()
    order = issued(room, (Step(Action.SET_POWER, "generator.island", "", value=150.0),))
    orders.carry_out(room.kernel, order, ANN)
    with pytest.raises(GridmendError, match="no opposite"):
        orders.way_back(room.kernel, order)


def test_nobody_approves_an_own_order_by_an_own_leave() -> None:
    room = Room()
    leave = give_leave(room.kernel, "", ANN, steps_most=9, lasts=timedelta(hours=1))
    set_mode(room.kernel, "", Mode.AUTOMATIC, ANN)
    order = orders.write(room.kernel, [Step(Action.OPEN, "S2", "")], ANN)
    orders.study(room.kernel, order, ANN)
    assert rules(orders.approve(room.kernel, order, ANN, leave=leave)) == {"two people"}


def test_a_step_that_was_edited_while_it_was_pending_is_not_taken_for_done() -> None:
    room = Room(s2=Device.LATE)
    order = issued(room)
    orders.carry_out(room.kernel, order, ANN)
    orders.write(room.kernel, STEPS[1:], BOB, order=order)
    room.field.let_through()
    attend(room.kernel)
    assert not room.kernel.situation.pending
    assert room.kernel.situation.orders[order].done == 0


def test_an_order_whose_last_step_is_confirmed_while_it_rests_is_completed() -> None:
    room = Room(s2=Device.LATE)
    order = issued(room, STEPS[:1])
    orders.carry_out(room.kernel, order, ANN)
    room.field.trip("S1")
    room.kernel.take_in()
    assert state(room, order) is OrderState.SUSPENDED
    room.field.let_through()
    attend(room.kernel)
    assert state(room, order) is OrderState.COMPLETED


def test_an_order_without_a_step_left_is_not_written_and_one_in_the_journal_does_nothing() -> None:
    room = Room()
    with pytest.raises(GridmendError, match="no step that is left"):
        orders.write(room.kernel, [], BOB)
    told = {"order": "o9", "by": "bob", "positions": ""}
    room.kernel.say("order_written", BOB, order="o9", author="bob", area="", steps=[])
    room.kernel.say("order_studied", BOB, **told)
    room.kernel.say("order_approved", ANN, order="o9", by="ann")
    room.kernel.say("order_issued", ANN, order="o9", by="ann")
    assert rules(select(room.kernel, STEPS[0], ANN, order="o9", number=1)) == {"order"}


def test_nobody_who_had_a_hand_in_an_order_approves_it() -> None:
    room = Room()
    order = orders.write(room.kernel, STEPS, ANN)
    orders.write(room.kernel, STEPS, BOB, order=order)
    assert orders.study(room.kernel, order, BOB).allowed
    for who in (ANN, BOB, By("Ann", "desk1")):
        assert rules(orders.approve(room.kernel, order, who)) == {"two people"}
    assert orders.approve(room.kernel, order, By("cy", "desk3")).allowed
