"""A series that was stopped goes on; what lies in its folder is believed, refused or replaced."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from gridmend.ui.series_store import opened
from tests.ui.series_runs import KEYS, files_of, started, until_a_block_is_there

Gridmend = Callable[..., Any]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_run_goes_on_and_its_files_are_those_of_an_uninterrupted_one(
    gridmend: Gridmend, day: list[object], tmp_path: Path, how: signal.Signals, small_blocks: None
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    steps = ["--steps", 48]
    expected = gridmend(*day, *steps, "--out", whole, "--json").json
    process = started(day, out, *steps)
    until_a_block_is_there(out, process)
    process.send_signal(how)
    _, said = process.communicate(timeout=60)
    state = json.loads((out / "series.json").read_text())
    if how is signal.SIGINT and not state["joined"]:
        assert process.returncode == 130
        assert "the same command goes on" in said
        parts = sorted((out / "parts").glob("summary-*.parquet"))
        assert sum(pq.read_table(p).num_rows for p in parts) == state["done"]
    # What a kill leaves half written is not believed, and goes.
    (out / ".summary-00000032.1.part").write_bytes(b"PAR1half")
    found = gridmend(*day, *steps, "--resume", out, "--json")
    assert found.code == 0
    assert found.json["solved_steps"] == 48 - state["done"]
    for key in ("energy_kwh", "loss_kwh", "v_min_pu", "tap_operations", "peak_step"):
        assert found.json[key] == expected[key]
    assert files_of(out) == files_of(whole)
    assert not list(out.glob(".*.part"))


def test_in_time_mode_a_stopped_run_goes_on_with_what_waits(
    gridmend: Gridmend, day: list[object], tmp_path: Path, small_blocks: None
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    options = [*day, "--step-min", 0.5, "--steps", 48, "--controls", "time"]
    gridmend(*options, "--out", whole)
    process = started(options, out)
    until_a_block_is_there(out, process)
    process.kill()
    process.communicate(timeout=60)
    assert gridmend(*options, "--out", out).code == 0
    assert files_of(out) == files_of(whole)


def test_a_finished_series_is_answered_from_its_files(
    gridmend: Gridmend, day: list[object], tmp_path: Path
) -> None:
    options = [*day, "--steps", 20, "--out", tmp_path / "out", "--json"]
    first, again = gridmend(*options).json, gridmend(*options).json
    assert again["solved_steps"] == 0
    for key in KEYS - {"seconds", "us_per_step"}:
        assert again[key] == first[key]
    assert "already solved" in gridmend(*options[:-1]).out
    assert gridmend(*options, "--overwrite").json["solved_steps"] == 20


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (["--steps", 21], "the demand is another"),
        (["--growth", 1], "the demand is another"),
        (["--noise", 1], "the demand is another"),
        (["--controls", "off"], "controls was static, is off"),
        (["--limits", "ansi-b"], "limits was ansi-a, is ansi-b"),
    ],
)
def test_another_series_in_the_same_folder_is_refused(
    gridmend: Gridmend, day: list[object], tmp_path: Path, change: list[object], what: str
) -> None:
    options = [*day, "--steps", 20, "--out", tmp_path / "out"]
    assert gridmend(*options).code == 0
    before = files_of(tmp_path / "out")
    said = gridmend(*options, *change)
    assert said.code == 2
    assert what in said.err
    assert "--overwrite" in said.err
    assert files_of(tmp_path / "out") == before


def test_another_model_in_the_same_folder_is_refused(
    gridmend: Gridmend, day: list[object], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    gridmend("series", "ieee13", "--steps", 2, "--out", out)
    said = gridmend("series", "ieee34", "--steps", 2, "--out", out)
    assert said.code == 2
    assert "the model is another" in said.err


def test_two_runs_in_one_folder_are_refused(
    gridmend: Gridmend, day: list[object], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / ".summary-00000000.7.part").write_bytes(b"PAR1half")
    with opened(out, ["summary"], inputs={}, steps=4):
        assert not list(out.glob(".*.part"))
        said = gridmend(*day, "--steps", 4, "--out", out)
    assert said.code == 2
    assert "another run is writing" in said.err


def test_files_of_no_known_series_are_not_overwritten(
    gridmend: Gridmend, day: list[object], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "voltages.parquet").write_bytes(b"mine")
    said = gridmend(*day, "--steps", 4, "--out", out)
    assert said.code == 2
    assert (out / "voltages.parquet").read_bytes() == b"mine"


def test_a_state_that_says_nothing_is_refused(
    gridmend: Gridmend, day: list[object], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for text in ("", "[]", '{"form": 9}', '{"form": 1}', "\u2713"):
        (out / "series.json").write_text(text, encoding="utf-8")
        said = gridmend(*day, "--steps", 4, "--out", out)
        assert said.code == 2
        assert "series.json" in said.err


def test_a_part_that_cannot_be_read_is_told(
    gridmend: Gridmend, day: list[object], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    gridmend(*day, "--steps", 4, "--out", out)
    (out / "summary.parquet").write_bytes(b"PAR1")
    said = gridmend(*day, "--steps", 4, "--out", out)
    assert said.code == 2
    assert "--overwrite" in said.err


def test_a_process_that_is_killed_lets_go_of_its_folder(
    gridmend: Gridmend, day: list[object], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = started(day, out, "--steps", 48)
    until_a_block_is_there(out, process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert "another run" not in gridmend(*day, "--steps", 48, "--out", out, "--overwrite").err
