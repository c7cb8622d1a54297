"""Shares of the indices add up to the whole, and numbers that stand for many count as many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings

from gridmend.model.errors import GridError
from gridmend.operations.interruptions.entries import Back, Denied, Entry, Out
from gridmend.operations.interruptions.ledger import fold
from gridmend.operations.interruptions.measures import Period, period
from gridmend.operations.interruptions.shares import (
    Share,
    by_customer,
    by_event,
    not_supplied_mwh,
)
from tests.operations.interruptions.test_ledger import CUSTOMERS, END_S, some_entries

MANY = np.array([3, 1, 12, 5], np.int64)
KW = np.array([6.0, 1.0, 30.0, 0.0])


def _period(entries: list[Entry]) -> tuple[Period, tuple[str, ...], tuple[str, ...]]:
    records = fold(entries, customer_count=CUSTOMERS)
    found = period(
        records, start_s=0.0, end_s=END_S, customer_count=100, customers=MANY
    )  # fmt: skip
    return found, records.device, records.cause


def _sums(shares: Sequence[Share]) -> list[float]:
    names = ("interruptions", "momentary", "customer_minutes", "saifi", "saidi_min", "maifi")
    return [sum(getattr(s, n) for s in shares) for n in (*names, "not_supplied_mwh")]


@given(some_entries())
@settings(max_examples=120, deadline=None)
def test_shares_of_devices_causes_feeders_and_classes_each_add_up_to_the_customers(
    entries: list[Entry],
) -> None:
    found, device, cause = _period(entries)
    whole = [
        found.interruptions, int(found.customers[~found.sustained].sum()),
        found.customer_minutes, found.saifi, found.saidi_min, found.maifi,
        not_supplied_mwh(found, KW),
    ]  # fmt: skip
    feeders = by_customer(found, ["f1", "f2", "f2", "f1"], MANY, kw=KW)
    for shares in (by_event(found, device, kw=KW), by_event(found, cause, kw=KW), feeders):
        assert _sums(shares) == pytest.approx(whole)
    assert [s.customers for s in sorted(feeders, key=lambda s: s.label)] == [8, 13]


@given(some_entries())
@settings(max_examples=120, deadline=None)
def test_a_number_that_stands_for_many_counts_as_they_would_one_by_one(
    entries: list[Entry],
) -> None:
    # the same entries for each of the customers that a number stands for
    first = np.concatenate([[0], np.cumsum(MANY)[:-1]])
    each: list[Entry] = []
    for entry in entries:
        if isinstance(entry, Out | Back):
            who = tuple(int(first[c]) + k for c in entry.customers for k in range(MANY[c]))
            each.append(
                Out(entry.time_s, entry.event, who, entry.device, entry.cause, entry.planned)
                if isinstance(entry, Out) else Back(entry.time_s, entry.event, who)
            )  # fmt: skip
        elif isinstance(entry, Denied):
            c = entry.customer
            each += [Denied(entry.event, int(first[c]) + k) for k in range(MANY[c])]
        else:
            each.append(entry)
    found, *_ = _period(entries)
    apart = period(
        fold(each, customer_count=int(MANY.sum())), start_s=0.0, end_s=END_S, customer_count=100
    )
    for name in ("saifi", "saidi_min", "caidi_min", "caifi", "asai", "maifi", "maifi_e",
                 "customers_interrupted", "customer_minutes"):  # fmt: skip
        assert getattr(found, name) == pytest.approx(getattr(apart, name)), name
    for k in (0, 1, 2):
        assert found.cemi(k) == apart.cemi(k)
        assert found.cemi(k, momentary=True) == apart.cemi(k, momentary=True)
        assert found.celid(k / 2) == apart.celid(k / 2)
        assert found.celid(k / 2, total=True) == apart.celid(k / 2, total=True)


def test_energy_not_supplied_is_demand_times_time_by_hand() -> None:
    found, device, _ = _period([
        Out(0.0, "e1", (0, 2), "sw1", "tree"), Back(3600.0, "e1", (0,)), Back(1800.0, "e1", (2,)),
        Out(4000.0, "e2", (1,), "fuse", "animal"), Back(4060.0, "e2", (1,)),
    ])  # fmt: skip
    # 6 kW for an hour, 30 kW for half of one, 1 kW for a minute, which counts here though momentary
    assert not_supplied_mwh(found, KW) == pytest.approx((6 + 15 + 1 / 60) / 1000)
    shares = by_event(found, device, kw=KW)
    assert [s.label for s in shares] == ["sw1", "fuse"]
    assert shares[1].not_supplied_mwh == pytest.approx(1 / 60_000)
    assert (shares[0].customer_minutes, shares[1].customer_minutes) == (3 * 60 + 12 * 30, 0.0)


def test_each_piece_of_a_nested_interruption_counts_for_its_own_device() -> None:
    found, device, _ = _period([
        Out(0.0, "feeder", (0,), "sw1"), Out(600.0, "lateral", (0,), "fuse"),
        Back(1200.0, "feeder", (0,)), Back(3000.0, "lateral", (0,)),
    ])  # fmt: skip
    shares = {s.label: s for s in by_event(found, device)}
    assert shares["sw1"].customer_minutes == 3 * 20.0
    assert shares["fuse"].customer_minutes == 3 * 30.0
    # one interruption, which the first began
    assert (shares["sw1"].interruptions, shares["fuse"].interruptions) == (3, 0)


def test_labels_that_do_not_cover_what_is_counted_are_refused() -> None:
    found, *_ = _period([Out(0.0, "e1", (0, 2)), Back(3600.0, "e1", (0, 2))])
    with pytest.raises(GridError, match="label"):
        by_event(found, [])
    with pytest.raises(GridError, match="label"):
        by_customer(found, ["f1"], MANY)
