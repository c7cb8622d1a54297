"""The figures that are said to be measured come out of the archive of outages again."""

from __future__ import annotations

import csv
import gzip
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from gridmend.twin.people.estimates import MEASURED, Stage
from gridmend.twin.people.work import REPAIR
from oracles.masters import data_folder

FOLDER = data_folder()
CAUSES = {"equipment": "equipment", "vehicle": "car that hit", "emergency": "an emergency issue"}
OTHER = ("scheduled", "weather", "fire in", "clearing", "public safety")


@dataclass(frozen=True)
class Outage:
    cause: str
    storm: bool
    end_s: float
    gap_s: float
    seen: list[tuple[float, str, float]]
    """When, what of the crew, and the end that was shown."""


def _rows(folder: Path, name: str) -> list[dict[str, str]]:
    with gzip.open(folder / "outages" / name, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _s(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() if text else float("nan")


def _cause(text: str) -> str:
    known = [cause for cause, words in CAUSES.items() if words in text]
    other = any(words in text for words in OTHER)
    return known[0] if known else "other" if other else "unknown"


@pytest.fixture(scope="module")
def outages() -> list[Outage]:
    if FOLDER is None or not (FOLDER / "outages").is_dir():
        pytest.skip("the archive is not here: set GRIDMEND_DATA")
    incidents = _rows(FOLDER, "incidents_2021.csv.gz")
    daily = Counter(row["start"][:10] for row in incidents)
    stormy = 2 * np.median(list(daily.values()))
    wanted = {row["outage_id"] for row in incidents if int(row["max_customers"]) >= 2}
    seen: dict[str, list[tuple[float, str, float]]] = defaultdict(list)
    for row in _rows(FOLDER, "changes_2021.csv.gz"):
        if row["outage_id"] in wanted:
            shown = (_s(row["seen_at"]), row["crew_status"], _s(row["current_etor"]))
            seen[row["outage_id"]].append(shown)
    found: list[Outage] = []
    for row in incidents:
        if row["outage_id"] in wanted:
            last_s, next_s = _s(row["last_seen"]), _s(row["next_snapshot_after_last"])
            storm = bool(daily[row["start"][:10]] >= stormy)
            middle_s, states = (last_s + next_s) / 2, seen[row["outage_id"]]
            cause = _cause(row["final_cause"])
            found.append(Outage(cause, storm, middle_s, next_s - last_s, states))
    return found


def _fit(logs: list[float]) -> tuple[float, float]:
    low, median, high = np.percentile(logs, [25, 50, 75])
    return float(median), float(high - low) / 1.349


@pytest.mark.parametrize("storm", [False, True])
@pytest.mark.parametrize("cause", [*CAUSES, "unknown"])
def test_repair_times_are_those_of_the_archive(
    outages: list[Outage], cause: str, storm: bool
) -> None:
    logs: list[float] = []
    for one in outages:
        if (one.cause, one.storm) == (cause, storm) and one.gap_s <= 3600:
            on_site = [s for s, crew, _ in one.seen if "repair crew is on-site" in crew]
            if on_site and one.end_s > on_site[0]:
                logs.append(float(np.log((one.end_s - on_site[0]) / 60)))
    median, sigma = _fit(logs)
    assert REPAIR[cause][int(storm)] == pytest.approx((np.exp(median), sigma), abs=0.5, rel=0.01)


WORDS = {
    Stage.ASSIGNED: "has assigned",
    Stage.ARRIVED: "assessing",
    Stage.PATROLLED: "on-site",
}


@pytest.mark.parametrize("storm", [False, True])
@pytest.mark.parametrize("stage", list(Stage))
def test_errors_of_estimates_are_those_of_the_archive(
    outages: list[Outage], stage: Stage, storm: bool
) -> None:
    logs: list[float] = []
    for one in outages:
        if one.storm == storm and one.cause in ("equipment", "vehicle") and one.gap_s <= 7200:
            shown = [(s, e) for s, crew, e in one.seen if WORDS[stage] in crew and e == e]
            if shown and shown[0][1] > shown[0][0] + 60 and one.end_s > shown[0][0]:
                logs.append(float(np.log((shown[0][1] - shown[0][0]) / (one.end_s - shown[0][0]))))
    assert MEASURED[stage][int(storm)] == pytest.approx(_fit(logs), abs=0.006)
