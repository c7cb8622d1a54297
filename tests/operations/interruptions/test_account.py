"""A journal's account: its period, days of the utility's clock, major event days, events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gridmend.model.errors import GridError
from gridmend.model.event import Event
from gridmend.operations.interruptions.account import Account, account, as_json, events_json
from tests.operations.interruptions.feeder import NOON, feeder, stands, topology, tripped

DAY_MIN = 1440.0


def _months() -> list[Event]:
    """Half an hour without supply behind S2 on each of forty days; then all for a day and more."""
    found: list[Event] = []
    for day in range(40):
        at = day * DAY_MIN
        found += [tripped(at, "S2"), stands(at + 20.0 + day % 20, "S2", "closed")]
    found += [tripped(40 * DAY_MIN, "R1"), stands(40 * DAY_MIN + 2000.0, "R1", "closed")]
    return found


def _account(events: list[Event], from_day: float, to_day: float, zone: str = "UTC") -> Account:
    return account(
        topology(), events, from_utc=NOON + timedelta(days=from_day),
        to_utc=NOON + timedelta(days=to_day), zone=zone,
    )  # fmt: skip


def test_a_day_beyond_what_was_usual_before_is_major_and_left_out_of_the_calm_part() -> None:
    found = _account(_months(), 35.0, 45.0)
    assert "before the period" in found.basis
    assert found.limit is not None
    assert found.limit.days == 35
    assert [str(day) for day in found.major] == ["2026-08-24"]
    assert found.calm is not None
    assert found.calm.saifi == pytest.approx(5 * 20 / 40)
    assert found.found.saifi == pytest.approx(5 * 20 / 40 + 1.0)
    said = as_json(found)
    assert said["without_major_days"]["saifi"] < said["indices"]["saifi"]
    assert said["major_event_days"]["days"][0]["saidi_min"] == pytest.approx(2000.0)


def test_without_a_time_before_the_period_is_its_own_measure_and_too_few_days_are_said() -> None:
    own = _account(_months(), -1.0, 45.0)
    assert own.basis == "the period itself"
    few = _account(_months()[:8], -1.0, 5.0)
    assert few.calm is None
    assert few.major == {}
    assert few.why_not.startswith("4 days")
    assert as_json(few)["without_major_days"] is None


def test_a_day_is_one_of_the_utilitys_clock() -> None:
    events = [
        *_months(),
        tripped(41 * DAY_MIN + 780.0, "S2"),
    ]  # 01:00 UTC, the day before in Denver
    for zone, last in (("America/Denver", "2026-08-25"), ("UTC", "2026-08-26")):
        found = _account(events, 35.0, 45.0, zone=zone)
        assert [str(day) for day in found.major] == ["2026-08-24", last]


def test_events_of_the_period_are_listed_with_who_was_out_and_for_how_long() -> None:
    found = _account(_months(), 39.0, 45.0)
    listed = events_json(found)
    assert [(e["device"], e["customers"], round(e["customer_minutes"])) for e in listed] == [
        ("s2", 20, 20 * 39), ("r1", 40, 40 * 2000),
    ]  # fmt: skip
    assert listed[0]["began_utc"] == "2026-08-23T12:00:00.000+00:00"
    total = sum(e["customer_minutes"] for e in listed)
    assert total == pytest.approx(found.found.customer_minutes)


def test_the_shares_of_an_account_add_up_and_energy_follows_the_load_factor() -> None:
    half = account(topology(), _months(), load_factor=0.5)
    whole = account(topology(), _months())
    assert half.not_supplied_mwh == pytest.approx(0.5 * whole.not_supplied_mwh)
    for shares in whole.by.values():
        assert sum(s.saidi_min for s in shares) == pytest.approx(whole.found.saidi_min)
        assert sum(s.not_supplied_mwh or 0.0 for s in shares) == pytest.approx(
            whole.not_supplied_mwh
        )
    # 20 customers at 10 kW each behind S2; by hand
    behind = sum(20.0 + day % 20 for day in range(40)) / 60 * 0.2
    assert whole.not_supplied_mwh == pytest.approx(behind + 2000 / 60 * 0.4)


def test_a_period_that_is_none_is_refused() -> None:
    for from_day, to_day in ((5.0, 5.0), (5.0, 4.0), (-30_000.0, 4.0)):
        with pytest.raises(GridError, match="period"):
            _account(_months(), from_day, to_day)
    with pytest.raises(GridError, match="load factor"):
        account(topology(), _months(), load_factor=0.0)
    with pytest.raises(GridError, match="1999"):
        account(topology(), _months(), year=1999)


def test_the_period_is_that_of_the_control_rooms_own_clock_where_nothing_else_is_asked() -> None:
    wrong = Event(datetime(1990, 1, 1, tzinfo=UTC), "field", "scan", "status",
                  {"device": "R1", "position": "closed"})  # fmt: skip
    room = [Event(NOON + timedelta(days=d), "control room", "ann", "note", {"text": "."})
            for d in (0, 3)]  # fmt: skip
    found = account(topology(), [room[0], wrong, tripped(60.0, "R1"), room[1]]).found
    assert (found.end_s - found.start_s) == 3 * 86_400.0
    assert found.is_open.all()
    assert feeder().customer_count() == found.customer_count
