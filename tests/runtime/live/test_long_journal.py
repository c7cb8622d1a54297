"""A start after a long night knows what was told before it, and what people said to that."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from gridmend.model.event import Event
from gridmend.runtime.journal import Journal
from tests.runtime.live.conftest import ANNA, Rooms

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
