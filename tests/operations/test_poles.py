"""Plans that move single poles, against figures worked by hand and against brute force."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import gridmend
from gridmend.interlock import Limits, check, violations
from gridmend.interlock.limits import worsened
from gridmend.model.customers import customer_counts
from gridmend.model.deed import carried_out
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Plan, Step, Verdict
from gridmend.model.sections import loop_count
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.restoration import Proposal, propose
from gridmend.powerflow.network import Network
from tests.operations.streets import KV, street

ONE_KV = KV / 3**0.5


def by_pole(*, ganged: tuple[str, ...] = (), three_phase: str = "") -> Grid:
    """The street with poles that move by themselves and single-phase customers: 10 on a, 20 on b
    and 30 on c between head and middle, and 1, 2 and 4 behind middle, where the tie leads."""
    grid = street(600.0).without("load.d")
    for name in grid.switches:
        grid = grid.with_changed(f"switch.{name}", ganged=name in ganged)
    loads = [
        {"name": f"{bus}{phase}", "bus": bus, "phases": f"{phase} g", "kv": ONE_KV, "p_kw": 50.0,
         "customers": count}
        for bus, counts in (("b", (10, 20, 30)), ("q", (1, 2, 4)))
        for phase, count in zip("abc", counts, strict=True)
    ]  # fmt: skip
    if three_phase:
        loads.append({"name": "motor", "bus": three_phase, "phases": "a b c", "kv": KV,
                      "connection": "delta", "p_kw": 60.0, "customers": 100})  # fmt: skip
    return grid.with_rows("loads", *loads)


def _proposed(grid: Grid, phases: str = "a") -> Proposal:
    return propose(
        grid, Snapshot.normal(grid), "line.first", phases=phases, seconds_limit=float("inf")
    )


def _steps(plan: Plan) -> list[str]:
    return [str(step) for step in plan.steps]


def test_one_phase_is_isolated_and_fed_from_the_other_side_and_nobody_else_is_out() -> None:
    proposal = _proposed(by_pole())
    plan = proposal.plans[0]
    assert (plan.customers_out, plan.customers_restorable, plan.customers_restored) == (11, 1, 1)
    assert _steps(plan) == ["open middle phase a", "close tie phase a"]
    assert plan.gap_pct == 0
    assert "10 customers" in plan.left_out[0]
    assert "phase a" in str(plan)


def test_two_phases_of_a_fault_are_moved_together() -> None:
    plan = _proposed(by_pole(), "c a").plans[0]
    assert (plan.customers_out, plan.customers_restored) == (45, 5)
    assert _steps(plan) == ["open middle phases a c", "close tie phases a c"]


def test_every_pole_that_moves_is_allowed_by_the_interlock() -> None:
    grid = by_pole()
    proposal = _proposed(grid)
    assert check(proposal.plans[0], grid, proposal.isolation.tripped).allowed
    whole = Plan("line.first", proposal.plans[0].steps, Verdict())
    back = (*whole.steps, Step(Action.CLOSE, "head", "", phases="a"))
    refused = check(Plan("line.first", back, Verdict(), phases="a"), grid,
                    proposal.isolation.tripped)  # fmt: skip
    assert [(r.rule, r.step) for r in refused.refusals] == [("capability", 3)]
    assert "it would energise line.first, which is faulted" in refused.refusals[0].why


def test_where_the_breaker_moves_all_its_poles_all_trip_and_a_note_says_so() -> None:
    plan = _proposed(by_pole(ganged=("head",))).plans[0]
    assert (plan.customers_out, plan.customers_restored, plan.phases) == (67, 7, "")
    assert _steps(plan) == ["open middle", "close tie"]
    assert "is not faulted on phase b nor c, but head opens all its poles together" in plan.notes[0]


def test_a_switch_that_moves_all_its_poles_is_not_one_that_isolates_a_phase() -> None:
    plan = _proposed(by_pole(ganged=("middle",))).plans[0]
    assert (plan.customers_out, plan.customers_restored) == (11, 0)
    assert plan.steps == () or _steps(plan) == []


def test_a_motor_is_not_fed_by_two_sources_nor_left_with_some_of_its_phases() -> None:
    plan = _proposed(by_pole(three_phase="q")).plans[0]
    assert plan.customers_restored == 0
    assert any("two sources" in why or "join" in why for why in plan.left_out)


def test_no_pole_is_moved_that_would_leave_a_load_with_some_of_its_phases() -> None:
    grid = by_pole(three_phase="q")
    for action, begins in ((Action.OPEN, True), (Action.CLOSE, False)):
        start = Snapshot.normal(grid)
        start = start if begins else start.with_switch(grid, "middle", is_open=True)
        step = Step(action, "middle", "", phases="b")
        verdict = check(Plan("", (step,), Verdict()), grid, start)
        assert [r.rule for r in verdict.refusals] == ["capability"]
        assert "it would leave load motor with some of its phases" in verdict.refusals[0].why
        whole = Step(action, "middle", "")
        assert check(Plan("", (whole,), Verdict()), grid, start).allowed


def test_what_has_no_such_pole_says_so() -> None:
    grid, normal = by_pole(ganged=("middle",)), Snapshot.normal(by_pole())
    with pytest.raises(GridError, match="'middle' moves all its poles together"):
        carried_out(Step(Action.OPEN, "middle", "", phases="a"), grid, normal)
    with pytest.raises(GridError, match="has no phase n"):
        carried_out(Step(Action.OPEN, "head", "", phases="n"), grid, normal)
    with pytest.raises(GridError, match="has no poles of its own"):
        carried_out(Step(Action.OPEN, "source.own", "", phases="a"), grid, normal)
    with pytest.raises(GridError, match="what is faulted has no phase x"):
        _proposed(grid, "x")


@pytest.mark.parametrize("phases", ["a", "b", "a b", "b c"])
def test_brute_force_over_all_poles_restores_no_more(phases: str) -> None:
    grid = by_pole()
    proposal = _proposed(grid, phases)
    assert proposal.plans[0].customers_restored == _most(grid, proposal, phases)


def _most(grid: Grid, proposal: Proposal, phases: str) -> int:
    """Customers restored by the best of all positions of all poles on the faulted phases: radial,
    the fault dead on them, nobody dropped, nothing violated that was not before."""
    topology, network = Topology.of(grid), Network.of(grid)
    tripped, best = proposal.isolation.tripped, 0
    faulted = topology.nodes_of("line.first")
    faulted = faulted[np.isin(topology.wiring.node_phase[faulted], phases.split())]
    had = topology.supplied(topology.energised(tripped))
    poles = [(name, phase) for name in grid.switches for phase in phases.split()]
    for positions in product((Action.OPEN, Action.CLOSE), repeat=len(poles)):
        there = tripped
        for (name, phase), action in zip(poles, positions, strict=True):
            there = carried_out(Step(action, name, "", phases=phase), grid, there)
        live = topology.energised(there)
        has = topology.supplied(live)
        is_whole = not (live[faulted].any() or loop_count(topology, there) or (had & ~has).any())
        if not is_whole or (topology.fed_by(there)[faulted] >= 0).any():
            continue
        flow = network.solve(there, controls="static")
        worse = worsened(proposal.accepted, violations(grid, flow), Limits())
        if flow.converged and not worse:
            best = max(best, int(customer_counts(grid)[has & ~had].sum()))
    return best


@pytest.mark.parametrize(
    ("fault", "phases", "restored", "restorable"),
    [("line.L52", "a", 499, 499), ("line.L105", "b", 409, 409), ("line.L13", "c", 33, 381)],
)
def test_on_ieee123_a_phase_is_healed_and_three_phase_loads_hold_nothing_up(
    fault: str, phases: str, restored: int, restorable: int
) -> None:
    """Without the delta transformer, through which the other phases feed the open one. Where the
    phase would come from a neighbour, three-phase loads of the section stand in the way."""
    grid = gridmend.read("ieee123").without("XFM1")
    for name in grid.switches:
        grid = grid.with_changed(f"switch.{name}", ganged=False)
    proposal = propose(grid, Snapshot.normal(grid), fault, phases=phases)
    plan = proposal.plans[0]
    assert (plan.customers_restored, plan.customers_restorable) == (restored, restorable)
    assert {step.phases for step in plan.steps} == {phases}
    assert check(plan, grid, proposal.isolation.tripped, accepted=proposal.accepted).allowed
    others = [p for p in "abc" if p != phases]
    topology = Topology.of(grid)
    nodes = np.isin(topology.wiring.node_phase, others)
    there = proposal.isolation.tripped
    for step in plan.steps:
        there = carried_out(step, grid, there)
        assert topology.energised(there)[nodes].all(), "the other phases keep their supply"


def test_closing_the_open_pole_of_a_switch_joins_nothing_beside_a_delta() -> None:
    """The other phases feed it through XFM1; between two sources it would join them anyway."""
    grid = gridmend.read("ieee123")
    for name in grid.switches:
        grid = grid.with_changed(f"switch.{name}", ganged=False)
    normal = Snapshot.normal(grid)
    apart = carried_out(Step(Action.OPEN, "Sw1", "", phases="a"), grid, normal)
    assert Topology.of(grid).energised(apart).all()
    close = Plan("", (Step(Action.CLOSE, "Sw1", "", phases="a"),), Verdict())
    assert check(close, grid, apart).allowed
    two = carried_out(Step(Action.OPEN, "Sw1", "", phases="b"), grid, apart)
    assert not check(close, grid, two).allowed, "the switch is not made whole"
    both = Plan("", (Step(Action.CLOSE, "Sw1", "", phases="a b"),), Verdict())
    assert check(both, grid, two).allowed
    tie = Plan("", (Step(Action.CLOSE, "Sw11", "", phases="a"),), Verdict())
    refused = {refusal.rule for refusal in check(tie, grid, normal).refusals}
    assert {"radiality", "synchronism"} <= refused


def _holding(phases: str) -> Grid:
    """The same with a generator that may hold the voltage of some phases behind middle."""
    kv = KV if len(phases.split()) > 1 else ONE_KV
    row = {"name": "dg", "bus": "q", "phases": f"{phases} g", "kv": kv, "rating_kva": 500.0,
           "p_kw": 100.0, "grid_forming": True}  # fmt: skip
    return by_pole().with_rows("generators", row)


@pytest.mark.parametrize(("held", "moved"), [("a b c", "a b c"), ("a", "a")])
def test_what_a_generator_holds_by_itself_is_joined_by_no_pole_without_a_check(
    held: str, moved: str
) -> None:
    grid = _holding(held)
    apart = carried_out(Step(Action.OPEN, "middle", "", phases=moved), grid, Snapshot.normal(grid))
    close = Step(Action.CLOSE, "middle", "", phases=moved)
    refused = {
        refusal.rule for refusal in check(Plan("", (close,), Verdict()), grid, apart).refusals
    }
    assert "synchronism" in refused


def test_phases_that_say_nothing_are_all_and_words_are_kept_one_way() -> None:
    assert Step(Action.CLOSE, "tie", "", phases=" \t").phases == ""
    assert Step(Action.CLOSE, "tie", "", phases="C,a a").phases == "a c"
    grid = by_pole()
    blank = Plan("", (Step(Action.CLOSE, "tie", "", phases=" "),), Verdict())
    assert not check(blank, grid, Snapshot.normal(grid)).allowed


@pytest.mark.parametrize("angle_deg", [0.0, 180.0])
def test_no_pole_closes_by_which_two_sources_would_feed_one_load(angle_deg: float) -> None:
    grid = by_pole(three_phase="q").with_changed("source.other", angle_deg=angle_deg)
    now = Snapshot.normal(grid)
    for name in ("head", "middle"):
        now = carried_out(Step(Action.OPEN, name, "", phases="a"), grid, now)
    close = Plan("", (Step(Action.CLOSE, "tie", "", phases="a"),), Verdict())
    refusals = check(close, grid, now).refusals
    assert [r.rule for r in refusals] == ["capability"]
    assert "load motor would be fed by two sources" in refusals[0].why


def test_a_switch_that_crosses_phases_does_not_trip_by_pole() -> None:
    """Its first conductor joins a to b: which pole a fault on a opens depends on the side."""
    grid = by_pole().with_changed("switch.head", phases2="b c a")
    proposal = _proposed(grid)
    assert proposal.plans[0].phases == ""
    topology = Topology.of(grid)
    assert not topology.energised(proposal.isolation.tripped)[topology.nodes_of("line.first")].any()


def test_a_fault_that_its_own_fuse_clears_asks_for_no_phase() -> None:
    assert (
        propose(by_pole(), Snapshot.normal(by_pole()), "load.qa", phases="a").plans[0].steps == ()
    )


def test_a_step_that_moves_no_poles_names_none() -> None:
    tag = Step(Action.TAG, "middle", "", mark="t1", kind="hold", phases="a")
    with pytest.raises(GridError, match="moves no poles"):
        check(Plan("", (tag,), Verdict()), by_pole(), Snapshot.normal(by_pole()))
