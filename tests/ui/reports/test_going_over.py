"""A report goes over a journal and holds none of it."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gridmend.model.event import Event
from gridmend.runtime.journal import Journal, Tampered
from gridmend.ui.reports import csv_of, daily_report, outage_report
from gridmend.ui.reports.going_over import Recorded
from tests.operations.interruptions.feeder import NOON, feeder
from tests.runtime.journal.journals import KEY
from tests.ui.reports.cases import DAY, worked

MANY = 3_000
HELD_MOST = 20


class Counted(Event):
    """An event that can be seen to be let go."""

    __slots__ = ("__weakref__",)


class Passing:
    """A long journal, made as it is read; `most` is how many events of it were held at once."""

    def __init__(self) -> None:
        self.held = self.most = self.times = 0

    def __iter__(self) -> Iterator[Event]:
        self.times += 1
        kinds = ("note", "plan_stopped", "alarm_unshelved", "logged_in")
        for k in range(MANY):
            at = NOON - timedelta(days=3) + timedelta(minutes=2 * k)
            payload = {"text": f"remark {k}", "alarm": "a", "by": "ann"}
            event = Counted(at, "control room", "ann", kinds[k % 4], payload)
            weakref.finalize(event, self._gone)
            self.held += 1
            self.most = max(self.most, self.held)
            yield event

    def _gone(self) -> None:
        self.held -= 1


@pytest.mark.parametrize("made", [daily_report, outage_report])
def test_a_report_of_a_long_journal_holds_few_of_its_events_at_a_time(made: object) -> None:
    events = Passing()
    made(feeder(), events, DAY)  # type: ignore[operator]
    assert events.times > 1
    assert 0 < events.most <= HELD_MOST


def _journal(path: Path) -> Journal:
    with Journal.open(path, key=KEY) as journal:
        journal.append(worked())
    return Journal.open(path, read_only=True)


def test_what_is_read_from_a_journal_gives_the_report_of_its_events(tmp_path: Path) -> None:
    with _journal(tmp_path / "room.db") as journal:
        read = Recorded(journal)
        assert read.count == len(worked())
        for made in (daily_report, outage_report):
            held = csv_of(made(feeder(), worked(), DAY))
            assert csv_of(made(feeder(), read, DAY)) == held


def test_what_is_appended_meanwhile_is_not_in_the_report(tmp_path: Path) -> None:
    with _journal(tmp_path / "room.db") as journal:
        read = Recorded(journal)
        with Journal.open(tmp_path / "room.db", key=KEY) as writer:
            writer.append(worked()[:1])
        assert len(list(read)) == len(worked()) == len(list(read))


def test_an_edited_entry_ends_the_report(tmp_path: Path) -> None:
    import sqlite3

    with _journal(tmp_path / "room.db"):
        pass
    with sqlite3.connect(tmp_path / "room.db") as store:
        (line,) = store.execute("SELECT line FROM journal_entries WHERE sequence = 5").fetchone()
        was = line if isinstance(line, bytes) else line.encode()
        edited = was.replace(b"ann", b"eve")
        assert edited != was
        given = edited if isinstance(line, bytes) else edited.decode()
        store.execute("UPDATE journal_entries SET line = ? WHERE sequence = 5", (given,))
    with Journal.open(tmp_path / "room.db", read_only=True) as journal, pytest.raises(Tampered):
        daily_report(feeder(), Recorded(journal), DAY)
