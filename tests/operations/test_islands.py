"""Islands that a plan has a battery or generator carry, against figures worked by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gridmend.interlock import check
from gridmend.interlock.electric import solver_of
from gridmend.model.check import check_grid
from gridmend.model.grid import Grid
from gridmend.model.islanding import capacities_kva, deliverable_kwh, with_island_sources
from gridmend.model.plan import Action, Island, Plan, Step, Verdict
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.answer import as_json
from gridmend.operations.cold_load import ColdLoad
from gridmend.operations.horizon import Horizon
from gridmend.operations.pace import Timing
from gridmend.operations.restoration import propose, restore
from gridmend.powerflow.network import Network
from tests.operations.streets import KV, street

SOURCE = "source.bank island"


def _with_battery(*, tie: bool = False, **values: object) -> Grid:
    """The street with a battery behind its lateral; without a tie nothing else reaches there."""
    battery = {
        "name": "bank", "bus": "q", "phases": "a b c g", "kv": KV, "rating_kva": 1200.0,
        "rating_kw": 1200.0, "capacity_kwh": 5000.0, "stored_kwh": 5000.0, "reserve_pct": 20.0,
        "grid_forming": True, **values,
    }  # fmt: skip
    grid = street(600.0).with_rows("storages", battery)
    grid = grid if tie else grid.with_changed("source.other", in_service=False)
    return with_island_sources(grid)


def _with_more(grid: Grid) -> Grid:
    """The same with 7 customers of 900 kW beyond the battery, behind a switch."""
    more = {
        "name": "far", "bus": "r", "phases": "a b c g", "kv": KV, "p_kw": 900.0, "q_kvar": 0.0,
        "customers": 7,
    }  # fmt: skip
    inner = {
        "name": "inner", "bus1": "q", "bus2": "r", "phases1": "a b c", "phases2": "a b c",
        "kind": "switch", "remote": True, "interrupts": "load",
    }  # fmt: skip
    grid = grid.with_rows("buses", {"name": "r", "base_kv": KV})
    return grid.with_rows("switches", inner).with_rows("loads", more)


def _plan(grid: Grid, horizon: Horizon | None = None) -> Plan:
    ahead, normal = horizon or Horizon(), Snapshot.normal(grid)
    return propose(grid, normal, "line.first", ahead=ahead, seconds_limit=float("inf")).plans[0]


def _island(plan: Plan) -> Island:
    (found,) = plan.islands
    return found


def _steps(plan: Plan) -> list[tuple[Action, str]]:
    return [(step.action, step.device) for step in plan.steps]


def test_a_battery_with_power_and_energy_carries_what_no_tie_reaches() -> None:
    # (5000 - 1000) kWh x 90 % are 3600 kWh; 1000 kW from 1.5 to 180 min are 2975 kWh
    plan = _plan(_with_battery())
    island = _island(plan)
    assert (plan.customers_restored, plan.customers_restorable) == (50, 50)
    assert plan.gap_pct == 0
    assert plan.customers_restored_by_tie == 0
    assert _steps(plan) == [(Action.OPEN, "middle"), (Action.CLOSE, SOURCE)]
    assert "storage.bank forms an island: brings back 50 customers" in plan.steps[-1].why
    assert (island.resource, island.customers) == ("storage.bank", 50)
    assert island.energy_kwh == pytest.approx(3600)
    assert island.peak_kw == pytest.approx(1000, rel=0.002)
    assert island.used_kwh == pytest.approx(1000 * 178.5 / 60, rel=0.002)


def test_every_step_that_forms_an_island_is_allowed_by_the_interlock() -> None:
    grid = _with_more(_with_battery(rating_kw=3000.0, rating_kva=3000.0))
    proposal = propose(grid, Snapshot.normal(grid), "line.first")
    assert check(proposal.plans[0], grid, proposal.isolation.tripped).allowed


def test_a_battery_whose_energy_does_not_last_carries_nobody_and_says_so() -> None:
    # (4010 - 1000) kWh x 90 % are 2709 kWh: 162.54 min from 1.5 min after the fault on
    plan = _plan(_with_battery(stored_kwh=4010.0))
    assert plan.customers_restored == 0
    assert plan.gap_pct == 0
    (sentence,) = plan.left_out
    assert "the energy of storage.bank lasts until 164 min after the fault" in sentence
    enough = _plan(_with_battery(stored_kwh=4320.0))  # 2988 kWh
    assert enough.customers_restored == 50


def test_energy_follows_a_load_that_comes_back_cold() -> None:
    late = Horizon(Timing(detection_s=3600), cold=ColdLoad())
    large: dict[str, Any] = {
        "rating_kw": 3000.0,
        "rating_kva": 3000.0,
        "stored_kwh": 9e3,
        "capacity_kwh": 9e3,
    }
    warm = _plan(_with_battery(**large), Horizon(late.timing))
    cold = _plan(_with_battery(**large), late)
    assert _island(cold).peak_kw == pytest.approx(2000, rel=0.01)
    assert warm.ahead is not None
    used = _island(cold).used_kwh, _island(warm).used_kwh
    assert used[0] is not None
    assert used[1] is not None
    assert used[0] > used[1] + 100


def test_a_battery_too_small_for_the_load_forms_no_island() -> None:
    assert _plan(_with_battery(rating_kw=900.0)).customers_restored == 0
    late = Horizon(Timing(detection_s=3600), cold=ColdLoad())
    plan = _plan(_with_battery(), late)
    assert plan.customers_restored == 0
    assert SOURCE in plan.left_out[0]


def test_sections_that_are_too_much_stay_out_of_the_island() -> None:
    plan = _plan(_with_more(_with_battery()))
    assert plan.customers_restored == 50
    assert (Action.OPEN, "inner") in _steps(plan)
    assert plan.steps[-1].device == SOURCE
    large = {"rating_kw": 3e3, "rating_kva": 3e3, "stored_kwh": 1e4, "capacity_kwh": 1e4}
    wide = _plan(_with_more(_with_battery(tie=False, **large)))
    assert wide.customers_restored == 57
    assert _island(wide).customers == 57


def test_no_island_where_none_may_be_formed() -> None:
    for grid in (
        _with_battery(grid_forming=False), _with_battery(in_service=False),
        _with_battery(stored_kwh=900.0),
        _with_battery().with_changed(SOURCE, in_service=False),
    ):  # fmt: skip
        plan = _plan(grid)
        assert plan.islands == ()
        assert plan.customers_restored == 0


def test_a_tie_comes_before_an_island_that_would_bring_back_as_many() -> None:
    plan = _plan(_with_battery(tie=True))
    assert plan.customers_restored == 50
    assert _steps(plan)[-1] == (Action.CLOSE, "tie")
    assert plan.islands == ()


def test_where_the_tie_carries_too_little_an_island_takes_the_rest() -> None:
    grid = _with_more(_with_battery(tie=True)).with_changed("source.other", capacity_kva=1100.0)
    parted = grid.with_changed("storage.bank", bus="r").with_changed(SOURCE, bus="r")
    plan = _plan(parted)
    assert plan.customers_restored == 57
    assert {(Action.CLOSE, "tie"), (Action.CLOSE, SOURCE), (Action.OPEN, "inner")} <= set(
        _steps(plan)
    )
    assert _island(plan).customers == 7
    final = Snapshot.normal(parted).with_source(parted, "bank island", is_on=True)
    for step in plan.steps:
        if step.device in parted.switches:
            is_open = step.action is Action.OPEN
            final = final.with_switch(parted, step.device, is_open=is_open)
    assert (Topology.of(parted).islands(final)[1] <= 1).all()


def test_no_island_holds_the_faulted_section() -> None:
    near = {"name": "near", "bus": "b", "phases": "a b c g", "kv": KV, "p_kw": 100.0}
    grid = _with_battery(bus="a").with_rows("loads", near)
    plan = _plan(grid)
    assert plan.customers_out == 51
    assert plan.islands == ()


def test_a_source_that_no_plan_may_connect_is_left_alone() -> None:
    grid = _with_battery()
    plan = restore(grid, Snapshot.normal(grid), "line.first", banned=[SOURCE])
    assert plan.customers_restored == 0


def test_a_battery_on_one_phase_brings_back_nobody_who_needs_three() -> None:
    plan = _plan(_with_battery(phases="a g", kv=7.2))
    assert plan.customers_restored == 0
    assert all(step.device != "source.bank island" for step in plan.steps)


def test_a_generator_gives_without_an_end() -> None:
    grid = _with_battery(grid_forming=False)
    unit = {
        "name": "unit", "bus": "q", "phases": "a b c g", "kv": KV, "rating_kva": 1500.0,
        "p_kw": 0.0, "grid_forming": True,
    }  # fmt: skip
    plan = _plan(with_island_sources(grid.with_rows("generators", unit)))
    assert plan.customers_restored == 50
    assert _island(plan).energy_kwh is None


def test_what_a_resource_was_to_give_is_not_given_beside_its_island() -> None:
    grid = _with_battery(p_kw=400.0)
    now = Snapshot.normal(grid).with_switches(grid, {"middle": True})
    island = now.with_source(grid, "bank island", is_on=True)
    network = Network.of(grid)
    flow = network.solve(island)
    assert abs(flow.power_kva("storages")[0]) < 1e-9
    row = grid.sources.row("bank island")
    assert -flow.power_kva("sources")[row].real == pytest.approx(1000, rel=0.002)


def test_going_on_to_an_island_gives_what_a_solution_from_nothing_gives() -> None:
    grid = _with_battery(p_kw=400.0)
    solver = solver_of(grid, None)
    now = Snapshot.normal(grid).with_switches(grid, {"middle": True})
    there = now.with_source(grid, "bank island", is_on=True)
    near = solver.solve(now, controls="static")
    on, anew = solver.solve(there, controls="static", near=near), Network.of(grid).solve(there)
    assert abs(on.v_v - anew.v_v).max() < 1e-3
    back = solver.solve(now, controls="static", near=on)
    assert abs(back.v_v - near.v_v).max() < 1e-3


def test_an_island_is_told_in_words_and_in_the_answer() -> None:
    grid = _with_battery()
    normal = Snapshot.normal(grid)
    proposal = propose(grid, normal, "line.first", ahead=Horizon())
    told = str(proposal.plans[0])
    assert "storage.bank carries 50 customers until the repair, at most 1000 of 1200 kW" in told
    assert "of 3600 kWh" in told
    (island,) = as_json(proposal, grid)["plans"][0]["islands"]
    assert island["source"] == SOURCE
    assert "last 3.6 h at this demand" in str(restore(grid, normal, "line.first"))


def test_a_plan_made_anew_while_an_island_stands_leaves_it_alone() -> None:
    grid = _with_battery(tie=True)
    normal = Snapshot.normal(grid)
    first = restore(grid, normal, "line.first")
    now = replace(normal, open_phases=normal.with_switches(
        grid, {"head": True, "middle": True}).open_phases)  # fmt: skip
    now = now.with_source(grid, "bank island", is_on=True)
    again = restore(grid, normal, "line.first", now=now)
    assert first.customers_restored == 50
    assert all(step.device not in ("tie", SOURCE) for step in again.steps)


def _beside(grid: Grid) -> Grid:
    """The same with a second feeder of 20 customers, which the neighbour reaches by a tie."""
    switch = {"phases1": "a b c", "phases2": "a b c", "remote": True, "interrupts": "fault"}
    line = {**grid.lines.record("first"), "name": "l2", "bus1": "c", "bus2": "y"}
    load = {"name": "e", "bus": "z", "phases": "a b c g", "kv": KV, "p_kw": 100.0, "customers": 20}
    return (
        grid.with_rows("buses", *({"name": name, "base_kv": KV} for name in "cyz"))
        .with_rows("lines", line)
        .with_rows(
            "switches",
            {"name": "head2", "bus1": "g", "bus2": "c", "kind": "breaker", **switch},
            {"name": "mid2", "bus1": "y", "bus2": "z", "kind": "switch", **switch},
            {"name": "tie2", "bus1": "h", "bus2": "z", "kind": "switch", **switch,
             "normally_open": True},
        )
        .with_rows("loads", load)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("values", "ahead"),
    [({"stored_kwh": 1500.0}, Horizon()), ({"rating_kw": 900.0, "rating_kva": 900.0}, None)],
)
def test_an_island_that_stands_is_held_against_no_other_plan(
    values: dict[str, Any], ahead: Horizon | None
) -> None:
    grid = _beside(_with_battery(tie=True, **values))
    unit = {"name": "unit", "bus": "q", "phases": "a b c g", "kv": KV, "rating_kva": 250.0,
            "p_kw": 250.0}  # fmt: skip
    grid = grid.with_rows("generators", unit)
    stands = Snapshot.normal(grid).with_switches(grid, {"middle": True})
    stands = stands.with_source(grid, "bank island", is_on=True)
    plan = restore(grid, stands, "line.l2", ahead=ahead)
    assert plan.customers_restored == 20
    assert _steps(plan) == [(Action.OPEN, "mid2"), (Action.CLOSE, "tie2")]


def test_a_tag_on_the_battery_holds_its_island() -> None:
    grid = _with_battery()
    tripped = propose(grid, Snapshot.normal(grid), "line.first").isolation.tripped
    open_first = Step(Action.OPEN, "middle", "")
    form = Step(Action.CLOSE, SOURCE, "")
    tag = Step(Action.TAG, "storage.bank", "", mark="t1", kind="hold")
    for steps, why in (((open_first, tag, form), "bears the hold tag"),
                       ((open_first, form, tag), "it may be feeding")):  # fmt: skip
        verdict = check(Plan("", steps, Verdict()), grid, tripped)
        assert [(r.rule, r.step) for r in verdict.refusals] == [("tags", 3)]
        assert why in verdict.refusals[0].why


def test_a_battery_holds_no_more_than_it_can() -> None:
    # (1000 - 200) kWh x 90 %, whatever is said to be stored
    grid = _with_battery(capacity_kwh=1000.0, stored_kwh=5000.0)
    assert deliverable_kwh(grid)[0] == pytest.approx(720)
    assert _plan(grid).customers_restored == 0
    assert any("stored_kwh is above capacity_kwh" in f.what for f in check_grid(grid))


def test_the_power_that_is_known_bounds_an_island() -> None:
    grid = _with_battery().with_changed("storage.bank", rating_kw=900.0, rating_kva=float("nan"))
    assert capacities_kva(grid)[grid.sources.row("bank island")] == 900
    assert _plan(grid).customers_restored == 0


def test_a_battery_at_a_split_phase_service_forms_no_island() -> None:
    grid = _with_battery(phases="s1 s2", kv=0.24)
    assert "bank island" not in grid.sources
    assert any("no source stands for that" in f.what for f in check_grid(grid))


def test_what_hangs_on_a_battery_goes_with_it() -> None:
    relay = {"name": "r1", "source": "bank island", "kind": "relay"}
    grid = _with_battery().with_rows("protections", relay).without("storage.bank")
    assert "bank island" not in grid.sources
    assert "r1" not in grid.protections
