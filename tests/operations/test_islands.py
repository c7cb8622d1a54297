"""Islands that a grid-forming battery could carry, against figures worked by hand."""

from __future__ import annotations

import pytest

from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Island, Plan
from gridmend.model.snapshot import Snapshot
from gridmend.operations.answer import as_json
from gridmend.operations.cold_load import ColdLoad
from gridmend.operations.horizon import Horizon
from gridmend.operations.pace import Timing
from gridmend.operations.restoration import propose
from tests.operations.streets import KV, street


def _with_battery(*, tie: bool = False, **values: object) -> Grid:
    """The street with a battery behind its lateral; without a tie nothing else reaches there."""
    battery = {
        "name": "bank", "bus": "q", "phases": "a b c g", "kv": KV, "rating_kva": 1200.0,
        "rating_kw": 1200.0, "capacity_kwh": 5000.0, "stored_kwh": 5000.0, "reserve_pct": 20.0,
        "grid_forming": True, **values,
    }  # fmt: skip
    grid = street(600.0).with_rows("storages", battery)
    return grid if tie else grid.with_changed("source.other", in_service=False)


def _plan(grid: Grid, horizon: Horizon | None = None) -> Plan:
    return propose(grid, Snapshot.normal(grid), "line.first", ahead=horizon).plans[0]


def _island(grid: Grid, horizon: Horizon | None = None) -> Island:
    (found,) = _plan(grid, horizon).islands
    return found


def test_a_battery_with_power_and_energy_carries_what_no_tie_reaches() -> None:
    # (5000 - 1000) kWh x 90 % are 3600 kWh; 1000 kW for not quite 3 h need less
    island = _island(_with_battery())
    assert island.holds
    assert island.why == ""
    assert island.customers == 50
    assert island.energy_kwh == pytest.approx(3600)
    assert island.peak_kw == pytest.approx(1000, rel=0.002)
    assert [(s.action, s.device) for s in island.steps] == [(Action.SET_POWER, "storage.bank")]


def test_a_battery_that_runs_empty_says_when() -> None:
    # (4010 - 1000) kWh x 90 % are 2709 kWh: 162.54 min from 1.5 min after the fault on
    island = _island(_with_battery(stored_kwh=4010.0))
    assert not island.holds
    assert island.lasts_until_min == pytest.approx(1.5 + 162.54, abs=0.01)
    assert "its energy lasts until 164 min after the fault" in island.why


def test_a_battery_too_small_for_the_load_or_for_what_comes_back_cold_forms_no_island() -> None:
    assert "more than it may" in _island(_with_battery(rating_kw=900.0)).why
    late = Horizon(Timing(detection_s=3600), cold=ColdLoad())
    island = _island(_with_battery(), late)
    assert not island.holds
    assert "2000 kW" in island.why


def test_its_own_section_is_offered_where_the_whole_part_is_too_much() -> None:
    more = {
        "name": "far", "bus": "r", "phases": "a b c g", "kv": KV, "p_kw": 900.0, "q_kvar": 0.0,
        "customers": 7,
    }  # fmt: skip
    grid = _with_battery().with_rows("buses", {"name": "r", "base_kv": KV})
    grid = grid.with_rows(
        "switches",
        {"name": "inner", "bus1": "q", "bus2": "r", "phases1": "a b c", "phases2": "a b c",
         "kind": "switch", "remote": True, "interrupts": "load"},
    ).with_rows("loads", more)  # fmt: skip
    island = _island(grid)
    assert island.holds
    assert island.customers == 50
    assert [(s.action, s.device) for s in island.steps] == [
        (Action.OPEN, "inner"), (Action.SET_POWER, "storage.bank"),
    ]  # fmt: skip


def test_no_island_where_none_may_be_formed_or_a_tie_feeds_the_part() -> None:
    assert _plan(_with_battery(grid_forming=False)).islands == ()
    assert _plan(_with_battery(in_service=False)).islands == ()
    fed = _plan(_with_battery(tie=True, grid_forming=False))
    assert fed.customers_restored == 50


def test_a_tie_does_not_close_onto_what_a_battery_may_hold_live() -> None:
    plan = _plan(_with_battery(tie=True))
    assert plan.customers_restored == 0
    assert any("it would join sources" in sentence for sentence in plan.left_out)
    assert plan.islands[0].holds


def test_no_island_holds_the_faulted_section() -> None:
    near = {"name": "near", "bus": "b", "phases": "a b c g", "kv": KV, "p_kw": 100.0}
    grid = _with_battery(bus="a").with_rows("loads", near)
    assert _plan(grid).customers_out == 51
    assert _plan(grid).islands == ()


def test_a_battery_on_one_phase_says_so() -> None:
    island = _island(_with_battery(phases="a g", kv=7.2))
    assert not island.holds
    assert "phases a alone" in island.why


def test_an_island_is_told_in_words_and_in_the_answer_and_no_step_forms_it() -> None:
    grid = _with_battery()
    proposal = propose(grid, Snapshot.normal(grid), "line.first")
    plan = proposal.plans[0]
    assert "storage.bank could carry 50 customers" in str(plan)
    assert as_json(proposal, grid)["plans"][0]["islands"][0]["former"] == "storage.bank"
    assert all(step.device != "storage.bank" for step in plan.steps)
    assert plan.customers_restored == 0
