"""Major event days by the 2.5-beta method, and days of a utility's own clock."""

from __future__ import annotations

import math
import statistics
from datetime import UTC, date, datetime

import numpy as np
import pytest

from gridmend.model.errors import GridError
from gridmend.operations.interruptions.entries import Back, Entry, Out
from gridmend.operations.interruptions.ledger import fold
from gridmend.operations.interruptions.major_days import daily_saidi_min, major_days, threshold
from gridmend.operations.interruptions.measures import period


def test_the_threshold_is_that_of_the_logarithms_of_days_with_an_interruption() -> None:
    calm = [0.0] * 100
    days = [0.5, 1.0, 2.0, 4.0] * 20
    found = threshold([*calm, *days])
    logs = [math.log(x) for x in days]
    alpha, beta = statistics.mean(logs), statistics.stdev(logs)
    assert found.days == 80
    assert found.alpha == pytest.approx(alpha)
    assert found.beta == pytest.approx(beta)
    assert found.minutes == pytest.approx(math.exp(alpha + 2.5 * beta))


def test_too_few_days_or_a_negative_one_are_refused() -> None:
    with pytest.raises(GridError, match="29 days"):
        threshold([1.0] * 29)
    with pytest.raises(GridError, match="negative"):
        threshold([1.0] * 40 + [-1.0])


def test_an_interruption_belongs_to_the_day_on_which_it_began_by_the_utilitys_clock() -> None:
    start = datetime(2026, 3, 7, 5, tzinfo=UTC)  # midnight in New York
    # 23:30 on the 7th for two hours, over midnight and the hour that the clocks leave out on the
    # 8th; and 23:30 on the 8th, a day of 23 hours
    entries: list[Entry] = [
        Out(23.5 * 3600, "a", (0,)), Back(25.5 * 3600, "a", (0,)),
        Out(46.5 * 3600, "b", (0,)), Back(47.0 * 3600, "b", (0,)),
    ]  # fmt: skip
    found = period(
        fold(entries, customer_count=2), start_s=0.0, end_s=71 * 3600.0, customer_count=2
    )
    days = daily_saidi_min(found, start_utc=start, zone="America/New_York")
    assert days == {date(2026, 3, 7): 60.0, date(2026, 3, 8): 15.0, date(2026, 3, 9): 0.0}
    # one number that stands for three of five
    many = period(
        fold(entries, customer_count=1), start_s=0.0, end_s=71 * 3600.0, customer_count=5,
        customers=np.array([3], np.int64),
    )  # fmt: skip
    assert daily_saidi_min(many, start_utc=start)[date(2026, 3, 8)] == 3 * 120 / 5


def test_days_beyond_the_threshold_are_major() -> None:
    limit = threshold([0.5, 1.0, 2.0] * 20)
    days = {date(2026, 1, 1): 1.0, date(2026, 1, 2): limit.minutes * 1.01}
    assert major_days(days, limit) == (date(2026, 1, 2),)
