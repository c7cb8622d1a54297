"""A check finds each kind of mistake, names the rows and how to mend, and finds nothing else."""

from __future__ import annotations

import math
from typing import Any

import pytest

from gridmend.model.check import check_grid
from gridmend.model.grid import Grid

SQUARE = [[1.0, 0.1], [0.1, 1.0]]
SINGLE = {"r_ohm_per_km": [[1.0]], "x_ohm_per_km": [[1.0]]}


def good() -> Grid:
    """A small grid of nearly every class, with nothing wrong in it."""
    ends = {"bus1": "b1", "phases1": "a b", "bus2": "b2", "phases2": "a b"}
    rating = {"rating_a": 1.0, "emergency_rating_a": 1.0}
    breaking = {**rating, "interrupting_a": 1.0, "making_a": 1.0}
    wire = {"name": "w", "r_ac_ohm_per_km": 1, "gmr_m": 0.01, "radius_m": 0.01, **rating}
    hanging = {"conductors": ("w", "w", "w"), "x_m": [0, 1, 2], "height_m": [9, 9, 8]}
    matrices = {"r_ohm_per_km": SQUARE, "x_ohm_per_km": SQUARE}
    start = {"substation": "sub", "head": "switch.k", "rating_kva": 9}
    power = {"rating_kva": 100.0, "emergency_rating_kva": 120.0}
    high = {"transformer": "t", "number": 1, "bus": "b2", "phases": "a b", "connection": "delta"}
    low = {"transformer": "t", "number": 2, "bus": "b3", "phases": "s1 n"}
    return (
        Grid("good")
        .with_rows("buses", {"name": "b1", "base_kv": 12.47}, {"name": "b2"}, {"name": "b3"})
        .with_rows(
            "sources", {"name": "s", "bus": "b1", "base_kv": 12.47, "x1_ohm": 1, "x0_ohm": 1}
        )
        .with_rows("conductors", wire)
        .with_rows(
            "geometries", {"name": "g", **hanging, "phase_count": 2, "reduce": True, **rating}
        )
        .with_rows("line_codes", {"name": "c", **matrices, **rating})
        .with_rows(
            "lines",
            {"name": "by_code", **ends, "length_m": 1.0, "line_code": "C"},
            {"name": "by_geometry", **ends, "length_m": 1.0, "geometry": "g"},
            {"name": "own", **ends, "length_m": 1.0, "x_ohm_per_km": SQUARE, **rating},
        )
        .with_rows("switches", {"name": "k", **ends, **breaking})
        .with_rows("transformers", {"name": "t", "phase_count": 1, "x_pct": [2.0], **power})
        .with_rows(
            "windings",
            {"name": "t:1", **high, "kv": 12.47, "kva": 100},
            {"name": "t:2", **low, "kv": 0.24, "kva": 100},
        )
        .with_rows("tap_controls", {"name": "r", "transformer": "T"})
        .with_rows("capacitors", {"name": "q", **ends, "kv": 12.47, "step_kvar": [300.0]})
        .with_rows("capacitor_controls", {"name": "qc", "capacitor": "q", "element": "line.own"})
        .with_rows("shapes", {"name": "day", "p_pu": [1.0, 0.5]})
        .with_rows(
            "loads",
            {"name": "d", "bus": "B3", "phases": "s1 n", "kv": 0.12, "p_kw": 5.0, "daily": "day"},
        )
        .with_rows("customers", {"name": "m", "load": "d"})
        .with_rows("substations", {"name": "sub", "bus": "b1"})
        .with_rows("feeders", {"name": "f", **start})
    )


def spoiled(table: str, name: str, **changes: Any) -> Grid:
    """The good grid with one row changed."""
    grid = good()
    return grid.with_tables(**{table: grid.table(table).changed(name, changes)})


def test_a_good_grid_has_no_findings() -> None:
    assert check_grid(good()) == ()


def test_an_empty_grid_has_no_findings() -> None:
    assert check_grid(Grid("empty")) == ()


MISTAKES = [
    ("lines", "own", {"bus2": "b33"}, "line 'own' names the bus 'b33', which is not there"),
    ("lines", "own", {"bus2": ""}, "line 'own': no bus2 is given"),
    ("lines", "by_code", {"line_code": "d"}, "line 'by_code' names the line code 'd'"),
    ("geometries", "g", {"conductors": ("w", "v", "w")}, "geometry 'g' names the conductor 'v'"),
    ("loads", "d", {"daily": "night"}, "load 'd' names the shape 'night'"),
    ("capacitor_controls", "qc", {"element": "line.gone"}, "'qc': there is no element 'line.gone'"),
    ("feeders", "f", {"head": "nothing"}, "'f': there is no element 'nothing'"),
    ("lines", "own", {"phases1": "a q"}, "line 'own': phases1 'a q' is not a list of conductors"),
    ("lines", "own", {"phases1": "a a"}, "phases1 'a a' is not a list"),
    ("loads", "d", {"phases": ""}, "phases '' is not a list"),
    ("lines", "own", {"phases2": "a b c"}, "line 'own': its two ends have different numbers"),
    (
        "lines",
        "own",
        {"x_ohm_per_km": [[1.0]]},
        "line 'own': x_ohm_per_km is not a square",
    ),
    ("line_codes", "c", {"r_ohm_per_km": [[1.0]]}, "line code 'c': r_ohm_per_km is not a square"),
    ("line_codes", "c", {"x_ohm_per_km": ()}, "line code 'c': it has no x_ohm_per_km"),
    ("switches", "k", {"r_ohm": [[1.0]]}, "switch 'k': r_ohm is not a square matrix"),
    ("lines", "own", {"x_ohm_per_km": ()}, "line 'own': it has no impedance"),
    (
        "line_codes",
        "c",
        {"r_ohm_per_km": [[1.0]], "x_ohm_per_km": [[1.0]]},
        "line 'by_code': its code",
    ),
    (
        "geometries",
        "g",
        {"phase_count": 1},
        "line 'by_geometry': its code or geometry is for another",
    ),
    ("geometries", "g", {"phase_count": 4}, "geometry 'g': phase_count is not between"),
    (
        "geometries",
        "g",
        {"x_m": [1, 2]},
        "geometry 'g': conductors, x_m and height_m are",
    ),
    ("loads", "d", {"phases": "s1"}, "load 'd': it joins a single conductor"),
    ("loads", "d", {"kv": 0.0}, "load 'd': kv is not above 0"),
    ("loads", "d", {"kv": math.nan}, "load 'd': kv is not known"),
    ("loads", "d", {"p_kw": math.inf}, "load 'd': p_kw is not finite"),
    ("loads", "d", {"model": "zip", "zip": [1, 0]}, "load 'd': its model is zip"),
    ("windings", "t:1", {"kva": -1.0}, "winding 't:1': kva is not above 0"),
    ("windings", "t:2", {"number": 3}, "transformer 't': its windings are not two or more"),
    ("windings", "t:2", {"phases": "s1"}, "winding 't:2': its phases do not fit"),
    ("windings", "t:1", {"phases": "a b c"}, "winding 't:1': its phases do not fit"),
    ("transformers", "t", {"x_pct": [1, 2]}, "transformer 't': x_pct has not one value a pair"),
    ("buses", "b1", {"base_kv": 0.0}, "bus 'b1': base_kv is not above 0"),
    ("lines", "own", {"length_m": -5.0}, "line 'own': length_m is below 0"),
    ("lines", "own", {"rating_a": 0.0}, "line 'own': rating_a is not above 0"),
    ("capacitors", "q", {"steps_on": 2}, "capacitor 'q': steps_on is not between"),
    ("capacitors", "q", {"step_kvar": ()}, "capacitor 'q': steps_on is not between"),
    ("shapes", "day", {"p_pu": ()}, "shape 'day': it has no p_pu"),
]


@pytest.mark.parametrize(
    ("table", "name", "changes", "what"), MISTAKES, ids=[what[:60] for *_, what in MISTAKES]
)
def test_each_mistake_is_found_named_and_mended(
    table: str, name: str, changes: dict[str, Any], what: str
) -> None:
    findings = check_grid(spoiled(table, name, **changes))
    hits = [finding for finding in findings if what in finding.what]
    assert len(hits) == 1, [str(finding) for finding in findings]
    assert hits[0].severity == ("warning" if "rating_a" in what else "error")
    assert hits[0].where and hits[0].mend


@pytest.mark.parametrize("gone", [["t:1"], ["t:2"], ["t:1", "t:2"]])
def test_a_transformer_without_two_windings_is_an_error(gone: list[str]) -> None:
    grid = good()
    lone = grid.with_tables(windings=grid.windings.without(gone))
    assert any("its windings are not two" in finding.what for finding in check_grid(lone))


@pytest.mark.parametrize(("phases", "errors"), [("a b c", 0), ("a b c g", 1), ("a b", 1)])
def test_a_delta_of_three_phases_has_three_conductors(phases: str, errors: int) -> None:
    grid = spoiled("transformers", "t", phase_count=3)
    grid = grid.with_tables(windings=grid.windings.changed("t:2", {"phases": "a b c g"}))
    grid = grid.with_tables(windings=grid.windings.changed("t:1", {"phases": phases}))
    found = [finding for finding in check_grid(grid) if "its phases do not fit" in finding.what]
    assert len(found) == errors


def test_the_nearest_names_are_in_the_mend() -> None:
    grid = good().with_rows("buses", {"name": "market_street"})
    grid = grid.with_changed("line.own", bus2="market_stret")
    (finding,) = check_grid(grid)
    assert "market_street" in finding.mend


def test_rows_that_miss_the_same_bus_are_one_finding() -> None:
    grid = good().with_changed("line.own", bus2="zz").with_changed("line.by_code", bus2="ZZ")
    found = [finding.what for finding in check_grid(grid)]
    assert found == ["lines 'by_code', 'own' name the bus 'ZZ', which is not there"]


def test_unknown_ratings_are_one_note_a_column_with_names_and_number() -> None:
    row = good().switches.record("k")
    rows = [{**row, "name": f"k{i}", "rating_a": math.nan} for i in range(20)]
    (note,) = check_grid(good().with_rows("switches", *rows))
    assert note.severity == "note"
    assert note.what.startswith("switches 'k0', 'k1', 'k2'")
    assert note.what.endswith("and 12 more: rating_a is not known (20 of 21)")


def test_a_line_whose_code_gives_the_rating_is_not_noted() -> None:
    assert math.isnan(good().lines.numbers("rating_a")[0])
    assert check_grid(good()) == ()


def test_many_missing_names_are_all_found() -> None:
    row = good().loads.record("d")
    rows = [{**row, "name": f"d{i}", "bus": f"gone{i}"} for i in range(100)]
    findings = check_grid(good().with_rows("loads", *rows))
    assert sum("which is not there" in finding.what for finding in findings) == 100
