"""Files of shapes and of who follows them: what is read, and what is refused with its line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.formats.read import read
from gridmend.formats.shape_map import read_map
from gridmend.formats.shapes import ShapeFile, on_steps, read_shapes
from gridmend.model.errors import FormatError
from gridmend.model.grid import Grid
from gridmend.model.profiles import Span

BERLIN = ZoneInfo("Europe/Berlin")


def _file(folder: Path, text: str | bytes, name: str = "S.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def _shapes(folder: Path, text: str, zone: ZoneInfo = BERLIN) -> ShapeFile:
    return read_shapes(_file(folder, text), zone=zone)


def _day(rows: int, step_h: float = 1.0, first: float = 0.0) -> str:
    lines = [f"{first + k * step_h:.10g},{k},{10 * k}" for k in range(rows)]
    return "\n".join(["hour,home,shop", *lines]) + "\n"


@pytest.mark.parametrize("first", [0.0, 1.0])
def test_hours_may_name_the_start_or_the_end_of_their_interval(
    tmp_path: Path, first: float
) -> None:
    shapes = _shapes(tmp_path, _day(4, first=first))
    assert shapes.interval_s == 3600
    np.testing.assert_array_equal(on_steps(shapes, Span(4))[:, 0], [0, 1, 2, 3])
    assert shapes.column("HOME") == 0


def test_a_spreadsheet_s_mark_and_line_ends_do_no_harm(tmp_path: Path) -> None:
    text = "\ufeff" + _day(3).replace("\n", "\r\n") + "\r\n,,\r\n"
    assert len(_shapes(tmp_path, text).values) == 3


def test_a_row_holds_over_finer_steps_and_is_averaged_over_coarser_ones(tmp_path: Path) -> None:
    shapes = _shapes(tmp_path, _day(4))
    fine = on_steps(shapes, Span(8, 1800.0))
    np.testing.assert_array_equal(fine[:, 0], [0, 0, 1, 1, 2, 2, 3, 3])
    np.testing.assert_array_equal(on_steps(shapes, Span(2, 7200.0))[:, 0], [0.5, 2.5])
    np.testing.assert_array_equal(on_steps(shapes, Span(2, hour=2.0))[:, 0], [2, 3])


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", "", "it is empty"),
        ("hour,a\n", "", "no rows"),
        ("hour\n0\n", "line 1", "no shapes"),
        ("minute,a\n0,1\n", "line 1", "the first column is 'minute'"),
        ("hour,a,A\n0,1,1\n", "line 1", "two shapes are named 'A'"),
        ("hour,a,\n0,1,1\n", "line 1", "column 3 has no name"),
        ("hour,a\n0,1\n1\n", "line 3", "the row has 1 cells"),
        ("hour,a\n0,1\n1,2,3\n", "line 3", "the row has 3 cells"),
        ("hour,a\n0,1\n1,\n", "line 3", "a value is missing in column 'a'"),
        ("hour,a\n0,1\n1,nan\n", "line 3", "'nan' is not a finite number"),
        ("hour,a\n0,1\n1,inf\n", "line 3", "'inf' is not a finite number"),
        ("hour,a\n0,1\n1,1_0\n", "line 3", "'1_0' is not a finite number"),
        ("hour,a\n0,1\n1,x\n", "line 3", "'x' is not a finite number in column 'a'"),
        ("hour,a\n0,1\nx,1\n", "line 3", "'x' is not a finite number in column 'hour'"),
        ("hour,a\n0,1\n1,1\n1,1\n2,1\n", "line 4", "1 comes twice"),
        ("hour,a\n0,1\n2,1\n1,1\n3,1\n", "line ", "stands after|it is 120 min"),
        ("hour,a\n0,1\n1,1\n3,1\n4,1\n", "line 4", "from 1 to 3 it is 120 min, elsewhere 60"),
        ("hour,a\n5,1\n6,1\n", "line 2", "the first hour is 5"),
        ("time,a\n2025-01-01,1\nyesterday,1\n", "line 3", "'yesterday' is not a time"),
        ('hour,a\n0,"1\n', "line 2", "it is not CSV"),
    ],
)
def test_what_is_wrong_in_a_file_of_shapes_is_told_with_its_line(
    tmp_path: Path, text: str, line: str, what: str
) -> None:
    with pytest.raises(FormatError, match=what) as raised:
        _shapes(tmp_path, text)
    assert "S.csv" in raised.value.where
    assert line in raised.value.where
    assert raised.value.mend


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    for content in (b"\xff\xfe\x00h", b"hour,a\n0,\x00\n"):
        with pytest.raises(FormatError, match="it is not text"):
            read_shapes(_file(tmp_path, content))
    with pytest.raises(FormatError, match="no such file"):
        read_shapes(tmp_path / "none.csv")
    with pytest.raises(FormatError, match="it is a folder"):
        read_shapes(tmp_path)


@pytest.mark.parametrize(
    ("span", "what"),
    [
        (Span(25), "it has 24 h, and the series goes to hour 25"),
        (Span(24, hour=1.0), "goes to hour 25"),
        (Span(8, 3600 * 0.7), "do not fit steps of 42 min"),
        (Span(4, 3600 * 1.5), "do not fit steps of 90 min"),
        (Span(4, 7200.0, hour=0.5), "from 30 min on"),
    ],
)
def test_a_short_shape_is_refused_and_never_filled_in(
    tmp_path: Path, span: Span, what: str
) -> None:
    with pytest.raises(FormatError, match=what) as raised:
        on_steps(_shapes(tmp_path, _day(24)), span)
    assert raised.value.mend


def _local(day: str, hours: list[str], step_values: list[float]) -> str:
    rows = [f"{day}T{h},{v}" for h, v in zip(hours, step_values, strict=True)]
    return "\n".join(["time,a", *rows])


SPRING = [f"{h:02d}:00" for h in range(24) if h != 2]
AUTUMN = [f"{h:02d}:00" for h in (0, 1, 2, 2, *range(3, 24))]


def test_the_day_on_which_summer_time_begins_has_23_hours(tmp_path: Path) -> None:
    shapes = _shapes(tmp_path, _local("2025-03-30", SPRING, list(range(23))))
    assert shapes.times[0] == np.datetime64("2025-03-29T23:00")
    assert shapes.times[-1] == np.datetime64("2025-03-30T21:00")
    begin = datetime(2025, 3, 30, tzinfo=BERLIN)
    found = on_steps(shapes, Span(23, begin=begin, zone=BERLIN))
    np.testing.assert_array_equal(found[:, 0], range(23))
    with pytest.raises(FormatError, match="goes to hour 24"):
        on_steps(shapes, Span(24, begin=begin, zone=BERLIN))


def test_the_hour_that_the_clock_skips_is_refused(tmp_path: Path) -> None:
    hours = [f"{h:02d}:00" for h in range(24)]
    with pytest.raises(FormatError, match="no 2025-03-30 02:00 in Europe/Berlin") as raised:
        _shapes(tmp_path, _local("2025-03-30", hours, [0.0] * 24))
    assert "line 4" in raised.value.where


def test_the_day_on_which_summer_time_ends_has_25_hours(tmp_path: Path) -> None:
    shapes = _shapes(tmp_path, _local("2025-10-26", AUTUMN, list(range(25))))
    assert shapes.times[0] == np.datetime64("2025-10-25T22:00")
    assert shapes.times[-1] == np.datetime64("2025-10-26T22:00")
    hours = [f"{h:02d}:00" for h in range(24)]
    with pytest.raises(FormatError, match="it is 120 min, elsewhere 60") as raised:
        _shapes(tmp_path, _local("2025-10-26", hours, [0.0] * 24))
    assert "line 5" in raised.value.where


def test_the_hour_that_comes_twice_is_told_apart_in_quarters_and_by_offset(tmp_path: Path) -> None:
    quarters = [f"{h:02d}:{m:02d}" for h in (1, 2, 2, 3) for m in (0, 15, 30, 45)]
    shapes = _shapes(tmp_path, _local("2025-10-26", quarters, list(range(16))))
    assert shapes.interval_s == 900
    assert shapes.times[-1] - shapes.times[0] == np.timedelta64(225, "m")
    rows = ["02:00+02:00,1", "02:00+01:00,2", "03:00+01:00,3"]
    shapes = _shapes(tmp_path, "time,a\n" + "\n".join(f"2025-10-26T{r}" for r in rows))
    assert shapes.times[0] == np.datetime64("2025-10-26T00:00")
    assert shapes.interval_s == 3600


@settings(max_examples=30, deadline=None)
@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 1)),
    st.sampled_from(["Europe/Berlin", "America/Chicago", "Australia/Lord_Howe", "UTC"]),
)
def test_any_three_days_of_wall_clock_times_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, first: datetime, name: str
) -> None:
    zone = ZoneInfo(name)
    begin = first.replace(minute=0, second=0, microsecond=0, tzinfo=UTC)
    instants = [begin + timedelta(minutes=30 * k) for k in range(144)]
    local = [t.astimezone(zone) for t in instants]
    # One that starts in the second pass of an hour cannot be told from its first pass.
    if local[0].fold:
        return
    rows = [f"{t:%Y-%m-%dT%H:%M},1" for t in local]
    path = _file(tmp_path_factory.mktemp("s"), "\n".join(["time,a", *rows]))
    found = read_shapes(path, zone=zone)
    assert found.times.tolist() == [t.replace(tzinfo=None) for t in instants]


def test_a_start_that_is_not_in_the_file_is_refused(tmp_path: Path) -> None:
    shapes = _shapes(tmp_path, _local("2025-07-01", SPRING[:2], [1.0, 2.0]))
    with pytest.raises(FormatError, match="begins 1 h after the series does"):
        on_steps(shapes, Span(1, begin=datetime(2025, 6, 30, 21, tzinfo=UTC)))


@pytest.fixture(scope="module")
def grid() -> Grid:
    found = read("ieee13")
    first, second, third = found.loads["name"][:3]
    found = found.with_changed(f"load.{first}", **{"class": "home"})
    found = found.with_changed(f"load.{second}", **{"class": "home"})
    return found.with_changed(f"load.{third}", fixed=True)


def _mapped(folder: Path, grid: Grid, text: str, steps: int = 4) -> dict[str, str]:
    shapes = _shapes(folder, _day(24))
    found = read_map(_file(folder, text, "M.csv"), grid, shapes, Span(steps))
    return {f"{t}.{grid.table(t)['name'][k]}": p.name for (t, k), p in found.items()}


def test_a_load_s_own_row_rules_over_its_class_and_that_over_all(
    tmp_path: Path, grid: Grid
) -> None:
    names = grid.loads["name"]
    found = _mapped(tmp_path, grid, f"load,shape\n*,shop\nclass:HOME,home\n{names[1]},Shop\n")
    assert found[f"loads.{names[0]}"] == "home"
    assert found[f"loads.{names[1]}"] == "shop"
    assert f"loads.{names[2]}" not in found
    assert found[f"loads.{names[3]}"] == "shop"
    own = _mapped(tmp_path, grid, f"element,shape\nload.{names[2].upper()},home\n")
    assert own == {f"loads.{names[2]}": "home"}


def test_reactive_power_may_follow_a_shape_of_its_own(tmp_path: Path, grid: Grid) -> None:
    shapes = _shapes(tmp_path, _day(24))
    text = "load,shape,reactive_shape\n671,home,shop\n692,home,\n"
    found = read_map(_file(tmp_path, text, "M.csv"), grid, shapes, Span(3))
    own, same = (found["loads", grid.loads.row(n)] for n in ("671", "692"))
    np.testing.assert_array_equal(own.q, 10 * own.p)
    assert same.q is same.p


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("load\n671\n", "line 1", "the columns are load"),
        ("shape,load\nhome,671\n", "line 1", "the columns are"),
        ("load,shape\n", "", "it maps nothing"),
        ("load,shape\n671\n", "line 2", "the row has 1 values"),
        ("load,shape\n671,home\n671,shop\n", "line 3", "'671' is mapped twice"),
        ("load,shape\n671,home\nload.671,shop\n", "line 3", "mapped twice"),
        ("load,shape\n*,home\n*,shop\n", "line 3", "mapped twice"),
        ("load,shape\n999,home\n", "line 2", "there is no load '999'"),
        ("load,shape\n671,hone\n", "line 2", "has no shape 'hone'"),
        ("load,shape\nclass:farm,home\n", "line 2", "no load is of class 'farm'"),
        ("element,shape\nline.650632,home\n", "line 2", "a line follows no shape"),
    ],
)
def test_what_is_wrong_in_a_map_is_told_with_its_line(
    tmp_path: Path, grid: Grid, text: str, line: str, what: str
) -> None:
    with pytest.raises(FormatError, match=what) as raised:
        _mapped(tmp_path, grid, text)
    assert line in raised.value.where
    assert raised.value.mend


def test_a_shape_below_zero_is_refused_for_a_load(tmp_path: Path, grid: Grid) -> None:
    shapes = _shapes(tmp_path, "hour,a\n0,1\n1,-0.1\n")
    path = _file(tmp_path, "load,shape\n671,a\n", "M.csv")
    with pytest.raises(FormatError, match="'a', which '671' follows, is below zero at step 1"):
        read_map(path, grid, shapes, Span(2))
