"""The lowest and the highest voltage are those of all nodes, though most are not looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.formats.read import read
from gridmend.model.arrays import Floats
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.lanes import solve
from gridmend.powerflow.lanes.curves import near_a_jump
from gridmend.powerflow.lanes.solve import Demand, Lanes, solve_lanes
from gridmend.powerflow.legs import powers
from gridmend.powerflow.network import Network
from gridmend.powerflow.step_summary import ANSI_RANGE_A, Limits
from tests.powerflow.jumping import beside_jumps, scaled
from tests.powerflow.networks import feeders

STEPS = 800
KINDS = ("day", "wild", "on or off", "night", "one alone", "feeding in")


def _factors(kind: str, profiles: int, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    drawn, hours = rng.random((profiles, STEPS)), np.arange(STEPS)
    day = 0.6 + 0.3 * np.sin(2 * np.pi * (hours / 24 + drawn[:, :1])) + 0.1 * drawn
    if kind == "feeding in":
        day[: (profiles + 1) // 2] *= -1.5
    alone = np.where(np.arange(profiles)[:, None] == 0, 2 * drawn, 0.5)
    return {
        "day": day, "wild": 2 * drawn, "on or off": (drawn < 0.5) * 1.5,
        "night": np.maximum(day - 0.6, 0.0) * 3, "one alone": alone, "feeding in": day,
    }[kind]  # fmt: skip


def _demand(network: Network, snapshot: Snapshot, kind: str, seed: int) -> Demand:
    rng = np.random.default_rng(seed)
    profiles = int(rng.choice([1, 2, 5, 17]))
    at = rng.integers(profiles, size=(2, len(network.legs.plus)))
    s_va = powers(network.legs, snapshot) * np.where(rng.random(at.shape[1]) < 0.2, -1.0, 1.0)
    return Demand(s_va, at[0], at[1], _factors(kind, profiles, seed))


def _assert_of_all_nodes(
    network: Network, snapshot: Snapshot, demand: Demand, limits: Limits = ANSI_RANGE_A
) -> Lanes:
    """Where voltages are asked for, every node and every customer is looked at."""
    asked: dict[str, Any] = {"tolerance": 1e-9, "limits": limits}
    some = solve_lanes(network, snapshot, demand, **asked)
    every = solve_lanes(network, snapshot, demand, **asked, voltages=True)
    assert every.v_v is not None
    np.testing.assert_array_equal(some.converged, every.converged)
    v_pu = np.abs(every.v_v[some.converged]) / network.nodes.base_v
    live = v_pu > 0.1
    lowest = np.where(live, v_pu, np.inf).min(axis=1)
    np.testing.assert_allclose(some.v_min_pu[some.converged], lowest, atol=1e-8)
    np.testing.assert_allclose(some.v_max_pu[some.converged], v_pu.max(axis=1), atol=1e-8)
    np.testing.assert_allclose(some.source_kw, every.source_kw, rtol=1e-7, atol=1e-5)
    np.testing.assert_array_equal(some.overloads[some.in_lane], every.overloads[some.in_lane])
    outside = every.customers_outside[some.in_lane]
    np.testing.assert_allclose(some.customers_outside[some.in_lane], outside, atol=1e-9)
    return some


@settings(max_examples=30, deadline=None)
@given(feeders(), st.integers(0, 1000), st.sampled_from(KINDS), st.floats(0.9, 0.995))
def test_the_extremes_are_those_of_all_nodes(
    grid: Grid, seed: int, kind: str, v_low_pu: float
) -> None:
    network, snapshot = Network.of(grid), Snapshot.normal(grid)
    limits = Limits(v_low_pu, 1.0 + (1.0 - v_low_pu) / 2)
    _assert_of_all_nodes(network, snapshot, _demand(network, snapshot, kind, seed), limits)


@pytest.mark.parametrize("name", ["ieee13", "ieee34", "ieee123"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("limits", [ANSI_RANGE_A, Limits(0.985, 1.03)])
def test_the_extremes_of_a_feeder_are_those_of_all_its_nodes(
    name: str, kind: str, limits: Limits
) -> None:
    grid = read(name)
    network, snapshot = Network.of(grid), Snapshot.normal(grid)
    _assert_of_all_nodes(network, snapshot, _demand(network, snapshot, kind, 1), limits)


def _line(name: str, one: str, other: str) -> dict[str, Any]:
    each = np.eye(3)
    return {
        "name": name, "bus1": one, "phases1": "a b c", "bus2": other, "phases2": "a b c",
        "length_m": 6000.0, "r_ohm_per_km": 0.3 * each, "x_ohm_per_km": 0.6 * each,
        "c_nf_per_km": 0.0 * each,
    }  # fmt: skip


def _load(name: str, bus: str, p_kw: float, q_kvar: float) -> dict[str, Any]:
    return {
        "name": name, "bus": bus, "phases": "a b c g", "connection": "wye", "kv": 12.47,
        "p_kw": p_kw, "q_kvar": q_kvar, "model": "constant_power", "v_min_pu": 0.7,
        "v_max_pu": 1.3,
    }  # fmt: skip


def test_what_only_turns_a_voltage_to_first_order_may_still_bring_it_below_another() -> None:
    """A plant whose vars hold its own bus flat, beside an ordinary load: after a review."""
    grid = Grid("flat").with_rows("buses", *({"name": n, "base_kv": 12.47} for n in "sap"))
    grid = grid.with_rows(
        "sources",
        {"name": "src", "bus": "s", "base_kv": 12.47, "v_pu": 1.0, "r1_ohm": 1e-3, "x1_ohm": 1e-3,
         "r0_ohm": 1e-3, "x0_ohm": 1e-3},
    )  # fmt: skip
    grid = grid.with_rows("lines", _line("l1", "s", "a"), _line("l2", "s", "p"))
    both = _load("load", "a", 4000.0, 1200.0), _load("pv", "p", -3000.0, 1500.0)
    grid = grid.with_rows("loads", *both)
    network, snapshot = Network.of(grid), Snapshot.normal(grid)
    at = (np.array(grid.loads["name"])[network.legs.element] == "pv").astype(np.int64)
    hours = 2 * np.pi * np.arange(STEPS) / 24
    factors = np.stack([0.6 + 0.3 * np.sin(hours), np.maximum(np.sin(hours - np.pi / 2), 0.0)])
    demand = Demand(powers(network.legs, snapshot), at, at, factors)
    _assert_of_all_nodes(network, snapshot, demand)


@pytest.mark.parametrize("seed", range(24))
def test_the_extremes_are_right_where_loads_cross_the_limits_at_which_they_jump(seed: int) -> None:
    grid, scale = beside_jumps(seed)
    network, snapshot = Network.of(grid), scaled(grid, scale)
    _assert_of_all_nodes(network, snapshot, _demand(network, snapshot, "day", seed))


def _assert_earthed_ones_come_first(read: Any) -> None:
    """The customers between a node and ground only, of those that are looked at."""
    ends = read.served_row.reshape(-1, 2)
    across = (ends[:, 1] >= 0) | (ends[:, 0] < 0)
    at = zip(read.served_start[:-1].tolist(), read.served_start[1:].tolist(), strict=True)
    between = [bool(across[first:last].any()) for first, last in at]
    assert between == sorted(between)
    assert between.count(False) == read.earthed


def test_most_nodes_and_some_customers_are_not_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_at: list[int] = []
    customers: list[int] = []
    whole = solve.block_in_step

    def watched(laid: Any, *given: Any) -> Any:
        looked_at.append(len(laid.tables[-1].seen))
        customers.append(len(laid.tables[-1].customers))
        _assert_earthed_ones_come_first(laid.tables[-1])
        return whole(laid, *given)

    monkeypatch.setattr(solve, "block_in_step", watched)
    grid = read("ieee123")
    network, snapshot = Network.of(grid), Snapshot.normal(grid)
    solve_lanes(network, snapshot, _demand(network, snapshot, "day", 1))
    tried, all_steps = looked_at
    assert tried == len(network.nodes.bus)
    assert all_steps < tried / 2
    assert 0 < customers[1] < customers[0]


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
