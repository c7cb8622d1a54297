"""Healing that was misled by a false flag believes what trips, and goes on once a doubt is gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

import gridmend
from gridmend.model.customers import customer_counts
from gridmend.model.event import Event
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.runtime.exercise.exercise import Exercise, rehearse
from gridmend.runtime.exercise.storming import storm_of
from gridmend.runtime.scenario import Restoration
from gridmend.twin.scenario.happenings import FaultStrikes
from gridmend.twin.scenario.scenario import Sky


@pytest.fixture(scope="module")
def misled() -> Exercise:
    """The first section is struck on all phases; Sw3 flags one phase, falsely, as Sw1 recloses."""
    grid = gridmend.read("ieee123")
    struck = FaultStrikes(at_s=600.0, element="line.l115")
    scenario = replace(
        storm_of(grid, seed=1), weather=Sky(ordinary_faults=False), hours=1.0, happenings=(struck,)
    )
    swift = Restoration(detection_s=10.0, step_s=5.0)
    return rehearse(scenario, "healing", grid=grid, parts=1, restoration=swift)


def of_kind(run: Exercise, kind: str) -> list[Event]:
    return [event for event in run.events if event.kind == kind]


def behind_sw3(run: Exercise) -> int:
    topology, normal = Topology.of(run.grid), Snapshot.normal(run.grid)
    opened = normal.with_switch(run.grid, "Sw3", is_open=True)
    supplied = [topology.supplied(topology.energised(one)) for one in (normal, opened)]
    return int(customer_counts(run.grid)[supplied[0] & ~supplied[1]].sum())


def closed(run: Exercise) -> list[str]:
    steps = [event.payload["step"] for event in of_kind(run, "commanded")]
    return [step["device"] for step in steps if step["action"] == "close"]


def test_it_closes_onto_the_fault_once_and_then_knows_better(misled: Exercise) -> None:
    suspected = [e.payload["element"] for e in of_kind(misled, "fault_suspected")]
    assert suspected[0] == "line.l40", "the case that this is about: a false flag"
    assert closed(misled) == ["Sw1", "Sw11", "Sw7"]
    trips = {e.payload["device"] for e in of_kind(misled, "tripped")}
    assert trips == {"sw1"}, "no neighbour tripped on it"


def test_who_was_left_out_for_a_doubt_comes_back_once_a_patrol_has_ended_it(
    misled: Exercise,
) -> None:
    (ended,) = [e for e in of_kind(misled, "repaired") if e.payload["element"] == "line.l40"]
    last = of_kind(misled, "plan_proposed")[-1]
    assert last.payload["customers"] == behind_sw3(misled)
    assert 0 < (last.time_utc - ended.time_utc).total_seconds() < 60
