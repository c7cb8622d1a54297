"""What a plan is worth in SAIDI, by the one ledger, worked by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmend.model.errors import GridError
from gridmend.model.plan import Action, Plan, Step, Verdict
from gridmend.operations.answer import Timing, restored_in_steps, saidi_min, step_minutes
from gridmend.operations.indices import Interruption
from gridmend.operations.interruptions.ledger import fold
from gridmend.operations.interruptions.measures import Period, period
from gridmend.operations.restoration import propose


def _period(out: int, back: list[tuple[float, int]], repair_min: float) -> Period:
    entries, customers = restored_in_steps(out, back, repair_min)
    records = fold(entries, customer_count=len(customers))
    return period(
        records, start_s=0.0, end_s=8760 * 3600.0, customer_count=1000, customers=customers
    )


def test_an_interruption_lasts_from_its_start_to_its_end() -> None:
    start = datetime(2025, 7, 1, 15, tzinfo=UTC)
    assert Interruption(3, start, start + timedelta(seconds=90)).duration_min == 1.5


def test_the_indices_of_a_restoration_in_steps_are_those_worked_by_hand() -> None:
    # 400 are back after 2 min, 200 after an hour, the other 50 with the repair
    found = _period(650, [(2.0, 400), (60.0, 200)], 120.0)
    assert found.saifi == pytest.approx(0.25)
    assert found.saidi_min == pytest.approx(18.0)
    assert found.caidi_min == pytest.approx(72.0)
    assert found.maifi == pytest.approx(0.4)
    assert found.asai == pytest.approx(1 - 18 / 525_600)


def test_five_minutes_are_momentary_and_a_second_more_is_not() -> None:
    assert (_period(10, [], 5.0).saifi, _period(10, [], 5.0).maifi) == (0, 0.01)
    assert _period(10, [], 5 + 1 / 60).saifi == 0.01


def test_a_quiet_year_has_no_caidi() -> None:
    found = _period(0, [], 5.0)
    assert (found.saifi, found.saidi_min, found.caidi_min, found.asai) == (0, 0, None, 1)


@given(
    st.integers(0, 1000),
    st.lists(st.tuples(st.floats(0.1, 300), st.integers(0, 100)), max_size=8),
    st.floats(1, 300),
)
def test_each_customer_is_counted_once(
    spare: int, steps: list[tuple[float, int]], repair_min: float
) -> None:
    out = spare + sum(back for _, back in steps)
    _, customers = restored_in_steps(out, steps, repair_min)
    found = _period(out, steps, repair_min)
    assert customers.sum() == found.customers.sum() == out
    assert (found.minutes <= repair_min + 1e-4).all()
    by_hand = sum(min(at, repair_min) * n for at, n in [*steps, (repair_min, spare)])
    assert float(np.dot(found.minutes, found.customers)) == pytest.approx(by_hand)


def test_more_cannot_come_back_than_went_out() -> None:
    with pytest.raises(GridError, match="11 customers come back"):
        restored_in_steps(10, [(1.0, 11)], 60.0)


def test_remote_steps_are_quick_and_a_hand_takes_its_time() -> None:
    from gridmend.formats.read import read

    grid = read("ieee123").with_changed("Sw3", remote=False)
    steps = tuple(Step(Action.OPEN, name, "") for name in ("Sw2", "Sw4", "Sw3"))
    plan = Plan("line.L10", steps, Verdict())
    assert step_minutes(plan, grid, Timing()) == (1.0, 1.5, 31.5)


def test_a_healed_fault_costs_only_who_waits_for_the_repair() -> None:
    from gridmend.formats.read import read
    from gridmend.model.snapshot import Snapshot

    grid = read("ieee123")
    plan = propose(grid, Snapshot.normal(grid), "L52").plans[0]
    crew = saidi_min(None, grid, plan.customers_out, Timing())
    healed = saidi_min(plan, grid, plan.customers_out, Timing())
    assert crew == pytest.approx(180.0)
    assert healed == pytest.approx(180.0 * 184 / 1158)
