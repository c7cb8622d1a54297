"""Each rule of the interlock refuses what it names, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest

from gridmend.formats.read import read
from gridmend.interlock import Limits, check, examine, violations
from gridmend.interlock.limits import Gauge, read_off, worsened
from gridmend.model.errors import GridError, GridmendError
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Plan, Step, Verdict, Violation
from gridmend.model.situation import Situation
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.powerflow.network import Network

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def grid() -> Grid:
    return read("ieee123")


def _plan(*moves: tuple[Action, str], fault: str = "") -> Plan:
    return Plan(fault, tuple(Step(action, device, "") for action, device in moves), Verdict())


def _rules(verdict: Verdict) -> list[tuple[str, int]]:
    return [(refusal.rule, refusal.step) for refusal in verdict.refusals]


def test_opening_and_closing_again_is_allowed(grid: Grid) -> None:
    plan = _plan((Action.OPEN, "Sw5"), (Action.CLOSE, "switch.sw5"))
    verdict = check(plan, grid, Snapshot.normal(grid))
    assert verdict.allowed
    assert verdict.unknown == ("source.source", "making current of switch.Sw5")


def test_a_tie_that_would_close_a_ring_is_refused(grid: Grid) -> None:
    verdict = check(_plan((Action.CLOSE, "Sw7")), grid, Snapshot.normal(grid))
    assert ("radiality", 1) in _rules(verdict)


def test_joining_two_sources_is_refused(grid: Grid) -> None:
    verdict = check(_plan((Action.CLOSE, "Sw9")), grid, Snapshot.normal(grid))
    assert _rules(verdict) == [("radiality", 1), ("synchronism", 1)]
    for refusal in verdict.refusals:
        assert "source" in refusal.why
        assert "neighbour_251" in refusal.why


@pytest.mark.parametrize("interrupts", ["nothing", "unknown"])
def test_a_device_that_does_not_break_load_does_not_open_it(grid: Grid, interrupts: str) -> None:
    changed = grid.with_changed("Sw5", interrupts=interrupts)
    loaded = check(_plan((Action.OPEN, "Sw5")), changed, Snapshot.normal(changed))
    assert _rules(loaded) == [("capability", 1)]
    dead = _plan((Action.OPEN, "Sw1"), (Action.OPEN, "Sw5"))
    assert check(dead, changed, Snapshot.normal(changed)).allowed


def test_more_than_a_device_interrupts_is_not_opened(grid: Grid) -> None:
    changed = grid.with_changed("Sw5", interrupting_a=10.0)
    verdict = check(_plan((Action.OPEN, "Sw5")), changed, Snapshot.normal(changed))
    assert _rules(verdict) == [("capability", 1)]


def test_the_fault_is_never_energised(grid: Grid) -> None:
    tripped = Snapshot.normal(grid).with_switch(grid, "Sw1", is_open=True)
    verdict = check(_plan((Action.CLOSE, "Sw1"), fault="line.L52"), grid, tripped)
    assert _rules(verdict) == [("capability", 1)]
    isolated = _plan((Action.OPEN, "Sw2"), (Action.CLOSE, "Sw1"), fault="line.L52")
    assert check(isolated, grid, tripped).allowed


def test_an_overload_is_refused_with_its_figure(grid: Grid) -> None:
    tripped = Snapshot.normal(grid).with_switch(grid, "Sw1", is_open=True)
    plan = _plan((Action.CLOSE, "Sw10"), (Action.OPEN, "Sw2"))
    verdict = check(plan, grid, tripped)
    assert _rules(verdict) == [("look-ahead", 1)]
    assert "%" in verdict.refusals[0].why


def test_no_convergence_is_a_refusal(grid: Grid) -> None:
    normal = Snapshot.normal(grid)
    heavy = normal.with_demand(normal.load_kw * 60, normal.load_kvar * 60)
    tripped = heavy.with_switch(grid, "Sw1", is_open=True)

    @dataclass
    class NeverSolves:
        network: Network

        def solve(
            self, snapshot: Snapshot, *, controls: str = "static", near: Flow | None = None
        ) -> Flow:
            found = self.network.solve(snapshot, controls=controls)
            flow = dict(found.__dict__)
            flow["converged"] = bool(snapshot.open_phases[grid.switches.row("Sw1")])
            return Flow(**flow)

    verdict = check(
        _plan((Action.CLOSE, "Sw1")), grid, tripped, network=NeverSolves(Network.of(grid))
    )
    assert _rules(verdict) == [("look-ahead", 1)]
    assert "no solution" in verdict.refusals[0].why


def test_what_was_beyond_a_limit_before_the_fault_may_come_back(grid: Grid) -> None:
    weak = grid.with_changed("L108", rating_a=1.0, emergency_rating_a=1.0)
    weak = weak.with_changed("L105", rating_a=20.0, emergency_rating_a=20.0)
    normal = Snapshot.normal(weak)
    before = violations(weak, Network.of(weak).solve(normal, controls="static"))
    assert "line.L105" in {v.element for v in before}
    tripped = normal.with_switch(weak, "Sw1", is_open=True)
    assert not check(_plan((Action.CLOSE, "Sw1")), weak, tripped).allowed
    assert check(_plan((Action.CLOSE, "Sw1")), weak, tripped, accepted=before).allowed


def test_a_judgement_ends_with_the_step_that_is_refused(grid: Grid) -> None:
    plan = _plan((Action.OPEN, "Sw5"), (Action.CLOSE, "Sw9"), (Action.CLOSE, "Sw5"))
    found = examine(plan, grid, Snapshot.normal(grid))
    assert _rules(found.verdict) == [("radiality", 2), ("synchronism", 2)]
    assert len(found.flows) == len(found.readings) == 2


def test_a_situation_is_judged_at_a_time(grid: Grid) -> None:
    plan = _plan((Action.OPEN, "Sw5"))
    assert check(plan, grid, Situation.of(grid), NOON).allowed
    with pytest.raises(GridmendError, match="judged at a time"):
        check(plan, grid, Situation.of(grid))


def test_taps_and_capacitors_are_steps_too(grid: Grid) -> None:
    step = Step(Action.SET_CAPACITOR, "C83", "", value=0)
    assert check(Plan("", (step,), Verdict()), grid, Snapshot.normal(grid)).allowed
    with pytest.raises(GridError, match="no value"):
        check(_plan((Action.SET_TAP, "creg1a")), grid, Snapshot.normal(grid))


def test_an_unknown_device_is_named(grid: Grid) -> None:
    with pytest.raises(GridError, match="Sw99"):
        check(_plan((Action.OPEN, "Sw99")), grid, Snapshot.normal(grid))


def test_limits_are_read_at_the_loads_own_rated_voltage(grid: Grid) -> None:
    flow = Network.of(grid).solve(controls="static")
    tight = Limits(v_low_pu=1.0, v_high_pu=1.02, loading_pct=30.0)
    found = violations(grid, flow, tight)
    kinds = {v.limit for v in found}
    assert kinds == {"voltage_low", "voltage_high", "loading_a", "loading_kva"}
    keys = zip(flow.nodes.bus.tolist(), flow.nodes.phase.tolist(), strict=True)
    node = {key: k for k, key in enumerate(keys)}
    low = {v.element.removeprefix("load."): v.value for v in found if v.limit == "voltage_low"}
    single = [name for name in low if grid.loads.record(name)["phases"] in ("a g", "b g", "c g")]
    assert single
    for name in single:
        load = grid.loads.record(name)
        at = node[grid.buses.row(load["bus"]), load["phases"][0]]
        assert low[name] == pytest.approx(abs(flow.v_v[at]) / (load["kv"] * 1000))


def test_loads_that_nobody_feeds_have_no_voltage_to_violate(grid: Grid) -> None:
    snapshot = Snapshot.normal(grid).with_switch(grid, "Sw1", is_open=True)
    assert violations(grid, Network.of(grid).solve(snapshot, controls="static")) == ()


def test_single_phasing_a_load_is_a_violation(grid: Grid) -> None:
    fields = dict(Snapshot.normal(grid).__dict__)
    open_phases = fields["open_phases"].copy()
    open_phases[grid.switches.row("Sw3")] = 0b110
    fields["open_phases"] = open_phases
    flow = Network.of(grid).solve(Snapshot(**fields), controls="static")
    found = {v.element for v in violations(grid, flow) if v.limit == "voltage_low"}
    assert "load.S48" in found
    assert "load.S38b" not in found


def test_worse_means_worse_by_more_than_a_tap_moves() -> None:
    limits = Limits()
    before = (Violation("loading_a", "line.x", 110.0, 100.0),)
    for value, is_worse in ((112.0, False), (116.0, True), (105.0, False)):
        after = (Violation("loading_a", "line.x", value, 100.0),)
        assert bool(worsened(before, after, limits)) is is_worse
    assert worsened(before, (Violation("loading_a", "line.y", 101.0, 100.0),), limits)


def test_the_gauge_sees_the_largest_loading_that_the_flow_shows(grid: Grid) -> None:
    topology = Topology.of(grid)
    flow = Network.of(grid).solve(controls="static")
    reading = read_off(Gauge.of(topology, flow.nodes, flow.terminals), flow)
    here = (flow.terminals.table == "lines") & (flow.terminals.row == grid.lines.row("L115"))
    largest = 100 * np.abs(flow.i_a[here]).max() / 1080
    assert reading.loading_max_pct is not None
    assert reading.loading_max_pct >= largest > 50


def test_a_network_that_is_dead_as_a_whole_may_be_started_and_not_beyond_its_limits() -> None:
    grid = read("ieee13")
    dead = Snapshot.normal(grid).with_source(grid, "source", is_on=False)
    light = dead.with_demand(dead.load_kw * 0.5, dead.load_kvar * 0.5)
    start = _plan((Action.CLOSE, "source"))
    assert check(start, grid, light).allowed
    heavy = dead.with_demand(dead.load_kw * 2, dead.load_kvar * 2)
    assert "look-ahead" in {rule for rule, _ in _rules(check(start, grid, heavy))}
