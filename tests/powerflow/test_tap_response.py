"""What a tap does to the voltages below it is foretold, and what lanes learn harms no answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gridmend.formats.read import read
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.lanes import series as lane_series
from gridmend.powerflow.lanes import tap_response
from gridmend.powerflow.lanes.static import Plan
from gridmend.powerflow.network import Network
from gridmend.powerflow.series_flow import SeriesFlow, solve_series
from oracles.masters import master
from tests.powerflow.swinging import swinging

DEMAND = 0.7


def _plan(network: Network, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """What lanes go by where all demand stays the same."""
    plans, follow = list[Plan](), lane_series.follow

    def kept(plan: Plan, *rest: Any, **named: Any) -> Any:
        plans.append(plan)
        return follow(plan, *rest, **named)

    monkeypatch.setattr(lane_series, "follow", kept)
    start = Snapshot.normal(network.grid)
    solve_series(network, Series.scaled(start, [DEMAND] * 24), controls="static")
    return plans[0]


def _at_base(network: Network, plan: Plan) -> Snapshot:
    start = Snapshot.normal(network.grid)
    taps, on = start.tap_pu.copy(), start.steps_on.copy()
    taps[plan.controls.windings] = plan.base.tap
    on[plan.controls.banks] = plan.base.on
    start = start.with_demand(DEMAND * start.load_kw, DEMAND * start.load_kvar)
    return start.with_taps(taps).with_capacitors(on)


@pytest.mark.parametrize("name", ["ieee13", "ieee123"])
def test_a_tap_moves_voltages_as_foretold(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network.of(read(name))
    plan = _plan(network, monkeypatch)
    base, node, response = _at_base(network, plan), plan.laid.node, plan.moves.response
    before = network.solve(base, controls="off").v_v
    foretold = np.zeros((len(plan.controls.windings), len(node)), complex)
    for q, tap in enumerate(plan.moves.tie_tap.tolist()):
        mine = slice(response.start[q], response.start[q + 1])
        if tap >= 0:
            foretold[tap, response.row[mine]] += response.by.reshape(-1, 2)[mine] @ (1, 1j)
    with_legs = plan.laid.start.rows
    for tap, winding in enumerate(plan.controls.windings.tolist()):
        moved = base.tap_pu.copy()
        moved[winding] += 1e-4
        after = network.solve(base.with_taps(moved), controls="off").v_v
        came = ((after - before) / network.nodes.base_v)[node[with_legs]] / 1e-4
        largest = np.abs(came).max()
        assert largest > 0.5
        np.testing.assert_allclose(foretold[tap, with_legs], came, atol=0.03 * largest)


def test_in_a_large_network_no_tap_is_foretold(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network.of(read("ieee13"))
    monkeypatch.setattr(tap_response, "_MOST_ROWS", 3)
    assert not len(_plan(network, monkeypatch).moves.response.row)


@pytest.mark.parametrize("name", ["ieee13", "ieee34", "ieee123"])
def test_every_tap_moves_a_watched_voltage_about_as_much_as_any(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = _plan(Network.of(read(name)), monkeypatch)
    response, watched = plan.moves.response, plan.laid.watched
    assert (np.diff(watched) > 0).all()
    assert np.isin(watched, plan.laid.start.rows).all()
    for q in np.flatnonzero(plan.moves.tie_tap >= 0).tolist():
        mine = slice(response.start[q], response.start[q + 1])
        size = np.abs(response.by.reshape(-1, 2)[mine] @ (1, 1j))
        seen = np.isin(response.row[mine], watched)
        assert size[seen].max() > 0.9 * size.max()


def _solved(name: str, tolerance_pu: float) -> tuple[Network, SeriesFlow]:
    network = Network.of(read(name))
    series = swinging(network.grid, 480)
    return network, solve_series(
        network, series, controls="static", tolerance_pu=tolerance_pu, keep_voltages=True
    )


@pytest.mark.parametrize("most_rows", [0, 500])
@pytest.mark.parametrize("tolerance_pu", [1e-6, 1e-5])
@pytest.mark.parametrize("name", ["ieee13", "ieee123"])
def test_positions_are_the_same_at_any_tolerance_and_voltages_near_it(
    name: str, tolerance_pu: float, most_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, exact = _solved(name, 1e-11)
    monkeypatch.setattr(tap_response, "_MOST_ROWS", most_rows)
    _, found = _solved(name, tolerance_pu)
    np.testing.assert_array_equal(found.tap_pu, exact.tap_pu)
    np.testing.assert_array_equal(found.steps_on, exact.steps_on)
    assert found.tap_operations.sum() > 100
    assert found.v_v is not None
    assert exact.v_v is not None
    error = (np.abs(found.v_v - exact.v_v) / network.nodes.base_v).max(axis=1)
    # what is left is told by how fast changes shrank in other steps
    assert np.quantile(error, 0.98) < (tolerance_pu if most_rows else 5 * tolerance_pu)
    assert error.max() < 10 * tolerance_pu


def test_where_loads_jump_a_loose_tolerance_moves_no_tap() -> None:
    path = master("J1")
    if path is None:
        pytest.skip("the feeders are not here: set GRIDMEND_DATA to their folder")
    network = Network.of(read(path))
    rng = np.random.default_rng(1)
    phase, noise = rng.random((16, 1)), rng.random((16, 8760))[:, :400]
    factors = 0.55 + 0.3 * np.sin(2 * np.pi * (np.arange(400) / 24 + phase)) + 0.1 * noise
    rows = np.arange(len(network.grid.loads)) % 16
    follows = {"load_kw": rows, "load_kvar": rows}
    series = Series(network.solve().snapshot, factors, follows)
    exact, found = (
        solve_series(network, series, controls="static", tolerance_pu=to) for to in (1e-11, 1e-5)
    )
    np.testing.assert_array_equal(found.tap_pu, exact.tap_pu)
