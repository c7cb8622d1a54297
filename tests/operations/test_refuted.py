"""An island that a flow has refused is refused beside whatever else, and no other is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from gridmend.interlock import Limits, violations
from gridmend.interlock.limits import Gauge, excess_pu, worsened
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.plan import Violation
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.configurations import fullest
from gridmend.operations.fault import isolate
from gridmend.operations.refuted import Hindrance, Refuted
from gridmend.operations.restoration import _case, _ties
from gridmend.operations.trial import positions, refused_at_once
from gridmend.powerflow.network import Network
from tests.interlock.networks import network
from tests.operations.random_horizons import expected
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


@pytest.mark.parametrize("looks_at", ["line.L1", "load.Dd"])
def test_nothing_is_learned_of_an_island_with_a_control_that_looks_elsewhere(
    grid: Grid, looks_at: str
) -> None:
    bank = {"name": "q", "bus1": "d", "phases1": "a b c", "bus2": "d", "phases2": "g g g",
            "kv": 12.47, "step_kvar": (600.0,), "steps_on": 0}  # fmt: skip
    control = {"name": "qc", "capacitor": "q", "element": looks_at, "kind": "current",
               "on": 7.0, "off": 3.0, "ct_ratio": 1.0, "ct_phase": "1"}  # fmt: skip
    there = grid.with_rows("capacitors", bank).with_rows("capacitor_controls", control)
    normal, known = Snapshot.normal(there), Refuted(Topology.of(there))
    known.learn(normal, hindrance("load.Dd"))
    assert (known.against(normal) is None) == (looks_at == "line.L1")


@dataclass
class Told:
    """A solver that says of each flow whether its controls came to rest."""

    network: Network
    settled: bool

    def solve(
        self, snapshot: Snapshot, *, controls: str = "static", near: Flow | None = None
    ) -> Flow:
        flow = self.network.solve(snapshot, controls=controls)
        return replace(flow, controls_settled=self.settled)


@pytest.mark.parametrize("settled", [True, False])
def test_a_flow_whose_controls_found_no_rest_teaches_nothing(settled: bool) -> None:
    learned = 0
    for seed in range(60):
        drawn_case = drawn(seed)
        grid, topology = drawn_case.grid, drawn_case.topology
        solver = Told(drawn_case.network, settled)
        before = solver.solve(Snapshot.normal(grid))
        isolation = isolate(grid, before.snapshot, drawn_case.fault, topology=topology)
        gauge = Gauge.of(topology, before.nodes, before.terminals)
        case = _case(before, isolation, gauge, solver, Limits(), None)
        here = fullest(_ties(case, before.snapshot))
        refused = refused_at_once(case, here)
        if refused is not None and refused.is_solved and refused.worst is not None:
            learned += case.refuted.against(positions(case, here)) is not None
    assert (learned > 0) == settled


def test_plans_over_a_forecast_are_the_same_as_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, against = 0, Refuted.against

    def counted(self: Refuted, snapshot: Snapshot) -> Hindrance | None:
        nonlocal asked
        found = against(self, snapshot)
        asked += found is not None
        return found

    def found(seed: int) -> tuple[object, ...]:
        case = drawn(seed)
        ahead = replace(expected(case, seed).horizon, cold=None)
        plan = healed(case, ahead).plans[0]
        return plan.customers_restored, plan.gap_pct, [step.device for step in plan.steps]

    seeds = (*range(150, 250), 462, 489)
    monkeypatch.setattr(Refuted, "against", counted)
    with_it = [found(seed) for seed in seeds]
    monkeypatch.setattr(Refuted, "against", lambda self, snapshot: None)
    assert with_it == [found(seed) for seed in seeds]
    assert asked > 0


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
