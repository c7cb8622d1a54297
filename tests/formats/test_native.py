"""The native format: nothing is lost on the way, and what is wrong is said with its place."""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridmend.formats import native, native_files
from gridmend.model.errors import Finding, FormatError
from gridmend.model.grid import Grid
from tests.formats.grids import grids, unlike

BUS = {"name": "b1", "base_kv": 12.47}
ABOUT = '{"format": "gridmend", "version": 1, "name": "x", "frequency_hz": 60, "provenance": ""}'


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A small good grid on disk, to be spoiled."""
    grid = Grid("small", provenance="by hand").with_rows("buses", BUS, {"name": "b2"})
    code = {"name": "c", "r_ohm_per_km": [[0.1, 0.2], [0.2, 0.1]], "x_ohm_per_km": [[1, 2], [2, 1]]}
    grid = grid.with_rows("line_codes", code)
    native.write(grid, tmp_path / "small")
    yield tmp_path / "small"


def spoil(folder: Path, table: str, content: str) -> FormatError:
    """What is said when a table has this content."""
    (folder / table).write_text(content, encoding="utf-8", newline="")
    with pytest.raises(FormatError) as caught:
        native.read(folder)
    assert caught.value.where, "an error says where"
    assert caught.value.mend, "an error says how to mend"
    return caught.value


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(grid=grids(), zipped=st.booleans())
def test_any_grid_comes_back_to_the_last_bit(grid: Grid, zipped: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / ("grid.zip" if zipped else "grid")
        native.write(grid, out)
        assert unlike(grid, native.read(out)) == []


def test_findings_and_provenance_travel_with_the_grid(tmp_path: Path) -> None:
    grid = Grid("g", provenance="made by hand").with_rows("buses", BUS)
    grid = grid.with_findings([Finding("warning", "odd", "line 3", "look")])
    native.write(grid, tmp_path / "g")
    assert native.read(tmp_path / "g").findings == grid.findings
    assert native.read(tmp_path / "g").provenance == "made by hand"


def test_empty_tables_and_columns_at_default_are_left_out(folder: Path) -> None:
    assert sorted(f.name for f in folder.iterdir()) == ["buses.csv", "grid.json", "line_codes.csv"]
    assert (folder / "buses.csv").read_text() == "name,base_kv\nb1,12.47\nb2,\n"


def test_a_minus_zero_is_not_taken_for_the_default(tmp_path: Path) -> None:
    source = {"name": "s", "bus": "b", "base_kv": 1, "x1_ohm": 1, "x0_ohm": 1, "angle_deg": -0.0}
    native.write(Grid("g").with_rows("sources", source), tmp_path / "g")
    angle = native.read(tmp_path / "g").sources.numbers("angle_deg")[0]
    assert math.copysign(1, angle) == -1


def test_equal_grids_are_equal_files(tmp_path: Path, folder: Path) -> None:
    grid = native.read(folder)
    for name in ("a.zip", "b.zip"):
        native.write(grid, tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_equal_matrices_are_read_as_one_read_only_array(folder: Path) -> None:
    codes = native.read(folder).line_codes
    assert not codes["r_ohm_per_km"][0].flags.writeable
    assert not codes["r_ohm_per_km"].flags.writeable
    text = (folder / "line_codes.csv").read_text()
    (folder / "line_codes.csv").write_text(
        text + text.splitlines()[1].replace("c,", "d,", 1) + "\n"
    )
    codes = native.read(folder).line_codes
    assert codes["r_ohm_per_km"][0] is codes["r_ohm_per_km"][1]


def test_a_table_saved_by_a_spreadsheet_is_read(folder: Path) -> None:
    content = "\ufeffname,base_kv,service\r\nb1,12.47,\r\n\r\nb2,,secondary\r\n"
    (folder / "buses.csv").write_text(content, encoding="utf-8", newline="")
    buses = native.read(folder).buses
    assert buses.texts("service") == ["primary", "secondary"]
    assert np.isnan(buses.numbers("base_kv")[1])


def test_flags_are_read_in_any_case(folder: Path) -> None:
    fault = "name,bus1,phases1,bus2,phases2,in_service\nf,b1,a,b1,g,FALSE\n"
    (folder / "faults.csv").write_text(fault)
    assert native.read(folder).faults.flags("in_service").tolist() == [False]


def test_writing_again_takes_stale_tables_away(folder: Path) -> None:
    native.write(Grid("other").with_rows("buses", BUS), folder)
    assert not (folder / "line_codes.csv").exists()
    assert native.read(folder).name == "other"


def test_a_folder_of_other_files_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(FormatError, match="holds other files and no grid"):
        native.write(Grid("g").with_rows("buses", BUS), tmp_path)


@pytest.mark.parametrize(
    ("content", "what", "where"),
    [
        (
            "name,base_kv\nb1,12\nb2,twelve\n",
            "'twelve' is not a number",
            "buses.csv:3, column base_kv",
        ),
        ("name,base_kv\nb1,1_000\n", "'1_000' is not a number", "buses.csv:2, column base_kv"),
        ("name,base_kv\nb1,inf\n", "'inf' is not finite", "buses.csv:2, column base_kv"),
        ("name,base_kv\nb1,1e999\n", "'1e999' is not finite", "buses.csv:2, column base_kv"),
        ('name,x\n"b\n1",1\nb2,z\n', "'z' is not a number", "buses.csv:4, column x"),
        ("name,base_kv\nb1,1\n\n\nb2,z\n", "'z' is not a number", "buses.csv:5, column base_kv"),
        ("name,base_kv\nb1\n", "has 1 cells, not 2", "buses.csv:2"),
        ("name,base_kv\nb1,1,2\n", "has 3 cells, not 2", "buses.csv:2"),
        ("name,basekv\nb1,1\n", "has no column 'basekv'", "buses.csv:1"),
        ("name,x,x\nb1,1,2\n", "column 'x' is there twice", "buses.csv:1"),
        ("base_kv\n1\n", "column 'name' is missing", "buses.csv:1"),
        ("", "no header", "buses.csv:1"),
        ("name\nb1\nB1\n", "two rows of buses are named 'B1'", "buses.csv:3, and line 2"),
        ("name,x\n,1\n", "is empty", "buses.csv:2, column name"),
        ("name,service\nb1,third\n", "'third' is no service", "buses.csv:2, column service"),
        ('name\n"b1\n', "not a CSV table", "buses.csv:2"),
        ("line_code\n", "has no column 'line_code'", "buses.csv:1"),
    ],
)
def test_a_wrong_table_is_said_with_line_and_column(
    folder: Path, content: str, what: str, where: str
) -> None:
    error = spoil(folder, "buses.csv", content)
    assert what in error.what
    assert error.where.endswith(where)


def test_the_nearest_column_is_named(folder: Path) -> None:
    assert "base_kv" in spoil(folder, "buses.csv", "name,basekv\nb1,1\n").mend


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("1 2 | 3", "not a square matrix: 2 rows of 2, 1 numbers"),
        ("1 2 | 3 4 | 5 6", "not a square matrix: 3 rows of 2, 2, 2 numbers"),
        ("1 x | 3 4", "holds 'x', which is not a number"),
        ("1 inf | 3 4", "holds 'inf', which is not finite"),
    ],
)
def test_a_wrong_matrix_is_said_with_its_place(folder: Path, cell: str, what: str) -> None:
    error = spoil(folder, "line_codes.csv", f"name,x_ohm_per_km\nc,1\nd,{cell}\n")
    assert what in error.what
    assert error.where.endswith("line_codes.csv:3, column x_ohm_per_km")


@pytest.mark.parametrize(
    ("cell", "what"),
    [("maybe", "neither true nor false"), ("1", "neither true nor false")],
)
def test_a_wrong_flag_is_said(folder: Path, cell: str, what: str) -> None:
    header = "name,bus1,phases1,bus2,phases2,in_service"
    assert what in spoil(folder, "faults.csv", f"{header}\nf,b1,a,b1,g,{cell}\n").what


@pytest.mark.parametrize("cell", ["1.5", "one", "1_0", "9" * 30])
def test_a_wrong_count_is_said(folder: Path, cell: str) -> None:
    error = spoil(folder, "transformers.csv", f"name,phase_count\nt,{cell}\n")
    assert "is not a whole number" in error.what


def test_a_required_number_may_be_unknown_but_not_empty(folder: Path) -> None:
    header = "name,bus1,phases1,bus2,phases2,length_m\n"
    assert "is empty" in spoil(folder, "lines.csv", header + "l,b1,a,b2,a,\n").what
    (folder / "lines.csv").write_text(header + "l,b1,a,b2,a,nan\n")
    assert np.isnan(native.read(folder).lines.numbers("length_m")[0])


def test_a_table_that_is_not_known_is_named_with_the_nearest(folder: Path) -> None:
    error = spoil(folder, "busses.csv", "name\nb\n")
    assert "'busses.csv'" in error.what
    assert "buses.csv" in error.mend


def test_bytes_that_are_no_text_are_said_with_their_line(folder: Path) -> None:
    (folder / "buses.csv").write_bytes(b"name\nb1\nb\xff\n")
    with pytest.raises(FormatError, match=r"0xff is not UTF-8(.|\n)*buses.csv:3"):
        native.read(folder)


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(noise=st.binary(max_size=300), file=st.sampled_from(["buses.csv", "grid.json", "x.zip"]))
def test_noise_is_an_error_of_the_format_or_a_grid(
    noise: bytes, file: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    where = tmp_path_factory.mktemp("noise")
    (where / "grid.json").write_text(ABOUT)
    (where / file).write_bytes(noise)
    try:
        native.read(where / file if file.endswith(".zip") else where)
    except FormatError as error:
        assert error.mend
    finally:
        shutil.rmtree(where)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("{", "not JSON"),
        ("[1]", "does not say that this is a grid"),
        ("[" * 100_000, "not JSON"),
        (ABOUT.replace("gridmend", "other"), "does not say that this is a grid"),
        (ABOUT.replace('"version": 1', '"version": 99'), "version 99 of the format is newer"),
        (ABOUT.replace("60", "-60"), "frequency_hz is -60"),
        (ABOUT.replace("60", "NaN"), "frequency_hz is nan"),
        (ABOUT.replace('"x"', "5"), "name or provenance is not text"),
        (ABOUT.replace("}", ', "findings": [1]}'), "findings are not lists"),
        (ABOUT.replace("}", ', "findings": [["fatal", "", "", ""]]}'), "findings are not lists"),
    ],
)
def test_a_wrong_grid_json_is_said(folder: Path, content: str, what: str) -> None:
    assert what in spoil(folder, "grid.json", content).what


def test_an_empty_folder_a_missing_one_and_one_without_tables_are_said(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"it has no grid\.json"):
        native.read(tmp_path)
    with pytest.raises(FormatError, match="there is no"):
        native.read(tmp_path / "absent")
    (tmp_path / "grid.json").write_text(ABOUT)
    with pytest.raises(FormatError, match="holds no table"):
        native.read(tmp_path)


def test_a_cell_beyond_the_limit_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import csv

    monkeypatch.setattr(native, "CELL_LIMIT", csv.field_size_limit())
    error = spoil(folder, "buses.csv", "name\n" + "b" * (csv.field_size_limit() + 1) + "\n")
    assert "field larger than field limit" in error.what


def test_a_year_of_minutes_fits_in_a_cell(tmp_path: Path) -> None:
    points = np.random.default_rng(0).random(525_600)
    native.write(Grid("g").with_rows("shapes", {"name": "s", "p_pu": points}), tmp_path / "g.zip")
    assert np.array_equal(native.read(tmp_path / "g.zip").shapes["p_pu"][0], points)


def zipped(path: Path, entries: dict[str, bytes]) -> Path:
    """A zip file with these entries."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "name", ["../buses.csv", "/etc/buses.csv", "a/../../buses.csv", "C:/b.csv"]
)
def test_a_zip_entry_that_points_outside_is_refused(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "slip.zip", {"grid.json": ABOUT.encode(), name: b"name\nb\n"})
    with pytest.raises(FormatError, match="points outside of it"):
        native.read(path)


def test_a_zip_bomb_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped(
        tmp_path / "bomb.zip", {"grid.json": ABOUT.encode(), "buses.csv": bytes(80 << 20)}
    )
    assert bomb.stat().st_size < 1 << 20
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(FormatError, match="more than a grid's tables can be"):
        native.read(bomb)


def test_a_zip_of_more_than_the_limit_is_refused_whatever_its_ratio(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    native.write(native.read(folder), tmp_path / "g.zip")
    monkeypatch.setattr(native_files, "FILE_LIMIT_BYTES", 100)
    with pytest.raises(FormatError, match="more than a grid's tables can be"):
        native.read(tmp_path / "g.zip")


def test_a_file_beyond_the_limit_is_refused_unread(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.truncate(folder / "buses.csv", native_files.FILE_LIMIT_BYTES + 1)
    with pytest.raises(FormatError, match="more than a grid's tables can be"):
        native.read(folder)


def test_a_zip_of_a_folder_is_read_like_a_zip_of_its_files(tmp_path: Path, folder: Path) -> None:
    entries = {f"small/{f.name}": f.read_bytes() for f in folder.iterdir()}
    assert unlike(native.read(folder), native.read(zipped(tmp_path / "s.zip", entries))) == []


def test_a_zip_of_two_grids_says_so(tmp_path: Path) -> None:
    path = zipped(tmp_path / "two.zip", {"a/grid.json": b"{}", "b/grid.json": b"{}"})
    with pytest.raises(FormatError, match="holds 2 grids: in a, b"):
        native.read(path)


def test_a_truncated_zip_says_so(tmp_path: Path, folder: Path) -> None:
    native.write(native.read(folder), tmp_path / "g.zip")
    whole = (tmp_path / "g.zip").read_bytes()
    (tmp_path / "g.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FormatError, match="not a zip file that can be read"):
        native.read(tmp_path / "g.zip")


@pytest.mark.parametrize(
    ("table", "row", "what"),
    [
        ("buses", {"name": "b", "base_kv": math.inf}, "inf is not finite"),
        ("substations", {"name": "s", "bus": ""}, "is empty"),
        ("shapes", {"name": "s", "p_pu": [math.inf]}, "not finite"),
        ("line_codes", {"name": "c", "x_ohm_per_km": [1.0, 2.0]}, "square"),
        ("shapes", {"name": "s", "p_pu": [[1.0]]}, "one dimension"),
        ("buses", {"name": "b\ud800"}, "not a character"),
        ("geometries", {"name": "g", "conductors": ("",)}, "one empty name"),
    ],
)
def test_what_would_not_read_back_is_not_written(
    tmp_path: Path, table: str, row: dict[str, object], what: str
) -> None:
    with pytest.raises(FormatError, match=what):
        native.write(Grid("g").with_rows(table, row), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_fifteen_thousand_rows_are_read_in_a_third_of_a_second(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    buses = [{"name": f"bus{i}", "base_kv": 7.2, "x": rng.random()} for i in range(5000)]
    lines = [
        {
            "name": f"line{i}",
            "bus1": f"bus{i}",
            "phases1": "a b c",
            "bus2": f"bus{i + 1}",
            "phases2": "a b c",
            "length_m": rng.random(),
            "line_code": "c",
            "rating_a": rng.random(),
        }
        for i in range(4999)
    ]
    loads = [
        {"name": f"load{i}", "bus": f"bus{i}", "phases": "a n", "kv": 7.2, "p_kw": rng.random()}
        for i in range(5000)
    ]
    grid = (
        Grid("g").with_rows("buses", *buses).with_rows("lines", *lines).with_rows("loads", *loads)
    )
    native.write(grid, tmp_path / "g")
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        native.read(tmp_path / "g")
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.3


def test_an_example_says_what_it_is(tmp_path: Path) -> None:
    native.write(Grid("g").with_rows("buses", BUS), tmp_path / "g", about={"title": "A grid"})
    about = json.loads((tmp_path / "g" / "grid.json").read_text())
    assert (about["title"], about["buses"], about["customers"]) == ("A grid", 1, 0)


@pytest.mark.parametrize("names", [("a;b", "c"), ("a\\", "b"), ("\\;", ""), ("", ""), ("a\\;b",)])
def test_names_that_hold_the_separator_come_back(tmp_path: Path, names: tuple[str, ...]) -> None:
    grid = Grid("g").with_rows("geometries", {"name": "g", "conductors": names})
    native.write(grid, tmp_path / "g")
    assert native.read(tmp_path / "g").geometries["conductors"][0] == names
