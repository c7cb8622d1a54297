"""The language itself: words, numbers, positions, abbreviations, and the commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gridmend.formats.opendss import read
from gridmend.formats.opendss.arithmetic import evaluate, number
from gridmend.formats.opendss.arrays import matrix, vector
from gridmend.formats.opendss.words import pairs
from gridmend.model.errors import FormatError
from gridmend.model.grid import Grid

Read = Callable[..., Grid]


@pytest.fixture
def model(tmp_path: Path) -> Read:
    def run(*lines: str, **files: str) -> Grid:
        folder = tmp_path / "model"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            place = folder / name.replace("__", "/").replace("_dot_", ".")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        (folder / "master.dss").write_text("\n".join(("new circuit.x", *lines)))
        return read(folder / "master.dss")

    return run


def errors(grid: Grid) -> list[str]:
    return [f.what for f in grid.findings if f.severity == "error"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8 1000 /", 0.008),
        (".5 1000 /", 0.0005),
        ("1.4255 1.0871 0.001 3 * - - 115 12.47 / sqr *", 29.0315),
        ("2 3 ^", 8.0),
        ("2 3 -", -1.0),
        ("16 sqrt", 4.0),
        ("30 sin", 0.5),
        ("60 cos", 0.5),
        ("45 tan", 1.0),
        (".5 asin", 30.0),
        (".5 acos", 60.0),
        ("1 atan", 45.0),
        ("1 -1 atan2", 135.0),
        ("1 exp ln", 1.0),
        ("1000 log10", 3.0),
        ("4 inv", 0.25),
        ("pi", np.pi),
        ("2 10 swap /", 5.0),
        ("1 2 3 rollup +", 3.0),
        ("1 2 3 rolldn -", -1.0),
        ("5 +", 5.0),
    ],
)
def test_inline_arithmetic_is_reverse_polish_in_degrees(text: str, value: float) -> None:
    assert evaluate(text) == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize("text", ["", "abc", "1 0 /", "nan", "inf", "1e999", "1_0", "-1 sqrt"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        number(text)


def test_a_long_sum_takes_no_more_than_ten_registers() -> None:
    assert evaluate("1 " * 100 + "+ " * 9) == 10.0


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("New Load.a kw=1, kvar = 2", [("", "New"), ("", "Load.a"), ("kw", "1"), ("kvar", "2")]),
        ('New "Line.x y" length=3 ! said', [("", "New"), ("", "Line.x y"), ("length", "3")]),
        (
            "a=(1 2) b=[3,4] c={5} d='6' e=\"7\"",
            [("a", "1 2"), ("b", "3,4"), ("c", "5"), ("d", "6"), ("e", "7")],
        ),
        ("linecode=1/0A // said", [("linecode", "1/0A")]),
        ("kV=  4.8 kW= 140.0", [("kV", "4.8"), ("kW", "140.0")]),
        ("a , , b", [("", "a"), ("", ""), ("", "b")]),
        ("a=(1 2", [("a", "1 2")]),
        ("a=", [("a", "")]),
        ("mult=(file=a b.csv, col=2)", [("mult", "file=a b.csv, col=2")]),
        ("!all", []),
    ],
)
def test_a_line_splits_into_names_and_values(line: str, found: list[tuple[str, str]]) -> None:
    assert pairs(line) == found


def test_matrices_come_as_triangles_or_full_rows() -> None:
    expected = [[1.0, 0.5], [0.5, 2.0]]
    assert matrix("1 | .5 2", 2).tolist() == expected
    assert matrix("1, .5 | .5, 2 |", 2).tolist() == expected
    with pytest.raises(ValueError, match="rows"):
        matrix("1 | 2 | 3", 2)
    with pytest.raises(ValueError, match="numbers"):
        matrix("1 2 3 | 4", 2)


def test_elements_of_an_array_may_be_computed() -> None:
    assert vector("1, (2 3 *) 4").tolist() == [1.0, 6.0, 4.0]


def test_positional_values_fill_the_next_property(model: Read) -> None:
    grid = model(
        "new line.l a.1.2.3 b.1.2.3", "~ linecode='' length=3 3", "new load.d 1 a.2 2.4 7 .9"
    )
    assert grid.lines.record("l")["bus2"] == "b"
    load = grid.loads.record("d")
    assert (load["phases"], load["kv"], load["p_kw"]) == ("b g", 2.4, 7.0)
    assert load["q_kvar"] == pytest.approx(7.0 * np.tan(np.arccos(0.9)))


def test_positions_go_on_after_a_named_property(model: Read) -> None:
    grid = model("new linecode.c normamps=580 {580 1.25 *}")
    code = grid.line_codes.record("c")
    assert (code["rating_a"], code["emergency_rating_a"]) == (580.0, 725.0)


def test_an_abbreviation_is_the_first_property_that_begins_with_it(model: Read) -> None:
    grid = model("new load.d bus=a ph=1 kv=2.4 mode=5 kw=1")
    load = grid.loads.record("d")
    assert (load["bus"], load["model"], load["phases"]) == ("a", "constant_current", "a g")


def test_like_copies_all_that_was_said_so_far(model: Read) -> None:
    grid = model(
        "new load.a bus1=n.1 phases=1 kv=2.4 kw=5 kvar=1",
        "new load.b like=A bus1=m.2",
        "edit load.a kw=9",
    )
    assert (grid.loads.record("b")["bus"], grid.loads.record("b")["p_kw"]) == ("m", 5.0)
    assert grid.loads.record("a")["p_kw"] == 9.0


def test_elements_like_each_other_end(model: Read) -> None:
    lines = ["new load.a bus1=n", "new load.b bus1=n"]
    lines += ["edit load.a like=b", "edit load.b like=a"] * 200
    with pytest.raises(FormatError, match="by 'like'"):
        model(*lines)


def test_batchedit_edits_what_its_pattern_finds(model: Read) -> None:
    grid = model(
        *(f"new load.{name} bus1=n kw=1 kvar=0" for name in ("a1", "a2", "b1")),
        "batchedit load.^A.* kw=7",
        "batchedit load..* enabled=no",
    )
    assert grid.loads.numbers("p_kw").tolist() == [7.0, 7.0, 1.0]
    assert not grid.loads.flags("in_service").any()


@pytest.mark.parametrize("pattern", ["(a+)+$", "a*b*c*d*", "(?=a)", "[", "a{99999999999}"])
def test_patterns_that_may_run_long_are_refused(model: Read, pattern: str) -> None:
    grid = model("new load.aaaa bus1=n kw=1", f'batchedit "load.{pattern}" kw=7')
    assert len(errors(grid)) == 1
    assert grid.loads.record("aaaa")["p_kw"] == 1.0


def test_clear_in_mid_file_forgets_the_circuit(model: Read) -> None:
    grid = model("new load.a bus1=n", "clear", "new circuit.y", "new load.b bus1=m")
    assert grid.name == "y"
    assert list(grid.loads) == ["b"]
    assert "n" not in grid.buses


def test_more_lines_belong_to_the_element_last_named(model: Read) -> None:
    grid = model("new load.a bus1=n", "~ kw=1", "more kw=2", "m kvar=0", "load.a.kw=3 kvar=1")
    assert grid.loads.record("a")["p_kw"] == 3.0
    assert grid.loads.record("a")["q_kvar"] == 1.0


def test_variables_stand_for_their_values(model: Read) -> None:
    grid = model("var @size=5", "new load.a bus1=n kw=@size kvar=(@size 2 *)")
    assert grid.loads.record("a")["p_kw"] == 5.0
    assert grid.loads.record("a")["q_kvar"] == 10.0


def test_comments_are_left_out(model: Read) -> None:
    grid = model(
        "/* new load.a", "new load.b */", "// new load.c", "! x", "new load.d bus1=n !kw=9"
    )
    assert list(grid.loads) == ["d"]


def test_files_are_found_in_either_case_and_with_either_slash(model: Read) -> None:
    grid = model("redirect PARTS\\Loads.DSS", **{"parts__loads_dot_dss": "new load.a bus1=n"})
    assert list(grid.loads) == ["a"]
    assert errors(grid) == []


def test_files_name_others_from_their_own_folder(model: Read) -> None:
    grid = model(
        "redirect parts/loads.dss",
        **{
            "parts__loads_dot_dss": "redirect more.dss\nnew loadshape.s npts=2 mult=(file=s.csv)",
            "parts__more_dot_dss": "new load.a bus1=n",
            "parts__s_dot_csv": "1\n2\n",
        },
    )
    assert list(grid.loads) == ["a"]
    assert grid.shapes.record("s")["p_pu"].tolist() == [1.0, 2.0]


def test_a_column_of_a_file_with_a_header_is_an_array(model: Read) -> None:
    grid = model(
        "new loadshape.s npts=2 minterval=15 mult=(file=s.csv, col=2, header=yes) useactual=y",
        **{"s_dot_csv": "t,kw\n0,5\n1,6\n"},
    )
    row = grid.shapes.record("s")
    assert (row["p_pu"].tolist(), row["interval_min"], row["actual"]) == ([5.0, 6.0], 15.0, True)


def test_a_missing_file_of_a_shape_is_a_warning_with_its_place(model: Read) -> None:
    grid = model("new loadshape.s npts=2 mult=(file=C:\\a\\b.csv)")
    found = [f for f in grid.findings if "b.csv" in f.what]
    assert [f.severity for f in found] == ["warning"]
    assert found[0].where == "master.dss:2"


@pytest.mark.parametrize(
    ("line", "what", "mend"),
    [
        ("new lode.a bus1=n", "'lode' is not a class", "load"),
        ("new load.a bus1=n kwatt=3", "no property 'kwatt'", ""),
        ("nwe load.a", "'nwe' is not a command", "new"),
        ("new line.l bus1=a bus2=b linecode=cod", "no linecode 'cod'", "code"),
        ("edit load.zz kw=3", "no element 'load.zz'", ""),
        ("new load.a bus1=n kw=many", "'many' is not a number", ""),
        ("new regcontrol.r transformer=t9", "no transformer 't9'", ""),
        ("new autotrans.t", "cannot be held", ""),
        ("new load.a kw=3", "has no bus1", ""),
        ("new load.a bus1=n.x", "node 'x'", ""),
        ("new load.a bus1=n phases=1000000", "1e+06 is not from", ""),
        ("new transformer.t wdg=7", "no winding 7", ""),
    ],
)
def test_what_is_unknown_is_an_error_with_place_and_mend(
    model: Read, line: str, what: str, mend: str
) -> None:
    grid = model("new linecode.code", line)
    found = [f for f in grid.findings if f.severity == "error" and what in f.what]
    assert len(found) == 1, grid.findings
    assert found[0].where == "master.dss:3"
    assert mend in found[0].mend


def test_studies_are_counted_and_never_run(model: Read) -> None:
    grid = model(
        *(f"new monitor.m{i} element=line.l" for i in range(9)),
        "~ mode=1",
        "solve",
        "show taps",
        "export voltages",
        "doscmd touch x",
        "plot circuit",
    )
    assert errors(grid) == []
    notes = [f.what for f in grid.findings if f.severity == "note"]
    assert "monitors recorded and skipped: 9" in notes
    assert "study commands recorded and skipped: 5" in notes


def test_options_that_change_the_answer_are_said(model: Read) -> None:
    grid = model(
        "set loadmult=2 mode=yearly",
        "new load.a bus1=n kw=5",
        "new load.b bus1=n kw=5 status=fixed",
    )
    assert grid.loads.numbers("p_kw").tolist() == [10.0, 5.0]
    assert any("mode=yearly" in f.what for f in grid.findings if f.severity == "warning")
    assert any("loadmult=2" in f.what for f in grid.findings)


def test_opened_and_disabled_switches_are_normally_open(model: Read) -> None:
    grid = model(
        *(f"new line.s{i} bus1=a bus2=b{i} switch=y" for i in range(4)),
        "new line.l bus1=a bus2=c",
        "new line.m bus1=a bus2=d",
        "open line.s1 2",
        "disable line.s2",
        "open line.l 1",
        "open line.s3",
        "close line.s3",
        "line.m.enabled=no",
    )
    opened = dict(zip(grid.switches["name"], grid.switches["normally_open"], strict=True))
    assert opened == {"s0": False, "s1": True, "s2": True, "s3": False, "l": True}
    assert grid.switches["in_service"].all()
    assert not grid.lines.record("m")["in_service"]


def test_one_conductor_opened_alone_is_an_error(model: Read) -> None:
    grid = model("new line.s bus1=a bus2=b switch=y", "open line.s 1 2")
    assert any("one conductor" in what for what in errors(grid))


def test_devices_give_switches_their_kind_and_position(model: Read) -> None:
    grid = model(
        *(f"new line.s{i} bus1=a bus2=b{i} switch=y" for i in range(4)),
        "new line.l bus1=a bus2=c",
        "new fuse.f line.s0 1 fusecurve=tlink ratedcurrent=10",
        "new recloser.r monitoredobj=line.s1",
        "new relay.p monitoredobj=line.s2",
        "new swtcontrol.w switchedobj=line.s3 normal=open state=open",
        "new fuse.g line.l",
    )
    kinds = dict(zip(grid.switches["name"], grid.switches["kind"], strict=True))
    assert kinds == {"s0": "fuse", "s1": "recloser", "s2": "breaker", "s3": "switch"}
    assert grid.switches["normally_open"].tolist() == [False, False, False, True]
    assert any("no switches" in f.what for f in grid.findings if f.severity == "warning")


def test_a_centre_tapped_secondary_has_legs_as_far_as_its_lines_go(model: Read) -> None:
    grid = model(
        "new transformer.t phases=1 windings=3 buses=[sourcebus.2 x.1.0 x.0.2] kvs=[66.4 .12 .12]",
        "new line.s phases=2 bus1=x.1.2 bus2=y.1.2",
        "new load.d phases=2 bus1=y.1.2 kv=.208 kw=1",
        "new load.e phases=1 bus1=y.2 kv=.12 kw=1",
        "set voltagebases=[115 .208]",
        "calcv",
    )
    assert grid.windings["phases"].tolist() == ["b g", "s1 g", "g s2"]
    assert grid.lines.record("s")["phases1"] == "s1 s2"
    assert grid.loads["phases"].tolist() == ["s1 s2 g", "s2 g"]
    bus = grid.buses.record("y")
    assert (bus["base_kv"], bus["service"]) == (0.208, "secondary")


def test_ratings_never_given_stay_unknown(model: Read) -> None:
    grid = model("new line.l bus1=a bus2=b", "new transformer.t buses=[a c] kvas=[50 50]")
    line, transformer = grid.lines.record("l"), grid.transformers.record("t")
    assert np.isnan(line["rating_a"])
    assert np.isnan(line["emergency_rating_a"])
    assert transformer["rating_kva"] == 50.0
    assert np.isnan(transformer["emergency_rating_kva"])


def test_names_keep_the_case_they_were_first_written_in(model: Read) -> None:
    grid = model("new line.L bus1=N bus2=M", "new Load.Ab bus1=n", "edit LOAD.AB kw=4")
    assert list(grid.loads) == ["Ab"]
    assert "N" in list(grid.buses)
    assert grid.loads.record("ab")["bus"] == "N"
