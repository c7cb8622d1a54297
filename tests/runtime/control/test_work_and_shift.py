from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gridmend.adapters.memory import Answer as Device
from gridmend.interlock.move import By
from gridmend.interlock.recheck import recheck
from gridmend.model.errors import GridmendError
from gridmend.model.plan import Action, Step
from gridmend.runtime.control import attend, settle
from gridmend.runtime.control.authority import authorise_loop, define_area, take_authority
from gridmend.runtime.control.shift import accept, offer, open_business
from gridmend.runtime.control.work import hand_over_tag, work
from tests.interlock.test_rules import loop
from tests.runtime.control.room import ANN, BOB, NOON, Room, rules

DONE = "seen"


def do(room: Room, action: Action, device: str, mark: str, by: By = ANN, **more: Any) -> Any:
    return work(room.kernel, Step(action, device, "", mark=mark, **more), by)


def isolated() -> Room:
    """S1 and S2 are open and tagged, the battery between them too."""
    room = Room()
    assert room.do(Action.OPEN, "S1").allowed
    assert room.do(Action.OPEN, "S2").allowed
    for number, device in enumerate(("S1", "S2", "storage.battery"), 1):
        assert do(room, Action.TAG, device, f"t{number}").allowed
    return room


def test_work_from_isolation_to_the_way_back() -> None:
    room = isolated()
    assert do(room, Action.CLEAR, "b", "c1").allowed
    assert set(room.kernel.situation.clearances["c1"].buses) == {"a", "b"}
    earth = do(room, Action.GROUND, "b", "g1")
    assert earth.allowed
    assert not room.kernel.situation.grounds, "the crew has not placed it yet"
    settle(room.kernel, earth.id, ANN, done=True, why=DONE)
    assert room.kernel.situation.grounds["g1"].bus == "b"
    assert rules(do(room, Action.RELEASE, "b", "c1")) == {"ground"}
    gone = do(room, Action.UNGROUND, "b", "g1")
    assert "g1" in room.kernel.situation.grounds, "it binds until it is seen to be gone"
    settle(room.kernel, gone.id, ANN, done=True, why=DONE)
    assert do(room, Action.RELEASE, "b", "c1").allowed
    for number, device in enumerate(("S1", "S2", "storage.battery"), 1):
        assert do(room, Action.UNTAG, device, f"t{number}").allowed
    assert room.do(Action.CLOSE, "S1").allowed
    assert not room.kernel.situation.tags


@pytest.mark.parametrize(
    ("action", "device", "mark", "rule"),
    [
        (Action.UNTAG, "S1", "t1", "clearance"),
        (Action.UNTAG, "storage.battery", "t3", "clearance"),
        (Action.UNTAG, "S2", "t9", "tags"),
        (Action.TAG, "S1", "t1", "tags"),
        (Action.CLEAR, "b", "c1", "clearance"),
        (Action.CLEAR, "c", "c2", "clearance"),
        (Action.GROUND, "d", "g2", "ground"),
        (Action.GROUND, "b", "g1", "ground"),
    ],
)
def test_nothing_leads_to_a_cleared_and_earthed_zone(
    action: Action, device: str, mark: str, rule: str
) -> None:
    room = isolated()
    do(room, Action.CLEAR, "b", "c1")
    settle(room.kernel, do(room, Action.GROUND, "b", "g1").id, ANN, done=True, why=DONE)
    assert rule in rules(do(room, action, device, mark))


def test_a_ground_that_is_ordered_binds_before_it_is_placed() -> None:
    room = isolated()
    do(room, Action.GROUND, "b", "g1")
    assert "ground" in rules(do(room, Action.UNTAG, "S1", "t1"))


def test_what_is_not_proven_dead_is_neither_cleared_nor_earthed() -> None:
    room = Room()
    room.do(Action.OPEN, "S1")
    room.do(Action.OPEN, "S2")
    assert rules(do(room, Action.CLEAR, "b", "c1")) == {"clearance"}
    assert rules(do(room, Action.GROUND, "b", "g1")) == {"ground"}


def test_only_its_holder_lifts_a_tag_or_a_hand_over_signed_by_two() -> None:
    room = isolated()
    take_authority(room.kernel, "", BOB)
    assert rules(do(room, Action.UNTAG, "S1", "t1", BOB)) == {"tags"}
    assert rules(hand_over_tag(room.kernel, "t1", BOB, to="bob", witness="bob")) == {"tags"}
    app = By("flisr", "", "flisr")
    assert rules(hand_over_tag(room.kernel, "t1", app, to="bob", witness="cy")) == {"tags"}
    assert rules(hand_over_tag(room.kernel, "t9", BOB, to="bob", witness="cy")) == {"tags"}
    assert hand_over_tag(room.kernel, "t1", BOB, to="bob", witness="cy").allowed
    assert do(room, Action.UNTAG, "S1", "t1", BOB).allowed


def test_a_hot_line_tag_forbids_closing_only() -> None:
    room = Room()
    assert do(room, Action.TAG, "S2", "t1", kind="hot_line").allowed
    assert room.do(Action.OPEN, "S2").allowed
    assert "tags" in rules(room.do(Action.CLOSE, "S2"))
    assert rules(do(room, Action.TAG, "S1", "t2", kind="do_not_sneeze")) == {"tags"}


def test_work_is_for_people_with_authority() -> None:
    room = Room()
    assert rules(do(room, Action.TAG, "S2", "t1", BOB)) == {"one authority"}
    assert "autonomy" in rules(do(room, Action.TAG, "S2", "t1", By("flisr", "", "flisr")))
    with pytest.raises(GridmendError, match="select and operate"):
        do(room, Action.OPEN, "S2", "")


def test_a_shift_is_handed_over_as_it_stands_and_with_it_authority() -> None:
    room = isolated()
    do(room, Action.CLEAR, "b", "c1")
    told = offer(room.kernel, ANN, notes="mind the battery", alarms=["S3 chatters"])
    business = open_business(room.kernel)
    assert set(business["tags"]) == {"t1", "t2", "t3"}
    assert "a, b, ann" in business["clearances"]["c1"]
    with pytest.raises(GridmendError, match="another person"):
        accept(room.kernel, told, ANN)
    accept(room.kernel, told, BOB)
    assert room.kernel.situation.authorities[""].holder == "bob"
    assert rules(room.do(Action.CLOSE, "S2")) >= {"one authority"}
    assert "hand_over_accepted" in room.kinds()


def test_a_shift_that_changed_since_it_was_offered_is_offered_again() -> None:
    room = isolated()
    told = offer(room.kernel, ANN)
    do(room, Action.TAG, "S3", "t9")
    with pytest.raises(GridmendError, match="has changed"):
        accept(room.kernel, told, BOB)
    with pytest.raises(GridmendError, match="no offer"):
        accept(room.kernel, "h1", BOB)
    again = offer(room.kernel, ANN)
    take_authority(room.kernel, "", By("cy", "desk3"))
    with pytest.raises(GridmendError, match="meanwhile"):
        accept(room.kernel, again, BOB)
    with pytest.raises(GridmendError, match="cy has authority"):
        offer(room.kernel, ANN)


def test_a_loop_is_authorised_for_a_quarter_of_an_hour_at_most() -> None:
    room = Room()
    with pytest.raises(GridmendError, match="is not possible"):
        authorise_loop(room.kernel, "S3", ["north"], ANN, until=NOON + timedelta(minutes=16))
    with pytest.raises(GridmendError):
        authorise_loop(room.kernel, "S3", ["nowhere"], ANN, until=NOON + timedelta(minutes=5))
    with pytest.raises(GridmendError, match="only a person"):
        authorise_loop(room.kernel, "S3", ["north"], By("a", "", "a"), until=NOON)


def test_areas_have_authorities_of_their_own() -> None:
    room = Room()
    define_area(room.kernel, "east", ["S2"], ANN)
    assert rules(room.do(Action.OPEN, "S2")) == {"one authority"}
    take_authority(room.kernel, "east", BOB)
    assert room.do(Action.OPEN, "S2", BOB).allowed
    assert room.do(Action.OPEN, "S1", ANN).allowed


def test_a_clearance_is_not_released_while_its_holders_ground_is_being_placed() -> None:
    room = isolated()
    do(room, Action.CLEAR, "b", "c1")
    earth = do(room, Action.GROUND, "b", "g1")
    assert rules(do(room, Action.RELEASE, "b", "c1")) == {"ground"}
    settle(room.kernel, earth.id, ANN, done=False, why="the crew left it")
    assert do(room, Action.RELEASE, "b", "c1").allowed


def test_a_ground_that_two_commands_remove_is_told_gone_once() -> None:
    room = isolated()
    placed = do(room, Action.GROUND, "b", "g1")
    settle(room.kernel, placed.id, ANN, done=True, why="the crew placed it")
    asked = [do(room, Action.UNGROUND, "b", "g1") for _ in range(2)]
    for answer in asked:
        settle(room.kernel, answer.id, ANN, done=True, why="the crew has it back")
    assert not room.kernel.situation.grounds
    assert not room.kernel.situation.pending
    events = [entry.event for entry in room.log.read()]
    assert sum(event.kind == "ground_removed" for event in events) == 1
    assert recheck(room.kernel.grid, events, world=room.field.world) == ()


def test_a_tag_goes_neither_on_a_device_whose_command_is_on_its_way_nor_on_what_feeds() -> None:
    room = Room(s2=Device.DEAF)
    assert room.do(Action.OPEN, "S2").allowed
    assert rules(do(room, Action.TAG, "S2", "t1")) == {"at most once"}
    refused = do(room, Action.TAG, "generator.island", "t2")
    assert rules(refused) == {"tags"}
    assert "once it is off" in str(refused)
    assert room.do(Action.SET_POWER, "generator.island", value=0.0).allowed
    assert do(room, Action.TAG, "generator.island", "t2").allowed


def test_der_is_not_asked_for_more_than_it_gives() -> None:
    room = Room()
    assert "capability" in rules(room.do(Action.SET_POWER, "generator.island", value=2500.0))


def test_a_tag_whose_device_has_left_the_model_is_lifted_by_its_holder() -> None:
    room = Room()
    do(room, Action.TAG, "S2", "t1")
    smaller = Room(room.grid.without("switch.S2"), log=room.log)
    assert "t1" in smaller.kernel.situation.tags
    with pytest.raises(GridmendError):
        do(smaller, Action.UNTAG, "S2", "t1", BOB)
    assert do(smaller, Action.UNTAG, "S2", "t1").allowed
    assert not smaller.kernel.situation.tags


def test_a_loop_that_outlives_its_leave_is_told_until_it_is_opened() -> None:
    room = Room(loop())
    authorise_loop(room.kernel, "T", ["north"], ANN, until=NOON + timedelta(minutes=5))
    assert room.do(Action.CLOSE, "T").allowed
    attend(room.kernel)
    assert not room.kernel.situation.outlived
    room.wait(301)
    attend(room.kernel)
    attend(room.kernel)
    assert room.kinds().count("loop_outlived") == 1
    assert open_business(room.kernel)["loops"] == ["t"]
    assert room.do(Action.OPEN, "T").allowed
    assert not room.kernel.situation.outlived
