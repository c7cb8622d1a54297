"""Tables of sections and load points: what they become, and what is refused by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridmend.formats.read import read, write
from gridmend.model.check import check_grid
from gridmend.model.errors import FormatError
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from tests.formats.grids import unlike

SECTIONS = """feeder,section,length_km,kind,fed_by_section
A,1,0.5,main,
A,2,0.25,main,1
A,3,0.1,lateral,2
B,4,1,main,
"""
POINTS = """load_point,feeder,main_section,lateral_section,customers,average_load_mw,supply
1,A,2,3,20,0.5,11/0.4 kV transformer
2,A,1,,3,0.25,11 kV
3,B,4,,0,1,11 kV
"""


def folder(path: Path, sections: str = SECTIONS, points: str = POINTS, ties: str = "") -> Path:
    """The files in a folder; the path of the sections."""
    (path / "x_sections.csv").write_text(sections)
    (path / "x_load_points.csv").write_text(points)
    if ties:
        (path / "x_ties.csv").write_text(ties)
    return path / "x_sections.csv"


def ends(grid: Grid, switch: str) -> set[str]:
    row = grid.switches.record(switch)
    return {row["bus1"], row["bus2"]}


def test_sections_become_lines_behind_breakers_disconnects_and_fuses(tmp_path: Path) -> None:
    grid = read(folder(tmp_path))
    kinds = dict(zip(grid.switches, grid.switches["kind"], strict=True))
    assert kinds == {
        "breaker_A": "breaker", "breaker_B": "breaker", "disconnect_2": "disconnect",
        "fuse_3": "fuse", "tie_2_4": "disconnect",
    }  # fmt: skip
    assert grid.lines["length_m"].tolist() == [500, 250, 100, 1000]
    assert grid.loads["p_kw"].tolist() == [500, 250, 1000]
    assert grid.loads["customers"].tolist() == [20, 3, 0]
    assert grid.loads["kv"].tolist() == [0.4, 11, 11]
    assert list(grid.transformers) == ["1"]
    topology = Topology.of(grid)
    normal = Snapshot.normal(grid)
    assert topology.supplied(topology.energised(normal)).all()
    way = [topology.branch_names[k] for k in topology.up(normal, "load.1")]
    assert way == [
        "transformer.1", "line.3", "switch.fuse_3", "line.2", "switch.disconnect_2", "line.1",
        "switch.breaker_A",
    ]  # fmt: skip


def test_either_file_names_the_pair(tmp_path: Path) -> None:
    path = folder(tmp_path)
    assert unlike(read(path), read(tmp_path / "x_load_points.csv")) == []


def test_ties_are_at_the_far_ends_of_pairs_unless_a_file_names_them(tmp_path: Path) -> None:
    assumed = read(folder(tmp_path))
    assert ends(assumed, "tie_2_4") == {"section_2", "section_4"}
    assert any("ties are assumed" in f.what and "2–4" in f.what for f in assumed.findings)
    given = read(folder(tmp_path, ties="section_one,section_two\n1,4\n"))
    assert ends(given, "tie_1_4") == {"section_1", "section_4"}
    assert not any("ties are assumed" in f.what for f in given.findings)
    none = read(folder(tmp_path, ties="section_one,section_two\n"))
    assert not none.switches.flags("normally_open").any()


def test_failure_data_are_the_files_own_where_they_give_them(tmp_path: Path) -> None:
    rows = SECTIONS.splitlines()
    added = [",failures_per_km_year,repair_h", ",0.1,3", ",,", ",,", ",0.2,"]
    grid = read(folder(tmp_path, "\n".join(r + a for r, a in zip(rows, added, strict=True))))
    found = {name: grid.failures.record(name) for name in grid.failures if name != "transformers"}
    assert {n: (r["failures_per_km_year"], r["repair_h"]) for n, r in found.items()} == {
        "line 1": (0.1, 3.0), "lines": (0.065, 5.0), "line 4": (0.2, 5.0),
    }  # fmt: skip
    assert any("Billinton" in f.what for f in grid.findings)


def test_it_goes_through_the_native_form_and_back(tmp_path: Path) -> None:
    grid = read(folder(tmp_path))
    write(grid, tmp_path / "native")
    assert unlike(grid, read(tmp_path / "native")) == []


def test_the_check_asks_for_nothing_but_impedances_ratings_and_powers(tmp_path: Path) -> None:
    errors = [f.what for f in check_grid(read(folder(tmp_path))) if f.severity == "error"]
    lacks = ("x1_ohm is not", "x0_ohm is not", "kva is not", "no impedance", "x_pct has not")
    assert all(any(word in what for word in lacks) for what in errors), errors


def cell(text: str, line: int, column: int, value: str) -> str:
    """The text with one cell replaced, lines and columns from 1."""
    rows = [row.split(",") for row in text.splitlines()]
    rows[line - 1][column - 1] = value
    return "\n".join(",".join(row) for row in rows) + "\n"


@pytest.mark.parametrize(
    ("line", "column", "value", "what"),
    [
        (2, 5, "2", "a section feeds itself: 1 by 2 by 1"),
        (2, 5, "1", "a section feeds itself: 1 by 1"),
        (3, 5, "11", "section '2' is fed by section '11', which is not there"),
        (3, 5, "4", "section '2' of feeder A is fed by '4' of B"),
        (3, 2, "1", "section '1' is there twice"),
        (3, 2, "", "section is empty"),
        (3, 3, "-1", "length_km is '-1'"),
        (3, 3, "nan", "length_km is 'nan'"),
        (3, 3, "long", "length_km is 'long'"),
        (3, 4, "branch", "section '2' is of kind 'branch'"),
        (1, 3, "length_m", "column 'length_km' is missing"),
    ],
)
def test_sections_that_cannot_be_meant_are_refused_by_line(
    tmp_path: Path, line: int, column: int, value: str, what: str
) -> None:
    with pytest.raises(FormatError) as raised:
        read(folder(tmp_path, cell(SECTIONS, line, column, value)))
    assert what in raised.value.what
    assert "x_sections.csv, line " in raised.value.where and raised.value.mend


@pytest.mark.parametrize(
    ("line", "column", "value", "what"),
    [
        (2, 4, "9", "load point '1' is on section '9', which is not there"),
        (2, 3, "9", "load point '1' is on section '9', which is not there"),
        (2, 3, "4", "load point '1' of feeder A is on section '4' of B"),
        (3, 2, "B", "load point '2' of feeder B is on section '1' of A"),
        (3, 4, "2", ""),
        (3, 3, "3", ""),
        (3, 1, "1", "load point '1' is there twice"),
        (3, 5, "2.5", "load point '2' has 2.5 customers"),
        (3, 5, "-2", "customers is '-2'"),
        (3, 6, "nan", "average_load_mw is 'nan'"),
        (3, 7, "steam", "supply is 'steam'"),
        (3, 7, "11/0.4 kV", "supply is '11/0.4 kV'"),
        (1, 7, "supplied", "column 'supply' is missing"),
    ],
)
def test_load_points_that_cannot_be_meant_are_refused_by_line(
    tmp_path: Path, line: int, column: int, value: str, what: str
) -> None:
    path = folder(tmp_path, points=cell(POINTS, line, column, value))
    if not what:
        assert len(read(path).loads) == 3
        return
    with pytest.raises(FormatError) as raised:
        read(path)
    assert what in raised.value.what
    assert f"x_load_points.csv, line {line}" in raised.value.where and raised.value.mend


def test_a_lateral_is_behind_the_main_section_that_is_named(tmp_path: Path) -> None:
    points = POINTS.replace("1,A,2,3", "1,A,3,2")
    with pytest.raises(FormatError, match="section '2' is not behind '3'"):
        read(folder(tmp_path, points=points))


@pytest.mark.parametrize(
    ("value", "what"), [("-0.1", "is '-0.1'"), ("nan", "is 'nan'"), ("1_0", "is '1_0'")]
)
def test_rates_that_cannot_be_are_refused_by_line(tmp_path: Path, value: str, what: str) -> None:
    rows = SECTIONS.splitlines()
    text = "\n".join([f"{rows[0]},failures_per_km_year", *(f"{row},{value}" for row in rows[1:])])
    with pytest.raises(FormatError, match=f"failures_per_km_year {what}") as raised:
        read(folder(tmp_path, text))
    assert "line 2" in raised.value.where


def test_a_missing_neighbour_and_empty_files_are_said(tmp_path: Path) -> None:
    path = folder(tmp_path)
    (tmp_path / "x_load_points.csv").unlink()
    with pytest.raises(FormatError, match=r"there is no x_load_points\.csv"):
        read(path)
    for text, what in (("", "it is empty"), (SECTIONS.splitlines()[0], "it has no rows")):
        with pytest.raises(FormatError, match=what):
            read(folder(tmp_path, text))
    with pytest.raises(FormatError, match="it has no rows"):
        read(folder(tmp_path, points=POINTS.splitlines()[0]))


def test_ties_to_what_is_not_there_or_to_itself_are_refused(tmp_path: Path) -> None:
    for row, what in (("1,9", "a tie is on section '9'"), ("1,1", "joins section '1' with itself")):
        with pytest.raises(FormatError, match=what):
            read(folder(tmp_path, ties=f"section_one,section_two\n{row}\n"))
