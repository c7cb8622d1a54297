from __future__ import annotations

from threading import Thread

import numpy as np
import pytest

import gridmend
from gridmend.model.errors import GridError
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow import update
from gridmend.powerflow.nearby import Nearby
from gridmend.powerflow.network import Network
from tests.powerflow.test_update import MICRO_OHM_PU


@pytest.fixture(scope="module")
def grid() -> Grid:
    return gridmend.read("ieee123")


@pytest.fixture(scope="module")
def network(grid: Grid) -> Network:
    return Network.of(grid)


def assert_same(near: Flow, alone: Flow) -> None:
    assert near.converged and alone.converged
    np.testing.assert_array_equal(near.snapshot.tap_pu, alone.snapshot.tap_pu)
    np.testing.assert_array_equal(near.snapshot.steps_on, alone.snapshot.steps_on)
    np.testing.assert_array_equal(near.energised, alone.energised)
    assert np.max(np.abs(near.v_v - alone.v_v) / near.nodes.base_v) < MICRO_OHM_PU
    assert np.max(np.abs(near.i_a - alone.i_a)) < 1e-3


def test_every_switch_leads_to_what_is_found_from_nothing(grid: Grid, network: Network) -> None:
    solver, now = Nearby(network), network.solve()
    for _ in range(2):
        for name in grid.switches:
            is_open = not now.snapshot.is_open(grid, name)
            then = now.snapshot.with_switch(grid, name, is_open=is_open)
            assert_same(solver.solve(then, near=now), network.solve(then))


def test_without_a_flow_to_be_near_it_goes_on_from_the_last(
    grid: Grid, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    solver, now, normal = Nearby(network), network.solve(), Snapshot.normal(grid)
    asked = [normal.with_demand(k * normal.load_kw, k * normal.load_kvar) for k in (0.4, 0.8)]
    asked += [now.snapshot.with_switch(grid, name, is_open=True) for name in ("Sw2", "Sw3")]
    alone = [network.solve(then) for then in asked]
    assert_same(solver.solve(asked[0]), alone[0])
    solver.solve(asked[0], near=now)
    monkeypatch.setattr(Network, "solve", None)
    for then, expected in zip(asked, alone, strict=True):
        assert_same(solver.solve(then), expected)


def test_a_flow_that_was_given_stays_as_it_was(grid: Grid, network: Network) -> None:
    solver, now = Nearby(network), network.solve()
    first = solver.solve(now.snapshot.with_switch(grid, "Sw2", is_open=True), near=now)
    kept = first.v_v.copy(), first.i_a.copy(), first.energised.copy()
    solver.solve(now.snapshot.with_switch(grid, "Sw1", is_open=True), near=now)
    solver.solve(first.snapshot.with_switch(grid, "Sw3", is_open=True), near=first)
    for was, array in zip(kept, (first.v_v, first.i_a, first.energised), strict=True):
        np.testing.assert_array_equal(was, array)


def test_steps_go_on_from_one_another_and_demand_may_change(grid: Grid, network: Network) -> None:
    solver, flow = Nearby(network), network.solve()
    for switch, is_open, share in (("Sw2", True, 1.0), ("Sw7", False, 0.6), ("Sw2", False, 1.1)):
        then = flow.snapshot.with_switch(grid, switch, is_open=is_open)
        normal = Snapshot.normal(grid)
        then = then.with_demand(share * normal.load_kw, share * normal.load_kvar)
        found = solver.solve(then, near=flow)
        assert_same(found, network.solve(then))
        flow = found


def test_what_is_near_no_solution_is_solved_from_nothing(grid: Grid) -> None:
    for column in ("v_low_pu", "v_min_pu"):
        stiff = grid.loads.with_column(column, [0.0] * len(grid.loads))
        grid = grid.with_tables(loads=stiff)
    network, normal = Network.of(grid), Snapshot.normal(grid)
    solver, now = Nearby(network), network.solve(normal)
    heavy = normal.with_demand(normal.load_kw * 1e4, normal.load_kvar * 1e4)
    lost = network.solve(heavy)
    assert not lost.converged
    assert_same(solver.solve(normal, near=lost), now)
    assert not solver.solve(heavy, near=now).converged
    assert_same(solver.solve(normal, near=now), now)


def test_a_snapshot_of_another_grid_is_refused(network: Network) -> None:
    other = Snapshot.normal(gridmend.read("ieee13"))
    with pytest.raises(GridError, match="the snapshot has"):
        Nearby(network).solve(other, near=network.solve())


def test_what_was_stopped_half_way_is_not_gone_on_from(
    grid: Grid, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    solver, now = Nearby(network), network.solve()
    first = now.snapshot.with_switch(grid, "Sw2", is_open=True)
    solver.solve(first, near=now)

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(update, "refactor_blocks", stopped)
        with pytest.raises(KeyboardInterrupt):
            solver.solve(now.snapshot.with_switch(grid, "Sw3", is_open=True), near=now)
    assert solver._base is None and solver._room is None
    assert_same(solver.solve(first, near=now), network.solve(first))


def test_two_callers_at_once_are_both_answered_rightly(grid: Grid, network: Network) -> None:
    solver, now = Nearby(network), network.solve()
    ways = [now.snapshot.with_switch(grid, name, is_open=True) for name in ("Sw2", "Sw3")]
    found: dict[int, list[Flow]] = {0: [], 1: []}

    def ask(k: int) -> None:
        for _ in range(20):
            found[k].append(solver.solve(ways[k], near=now))

    threads = [Thread(target=ask, args=(k,)) for k in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in (0, 1):
        alone = network.solve(ways[k])
        assert len(found[k]) == 20
        for flow in found[k]:
            assert_same(flow, alone)
