"""Drafts of orders are bounded: by writer, and by how long nobody touched them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gridmend.model.errors import GridmendError
from gridmend.model.plan import Action, Step
from gridmend.runtime.live import Desk, Live, drafts
from tests.runtime.live.conftest import ANNA, BEN, Rooms

STEP = Step(Action.OPEN, "Sw3", "a pole is to be moved")


def written(live: Live, by: object = ANNA) -> str:
    def write(desk: Desk) -> str:
        return desk.write([STEP], by, title="a pole").id  # type: ignore[arg-type]

    return live.ask(write)


def states(live: Live) -> dict[str, str]:
    return {row.id: row.state for row in live.view.orders}


def test_who_has_many_drafts_is_told_to_give_some_up_and_others_write_on(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "EACH_MOST", 3)
    live = rooms.open()
    first, *_ = [written(live) for _ in range(3)]
    with pytest.raises(GridmendError, match="3 drafts of orders by anna") as refused:
        written(live)
    assert "give them up" in refused.value.mend
    written(live, BEN)
    live.ask(lambda desk: desk.abort(first, ANNA, "not needed"))
    written(live)
    assert sum(state == "draft" for state in states(live).values()) == 4


def test_an_order_that_was_approved_is_no_draft_however_many_there_are(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "EACH_MOST", 1)
    live = rooms.open()
    first = written(live)
    assert live.ask(lambda desk: desk.study(first, ANNA)).allowed
    with pytest.raises(GridmendError, match="drafts"):
        written(live)
    assert live.ask(lambda desk: desk.approve(first, BEN)).allowed
    second = written(live)
    assert states(live)[first] == "approved"
    assert live.ask(lambda desk: desk.suspend(first, BEN, "rain")).allowed
    live.ask(lambda desk: desk.abort(second, ANNA, "not needed"))
    written(live)
    assert states(live)[first] == "suspended"


def test_a_draft_that_nobody_touched_for_long_is_given_up_and_it_is_said_why(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "UNTOUCHED", timedelta(minutes=5))
    live = rooms.open()
    old, edited = written(live), written(live)
    rooms.run(live, 200)
    live.ask(lambda desk: desk.edit(edited, [STEP], ANNA))
    rooms.run(live, 200)
    new = written(live)
    assert states(live) == {old: "aborted", edited: "draft", new: "draft"}
    (entry,) = live.ask(lambda desk: desk.entries(0, 1000, kind="order_aborted"))
    assert entry.event.payload["by"] == "control room"
    assert "nobody touched" in str(entry.event.payload["why"])
