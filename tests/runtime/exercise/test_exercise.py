"""Scenarios run: the job is done, nobody is hurt, and the same run gives the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gridmend.interlock.recheck import Recheck
from gridmend.model.command import World
from gridmend.model.errors import GridmendError
from gridmend.runtime.exercise.exercise import Exercise, rehearse
from gridmend.runtime.exercise.recording import digest, record, recorded
from gridmend.twin.scenario.happenings import FaultStrikes
from gridmend.twin.scenario.reading import read_scenario
from gridmend.twin.scenario.scenario import Realism, Scenario
from gridmend.twin.scenario.shipped import scenarios


@pytest.fixture(scope="module")
def tree() -> Scenario:
    return read_scenario("tree-on-l52")


@pytest.fixture(scope="module")
def healed(tree: Scenario) -> Exercise:
    return rehearse(tree)


@pytest.fixture(scope="module")
def by_crew(tree: Scenario) -> Exercise:
    return rehearse(tree, "crew")


def number(exercise: Exercise, measure: str) -> float:
    value = exercise.measures[measure]
    assert isinstance(value, int | float)
    return value


@pytest.mark.parametrize("name", scenarios())
def test_every_scenario_that_ships_meets_what_it_expects_and_hurts_nobody(name: str) -> None:
    found = rehearse(read_scenario(name))
    assert found.findings == ()
    assert found.measures["hurt"] == 0
    assert found.measures["unsolved"] == 0
    checker = Recheck(found.grid, world=World.TWIN)
    assert not [o for n, e in enumerate(found.events, 1) for o in checker.add(e, n)]


def test_crews_find_and_mend_what_nobody_told_them_of(by_crew: Exercise) -> None:
    said = [e.payload["text"] for e in by_crew.events if e.kind == "crew_said"]
    found = next(k for k, text in enumerate(said) if str(text).startswith("line.l52:"))
    begun = next(k for k, text in enumerate(said) if str(text).startswith("begins: repair"))
    assert found < begun
    assert by_crew.measures["repaired"] == ["line.l52"]
    assert by_crew.measures["customers_out_at_end"] == 0


def test_another_policy_meets_the_same_fault_and_healing_is_better(
    healed: Exercise, by_crew: Exercise
) -> None:
    def struck(exercise: Exercise) -> list[tuple[float, object]]:
        return [(h.time_s, dict(h.payload)) for h in exercise.happened if h.kind == "fault_struck"]

    assert struck(healed) == struck(by_crew)
    assert number(healed, "saidi_min") < 0.5 * number(by_crew, "saidi_min")
    assert number(healed, "not_supplied_mwh") < number(by_crew, "not_supplied_mwh")


def test_nothing_that_the_control_room_knows_is_older_than_what_it_is_of(healed: Exercise) -> None:
    start_s = healed.scenario.start.timestamp()
    trips = [h.time_s for h in healed.happened if h.kind == "open"]
    told = [e for e in healed.events if e.kind == "tripped" and e.source == "field"]
    clock_s = 0.2
    for event in told:
        assert any(abs(event.time_utc.timestamp() - start_s - t) < clock_s for t in trips)
    kinds = {event.kind for event in healed.events}
    assert not kinds & {"fault_struck", "hurt", "extinguished"}


def test_a_run_again_gives_the_same_bytes(tree: Scenario, healed: Exercise) -> None:
    assert digest(rehearse(tree)) == digest(healed)


def test_another_process_gives_the_same_bytes(healed: Exercise) -> None:
    code = (
        "from gridmend.runtime.exercise.exercise import rehearse\n"
        "from gridmend.runtime.exercise.recording import digest\n"
        "from gridmend.twin.scenario.reading import read_scenario\n"
        "print(digest(rehearse(read_scenario('tree-on-l52'))))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.strip() == digest(healed)


def test_a_recorded_run_is_read_back_and_is_the_same_run(healed: Exercise, tmp_path: Path) -> None:
    record(healed, tmp_path / "run")
    scenario, result = recorded(tmp_path / "run")
    assert scenario == healed.scenario
    assert digest(rehearse(scenario)) == result["sha256"]
    with pytest.raises(GridmendError, match="already"):
        record(healed, tmp_path / "run")


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GridmendError, match="no recorded run"):
        recorded(tmp_path)
    (tmp_path / "result.json").write_text("[]", "utf-8")
    with pytest.raises(GridmendError, match="no result"):
        recorded(tmp_path)


@pytest.mark.parametrize("taken", ["loss", "latency", "errors", "false_flags", "wrong_addresses"])
def test_without_one_element_of_realism_the_faults_and_repairs_are_drawn_alike(
    tree: Scenario, by_crew: Exercise, taken: str
) -> None:
    other = rehearse(replace(tree, realism=replace(Realism(), **{taken: False})), "crew")

    def struck(exercise: Exercise) -> list[tuple[float, object]]:
        return [(h.time_s, dict(h.payload)) for h in exercise.happened if h.kind == "fault_struck"]

    def repair_s(exercise: Exercise) -> float:
        begun = [e.time_utc for e in exercise.events if e.kind == "crew_said"
                 and str(e.payload["text"]).startswith("begins: repair")]  # fmt: skip
        done = [h.time_s for h in exercise.happened if h.kind == "repaired"]
        return done[0] - (begun[0] - exercise.scenario.start).total_seconds()

    assert struck(other) == struck(by_crew)
    assert repair_s(other) == pytest.approx(repair_s(by_crew), abs=1e-5)
    if taken == "loss":
        assert other.measures["messages_lost"] == 0


def test_a_scenario_that_cannot_be_is_refused_before_it_runs(tree: Scenario) -> None:
    wrong = replace(tree, happenings=(FaultStrikes(60.0, "line.L520"),))
    with pytest.raises(GridmendError, match="L520"):
        rehearse(wrong)
