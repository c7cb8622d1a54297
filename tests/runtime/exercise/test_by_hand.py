"""Who can be brought back at once does not wait for a crew that only isolates."""

from __future__ import annotations

from typing import Any

import pytest

import gridmend
from gridmend.interlock.check import Bench
from gridmend.model.plan import Action, Plan
from gridmend.model.situation import Mode, Situation
from gridmend.model.snapshot import Snapshot
from gridmend.operations.fault import isolate
from gridmend.operations.restoration import propose
from gridmend.operations.suspects import Suspect
from gridmend.runtime.exercise import healing
from gridmend.runtime.exercise.case import Case
from gridmend.runtime.exercise.onward import Footing, planned, worthwhile
from gridmend.runtime.scenario import Restoration
from tests.interlock.networks import network
from tests.runtime.exercise.test_room import run

SWITCH = {"kind": "switch"}


def test_nobody_waits_for_a_switch_by_hand_that_only_isolates() -> None:
    grid = network(
        switches={"S1": ("src", "a"), "S2": ("b", "c"), "S3": ("d", "e")},
        lines=[("a", "b"), ("c", "d"), ("e", "f")],
        sources={"north": "src"},
        loads=["b", "d", "f"],
        changes={"S1": {"interrupts": "fault"}, "S2": SWITCH, "S3": {**SWITCH, "remote": False}},
    )
    plan = propose(grid, Snapshot.normal(grid), "line.L2").plans[0]
    assert [(s.action, s.device, s.customers) for s in plan.steps] == [
        (Action.OPEN, "S2", 0), (Action.CLOSE, "S1", 10), (Action.OPEN, "S3", 0)
    ]  # fmt: skip
    assert [s.device for s in worthwhile(plan.steps, grid)] == ["S2", "S1"]


def test_a_switch_by_hand_opens_before_anything_that_would_make_the_fault_live() -> None:
    grid = network(
        switches={"S1": ("src", "a"), "S2": ("b", "c"), "S3": ("d", "e"), "T": ("f", "alt")},
        lines=[("a", "b"), ("c", "d"), ("e", "f")],
        sources={"north": "src", "south": "alt"},
        loads=["b", "d", "f"],
        normally_open=["T"],
        changes={"S1": {"interrupts": "fault"}, "S2": SWITCH, "S3": {**SWITCH, "remote": False}},
    )
    plan = propose(grid, Snapshot.normal(grid), "line.L2").plans[0]
    devices = [s.device for s in plan.steps]
    assert devices == ["S2", "S1", "S3", "T"]
    assert worthwhile(plan.steps, grid) == list(plan.steps)


def test_what_commands_alone_bring_back_comes_before_what_a_crew_must_switch() -> None:
    grid = network(
        switches={"S1": ("src", "a"), "S2": ("b", "c"), "S3": ("d", "e"), "T": ("f", "alt")},
        lines=[("a", "b"), ("c", "d"), ("e", "f")],
        sources={"north": "src", "south": "alt"},
        loads=["b", "d", "f"],
        normally_open=["T"],
        changes={"S1": {"interrupts": "fault"}, "S2": SWITCH, "S3": {**SWITCH, "remote": False}},
    )
    normal, bench = Snapshot.normal(grid), Bench.of(grid)
    now = isolate(grid, normal, "line.L2").tripped
    case = Case("s1", normal, 0.0, suspects=(Suspect(("line.l2",), "S2"),))
    told: list[list[str]] = []
    for by_hand in (False, True):
        case.by_hand = by_hand
        situation = Situation.of(grid, now)
        plan = planned(bench, situation, case, Footing(now), Restoration(repair_min=0.0))
        assert case.is_first is not by_hand
        assert plan.customers_restored == 10, "each brings back a half"
        for step in plan.steps:
            now = now.with_switch(grid, step.device, is_open=step.action is Action.OPEN)
        told.append([f"{step.action} {step.device}" for step in plan.steps])
    assert told == [["open S2", "close S1"], ["open S3", "close T"]]


@pytest.mark.parametrize("mode", [Mode.ADVISE, Mode.AUTOMATIC])
def test_who_is_only_advised_is_told_at_once_of_switches_by_hand_too(
    mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def noted(bench: Bench, situation: Situation, case: Case, *more: Any) -> Plan:
        asked.append(case.by_hand)
        return planned(bench, situation, case, *more)

    monkeypatch.setattr(healing, "planned", noted)
    run(gridmend.read("ieee123"), restoration=Restoration(mode=mode), until_s=600.0)
    assert asked[0] is (mode is Mode.ADVISE), "nothing follows on what is only advised"
