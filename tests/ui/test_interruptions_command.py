"""`gridmend interruptions`: figures, files, and what it refuses."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from gridmend.formats.native import write
from gridmend.runtime.journal import Journal
from tests.operations.interruptions.feeder import feeder, stands, tripped
from tests.runtime.journal.journals import change

Gridmend = Callable[..., Any]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "feeder"
    write(feeder(), path)
    return path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """S2 is out for an hour, and R1 for a moment five hours later."""
    path = tmp_path_factory.mktemp("store") / "journal.db"
    with Journal.open(path) as journal:
        journal.append(
            [
                tripped(0.0, "S2"), stands(60.0, "S2", "closed"), tripped(300.0, "R1"),
                stands(301.0, "R1", "closed"), stands(1440.0, "R1", "closed"),
            ]
        )  # fmt: skip
    return path


def test_the_indices_are_those_worked_by_hand(gridmend: Gridmend, model: Path, store: Path) -> None:
    said = gridmend("interruptions", model, "--store", store, "--json")
    assert said.code == 0
    found = said.json
    assert found["customers"] == 40
    assert found["period"]["days"] == 1.0
    indices = found["indices"]
    assert (indices["saifi"], indices["maifi"], indices["maifi_e"]) == (0.5, 1.0, 1.0)
    assert indices["saidi_min"] == pytest.approx(30.0)
    assert indices["asai"] == pytest.approx(1 - 30 / 1440)
    assert indices["not_supplied_mwh"] == pytest.approx((200 * 1.0 + 400 / 60) / 1000, rel=1e-6)
    for by in ("cause", "device", "feeder", "class"):
        assert sum(s["saidi_min"] for s in found["by"][by]) == pytest.approx(30.0)
    assert [e["device"] for e in found["interruptions"]] == ["s2", "r1"]
    assert found["findings"] == []
    assert any("1.0 days" in doubt for doubt in found["published"]["doubts"])


def test_a_part_of_the_time_is_counted_on_the_utilitys_clock(
    gridmend: Gridmend, model: Path, store: Path
) -> None:
    given = ("--from", "2026-07-15", "--to", "2026-07-15", "--zone", "America/Denver")
    said = gridmend("interruptions", model, "--store", store, *given, "--json").json
    assert said["period"]["from_utc"].startswith("2026-07-15T06:00")
    assert said["period"]["to_utc"].startswith("2026-07-16T06:00")
    late = gridmend(
        "interruptions", model, "--store", store, "--from", "2026-07-15T16:00", "--json"
    )
    assert late.json["indices"]["saifi"] == 0.0
    assert late.json["indices"]["maifi"] == 1.0


def test_records_are_written_as_csv_and_parquet_one_row_a_customer(
    gridmend: Gridmend, model: Path, store: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    said = gridmend("interruptions", model, "--store", store, "--out", out, "--json")
    with (out / "interruptions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20 + 40
    long = [r for r in rows if r["sustained"] == "True"]
    assert {r["customer"] for r in long} == {
        f"{load}/{k}" for load in ("dc2", "dd") for k in range(1, 11)
    }
    assert sum(float(r["minutes"]) for r in long) == pytest.approx(
        said.json["indices"]["customer_minutes"]
    )
    assert datetime.fromisoformat(rows[0]["began_utc"]).tzinfo is not None
    table = pq.read_table(out / "interruptions.parquet")
    assert table.num_rows == 60
    assert table.column_names == list(rows[0])
    again = gridmend("interruptions", model, "--store", store, "--out", out)
    assert again.code == 2
    assert "already" in again.err


def test_a_person_reads_tables_and_what_is_doubtful(
    gridmend: Gridmend, model: Path, store: Path
) -> None:
    said = gridmend("interruptions", model, "--store", store)
    assert said.code == 0
    for word in ("SAIDI", "30.00", "by device", "worst 2 of 2 events", "major event days: not told",
                 "CAIDI 60 min", "but: 40 customers are few"):  # fmt: skip
        assert word in said.out, word


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (("--from", "yesterday"), "is not a time"),
        (("--zone", "Mars/Olympus"), "no time zone"),
        (("--from", "2026-08-01"), "none to count in"),
        (("--year", "1999"), "1999"),
        (("--load-factor", "-1"), "load factor"),
        (("--to", "9999-12-31"), "out of reach"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_how_to_mend_it(
    gridmend: Gridmend, model: Path, store: Path, given: tuple[str, ...], word: str
) -> None:
    said = gridmend("interruptions", model, "--store", store, *given, "--json")
    assert said.code == 2
    assert word in said.json["error"]["what"]
    assert said.json["error"]["mend"]


def test_a_journal_of_another_network_or_tampered_with_is_not_usable(
    gridmend: Gridmend, model: Path, store: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.db"
    with Journal.open(other) as journal:
        journal.append([tripped(0.0, "Q7"), stands(60.0, "Q7", "closed")])
    said = gridmend("interruptions", model, "--store", other, "--json")
    assert said.code == 3
    assert "Q7" in said.json["findings"][0]["what"]
    change(other, "UPDATE journal_entries SET line = replace(line, 'Q7', 'S2')")
    said = gridmend("interruptions", model, "--store", other, "--json")
    assert said.code == 3
    assert said.json["ok"] is False
    empty = tmp_path / "empty.db"
    Journal.open(empty).close()
    assert gridmend("interruptions", model, "--store", empty).code == 2
    assert gridmend("interruptions", model, "--store", tmp_path / "none.db").code == 2
