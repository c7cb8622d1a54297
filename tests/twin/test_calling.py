"""Customers at the plant: who is out calls, nobody else does, and the truth stays in the twin."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

import gridmend
from gridmend.model.errors import GridError
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Step
from gridmend.model.vocabulary import KINDS, wrong_with
from gridmend.powerflow.shorts import Short
from gridmend.twin.calling import Calling, customers_of
from gridmend.twin.people.call import TEXTS
from gridmend.twin.people.calls import Callers
from gridmend.twin.people.customers import KINDS as CLASSES
from gridmend.twin.people.habits import Habits
from gridmend.twin.plant import Fault
from gridmend.twin.streams import Streams
from gridmend.twin.telecontrol import Telecontrol
from tests.twin.test_telecontrol import WIRE, telecontrol

L52 = Fault(Short("line.L52", ("a", "b", "c"), 0.5, share=0.25), cause="tree")
PLAIN = Habits(clock_h=12.0, wrong_share=0.0, own_fuse_per_year=0.0, trouble_per_year=0.0)
EAGER = Habits(clock_h=12.0, call_share=(0.9, 0.9, 0.9), repeat_share=0.6, wrong_share=0.2)


@pytest.fixture(scope="module")
def grid() -> Grid:
    """With a recloser before the middle of the feeder."""
    return gridmend.read("ieee123").with_changed("switch.Sw2", kind="recloser", interrupts="fault")


def calling(grid: Grid, habits: Habits = PLAIN, *, seed: int = 5) -> Calling:
    field = telecontrol(grid, **WIRE)
    return Calling(field, Callers(customers_of(grid), habits, Streams(seed)))


def at(field: Telecontrol, time_s: float, what: Callable[..., object], *given: object) -> None:
    field.plant.agenda.at(time_s, partial(_do, what, *given))


def _do(what: Callable[..., object], *given: object) -> None:
    what(*given)


def calls(field: Telecontrol) -> list[Event]:
    return [event for event in field.events() if event.kind == "customer_called"]


def said(events: list[Event]) -> list[tuple[str, str, str]]:
    return [(e.time_utc.isoformat(), e.payload["customer"], e.payload["text"]) for e in events]


def test_those_behind_the_device_that_tripped_call_and_nobody_else(grid: Grid) -> None:
    people = calling(grid)
    field = people.telecontrol
    at(field, 100.0, field.plant.strike, L52)
    field.plant.agenda.run_to(4 * 3600.0)
    names = people.callers.customers.names
    behind = {names[k] for k in np.flatnonzero(people.out())}
    heard = calls(field)
    assert 0 < len(behind) < len(names)
    assert {e.payload["customer"] for e in heard} <= behind
    first = {e.payload["customer"] for e in heard if e.payload["text"] == "no power"}
    assert 0.1 * len(behind) < len(first) < 0.4 * len(behind)
    assert min((e.time_utc - field.start_utc).total_seconds() for e in heard) > 100.0


def test_who_is_back_calls_no_more_and_a_passing_fault_takes_supply_for_a_moment(
    grid: Grid,
) -> None:
    people = calling(grid)
    field = people.telecontrol
    passing = Fault(Short("line.L52", ("a", "b", "c"), 0.5), is_permanent=False)
    at(field, 100.0, field.plant.strike, passing)
    field.plant.agenda.run_to(3600.0)
    assert field.plant.world.supplied().all()
    assert 0 < people.interrupted == people.restored
    assert not [e for e in calls(field) if e.payload["text"] == "no power"]
    assert people.callers.counts().called_off > 10


def test_who_is_out_at_the_start_has_lost_supply_then(grid: Grid) -> None:
    field = telecontrol(grid, **WIRE)
    field.plant.operate(Step(Action.OPEN, "Sw2", ""))
    field.plant.agenda.run_to(10.0)
    dark = ~field.plant.world.supplied()
    people = Calling(field, Callers(customers_of(grid), PLAIN, Streams(5)))
    loads = grid.loads.counts("customers")
    assert people.interrupted == int(loads[dark].sum()) > 0
    assert np.nanmin(people.callers.out_since_s) == 10.0
    field.plant.agenda.run_to(7200.0)
    assert calls(field)


def test_what_lasts_no_time_nobody_notices(grid: Grid) -> None:
    people = calling(grid)
    plant = people.telecontrol.plant
    plant.agenda.run_to(50.0)
    plant.operate(Step(Action.OPEN, "Sw3", ""))
    assert not plant.world.supplied().all()
    plant.operate(Step(Action.CLOSE, "Sw3", ""))
    plant.agenda.run_to(100.0)
    assert people.interrupted == 0


@pytest.mark.parametrize("seed", range(3))
def test_customers_and_calls_are_conserved_over_random_switching(grid: Grid, seed: int) -> None:
    people, chance = calling(grid, EAGER, seed=seed), random.Random(seed)
    field, agenda = people.telecontrol, people.telecontrol.plant.agenda
    load_of = [grid.loads.row(n.rpartition("/")[0]) for n in people.callers.customers.names]
    made = 0
    for k in range(1, 25):
        agenda.run_to(k * 300.0)
        action = chance.choice((Action.OPEN, Action.CLOSE))
        device = chance.choice(("Sw2", "Sw3", "Sw4", "Sw5", "Sw1"))
        field.plant.operate(Step(action, device, ""))
        agenda.run_to(k * 300.0 + chance.uniform(1.0, 200.0))
        is_out = ~field.plant.world.supplied()[load_of]
        np.testing.assert_array_equal(people.out(), is_out)
        assert people.interrupted - people.restored == int(is_out.sum())
        counts = people.callers.counts()
        assert counts.planned == counts.made + counts.called_off + counts.waiting
        made += len(calls(field))
        assert made == counts.made
    assert people.restored > 0 and made > 50


def test_nothing_is_heard_but_an_address_and_words(grid: Grid) -> None:
    habits = Habits(clock_h=12.0, own_fuse_per_year=200.0, trouble_per_year=200.0, deny_share=0.5)
    people = calling(grid, habits)
    field = people.telecontrol
    at(field, 100.0, field.plant.strike, L52)
    at(field, 3600.0, field.plant.repair, 1)
    at(field, 3600.0, field.plant.operate, Step(Action.CLOSE, "Sw2", ""))
    field.plant.agenda.run_to(7200.0)
    heard = calls(field)
    assert len({e.payload["text"] for e in heard}) >= 4
    for event in heard:
        assert set(event.payload) == {key for key, _ in KINDS["customer_called"].needs}
        assert event.payload["text"] in TEXTS.values() and not wrong_with(event)
        assert (event.source, event.cause) == ("field", "customer")


def _heard(grid: Grid, habits: Habits, seed: int = 5) -> list[tuple[str, str, str]]:
    people = calling(grid, habits, seed=seed)
    field = people.telecontrol
    at(field, 100.0, field.plant.strike, L52)
    field.plant.agenda.run_to(3 * 3600.0)
    return said(calls(field))


def test_equal_seeds_give_equal_calls_and_others_do_not(grid: Grid) -> None:
    assert _heard(grid, EAGER) == _heard(grid, EAGER) != _heard(grid, EAGER, seed=6)


def test_repeats_and_wrong_addresses_taken_away_leave_the_other_calls(grid: Grid) -> None:
    shares = {"clock_h": 12.0, "call_share": EAGER.call_share}
    every = _heard(grid, EAGER)
    once = _heard(grid, Habits(**shares, wrong_share=0.2, repeat_share=0.0))  # type: ignore[arg-type]
    assert once == [call for call in every if call[2] != TEXTS["repeat"]]  # type: ignore[index]
    right = _heard(grid, Habits(**shares, wrong_share=0.0, repeat_share=0.6))  # type: ignore[arg-type]
    assert [(t, words) for t, _, words in right] == [(t, words) for t, _, words in every]
    changed = sum(a != b for a, b in zip(right, every, strict=True))
    assert 0.1 < changed / len(every) < 0.3


def test_customers_are_those_of_the_loads_with_their_bus_class_and_priority(grid: Grid) -> None:
    people = customers_of(grid, kinds={"S1A": "commercial"})
    assert len(people) == grid.customer_count()
    row = grid.loads.row("s1a")
    count = int(grid.loads.counts("customers")[row])
    name = grid.loads.texts("name")[row]
    mine = [people.rows[f"{name}/{k}"] for k in range(1, count + 1)]
    assert [CLASSES[int(people.kind[k])] for k in mine] == ["commercial"] * count
    assert len(set(people.place[mine].tolist())) == 1
    assert (people.kind == 0).sum() == len(people) - count
    assert len(set(people.place.tolist())) == len(set(grid.loads.texts("bus")))
    table = ({"name": "m1", "load": "S1a", "count": 2},
             {"name": "m2", "load": "s1a", "count": 1, "priority": "critical"},
             {"name": "m3", "load": "S2b", "count": 1, "priority": "important"})  # fmt: skip
    told = customers_of(grid.with_rows("customers", *table), backup_h={"s1a": 4.0})
    assert told.names == ("S1a/1", "S1a/2", "S1a/3", "S2b/1")
    assert told.priority.tolist() == [0, 0, 1, 0] and told.backup_h.tolist() == [0, 0, 4, 0]


def test_a_load_that_is_built_but_not_in_service_has_nobody_and_an_unknown_one_is_refused(
    grid: Grid,
) -> None:
    without = customers_of(grid.with_changed("load.s1a", in_service=False))
    gone = set(customers_of(grid).names) - set(without.names)
    assert gone and all(name.startswith("S1a/") for name in gone)
    with pytest.raises(GridError, match="s1z"):
        customers_of(grid, kinds={"s1z": "commercial"})
