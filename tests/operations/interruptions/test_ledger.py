"""The ledger counts nobody twice, whatever is entered, in whatever order, however often."""

from __future__ import annotations

import random
from collections import defaultdict
from itertools import pairwise
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.model.errors import GridError
from gridmend.operations.interruptions.entries import Back, Blamed, Denied, Entry, Merged, Out
from gridmend.operations.interruptions.ledger import Records, fold
from gridmend.operations.interruptions.measures import Period, customer_minutes, period

CUSTOMERS, END_S = 4, 7200.0


@st.composite
def some_entries(draw: st.DrawFn) -> list[Entry]:
    """Outages of three events with steps back, corrections and denials; times by half minutes."""
    event = st.sampled_from(["e1", "e2", "e3"])
    times = st.integers(0, 200).map(lambda k: 30.0 * k)
    who = st.lists(st.integers(0, CUSTOMERS - 1), min_size=1, max_size=CUSTOMERS, unique=True).map(
        tuple
    )
    device = {"e1": "sw1", "e2": "fuse", "e3": "sw1"}
    out = st.builds(lambda t, e, c: Out(t, e, c, device[e], "tree"), times, event, who)
    back = st.builds(Back, times, event, who)
    denied = st.builds(Denied, event, st.integers(0, CUSTOMERS - 1))
    planned = st.sampled_from([None, True, False])
    blamed = st.builds(Blamed, times, event, st.sampled_from(["wind", "animal"]), planned)
    merged = st.builds(Merged, event, event)
    return draw(st.lists(st.one_of(out, out, back, back, denied, blamed, merged), max_size=14))


def _same(one: Records, other: Records) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("customer", "start_s", "end_s", "event", "interruption", "planned")
    ) and (one.events, one.device, one.cause) == (other.events, other.device, other.cause)


@given(some_entries(), st.randoms())
@settings(max_examples=200, deadline=None)
def test_the_order_of_entries_and_their_repetition_change_nothing(
    entries: list[Entry], dice: random.Random
) -> None:
    shuffled = [*entries, *dice.sample(entries, len(entries) // 2)]
    dice.shuffle(shuffled)
    assert _same(fold(entries, customer_count=CUSTOMERS), fold(shuffled, customer_count=CUSTOMERS))


@given(some_entries())
@settings(max_examples=200, deadline=None)
def test_no_customer_is_counted_twice_at_one_instant(entries: list[Entry]) -> None:
    found = fold(entries, customer_count=CUSTOMERS)
    for customer in range(CUSTOMERS):
        mine = np.flatnonzero(found.customer == customer)
        for k, after in pairwise(mine):
            assert found.end_s[k] <= found.start_s[after]
            together = found.interruption[k] == found.interruption[after]
            assert together == (found.end_s[k] == found.start_s[after])
        assert (found.end_s[mine] > found.start_s[mine]).all()


def _dark(entries: list[Entry]) -> dict[int, set[int]]:
    """By brute force, each customer's half minutes without supply, by half minute."""
    changes: dict[tuple[str, int], set[tuple[float, bool]]] = defaultdict(set)
    entered, denied = set[str](), set[tuple[str, int]]()
    for entry in entries:
        if isinstance(entry, Out):
            entered.add(entry.event)
        if isinstance(entry, Out | Back):
            for customer in entry.customers:
                changes[entry.event, customer].add((entry.time_s, isinstance(entry, Out)))
        elif isinstance(entry, Denied):
            denied.add((entry.event, entry.customer))
    dark: dict[int, set[int]] = defaultdict(set)
    for (event, customer), steps in changes.items():
        if event not in entered or (event, customer) in denied:
            continue
        is_out = False
        for half in range(int(END_S / 30)):
            # at one instant the customer comes back, and then goes out again
            if (30.0 * half, False) in steps:
                is_out = False
            if (30.0 * half, True) in steps:
                is_out = True
            if is_out:
                dark[customer].add(half)
    return dark


@given(some_entries())
@settings(max_examples=200, deadline=None)
def test_minutes_are_those_of_a_plain_simulation(entries: list[Entry]) -> None:
    found = fold(entries, customer_count=CUSTOMERS)
    until = np.minimum(np.where(np.isfinite(found.end_s), found.end_s, END_S), END_S)
    minutes = np.bincount(found.customer, (until - found.start_s) / 60, CUSTOMERS)
    dark = _dark(entries)
    for customer in range(CUSTOMERS):
        assert minutes[customer] == pytest.approx(len(dark[customer]) / 2)


@given(some_entries())
@settings(max_examples=100, deadline=None)
def test_the_sum_over_customers_is_that_over_devices_causes_and_events(
    entries: list[Entry],
) -> None:
    found = fold(entries, customer_count=CUSTOMERS)
    until = np.where(np.isfinite(found.end_s), found.end_s, END_S)
    total = float(((until - found.start_s) / 60).sum())
    for by in ("device", "cause", "event"):
        assert sum(customer_minutes(found, by, end_s=END_S).values()) == pytest.approx(total)
    with pytest.raises(GridError, match="colour"):
        customer_minutes(found, "colour", end_s=END_S)


def test_a_customer_who_denies_an_outage_loses_its_minutes_once() -> None:
    entries = [
        Out(0.0, "e1", (0, 1)), Out(600.0, "e2", (1,)), Back(3600.0, "e1", (0, 1)),
        Back(5400.0, "e2", (1,)),
    ]  # fmt: skip
    once = fold([*entries, Denied("e1", 1)], customer_count=2)
    twice = fold([*entries, Denied("e1", 1), Denied("e1", 1)], customer_count=2)
    assert _same(once, twice)
    # what the other event claims of it remains
    assert customer_minutes(once, "event", end_s=7200.0) == {"e1": 60.0, "e2": 80.0}


def test_a_nested_outage_goes_on_where_the_first_ends_and_is_one_interruption() -> None:
    found = fold(
        [
            Out(0.0, "feeder", (0,), "sw1"), Out(600.0, "lateral", (0,), "fuse"),
            Back(1200.0, "feeder", (0,)), Back(3000.0, "lateral", (0,)),
        ],
        customer_count=1,
    )  # fmt: skip
    customer, start_s, end_s, event = found.whole()
    assert (customer.tolist(), start_s.tolist(), end_s.tolist()) == ([0], [0.0], [3000.0])
    assert found.device[event[0]] == "sw1"
    assert customer_minutes(found, "device", end_s=9e9) == {"sw1": 20.0, "fuse": 30.0}


def test_events_that_are_merged_keep_their_minutes_and_take_the_other_cause() -> None:
    entries: list[Entry] = [
        Out(0.0, "e1", (0,), "sw1", "tree"), Out(300.0, "e2", (1,), "fuse", "animal"),
        Back(900.0, "e1", (0,)), Back(900.0, "e2", (1,)), Blamed(50.0, "e1", "wind"),
    ]  # fmt: skip
    apart = fold(entries, customer_count=2)
    merged = fold([*entries, Merged("e2", "e1")], customer_count=2)
    assert merged.events == ("e1",)
    assert customer_minutes(merged, "cause", end_s=1e6) == {"wind": 25.0}
    assert sum(customer_minutes(apart, "cause", end_s=1e6).values()) == 25.0


def test_the_last_word_on_a_cause_says_whether_it_was_planned_and_silence_leaves_it() -> None:
    out, back = Out(0.0, "e1", (0,), "sw1", "planned", planned=True), Back(900.0, "e1", (0,))
    silent = fold([out, back, Blamed(1.0, "e1", "tree")], customer_count=1)
    assert (silent.cause, silent.planned.tolist()) == (("tree",), [True])
    said = [Blamed(2.0, "e1", "wind", planned=False), Blamed(1.0, "e1", "tree", planned=True)]
    last = fold([out, back, *said], customer_count=1)
    assert (last.cause, last.planned.tolist()) == (("wind",), [False])


def test_what_cannot_be_meant_is_a_finding_and_the_rest_counts() -> None:
    found = fold(
        [
            Out(0.0, "e1", (0, 99)), Out(float("nan"), "e1", (1,)), Back(60.0, "e1", (1,)),
            Denied("e9", 0), Blamed(0.0, "e8", "wind"), Merged("e1", "e7"),
        ],
        customer_count=2,
    )  # fmt: skip
    assert found.customer.tolist() == [0]
    assert found.end_s.tolist() == [inf]
    said = " ".join(f.what for f in found.findings)
    for word in ("[99]", "nan", "is not out", "e8", "e7", "denies"):
        assert word in said
    nothing = fold([], customer_count=0)
    assert len(nothing.customer) == 0
    assert period(nothing, start_s=0.0, end_s=1.0, customer_count=1).saidi_min == 0.0


def _period(spans: list[tuple[int, float, float]], **more: float) -> Period:
    entries: list[Entry] = []
    for k, (customer, start_min, end_min) in enumerate(spans):
        entries += [
            Out(60 * start_min, f"e{k}", (customer,)), Back(60 * end_min, f"e{k}", (customer,))
        ]  # fmt: skip
    records = fold(entries, customer_count=10)
    return period(records, start_s=0.0, end_s=more.get("end_s", 86400.0 * 365), customer_count=10)


def test_indices_are_those_worked_by_hand() -> None:
    # ten customers; 0: 60 and 120 min; 1: 30 min; 2: 5 min and 4 min, momentary
    found = _period([(0, 0, 60), (0, 100, 220), (1, 0, 30), (2, 0, 5), (2, 50, 54)])
    assert found.saifi == pytest.approx(0.3)
    assert found.saidi_min == pytest.approx(21.0)
    assert found.caidi_min == pytest.approx(70.0)
    assert found.caifi == pytest.approx(1.5)
    assert found.maifi == pytest.approx(0.2)
    assert found.asai == pytest.approx(1 - 21 / (365 * 1440))
    assert (found.cemi(0), found.cemi(1), found.cemi(2)) == (0.2, 0.1, 0.0)
    assert found.cemi(1, momentary=True) == 0.2
    assert (found.celid(2.0), found.celid(2.0, total=True), found.celid(3.0)) == (0.1, 0.1, 0.0)
    assert found.celid(3.0, total=True) == 0.1


def test_reclosings_within_five_minutes_are_one_momentary_event() -> None:
    # three operations that hold in the end, and two that lead to a lock-out
    holds = _period([(0, 0, 0.5), (0, 1, 1.5), (0, 4, 4.5), (0, 30, 31)])
    assert holds.maifi == pytest.approx(0.4)
    assert holds.maifi_e == pytest.approx(0.2)
    locks = _period([(0, 0, 0.1), (0, 1, 1.1), (0, 2, 90)])
    assert (locks.maifi_e, locks.saifi) == (0.0, 0.1)


def test_a_period_takes_what_began_in_it_and_says_what_still_stands() -> None:
    records = fold(
        [Out(-60.0, "before", (0,)), Back(900.0, "before", (0,)), Out(3000.0, "open", (1,)),
         Out(10.0, "work", (2,), planned=True), Back(4000.0, "work", (2,))],
        customer_count=3,
    )  # fmt: skip
    found = period(records, start_s=0.0, end_s=3600.0, customer_count=3)
    assert sorted(found.customer.tolist()) == [1, 2]
    assert found.minutes[found.is_open].tolist() == [10.0]
    only = period(records, start_s=0.0, end_s=3600.0, customer_count=3, planned=False)
    assert only.customer.tolist() == [1]
    with pytest.raises(GridError, match="served"):
        period(records, start_s=0.0, end_s=3600.0, customer_count=0)
