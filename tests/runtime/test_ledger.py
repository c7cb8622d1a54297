"""The truth of a run as entries: the same minutes as walking from change to change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.runtime.ledger import Ledger, one_by_one
from tests.operations.interruptions.feeder import feeder

START = datetime(2026, 7, 15, tzinfo=UTC)
CHANGES = st.lists(
    st.tuples(st.integers(1, 40), st.lists(st.booleans(), min_size=4, max_size=4)), max_size=12
)


def _ledger(changes: list[tuple[int, list[bool]]]) -> Ledger:
    ledger = Ledger(feeder()).at(START, np.ones(4, bool))
    now = START
    for minutes, supplied in changes:
        now += timedelta(minutes=minutes)
        ledger = ledger.at(now, np.array(supplied))
    return ledger


@given(CHANGES)
@settings(max_examples=100, deadline=None)
def test_minutes_and_the_curve_are_those_of_a_walk_from_change_to_change(
    changes: list[tuple[int, list[bool]]],
) -> None:
    ledger, end = _ledger(changes), START + timedelta(minutes=600)
    # by hand: 10 customers behind each load
    now, supplied, dark, spans = 0.0, [True] * 4, 0.0, [list[float]() for _ in range(4)]
    for minutes, after in [*changes, (0, [True] * 4)]:
        at = 600.0 if (minutes, after) == (0, [True] * 4) else now + minutes
        for load in range(4):
            if not supplied[load]:
                dark += 10 * (at - now)
                spans[load][-1] += at - now
            if supplied[load] and not after[load]:
                spans[load].append(0.0)
        now, supplied = at, after
    found = ledger.until(end)
    assert found is not None
    each = one_by_one(found, feeder(), START)
    assert sum(i.customers * i.duration_min for i in each) == pytest.approx(dark)
    long = [m for own in spans for m in own if m > 5]
    assert found.customer_minutes == pytest.approx(10 * sum(long))
    assert found.saifi == pytest.approx(10 * len(long) / 40)
    times = [*((t - START).total_seconds() / 60 for t, _ in ledger.curve), 600.0]
    area = sum(n * (b - a) for (_, n), a, b in zip(ledger.curve, times, times[1:], strict=False))
    assert area == pytest.approx(dark)


def test_a_change_gives_a_new_ledger_and_leaves_the_old_one() -> None:
    before = _ledger([])
    after = before.at(START + timedelta(minutes=3), np.array([True, False, True, True]))
    assert (before.customers_out, after.customers_out) == (0, 10)
    assert before.entries == ()
    same = after.at(START + timedelta(minutes=9), np.array([True, False, True, True]))
    assert same is after


def test_who_is_out_at_the_end_is_out_until_then() -> None:
    ledger = _ledger([(3, [True, False, True, True])])
    found = ledger.until(START + timedelta(minutes=63))
    assert found is not None
    (one,) = one_by_one(found, feeder(), START)
    assert (one.event, one.customers, one.duration_min) == ("Db", 10, 60.0)
    assert found.is_open.all()
    assert ledger.until(START) is None
    assert Ledger(feeder()).until(START) is None
