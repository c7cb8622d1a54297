"""Lanes with taps and banks of their own are single solves at those positions."""

from __future__ import annotations

import numpy as np
import pytest

from gridmend.formats.read import read
from gridmend.model.arrays import Complexes, Floats
from gridmend.model.snapshot import Snapshot, controlled_winding
from gridmend.powerflow.iteration import iterate, prepare
from gridmend.powerflow.lanes.curves import near_a_jump
from gridmend.powerflow.lanes.kernel import Banks, passive, sweep
from gridmend.powerflow.lanes.matrix import Base, matrix
from gridmend.powerflow.lanes.measure import LEAST_APART
from gridmend.powerflow.lanes.solve import source_nodes
from gridmend.powerflow.lanes.split import split
from gridmend.powerflow.lanes.tables import Demand, fused_legs, loose_legs, loose_nodes
from gridmend.powerflow.legs import powers
from gridmend.powerflow.network import Network
from gridmend.powerflow.simd import lanes_of

LANES = lanes_of(np.float64)


def _swept(network: Network, snapshot: Snapshot, tap_pu: Floats) -> Complexes:
    """[lanes, nodes] voltages [V] at taps [lanes, windings] from one base; what was at some rows
    before each round is put aside on the way."""
    grid, s_va = network.grid, powers(network.legs, snapshot)
    windings = np.array([controlled_winding(grid, c) for c in range(len(grid.tap_controls))])
    cut = split(network, snapshot, windings, source_nodes(network))
    assert cut is not None
    state = prepare(network, snapshot)
    base = Base.of(state, cut, s_va, iterate(state, s_va).v_v, snapshot.tap_pu)
    same = np.zeros(len(network.legs.plus), np.int64)
    demand = Demand(s_va, same, same, np.ones((1, 1)))
    laid = matrix(cut, base, loose_nodes(network, demand), np.float64)
    near = near_a_jump(network, np.full(len(network.legs.plus), LEAST_APART), stay=False)
    legs, leg_start = fused_legs(network, demand, base, laid, np.float64, near)
    loose = loose_legs(network, demand, base, laid, np.float64, near)
    rows = laid.rows._replace(leg_start=leg_start)
    nodes = len(cut.shape.place)
    x = np.zeros(nodes * 2 * LANES)
    extra = np.zeros(len(laid.ties.below) * 2 * LANES)
    room, taken = np.zeros(max(2 * len(loose.model), 3) * LANES), np.zeros(2 * LANES)
    ratio = np.ascontiguousarray(tap_pu[:, cut.winding].T).ravel()
    banks = Banks(np.empty((0, 3), np.int64), np.empty((0, 4)))
    watched = np.arange(1, rows.active, 3).astype(np.int32)
    old = np.zeros(2 * len(watched) * LANES)
    for _ in range(120):
        before = x.reshape(nodes, -1)[watched].ravel()
        sweep(
            rows, legs, loose, laid.ties, banks, np.ones(LANES), LANES, 0, ratio, np.zeros(0), x,
            extra, room, taken, watched, old,
        )  # fmt: skip
        np.testing.assert_array_equal(old, before)
    passive(rows, x)
    apart = x.reshape(nodes, 2, LANES)[laid.row]
    v = (apart[:, 0] + 1j * apart[:, 1]) * cut.base_v[:, None] + base.v_v[:, None]
    return v[: network.pattern.n].T


@pytest.mark.parametrize("name", ["ieee13", "ieee34", "ieee123", "ieee8500"])
def test_each_lane_has_its_own_taps_with_one_factor(name: str) -> None:
    grid = read(name)
    network, snapshot = Network.of(grid), Snapshot.normal(grid)
    rng = np.random.default_rng(3)
    taps = np.tile(snapshot.tap_pu, (LANES, 1))
    for control in range(len(grid.tap_controls)):
        winding = controlled_winding(grid, control)
        taps[:, winding] = 1 + 0.00625 * rng.integers(-8, 9, LANES)
    found = _swept(network, snapshot, taps)
    for lane in range(LANES):
        alone = network.solve(snapshot.with_taps(taps[lane]), controls="off")
        error_pu = np.abs(found[lane] - alone.v_v) / network.nodes.base_v
        assert error_pu.max() < 1e-7


def test_a_network_without_a_tree_of_zones_is_not_cut() -> None:
    grid = read("ieee37")
    network, snapshot = Network.of(grid), Snapshot.normal(grid)
    windings = np.array([controlled_winding(grid, c) for c in range(len(grid.tap_controls))])
    assert split(network, snapshot, windings, source_nodes(network)) is None
