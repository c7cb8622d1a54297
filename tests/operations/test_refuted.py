"""An island that a flow has refused is refused beside whatever else, and no other is."""

from __future__ import annotations

import numpy as np
import pytest

from gridmend.interlock import Limits, violations
from gridmend.interlock.limits import excess_pu, worsened
from gridmend.model.grid import Grid
from gridmend.model.plan import Violation
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.outlook import Hindrance
from gridmend.operations.refuted import Refuted
from tests.interlock.networks import network
from tests.operations.random_networks import drawn, healed, ways_of


@pytest.fixture(scope="module")
def grid() -> Grid:
    """Two sources, each with a part behind a switch, and a tie between the parts."""
    return network(
        switches={"S": ("a", "b"), "T": ("c", "d"), "U": ("e", "d")}, lines=[("b", "c")],
        sources={"north": "a", "south": "e"}, loads=["b", "c", "d"], normally_open=["T"],
    )  # fmt: skip


def hindrance(element: str) -> Hindrance:
    return Hindrance("too low", 0.1, Violation("voltage_low", element, 0.8, 0.9))


def test_it_is_known_again_beside_what_was_changed_elsewhere(grid: Grid) -> None:
    normal, known = Snapshot.normal(grid), Refuted(Topology.of(grid))
    known.learn(normal, hindrance("load.Dc"))
    assert known.against(normal) == hindrance("load.Dc")
    assert known.against(normal.with_switch(grid, "U", is_open=True)) is not None
    assert known.against(normal.with_switch(grid, "S", is_open=True)) is None, "it is dead"
    joined = normal.with_switches(grid, {"U": True, "T": False})
    assert known.against(joined) is None, "it feeds more now"


def test_one_pole_open_makes_another_island(grid: Grid) -> None:
    normal, known = Snapshot.normal(grid), Refuted(Topology.of(grid))
    known.learn(normal, hindrance("load.Dc"))
    open_phases = normal.open_phases.copy()
    open_phases[grid.switches.row("S")] = 0b001
    assert known.against(normal.with_open_phases(open_phases)) is None


def test_with_one_of_two_sources_off_it_is_another_island() -> None:
    grid = network(
        switches={"S": ("a", "b")}, lines=[("b", "c")], sources={"north": "a", "south": "a"},
        loads=["c"],
    )  # fmt: skip
    normal, known = Snapshot.normal(grid), Refuted(Topology.of(grid))
    known.learn(normal, hindrance("load.Dc"))
    assert known.against(normal) is not None
    assert known.against(normal.with_source(grid, "north", is_on=False)) is None


def test_without_a_violation_nothing_is_known(grid: Grid) -> None:
    normal, known = Snapshot.normal(grid), Refuted(Topology.of(grid))
    known.learn(normal, Hindrance("no solution is found"))
    assert known.against(normal) is None


def test_whatever_it_refuses_a_flow_refuses_too() -> None:
    refused = 0
    for seed in range(150):
        case = drawn(seed)
        proposal = healed(case)
        known = Refuted(case.topology)
        ways = ways_of(case, proposal)
        for at in np.random.default_rng(seed).permutation(len(ways)).tolist():
            snapshot = ways[at][1]
            said = known.against(snapshot)
            flow = case.network.solve(snapshot)
            worse = worsened(proposal.accepted, violations(case.grid, flow), Limits())
            if said is not None:
                refused += 1
                assert said.worst is not None
                same = [v for v in worse if v.element == said.worst.element]
                assert any(v.value == pytest.approx(said.worst.value, rel=1e-6) for v in same)
            elif worse:
                worst = max(worse, key=excess_pu)
                known.learn(snapshot, Hindrance("", excess_pu(worst), worst))
    assert refused > 40
