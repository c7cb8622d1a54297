"""Corrections of the ledger: events that a person signs, of what the journal tells of."""

from __future__ import annotations

from datetime import datetime

import pytest

from gridmend.interlock.move import By
from gridmend.model.errors import GridmendError
from gridmend.model.plan import Action
from gridmend.operations.interruptions.ledger import Records, fold
from gridmend.operations.interruptions.told import Told, told
from gridmend.runtime.control.corrections import blame, deny, merge
from tests.operations.interruptions.feeder import feeder
from tests.runtime.control.room import ANN, Room, rules


def _worked() -> Room:
    """S2 is opened and closed by command: twenty customers are out for ten minutes, twice."""
    room = Room(feeder())
    for _ in range(2):
        assert room.do(Action.OPEN, "S2").allowed
        room.wait(600.0)
        assert room.do(Action.CLOSE, "S2").allowed
        room.wait(7200.0)
    room.kernel.take_in()
    return room


def _ledger(room: Room) -> tuple[Told, Records]:
    known = told(room.bench.site.topology, [e.event for e in room.log.read()])
    return known, fold(known.entries, customer_count=len(known.roster))


def _out_min(found: tuple[Told, Records]) -> float:
    known, records = found
    minutes = (records.end_s - records.start_s) / 60
    return float((minutes * known.roster.customers[records.customer]).sum())


def test_what_a_person_corrects_is_counted_so_and_once() -> None:
    room = _worked()
    before = _ledger(room)
    first, second = before[1].events
    assert before[1].planned.all()
    assert _out_min(before) == pytest.approx(400.0, abs=1.0)
    for _ in range(2):
        assert deny(room.kernel, first, ANN, customer="Dd/4").allowed
        room.wait(60.0)
    assert _out_min(before) - _out_min(_ledger(room)) == pytest.approx(10.0, abs=0.1)
    assert blame(room.kernel, second, ANN, cause=" animal ", planned=False).allowed
    known, records = _ledger(room)
    assert dict(zip(records.events, records.cause, strict=True))[second] == "animal"
    assert records.planned.tolist() == [True, False]
    assert merge(room.kernel, second, ANN, into=first).allowed
    _, records = _ledger(room)
    assert records.events == (first,)
    assert known.findings == records.findings == ()
    entry = [e.event for e in room.log.read()][-1]
    assert (entry.payload["by"], entry.cause) == ("ann", "ann")
    assert isinstance(entry.time_utc, datetime)


def test_an_application_or_nobody_corrects_nothing() -> None:
    room = _worked()
    first = _ledger(room)[1].events[0]
    count = room.kinds().count("interruption_denied")
    for by in (By("ann", "desk1", application="healing"), By("", "desk1")):
        answer = deny(room.kernel, first, by, customer="Dd/4")
        assert rules(answer) == {"autonomy"}
    assert room.kinds().count("interruption_denied") == count == 0
    assert room.kinds()[-1] == "refused"


def test_what_is_not_there_cannot_be_corrected() -> None:
    room = _worked()
    first = _ledger(room)[1].events[0]
    with pytest.raises(GridmendError, match="no interruption 's2@never'"):
        deny(room.kernel, "s2@never", ANN, customer="Dd/4")
    with pytest.raises(GridmendError, match="no customer 'Dd/40'"):
        deny(room.kernel, first, ANN, customer="Dd/40")
    with pytest.raises(GridmendError, match="a cause needs a name"):
        blame(room.kernel, first, ANN, cause=" ")
    with pytest.raises(GridmendError, match="part of itself"):
        merge(room.kernel, first, ANN, into=first)
    with pytest.raises(GridmendError, match="nowhere"):
        merge(room.kernel, first, ANN, into="nowhere")
