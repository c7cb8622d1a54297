import csv
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Gridmend = Callable[..., Any]

KEYS = {
    "converged", "iterations", "mismatch_pu", "v_min_pu", "v_max_pu", "worst_bus", "load_kw",
    "source_kw", "loss_kw", "loss_kvar", "taps", "capacitors", "switches", "seconds",
}  # fmt: skip

OVERLOADED = """Clear
New Circuit.weak basekv=12.47 bus1=src pu=1.0 MVAsc3=20 MVAsc1=20
New Line.a bus1=src bus2=end length=10 units=km
New Load.much bus1=end kv=12.47 kw=90000 kvar=30000 model=1 vminpu=0.01
Set voltagebases=[12.47]
Calcvoltagebases
Solve
"""


def test_solve_answers_with_every_key_of_the_design(gridmend: Gridmend) -> None:
    said = gridmend("solve", "ieee123", "--json")
    assert said.code == 0
    assert said.json.keys() >= KEYS
    assert said.json["converged"] is True
    assert said.json["source_kw"] == pytest.approx(
        said.json["load_kw"] + said.json["loss_kw"], rel=1e-6
    )


def test_solve_shows_a_planner_voltages_losses_loading_and_taps(gridmend: Gridmend) -> None:
    said = gridmend("solve", "ieee123")
    assert said.code == 0
    for word in ("losses", "lowest pu", "at bus", "tap ", "switches open"):
        assert word in said.out
    assert "Traceback" not in said.err


def test_controls_off_leaves_every_tap(gridmend: Gridmend) -> None:
    fixed = gridmend("solve", "ieee123", "--controls", "off", "--json").json["taps"]
    settled = gridmend("solve", "ieee123", "--json").json["taps"]
    assert fixed.keys() == settled.keys()
    assert fixed != settled


def test_what_solve_answers_may_be_given_back_as_positions(
    gridmend: Gridmend, tmp_path: Path
) -> None:
    first = gridmend("solve", "ieee123", "--json")
    file = tmp_path / "positions.json"
    file.write_text(first.out, encoding="utf-8")
    again = gridmend("solve", "ieee123", "--controls", "off", "--positions", file, "--json")
    assert again.code == 0
    assert again.json["taps"] == first.json["taps"]
    assert again.json["v_min_pu"] == pytest.approx(first.json["v_min_pu"], abs=1e-7)


def test_an_opened_switch_takes_its_load_away(gridmend: Gridmend, tmp_path: Path) -> None:
    switches = gridmend("solve", "ieee123", "--json").json["switches"]
    closed = [name for name, word in switches.items() if word == "closed"]
    file = tmp_path / "open.json"
    file.write_text(json.dumps({"switches": dict.fromkeys(closed, "open")}))
    said = gridmend("solve", "ieee123", "--positions", file, "--json")
    assert said.json["load_kw"] < 100 or said.json["converged"] is False


def test_csv_files_have_the_columns_of_the_design(gridmend: Gridmend, tmp_path: Path) -> None:
    v, e = tmp_path / "v.csv", tmp_path / "e.csv"
    said = gridmend("solve", "ieee123", "--out", v, "--elements", e, "--json")
    assert said.code == 0
    with v.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["bus", "phase", "v_pu", "angle_deg", "v_kv"]
    values = [float(row["v_pu"]) for row in rows]
    assert min(v for v in values if v > 0.1) == pytest.approx(said.json["v_min_pu"], abs=1e-9)
    with e.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "element", "terminal", "phase", "p_kw", "q_kvar", "i_a", "rating_a", "loading_pct",
    ]  # fmt: skip
    assert "nan" not in e.read_text()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["e.csv", "v.csv"]


def test_no_convergence_exits_3_and_says_so(gridmend: Gridmend, tmp_path: Path) -> None:
    model = tmp_path / "weak.dss"
    model.write_text(OVERLOADED)
    said = gridmend("solve", model, "--json")
    assert said.code == 3
    assert said.json["converged"] is False
    plain = gridmend("solve", model)
    assert plain.code == 3
    assert "NOT CONVERGED" in plain.out


BAD_POSITIONS = {
    "not JSON": "{",
    "a list": "[1, 2]",
    "a number": "3",
    "an unknown key": '{"tapes": {}}',
    "taps that are a list": '{"taps": [1]}',
    "an unknown control": '{"taps": {"nobody": 1}}',
    "a broken step": '{"taps": {"creg1a": 1.5}}',
    "a step beyond the range": '{"taps": {"creg1a": 99}}',
    "true for a step": '{"taps": {"creg1a": true}}',
    "a switch half open": '{"switches": {"sw1": "ajar"}}',
    "a switch as an object": '{"switches": {"sw1": {}}}',
    "an unknown capacitor": '{"capacitors": {"c0": 1}}',
    "a huge number": '{"capacitors": {"c83": 100000000000000000000000}}',
    "deep nesting": "[" * 100_000,
    "nothing": "",
}


@pytest.mark.parametrize("text", BAD_POSITIONS.values(), ids=BAD_POSITIONS.keys())
def test_positions_that_cannot_be_are_refused(
    gridmend: Gridmend, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "positions.json"
    file.write_text(text)
    said = gridmend("solve", "ieee123", "--positions", file, "--json")
    assert said.code == 2
    assert said.json["error"]["what"]
    assert said.err == ""


def test_positions_that_are_not_text_are_refused(gridmend: Gridmend, tmp_path: Path) -> None:
    file = tmp_path / "positions.json"
    file.write_bytes(b"\xff\xfe\x00\x9f")
    assert gridmend("solve", "ieee123", "--positions", file, "--json").code == 2
    assert gridmend("solve", "ieee123", "--positions", tmp_path, "--json").code == 2
    assert gridmend("solve", "ieee123", "--positions", tmp_path / "none", "--json").code == 2


def test_outputs_that_cannot_be_written_are_refused_before_any_work(
    gridmend: Gridmend, tmp_path: Path
) -> None:
    model = tmp_path / "weak.dss"
    model.write_text(OVERLOADED)
    same = tmp_path / "same.csv"
    for option in (
        ["--out", tmp_path],
        ["--out", tmp_path / "none" / "v.csv"],
        ["--out", model],
        ["--out", same, "--elements", same],
        ["--elements", tmp_path],
    ):
        said = gridmend("solve", model, *option, "--json")
        assert said.code == 2, option
        assert said.json["error"]["what"]
    assert model.read_text() == OVERLOADED
    assert [p.name for p in tmp_path.iterdir()] == ["weak.dss"]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_without_permission_is_said(gridmend: Gridmend, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert gridmend("solve", "ieee123", "--out", locked / "v.csv", "--json").code == 2


def test_a_model_with_errors_is_refused_and_points_to_check(
    gridmend: Gridmend, tmp_path: Path
) -> None:
    from gridmend.formats.read import read, write

    grid = read("ieee123")
    write(grid.with_changed("line.L52", length_m=-1.0), tmp_path / "bad")
    said = gridmend("solve", tmp_path / "bad", "--json")
    assert said.code == 2
    assert "gridmend check" in said.json["error"]["mend"]
    checked = gridmend("check", tmp_path / "bad", "--json")
    assert checked.code == 2
    assert checked.json["ok"] is False


def test_an_answer_is_one_json_object_without_what_json_lacks() -> None:
    from gridmend.ui.answer import plain

    assert plain({"a": math.nan, "b": [math.inf, 1.5], 3: (True, None)}) == {
        "a": None, "b": [None, 1.5], "3": [True, None],
    }  # fmt: skip
