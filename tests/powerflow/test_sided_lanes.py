"""Where the power of loads jumps, a step in its lane is the solve of its snapshot alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.formats.opendss import read
from gridmend.formats.read import read as load
from gridmend.model.arrays import Complexes, Floats
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow import series_flow
from gridmend.powerflow.iteration import State, iterate, prepare
from gridmend.powerflow.jumps import beyond
from gridmend.powerflow.lanes import solve
from gridmend.powerflow.lanes.board import Board
from gridmend.powerflow.lanes.series import demand_of
from gridmend.powerflow.lanes.solve import Demand, Lanes, solve_lanes
from gridmend.powerflow.leg_models import LINE
from gridmend.powerflow.legs import leg_currents, leg_voltages, powers
from gridmend.powerflow.network import Network
from gridmend.powerflow.simd import lanes_of
from gridmend.powerflow.step_by_step import SeriesFlow, one_by_one
from oracles.masters import master
from tests.powerflow.jumping import INTRICATE, beside_jumps

APART = (184, 292, 747)
"""Feeders on which two states are at rest whose voltages are over a percent apart."""

STEPS = 24


def _case(
    seed: int, models: tuple[str, ...] = ("exponential", "constant_power")
) -> tuple[State, Demand]:
    """A feeder among jumps, and steps of which many stand beside them."""
    grid, scale = beside_jumps(seed, models)
    network, normal = Network.of(grid), Snapshot.normal(grid)
    rng, count = np.random.default_rng(seed), len(network.legs.plus)
    follows = rng.integers(4, size=(2, count))
    factors = scale * rng.uniform(0.6, 1.4, size=(4, STEPS))
    return prepare(network, normal), Demand(powers(network.legs, normal), *follows, factors)


def _in_lanes(state: State, demand: Demand, **options: object) -> Lanes:
    asked = {"tolerance": 1e-8, "voltages": True, "rest": False, **options}
    return solve_lanes(state.network, Snapshot.normal(state.network.grid), demand, **asked)  # pyright: ignore[reportArgumentType]


def _assert_alone(state: State, demand: Demand, found: Lanes, step: int, v_pu: float) -> Complexes:
    """A step is its snapshot's own solve, also in what its loads take; the voltages of that."""
    s_va, legs = demand.at(demand.factors[:, step]), state.network.legs
    alone = iterate(state, s_va)
    assert alone.converged
    assert found.v_v is not None
    apart = np.abs(alone.v_v - found.v_v[step]) / state.network.nodes.base_v
    assert apart.max() < v_pu
    u = leg_voltages(legs, alone.v_v)
    taken_kva = complex(np.sum(u * np.conj(leg_currents(legs, s_va, u)))) / 1e3
    in_lane = complex(found.load_kw[step], found.load_kvar[step])
    assert abs(in_lane - taken_kva) < 1e-4 * float(np.abs(s_va).sum()) / 1e3
    return alone.v_v


def _sliding(state: State, v_v: Complexes) -> int:
    """How many legs are within the line of a limit, inside which neither side holds."""
    by: Floats = beyond(state.network.legs, v_v)
    return int(((by > -0.99 * LINE) & (by < -0.01 * LINE)).sum())


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31))
def test_a_step_among_jumps_is_the_solve_of_its_snapshot(seed: int) -> None:
    state, demand = _case(seed)
    found = _in_lanes(state, demand)
    for step in np.flatnonzero(found.in_lane).tolist():
        _assert_alone(state, demand, found, step, 1e-6)


@pytest.mark.parametrize("other", ["zip", "constant_current", "constant_impedance", "motor"])
def test_loads_of_other_models_beside_them_are_as_in_single_solves(other: str) -> None:
    settled = 0
    for seed in range(12):
        state, demand = _case(seed, ("exponential", other))
        found = _in_lanes(state, demand)
        settled += int(found.in_lane.sum())
        for step in np.flatnonzero(found.in_lane).tolist():
            _assert_alone(state, demand, found, step, 1e-6)
    assert settled > 0


def test_nearly_all_steps_among_jumps_stay_in_their_lanes_also_those_with_legs_that_slide() -> None:
    steps = settled = one = more = 0
    for seed in (*range(60), *INTRICATE, *APART):
        state, demand = _case(seed)
        found = _in_lanes(state, demand)
        steps, settled = steps + STEPS, settled + int(found.in_lane.sum())
        for step in np.flatnonzero(found.in_lane).tolist():
            sliding = _sliding(state, _assert_alone(state, demand, found, step, 1e-6))
            one, more = one + (sliding == 1), more + (sliding > 1)
    assert settled > 0.98 * steps
    assert one > 20
    assert more > 20


@pytest.mark.parametrize("seed", range(4))
def test_a_lane_among_jumps_does_not_depend_on_its_neighbours(seed: int) -> None:
    state, demand = _case(seed)
    found = _in_lanes(state, demand)
    order = np.random.default_rng(1).permutation(STEPS)
    mixed = Demand(demand.s_va, demand.p_profile, demand.q_profile, demand.factors[:, order])
    again = _in_lanes(state, mixed, threads=2)
    assert found.v_v is not None
    assert again.v_v is not None
    both = again.in_lane & found.in_lane[order]
    assert both.mean() > 0.9
    apart = np.abs(again.v_v - found.v_v[order])[both] / state.network.nodes.base_v
    assert apart.max() < 1e-7


@pytest.mark.parametrize("times", [1e6, 1e200])
def test_a_step_that_collapses_among_jumps_says_so_and_leaves_the_others_alone(
    times: float,
) -> None:
    state, demand = _case(4)
    found = _in_lanes(state, demand)
    factors = demand.factors.copy()
    factors[:, 3] = times
    hurt = _in_lanes(state, Demand(demand.s_va, demand.p_profile, demand.q_profile, factors))
    assert not hurt.in_lane[3]
    both = hurt.in_lane & found.in_lane
    assert both.sum() == found.in_lane.sum() - 1
    assert found.v_v is not None
    assert hurt.v_v is not None
    apart = np.abs(hurt.v_v - found.v_v)[both] / state.network.nodes.base_v
    assert apart.max() < 1e-7


def test_a_step_that_takes_too_many_rounds_takes_no_neighbour_with_it() -> None:
    state, demand = _case(4)
    factors = demand.factors.copy()
    factors[:, 3] *= 15.0
    slow = _in_lanes(state, Demand(demand.s_va, demand.p_profile, demand.q_profile, factors))
    assert np.flatnonzero(~slow.in_lane).tolist() == [3]


def test_what_is_asked_for_in_float32_is_as_exact_among_jumps() -> None:
    state, demand = _case(1341)
    found = _in_lanes(state, demand, kind=np.float32, tolerance=1e-5)
    assert found.in_lane.any()
    for step in np.flatnonzero(found.in_lane).tolist():
        _assert_alone(state, demand, found, step, 1e-5)


def _j1_series(steps: int) -> tuple[Network, Series]:
    """EPRI's J1 from its settled positions, its loads on 16 shapes."""
    path = master("J1")
    if path is None:
        pytest.skip("the feeders are not here: set GRIDMEND_DATA to their folder")
    network = Network.of(read(path))
    rng, at = np.random.default_rng(1), np.arange(len(network.grid.loads)) % 16
    day = np.sin(2 * np.pi * (np.arange(steps) / 24 + rng.random((16, 1))))
    shapes = 0.55 + 0.3 * day + 0.1 * rng.random((16, steps))
    start = network.solve().snapshot
    return network, Series(start, shapes, {"load_kw": at, "load_kvar": at})


def test_hours_of_a_feeder_whose_loads_stand_among_their_jumps_stay_in_lanes() -> None:
    network, series = _j1_series(120)
    start, sliding = series.start, 0
    demand = demand_of(network, series, 0, 120)
    found = solve_lanes(network, start, demand, tolerance=1e-8, voltages=True, rest=False)
    assert found.in_lane.sum() >= 118
    state = prepare(network, start)
    for step in np.flatnonzero(found.in_lane).tolist():
        sliding += _sliding(state, _assert_alone(state, demand, found, step, 1e-7)) > 0
    assert sliding > 10


def test_legs_of_every_kind_are_at_first_their_rated_admittances(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, laid = Network.of(load("ieee123")), list[Any]()
    normal, block = Snapshot.normal(network.grid), solve.block_in_step

    def kept(given: Any, *rest: Any) -> Any:
        laid.append(given)
        return block(given, *rest)

    monkeypatch.setattr(solve, "block_in_step", kept)
    demand = demand_of(network, Series.scaled(normal, [0.7] * STEPS), 0, STEPS)
    solve_lanes(network, normal, demand)
    rows, fused, loose, *_ = laid[0].tables
    board = Board.of(rows, fused, loose.across, lanes_of(np.float64))
    legs, many = network.legs, len(fused.kinds)
    assert len(np.unique(fused.kinds)) == 3
    mine = (legs.plus >= 0) & (legs.minus < 0)
    rated_pu = legs.rated_v[mine] / network.nodes.base_v[legs.plus[mine]]
    wanted = demand.s_va[mine] / rated_pu**2
    found = board.s_va[:many] * board.shares.admits[:many]
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(wanted), rtol=1e-12)


def test_with_its_regulators_at_work_that_feeder_is_settled_in_lanes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, series = _j1_series(96)
    alone: list[range] = []

    def counted(*args: Any, **kept: Any) -> SeriesFlow:
        alone.append(args[2])
        return one_by_one(*args, **kept)

    monkeypatch.setattr(series_flow, "one_by_one", counted)
    found = series_flow.solve_series(network, series, controls="static")
    assert found.settled.all()
    assert sum(map(len, alone)) < 5


@pytest.mark.parametrize("seed", [49, 106, 157, 165])
def test_what_cannot_slide_together_is_where_a_solve_alone_puts_it(seed: int) -> None:
    """Of loads that slide a lane may find shares of hundreds, at which a single solve gives up."""
    rng, grid = np.random.default_rng(seed), load("ieee34")
    for name in grid.loads:
        low, wide = float(rng.choice([0.85, 0.95, 0.97])), float(rng.choice([0.001, 0.03, 0.05]))
        steep = {
            "v_max_pu": low + wide,
            "p_exponent": float(rng.choice([0.0, 2.0, 3.5])),
            "q_exponent": float(rng.choice([0.0, 1.0, 4.2])),
        }
        grid = grid.with_changed(f"load.{name}", model="exponential", v_min_pu=low, **steep)
    network = Network.of(grid)
    factors, follows = 0.2 + 1.2 * rng.random((4, 48)), rng.integers(0, 4, len(grid.loads))
    series = Series(Snapshot.normal(grid), factors, {"load_kw": follows, "load_kvar": follows})
    found = series_flow.solve_series(network, series, controls="off", keep_voltages=True)
    assert found.v_v is not None
    for step in range(series.steps):
        alone = network.solve(series[step], controls="off")
        assert found.converged[step] == alone.converged
        apart = np.abs(found.v_v[step] - alone.v_v) / network.nodes.base_v
        assert apart.max() < 1e-6
