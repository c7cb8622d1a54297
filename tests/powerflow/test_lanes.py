"""A series in lanes is its snapshots, solved one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.formats.read import read
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.iteration import iterate, prepare
from gridmend.powerflow.lanes.solve import Demand, Lanes, solve_lanes
from gridmend.powerflow.legs import leg_currents, leg_voltages, powers
from gridmend.powerflow.network import Network
from tests.powerflow.networks import ALL_MODELS, build, feeders


def _demand(network: Network, snapshot: Snapshot, seed: int, steps: int) -> Demand:
    rng = np.random.default_rng(seed)
    count = len(network.legs.plus)
    return Demand(
        powers(network.legs, snapshot),
        rng.integers(4, size=count),
        rng.integers(4, size=count),
        rng.uniform(0.2, 1.3, size=(4, steps)),
    )


def _solved(grid: Grid, seed: int, steps: int) -> tuple[Network, Snapshot, Demand, Lanes]:
    network, snapshot = Network.of(grid), Snapshot.normal(grid)
    demand = _demand(network, snapshot, seed, steps)
    return network, snapshot, demand, solve_lanes(network, snapshot, demand, tolerance=1e-9)


@settings(max_examples=25, deadline=None)
@given(feeders(), st.integers(0, 1000), st.integers(1, 30))
def test_every_step_is_the_solve_of_its_snapshot(grid: Grid, seed: int, steps: int) -> None:
    network, snapshot, demand, found = _solved(grid, seed, steps)
    assert found.converged.all()
    state = prepare(network, snapshot)
    for step in range(steps):
        p, q = (demand.factors[k, step] for k in (demand.p_profile, demand.q_profile))
        s_va = demand.s_va.real * p + 1j * demand.s_va.imag * q
        alone = iterate(state, s_va)
        v_pu = np.abs(alone.v_v) / network.nodes.base_v
        assert found.v_min_pu[step] == pytest.approx(v_pu.min(), abs=1e-8)
        assert found.v_max_pu[step] == pytest.approx(v_pu.max(), abs=1e-8)
        assert v_pu[found.v_min_node[step]] == pytest.approx(v_pu.min(), abs=1e-8)
        assert v_pu[found.v_max_node[step]] == pytest.approx(v_pu.max(), abs=1e-8)
        u = leg_voltages(network.legs, alone.v_v)
        taken = np.sum(u * np.conj(leg_currents(network.legs, s_va, u))) / 1e3
        assert found.load_kw[step] == pytest.approx(taken.real, rel=1e-7)
        assert found.load_kvar[step] == pytest.approx(taken.imag, rel=1e-6, abs=1e-4)


@settings(max_examples=10, deadline=None)
@given(feeders(), st.integers(0, 1000))
def test_sources_give_what_loads_and_losses_take(grid: Grid, seed: int) -> None:
    network, snapshot, demand, found = _solved(grid, seed, 5)
    for step in range(5):
        factors = demand.factors[:, step]
        p, q = factors[demand.p_profile], factors[demand.q_profile]
        state = prepare(network, snapshot)
        v = iterate(state, demand.s_va.real * p + 1j * demand.s_va.imag * q).v_v
        nodes, span = network.primitives.of("sources", 0)
        i = state.driven[nodes] - state.values[span].reshape(3, 3) @ v[nodes]
        given_va = complex(np.sum(v[nodes] * np.conj(i)))
        assert found.source_kw[step] == pytest.approx(given_va.real / 1e3, rel=1e-6)
        assert found.source_kvar[step] == pytest.approx(given_va.imag / 1e3, rel=1e-5, abs=1e-3)
        assert found.source_kw[step] > found.load_kw[step]


def test_a_lane_does_not_depend_on_its_neighbours_nor_on_the_threads() -> None:
    grid = build(4, 8, ALL_MODELS, meshed=True)
    network, snapshot, demand, all_at_once = _solved(grid, 4, 64)
    some = Demand(demand.s_va, demand.p_profile, demand.q_profile, demand.factors[:, 20:33].copy())
    alone = solve_lanes(network, snapshot, some, tolerance=1e-9)
    np.testing.assert_allclose(alone.v_min_pu, all_at_once.v_min_pu[20:33], atol=1e-9)
    threaded = solve_lanes(network, snapshot, demand, tolerance=1e-9, threads=3)
    np.testing.assert_allclose(threaded.v_min_pu, all_at_once.v_min_pu, atol=1e-9)
    np.testing.assert_allclose(threaded.source_kw, all_at_once.source_kw, rtol=1e-7)


def test_what_goes_below_its_limits_is_solved_in_the_lanes_too() -> None:
    grid = build(9, 6, ["constant_power", "exponential", "constant_current"], meshed=False)
    grid = grid.with_changed("source.s", v_pu=0.65)
    network, snapshot, _, found = _solved(grid, 9, 16)
    assert found.converged.all()
    assert found.v_min_pu.max() < 0.7
    state = prepare(network, snapshot)
    assert state.alive.all()


def test_an_inverter_of_positive_sequence_alone_is_solved_one_by_one() -> None:
    grid = build(2, 5, ["constant_power"], meshed=False).with_rows(
        "pv_systems",
        {"name": "pv", "bus": "b2", "phases": "a b c g", "kv": 12.47, "panel_kw": 300.0,
         "rating_kva": 300.0, "balanced": True},
    )  # fmt: skip
    network, snapshot, demand, found = _solved(grid, 2, 4)
    assert found.converged.all()
    p, q = (demand.factors[k, 3] for k in (demand.p_profile, demand.q_profile))
    s_va = demand.s_va.real * p + 1j * demand.s_va.imag * q
    alone = iterate(prepare(network, snapshot), s_va)
    low = (np.abs(alone.v_v) / network.nodes.base_v).min()
    assert found.v_min_pu[3] == pytest.approx(low, abs=1e-9)


@pytest.mark.parametrize("tolerance", [1e-5, 1e-6])
@pytest.mark.parametrize("name", ["ieee123", "ieee8500"])
def test_no_step_is_further_from_its_solution_than_the_tolerance(
    name: str, tolerance: float
) -> None:
    network = Network.of(read(name))
    start, steps, shapes = network.solve().snapshot, 1200, 16
    rng, loads = np.random.default_rng(1), network.legs.table == 0
    day = np.sin(2 * np.pi * (np.arange(steps) / 24 + rng.random((shapes, 1))))
    at = np.where(loads, network.legs.element % shapes, shapes)
    factors = np.vstack([0.55 + 0.3 * day + 0.1 * rng.random((shapes, steps)), np.ones(steps)])
    demand = Demand(powers(network.legs, start), at, at, factors)
    found, exact = (
        solve_lanes(network, start, demand, tolerance=one, voltages=True)
        for one in (tolerance, 1e-10)
    )
    assert found.v_v is not None
    assert exact.v_v is not None
    left_pu = (np.abs(found.v_v - exact.v_v) / network.nodes.base_v).max(axis=1)
    assert left_pu.max() < tolerance
    # and not by going on for longer than it takes
    assert found.rounds.mean() < (2.2 if tolerance == 1e-5 else 3.2)


@pytest.mark.parametrize("absurd", [1e200, -1e308, 1e12, -1e12])
def test_an_absurd_step_takes_no_others_out_of_their_lanes_but_those_beside_it(
    absurd: float,
) -> None:
    grid = build(1, 8, ["constant_power"], meshed=False)
    network, snapshot = Network.of(grid), Snapshot.normal(grid)
    same = np.zeros(len(network.legs.plus), np.int64)
    factors = np.random.default_rng(1).uniform(0.3, 1.3, (1, 128))
    factors[0, 20] = absurd
    demand = Demand(powers(network.legs, snapshot), same, same, factors)
    with np.errstate(all="ignore"):
        found = solve_lanes(network, snapshot, demand, tolerance=1e-9, voltages=True, rest=False)
    assert found.v_v is not None
    assert not found.in_lane[20]
    assert found.in_lane.sum() >= 128 - 16
    state = prepare(network, snapshot)
    for step in np.flatnonzero(found.in_lane)[::9].tolist():
        alone = iterate(state, demand.at(factors[:, step]))
        assert np.abs(alone.v_v - found.v_v[step]).max() < 1e-8 * network.nodes.base_v.max()


@pytest.mark.parametrize("name", ["ieee13", "ieee123"])
def test_steps_at_which_nothing_changes_settle_in_their_lanes(name: str) -> None:
    grid = read(name)
    network, snapshot = Network.of(grid), Snapshot.normal(grid)
    same = np.zeros(len(network.legs.plus), np.int64)
    night = np.maximum(np.sin(2 * np.pi * np.arange(240) / 24), 0.0)
    for factors in (np.ones(240), night):
        demand = Demand(powers(network.legs, snapshot), same, same, factors[None])
        found = solve_lanes(network, snapshot, demand, rest=False)
        assert found.in_lane.all()
