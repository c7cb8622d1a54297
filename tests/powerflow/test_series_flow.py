"""A series solved step by step: single solves, positions carried from one to the next."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.formats.read import read
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot, controlled_winding
from gridmend.powerflow.network import Network
from gridmend.powerflow.results import summary
from gridmend.powerflow.series_flow import solve_series
from tests.powerflow.networks import ALL_MODELS, build, feeders
from tests.powerflow.swinging import swinging


@pytest.mark.parametrize("controls", ["off", "static"])
def test_a_series_of_one_step_is_a_single_solve_exactly(controls: str) -> None:
    grid = read("ieee123")
    network, series = Network.of(grid), swinging(grid, 1)
    found = solve_series(network, series, controls=controls, keep_voltages=True)
    flow = network.solve(series[0], controls=controls)
    assert found.v_v is not None
    np.testing.assert_array_equal(found.v_v[0], flow.v_v)
    np.testing.assert_array_equal(found.tap_pu[0], flow.snapshot.tap_pu)
    np.testing.assert_array_equal(found.end.steps_on, flow.snapshot.steps_on)
    single = summary(grid, flow)
    for name in ("v_min_pu", "v_max_pu"):
        assert getattr(found, name)[0] == single[name]
    for name in ("source_kw", "source_kvar", "loss_kw", "load_kw"):
        assert getattr(found, name)[0] == pytest.approx(single[name], abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(feeders(), st.integers(2, 5))
def test_at_every_step_sources_give_what_loads_and_losses_take(grid: Grid, steps: int) -> None:
    found = solve_series(Network.of(grid), swinging(grid, steps))
    assert found.converged.all()
    np.testing.assert_allclose(found.source_kw, found.load_kw + found.loss_kw, atol=1e-4)
    assert (found.loss_kw > 0).all()


def test_generation_is_taken_off_the_load() -> None:
    grid = build(3, 5, ["constant_power"], meshed=False)
    row = {"name": "g", "bus": "b1", "phases": "a b c g", "kv": 12.47, "p_kw": 100.0}
    made = grid.with_rows("generators", row)
    plain, less = (
        solve_series(Network.of(g), Series(Snapshot.normal(g), np.ones((1, 1))))
        for g in (grid, made)
    )
    assert less.load_kw[0] == pytest.approx(plain.load_kw[0] - 100.0, abs=1e-6)


def test_every_model_of_load_is_solved_over_a_series() -> None:
    grid = build(11, 9, ALL_MODELS, meshed=True)
    found = solve_series(Network.of(grid), swinging(grid, 6))
    assert found.converged.all()


def test_cut_anywhere_the_blocks_are_the_uncut_series() -> None:
    grid = read("ieee123")
    network, series = Network.of(grid), swinging(grid, 12)
    whole = solve_series(network, series)
    first = solve_series(network, series, last=5)
    rest = solve_series(network, series, first=5, begin=first.end)
    for name in ("tap_pu", "tap_operations", "steps_on"):
        joined = np.concatenate([getattr(first, name), getattr(rest, name)])
        np.testing.assert_array_equal(joined, getattr(whole, name))
    for name in ("v_min_pu", "source_kw", "loss_kw"):
        joined = np.concatenate([getattr(first, name), getattr(rest, name)])
        np.testing.assert_allclose(joined, getattr(whole, name), rtol=1e-7)


def test_operations_are_the_whole_steps_moved_since_the_step_before() -> None:
    grid = read("ieee123")
    network, series = Network.of(grid), swinging(grid, 8)
    found = solve_series(network, series)
    step = (grid.windings["tap_max_pu"] - grid.windings["tap_min_pu"]) / np.maximum(
        grid.windings["tap_steps"], 1
    )
    path = np.vstack([series.start.tap_pu, found.tap_pu])
    moves = np.abs(np.diff(path, axis=0)) @ (1 / np.where(step > 0, step, np.inf))
    np.testing.assert_allclose(found.tap_operations, moves, atol=1e-9)
    assert found.tap_operations.sum() > 10
    off = solve_series(network, series, controls="off")
    assert not off.tap_operations.any()
    np.testing.assert_array_equal(off.tap_pu[-1], series.start.tap_pu)


def test_a_step_that_does_not_converge_says_so_and_leaves_the_rest_alone() -> None:
    grid = build(5, 6, ["constant_power"], meshed=False)
    for name in grid.loads:
        grid = grid.with_changed(f"load.{name}", v_min_pu=0.01, v_low_pu=0.01)
    start = Snapshot.normal(grid)
    network = Network.of(grid)
    series = Series.scaled(start, [1.0, 500.0, 1.0])
    found = solve_series(network, series, keep_voltages=True)
    assert found.converged.tolist() == [True, False, True]
    assert np.isnan(found.source_kw[1])
    assert found.v_min_node[1] == -1
    assert found.v_v is not None
    assert np.isnan(found.v_v[1]).all()
    assert found.source_kw[2] == pytest.approx(found.source_kw[0], rel=1e-9)


def test_positions_stay_as_they_were_before_a_step_that_does_not_converge() -> None:
    grid = read("ieee13")
    for name in grid.loads:
        low = {"v_min_pu": 0.01, "v_low_pu": 0.01, "model": "constant_power"}
        grid = grid.with_changed(f"load.{name}", **low)
    # At two and a half times the load, regulators that lower the voltage bring it to collapse.
    for name in grid.tap_controls:
        controls = grid.tap_controls.changed(name, {"target_v": 80.0})
        grid = grid.with_tables(tap_controls=controls)
    taps = np.array(Snapshot.normal(grid).tap_pu)
    taps[[controlled_winding(grid, k) for k in range(3)]] = 1.1
    start = Snapshot.normal(grid).with_taps(taps)
    network, series = Network.of(grid), Series.scaled(start, [2.5, 0.1])
    assert network.solve(series[0], controls="off").converged
    assert (network.solve(series[0]).snapshot.tap_pu != taps).any()
    found = solve_series(network, series)
    assert found.converged.tolist() == [False, True]
    np.testing.assert_array_equal(found.tap_pu[0], taps)
    assert found.tap_operations[0] == 0
    assert found.tap_operations[1] > 0


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"first": 3, "last": 2}, "no steps 3 to 2"),
        ({"last": 9}, "no steps 0 to 9"),
        ({"controls": "wild"}, "controls cannot be 'wild'"),
        ({"threads": 0}, "0 threads"),
    ],
)
def test_what_cannot_be_asked_is_refused(options: dict, what: str) -> None:
    grid = read("ieee13")
    with pytest.raises(GridError, match=what):
        solve_series(Network.of(grid), swinging(grid, 4), **options)


def test_a_series_of_another_grid_is_refused() -> None:
    series = swinging(read("ieee123"), 2)
    with pytest.raises(GridError, match="the grid has"):
        solve_series(Network.of(read("ieee13")), series)
