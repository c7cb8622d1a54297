"""A solver that keeps its answers gives those that it would find."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.formats.read import read
from gridmend.interlock.electric import solver_of
from gridmend.model.flow import Flow
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.remembering import Remembering
from gridmend.powerflow.network import Network

GRID = read("ieee123")
NETWORK, TOPOLOGY = Network.of(GRID), Topology.of(GRID)


@given(st.lists(st.lists(st.booleans(), min_size=11, max_size=11), min_size=1, max_size=6))
@settings(max_examples=20, deadline=None)
def test_an_answer_is_that_of_the_positions_asked_for(asked: list[list[bool]]) -> None:
    solver = Remembering(solver_of(GRID, NETWORK), TOPOLOGY)
    for positions in asked:
        moves = dict(zip(GRID.switches, positions, strict=False))
        # beyond the head all is dead, and what is switched there changes nothing
        snapshot = Snapshot.normal(GRID).with_switches(GRID, moves | {"Sw9": True, "Sw10": True})
        found = solver.solve(snapshot, controls="off")
        fresh = NETWORK.solve(snapshot, controls="off")
        assert np.array_equal(found.snapshot.open_phases, snapshot.open_phases)
        assert np.array_equal(found.energised, fresh.energised)
        np.testing.assert_allclose(found.v_v, fresh.v_v, rtol=1e-8, atol=1e-6)
        np.testing.assert_allclose(found.i_a, fresh.i_a, rtol=1e-6, atol=1e-4)


def test_what_is_switched_where_nothing_is_live_is_not_solved_again() -> None:
    solver = Remembering(solver_of(GRID, NETWORK), TOPOLOGY)
    dark = Snapshot.normal(GRID).with_switches(GRID, {"Sw1": True})
    for name in ("Sw2", "Sw4", "Sw6"):
        solver.solve(dark.with_switches(GRID, {name: True}))
    assert solver.solved == 1
    solver.solve(dark.with_switches(GRID, {"Sw11": False}))
    assert solver.solved == 2


class Hunting:
    """Solves as another, and says that controls moved so often."""

    network = NETWORK

    def __init__(self, moves: int) -> None:
        self.moves = moves

    def solve(
        self, snapshot: Snapshot, *, controls: str = "static", near: Flow | None = None
    ) -> Flow:
        return replace(NETWORK.solve(snapshot, controls="off"), control_iterations=self.moves)


@pytest.mark.parametrize(("moves", "flows"), [(3, 1), (200, 11)], ids=["at rest", "hunting"])
def test_controls_that_find_no_rest_count_for_many_flows(moves: int, flows: int) -> None:
    solver = Remembering(Hunting(moves), TOPOLOGY)
    solver.solve(Snapshot.normal(GRID))
    assert solver.solved == flows
