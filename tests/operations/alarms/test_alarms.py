from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gridmend.model.errors import GridmendError
from gridmend.model.vocabulary import checked
from gridmend.operations.alarms import KINDS, AlarmState, Condition
from gridmend.operations.alarms.kinds import Consequence, priority_of, table
from tests.operations.alarms.said import (
    acknowledged,
    at,
    by_id,
    empty,
    event,
    heard,
    low,
    shelved,
    watched,
)
from tests.operations.interruptions.feeder import commanded, stands, tripped

S = AlarmState


def test_a_trip_is_an_alarm_until_its_device_is_closed_and_somebody_has_seen_it() -> None:
    alarms = heard([tripped(0, "R1")])
    (one,) = alarms.listed(at(0))
    assert (one.id, one.priority, one.state, one.device) == ("trip:r1", 2, S.UNACKNOWLEDGED, "r1")
    alarms = heard([stands(1, "R1", "closed")], alarms)
    (one,) = alarms.listed(at(1))
    assert (one.state, one.cleared_utc) == (S.RETURNED, at(1))
    assert not heard([acknowledged(2, "trip:r1")], alarms).listed(at(2))


def test_a_lock_out_takes_the_place_of_the_trip_and_wants_to_be_seen_anew() -> None:
    alarms = heard([tripped(0, "R1"), acknowledged(1, "trip:r1")])
    assert by_id(alarms, 1)["trip:r1"].state is S.ACKNOWLEDGED
    alarms = heard([tripped(2, "R1", locked_out=True)], alarms)
    one = by_id(alarms, 2)["trip:r1"]
    assert (one.condition, one.priority, one.state, one.times) == (
        "locked_out", 1, S.UNACKNOWLEDGED, 2,
    )  # fmt: skip
    eased = by_id(heard([event(3, "lockout_reset", device="R1")], alarms), 3)["trip:r1"]
    assert (eased.condition, eased.priority) == ("tripped", 2)


@pytest.mark.parametrize("locked", [(False, True), (True, False)])
def test_a_trip_and_its_lock_out_at_one_instant_are_one_alarm(locked: tuple[bool, bool]) -> None:
    alarms = heard(tripped(0, "R1", locked_out=one) for one in locked)
    one = by_id(alarms, 0)["trip:r1"]
    assert (one.condition, one.times, alarms.rate(at(0)).per_10_min) == ("locked_out", 1, 1)
    assert "locked out" in one.what


def test_a_lock_out_that_nobody_has_told_says_what_it_is_taken_from() -> None:
    why = "no word for 135 s that it is closed again"
    taken = event(3, "tripped", device="R1", locked_out=True, why=why)
    one = by_id(heard([tripped(0, "R1"), taken]), 3)["trip:r1"]
    assert one.condition == "locked_out"
    assert one.what == f"r1 is taken for locked out: {why}"


def test_a_position_that_was_measured_before_the_trip_clears_nothing() -> None:
    late = stands(2, "R1", "closed", measured_utc=at(-1).isoformat())
    assert by_id(heard([tripped(0, "R1"), late]), 2)["trip:r1"].state is S.UNACKNOWLEDGED
    partly = stands(2, "R1", "closed", open_phases=1)
    assert by_id(heard([tripped(0, "R1"), partly]), 2)["trip:r1"].state is S.UNACKNOWLEDGED


def test_what_one_fault_brought_is_one_group_and_what_is_on_another_path_is_not() -> None:
    alarms = heard([
        event(0, "fault_indicated", device="R1", phases=["a"]),
        tripped(0.1, "S2", locked_out=True),
        event(1, "outage_predicted", device="S2", probability=0.9, customers=20, type="breaker"),
        event(9, "fault_suspected", element="line.L2", behind="S2"),
        tripped(9, "source.south"),
    ])  # fmt: skip
    shown = by_id(alarms, 9)
    groups = {alarm.group for id, alarm in shown.items() if id != "trip:source.south"}
    assert len(groups) == 1 and shown["trip:s2"].count == 4
    assert shown["trip:source.south"].group not in groups and shown["trip:source.south"].count == 1


def test_a_fault_much_later_at_the_same_device_is_another_group() -> None:
    alarms = heard([tripped(0, "R1"), stands(1, "R1", "closed"), tripped(60, "R1")])
    first = heard([tripped(0, "R1")])
    assert by_id(alarms, 60)["trip:r1"].group != by_id(first, 0)["trip:r1"].group
    again = heard([tripped(0, "R1"), stands(0.1, "R1", "closed"), tripped(0.2, "R1")])
    assert by_id(again, 1)["trip:r1"].group == by_id(first, 0)["trip:r1"].group


def test_a_command_is_in_doubt_until_its_outcome_and_a_failure_is_told_once() -> None:
    doubt = event(1, "outcome", command="c1", state="in_doubt", detail="no answer")
    alarms = heard([commanded(0, "open", "S2", "c1"), doubt])
    one = by_id(alarms, 1)["command:c1"]
    assert (one.priority, one.device) == (2, "s2")
    alarms = heard([event(2, "outcome", command="c1", state="failed", why="stuck")], alarms)
    shown = by_id(alarms, 2)
    assert shown["command:c1"].state is S.RETURNED
    assert shown["failure:s2"].state is S.RETURNED and "stuck" in shown["failure:s2"].what
    fine = [commanded(0, "open", "S2", "c1"), event(1, "outcome", command="c1", state="confirmed")]
    assert not heard(fine).listed(at(1))


def test_a_refusal_is_an_alarm_where_automation_got_it() -> None:
    mode = event(0, "mode_set", application="flisr", area="", mode="automatic", by="ann")
    rules = [["tag", "S2", "a tag hangs on it"]]
    theirs = event(1, "refused", "flisr", command="c", rules=rules)
    mine = event(1, "refused", "ann", command="c", rules=rules)
    assert "a tag hangs on it" in by_id(heard([mode, theirs]), 1)["refusal:flisr"].what
    assert not heard([mode, mine]).listed(at(1))


@pytest.mark.parametrize(
    ("brings", "clears", "id"),
    [
        (event(0, "killed", area="", by="ann"), event(1, "revived", area="", by="ann"),
         "automation:"),
        (event(0, "application_cut_off", application="flisr", why="late"),
         event(1, "mode_set", application="flisr", area="", mode="approve", by="ann"),
         "application:flisr"),
        (event(0, "loop_outlived", device="S3"), event(1, "loop_ended", device="S3"), "loop:s3"),
        (event(0, "loop_outlived", device="S3"), stands(1, "S3", "open"), "loop:s3"),
        (event(0, "order_suspended", order="o1", why="a device moved"),
         event(1, "order_aborted", order="o1", by="ann"), "order:o1"),
        (event(0, "fault_suspected", element="L2"), event(1, "repaired", element="line.l2"),
         "fault:line.l2"),
        (event(0, "outage_predicted", device="F1", probability=0.9, customers=3, critical=1),
         event(1, "restoration_verified", device="F1", back=3, out=0, unknown=0), "outage:f1"),
    ],
)  # fmt: skip
def test_what_is_brought_by_one_event_is_cleared_by_another(brings, clears, id) -> None:
    checked(brings), checked(clears)
    assert by_id(heard([brings]), 0)[id].state is S.UNACKNOWLEDGED
    assert by_id(heard([brings, clears]), 1)[id].state is S.RETURNED


def test_a_shelf_needs_a_reason_ends_by_itself_and_the_alarm_is_to_be_seen_anew() -> None:
    alarms = heard([tripped(0, "R1", locked_out=True), acknowledged(1, "trip:r1")])
    with pytest.raises(GridmendError, match="reason"):
        alarms.shelving("trip:r1", minutes=5, reason=" ", by="ann", now=at(2))
    for minutes in (0, -1, 721, float("nan"), float("inf")):
        with pytest.raises(GridmendError, match="shelved"):
            alarms.shelving("trip:r1", minutes=minutes, reason="known", by="ann", now=at(2))
    alarms = heard(
        alarms.shelving("trip:r1", minutes=30, reason="crew there", by="ann", now=at(2)), alarms
    )
    (one,) = alarms.listed(at(31))
    assert (one.state, one.priority, one.shelved_reason) == (S.SHELVED, 1, "crew there")
    assert one.shelved_until_utc == at(32)
    assert by_id(alarms, 32)["trip:r1"].state is S.UNACKNOWLEDGED
    early = heard(alarms.unshelving("trip:r1", by="ann", now=at(3)), alarms)
    assert by_id(early, 3)["trip:r1"].state is S.UNACKNOWLEDGED
    with pytest.raises(GridmendError, match="not shelved"):
        early.unshelving("trip:r1", by="ann", now=at(4))


def test_a_shelf_in_the_journal_that_is_too_long_ends_after_twelve_hours() -> None:
    alarms = heard([tripped(0, "R1"), shelved(0, "trip:r1", lasts_min=10_000)])
    assert by_id(alarms, 719)["trip:r1"].state is S.SHELVED
    assert by_id(alarms, 720)["trip:r1"].state is S.UNACKNOWLEDGED


def test_what_gets_worse_leaves_its_shelf_and_what_comes_again_does_not() -> None:
    shelf = [tripped(0, "R1"), shelved(0, "trip:r1", lasts_min=60)]
    again = heard([*shelf, tripped(1, "R1")])
    assert by_id(again, 1)["trip:r1"].state is S.SHELVED
    assert again.rate(at(1)).per_10_min == 1
    worse = heard([*shelf, tripped(1, "R1", locked_out=True)])
    assert by_id(worse, 1)["trip:r1"].state is S.UNACKNOWLEDGED


def test_who_acknowledged_what_came_before_has_not_seen_what_came_since() -> None:
    alarms = heard([tripped(0, "R1")])
    seen = alarms.acknowledging(["trip:r1"], by="ann", now=at(1))
    late = heard([tripped(0.9, "R1"), *seen], alarms)
    assert by_id(late, 1)["trip:r1"].state is S.UNACKNOWLEDGED
    one = by_id(heard(seen, alarms), 1)["trip:r1"]
    assert (one.state, one.acknowledged_by, one.acknowledged_utc) == (S.ACKNOWLEDGED, "ann", at(1))
    with pytest.raises(GridmendError, match="nearest names are trip:r1"):
        alarms.acknowledging(["trip:r2"], by="ann", now=at(1))
    with pytest.raises(GridmendError, match="nobody"):
        alarms.acknowledging(["trip:r1"], by=" ", now=at(1))


def test_more_than_ten_in_ten_minutes_are_a_flood_until_there_are_fewer_than_five() -> None:
    trips = [tripped(k / 2, "R1") for k in range(11)]
    assert not heard(trips[:10]).rate(at(4.5)).is_flood
    rate = heard(trips).rate(at(5))
    assert (rate.per_10_min, rate.is_flood, rate.target, rate.since_utc) == (11, True, 10, at(5))
    assert heard(trips).rate(at(13)).is_flood, "five trips are within ten minutes"
    assert not heard(trips).rate(at(13.1)).is_flood


def test_the_rate_is_of_the_area_and_of_who_has_the_say_there() -> None:
    start = heard([
        event(0, "area_defined", area="north", devices=["R1"]),
        event(0, "authority_granted", area="north", holder="ann", epoch=1),
        event(0, "authority_granted", area="", holder="bob", epoch=1),
        tripped(1, "R1"),
    ])  # fmt: skip
    assert start.rate_of("ann", at(1)).per_10_min == 1
    assert start.rate_of("bob", at(1)).per_10_min == 0
    assert [alarm.area for alarm in start.listed(at(1), "north")] == ["north"]
    assert not start.listed(at(1), "")


def test_a_voltage_is_raised_after_its_delay_and_cleared_beyond_the_dead_band() -> None:
    alarms, events = watched(empty(), 0, *low(0.94))
    assert not events, "the delay runs"
    alarms, events = watched(alarms, 1, *low(0.94))
    assert [checked(e).kind for e in events] == ["alarm_raised"]
    one = by_id(alarms, 1)["undervoltage:s2"]
    assert (one.value, one.limit, one.unit, one.priority) == (0.94, 0.95, "pu", 4)
    alarms, events = watched(alarms, 2, *low(0.952))
    assert not events and by_id(alarms, 2)["undervoltage:s2"].value == 0.952
    alarms, events = watched(alarms, 9, *low(0.952))
    assert not events, "inside the dead band it stands for ever"
    alarms, events = watched(alarms, 10, *low(0.96))
    assert not events, "the other delay runs"
    alarms, events = watched(alarms, 11, *low(0.96))
    assert [checked(e).kind for e in events] == ["alarm_cleared"]
    assert by_id(alarms, 11)["undervoltage:s2"].state is S.RETURNED


def test_the_wider_range_takes_the_place_of_the_normal_one_and_eases_back() -> None:
    wide = Condition("undervoltage_b", "s2", "bad", "load.dd", 0.9, 0.9167, "pu")
    alarms, _ = watched(empty(), 0, *low(0.9), wide)
    alarms, events = watched(alarms, 1, *low(0.9), wide)
    assert [e.payload["condition"] for e in events] == ["undervoltage_b"]
    alarms = heard([acknowledged(1, "undervoltage:s2")], alarms)
    alarms, _ = watched(alarms, 2, *low(0.94))
    alarms, events = watched(alarms, 3, *low(0.94))
    assert [(e.kind, e.payload["condition"]) for e in events] == [
        ("alarm_raised", "undervoltage_a")
    ]
    one = by_id(alarms, 3)["undervoltage:s2"]
    assert (one.condition, one.state) == ("undervoltage_a", S.ACKNOWLEDGED)


def test_without_a_solution_nothing_of_a_flow_is_raised_or_cleared() -> None:
    alarms, _ = watched(empty(), 0, *low(0.94))
    alarms, _ = watched(alarms, 1, *low(0.94))
    blind = Condition("not_converged", "", "no solution", "bus.a")
    for minutes in (2, 3, 60):
        alarms, events = watched(alarms, minutes, blind)
        assert {e.payload["condition"] for e in events} <= {"not_converged"}
    shown = by_id(alarms, 60)
    assert {"undervoltage:s2", "flow:"} <= set(shown)
    assert shown["undervoltage:s2"].state is S.UNACKNOWLEDGED


def test_a_device_with_a_tag_is_not_told_lost_but_shown_as_suppressed() -> None:
    lost = Condition("communication_lost", "s2", "s2 was not heard of")
    alarms, _ = watched(empty(), 0, lost)
    tag = event(1, "tag_placed", tag="t1", device="switch.S2", kind="hold", holder="ann")
    alarms = heard([tag], alarms)
    one = by_id(alarms, 1)["communication:s2"]
    assert (one.state, one.suppressed_why) == (S.SUPPRESSED, "tag t1 hangs on it")
    alarms = heard([event(2, "tag_lifted", tag="t1")], alarms)
    assert by_id(alarms, 2)["communication:s2"].state is S.UNACKNOWLEDGED


def test_priority_follows_from_consequence_and_time_to_respond() -> None:
    assert priority_of(Consequence.SEVERE, 5) == 1 and priority_of(Consequence.MINOR, 120) == 4
    for consequence in Consequence:
        found = [priority_of(consequence, minutes) for minutes in (1, 15, 60)]
        assert found == sorted(found)
    assert {kind.priority for kind in KINDS.values()} == {1, 2, 3, 4}
    assert all(kind.answer and kind.raised_by for kind in KINDS.values())
    assert all(bool(kind.cleared_by) == kind.stands for kind in KINDS.values())


def test_the_page_prints_the_table_of_kinds() -> None:
    page = Path(__file__).parents[3] / "docs" / "alarms.md"
    assert table() in page.read_text("utf-8")


def test_the_list_begins_with_what_is_worst_and_ends_with_what_is_put_aside() -> None:
    alarms = heard([
        event(0, "fault_indicated", device="R1", phases=["a"]),
        tripped(0, "S3"),
        tripped(1, "S2", locked_out=True),
        tripped(2, "R1", locked_out=True),
        shelved(2, "trip:r1", lasts_min=60),
    ])  # fmt: skip
    shown = alarms.listed(at(3))
    assert [alarm.id for alarm in shown] == ["trip:s2", "trip:s3", "indication:r1", "trip:r1"]
    assert shown[0].as_json()["raised"] == (at(0) + timedelta(minutes=1)).isoformat()
