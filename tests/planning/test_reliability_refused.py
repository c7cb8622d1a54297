"""What cannot be meant is refused, and what is assumed is said."""

from __future__ import annotations

import math
from typing import Any

import pytest

from gridmend.formats.read import read
from gridmend.model.check import check_grid
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.planning.reliability.prediction import predict
from gridmend.planning.reliability.settings import Settings
from tests.planning.trees import tree

LINES = {"name": "lines", "elements": "lines", "failures_per_km_year": 0.1, "repair_h": 5.0}


@pytest.fixture(scope="module")
def grid() -> Grid:
    return read("ieee123")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"failures_per_km_year": -0.1}, "'lines': failures_per_km_year is not a number from 0"),
        ({"failures_per_year": math.nan}, "'lines': failures_per_year is not a number from 0"),
        ({"failures_per_year": math.inf}, "'lines': failures_per_year is not a number from 0"),
        ({"repair_h": -5.0}, "'lines': repair_h is not a number from 0"),
        ({"repair_h": math.nan}, "'lines': repair_h is not a number from 0"),
        ({"replacement_h": -1.0}, "'lines': replacement_h is below 0"),
        ({"temporary_pct": 100.0}, "'lines': temporary_pct is not from 0 to below 100"),
        ({"element": "line.L52x"}, "there is no element 'line.L52x'"),
        ({"element": "capacitor.c83"}, "is of capacitors"),
        ({"element": "Sw1"}, "failures_per_km_year is given for switches"),
        ({"kind": "breaker"}, "lines have no kind 'breaker'"),
    ],
)
def test_failure_data_that_cannot_be_meant_are_refused_and_found_by_the_check(
    grid: Grid, change: dict[str, Any], what: str
) -> None:
    wrong = grid.with_rows("failures", {**LINES, **change})
    with pytest.raises(GridError, match=what.replace("(", r"\(")) as raised:
        predict(wrong)
    assert raised.value.where.startswith("failures, column ")
    assert raised.value.mend
    assert any(what in finding.what for finding in check_grid(wrong))


def test_a_wrong_element_is_told_the_nearest(grid: Grid) -> None:
    with pytest.raises(GridError, match="nearest names are") as raised:
        predict(grid.with_rows("failures", {**LINES, "element": "line.L52x"}))
    assert "L52" in raised.value.mend


def test_a_grid_without_failure_data_takes_named_defaults(grid: Grid) -> None:
    found = predict(grid)
    assert "no failure data" in found.assumed[0] and "Billinton" in found.assumed[0]
    by_line = found.modes.per_year[(found.modes.tables == "lines")[found.modes.element]]
    km = grid.lines.numbers("length_m").sum() / 1000
    assert by_line.sum() == pytest.approx(0.065 * km)
    assert found.modes.repair_h.max() == 10


def test_a_class_without_data_is_told_not_to_fail(grid: Grid) -> None:
    found = predict(grid.with_rows("failures", LINES))
    assert "no failure data is for transformers, switches: they do not fail" in found.assumed


def test_a_grid_that_serves_nobody_is_refused(grid: Grid) -> None:
    nobody = grid.with_tables(loads=grid.loads.with_column("customers", [0] * len(grid.loads)))
    with pytest.raises(GridError, match="nobody is served"):
        predict(nobody)
    with pytest.raises(GridError, match="nobody is served"):
        predict(Grid("empty"))


def test_a_grid_in_which_nothing_fails_is_refused(grid: Grid) -> None:
    with pytest.raises(GridError, match="nothing in the grid can fail"):
        predict(grid.with_rows("failures", {**LINES, "failures_per_km_year": 0.0}))


def test_a_line_without_length_is_named(grid: Grid) -> None:
    short = grid.with_changed("line.L52", length_m=math.nan)
    for wrong in (short, short.with_rows("failures", LINES)):
        with pytest.raises(GridError, match="line 'L52': length_m"):
            predict(wrong)


def test_who_has_no_supply_to_lose_is_named() -> None:
    made = tree(5).grid
    dark = made.with_changed("switch.head", normally_open=True)
    found = predict(dark)
    assert found.saifi == 0 and math.isnan(found.caidi_h)
    assert any("without supply before any failure" in told for told in found.assumed)


@pytest.mark.parametrize(
    "wrong",
    [
        {"switching_h": -1.0},
        {"remote_min": math.nan},
        {"load_factor": math.inf},
        {"temporary_pct": 100.0},
        {"transfers": "perhaps"},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(GridError, match=f"{next(iter(wrong))} cannot be"):
        Settings(**wrong)


def test_average_demand_follows_the_loads_own_shapes(grid: Grid) -> None:
    shaped = grid.with_rows("shapes", {"name": "half", "p_pu": [0.25, 0.75]}).with_tables(
        loads=grid.loads.with_column("yearly", ["half"] * len(grid.loads))
    )
    plain = predict(grid)
    assert predict(shaped).ens_mwh == pytest.approx(plain.ens_mwh / 2)
    assert predict(grid, Settings(load_factor=0.25)).ens_mwh == pytest.approx(plain.ens_mwh / 4)
