"""A command in doubt is told again as what it turned out to be, and never as done by guess."""

from __future__ import annotations

import pytest

from gridmend.model.plan import Action, OutcomeState, Step
from gridmend.runtime.control import Answer
from gridmend.runtime.live import Desk
from tests.runtime.live.conftest import ANNA, Rooms


@pytest.mark.parametrize("done", [False, True])
def test_a_command_in_doubt_is_told_again_as_somebody_settled_it(rooms: Rooms, done: bool) -> None:
    live = rooms.open()
    live._course.field.plant.stuck.add("sw3")
    live.ask(lambda desk: desk.take_authority("", ANNA))
    step = Step(Action.OPEN, "Sw3", "")
    picked = live.ask(lambda desk: desk.select(step, ANNA, "a pole is to be moved"))

    def go(desk: Desk) -> Answer:
        return desk.operate(picked.answer.id, ANNA, "command-1")

    def state() -> OutcomeState:
        outcome = live.ask(go).outcome
        assert outcome is not None
        return outcome.state

    assert state() is OutcomeState.IN_DOUBT
    assert state() is OutcomeState.IN_DOUBT
    id = next(iter(live.view.situation.pending))
    assert live.ask(lambda desk: desk.settle(id, ANNA, done=done, why="seen")).allowed
    assert state() is (OutcomeState.CONFIRMED if done else OutcomeState.FAILED)


def test_time_goes_as_a_persons_does_once_they_have_picked_a_device(rooms: Rooms) -> None:
    live = rooms.open()
    live.set_speed(60.0)
    live.ask(lambda desk: desk.take_authority("", ANNA))
    assert live.speed == 60.0
    step = Step(Action.OPEN, "Sw3", "")
    assert live.ask(lambda desk: desk.select(step, ANNA, "to see")).answer.allowed
    assert live.speed == 1.0
    (entry,) = live.ask(lambda desk: desk.entries(0, 1000, kind="speed_set"))
    said = {key: entry.event.payload[key] for key in ("by", "before", "after", "login")}
    assert said == {"by": "anna", "before": 60.0, "after": 1.0, "login": ANNA.login}


def test_who_picks_a_device_is_answered_though_the_speed_cannot_be_written_down(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = rooms.open()
    live.set_speed(60.0)
    live.ask(lambda desk: desk.take_authority("", ANNA))

    def full(*_: object) -> None:
        raise OSError("no space is left")

    monkeypatch.setattr(live._desk, "say_speed", full)
    live.start()
    step = Step(Action.OPEN, "Sw3", "")
    assert live.ask(lambda desk: desk.select(step, ANNA, "to see")).answer.allowed
    assert live.speed == 1.0
