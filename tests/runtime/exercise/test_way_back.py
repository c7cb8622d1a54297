"""The way back after a repair begins at a feeder's own source, and not at a tie's end of it."""

from __future__ import annotations

import pytest

from gridmend.model.plan import Action
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.runtime.normal import steps_to_normal
from tests.interlock.networks import network


@pytest.mark.parametrize("order", [("Head", "Middle", "Tie"), ("Tie", "Middle", "Head")])
def test_what_lies_between_comes_back_from_its_feeder_and_not_through_what_a_tie_feeds(
    order: tuple[str, ...],
) -> None:
    ends = {"Head": ("src", "a"), "Middle": ("b", "c"), "Tie": ("d", "alt")}
    grid = network(
        switches={name: ends[name] for name in order},
        lines=[("a", "b"), ("c", "d")],
        sources={"north": "src", "south": "alt"},
        loads=["b", "c"],
        normally_open=["Tie"],
    )
    topology, normal = Topology.of(grid), Snapshot.normal(grid)
    now = normal.with_switches(grid, {"Head": True, "Middle": True, "Tie": False})
    steps = steps_to_normal(topology, now, normal)
    assert [(s.action, s.device) for s in steps] == [
        (Action.CLOSE, "Head"), (Action.OPEN, "Tie"), (Action.CLOSE, "Middle"),
    ]  # fmt: skip


def test_without_its_feeder_it_still_comes_back_from_a_tie() -> None:
    grid = network(
        switches={"Head": ("src", "a"), "Middle": ("b", "c"), "Tie": ("d", "alt")},
        lines=[("a", "b"), ("c", "d")],
        sources={"north": "src", "south": "alt"},
        loads=["b", "c"],
    )
    topology, normal = Topology.of(grid), Snapshot.normal(grid)
    dead = normal.with_source(grid, "north", is_on=False)
    now = dead.with_switches(grid, {"Middle": True})
    (step,) = steps_to_normal(topology, now, dead)
    assert (step.action, step.device) == (Action.CLOSE, "Middle")
