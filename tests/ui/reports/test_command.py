"""`gridmend report`: what it writes, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gridmend.formats.native import write
from gridmend.runtime.journal import Journal
from gridmend.ui.reports import read_csv
from tests.operations.interruptions.feeder import feeder
from tests.runtime.journal.journals import change
from tests.ui.reports.cases import worked

Gridmend = Callable[..., Any]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "feeder"
    write(feeder(), path)
    return path


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "journal.db"
    with Journal.open(path) as journal:
        journal.append(worked())
    return path


@pytest.mark.parametrize("kind", ["outages", "daily"])
@pytest.mark.parametrize("form", ["pdf", "html", "csv"])
def test_a_report_is_written_in_each_form_and_twice_the_same(
    gridmend: Gridmend, model: Path, store: Path, tmp_path: Path, kind: str, form: str
) -> None:
    out = tmp_path / f"report.{form}"
    asked = ("report", kind, model, "--store", store, "--start", "2026-07-15", "--out", out)
    said = gridmend(*asked, "--json")
    assert said.code == 0
    first = out.read_bytes()
    starts = {"pdf": b"%PDF-", "html": b"<!DOCTYPE html>", "csv": b"# about"}
    assert first.startswith(starts[form])
    assert said.json["figures"]["saidi_min"] == pytest.approx(30.0)
    assert said.json["simulated"] is True and said.json["data_quality"]
    again = gridmend(*asked, "--json")
    assert again.code == 0 and out.read_bytes() == first
    assert again.json["sha256"] == said.json["sha256"]


def test_a_person_is_told_the_figures_and_what_is_doubtful(
    gridmend: Gridmend, model: Path, store: Path, tmp_path: Path
) -> None:
    out = tmp_path / "day.csv"
    said = gridmend("report", "daily", model, "--store", store, "--start", "2026-07-15",
                    "--zone", "America/Chicago", "--out", out)  # fmt: skip
    assert said.code == 0
    assert "SAIDI" in said.out and "The field is simulated" in said.out and str(out) in said.out
    about = dict(read_csv(out.read_text("utf-8"))["about"].rows[:4])
    assert about["period"].startswith("2026-07-15 00:00:00-05:00 to 2026-07-16 00:00:00-05:00")
    assert "entries 1 to 15, the last with hash" in about["journal"]


def test_what_cannot_be_written_or_read_is_refused_before_any_work(
    gridmend: Gridmend, model: Path, store: Path, tmp_path: Path
) -> None:
    base = ("report", "outages", model, "--store", store, "--start", "2026-07-15")
    for more, word in (
        (("--out", tmp_path / "report.docx"), "end the name in"),
        (("--out", tmp_path / "no" / "report.csv"), "mkdir"),
        (("--out", tmp_path), "end the name in"),
        (("--out", tmp_path / "r.csv", "--end", "2026-07-14"), "cannot be of"),
        (("--out", tmp_path / "r.csv", "--zone", "Mars/Olympus"), "no time zone"),
        (("--out", tmp_path / "r.pdf", "--paper", "napkin"), "no paper"),
        (("--out", tmp_path / "r.csv", "--end", "yesterday"), "--end"),
    ):
        said = gridmend(*base, *more)
        assert said.code == 2 and word in said.err, said.err
    missing = gridmend("report", "daily", model, "--store", tmp_path / "none.db",
                       "--start", "2026-07-15", "--out", tmp_path / "r.csv")  # fmt: skip
    assert missing.code == 2
    assert not [p for p in tmp_path.iterdir() if p.suffix in (".csv", ".pdf", ".docx", ".part")]


def test_a_journal_that_was_changed_gives_no_report(
    gridmend: Gridmend, model: Path, store: Path, tmp_path: Path
) -> None:
    change(store, "UPDATE journal_entries SET line = replace(line, 'S2', 'S3') WHERE sequence = 3")
    said = gridmend("report", "outages", model, "--store", store, "--start", "2026-07-15",
                    "--out", tmp_path / "r.csv")  # fmt: skip
    assert said.code == 3 and not (tmp_path / "r.csv").exists()
