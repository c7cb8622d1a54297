"""Restoration does its job (as many customers as any switching could) and no harm on the way."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.formats.read import read
from gridmend.interlock import Limits, check, violations
from gridmend.interlock.limits import Gauge, worsened
from gridmend.model.deed import carried_out
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.plan import Action
from gridmend.model.sections import loop_count
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.restoration import propose, restore
from gridmend.powerflow.network import Network

ONE_LINE_A_SECTION = ("L115", "L52", "L36", "L68", "L105")
"""Lines in the five sections of ieee123 that have lines and customers."""


@cache
def ieee123() -> tuple[Grid, Network, Topology]:
    grid = read("ieee123")
    return grid, Network.of(grid), Topology.of(grid)


def _at(multiplier: float) -> Snapshot:
    normal = Snapshot.normal(ieee123()[0])
    return normal.with_demand(normal.load_kw * multiplier, normal.load_kvar * multiplier)


def _radial_positions(start: Snapshot, fault: str) -> Iterator[tuple[int, Snapshot]]:
    """Every position of all switches that is radial, joins no sources and leaves the fault dead,
    with the customers it supplies; the same live part only once."""
    grid, _, topology = ieee123()
    faulted = topology.nodes_of(fault)
    seen: set[bytes] = set()
    for positions in product((True, False), repeat=len(grid.switches)):
        snapshot = start.with_switches(grid, dict(zip(grid.switches, positions, strict=True)))
        live = topology.energised(snapshot)
        if live[faulted].any() or loop_count(topology, snapshot):
            continue
        if (topology.islands(snapshot)[1] > 1).any():
            continue
        edges, _ = topology.switch_edges
        feeding = topology.closed(snapshot)[edges] & live[topology.wiring.edge_from[edges]]
        key = np.packbits(feeding).tobytes()
        if key not in seen:
            seen.add(key)
            yield int(grid.loads["customers"][topology.supplied(live)].sum()), snapshot


def _most_by_brute_force(start: Snapshot, fault: str) -> int:
    grid, network, _ = ieee123()
    ways = sorted(_radial_positions(start, fault), key=lambda way: -way[0])
    for customers, snapshot in ways:
        flow = network.solve(snapshot, controls="static")
        if flow.converged and not violations(grid, flow):
            return customers
    return 0


@pytest.mark.parametrize("multiplier", [0.5, 1.0, 1.3])
@pytest.mark.parametrize("line", ONE_LINE_A_SECTION)
def test_a_plan_restores_as_many_as_the_best_of_all_switch_positions(
    line: str, multiplier: float
) -> None:
    grid, network, topology = ieee123()
    snapshot = _at(multiplier)
    proposal = propose(
        grid, snapshot, line, network=network, topology=topology, seconds_limit=float("inf")
    )
    plan = proposal.plans[0]
    assert plan.customers_restored == _most_by_brute_force(proposal.isolation.tripped, line)
    assert plan.gap_pct == 0.0
    assert plan.verdict.allowed


LINES = tuple(ieee123()[0].lines)


@given(st.sampled_from(LINES), st.floats(0.3, 1.5))
@settings(max_examples=40, deadline=None)
def test_no_step_harms_whatever_the_line_and_the_load(line: str, multiplier: float) -> None:
    grid, network, topology = ieee123()
    proposal = propose(grid, _at(multiplier), line, network=network, topology=topology)
    for plan in proposal.plans:
        snapshot = proposal.isolation.tripped
        faulted = topology.nodes_of(line)
        assert not topology.energised(snapshot)[faulted].any()
        supplied = topology.supplied(topology.energised(snapshot))
        had, moved = supplied, np.zeros(len(supplied), bool)
        flow = network.solve(snapshot, controls="static")
        back = 0
        for step in plan.steps:
            flow = network.solve(carried_out(step, grid, flow.snapshot), controls="static")
            assert flow.converged
            assert not worsened(proposal.accepted, violations(grid, flow), Limits())
            assert not topology.energised(flow.snapshot)[faulted].any()
            assert loop_count(topology, flow.snapshot) == 0
            assert (topology.islands(flow.snapshot)[1] <= 1).all()
            now = topology.supplied(topology.energised(flow.snapshot))
            # who had supply goes without it only while it goes over to another feeder
            assert (now | ~supplied | had).all(), "a step put somebody out"
            moved |= had & ~now
            back += int(grid.loads["customers"][now & ~supplied & ~had].sum())
            assert step.customers == int(grid.loads["customers"][now & ~supplied & ~had].sum())
            supplied = now
        assert (supplied | ~had).all(), "somebody who had supply has none in the end"
        assert plan.customers_moved == int(grid.loads["customers"][moved].sum())
        assert back == plan.customers_restored
        assert check(
            plan,
            grid,
            proposal.isolation.tripped,
            network=network,
            topology=topology,
            accepted=proposal.accepted,
        ).allowed


def test_the_documents_demand_violates_nothing() -> None:
    grid, network, _ = ieee123()
    for multiplier in (0.3, 1.0, 1.5):
        flow = network.solve(_at(multiplier), controls="static")
        assert flow.converged
        assert violations(grid, flow) == ()


def test_a_tie_brings_back_what_lies_behind_the_fault() -> None:
    grid, network, topology = ieee123()
    plan = restore(grid, _at(1.0), "line.l52", network=network, topology=topology)
    moves = [(step.action, step.device) for step in plan.steps]
    assert moves == [
        (Action.OPEN, "Sw2"),
        (Action.OPEN, "Sw4"),
        (Action.OPEN, "Sw6"),
        (Action.CLOSE, "Sw1"),
        (Action.CLOSE, "Sw11"),
    ]
    assert plan.customers_out == grid.customer_count()
    assert plan.customers_restored == plan.customers_restorable == 974
    assert plan.customers_restored_by_tie == 470
    assert [step.customers for step in plan.steps] == [0, 0, 0, 504, 470]
    assert all(step.why and step.v_min_pu is not None for step in plan.steps[3:])
    assert "until line.L52 is repaired" in plan.left_out[0]


def test_a_load_that_one_tie_cannot_carry_is_split_between_ties() -> None:
    grid, network, topology = ieee123()
    plan = restore(grid, _at(1.0), "L115", network=network, topology=topology)
    closed = {step.device for step in plan.steps if step.action is Action.CLOSE}
    parted = {step.device for step in plan.steps if "parts" in step.why}
    assert {"Sw7", "Sw10", "Sw11"} == closed
    assert {"Sw4", "Sw5"} == parted


def test_who_stays_out_is_told_why() -> None:
    grid, network, topology = ieee123()
    plan = restore(grid, _at(1.0), "L115", network=network, topology=topology)
    assert plan.customers_restored < plan.customers_restorable
    assert any("would carry" in sentence and "%" in sentence for sentence in plan.left_out)


def test_a_lost_substation_is_carried_by_the_neighbours() -> None:
    grid, network, topology = ieee123()
    for fault in ("reg1a", "source.source"):
        plan = restore(grid, _at(1.0), fault, network=network, topology=topology)
        assert plan.customers_restored == plan.customers_restored_by_tie == 1158
        assert any("own protection" in note for note in plan.notes)


def test_a_faulted_switch_takes_both_its_sections() -> None:
    grid, network, topology = ieee123()
    proposal = propose(grid, _at(0.5), "Sw2", network=network, topology=topology)
    assert set(proposal.isolation.isolated_by) == {"Sw1", "Sw3", "Sw4", "Sw6"}
    assert "Sw2" not in {step.device for step in proposal.plans[0].steps}


def test_what_no_switch_can_heal_says_so() -> None:
    grid, network, topology = ieee123()
    for fault, word in (("load.S48", "not a branch"), ("C83", "not a branch")):
        plan = restore(grid, _at(1.0), fault, network=network, topology=topology)
        assert plan.steps == ()
        assert plan.customers_restored == 0
        assert word in plan.notes[0]
        waiting = [sentence for sentence in plan.left_out if "until it is repaired" in sentence]
        assert len(waiting) == (1 if plan.customers_out else 0)


def test_a_fault_in_a_dead_part_trips_nothing() -> None:
    grid, network, topology = ieee123()
    dead = _at(1.0).with_switch(grid, "Sw5", is_open=True)
    proposal = propose(grid, dead, "L105", network=network, topology=topology)
    assert proposal.isolation.opened_by_protection == ()
    assert proposal.plans[0].customers_out == 0
    assert proposal.plans[0].customers_restored == 0


def test_what_was_dead_before_is_left_dead() -> None:
    grid, network, topology = ieee123()
    dead = _at(0.5).with_switch(grid, "Sw5", is_open=True)
    proposal = propose(grid, dead, "L52", network=network, topology=topology)
    final = proposal.isolation.tripped
    for step in proposal.plans[0].steps:
        final = carried_out(step, grid, final)
    assert not topology.energised(final)[topology.nodes_of("L105")].any()


def test_a_demand_that_is_no_number_is_refused_by_the_name_of_its_load() -> None:
    grid, normal = ieee123()[0], _at(1.0)
    kvar = normal.load_kvar.copy()
    kvar[3] = np.nan
    with pytest.raises(GridError, match=f"load '{grid.loads['name'][3]}' is no number"):
        propose(grid, normal.with_demand(normal.load_kw, kvar), "line.L52")


def test_an_unknown_element_is_named_with_its_neighbours() -> None:
    grid, network, topology = ieee123()
    with pytest.raises(GridError, match="L999"):
        restore(grid, _at(1.0), "L999", network=network, topology=topology)


def test_a_bound_is_given_where_time_runs_out() -> None:
    grid, network, topology = ieee123()
    ticks = iter(range(1_000_000))
    plan = propose(
        grid,
        _at(1.0),
        "L115",
        seconds_limit=5.0,
        network=network,
        topology=topology,
        clock=lambda: float(next(ticks)),
    ).plans[0]
    assert plan.gap_pct is not None
    assert plan.gap_pct >= 0.0
    assert plan.verdict.allowed


def test_critical_customers_come_first() -> None:
    # A neighbour that can carry either the larger number, or fewer with the hospital at S62c.
    grid = ieee123()[0].with_changed("source.neighbour_350", capacity_kva=2100.0)
    rows = [
        {"name": load, "load": load, "count": int(n)}
        for load, n in zip(grid.loads, grid.loads["customers"], strict=True)
    ]
    hospital = [
        dict(row, priority="critical" if row["load"] == "S62c" else "normal") for row in rows
    ]
    plain = restore(grid.with_rows("customers", *rows), _at(1.0), "L115")
    plan = restore(grid.with_rows("customers", *hospital), _at(1.0), "L115")
    section = "between Sw2, Sw4, Sw6 and Sw8"
    assert any(section in sentence for sentence in plain.left_out)
    assert not any(section in sentence for sentence in plan.left_out)
    assert plan.customers_out == plain.customers_out == 1158
    assert plan.customers_restored < plain.customers_restored


def test_of_equal_plans_the_one_through_fewer_ties_comes_first() -> None:
    grid, network, topology = ieee123()
    for multiplier in (0.0, 0.3, 1.0):
        plans = propose(grid, _at(multiplier), "L52", network=network, topology=topology).plans
        through = [
            sum(bool(grid.switches["normally_open"][grid.switches.row(s.device)]) for s in closing)
            for closing in ([s for s in p.steps if s.action is Action.CLOSE] for p in plans)
        ]
        restored = [plan.customers_restored for plan in plans]
        assert restored == sorted(restored, reverse=True)
        assert through[0] == min(through)
        assert "Sw1" in {step.device for step in plans[0].steps}


def test_a_search_bounded_by_its_work_ends_early_and_says_what_a_better_plan_might_add() -> None:
    grid = read("ieee123")
    snapshot = Snapshot.normal(grid)
    free = restore(grid, snapshot, "L115", seconds_limit=float("inf"))
    bounded = restore(grid, snapshot, "L115", seconds_limit=float("inf"), solves_limit=3)
    again = restore(grid, snapshot, "L115", seconds_limit=float("inf"), solves_limit=3)
    assert free.gap_pct == 0
    assert bounded.gap_pct is not None
    assert bounded.gap_pct > 0
    assert bounded.customers_restored <= free.customers_restored
    assert bounded.steps == again.steps


def test_what_is_compiled_of_another_grid_is_refused() -> None:
    grid, network, topology = ieee123()
    flow = network.solve(_at(1.0))
    gauge = Gauge.of(topology, flow.nodes, flow.terminals)
    whole = restore(grid, _at(1.0), "line.L52", network=network)
    kept = restore(grid, _at(1.0), "line.L52", network=network, topology=topology, gauge=gauge)
    assert kept.steps == whole.steps
    with pytest.raises(GridError, match="another grid"):
        restore(
            grid, _at(1.0), "line.L52", network=network, topology=Topology.of(grid), gauge=gauge
        )
    other = grid.with_changed("line.L52", length_m=1.0)
    with pytest.raises(GridError, match="another grid"):
        restore(other, _at(1.0), "line.L52", topology=topology)
