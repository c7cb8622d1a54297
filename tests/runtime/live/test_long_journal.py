"""A start after a long night knows what was told before it; an outage is told since it began."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.operations.alarms import Alarms
from gridmend.runtime.journal import Journal
from gridmend.runtime.live.chronicle import Chronicle
from tests.runtime.live.conftest import ANNA, START, Rooms

WRITTEN = 30_000
"""Gasps of a storm that are written meanwhile."""


def test_what_was_said_to_an_alarm_outlasts_a_start_after_thirty_thousand_entries(
    rooms: Rooms, tmp_path: Path
) -> None:
    store = tmp_path / "journal.db"
    live = rooms.open(store)
    live.ask(lambda desk: desk.strike("line.l52", ANNA))
    rooms.run(live, 300)
    waiting = [a for a in live.view.alarms if a.state.value == "unacknowledged"]
    seen, shelved, left = waiting[:3]
    live.ask(lambda desk: desk.acknowledge([seen.id], ANNA))
    hours = timedelta(hours=12)
    live.ask(lambda desk: desk.shelve(shelved.id, ANNA, lasts=hours, reason="known"))
    before = {a.id: a.state for a in live.view.alarms}
    outages = [(o.id, o.device, o.began) for o in live.view.outages]
    now = live.view.time_utc
    live.stop()
    gasps = [
        Event(
            source="field",
            time_utc=now,
            cause="",
            kind="meter_gasped",
            payload={"meter": f"nobody{k}"},
        )
        for k in range(WRITTEN)
    ]
    with Journal.open(store) as journal:
        journal.append(gasps)
    again = rooms.open(store)
    after = {a.id: a.state for a in again.view.alarms}
    for alarm in (seen, shelved, left):
        assert after[alarm.id] == before[alarm.id], alarm.what
    assert [(o.id, o.device, o.began) for o in again.view.outages] == outages


def test_an_outage_lasts_since_its_device_locked_out_and_is_told_at_once(rooms: Rooms) -> None:
    live = rooms.open()
    live.ask(lambda desk: desk.strike("line.l52", ANNA))
    view = rooms.until(live, lambda view: bool(view.outages))
    entries = live.ask(lambda desk: desk.entries(0, 1000))
    locked = next(e.event for e in entries if e.event.payload.get("locked_out"))
    (outage,) = view.outages
    assert abs((outage.began - locked.time_utc).total_seconds()) < 1.5
    assert (view.time_utc - outage.began).total_seconds() < 30, "of a clock that goes by steps"


@pytest.mark.parametrize("since", ["2026-11-27T17:00:00", "yesterday", 5, None])
def test_a_time_that_is_none_is_the_time_at_which_it_is_told(ieee123: Grid, since: object) -> None:
    chronicle = Chronicle(Alarms.of(ieee123))
    said = {"outage": 1, "device": "sw1", "probability": 1.0, "customers": 3, "since_utc": since}
    chronicle.hear(Event(START, "control room", "outages", "outage_predicted", said), 1)
    (outage,) = chronicle.open_outages()
    assert outage.began == START
