"""Who can be brought back at once does not wait for a crew that only isolates."""

from __future__ import annotations

from gridmend.model.plan import Action
from gridmend.model.snapshot import Snapshot
from gridmend.operations.restoration import propose
from gridmend.runtime.exercise.onward import worthwhile
from tests.interlock.networks import network

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
