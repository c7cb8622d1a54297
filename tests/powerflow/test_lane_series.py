"""A series with its controls off is solved in lanes, and reads as if solved step by step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.formats.read import read
from gridmend.model.grid import Grid
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow import series_flow
from gridmend.powerflow.lanes.series import LEAST_STEPS, demand_of
from gridmend.powerflow.lanes.solve import solve_lanes
from gridmend.powerflow.network import Network
from gridmend.powerflow.series_flow import SeriesFlow, solve_series
from tests.powerflow.networks import feeders


def _series(grid: Grid, steps: int, *, high: float, seed: int = 1) -> Series:
    rng = np.random.default_rng(seed)
    factors = rng.uniform(0.2, high, size=(4, steps))
    rows = np.arange(len(grid.loads)) % 5 - 1
    return Series(Snapshot.normal(grid), factors, {"load_kw": rows, "load_kvar": rows})


def _both(
    network: Network, series: Series, monkeypatch: pytest.MonkeyPatch
) -> tuple[SeriesFlow, SeriesFlow]:
    together = solve_series(network, series, controls="off", keep_voltages=True)
    monkeypatch.setattr(series_flow, "LEAST_STEPS", series.steps + 1)
    return together, solve_series(network, series, controls="off", keep_voltages=True)


@pytest.mark.parametrize(("name", "high"), [("ieee13", 1.6), ("ieee34", 1.2), ("ieee123", 1.8)])
def test_lanes_read_what_single_solves_read(
    name: str, high: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = read(name)
    network = Network.of(grid)
    lanes, alone = _both(network, _series(grid, 60, high=high), monkeypatch)
    np.testing.assert_array_equal(lanes.converged, alone.converged)
    assert lanes.v_v is not None
    assert alone.v_v is not None
    error_pu = np.abs(lanes.v_v - alone.v_v) / network.nodes.base_v
    assert np.nanmax(error_pu) < 1e-7
    for field in ("v_min_node", "v_max_node", "overloads", "customers_outside", "tap_operations"):
        np.testing.assert_array_equal(getattr(lanes, field), getattr(alone, field), err_msg=field)
    for field in ("source_kw", "source_kvar", "load_kw", "load_kvar"):
        np.testing.assert_allclose(
            getattr(lanes, field), getattr(alone, field), rtol=1e-6, err_msg=field
        )
    np.testing.assert_allclose(lanes.loss_kw, alone.loss_kw, rtol=1e-4, atol=1e-3)
    assert alone.overloads.max() > 0
    assert alone.customers_outside.max() > 0


@settings(max_examples=10, deadline=None)
@given(feeders(), st.integers(0, 1000))
def test_float32_deviations_hold_the_error_of_1e_5(grid: Grid, seed: int) -> None:
    network, series = Network.of(grid), _series(grid, 40, high=1.2, seed=seed)
    demand = demand_of(network, series, 0, series.steps)
    exact = solve_lanes(network, series.start, demand, tolerance=1e-9, voltages=True)
    short = solve_lanes(
        network, series.start, demand, tolerance=1e-6, voltages=True, kind=np.float32
    )
    assert exact.v_v is not None
    assert short.v_v is not None
    assert np.max(np.abs(short.v_v - exact.v_v) / network.nodes.base_v) < 1e-5


@settings(max_examples=10, deadline=None)
@given(feeders(), st.integers(2, 5))
def test_threads_and_neighbours_change_no_answer_beyond_the_tolerance(
    grid: Grid, threads: int
) -> None:
    network, series = Network.of(grid), _series(grid, 50, high=1.2)
    demand = demand_of(network, series, 0, series.steps)
    one, many = (
        solve_lanes(network, series.start, demand, tolerance=1e-9, voltages=True, threads=t)
        for t in (1, threads)
    )
    assert one.v_v is not None
    assert many.v_v is not None
    assert np.max(np.abs(one.v_v - many.v_v) / network.nodes.base_v) < 1e-8


def test_a_lane_that_collapses_says_so_and_leaves_the_others_alone() -> None:
    grid = read("ieee13")
    network, series = Network.of(grid), _series(grid, 48, high=1.0)
    factors = series.factors.copy()
    factors[:, 17] = 1e6
    hurt = Series(series.start, factors, dict(series.follows))
    whole = solve_series(network, series, controls="off", keep_voltages=True)
    found = solve_series(network, hurt, controls="off", keep_voltages=True)
    others = np.arange(48) != 17
    assert whole.v_v is not None
    assert found.v_v is not None
    alone = network.solve(hurt[17], controls="off")
    assert found.converged[17] == alone.converged
    assert found.converged[others].all()
    difference_pu = np.abs(found.v_v - whole.v_v)[others] / network.nodes.base_v
    assert difference_pu.max() < 1e-7


def _weakly_fed() -> Grid:
    """A load behind a long line, beside another near the source."""
    grid = Grid("weak").with_rows("buses", *({"name": n, "base_kv": 12.47} for n in "sab"))
    ohm = {"r1_ohm": 1e-3, "x1_ohm": 1e-3, "r0_ohm": 1e-3, "x0_ohm": 1e-3}
    grid = grid.with_rows("sources", {"name": "s", "bus": "s", "base_kv": 12.47, **ohm})
    lines = [
        {"name": f"to {there}", "bus1": here, "phases1": "a b c", "bus2": there,
         "phases2": "a b c", "length_m": 1000.0, "r_ohm_per_km": np.zeros((3, 3)),
         "x_ohm_per_km": x_ohm * np.eye(3)}
        for here, there, x_ohm in (("s", "a", 0.1), ("a", "b", 50.0))
    ]  # fmt: skip
    loads = [
        {"name": at, "bus": at, "phases": "a b c g", "kv": 12.47, "p_kw": 100.0, "q_kvar": 20.0,
         "v_min_pu": 0.8, "v_max_pu": 1.2}
        for at in "ab"
    ]  # fmt: skip
    return grid.with_rows("lines", *lines).with_rows("loads", *loads)


def test_a_load_that_its_own_demand_leaves_dark_is_read_as_its_model_has_it_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = Network.of(_weakly_fed())
    factors = np.stack([np.linspace(0.3, 1.0, 48), np.linspace(1.1e4, 0.9e4, 48)])
    follows = {name: np.arange(2) for name in ("load_kw", "load_kvar")}
    series = Series(Snapshot.normal(network.grid), factors, follows)
    found = solve_lanes(network, series.start, demand_of(network, series, 0, 48), rest=False)
    assert found.in_lane.all()
    lanes, alone = _both(network, series, monkeypatch)
    assert alone.v_v is not None
    assert (np.abs(alone.v_v) < 0.1 * network.nodes.base_v).any(axis=1).all()
    for field in ("load_kw", "load_kvar", "v_min_pu", "customers_outside"):
        np.testing.assert_allclose(
            getattr(lanes, field), getattr(alone, field), rtol=1e-5, err_msg=field
        )


def test_a_short_series_is_its_single_solves_exactly() -> None:
    grid = read("ieee13")
    network, series = Network.of(grid), _series(grid, LEAST_STEPS - 1, high=1.0)
    found = solve_series(network, series, controls="off", keep_voltages=True)
    assert found.v_v is not None
    for step, snapshot in enumerate(series):
        np.testing.assert_array_equal(found.v_v[step], network.solve(snapshot, controls="off").v_v)


def test_what_is_constant_follows_a_profile_of_ones() -> None:
    grid = read("ieee13")
    network, series = Network.of(grid), _series(grid, 30, high=1.0)
    demand = demand_of(network, series, 3, 20)
    assert demand.factors.shape == (5, 17)
    assert (demand.factors[4] == 1).all()
    np.testing.assert_array_equal(demand.factors[:4], series.factors[:, 3:20])
    rows = series.follows["load_kw"][network.legs.element]
    loads = network.legs.table == 0
    assert (rows[loads] < 0).any()
    np.testing.assert_array_equal(demand.p_profile[loads], np.where(rows < 0, 4, rows)[loads])


def test_an_absurd_step_hides_no_overload_of_another() -> None:
    grid = read("ieee34")
    network, series = Network.of(grid), _series(grid, 60, high=1.6)
    absurd = series.factors.copy()
    absurd[:, 0] = 400.0
    with_it = Series(series.start, absurd, series.follows)
    plain = solve_series(network, series, controls="off")
    found = solve_series(network, with_it, controls="off")
    assert plain.overloads[1:].sum() > 0
    np.testing.assert_array_equal(found.overloads[1:], plain.overloads[1:])
