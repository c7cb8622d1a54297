"""Cases of self-healing are bounded, run one at a time, and end by a repair of their own feeder."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import gridmend
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.suspects import Suspect
from gridmend.runtime.course import Course
from gridmend.runtime.exercise.believing import found_on, mended
from gridmend.runtime.exercise.case import Case, shorten
from gridmend.runtime.exercise.room import Room
from tests.interlock.networks import network
from tests.runtime.exercise.test_room import of_kind, run

BEFORE = Snapshot.normal(gridmend.read("ieee13"))


def case(number: int, *, over: bool, element: str = "") -> Case:
    suspects = (Suspect((element,), "sw1"),) if element else ()
    return Case(f"sw{number}", BEFORE, 0.0, number, suspects=suspects, is_over=over)


def test_the_oldest_that_are_over_are_let_go_of_and_none_that_somebody_may_come_back_to() -> None:
    cases = [
        case(1, over=False),
        case(2, over=True, element="line.a"),
        case(3, over=True, element="line.b"),
        case(4, over=True),
        case(5, over=True),
        case(6, over=False),
    ]
    shorten(cases, {"line.a"}, most=4)
    assert [one.number for one in cases] == [1, 2, 5, 6]
    shorten(cases, {"line.a"}, most=1)
    assert [one.number for one in cases] == [1, 2, 6], "more stand than that"
    shorten(cases, set(), most=4)
    assert [one.number for one in cases] == [1, 2, 6]


def test_a_repair_ends_the_only_case_where_its_device_feeds_the_place_and_no_other() -> None:
    grid = network(
        switches={"S1": ("src", "a"), "S2": ("b", "c"), "S3": ("alt", "d")},
        lines=[("a", "b"), ("c", "x"), ("d", "e")],
        sources={"north": "src", "south": "alt"},
        loads=["b", "x", "e"],
    )
    said: list[str] = []
    topology = Topology.of(grid)
    kernel = SimpleNamespace(
        situation=SimpleNamespace(faults=frozenset({"line.l2"})),
        bench=SimpleNamespace(site=SimpleNamespace(topology=topology)),
        say=lambda *_, **told: said.append(told["element"]),
    )
    room = cast("Room", cast("Any", SimpleNamespace(kernel=kernel, operator=None)))
    only = Case("s1", Snapshot.normal(grid), 0.0, suspects=(Suspect(("line.l2",), "s2"),))
    other = replace(only, suspects=(Suspect(("line.l2", "line.l9"), "s2"),))
    assert mended(room, [other], "line.l1", patrolled=True, seen={"line.l9"}) == (other,)
    assert not said, "a crew has seen damage there, and may be at work"
    assert mended(room, [only], "line.l3", patrolled=True) == ()
    assert not said, "what lies behind S1 may still be faulted"
    assert mended(room, [only], "line.l1", patrolled=True) == (only,)
    assert said == ["line.l2"]


def test_damage_clears_what_was_closed_onto_only_where_it_lies_in_a_part_of_that() -> None:
    for found, cleared in (("line.l1", ["line.l4"]), ("line.l2", ["line.l3"])):
        said: list[str] = []
        kernel = SimpleNamespace(say=lambda *_, told=said, **more: told.append(more["element"]))
        agenda = SimpleNamespace(now_s=0.0)
        room = cast("Room", cast("Any", SimpleNamespace(kernel=kernel, operator=0, agenda=agenda)))
        parts = tuple(Suspect((f"line.l{k}",), "sw1") for k in (1, 2, 3, 4))
        one = Case("sw1", BEFORE, 0.0, suspects=parts)
        one.instead, one.onto = frozenset({"line.l4"}), frozenset({"line.l2", "line.l3"})
        found_on(room, [one], found, 6, seen={"line.l3", "line.l4"})
        assert not said, "damage that somebody has seen there is no less for it"
        found_on(room, [one], found, 6)
        assert said == sorted({*cleared, "line.l4"})
        left = {suspect.elements[0] for suspect in one.suspects}
        assert left == {f"line.l{k}" for k in (1, 2, 3, 4)} - set(said)


def test_the_orders_of_two_cases_do_not_run_at_once() -> None:
    grid = gridmend.read("ieee123")

    def another(course: Course) -> None:
        def begin() -> None:
            assert course.healing is not None
            assert course.healing.cases[0].runs
            course.healing.cases.append(Case("", Snapshot.normal(grid), 0.0, 2))

        course.at(140.0, begin)

    course = run(grid, upset=another, until_s=1200.0)
    assert not of_kind(course, "plan_stopped"), "neither order was overtaken by the other"
    orders = [e.payload["order"] for e in of_kind(course, "commanded")]
    assert orders == sorted(orders, key=orders.index), "one order is done before the next begins"
    assert course.ledger.customers_out == 184
