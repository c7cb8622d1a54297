from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmend.interlock.move import By
from gridmend.model.plan import Action, Step
from gridmend.model.situation import Mode, OrderState, Situation
from gridmend.runtime.control import orders
from gridmend.runtime.control.applications import CutOffError, Proposal, arbitrate, consider
from gridmend.runtime.control.authority import give_leave, kill, revive, set_mode, withdraw_leave
from gridmend.runtime.control.isolated import Isolated
from tests.interlock.networks import ring
from tests.runtime.control import hanging
from tests.runtime.control.room import ANN, BOB, Room, rules

OPEN_S2 = Step(Action.OPEN, "S2", "to show it")


@dataclass
class Wants:
    name: str
    steps: Sequence[Step] = (OPEN_S2,)

    def propose(self, situation: Situation) -> Sequence[Step]:
        return self.steps


def automatic(room: Room, name: str = "flisr", steps_most: int = 5) -> str:
    set_mode(room.kernel, name, Mode.AUTOMATIC, ANN)
    return give_leave(room.kernel, name, ANN, steps_most=steps_most, lasts=timedelta(minutes=10))


def test_an_application_acts_as_far_as_its_mode_allows() -> None:
    room = Room()
    flisr = Wants("flisr")
    assert consider(room.kernel, [flisr]) == ()
    assert "plan_proposed" not in room.kinds()
    set_mode(room.kernel, "flisr", Mode.ADVISE, ANN)
    consider(room.kernel, [flisr])
    assert "plan_proposed" in room.kinds()
    assert not room.kernel.situation.orders
    set_mode(room.kernel, "flisr", Mode.APPROVE, ANN)
    consider(room.kernel, [flisr])
    (waiting,) = room.kernel.situation.orders.values()
    assert waiting.state is OrderState.STUDIED
    assert not room.field.frames
    orders.approve(room.kernel, waiting.id, BOB)
    orders.issue(room.kernel, waiting.id, BOB)
    assert orders.carry_out(room.kernel, waiting.id, By("flisr", "kernel", "flisr")).allowed
    assert room.field.frames == [OPEN_S2]


def test_an_automatic_application_needs_a_leave_that_covers_it() -> None:
    room = Room()
    set_mode(room.kernel, "flisr", Mode.AUTOMATIC, ANN)
    assert rules(consider(room.kernel, [Wants("flisr")])[0]) == {"two people"}
    leave = automatic(room)
    assert consider(room.kernel, [Wants("flisr")])[0].allowed
    assert room.field.frames == [OPEN_S2]
    withdraw_leave(room.kernel, leave, ANN)
    again = [Step(Action.OPEN, "S1", "")]
    assert not consider(room.kernel, [Wants("flisr", again)])[0].allowed


def test_restore_only_closes_by_its_leave_and_opens_nothing() -> None:
    room = Room()
    automatic(room)
    set_mode(room.kernel, "flisr", Mode.RESTORE_ONLY, ANN)
    (answer,) = consider(room.kernel, [Wants("flisr")])
    assert rules(answer) == {"autonomy"}
    assert not room.field.frames
    assert not room.kernel.situation.orders, "not even an order is written"
    for device in ("S2", "S1"):
        assert room.do(Action.OPEN, device).allowed, "a person may open"
    close = Step(Action.CLOSE, "S1", "back again")
    assert consider(room.kernel, [Wants("flisr", (close,))])[0].allowed
    assert room.field.frames[-1].action is Action.CLOSE


def test_a_leave_that_ends_half_way_stops_the_order() -> None:
    room = Room()
    leave = automatic(room)
    app = By("flisr", "kernel", "flisr")
    order = orders.write(room.kernel, [OPEN_S2, Step(Action.OPEN, "S1", "")], app)
    for answer in (
        orders.study(room.kernel, order, app),
        orders.approve(room.kernel, order, app, leave=leave),
        orders.issue(room.kernel, order, app),
        orders.step(room.kernel, order, app),
    ):
        assert answer.allowed, answer
    withdraw_leave(room.kernel, leave, ANN)
    assert "two people" in rules(orders.step(room.kernel, order, app))


def test_the_kill_switch_stops_every_application_until_a_person_revives_it() -> None:
    room = Room()
    automatic(room)
    kill(room.kernel, By("", "", "watchdog"))
    assert consider(room.kernel, [Wants("flisr")]) == ()
    assert room.do(Action.OPEN, "S1").allowed, "a person may go on"
    revive(room.kernel, ANN)
    assert len(consider(room.kernel, [Wants("flisr")])) == 1


def test_automation_does_not_act_on_what_is_stale() -> None:
    room = Room()
    automatic(room)
    room.wait(60, scan=False)
    assert rules(consider(room.kernel, [Wants("flisr")])[0]) == {"fresh data"}
    room.wait(1)
    room.kernel.take_in()
    assert consider(room.kernel, [Wants("flisr")])[0].allowed


def test_of_two_that_want_one_device_one_has_it_and_the_reason_is_recorded() -> None:
    room = Room()
    automatic(room, "flisr")
    automatic(room, "voltage")
    answers = consider(
        room.kernel, [Wants("voltage"), Wants("flisr")], ranks={"flisr": 10, "voltage": 1}
    )
    assert len(answers) == 1
    (told,) = [e.event for e in room.log.read() if e.event.kind == "arbitrated"]
    assert (told.payload["winner"], told.payload["loser"]) == ("flisr", "voltage")
    assert "rank" in told.payload["why"]


def test_an_order_under_way_keeps_its_devices() -> None:
    room = Room()
    order = orders.write(room.kernel, [OPEN_S2], BOB)
    orders.study(room.kernel, order, BOB)
    orders.approve(room.kernel, order, ANN)
    automatic(room)
    assert consider(room.kernel, [Wants("flisr")], ranks={"flisr": 99}) == ()


_STEPS = st.lists(st.sampled_from(["S1", "S2", "S3"]), min_size=1, max_size=3, unique=True)


@given(st.lists(st.tuples(_STEPS, st.integers(0, 2)), max_size=5))
def test_arbitration_gives_no_device_to_two_and_loses_nobody(
    wanted: list[tuple[list[str], int]],
) -> None:
    proposals = [
        Proposal(f"a{k}", tuple(Step(Action.OPEN, d, "") for d in devices), rank)
        for k, (devices, rank) in enumerate(wanted)
    ]
    kept, lost = arbitrate(proposals, ring(), {"s1": "ann"})
    devices = [step.device for proposal in kept for step in proposal.steps]
    assert len(devices) == len(set(devices))
    assert "S1" not in devices
    assert len(kept) + len(lost) == len(proposals)
    assert arbitrate(proposals[::-1], ring(), {"s1": "ann"})[0] == kept


def test_an_isolated_application_proposes_from_what_stands() -> None:
    room = Room()
    flisr = Isolated("flisr", hanging.good, room.grid)
    try:
        automatic(room)
        assert consider(room.kernel, [flisr]) == (), "it is not up yet, and nobody waits for it"
        assert flisr.start(60.0) is not None
        assert consider(room.kernel, [flisr])[0].allowed
        assert consider(room.kernel, [flisr]) == ()
    finally:
        flisr.close()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (hanging.hangs, "did not answer"),
        (hanging.stops, "did not answer"),
        (hanging.breaks, "by itself"),
        (hanging.dies, "broke"),
    ],
)
def test_an_application_that_hangs_or_breaks_is_cut_off_and_its_orders_rest(
    make: object, says: str
) -> None:
    room = Room()
    app = By("flisr", "kernel", "flisr")
    automatic(room)
    order = orders.write(room.kernel, [OPEN_S2], app)
    assert orders.study(room.kernel, order, app).allowed
    hung = Isolated("flisr", make, room.grid, answer_s=0.3)  # type: ignore[arg-type]
    hung.start(60.0)
    with pytest.raises(CutOffError, match=says):
        hung.propose(room.kernel.situation)
    hung.start(60.0)
    assert consider(room.kernel, [hung]) == ()
    assert room.kernel.situation.modes["flisr", ""] is Mode.OFF
    assert room.kernel.situation.orders[order].state is OrderState.SUSPENDED
    assert "application_cut_off" in room.kinds()
    hung.close()


def test_orders_of_applications_rest_after_the_kill_switch_until_they_are_studied_anew() -> None:
    room = Room()
    set_mode(room.kernel, "flisr", Mode.APPROVE, ANN)
    order = consider(room.kernel, [Wants("flisr")])[0].id
    orders.approve(room.kernel, order, BOB)
    orders.issue(room.kernel, order, BOB)
    kill(room.kernel, ANN)
    revive(room.kernel, ANN)
    assert room.kernel.situation.orders[order].state is OrderState.SUSPENDED
    orders.carry_out(room.kernel, order, By("flisr", "kernel", "flisr"))
    assert not room.field.frames


def test_of_several_leaves_one_that_covers_the_order_counts() -> None:
    room = Room()
    automatic(room)
    give_leave(room.kernel, "flisr", ANN, steps_most=1, lasts=timedelta(seconds=1))
    room.wait(2)
    assert consider(room.kernel, [Wants("flisr")])[0].allowed


@pytest.mark.parametrize("step", [
    Step(Action.OPEN, "nowhere", ""), Step(Action.TAG, "S1", "", mark="t"),
    Step(Action.SET_POWER, "generator.island", "", value=float("nan")),
    Step(Action.SET_POWER, "generator.island", "", value=10**400),
    Step(Action.SET_POWER, "generator.island", ""),
])  # fmt: skip
def test_an_application_that_proposes_what_cannot_be_is_cut_off_and_stops_no_other(
    step: Step,
) -> None:
    room = Room()
    automatic(room, "bad")
    automatic(room, "good")
    answers = consider(room.kernel, [Wants("bad", [step]), Wants("good")])
    assert [answer.allowed for answer in answers] == [True]
    assert room.kernel.situation.modes["bad", ""] is Mode.OFF


def test_what_is_proposed_again_is_the_order_that_waits_already() -> None:
    room = Room()
    set_mode(room.kernel, "flisr", Mode.APPROVE, ANN)
    first = consider(room.kernel, [Wants("flisr", [replace(OPEN_S2, customers=9)])])[0]
    assert consider(room.kernel, [Wants("flisr")])[0].id == first.id
    assert len(room.kernel.situation.orders) == 1
