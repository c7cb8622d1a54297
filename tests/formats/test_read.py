"""One way in: the format is told by what is there, and what is not there is said."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gridmend.formats import native
from gridmend.formats.examples import example, examples
from gridmend.formats.read import read, write
from gridmend.model.errors import FormatError
from gridmend.model.grid import Grid
from tests.formats.grids import unlike

GRID = Grid("small").with_rows("buses", {"name": "b1"})


@pytest.fixture
def opendss_calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, Any]]:
    """Stands in for the reader of OpenDSS and records what it is asked."""
    calls: list[tuple[Path, Any]] = []
    stand_in = ModuleType("gridmend.formats.opendss")

    def remember(path: Path, *, root: Path | None = None) -> Grid:
        calls.append((path, root))
        return GRID

    stand_in.read = remember  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gridmend.formats.opendss", stand_in)
    monkeypatch.setattr("gridmend.formats.opendss", stand_in, raising=False)
    return calls


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder of two examples."""
    about = {"title": "Two buses", "source": "by hand", "licence": "CC0"}
    native.write(GRID, tmp_path / "shelf" / "tiny", about=about)
    native.write(GRID, tmp_path / "shelf" / "Other")
    return tmp_path / "shelf"


def test_a_native_folder_its_json_and_its_zip_are_read(tmp_path: Path) -> None:
    write(GRID, tmp_path / "g")
    write(GRID, str(tmp_path / "g.zip"))
    for path in (tmp_path / "g", tmp_path / "g.zip", tmp_path / "g" / "grid.json"):
        assert unlike(GRID, read(path)) == []
    assert unlike(GRID, read(str(tmp_path / "g"))) == []


def test_a_dss_file_goes_to_its_reader_with_the_root(
    tmp_path: Path, opendss_calls: list[tuple[Path, Any]]
) -> None:
    (tmp_path / "feeder.DSS").touch()
    assert read(tmp_path / "feeder.DSS", root=tmp_path) is GRID
    assert opendss_calls == [(tmp_path / "feeder.DSS", tmp_path)]


def test_a_folder_with_one_master_is_read_through_it(
    tmp_path: Path, opendss_calls: list[tuple[Path, Any]]
) -> None:
    for name in ("MASTER_a.dss", "Lines.dss", "Run_Master_a.dss"):
        (tmp_path / name).touch()
    read(tmp_path)
    assert opendss_calls == [(tmp_path / "MASTER_a.dss", None)]


def test_a_folder_with_a_single_script_is_read_through_it(
    tmp_path: Path, opendss_calls: list[tuple[Path, Any]]
) -> None:
    for name in ("4bus.DSS", "readme.txt"):
        (tmp_path / name).touch()
    read(tmp_path)
    assert opendss_calls == [(tmp_path / "4bus.DSS", None)]


def test_several_masters_or_none_are_named(tmp_path: Path) -> None:
    for name in ("lines.dss", "loads.dss"):
        (tmp_path / name).touch()
    with pytest.raises(FormatError, match=r"no Master\*\.dss(.|\n)*lines\.dss"):
        read(tmp_path)
    for name in ("Master_a.dss", "Master_b.dss"):
        (tmp_path / name).touch()
    with pytest.raises(FormatError, match=r"2 master files(.|\n)*Master_a\.dss, Master_b\.dss"):
        read(tmp_path)


def test_an_empty_folder_and_a_file_of_no_format_say_what_can_be_read(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"holds no grid(.|\n)*OpenDSS file"):
        read(tmp_path)
    (tmp_path / "grid.xlsx").touch()
    with pytest.raises(FormatError, match=r"'grid\.xlsx' is of no format(.|\n)*OpenDSS file"):
        read(tmp_path / "grid.xlsx")


def test_an_example_is_read_by_its_name_in_any_case(shelf: Path) -> None:
    assert unlike(GRID, read("TINY", example_folder=shelf)) == []


def test_a_path_goes_before_an_example(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(Grid("mine").with_rows("buses", {"name": "z"}), "tiny")
    assert read("tiny", example_folder=shelf).name == "mine"


def test_the_nearest_examples_are_named_for_what_is_not_there(shelf: Path) -> None:
    with pytest.raises(FormatError, match=r"'tinny'(.|\n)*nearest names are tiny"):
        read("tinny", example_folder=shelf)
    with pytest.raises(FormatError, match="the examples are Other, tiny"):
        read("x", example_folder=shelf)


@pytest.mark.parametrize("name", ["", "\0", "a" * 5000])
def test_a_name_that_no_file_can_have_is_still_an_error_of_the_format(
    name: str, shelf: Path
) -> None:
    with pytest.raises(FormatError):
        read(name, example_folder=shelf)


def test_examples_say_title_size_source_and_licence(shelf: Path) -> None:
    assert [found.name for found in examples(shelf)] == ["Other", "tiny"]
    tiny = example("tiny", shelf)
    assert (tiny.title, tiny.buses, tiny.customers) == ("Two buses", 1, 0)
    assert (tiny.source, tiny.licence) == ("by hand", "CC0")
    assert example("other", shelf).title == "small"


def test_no_examples_are_no_error_but_an_unknown_one_is(tmp_path: Path) -> None:
    assert examples(tmp_path / "absent") == []
    with pytest.raises(FormatError, match=r"no example 'x'(.|\n)*not installed"):
        example("x", tmp_path / "absent")


def test_an_example_that_does_not_say_what_it_is_is_named(shelf: Path) -> None:
    (shelf / "tiny" / "grid.json").write_text("[]")
    with pytest.raises(FormatError, match="'tiny' does not say what it is"):
        examples(shelf)


def test_every_example_that_ships_can_be_read() -> None:
    for shipped in examples():
        grid = read(shipped.name)
        assert len(grid.buses) == shipped.buses
        assert grid.customer_count() == shipped.customers
        assert shipped.source and shipped.licence


@pytest.mark.parametrize("name", ["out.dss", "out.xml"])
def test_a_format_without_writer_names_those_there_are(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError, match=r"no writer for(.|\n)*ending in \.zip"):
        write(GRID, tmp_path / name)
