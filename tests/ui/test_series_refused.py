"""What a series cannot do is told before anything is solved, with how to mend it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Gridmend = Callable[..., Any]


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--steps", 0], "0 steps"),
        (["--steps", 10**9], "1,000,000,000 steps"),
        (["--steps", 2, "--step-min", 0], "a step of 0 min"),
        (["--steps", 2, "--step-min", "nan"], "a step of nan min"),
        (["--steps", 2, "--start", "tomorrow"], "'tomorrow' is not a time"),
        (["--steps", 2, "--start", "-1"], "hour -1 is before"),
        (["--steps", 2, "--start", "0001-01-01T00:00"], "out of reach"),
        (["--steps", 2, "--zone", "Europe/Berlim"], "no time zone 'Europe/Berlim'"),
        (["--steps", 2, "--zone", "../x"], "no time zone"),
        (
            ["--steps", 2, "--zone", "Europe/Berlin", "--start", "2025-10-26T02:30"],
            "comes twice",
        ),
        (
            ["--steps", 2, "--zone", "Europe/Berlin", "--start", "2025-03-30T02:30"],
            "there is no 2025-03-30 02:30",
        ),
        (["--steps", 2, "--shapes", "S.csv"], "--shapes and --map go together"),
        (["--steps", 2, "--map", "M.csv"], "--shapes and --map go together"),
        (["--steps", 2, "--shapes", "no.csv", "--map", "no.csv"], "there is no such file"),
        (["--steps", 2, "--growth", "much"], "growth of 'much'"),
        (["--steps", 2, "--growth", "1", "--growth", "2"], "given twice"),
        (["--steps", 2, "--growth", "farm=1"], "no load is of class 'farm'"),
        (["--steps", 2, "--noise", "-1"], "noise of -1"),
        (["--steps", 2, "--threads", 0], "--threads"),
        (["--steps", 2, "--resume", "nowhere"], "there is no folder nowhere"),
        (["--steps", 2, "--out", "a", "--resume", "b"], "give one of them"),
        (["--steps", 2, "--out", "a", "--keep", "sums"], "no table 'sums'"),
        ([], "--steps"),
    ],
)
def test_what_cannot_be_asked_is_told_and_exits_2(
    gridmend: Gridmend, tmp_path: Path, options: list[object], what: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    said = gridmend("series", "ieee13", *options)
    assert said.code == 2
    assert what in said.err
    assert "mend" in said.err
    as_json = gridmend("series", "ieee13", *options, "--json")
    assert as_json.code == 2
    assert as_json.json["error"]["what"]


def test_a_folder_that_cannot_be_written_to_is_told(
    gridmend: Gridmend, day: list[object], tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for out in (file, file / "below"):
        said = gridmend(*day, "--steps", 2, "--out", out)
        assert said.code == 2
        assert "mend" in said.err


def test_more_than_the_disk_has_is_refused_beforehand(
    gridmend: Gridmend, day: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class _Full:
        free = 1000

    monkeypatch.setattr("gridmend.ui.series_study.shutil.disk_usage", lambda _: _Full)
    said = gridmend(*day, "--steps", 48, "--out", tmp_path / "out")
    assert said.code == 2
    assert "--keep summary,devices" in said.err
    assert not (tmp_path / "out").exists()
