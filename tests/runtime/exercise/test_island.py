"""An island from the fault to the way back: a battery carries it, runs empty, or lets go again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import gridmend
from gridmend.interlock import check
from gridmend.interlock.recheck import Recheck
from gridmend.model.command import World
from gridmend.model.deed import carried_out
from gridmend.model.grid import Grid
from gridmend.model.islanding import with_island_sources
from gridmend.model.plan import Action, Plan, Step, Verdict
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.powerflow.network import Network
from gridmend.runtime.course import Course
from gridmend.runtime.normal import steps_to_normal
from gridmend.twin.stores import Stores
from tests.operations.streets import street
from tests.runtime.exercise.test_returning import REPAIRED_S, out_again
from tests.runtime.exercise.test_room import of_kind, run

SOURCE = "source.bank island"
KV = 4.16


def _with_battery(**values: object) -> Grid:
    """IEEE 123 without its ties to the neighbours and a battery behind Sw4."""
    grid = gridmend.read("ieee123")
    for tie in ("Sw7", "Sw8", "Sw10", "Sw11"):
        grid = grid.with_changed(f"switch.{tie}", in_service=False)
    battery = {
        "name": "bank", "bus": "67", "phases": "a b c g", "kv": KV, "rating_kva": 4000.0,
        "rating_kw": 4000.0, "capacity_kwh": 20_000.0, "stored_kwh": 18_000.0, "grid_forming": True,
        **values,
    }  # fmt: skip
    return with_island_sources(grid.with_rows("storages", battery))


def _course(grid: Grid, until_s: float, repaired_s: float = REPAIRED_S) -> Course:
    def happens(course: Course) -> None:
        course.at(repaired_s, lambda: course.repair("line.l52", 1))

    course = run(grid, upset=happens, until_s=until_s)
    checker = Recheck(grid, world=World.TWIN)
    assert not [o for n, e in enumerate(course.events, 1) for o in checker.add(e, n)]
    return course


@pytest.fixture(scope="module")
def grid() -> Grid:
    return _with_battery()


def _commands(course: Course) -> list[tuple[str, str]]:
    return [(e.payload["step"]["action"], e.payload["step"]["device"])
            for e in of_kind(course, "commanded")]  # fmt: skip


def test_an_island_is_formed_in_the_field_and_those_behind_it_have_supply(grid: Grid) -> None:
    course = _course(grid, REPAIRED_S - 1)
    assert ("close", SOURCE) in _commands(course)
    true = course.field.plant.world
    row = grid.sources.row("bank island")
    assert bool(true.snapshot.source_on[row])
    assert bool(course.room.kernel.situation.snapshot.source_on[row])
    given_kw = -true.flow.power_kva("sources")[row].real
    assert given_kw > 500
    assert abs(true.flow.power_kva("storages")[0]) < 1e-6
    bare = run(_with_battery(grid_forming=False), until_s=REPAIRED_S - 1)
    assert course.ledger.customers_out < bare.ledger.customers_out - 100


def test_what_the_battery_holds_falls_by_what_the_island_takes(grid: Grid) -> None:
    course = _course(grid, 500.0)
    plant = course.field.plant
    stores, row = plant.guards.stores, grid.sources.row("bank island")
    stores.see(plant.now_s, plant.world.flow)
    given_kw = -plant.world.flow.power_kva("sources")[row].real
    before_kwh = float(stores.stored_kwh[0])
    course.run_to(860.0)
    stores.see(plant.now_s, plant.world.flow)
    # 90 % of what is taken out of it in a tenth of an hour is given
    fallen_kwh = before_kwh - float(stores.stored_kwh[0])
    assert fallen_kwh == pytest.approx(given_kw * 0.1 / 0.9, rel=0.01)


def test_after_the_repair_the_island_lets_go_and_all_is_normal_again(grid: Grid) -> None:
    course = _course(grid, 2000.0)
    normal = Snapshot.normal(grid)
    now = course.field.plant.world.snapshot
    np.testing.assert_array_equal(now.open_phases, normal.open_phases)
    np.testing.assert_array_equal(now.source_on, normal.source_on)
    assert course.ledger.customers_out == 0
    commands = _commands(course)
    assert commands.index(("open", SOURCE)) < commands.index(("close", "Sw4"))
    # its customers are out for the moment between the two
    assert out_again(course, REPAIRED_S) == 470


def test_a_battery_that_runs_empty_drops_its_island_and_the_room_hears_of_it() -> None:
    # 90 kWh, which no plan counts on for 180 min
    grid = _with_battery(capacity_kwh=20_000.0, stored_kwh=4_100.0, reserve_pct=20.0)
    course = run(grid, until_s=REPAIRED_S)
    row = grid.sources.row("bank island")
    plant = course.field.plant
    assert not of_kind(course, "commanded") or ("close", SOURCE) not in _commands(course)
    # a person connects it all the same
    plant.operate(Step(Action.CLOSE, SOURCE, "by hand"))
    course.run_to(REPAIRED_S + 60)
    assert bool(plant.world.snapshot.source_on[row])
    course.run_to(REPAIRED_S + 3600)
    assert not bool(plant.world.snapshot.source_on[row])
    assert float(plant.guards.stores.stored_kwh[0]) == pytest.approx(4000, abs=0.05)
    assert not bool(course.room.kernel.situation.snapshot.source_on[row])
    said = [e for e in of_kind(course, "status") if e.cause == "storage"]
    assert [e.payload["position"] for e in said] == ["open"]


def test_an_island_on_some_phases_lets_go_before_its_feeder_closes() -> None:
    grid = street(600.0).with_changed("source.other", in_service=False)
    one = {"phases": "a g", "kv": 7.2}
    grid = grid.with_changed("load.d", p_kw=300.0, **one)
    bank = {"name": "bank", "bus": "q", "rating_kva": 900.0, "rating_kw": 900.0,
            "capacity_kwh": 9e3, "stored_kwh": 9e3, "grid_forming": True, **one}  # fmt: skip
    grid = with_island_sources(grid.with_rows("storages", bank))
    steps, verdict, now = _way_back(grid, {"head": True, "middle": True}, own=True)
    assert steps.index("open source.bank island") < steps.index("close middle")
    assert verdict.allowed
    _is_normal(grid, now)


def test_an_island_lets_go_before_the_source_of_its_section_comes_back() -> None:
    grid = street(600.0).with_changed("source.other", in_service=False)
    bank = {"name": "bank", "bus": "q", "phases": "a b c g", "kv": 12.47, "rating_kva": 2000.0,
            "rating_kw": 2000.0, "capacity_kwh": 9e3, "stored_kwh": 9e3,
            "grid_forming": True}  # fmt: skip
    grid = with_island_sources(grid.with_rows("storages", bank))
    steps, verdict, now = _way_back(grid, {}, own=False)
    assert steps == ["open source.bank island", "close own"]
    assert verdict.allowed
    _is_normal(grid, now)


def _way_back(
    grid: Grid, positions: dict[str, bool], *, own: bool
) -> tuple[list[str], Verdict, Snapshot]:
    """The steps back from an island, what the interlock says of them, and where they lead."""
    normal = Snapshot.normal(grid)
    now = normal.with_switches(grid, positions).with_source(grid, "bank island", is_on=True)
    now = now.with_source(grid, "own", is_on=own)
    steps = steps_to_normal(Topology.of(grid), now, normal)
    verdict = check(Plan("", steps, Verdict()), grid, now)
    for step in steps:
        now = carried_out(step, grid, now)
    return [str(step) for step in steps], verdict, now


def _is_normal(grid: Grid, now: Snapshot) -> None:
    normal = Snapshot.normal(grid)
    np.testing.assert_array_equal(now.source_on, normal.source_on)
    np.testing.assert_array_equal(now.open_phases, normal.open_phases)


def test_what_a_battery_gives_ends_with_its_island_whatever_the_flow() -> None:
    grid = _with_battery(discharge_efficiency_pct=0.0)
    network = Network.of(grid)
    on = Snapshot.normal(grid).with_switches(grid, {"Sw4": True})
    on = on.with_source(grid, "bank island", is_on=True)
    stores = Stores.of(grid)
    stores.see(0.0, network.solve(on))
    assert stores.due_s() < 60.0, "one that gives nothing of what it holds is empty at once"
    assert list(stores.act(60.0)) == [grid.sources.row("bank island")]
    sound = Stores.of(_with_battery())
    sound.see(0.0, network.solve(on))
    off = replace(network.solve(on.with_source(grid, "bank island", is_on=False)), converged=False)
    sound.see(3600.0, off)
    held_kwh = float(sound.stored_kwh[0])
    sound.see(7200.0, off)
    assert float(sound.stored_kwh[0]) == held_kwh
