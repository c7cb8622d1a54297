"""Plans made anew on random networks: whatever switch fails at whatever step, nobody is harmed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import numpy as np
import pytest

from gridmend.interlock import Limits, check, violations
from gridmend.interlock.check import Bench
from gridmend.interlock.limits import worsened
from gridmend.interlock.move import By
from gridmend.model.arrays import Flags
from gridmend.model.customers import customer_counts
from gridmend.model.plan import Action, Plan, Step, Verdict
from gridmend.model.sections import loop_count
from gridmend.model.situation import Situation, Tag
from gridmend.model.snapshot import Snapshot
from gridmend.operations.fault import isolate
from gridmend.operations.restoration import Proposal
from gridmend.runtime.exercise.onward import Footing, footing, is_sure, plan_from
from tests.operations.random_networks import Drawn, drawn

NOW_S = 1.8e9
ROBOT = By("restoration", "kernel", "restoration")
SHARE = 0.99
"""Of what brute force restores; it does not ask for a way that is allowed step by step."""


def stepped(case: Drawn, snapshot: Snapshot, step: Step) -> Snapshot:
    return snapshot.with_switch(case.grid, step.device, is_open=step.action is Action.OPEN)


def supplied(case: Drawn, snapshot: Snapshot) -> Flags:
    return case.topology.supplied(case.topology.energised(snapshot))


def failures(case: Drawn, bench: Bench) -> Iterator[tuple[Snapshot, Step, Proposal]]:
    """Every step of the first plan at which its device may fail: what stands then, the step, and
    the plan anew."""
    normal = Snapshot.normal(case.grid)
    tripped = isolate(case.grid, normal, case.fault, topology=case.topology).tripped
    first = plan_from(
        bench, normal, (case.fault,), Footing(tripped), transfers=True, solves_most=2000
    )
    stands = tripped
    for step in first.plans[0].steps:
        start = Footing(stands, (step.device.lower(),))
        yield (
            stands,
            step,
            plan_from(bench, normal, (case.fault,), start, transfers=True, solves_most=2000),
        )
        stands = stepped(case, stands, step)


@pytest.mark.parametrize("seed", range(20))
def test_with_any_device_failing_at_any_step_nobody_is_harmed(seed: int) -> None:
    case = drawn(seed)
    bench = Bench.of(case.grid, network=case.network, topology=case.topology)
    faulted = case.topology.nodes_of(case.fault)
    for stood, failed, anew in failures(case, bench):
        plan, isolation = anew.plans[0], anew.isolation
        had, may_keep = supplied(case, stood), supplied(case, isolation.isolated)
        stands = stood
        for step in plan.steps:
            assert step.device.lower() != failed.device.lower(), "it is asked of it once more"
            stands = stepped(case, stands, step)
            assert not case.topology.energised(stands)[faulted].any(), f"seed {seed}"
            assert not loop_count(case.topology, stands)
        lost = had & ~supplied(case, stands)
        assert not (lost & may_keep).any(), f"seed {seed}: put out without need"
        if plan.steps:
            isolated = isolation.sections.of_bus[case.topology.wiring.node_bus]
            zone = isolation.zone[isolated]
            assert not case.topology.energised(stands)[zone].any(), "a suspected part is live"


@pytest.mark.parametrize("seed", range(16))
def test_brute_force_over_what_is_left_restores_no_more(seed: int) -> None:
    case = drawn(seed)
    bench = Bench.of(case.grid, network=case.network, topology=case.topology)
    counts = customer_counts(case.grid)
    for stood, failed, anew in failures(case, bench):
        plan = anew.plans[0]
        most = most_left(case, stood, failed, anew)
        assert plan.gap_pct is not None
        assert plan.customers_restored <= most, "more than all switch positions allow"
        assert plan.customers_restored >= SHARE * most, f"seed {seed}, {failed.device}"
        final = stood
        for step in plan.steps:
            final = stepped(case, final, step)
        if plan.steps:
            lost = supplied(case, anew.isolation.isolated) & ~supplied(case, final)
            assert not counts[lost].sum()


def most_left(case: Drawn, stood: Snapshot, failed: Step, anew: Proposal) -> int:
    """Customers whom the best of all positions brings back, the failed switch where it stands.

    Positions are radial, join no sources, leave the fault dead, put out nobody who keeps supply
    once the fault is isolated, violate no limit that was not violated before, and move no switch by
    hand between two live parts.
    """
    grid, topology = case.grid, case.topology
    isolated = anew.isolation.isolated
    live = topology.energised(isolated)
    had, counts = topology.supplied(live), customer_counts(grid)
    normal = topology.supplied(topology.energised(Snapshot.normal(grid)))
    faulted, fixed = topology.nodes_of(case.fault), by_hand_between_live(case, isolated)
    fixed[grid.switches.row(failed.device)] = stood.is_open(grid, failed.device)
    ways: dict[bytes, tuple[int, Snapshot]] = {}
    edges, _ = topology.switch_edges
    for positions in product((True, False), repeat=len(grid.switches)):
        if any(positions[k] != was for k, was in fixed.items()):
            continue
        snapshot = stood.with_switches(grid, dict(zip(grid.switches, positions, strict=True)))
        live = topology.energised(snapshot)
        feeding = topology.closed(snapshot)[edges] & live[topology.wiring.edge_from[edges]]
        key = np.packbits(feeding).tobytes() + live.tobytes()
        if key in ways or live[faulted].any():
            continue
        back = topology.supplied(live)
        is_bad = loop_count(topology, snapshot) or (had & ~back).any()
        if is_bad or (topology.islands(snapshot)[1] > 1).any():
            continue
        ways[key] = int(counts[back & normal & ~had].sum()), snapshot
    for customers, snapshot in sorted(ways.values(), key=lambda way: -way[0]):
        flow = case.network.solve(snapshot, controls="static")
        if flow.converged and not worsened(anew.accepted, violations(grid, flow), Limits()):
            return customers
    return 0


def by_hand_between_live(case: Drawn, isolated: Snapshot) -> dict[int, bool]:
    grid, switches = case.grid, case.grid.switches
    live = case.topology.energised_buses(isolated)
    ends = [[grid.buses.row(name) for name in switches.texts(e)] for e in ("bus1", "bus2")]
    return {
        k: bool(isolated.open_phases[k])
        for k in np.flatnonzero(~switches.flags("remote")).tolist()
        if live[ends[0][k]] and live[ends[1][k]]
    }


def heard(case: Drawn, snapshot: Snapshot, *, unknown: str = "", **more: object) -> Situation:
    """All was heard of just now, but for one switch."""
    switches = case.grid.switches
    known = np.ones(len(switches), bool)
    if unknown:
        known[switches.row(unknown)] = False
    return replace(
        Situation.of(case.grid, snapshot), heard_s=np.full(len(switches), NOW_S),
        position_known=known, time_s=NOW_S, **more,
    )  # fmt: skip


@pytest.mark.parametrize("seed", [*range(10), 95, 97, 119])
def test_what_is_in_doubt_is_neither_relied_upon_nor_does_it_reach_the_fault(seed: int) -> None:
    case = drawn(seed)
    bench = Bench.of(case.grid, network=case.network, topology=case.topology)
    normal = Snapshot.normal(case.grid)
    tripped = isolate(case.grid, normal, case.fault, topology=case.topology).tripped
    faulted = case.topology.nodes_of(case.fault)
    for name in case.grid.switches.texts("name"):
        situation = heard(case, tripped, unknown=name)
        start = footing(bench, situation, NOW_S)
        assert start.doubtful == {name.lower()}
        proposal = plan_from(bench, normal, (case.fault,), start)
        plan = proposal.plans[0]
        verdict = check(
            plan, case.grid, situation, datetime.fromtimestamp(NOW_S, UTC), by=ROBOT,
            network=case.network, topology=case.topology, accepted=proposal.accepted,
        )  # fmt: skip
        assert verdict.allowed, f"seed {seed}, {name}: {verdict}"
        for is_open in (False, True):
            stands = tripped.with_switch(case.grid, name, is_open=is_open)
            if case.topology.energised(stands)[faulted].any():
                continue  # the fault would have tripped more: it does not stand so
            had = supplied(case, stands)
            for step in plan.steps:
                stands = stepped(case, stands, step)
                assert not case.topology.energised(stands)[faulted].any(), f"seed {seed}, {name}"
            assert not (had & ~supplied(case, stands)).any(), f"seed {seed}, {name}"


def test_a_tag_and_a_device_that_was_lost_are_moved_by_no_plan() -> None:
    case = drawn(0)
    bench = Bench.of(case.grid, network=case.network, topology=case.topology)
    normal = Snapshot.normal(case.grid)
    names = case.grid.switches.texts("name")
    opened = next(n for n in names if normal.is_open(case.grid, n))
    closed = [n for n in names if not normal.is_open(case.grid, n)]
    tags = {
        "1": Tag("1", f"{closed[0]}".lower(), "hold", "ann"),
        "2": Tag("2", f"{closed[1]}".lower(), "hot_line", "ann"),
        "3": Tag("3", f"{opened}".lower(), "hot_line", "ann"),
    }
    start = footing(bench, heard(case, normal, tags=tags), NOW_S, lost={closed[2].lower()})
    banned = {closed[0].lower(), opened.lower(), closed[2].lower()}
    assert set(start.banned) == banned, "a hot-line tag lets its device open"
    assert not start.doubtful


def test_a_plan_that_only_closes_opens_nothing_and_waits_for_what_is_locked_out() -> None:
    found = 0
    for seed in range(12):
        case = drawn(seed)
        bench = Bench.of(case.grid, network=case.network, topology=case.topology)
        normal = Snapshot.normal(case.grid)
        isolation = isolate(case.grid, normal, case.fault, topology=case.topology)
        for stands in (isolation.tripped, isolation.isolated):
            situation = heard(case, stands)
            start = footing(bench, situation, NOW_S, closes_only=True)
            plan = plan_from(bench, normal, (case.fault,), start).plans[0]
            assert all(step.action is Action.CLOSE for step in plan.steps), f"seed {seed}"
            found += plan.customers_restored
        locked = np.ones(len(case.grid.switches), bool)
        held = footing(bench, replace(situation, locked_out=locked), NOW_S, closes_only=True)
        assert not plan_from(bench, normal, (case.fault,), held).plans[0].steps
    assert found > 0


def test_a_plan_is_sure_only_where_every_device_takes_commands_and_is_heard() -> None:
    case = drawn(0)
    bench = Bench.of(case.grid, network=case.network, topology=case.topology)
    remote = case.grid.switches.flags("remote")
    names = case.grid.switches.texts("name")
    far, near = names[int(np.flatnonzero(remote)[0])], names[int(np.flatnonzero(~remote)[0])]
    normal = Snapshot.normal(case.grid)
    sure = Plan("", (Step(Action.OPEN, far, ""),), Verdict())
    by_hand = Plan("", (Step(Action.OPEN, near, ""),), Verdict())
    assert is_sure(sure, bench, Footing(normal))
    assert not is_sure(by_hand, bench, Footing(normal))
    assert not is_sure(sure, bench, Footing(normal, doubtful=frozenset({"b0"})))
