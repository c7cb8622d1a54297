"""Entries from the journal: whose interruption it is, and when it began and ended."""

from __future__ import annotations

import pytest

from gridmend.model.event import Event
from gridmend.operations.interruptions.measures import customer_minutes, period
from tests.operations.interruptions.feeder import (
    T0,
    called,
    commanded,
    corrected,
    event,
    folded,
    gasped,
    out_min,
    returned,
    stands,
    tripped,
)

# A fault between b and c: R1 locks out, S2 isolates, R1 is closed, S3 brings the rest back, and
# after the repair all goes back to normal with a moment without supply for who hangs on the tie.
HEALED: list[Event] = [
    tripped(0.0, "R1", locked_out=True),
    commanded(1.0, "open", "S2", "k1"), stands(1.1, "S2", "open", "command"),
    commanded(2.0, "close", "R1", "k2"), stands(2.1, "R1", "closed", "command"),
    commanded(9.0, "close", "S3", "k3"), stands(9.1, "S3", "closed", "command"),
    event(120.0, "repaired", element="line.L2", cause="tree"),
    commanded(121.0, "open", "S3", "k4"), stands(121.1, "S3", "open", "command"),
    commanded(121.5, "close", "S2", "k5"), stands(121.6, "S2", "closed", "command"),
]  # fmt: skip


def test_restoration_in_steps_and_the_way_back_are_one_event_by_the_device_that_tripped() -> None:
    known, records = folded(*HEALED)
    assert known.findings == records.findings == ()
    assert records.device == ("r1",)
    assert records.cause == ("tree",)
    assert not records.planned.any()
    minutes = out_min(known, records)
    assert minutes == pytest.approx({"Da": 21.0, "Db": 21.0, "Dc2": 96.0, "Dd": 96.0}, abs=1e-4)
    found = period(
        records, start_s=T0, end_s=T0 + 86_400, customer_count=40,
        customers=known.roster.customers,
    )  # fmt: skip
    # the moment on the way back is an interruption of its own, of the same event
    assert (found.saifi, found.maifi) == (0.5, 1.0)
    assert found.saidi_min == pytest.approx(20 * 9.1 / 40, abs=1e-5)


def test_the_way_back_by_a_switching_order_is_of_the_outage_whose_customers_it_opens() -> None:
    by_order = [
        Event(e.time_utc, e.source, e.cause, e.kind, {**e.payload, "order": "o1"}) for e in HEALED
    ]
    _, records = folded(*by_order)
    assert records.device == ("r1",)
    assert not records.planned.any()


def test_an_operators_switching_is_planned_work() -> None:
    known, records = folded(
        commanded(0.0, "open", "S2", order="o1"), stands(0.1, "S2", "open", "command"),
        commanded(60.0, "close", "S2", "c2"), stands(60.1, "S2", "closed", "command"),
    )  # fmt: skip
    assert (records.device, records.cause) == (("s2",), ("planned",))
    assert records.planned.all()
    assert out_min(known, records) == pytest.approx({"Dc2": 600.0, "Dd": 600.0}, abs=1e-4)


def test_a_command_that_failed_does_not_make_a_trip_planned() -> None:
    _, records = folded(
        commanded(0.0, "open", "S2", "k1"),
        event(0.1, "outcome", source="control room", command="k1", state="failed"),
        stands(30.0, "S2", "open"),
    )  # fmt: skip
    assert not records.planned.any()


def test_a_confirmed_command_moves_a_device_that_says_nothing_itself() -> None:
    known, records = folded(
        commanded(0.0, "open", "S2", "k1"),
        event(5.0, "outcome", source="control room", command="k1", state="confirmed"),
        commanded(65.0, "close", "S2", "k2"),
        event(65.0, "outcome", source="control room", command="k2", state="confirmed"),
    )  # fmt: skip
    assert out_min(known, records) == pytest.approx({"Dc2": 600.0, "Dd": 600.0}, abs=1e-4)
    assert records.planned.all()


def test_a_report_of_the_device_counts_more_than_a_confirmed_command() -> None:
    known, records = folded(
        commanded(0.0, "open", "S2", "k1"), stands(0.5, "S2", "open", "command"),
        stands(0.9, "S2", "closed"),
        event(1.0, "outcome", source="control room", command="k1", state="confirmed"),
    )  # fmt: skip
    assert out_min(known, records) == pytest.approx({"Dc2": 4.0, "Dd": 4.0}, abs=1e-4)


def test_shedding_for_a_restoration_is_a_part_of_it_unless_an_order_commands_it() -> None:
    fault = [tripped(0.0, "F1"), commanded(5.0, "open", "S2"), stands(5.1, "S2", "open", "command")]
    _, records = folded(*fault)
    assert records.device == ("f1",)
    _, records = folded(
        fault[0], commanded(5.0, "open", "S2", order="o1"), stands(5.1, "S2", "open", "command")
    )
    assert records.device == ("f1", "s2")
    assert records.planned.tolist() == [False, True]
    # half an hour after everything stood as before, the outage is over
    back = stands(3.0, "F1", "closed", "crew north")
    for after_min, device in ((20.0, {"f1"}), (40.0, {"f1", "s2"})):
        open_s2 = commanded(after_min, "open", "S2"), stands(after_min + 0.1, "S2", "open")
        assert set(folded(fault[0], back, *open_s2)[1].device) == device


def test_a_sequence_of_reclosing_is_one_event_and_counts_once_in_maifi_e() -> None:
    known, records = folded(
        tripped(0.0, "R1"), stands(0.1, "R1", "closed"),
        tripped(0.2, "R1"), stands(1.0, "R1", "closed"),
        tripped(40.0, "R1"), stands(40.1, "R1", "closed"),
    )  # fmt: skip
    assert len(records.events) == 2
    found = period(
        records, start_s=T0, end_s=T0 + 86_400, customer_count=40,
        customers=known.roster.customers,
    )  # fmt: skip
    assert (found.maifi, found.maifi_e, found.saifi) == (3.0, 2.0, 0.0)


def test_a_nested_outage_takes_over_where_the_outer_one_is_closed_again() -> None:
    known, records = folded(
        tripped(0.0, "F1", open_phases=1),  # one phase: the load is out
        tripped(10.0, "R1"),
        stands(20.0, "F1", "closed", "crew north"),
        stands(30.0, "R1", "closed"),
    )
    minutes = customer_minutes(
        records, "device", end_s=T0 + 36_000, customers=known.roster.customers
    )
    assert minutes == pytest.approx({"f1": 200.0, "r1": 100.0 + 3 * 200.0}, abs=1e-4)
    _, _, _, first = records.whole()
    assert len(first) == 4


def test_an_earlier_outage_keeps_who_is_out_until_supply_is_back() -> None:
    known, records = folded(tripped(0.0, "S2"), tripped(10.0, "R1"), stands(30.0, "R1", "closed"))
    assert out_min(known, records, 60.0) == pytest.approx(
        {"Da": 200.0, "Db": 200.0, "Dc2": 600.0, "Dd": 600.0}, abs=1e-4
    )
    assert known.entries[0].event.startswith("s2@2026-07-15T12:00:00")


def test_a_fuse_that_a_crew_finds_open_was_open_since_its_meter_gasped() -> None:
    known, records = folded(
        gasped(0.0, "Dc2"), stands(90.0, "F1", "open", "crew north"),
        stands(120.0, "F1", "closed", "crew north"), returned(120.1, "Dc2"),
    )  # fmt: skip
    assert out_min(known, records) == pytest.approx({"Dc2": 1200.0}, abs=1e-4)
    assert records.device == ("f1",)
    assert known.findings == ()


def test_who_said_nothing_is_out_since_a_second_neighbour_spoke() -> None:
    # b, c2 and d are behind S2's line of sight: c2 and d behind S2
    _, one = folded(gasped(0.0, "Dd"), stands(60.0, "S2", "open", "crew north"))
    start = {int(c): (s - T0) / 60 for c, s in zip(one.customer, one.start_s, strict=True)}
    assert start == {3: 0.0, 2: 60.0}  # one word alone says nothing of the other
    _, two = folded(
        gasped(0.0, "Dd"), called(10.0, "Da/1"), gasped(20.0, "Da"),
        stands(60.0, "R1", "open", "crew north"),
    )  # fmt: skip
    start = {int(c): (s - T0) / 60 for c, s in zip(two.customer, two.start_s, strict=True)}
    assert start == {3: 0.0, 0: 10.0, 1: 10.0, 2: 10.0}


def test_a_meters_own_interruption_counts_where_positions_know_of_none() -> None:
    known, records = folded(gasped(0.0, "Db"), returned(30.0, "Db"))
    assert records.device == ("service",)
    assert out_min(known, records) == pytest.approx({"Db": 300.0}, abs=1e-4)


def test_a_gasp_alone_or_a_call_alone_is_not_counted_and_both_together_are() -> None:
    known, records = folded(gasped(0.0, "Db"), called(5.0, "Dd/3"))
    assert len(records.customer) == 0
    assert [f.what for f in known.findings] == [
        "a customer called and nothing else bears it out: not counted",
        "a meter gasped and nothing else bears it out: not counted",
    ]
    known, records = folded(gasped(0.0, "Db"), called(5.0, "Db/3"))
    assert out_min(known, records, 60.0) == pytest.approx({"Db": 600.0}, abs=1e-4)


def test_one_customer_whose_call_is_answered_is_out_alone() -> None:
    known, records = folded(called(0.0, "Db/3"), called(45.0, "Db/3", "power is back"))
    assert out_min(known, records) == pytest.approx({"Db": 45.0}, abs=1e-4)


def test_words_around_an_outage_that_positions_know_say_nothing_more() -> None:
    known, records = folded(
        gasped(-0.1, "Da"), tripped(0.0, "R1"), gasped(0.05, "Db"), called(2.0, "Dd/1"),
        stands(10.0, "R1", "closed"), gasped(10.1, "Dd"), returned(10.2, "Da"),
        returned(10.2, "Dd"),
    )  # fmt: skip
    assert out_min(known, records) == pytest.approx(dict.fromkeys(("Da", "Db", "Dc2", "Dd"), 100.0))
    assert records.device == ("r1",)


def test_a_lateral_that_stays_out_when_its_feeder_is_back_is_out_to_its_end() -> None:
    # F1 reports nothing; its load's meter gasped before R1 tripped and is back long after
    known, records = folded(
        gasped(0.0, "Dc2"), tripped(30.0, "R1"), stands(40.0, "R1", "closed"), returned(90.0, "Dc2")
    )
    assert out_min(known, records)["Dc2"] == pytest.approx(900.0, abs=1e-4)
    assert set(records.device) == {"r1", "service"}
    assert (records.whole()[0] == 2).sum() == 1


def test_a_meter_that_has_supply_ends_the_interruption_of_its_customers() -> None:
    known, records = folded(tripped(0.0, "R1"), returned(20.0, "Da"), stands(60.0, "R1", "closed"))
    assert out_min(known, records) == pytest.approx(
        {"Da": 200.0, "Db": 600.0, "Dc2": 600.0, "Dd": 600.0}, abs=1e-4
    )
    again = [tripped(0.0, "R1"), event(20.0, "meter_pinged", meter="Da", answered=True)]
    known, records = folded(*again, gasped(30.0, "Da"), stands(60.0, "R1", "closed"))
    assert out_min(known, records)["Da"] == pytest.approx(500.0, abs=1e-4)
    assert records.events == ("r1@2026-07-15T12:00:00.000Z",)


def test_corrections_are_told_by_events() -> None:
    name, other = "r1@2026-07-15T12:00:00.000Z", "f1@2026-07-15T14:00:00.000Z"
    fault = [
        tripped(0.0, "R1"), stands(60.0, "R1", "closed"),
        tripped(120.0, "F1"), stands(150.0, "F1", "closed"),
    ]  # fmt: skip
    denied = corrected(200.0, "denied", interruption=name, customer="Db/4")
    known, records = folded(*fault, denied, denied)
    assert out_min(known, records)["Db"] == pytest.approx(9 * 60.0)
    blamed = corrected(200.0, "blamed", interruption=name, cause="animal", planned=True)
    merged = corrected(201.0, "merged", interruption=other, into=name)
    _, records = folded(*fault, blamed, merged)
    assert (records.events, records.cause) == ((name,), ("animal",))
    assert records.planned.all()
    nobody = corrected(200.0, "denied", interruption=name, customer="Zz")
    known, records = folded(*fault, nobody)
    assert "customer 'Zz' is not in the model" in known.findings[0].what


def test_a_false_gasp_is_denied_by_one_of_its_customers_alone() -> None:
    words = [gasped(0.0, "Db"), returned(30.0, "Db")]
    (name,) = folded(*words)[1].events
    denied = corrected(200.0, "denied", interruption=name, customer="Db/4")
    known, records = folded(*words, denied)
    assert out_min(known, records) == pytest.approx({"Db": 9 * 30.0})
    assert known.findings == records.findings == ()


def test_a_source_that_goes_takes_all_with_it_and_one_in_doubt_takes_nobody() -> None:
    known, records = folded(
        stands(0.0, "source.north", "open", quality="bad"),
        stands(10.0, "source.north", "open"), stands(20.0, "North", "closed"),
    )  # fmt: skip
    assert out_min(known, records) == pytest.approx(dict.fromkeys(("Da", "Db", "Dc2", "Dd"), 100.0))
    assert records.device == ("source.north",)
