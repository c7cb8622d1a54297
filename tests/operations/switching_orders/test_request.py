from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gridmend.model.errors import GridError, GridmendError
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.operations.switching_orders import Kind, Request, draft, emergency
from gridmend.operations.switching_orders.request import EMERGENCY, checked, named
from tests.operations.switching_orders.sites import NINE, request, two_feeders

GRID = two_feeders()


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        (NINE, NINE, "of no length"),
        (NINE, NINE - timedelta(hours=1), "backwards"),
        (NINE, NINE + timedelta(days=40), "longer than 31"),
        (NINE, datetime(2026, 12, 1, 12), "has no zone"),
    ],
)
def test_a_window_that_is_none_is_refused(begin: datetime, end: datetime, words: str) -> None:
    with pytest.raises(GridmendError, match=words):
        checked(Request(("L1",), begin, end), GRID)


def test_planned_work_does_not_begin_in_the_past_and_an_emergency_may() -> None:
    late = NINE + timedelta(minutes=1)
    with pytest.raises(GridmendError, match="which is past"):
        checked(request("L1"), GRID, late)
    assert checked(request("L1"), GRID, NINE).elements == ("line.L1",)
    assert checked(request("L1", kind=Kind.EMERGENCY, reason="a tree"), GRID, late)


def test_an_emergency_says_why_and_has_an_assumed_length() -> None:
    with pytest.raises(GridmendError, match="says why"):
        checked(emergency(("L1",), NINE, reason=" "), GRID)
    asked = checked(emergency(("L1",), NINE, reason="a tree on the line"), GRID)
    assert asked.end - asked.begin == EMERGENCY


def test_names_are_the_grids_own_and_one_that_is_unknown_is_told_the_nearest() -> None:
    asked = checked(request("l1", "LINE.L1", "bus.B", "s1", "load.db"), GRID)
    assert asked.elements == ("line.L1", "bus.b", "switch.S1", "load.Db")
    with pytest.raises(GridError, match=r"no element 'line\.L11'") as problem:
        named(GRID, "line.L11")
    assert "L1" in problem.value.mend
    with pytest.raises(GridError) as problem:
        named(GRID, "b")
    assert problem.value.mend == "for the bus write bus.b"
    with pytest.raises(GridError, match="no bus 'z'"):
        named(GRID, "bus.z")
    with pytest.raises(GridmendError, match="no element is named"):
        checked(request(), GRID)
    with pytest.raises(GridmendError, match="nobody asks"):
        checked(replace(request("L1"), who=" "), GRID)


def test_what_is_out_of_service_needs_no_order() -> None:
    grid = GRID.with_changed("line.L1", in_service=False)
    with pytest.raises(GridError, match="out of service"):
        checked(request("line.L1"), grid)


def test_a_forecast_that_does_not_cover_the_window_is_refused() -> None:
    normal = Snapshot.normal(GRID)
    hours = [NINE + timedelta(hours=k) for k in range(6)]
    whole = Series.scaled(normal, [0.5] * 6, hours)
    assert draft(GRID, whole, request("L2")).feasible
    short = Series.scaled(normal, [0.5] * 5, hours[:5])
    with pytest.raises(GridmendError, match="says nothing of 2026-12-01T15"):
        draft(GRID, short, request("L2"))
    with pytest.raises(GridmendError, match="has no times"):
        draft(GRID, Series.scaled(normal, [0.5] * 6), request("L2"))
