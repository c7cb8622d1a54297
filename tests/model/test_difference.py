"""The difference of two grids names what was added, removed and changed, and nothing else."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from gridmend.model.difference import difference
from gridmend.model.grid import Grid
from tests.formats.grids import grids


def line(name: str, **given_values: Any) -> dict[str, Any]:
    """A row of a line."""
    ends = {"bus1": "b1", "phases1": "a", "bus2": "b2", "phases2": "a"}
    return {"name": name, **ends, "length_m": 100.0, **given_values}


BASE = (
    Grid("base")
    .with_rows("buses", {"name": "b1"}, {"name": "b2"})
    .with_rows("lines", line("l1", x_ohm_per_km=[[1.0]]), line("l2"))
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(grids())
def test_a_grid_does_not_differ_from_itself(grid: Grid) -> None:
    copied = grid.with_tables(**{t.schema.name: t.only(np.arange(len(t))) for t in grid.tables()})
    assert difference(grid, grid) == ()
    assert difference(grid, copied) == ()


def test_rows_added_and_removed_are_named() -> None:
    after = BASE.without("line.l2").with_rows("lines", line("l3"))
    assert [str(change) for change in difference(BASE, after)] == [
        "line 'l2' removed",
        "line 'l3' added",
    ]


def test_a_changed_value_is_named_with_before_and_after() -> None:
    (change,) = difference(BASE, BASE.with_changed("line.l1", length_m=120.5))
    assert (change.action, change.table, change.name) == ("changed", "lines", "l1")
    assert (change.column, change.before, change.after) == ("length_m", 100.0, 120.5)
    assert str(change) == "line 'l1' length_m: 100 -> 120.5"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"x_ohm_per_km": [[2.0]]}, "line 'l1' x_ohm_per_km: 1 -> 2"),
        ({"x_ohm_per_km": ()}, "line 'l1' x_ohm_per_km: 1 -> (unset)"),
        ({"r_ohm_per_km": [[1, 2], [3, 4]]}, "line 'l1' r_ohm_per_km: (unset) -> 1 2 | 3 4"),
        ({"rating_a": 400.0}, "line 'l1' rating_a: unknown -> 400"),
        ({"line_code": "c"}, "line 'l1' line_code: (unset) -> c"),
        ({"in_service": False}, "line 'l1' in_service: True -> False"),
    ],
)
def test_every_kind_of_column_is_compared(changes: dict[str, Any], text: str) -> None:
    assert [str(c) for c in difference(BASE, BASE.with_changed("line.l1", **changes))] == [text]


def test_names_differ_by_more_than_case_and_order_does_not_matter() -> None:
    rows = line("L2", bus1="B1"), line("L1", x_ohm_per_km=[[1.0]])
    after = BASE.with_tables(lines=Grid("x").lines.with_rows(rows))
    assert difference(BASE, after) == ()


def test_unknown_equals_unknown_but_not_a_number() -> None:
    assert difference(BASE, BASE.with_changed("line.l1", rating_a=math.nan)) == ()
    assert len(difference(BASE, BASE.with_changed("line.l1", rating_a=1.0))) == 1


def test_a_tolerance_hides_only_what_is_within_it() -> None:
    near = BASE.with_changed("line.l1", length_m=100.0 + 1e-7, x_ohm_per_km=[[1.0 + 1e-12]])
    assert len(difference(BASE, near)) == 2
    assert difference(BASE, near, tolerance=1e-8) == ()
    far = BASE.with_changed("line.l1", length_m=100.1)
    assert len(difference(BASE, far, tolerance=1e-8)) == 1


def test_another_frequency_is_a_change() -> None:
    (change,) = difference(
        BASE, Grid("base", frequency_hz=50.0).with_tables(buses=BASE.buses, lines=BASE.lines)
    )
    assert str(change) == "grid 'base' frequency_hz: 60 -> 50"


def test_changes_come_in_the_order_of_the_schema() -> None:
    after = BASE.with_changed("line.l2", rating_a=1.0, length_m=1.0)
    after = after.with_changed("line.l1", rating_a=2.0)
    after = after.with_rows("buses", {"name": "b3"})
    found = [(c.table, c.name, c.column) for c in difference(BASE, after)]
    assert found == [
        ("buses", "b3", ""),
        ("lines", "l1", "rating_a"),
        ("lines", "l2", "length_m"),
        ("lines", "l2", "rating_a"),
    ]
