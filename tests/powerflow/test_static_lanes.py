"""A series with static control is solved in lanes, and moves every tap and bank as step by step."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.formats.read import read
from gridmend.model.errors import GridError
from gridmend.model.series import Series, utc_times
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.controls.look import LOCKED, BankControls, Probes, Regulators
from gridmend.powerflow.controls.queue import look, places
from gridmend.powerflow.controls.tables import Controls
from gridmend.powerflow.lanes import static as lane_static
from gridmend.powerflow.lanes.beginnings import likely_end
from gridmend.powerflow.lanes.series import move_in_lanes
from gridmend.powerflow.network import Network
from gridmend.powerflow.series_flow import SeriesFlow, solve_series
from gridmend.powerflow.step_by_step import one_by_one, step_of
from gridmend.powerflow.step_summary import ANSI_RANGE_A
from tests.powerflow.swinging import controlled, swinging


def _alone(network: Network, series: Series, begin: Snapshot | None = None) -> SeriesFlow:
    return one_by_one(
        network,
        series,
        range(series.steps),
        step=step_of(network, "static"),
        begin=series.start if begin is None else begin,
        waiting=None,
        keep_voltages=True,
        limits=ANSI_RANGE_A,
    )


def _assert_alike(network: Network, lanes: SeriesFlow, alone: SeriesFlow) -> None:
    for name in ("converged", "settled", "steps_on", "tap_operations", "capacitor_operations"):
        np.testing.assert_array_equal(getattr(lanes, name), getattr(alone, name), err_msg=name)
    np.testing.assert_allclose(lanes.tap_pu, alone.tap_pu, atol=1e-9)
    assert lanes.v_v is not None
    assert alone.v_v is not None
    error_pu = np.abs(lanes.v_v - alone.v_v) / network.nodes.base_v
    assert np.nanmax(error_pu) < 1e-7
    for name in ("overloads", "customers_outside", "v_min_node", "v_max_node"):
        np.testing.assert_array_equal(getattr(lanes, name), getattr(alone, name), err_msg=name)
    for name in ("source_kw", "source_kvar", "load_kw", "load_kvar"):
        found, known = getattr(lanes, name), getattr(alone, name)
        np.testing.assert_allclose(found, known, rtol=1e-6, atol=1e-3, err_msg=name)
    # source less load in lanes, element by element alone: so energy balances
    np.testing.assert_allclose(lanes.loss_kw, alone.loss_kw, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "steps"), [("ieee13", 300), ("ieee34", 300), ("ieee123", 300), ("ieee8500", 60)]
)
def test_every_tap_and_bank_moves_as_step_by_step(name: str, steps: int) -> None:
    network = Network.of(read(name))
    series = swinging(network.grid, steps)
    lanes = solve_series(network, series, controls="static", keep_voltages=True)
    alone = _alone(network, series)
    assert alone.tap_operations.sum() > 30
    _assert_alike(network, lanes, alone)


def test_reverse_power_is_as_sure_as_its_share_of_the_apparent_power() -> None:
    controls = Controls.of(Network.of(controlled("ieee13", 0)))
    one = Regulators(*(column[:1] for column in controls.regulators))
    regulators = one._replace(
        phases=np.array([[1, 1]]),
        volts=np.array([0]),
        amps=np.array([1]),
        reverse=np.array([LOCKED]),
        threshold=np.zeros(1),
    )
    # 1000 V and j1 A with a thousandth of it active: 1 W of 1000 VA
    unit, none = np.ones(2), np.zeros(2)
    base = np.array([1000.0, 0.0, 1e-3, 1.0])
    tie = np.full(2, -1)
    probes = Probes(np.arange(3), np.arange(2), unit, none, tie, base)
    nothing = BankControls(*(column[:0] for column in controls.bank_controls))
    at = places(len(controls.windings), 0, 1, 0, 1)
    margin = look(regulators, nothing, probes, at, np.nan, np.zeros(4), np.ones(1), 1, 0, 0.0)
    assert margin == pytest.approx(1e-3, rel=1e-3)


@pytest.mark.parametrize(("column", "ldc"), [("pt_ratio", 0.0), ("ct_primary_a", 3.0)])
def test_a_control_with_a_ratio_of_nothing_is_refused(column: str, ldc: float) -> None:
    grid = read("ieee13")
    name = next(iter(grid.tap_controls))
    grid = grid.with_changed(f"tap_control.{name}", **{column: 0.0, "ldc_r_v": ldc})
    with pytest.raises(GridError, match=column):
        solve_series(Network.of(grid), swinging(grid, 30), controls="static")


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(["ieee13", "ieee34", "ieee123"]), st.integers(0, 10_000))
def test_whatever_its_settings_a_control_moves_as_step_by_step(name: str, seed: int) -> None:
    network = Network.of(controlled(name, seed))
    series = swinging(network.grid, 60)
    times = utc_times(datetime(2026, 3, 1, tzinfo=UTC), step_s=3600.0, steps=60)
    series = Series(series.start, series.factors, series.follows, times)
    lanes = solve_series(network, series, controls="static", keep_voltages=True)
    _assert_alike(network, lanes, _alone(network, series))


def test_banks_alone_are_switched_as_step_by_step() -> None:
    grid = controlled("ieee123", 16)
    for control in grid.tap_controls:
        grid = grid.with_changed(f"tap_control.{control}", in_service=False)
    network, series = Network.of(grid), swinging(grid, 60)
    lanes = solve_series(network, series, controls="static", keep_voltages=True)
    assert lanes.capacitor_operations.sum() > 10
    _assert_alike(network, lanes, _alone(network, series))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_cut_into_blocks_a_year_is_the_uncut_one(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Network.of(read("ieee123"))
    series = swinging(network.grid, 400, period=97)
    cut = solve_series(network, series, controls="static", threads=threads)
    monkeypatch.setattr(lane_static, "_LEAST_BLOCK", 1000)
    whole = solve_series(network, series, controls="static")
    np.testing.assert_allclose(cut.tap_pu, whole.tap_pu, atol=1e-9)
    np.testing.assert_allclose(cut.v_min_pu, whole.v_min_pu, atol=1e-7)
    np.testing.assert_array_equal(cut.tap_operations, whole.tap_operations)


def test_a_step_that_no_lane_settles_is_settled_alone_and_the_rest_goes_on() -> None:
    network = Network.of(read("ieee13"))
    series = swinging(network.grid, 60)
    factors = series.factors.copy()
    factors[:, 25] = 400.0
    series = Series(series.start, factors, series.follows)
    lanes = solve_series(network, series, controls="static", keep_voltages=True)
    alone = _alone(network, series)
    _assert_alike(network, lanes, alone)


def test_a_step_first_settled_alone_and_then_met_by_a_lane_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lane_static, "_piloted", lambda _p, at, edges, _t: at.times(len(edges)))
    network = Network.of(read("ieee8500"))
    start = Snapshot.normal(network.grid)
    series = Series(start, np.ones((1, 60)))
    lanes = solve_series(network, series, controls="static", keep_voltages=True)
    _assert_alike(network, lanes, _alone(network, series))
    assert lanes.v_min_pu.min() > 0.5


@pytest.mark.parametrize("most", [0.05, 1.0], ids=["given up", "in lanes"])
@pytest.mark.parametrize("connection", ["wye", "delta"])
def test_beside_a_jump_positions_are_those_of_steps_settled_alone(
    connection: str, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane_static, "_MOST_DOUBTED", most)
    grid = read("ieee34")
    for name in grid.loads:
        if grid.loads.record(name)["connection"] == connection:
            limits = {"model": "exponential", "v_min_pu": 0.95, "v_max_pu": 1.05}
            grid = grid.with_changed(f"load.{name}", **limits)
    network, series = Network.of(grid), swinging(grid, 150)
    lanes = solve_series(network, series, controls="static", keep_voltages=True)
    _assert_alike(network, lanes, _alone(network, series))


def test_what_a_phase_without_a_source_floats_to_is_judged_at_every_step() -> None:
    network = Network.of(read("ieee13"))
    series = swinging(network.grid, 60)
    phases = series.start.open_phases.copy()
    phases[network.grid.switches.row("671692")] = 1
    begin = replace(series.start, open_phases=phases)
    lanes = solve_series(network, series, controls="static", begin=begin, keep_voltages=True)
    _assert_alike(network, lanes, _alone(network, series, begin))


def test_a_network_without_a_source_does_not_converge() -> None:
    network = Network.of(read("ieee13"))
    series = swinging(network.grid, 30)
    begin = replace(series.start, source_on=np.zeros(len(network.grid.sources), np.bool_))
    for controls in ("off", "static"):
        found = solve_series(network, series, controls=controls, begin=begin)
        assert not found.converged.any()
        assert found.tap_operations.sum() == 0


def test_a_network_that_cannot_be_cut_is_solved_step_by_step() -> None:
    network = Network.of(read("ieee37"))
    series = swinging(network.grid, 30)
    found = solve_series(network, series, controls="static", keep_voltages=True)
    _assert_alike(network, found, _alone(network, series))


def test_regulators_of_some_phases_are_cut_with_the_phases_beside_them() -> None:
    grid = read("ieee34")
    bus1, bus2 = (grid.windings.record(f"reg1b:{k}")["bus"] for k in (1, 2))
    grid = grid.with_changed("transformer.reg1b", in_service=False)
    grid = grid.with_changed("transformer.reg2c", in_service=False)
    buses = {"reg1b": (bus1, bus2, "b"), "reg2c": ("852", "852r", "c")}
    for name, (one, other, phase) in buses.items():
        row = {"name": name, "bus1": one, "phases1": phase, "bus2": other, "phases2": phase}
        grid = grid.with_rows("switches", row)
    network, series = Network.of(grid), swinging(grid, 100)
    assert move_in_lanes(network, series.start)
    lanes = solve_series(network, series, controls="static", keep_voltages=True)
    assert lanes.tap_operations.sum() > 30
    _assert_alike(network, lanes, _alone(network, series))


@pytest.mark.parametrize(
    ("way", "truly", "ends"),
    [
        ([2, 2, 2], 5, 5),  # it did not move at all
        ([3, 4, 4], 5, 5),  # it went toward where it was, and from there need not
        ([3, 4, 4], 4, 4),
        ([3, 5, 5], 4, 5),  # it went beyond
        ([3, 4, 3], 5, 3),  # it went to and fro
        ([1, 0, 0], 5, 0),  # it went the other way
        ([1, 0, 0], -2, -2),
    ],
)
def test_a_device_that_went_only_toward_where_it_was_likely_stayed_there(
    way: list[int], truly: int, ends: int
) -> None:
    gone = np.array(way, float)[:, None]
    found = likely_end(np.array([2.0]), gone, np.array([float(truly)]), 1e-9)
    assert found.tolist() == [float(ends)]


def test_more_blocks_than_lanes_leave_no_reading_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lane that ends one block begins another at once, over the state that it ended in."""
    grid = read("ieee13")
    network, steps = Network.of(grid), 240
    factors = 0.7 + 0.3 * np.sin(np.arange(steps) * 2 * np.pi / 24)[None]
    follows = np.zeros(len(grid.loads), np.int64)
    of = Series(Snapshot.normal(grid), factors, {"load_kw": follows, "load_kvar": follows})
    usual = solve_series(network, of, controls="static")
    edges = [(first, first + 3) for first in range(0, steps, 3)]
    monkeypatch.setattr(lane_static, "blocks", lambda *_, **__: edges)
    found = solve_series(network, of, controls="static")
    np.testing.assert_allclose(found.taps, usual.taps, rtol=0.0, atol=1e-9)
    np.testing.assert_allclose(found.v_min_pu, usual.v_min_pu, rtol=0.0, atol=1e-7)
    np.testing.assert_allclose(found.source_kw, usual.source_kw, rtol=1e-7)
