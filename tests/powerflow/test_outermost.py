"""The lowest and the highest voltage are those of all nodes, though most are not looked at."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.formats.read import read
from gridmend.model.arrays import Floats
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.lanes import layout
from gridmend.powerflow.lanes.solve import Demand, Lanes, solve_lanes
from gridmend.powerflow.lanes.tables import near_a_jump
from gridmend.powerflow.legs import powers
from gridmend.powerflow.network import Network
from tests.powerflow.jumping import beside_jumps, scaled
from tests.powerflow.networks import feeders

PROFILES, STEPS = 5, 40
KINDS = ("day", "wild", "on or off", "night", "one alone", "feeding in")


def _factors(kind: str, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    drawn, hours = rng.random((PROFILES, STEPS)), np.arange(STEPS)
    day = 0.6 + 0.3 * np.sin(2 * np.pi * (hours / 24 + drawn[:, :1])) + 0.1 * drawn
    if kind == "feeding in":
        day[: PROFILES // 2] *= -1.5
    alone = np.where(np.arange(PROFILES)[:, None] == 0, 2 * drawn, 0.5)
    return {
        "day": day, "wild": 2 * drawn, "on or off": (drawn < 0.5) * 1.5,
        "night": np.maximum(day - 0.6, 0.0) * 3, "one alone": alone, "feeding in": day,
    }[kind]  # fmt: skip


def _demand(network: Network, snapshot: Snapshot, kind: str, seed: int) -> Demand:
    at = np.random.default_rng(seed).integers(PROFILES, size=(2, len(network.legs.plus)))
    return Demand(powers(network.legs, snapshot), at[0], at[1], _factors(kind, seed))


def _assert_of_all_nodes(network: Network, snapshot: Snapshot, demand: Demand) -> Lanes:
    """Where voltages are asked for, every node is looked at."""
    some = solve_lanes(network, snapshot, demand, tolerance=1e-9)
    every = solve_lanes(network, snapshot, demand, tolerance=1e-9, voltages=True)
    assert every.v_v is not None
    np.testing.assert_array_equal(some.converged, every.converged)
    v_pu = np.abs(every.v_v[some.converged]) / network.nodes.base_v
    live = v_pu > 0.1
    lowest = np.where(live, v_pu, np.inf).min(axis=1)
    np.testing.assert_allclose(some.v_min_pu[some.converged], lowest, atol=1e-8)
    np.testing.assert_allclose(some.v_max_pu[some.converged], v_pu.max(axis=1), atol=1e-8)
    np.testing.assert_allclose(some.source_kw, every.source_kw, rtol=1e-9)
    np.testing.assert_array_equal(some.overloads[some.in_lane], every.overloads[some.in_lane])
    return some


@settings(max_examples=60, deadline=None)
@given(feeders(), st.integers(0, 1000), st.sampled_from(KINDS))
def test_the_extremes_are_those_of_all_nodes(grid: Grid, seed: int, kind: str) -> None:
    network, snapshot = Network.of(grid), Snapshot.normal(grid)
    _assert_of_all_nodes(network, snapshot, _demand(network, snapshot, kind, seed))


@pytest.mark.parametrize("name", ["ieee13", "ieee34", "ieee123"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_extremes_of_a_feeder_are_those_of_all_its_nodes(name: str, kind: str) -> None:
    grid = read(name)
    network, snapshot = Network.of(grid), Snapshot.normal(grid)
    _assert_of_all_nodes(network, snapshot, _demand(network, snapshot, kind, 1))


@pytest.mark.parametrize("seed", range(24))
def test_the_extremes_are_right_where_loads_cross_the_limits_at_which_they_jump(seed: int) -> None:
    grid, scale = beside_jumps(seed)
    network, snapshot = Network.of(grid), scaled(grid, scale)
    _assert_of_all_nodes(network, snapshot, _demand(network, snapshot, "day", seed))


def test_most_nodes_of_a_feeder_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    shares: list[float] = []
    whole = layout.outermost

    def watched(*given: object, stay: bool) -> object:
        found = whole(*given, stay=stay)  # pyright: ignore[reportArgumentType]
        shares.append(float(found.mean()))
        return found

    monkeypatch.setattr(layout, "outermost", watched)
    grid = read("ieee123")
    network, snapshot = Network.of(grid), Snapshot.normal(grid)
    solve_lanes(network, snapshot, _demand(network, snapshot, "day", 1))
    assert len(shares) == 1
    assert shares[0] < 0.5


def test_where_legs_are_to_stay_between_their_limits_all_beyond_them_is_near_a_jump() -> None:
    network = Network.of(beside_jumps(1)[0])
    limits = network.legs.limits[:, 1:3] ** 2
    beside = near_a_jump(network, np.full(len(limits), 0.02), stay=False)
    np.testing.assert_allclose(beside, limits[:, :, None] * (0.98, 1.02))
    beyond = near_a_jump(network, np.full(len(limits), 0.02), stay=True)
    np.testing.assert_allclose(beyond[:, 0, 1], 1.02 * limits[:, 0])
    np.testing.assert_allclose(beyond[:, 1, 0], 0.98 * limits[:, 1])
    assert (beyond[:, 0, 0] < 0.0).all()
    assert np.isinf(beyond[:, 1, 1]).all()
