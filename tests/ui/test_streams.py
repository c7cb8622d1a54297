import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Gridmend = Callable[..., Any]


def _in_ascii(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gridmend.ui.cli", *arguments],
        cwd=cwd, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip


def test_a_terminal_without_unicode_is_told_in_plain_letters(tmp_path: Path) -> None:
    done = _in_ascii("restore", "ieee123", "--fault", "L52", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "SAIDI 180.00 min" in done.stdout
    assert done.stdout.isascii()


def test_an_error_about_a_name_in_any_script_is_said_in_any_encoding(tmp_path: Path) -> None:
    plain = _in_ascii("check", "nöpe-変電所", cwd=tmp_path)
    assert plain.returncode == 2
    assert "Traceback" not in plain.stderr
    assert "nope-???" in plain.stderr
    answer = _in_ascii("check", "nöpe-変電所", "--json", cwd=tmp_path)
    assert answer.returncode == 2
    assert "nöpe-変電所" in json.loads(answer.stdout)["error"]["what"]


def test_without_a_command_the_help_is_shown_and_not_called_an_error(gridmend: Gridmend) -> None:
    said = gridmend()
    assert said.err.startswith("Usage: gridmend")
    assert "error" not in said.err


def test_a_word_that_is_no_choice_is_refused_with_the_choices(gridmend: Gridmend) -> None:
    said = gridmend("solve", "ieee13", "--controls", "time")
    assert "'time' is not one of 'off', 'static'" in said.err
    assert "Value error" not in said.err


@pytest.mark.parametrize("repair_min", ["1e308", "inf", "nan", "-5", "20161"])
def test_a_repair_that_cannot_be_is_refused(gridmend: Gridmend, repair_min: str) -> None:
    said = gridmend("restore", "ieee123", "--fault", "L52", "--repair-min", repair_min, "--json")
    assert said.code == 2
    assert said.json["error"]["where"] == "--repair-min"


def test_an_output_never_overwrites_a_table_of_the_model(
    gridmend: Gridmend, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    assert gridmend("convert", "ieee13", model).code == 0
    before = (model / "buses.csv").read_bytes()
    for option in ("--out", "--elements"):
        said = gridmend("solve", model, option, model / "buses.csv", "--json")
        assert said.code == 2
        assert "overwritten" in said.json["error"]["what"]
    assert (model / "buses.csv").read_bytes() == before


def test_an_output_never_overwrites_a_script(gridmend: Gridmend, tmp_path: Path) -> None:
    codes = tmp_path / "codes.dss"
    codes.write_text("! what a master may redirect to\n")
    said = gridmend("solve", "ieee13", "--out", codes, "--json")
    assert said.code == 2
    assert codes.read_text() == "! what a master may redirect to\n"


def test_an_output_may_be_written_again(gridmend: Gridmend, tmp_path: Path) -> None:
    out = tmp_path / "v.csv"
    assert gridmend("solve", "ieee13", "--out", out).code == 0
    first = out.read_bytes()
    assert gridmend("solve", "ieee13", "--out", out).code == 0
    assert out.read_bytes() == first


@pytest.mark.parametrize(
    ("positions", "named"),
    [({"taps": {"nope": 1}}, "nope"), ({"taps": {"Reg1": 99}}, "99"), ({"tap": {}}, "tap")],
)
def test_positions_that_do_not_fit_are_said_with_their_file_and_a_mend(
    gridmend: Gridmend, tmp_path: Path, positions: dict[str, Any], named: str
) -> None:
    file = tmp_path / "p.json"
    file.write_text(json.dumps(positions))
    error = gridmend("solve", "ieee13", "--positions", file, "--json").json["error"]
    assert named in error["what"]
    assert str(file) in error["where"]
    assert error["mend"]


@pytest.mark.parametrize("command", [["restore", "ieee123"], ["demo"]])
def test_a_fault_that_is_not_there_is_said_with_its_option_and_a_name_that_is(
    gridmend: Gridmend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    error = gridmend(*command, "--fault", "zzz", "--json").json["error"]
    assert error["where"] == "--fault zzz"
    assert "line.L115" in error["mend"]
    assert list(tmp_path.iterdir()) == []


def test_the_demonstration_says_who_is_out_when_switches_go_back(
    gridmend: Gridmend, tmp_path: Path
) -> None:
    said = gridmend("demo", "--out", tmp_path / "pictures")
    assert "after the repair 470 customers are out once more for 30 s" in said.out


def test_words_of_a_step_stay_whole_in_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    from gridmend.ui import screen

    shown = screen.table("", ("step", "why"), [("close Sw11", "a tie: brings back customers " * 5)])
    console = Console(width=screen.NARROWEST_COLUMNS)
    with console.capture() as captured:
        console.print(shown)
    assert "close Sw11" in captured.get()
    for words in ("brings back", "customers"):
        assert words in captured.get()


def test_a_file_named_in_the_wrong_case_is_pointed_out(gridmend: Gridmend, tmp_path: Path) -> None:
    (tmp_path / "Feeder.dss").write_text("clear\n")
    error = gridmend("check", tmp_path / "feedr.DSS", "--json").json["error"]
    assert "Feeder.dss" in error["mend"]
    assert str(tmp_path) in error["mend"]


def test_what_is_known_beforehand_is_a_note_and_not_somebody_who_stays_out(
    gridmend: Gridmend,
) -> None:
    said = gridmend("restore", "ieee123", "--fault", "load.S1a")
    assert "note: load.S1a is not a branch" in said.out
    assert "stays out: 13 customers on load.S1a: until it is repaired" in said.out
    answer = gridmend("restore", "ieee123", "--fault", "load.S1a", "--json").json["plans"][0]
    assert all(sentence.split()[1].startswith("customer") for sentence in answer["left_out"])


def test_what_was_beyond_a_limit_before_the_fault_is_told(gridmend: Gridmend) -> None:
    said = gridmend("restore", "ieee8500", "--fault", "LN6440069-1")
    assert "beyond a limit before the fault already, and not held against the plan" in said.out
