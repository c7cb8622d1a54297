"""Load stays below what protection trips on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridmend
from gridmend.interlock.check import check
from gridmend.interlock.limits import Limits, violations
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Plan, Step, Verdict
from gridmend.model.snapshot import Snapshot
from gridmend.operations.restoration import propose
from gridmend.powerflow.network import Network
from tests.interlock.networks import KV, network

SHARE = Limits().pickup_pct / 100
BOTH_A = 2 * math.hypot(100.0, 30.0) / (math.sqrt(3) * KV)
"""What the loads at `b` and `d` draw through the tie [A], without losses."""


def two_feeders(**row: Any) -> Grid:
    """Loads at b and d, fed over S1; the tie S3 is open."""
    grid = network(
        switches={"S1": ("src", "a"), "S3": ("d", "alt")},
        lines=[("a", "b"), ("b", "d")],
        sources={"north": "src", "south": "alt"},
        loads=["b", "d"],
        normally_open=["S3"],
    )
    curve = {"phase_slow_curve": "ieee_very_inverse", "ground_slow_curve": "ieee_very_inverse"}
    return grid.with_rows("protections", {"name": "R", **curve, **row})


def transfer(grid: Grid) -> Verdict:
    """Whether both loads may be brought over to the tie."""
    out = Snapshot.normal(grid).with_switch(grid, "S1", is_open=True)
    return check(Plan("", (Step(Action.CLOSE, "S3", "a tie"),), Verdict()), grid, out)


@pytest.mark.parametrize("place", [{"switch": "S3"}, {"source": "south"}, {"switch": "s3"}])
def test_a_step_that_brings_load_near_a_pickup_is_refused_with_its_figure(
    place: dict[str, str],
) -> None:
    allowed = two_feeders(**place, phase_pickup_a=1.02 * BOTH_A / SHARE)
    refused = two_feeders(**place, phase_pickup_a=0.98 * BOTH_A / SHARE)
    assert transfer(allowed).allowed
    why = transfer(refused).refusals[0]
    assert why.rule == "look-ahead"
    assert f"would carry {BOTH_A:.0f} A" in why.why
    assert f"above {0.98 * BOTH_A:.0f} A" in why.why


def test_the_pickup_that_a_switch_itself_tells_counts_as_well() -> None:
    grid = two_feeders(switch="S1", phase_pickup_a=1e4)
    assert transfer(grid.with_changed("S3", pickup_a=1.02 * BOTH_A / SHARE)).allowed
    assert not transfer(grid.with_changed("S3", pickup_a=0.98 * BOTH_A / SHARE)).allowed


def test_residual_current_stays_below_the_pickup_to_ground() -> None:
    def loaded(ground_a: float) -> Grid:
        grid = two_feeders(switch="S3", phase_pickup_a=1e4, ground_pickup_a=ground_a)
        one = {"name": "one", "bus": "d", "phases": "a g", "kv": KV / math.sqrt(3), "p_kw": 50.0,
               "q_kvar": 0.0}  # fmt: skip
        return grid.with_rows("loads", one)

    residual_a = 50.0 / (KV / math.sqrt(3))
    assert transfer(loaded(1.1 * residual_a / SHARE)).allowed
    why = transfer(loaded(0.9 * residual_a / SHARE)).refusals[0].why
    assert "of residual current" in why
    assert transfer(loaded(math.nan)).allowed


def test_what_is_near_a_pickup_already_may_stay_and_not_grow() -> None:
    grid = two_feeders(switch="S1", phase_pickup_a=0.5 * BOTH_A / SHARE)
    nothing = Plan("", (Step(Action.CLOSE, "S1", "again"),), Verdict())
    normal = Snapshot.normal(grid)
    assert check(nothing, grid, normal).allowed
    flow = Network.of(grid).solve(normal)
    assert [v.limit for v in violations(grid, flow)] == ["pickup_a"]


@pytest.fixture(scope="module")
def ieee123() -> Grid:
    return gridmend.read("ieee123")


@settings(max_examples=6, deadline=None)
@given(pickup_a=st.floats(20.0, 900.0))
def test_no_plan_brings_more_through_a_source_than_its_protection_lets_pass(
    ieee123: Grid, pickup_a: float
) -> None:
    rows = [
        {"name": f"R{name}", "source": name, "kind": "relay", "phase_pickup_a": pickup_a,
         "phase_slow_curve": "ieee_very_inverse"}
        for name in ("neighbour_251", "neighbour_451", "neighbour_350")
    ]  # fmt: skip
    grid = ieee123.with_rows("protections", *rows)
    normal = Snapshot.normal(grid)
    plan = propose(grid, normal, "line.L52", seconds_limit=math.inf, solves_limit=300).plans[0]
    after = normal.with_switch(grid, "Sw1", is_open=True)
    for step in plan.steps:
        after = after.with_switch(grid, step.device, is_open=step.action is Action.OPEN)
    flow = Network.of(grid).solve(after, controls="static")
    for row in grid.protections.texts("source"):
        at = flow.terminals.of("sources", grid.sources.row(row))
        assert np.abs(flow.i_a[at]).max() <= SHARE * pickup_a + 1e-6
