"""The way back to normal: through a loop where one may be closed, and nobody is interrupted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

import gridmend
from gridmend.interlock import Limits, check, violations
from gridmend.interlock.check import Bench
from gridmend.interlock.limits import worsened
from gridmend.interlock.recheck import Recheck
from gridmend.model.command import World
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Plan, Step, Verdict
from gridmend.model.sections import loop_count
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.fault import isolate
from gridmend.operations.restoration import restore
from gridmend.runtime.control.work import work
from gridmend.runtime.course import Course
from gridmend.runtime.exercise.making import field_of
from gridmend.runtime.exercise.room import OPERATOR
from gridmend.runtime.exercise.synchrocheck import Synchrocheck
from gridmend.runtime.normal import Loops, sources_at, steps_to_normal
from gridmend.runtime.scenario import Restoration
from gridmend.twin.scenario.reading import read_grid, read_scenario
from tests.operations.random_networks import Drawn, drawn
from tests.runtime.exercise.test_room import of_kind, run

JOINS = Restoration(joins_sources=True)
REPAIRED_S = 1000.0


@pytest.fixture(scope="module")
def grid() -> Grid:
    return gridmend.read("ieee123")


def exchanged(seeds: range) -> Iterator[tuple[int, Drawn, Bench, Snapshot]]:
    """Random networks where ties feed a part of what their feeders do: up to two of them."""
    for seed in seeds:
        case, rng = drawn(seed), np.random.default_rng(seed)
        grid, topology, normal = case.grid, case.topology, Snapshot.normal(case.grid)
        names, stands = grid.switches.texts("name"), Snapshot.normal(case.grid)
        ties = [k for k in range(len(names)) if normal.open_phases[k]]
        for tie in rng.permutation(ties)[:2].tolist():
            closed = stands.with_switch(grid, names[tie], is_open=False)
            for row in rng.permutation(len(names)).tolist():
                then = closed.with_switch(grid, names[row], is_open=True)
                is_radial = not loop_count(topology, then)
                is_radial = is_radial and (topology.islands(then)[1] <= 1).all()
                if row != tie and is_radial and topology.energised(then).all():
                    stands = then
                    break
        if (stands.open_phases != normal.open_phases).any():
            yield seed, case, Bench.of(grid, network=case.network, topology=topology), stands


def every_loop(case: Drawn, bench: Bench) -> Loops:
    """All switches may close a loop, between all sources."""
    names = frozenset(name.lower() for name in case.grid.switches)
    sources = frozenset(f"source.{name}".lower() for name in case.grid.sources)
    return Loops(bench, names, dict.fromkeys(names, sources))


def holds(case: Drawn, now: Snapshot, then: Snapshot) -> bool:
    accepted = violations(case.grid, case.network.solve(now, controls="static"))
    flow = case.network.solve(then, controls="static")
    return flow.converged and not worsened(accepted, violations(case.grid, flow), Limits())


def could_loop(case: Drawn, now: Snapshot, normal: Snapshot) -> bool:
    """Whether any switch that is normally closed could take over from any tie within limits."""
    grid, topology = case.grid, case.topology
    live, meshes = topology.energised(now), loop_count(topology, now)
    had = topology.supplied(live)
    differs = np.flatnonzero(now.open_phases != normal.open_phases).tolist()
    for row in (k for k in differs if not normal.open_phases[k]):
        name = grid.switches.texts("name")[row]
        if not live[topology.nodes_of(f"switch.{name}")].all():
            continue
        closed = now.with_switch(grid, name, is_open=False)
        for tie in (k for k in differs if normal.open_phases[k]):
            after = closed.with_switch(grid, grid.switches.texts("name")[tie], is_open=True)
            keeps = topology.supplied(topology.energised(after))[had].all()
            if not keeps or loop_count(topology, after) > meshes:
                continue
            if (topology.islands(after)[1] > 1).sum() > (topology.islands(now)[1] > 1).sum():
                continue
            if holds(case, now, closed) and holds(case, now, after):
                return True
    return False


def test_nobody_who_has_supply_is_interrupted_where_a_loop_holds() -> None:
    looped = broken = 0
    for seed, case, bench, stands in exchanged(range(24)):
        normal = Snapshot.normal(case.grid)
        steps = steps_to_normal(case.topology, stands, normal, loops=every_loop(case, bench))
        now = stands
        for step in steps:
            had = case.topology.supplied(case.topology.energised(now))
            is_open = step.action is Action.OPEN
            then = now.with_switch(case.grid, step.device, is_open=is_open)
            lost = had & ~case.topology.supplied(case.topology.energised(then))
            if lost.any():
                broken += 1
                assert not could_loop(case, now, normal), f"seed {seed}: {step.device}"
            elif loop_count(case.topology, then) or (case.topology.islands(then)[1] > 1).any():
                looped += 1
                assert holds(case, now, then), f"seed {seed}: {step.device}"
            flow = case.network.solve(then, controls="static")
            assert step.v_min_pu is not None
            assert step.v_min_pu == pytest.approx(bench.reader.read(flow).v_min_pu, abs=2e-4)
            now = then
        np.testing.assert_array_equal(now.open_phases, normal.open_phases)
        assert len(steps) == len({step.device for step in steps}), "each moves once"
    assert looped >= 10
    assert broken >= 2, "and where it does not hold, the tie lets go first"


def test_without_leave_no_loop_is_ever_closed_and_all_is_normal_in_the_end() -> None:
    for seed, case, bench, stands in exchanged(range(24)):
        normal = Snapshot.normal(case.grid)
        for loops in (None, Loops(bench, ())):
            now = stands
            for step in steps_to_normal(case.topology, stands, normal, loops=loops):
                now = now.with_switch(case.grid, step.device, is_open=step.action is Action.OPEN)
                assert not loop_count(case.topology, now), f"seed {seed}"
                assert (case.topology.islands(now)[1] <= 1).all(), f"seed {seed}"
            np.testing.assert_array_equal(now.open_phases, normal.open_phases)


def test_a_loop_between_sources_needs_both_of_them_named(grid: Grid) -> None:
    bench = Bench.of(grid)
    full = Snapshot.normal(grid)
    normal = replace(full, load_kw=0.7 * full.load_kw, load_kvar=0.7 * full.load_kvar)
    stands = normal.with_switches(grid, {"Sw4": True, "Sw11": False})
    topology, usable = bench.site.topology, frozenset({"sw4", "sw11"})
    both = frozenset({"source.source", "source.neighbour_350"})
    assert frozenset().union(*sources_at(topology, stands, "Sw4")) == both
    for named, first in ((both, "Sw4"), (frozenset({"source.source"}), "Sw11")):
        loops = Loops(bench, usable, {"sw4": named})
        steps = steps_to_normal(topology, stands, normal, loops=loops)
        assert steps[0].device == first
    heavy = stands.with_switches(grid, {})
    heavy = replace(heavy, load_kw=full.load_kw, load_kvar=full.load_kvar)
    loops = Loops(bench, usable, {"sw4": both})
    # At full load the loop would carry 105 % of the neighbour's capacity.
    assert steps_to_normal(topology, heavy, full, loops=loops)[0].device == "Sw11"


def back(grid: Grid, policy: Restoration, upset: Callable[[Course], object] = id,
         until_s: float = 1400.0) -> Course:  # fmt: skip
    """L52 fails and is healed; it is mended after a while, and all goes back."""

    def happens(course: Course) -> None:
        course.at(REPAIRED_S, lambda: course.repair("line.l52", 1))
        course.at(REPAIRED_S - 1, lambda: _done(upset(course)))

    course = run(grid, restoration=policy, upset=happens, until_s=until_s)
    checker = Recheck(grid, world=World.TWIN)
    assert not [o for n, e in enumerate(course.events, 1) for o in checker.add(e, n)]
    return course


def _done(_: object) -> None:
    """Whatever came of it."""


def out_again(course: Course, since_s: float) -> int:
    """By how much the number of customers without supply ever rises from a time on."""
    curve = [(at, out) for at, out in course.ledger.curve]
    later = [out for at, out in curve if (at - course.start_utc).total_seconds() >= since_s]
    before = [out for at, out in curve if (at - course.start_utc).total_seconds() < since_s]
    rises = (b - a for a, b in zip([before[-1], *later], later, strict=False))
    return max(0, *rises)


def test_with_leave_nobody_is_out_again_and_without_it_the_tie_lets_go_first(grid: Grid) -> None:
    normal = Snapshot.normal(grid).open_phases
    for policy, again in ((JOINS, 0), (Restoration(), 470)):
        course = back(grid, policy)
        assert out_again(course, REPAIRED_S) == again
        np.testing.assert_array_equal(course.flow.snapshot.open_phases, normal)
        loops = of_kind(course, "loop_authorised")
        assert [e.payload["device"] for e in loops] == (["sw4"] if not again else [])
        assert not of_kind(course, "loop_outlived")
        assert not course.room.kernel.situation.loops


def test_where_the_check_of_synchronism_does_not_agree_the_tie_lets_go_first(
    grid: Grid, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Synchrocheck, "ask", lambda self, device: 0.0)
    course = back(grid, JOINS, until_s=1600.0)
    refused = of_kind(course, "refused")
    assert any("synchronism" in str(e.payload["rules"]) for e in refused)
    assert out_again(course, REPAIRED_S) == 470
    normal = Snapshot.normal(grid).open_phases
    np.testing.assert_array_equal(course.flow.snapshot.open_phases, normal)


def test_where_the_tie_sticks_the_loop_is_opened_again_and_nobody_is_out(grid: Grid) -> None:
    course = back(grid, JOINS, lambda c: c.field.plant.stuck.add("sw11"), until_s=1300.0)
    assert out_again(course, REPAIRED_S) == 0
    commanded = [(e.payload["step"]["action"], e.payload["step"]["device"])
                 for e in of_kind(course, "commanded")]  # fmt: skip
    assert commanded[-1] == ("open", "Sw4")
    known = course.room.kernel.situation.snapshot
    assert known.is_open(grid, "Sw4")
    assert not known.is_open(grid, "Sw11")
    assert loop_count(course.room.kernel.bench.site.topology, known) == 0


def test_no_tie_lets_go_of_anybody_whom_the_feeder_may_not_take_over(grid: Grid) -> None:
    def tagged(course: Course) -> None:
        tag = Step(Action.TAG, "Sw4", "work behind it", mark="t1", kind="hold")
        assert work(course.room.kernel, tag, OPERATOR).allowed

    course = back(grid, Restoration(), tagged)
    assert out_again(course, REPAIRED_S) == 0
    known = course.room.kernel.situation.snapshot
    assert known.is_open(grid, "Sw4")
    assert not known.is_open(grid, "Sw11")


def test_the_tree_on_l52_interrupts_nobody_again_with_leave() -> None:
    scenario = read_scenario("tree-on-l52")
    grid = read_grid(scenario)
    course = Course(field_of(scenario, grid), restoration=JOINS)
    since_s = np.inf
    for until_s in np.arange(1800.0, scenario.end_s, 1800.0).tolist():
        course.run_to(until_s)
        repaired = [e for e in course.events if e.kind == "repaired" and e.source == "field"]
        if repaired:
            since_s = (repaired[0].time_utc - course.start_utc).total_seconds()
            if until_s > since_s + 600.0:
                break
    normal = Snapshot.normal(grid).open_phases
    np.testing.assert_array_equal(course.flow.snapshot.open_phases, normal)
    assert out_again(course, since_s) == 0
    assert of_kind(course, "loop_authorised"), "somebody was fed through a tie until then"


def test_the_way_back_leaves_what_is_joined_to_a_fault_that_stands(grid: Grid) -> None:
    topology, normal = Topology.of(grid), Snapshot.normal(grid)
    for fault in ("line.l36", "line.l52", "line.l105"):
        plan = restore(grid, normal, fault, topology=topology)
        stands = isolate(grid, normal, fault, topology=topology).tripped
        for step in plan.steps:
            stands = stands.with_switch(grid, step.device, is_open=step.action is Action.OPEN)
        had = topology.supplied(topology.energised(stands))
        now = stands
        for step in steps_to_normal(topology, stands, normal, faults=[fault]):
            now = now.with_switch(grid, step.device, is_open=step.action is Action.OPEN)
            assert not topology.energised(now)[topology.nodes_of(fault)].any()
        assert topology.supplied(topology.energised(now))[had].all(), "nobody is let go of"
        every = steps_to_normal(topology, stands, normal)
        assert len(every) > len(steps_to_normal(topology, stands, normal, faults=[fault]))


def test_a_source_comes_back_once_the_tie_that_feeds_its_section_has_let_go(grid: Grid) -> None:
    """Its relay locked out and a tie took over all that hangs on it: on the way back no two sources
    are joined, and all is normal in the end."""
    topology, normal = Topology.of(grid), Snapshot.normal(grid)
    light = normal.with_demand(0.3 * normal.load_kw, 0.3 * normal.load_kvar)
    now = light.with_source(grid, "source", is_on=False).with_switch(grid, "Sw11", is_open=False)
    steps = steps_to_normal(topology, now, light)
    assert [str(step) for step in steps] == ["open Sw11", "close source"]
    assert check(Plan("", steps, Verdict()), grid, now).allowed
    plain = light.with_source(grid, "source", is_on=False)
    assert [str(step) for step in steps_to_normal(topology, plain, light)] == ["close source"]
