"""The indices of IEEE 1366, worked by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmend.model.errors import GridError
from gridmend.model.plan import Action, Plan, Step, Verdict
from gridmend.operations.answer import Timing, saidi_min, step_minutes
from gridmend.operations.indices import Interruption, indices, ledger
from gridmend.operations.restoration import propose

START = datetime(2025, 7, 1, 15, tzinfo=UTC)


def _lasting(customers: int, minutes: float) -> Interruption:
    return Interruption(customers, START, START + timedelta(minutes=minutes))


def test_the_indices_are_those_worked_by_hand() -> None:
    found = indices([_lasting(200, 60), _lasting(50, 120), _lasting(400, 2)], customers_served=1000)
    assert found.saifi == pytest.approx(0.25)
    assert found.saidi_min == pytest.approx(18.0)
    assert found.caidi_min == pytest.approx(72.0)
    assert found.maifi == pytest.approx(0.4)
    assert found.asai == pytest.approx(1 - 18 / 525_600)


def test_five_minutes_are_momentary_and_a_second_more_is_not() -> None:
    assert indices([_lasting(10, 5)], customers_served=10).saifi == 0
    assert indices([_lasting(10, 5)], customers_served=10).maifi == 1
    assert indices([_lasting(10, 5 + 1 / 60)], customers_served=10).saifi == 1


def test_a_quiet_year_has_no_caidi() -> None:
    found = indices([], customers_served=10)
    assert (found.saifi, found.saidi_min, found.caidi_min, found.asai) == (0, 0, None, 1)


@given(
    st.integers(0, 1000),
    st.lists(st.tuples(st.floats(0, 300), st.integers(0, 100)), max_size=8),
    st.floats(1, 300),
)
def test_each_customer_is_counted_once(
    spare: int, steps: list[tuple[float, int]], repair_min: float
) -> None:
    out = spare + sum(back for _, back in steps)
    pieces = ledger(event="e", start=START, customers=out, restored=steps, repair_min=repair_min)
    assert sum(piece.customers for piece in pieces) == out
    assert all(piece.duration_min <= repair_min + 1e-4 for piece in pieces)


def test_more_cannot_come_back_than_went_out() -> None:
    with pytest.raises(GridError, match="11 customers come back"):
        ledger(event="e", start=START, customers=10, restored=[(1.0, 11)], repair_min=60)


def test_nobody_served_has_no_indices() -> None:
    with pytest.raises(GridError, match="customers served"):
        indices([], customers_served=0)


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
