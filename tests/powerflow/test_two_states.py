"""A load behind a long line has two states beside its limit; a series takes its snapshot's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gridmend.formats.read import read
from gridmend.model.arrays import Floats, Ints
from gridmend.model.grid import Grid
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.iteration import iterate, prepare
from gridmend.powerflow.lanes.solve import Demand, Lanes, solve_lanes
from gridmend.powerflow.legs import powers
from gridmend.powerflow.network import Network
from gridmend.powerflow.series_flow import solve_series

UP = np.linspace(0.2, 2.2, 200)
THERE_AND_BACK = np.concatenate([UP, UP[::-1]])
"""Demand that takes the load over its limit and back, each way at another demand."""


def _grid(*loads: dict[str, Any]) -> Grid:
    """Loads behind a kilometre of line."""
    wye = {"bus": "b1", "phases": "a b c g", "connection": "wye", "kv": 12.47}
    model = {"model": "exponential", "p_exponent": 2.5, "q_exponent": 2.5}
    limits = {"v_min_pu": 0.9, "v_max_pu": 1.0}
    grid = Grid("two").with_rows(
        "buses", {"name": "b0", "base_kv": 12.47}, {"name": "b1", "base_kv": 12.47}
    )
    grid = grid.with_rows(
        "sources",
        {"name": "s", "bus": "b0", "base_kv": 12.47, "v_pu": 1.0, "r1_ohm": 0.01, "x1_ohm": 0.08,
         "r0_ohm": 0.02, "x0_ohm": 0.1},
    )  # fmt: skip
    each = np.eye(3)
    grid = grid.with_rows(
        "lines",
        {"name": "l", "bus1": "b0", "phases1": "a b c", "bus2": "b1", "phases2": "a b c",
         "length_m": 1000.0, "r_ohm_per_km": 2.0 * each, "x_ohm_per_km": 4.0 * each,
         "c_nf_per_km": each},
    )  # fmt: skip
    return grid.with_rows("loads", *({**wye, **model, **limits, **load} for load in loads))


A = {"name": "a", "p_kw": 3000.0, "q_kvar": 1500.0}


def _in_lanes(grid: Grid, factors: Floats, follows: Ints | None = None) -> Lanes:
    """A series in lanes, of which every step that stays in them is the solve of its snapshot."""
    network, normal = Network.of(grid), Snapshot.normal(grid)
    s_va = powers(network.legs, normal)
    at = np.zeros(len(s_va), np.int64) if follows is None else follows[network.legs.element]
    demand = Demand(s_va, at, at, np.atleast_2d(factors))
    found = solve_lanes(network, normal, demand, tolerance=1e-8, voltages=True, rest=False)
    state = prepare(network, normal)
    assert found.v_v is not None
    for step in np.flatnonzero(found.in_lane).tolist():
        alone = iterate(state, demand.at(demand.factors[:, step]))
        assert alone.converged
        apart = np.abs(alone.v_v - found.v_v[step]) / network.nodes.base_v
        assert apart.max() < 1e-6, step
    return found


def test_up_and_down_a_series_takes_the_state_of_each_snapshot() -> None:
    found = _in_lanes(_grid(A), THERE_AND_BACK)
    assert found.in_lane.all()
    np.testing.assert_allclose(found.v_min_pu, found.v_min_pu[::-1], atol=1e-7)
    assert np.abs(np.diff(found.v_min_pu)).max() > 0.01  # it does jump


@pytest.mark.parametrize("kw", [-2500.0, -3000.0, -3300.0, -3600.0])
def test_a_generator_that_jumps_the_other_way_hides_no_jump(kw: float) -> None:
    other = {"name": "b", "p_kw": kw, "q_kvar": kw / 2, "v_min_pu": 0.8}
    once = np.zeros(len(THERE_AND_BACK))
    once[300] = 1.0
    factors = np.stack([THERE_AND_BACK, once])
    assert _in_lanes(_grid(A, other), factors, np.array([0, 1])).in_lane.all()


@pytest.mark.parametrize("absurd", [np.inf, -np.inf, np.nan, 1e300, 1e200])
def test_an_absurd_step_is_given_up_and_leads_no_other_astray(absurd: float) -> None:
    factors = THERE_AND_BACK.copy()
    factors[300] = absurd
    with np.errstate(all="ignore"):
        found = _in_lanes(_grid(A), factors)
    assert np.flatnonzero(~found.in_lane).tolist() == [300]


@pytest.mark.parametrize("limit", [np.inf, 1e160, 1e6])
def test_a_limit_that_no_voltage_comes_to_is_none(limit: float) -> None:
    assert _in_lanes(_grid({**A, "v_max_pu": limit}), THERE_AND_BACK).in_lane.all()


def test_a_lower_limit_at_which_the_rated_impedance_begins_at_once_is_solved() -> None:
    grid = _grid({**A, "v_low_pu": 0.9, "v_min_pu": 0.9})
    found = _in_lanes(grid, THERE_AND_BACK)
    assert found.in_lane.sum() > len(THERE_AND_BACK) - 5


def test_no_steps_are_solved_to_nothing() -> None:
    assert len(_in_lanes(_grid(A), np.empty((1, 0))).converged) == 0


def test_under_static_control_the_states_are_those_of_single_solves_too() -> None:
    grid = read("ieee13")
    for name in grid.tap_controls:
        grid = grid.with_changed(f"tap_control.{name}", band_v=90.0)  # so that none moves
    load = {
        "name": "a", "bus": "671", "phases": "a b c g", "connection": "wye", "kv": 4.16,
        "p_kw": 6000.0, "q_kvar": 3600.0, "model": "exponential", "v_min_pu": 0.93,
        "v_max_pu": 1.2, "p_exponent": 4.0, "q_exponent": 4.0,
    }  # fmt: skip
    grid = grid.with_rows("loads", load)
    network, rows = Network.of(grid), np.full(len(grid.loads), -1)
    rows[list(grid.loads).index("a")] = 0
    up = np.linspace(0.1, 0.6, 150)
    series = Series(
        Snapshot.normal(grid), np.concatenate([up, up[::-1]])[None],
        {"load_kw": rows, "load_kvar": rows},
    )  # fmt: skip
    found = solve_series(network, series, controls="static", keep_voltages=True)
    assert not found.tap_operations.any()
    assert found.v_v is not None
    for step in range(0, 300, 7):
        alone = network.solve(series[step], controls="off").v_v
        assert (np.abs(found.v_v[step] - alone) / network.nodes.base_v).max() < 1e-6, step
