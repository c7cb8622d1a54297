"""A series of hours under static control ends, hour by hour, where OpenDSS's yearly mode ends."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from gridmend.formats.opendss import read
from gridmend.model.arrays import Floats, Ints
from gridmend.model.grid import Grid
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot, controlled_winding, step_of_tap
from gridmend.powerflow.network import Network
from gridmend.powerflow.series_flow import SeriesFlow, solve_series
from oracles.clock import best_of, timed
from oracles.masters import master
from oracles.opendss import node_key
from oracles.year import Profiles, Settings, Year, recorded

HOURS = {"ieee13": 72, "ieee34": 72, "ieee123": 72, "ieee8500-unbal": 24}
"""Feeders and hours; the last also switches capacitors."""

LIVE_PU = 0.1


def _shapes(hours: int, *, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    day = 0.3 * np.sin(2 * np.pi * (np.arange(hours) / 24 + rng.random((16, 1))))
    return 0.55 + day + 0.1 * rng.random((16, hours))


def _of_load(grid: Grid) -> Ints:
    return np.arange(len(grid.loads)) % 16


def _profiles(grid: Grid, factors: Floats) -> Profiles:
    names = grid.loads["name"]
    return Profiles(
        factors, {f"load.{n}": int(k) for n, k in zip(names, _of_load(grid), strict=True)}
    )


def _series(grid: Grid, factors: Floats) -> Series:
    rows = _of_load(grid)
    return Series(Snapshot.normal(grid), factors, {"load_kw": rows, "load_kvar": rows})


@cache
def _both(name: str, controls: str) -> tuple[Network, SeriesFlow, Year]:
    path = master(name)
    if path is None:
        pytest.skip("the feeders are not here: set GRIDMEND_DATA to their folder")
    grid = read(path)
    network, factors = Network.of(grid), _shapes(HOURS[name], seed=5)
    settled = network.solve().snapshot
    ours = solve_series(
        network, _series(grid, factors), controls=controls, begin=settled, keep_voltages=True
    )
    theirs = recorded(
        path,
        _profiles(grid, factors),
        Settings(controls, tolerance=1e-8),
        positions=settled.positions(grid),
        voltages=True,
    )
    return network, ours, theirs


def _taps(grid: Grid, flow: SeriesFlow, order: tuple[str, ...]) -> Ints:
    """[steps, controls] whole steps in the peer's order."""
    rows = {n.lower(): k for k, n in enumerate(grid.tap_controls)}
    at = [controlled_winding(grid, rows[n.lower()]) for n in order]
    return np.array([[step_of_tap(grid.windings, w, tap[w]) for w in at] for tap in flow.tap_pu])


def _farthest_pu(network: Network, flow: SeriesFlow, peer: Year) -> float:
    """Largest distance of two voltages at any hour, every node that both have and one feeds."""
    assert flow.v_v is not None
    assert peer.v_v is not None
    place = {name: k for k, name in enumerate(peer.nodes)}
    keys = [
        node_key(network.grid, int(bus), str(phase))
        for bus, phase in zip(network.nodes.bus, network.nodes.phase, strict=True)
    ]
    ours = np.array([k for k, key in enumerate(keys) if key in place])
    theirs = np.array([place[keys[k]] for k in ours])
    base_v = network.nodes.base_v[ours]
    mine, other = flow.v_v[:, ours] / base_v, peer.v_v[:, theirs] / base_v
    live = (np.abs(mine) > LIVE_PU) | (np.abs(other) > LIVE_PU)
    assert live.mean() > 0.9
    return float(np.abs(mine - other)[live].max())


@pytest.mark.parametrize("name", HOURS)
def test_every_tap_and_capacitor_is_where_opendss_has_it_at_every_hour(name: str) -> None:
    network, ours, theirs = _both(name, "static")
    assert ours.converged.all()
    assert ours.settled.all()
    assert theirs.converged.all()
    assert theirs.settled.all()
    taps = _taps(network.grid, ours, theirs.controls)
    assert np.abs(np.diff(theirs.taps, axis=0)).sum() > 0, "nothing moved: this shows nothing"
    np.testing.assert_array_equal(taps, theirs.taps)
    banks = [network.grid.capacitors.row(n) for n in theirs.capacitors]
    np.testing.assert_array_equal(ours.steps_on[:, banks], theirs.states)
    assert _farthest_pu(network, ours, theirs) < 1e-6
    np.testing.assert_allclose(ours.source_kw, theirs.source_kw, rtol=1e-5, atol=1e-3)


def test_the_longest_of_these_years_switches_capacitors_too() -> None:
    _, ours, theirs = _both("ieee8500-unbal", "static")
    assert np.abs(np.diff(theirs.states, axis=0)).sum() > 0
    assert ours.capacitor_operations.sum() > 0


@pytest.mark.parametrize("name", ["ieee13", "ieee34", "ieee123"])
def test_without_controls_every_voltage_of_every_hour_is_opendss_s(name: str) -> None:
    network, ours, theirs = _both(name, "off")
    assert ours.tap_operations.sum() == 0
    assert np.abs(np.diff(theirs.taps, axis=0)).sum() == 0
    assert _farthest_pu(network, ours, theirs) < 1e-6
    assert np.ptp(theirs.source_kw) > 0.01 * theirs.source_kw.mean(), "the loads did not follow"


def test_the_first_step_of_opendss_takes_the_first_factor_from_the_given_positions() -> None:
    path = master("ieee13")
    if path is None:
        pytest.skip("the feeders are not here: set GRIDMEND_DATA to their folder")
    grid = read(path)
    factors = np.array([[0.4, 0.9, 1.0]])
    all_alike = Profiles(factors, {f"load.{n}": 0 for n in grid.loads["name"]})
    positions = {"taps": {"Reg1": 3, "Reg2": -2, "Reg3": 5}, "capacitors": {"Cap1": 0, "Cap2": 1}}
    peer = recorded(path, all_alike, Settings("off", tolerance=1e-9), positions=positions)
    assert dict(zip(peer.controls, peer.taps[0].tolist(), strict=True)) == {
        "reg1": 3, "reg2": -2, "reg3": 5,
    }  # fmt: skip
    assert peer.states[0].tolist() == [0, 1]
    network = Network.of(grid)
    start = Snapshot.normal(grid).with_positions(grid, positions)
    for step, factor in enumerate(factors[0]):
        demand = start.with_demand(start.load_kw * factor, start.load_kvar * factor)
        flow = network.solve(demand, controls="off")
        assert peer.v_min_pu[step] == pytest.approx(flow.v_pu[flow.energised].min(), abs=1e-7)


def test_an_hour_whose_controls_do_not_settle_is_flagged_and_the_next_hours_go_on() -> None:
    path = master("ieee34")
    if path is None:
        pytest.skip("the feeders are not here: set GRIDMEND_DATA to their folder")
    grid = read(path)
    middle = {"taps": dict.fromkeys(grid.tap_controls, 0)}
    asked = _profiles(grid, _shapes(6, seed=5))
    bounded = recorded(path, asked, Settings(rounds=1), positions=middle)
    assert not bounded.settled[0]
    assert np.ptp(bounded.source_kw) > 1.0, "every hour answered as the first"
    assert recorded(path, asked, Settings(), positions=middle).settled.all()


SCRIPT = """clear
new circuit.c basekv=12.47 bus1=src pu=1.02 r1=0.1 x1=0.8
new line.a bus1=src bus2=end length=2 units=km r1=0.3 x1=0.6 r0=0.6 x0=1.5 c1=0 c0=0
new load.fixed bus1=end kv=12.47 kw=900 kvar=200 status=fixed
new generator.plant bus1=end kv=12.47 kw=600 kvar=100 model=1
set voltagebases=[12.47]
calcvoltagebases
"""


def test_a_generator_and_a_fixed_load_follow_the_profile_they_are_given(tmp_path: Path) -> None:
    path = tmp_path / "model" / "own" / "master.dss"
    path.parent.mkdir(parents=True)
    path.write_text(SCRIPT)
    factors = np.array([[1.0, 0.2, 0.0], [0.5, 1.0, 1.0]])
    asked = Profiles(factors, {"generator.plant": 0, "load.fixed": 1})
    peer = recorded(path, asked, Settings("off", tolerance=1e-9))
    taken = peer.source_kw - peer.loss_kw
    np.testing.assert_allclose(taken, 900 * factors[1] - 600 * factors[0], rtol=1e-6)


def test_against_the_clock_opendss_solves_the_same_steps_whichever_way_it_is_asked(
    tmp_path: Path,
) -> None:
    path = tmp_path / "model" / "own" / "master.dss"
    path.parent.mkdir(parents=True)
    path.write_text(SCRIPT)
    asked = Profiles(np.full((1, 30), 0.7), {"load.fixed": 0})
    alone = timed(path, asked, Settings("off"), at_once=False)
    best = best_of(path, asked, controls="static", repeats=1)
    assert alone.seconds > 0
    assert best.seconds > 0
    assert best.settings.tolerance == Settings().tolerance
