"""`gridmend scenario`: what a user sees of scenarios, right and wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ui.conftest import Said

Gridmend = Callable[..., Said]

SHORT = """
name: short
grid: ieee123
start: 2026-07-15T12:00Z
hours: 0.5
seed: 3
policy: healing
weather: {ordinary_faults: false}
happenings:
  - {at: "12:05", fault: {element: L52}}
expect:
  - {measure: tripped, has: [Sw1]}
"""


@pytest.fixture
def short(tmp_path: Path) -> Path:
    path = tmp_path / "short.yaml"
    path.write_text(SHORT, "utf-8")
    return path


def test_what_ships_is_listed_with_its_story(gridmend: Gridmend) -> None:
    said = gridmend("scenario", "list")
    assert said.code == 0
    assert "tree-on-l52" in said.out
    assert "ieee123" in said.out


def test_a_scenario_that_is_right_is_fit_and_a_wrong_one_says_where(
    gridmend: Gridmend, short: Path
) -> None:
    assert gridmend("scenario", "check", str(short)).code == 0
    short.write_text(SHORT.replace("L52", "L520"), "utf-8")
    said = gridmend("scenario", "check", str(short), "--json")
    assert said.code == 2
    found = json.loads(said.out)
    assert not found["ok"]
    assert any("L520" in one["what"] and ":10" in one["where"] for one in found["findings"])
    short.write_text("hours: 6 days", "utf-8")
    said = gridmend("scenario", "check", str(short))
    assert said.code == 2
    assert "not fit to run" in said.out


def test_a_run_is_measured_and_held_to_what_it_expects(gridmend: Gridmend, short: Path) -> None:
    said = gridmend("scenario", "run", str(short), "--json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert found["ok"]
    assert found["policy"] == "healing"
    assert found["measures"]["customers_out_at_end"] == 184
    short.write_text(SHORT.replace("has: [Sw1]", "most: 0"), "utf-8")
    said = gridmend("scenario", "run", str(short))
    assert said.code == 3
    assert "not met: tripped" in said.out


def test_a_recorded_run_is_replayed_to_the_byte_and_beside_another_policy(
    gridmend: Gridmend, short: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    assert gridmend("scenario", "run", str(short), "--out", str(folder)).code == 0
    said = gridmend("scenario", "replay", str(folder))
    assert said.code == 0
    assert "the same bytes" in said.err
    said = gridmend("scenario", "replay", str(folder), "--policy", "crew")
    assert said.code == 0
    assert "recorded: healing" in said.out
    result = json.loads((folder / "result.json").read_text("utf-8"))
    (folder / "result.json").write_text(json.dumps(result | {"sha256": "0" * 64}), "utf-8")
    said = gridmend("scenario", "replay", str(folder))
    assert said.code == 3
    assert "NOT the same bytes" in said.err


def test_a_run_in_a_folder_that_has_one_is_refused_and_leaves_it(
    gridmend: Gridmend, short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    gridmend("scenario", "run", str(short), "--out", str(folder))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr("gridmend.runtime.exercise.exercise.rehearse", None)  # refused before it
    said = gridmend("scenario", "run", str(short), "--out", str(folder))
    assert said.code == 2
    assert "a run in" in said.err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    "given",
    [
        ("run", "no-such-scenario"), ("run", "quiet-day", "--policy", "hope"),
        ("replay", "."), ("check", "."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_how_to_mend_it(
    gridmend: Gridmend, given: tuple[str, ...], tmp_path: Path
) -> None:
    args = [str(tmp_path) if word == "." else word for word in given]
    said = gridmend("scenario", *args)
    assert said.code == 2
    assert "mend:" in said.err + said.out


def test_at_a_speed_a_run_waits_for_the_clock_and_is_the_same_run(
    gridmend: Gridmend, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    at_once = json.loads(gridmend("scenario", "run", str(short), "--json").out)
    assert not waits
    paced = json.loads(gridmend("scenario", "run", str(short), "--json", "--speed", "1").out)
    # Half an hour of the run is half an hour of the clock, less what the run itself takes.
    assert 1500 < waits[-1] <= 1800
    assert paced["measures"] == at_once["measures"]
