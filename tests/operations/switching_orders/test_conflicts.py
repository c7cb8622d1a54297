import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from gridmend.interlock.check import Bench
from gridmend.model.errors import Finding, GridmendError
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.operations.switching_orders.booked import Booked, booked, booked_of
from gridmend.operations.switching_orders.conflicts import conflicts
from tests.interlock.networks import network
from tests.operations.switching_orders.sites import NINE, SEEN, drafted, two_feeders


def holding(grid: Grid, *elements: str, at_h: float = 0, name: str = "") -> Booked:
    """What the order for some elements holds, begun so many hours after nine."""
    found = booked(grid, drafted(grid, *elements), name or elements[0])
    late = timedelta(hours=at_h)
    return replace(found, begin=found.begin + late, end=found.end + late)


def found(grid: Grid, *orders: Booked) -> tuple[Finding, ...]:
    return conflicts(grid, Snapshot.normal(grid), orders)


def words(findings: Iterable[Finding]) -> str:
    return "; ".join(finding.what for finding in findings)


def test_orders_that_only_touch_in_time_have_no_conflict_and_overlapping_ones_do() -> None:
    grid = two_feeders()
    first = holding(grid, "L1")
    assert found(grid, first, holding(grid, "L1", at_h=6, name="later")) == ()
    assert found(grid, first, holding(grid, "L1", at_h=5.9, name="later"))


def test_a_tie_that_one_order_needs_and_another_holds_is_named() -> None:
    grid = two_feeders()
    needs, holds = holding(grid, "L1", name="first"), holding(grid, "L3", name="second")
    errors = [f for f in found(grid, needs, holds) if f.severity == "error"]
    assert "first closes T, which second holds open and tagged" in words(errors)
    assert all(f.where and f.mend for f in errors)


def test_one_zone_is_not_cleared_twice_nor_one_device_moved_by_two() -> None:
    grid = two_feeders()
    twice = found(grid, holding(grid, "L1", name="one"), holding(grid, "bus.a", name="two"))
    assert "both clear bus a, b" in words(twice)
    assert "both tag B1: the first that is undone moves it under the other" in words(twice)


def test_a_point_that_stays_open_anyway_is_a_warning() -> None:
    """Work on both sides of an open tie: each order tags it and neither moves it."""
    grid = two_feeders(sources=2)
    pair = found(grid, holding(grid, "L2", name="west"), holding(grid, "L3", name="east"))
    assert [f.severity for f in pair] == ["warning"]
    assert "both tag T" in words(pair)


def star() -> Grid:
    """Source g feeds m by two lines in parallel, of which each carries one load and not three."""
    grid = network(
        switches={"B": ("g", "s"), **{f"{k}{e}": ends for k, pair in {
            "P": (("s", "p1"), ("p2", "m")), "Q": (("s", "q1"), ("q2", "m")),
            "R": (("s", "r1"), ("r2", "m"))}.items() for e, ends in enumerate(pair, 1)}},
        lines=[("p1", "p2"), ("q1", "q2"), ("r1", "r2"), ("m", "u")],
        sources={"north": "g"}, loads=["u"],
        changes=dict.fromkeys(("B", "P1", "P2", "Q1", "Q2", "R1", "R2"), SEEN),
    )  # fmt: skip
    for line in ("L1", "L2", "L3"):
        grid = grid.with_changed(f"line.{line}", rating_a=3.5)
    return grid


def test_orders_that_each_hold_alone_and_together_overload_a_line_are_told_apart() -> None:
    """A load of 4.8 A over three lines of 3.5 A: any two of them carry it, none alone does."""
    grid = star()
    one, other = holding(grid, "L1", name="one"), holding(grid, "L2", name="other")
    pair = found(grid, one, other)
    assert "a limit that none of them breaks alone" in words(pair)
    assert "line.L3 would carry 5 A" in words(pair)


def test_three_orders_are_looked_at_together_where_no_two_of_them_clash() -> None:
    grid = star()
    for line in ("L1", "L2", "L3"):
        grid = grid.with_changed(f"line.{line}", rating_a=8.0)
    orders = [holding(grid, line, name=line) for line in ("L1", "L2", "L3")]
    assert found(grid, *orders[:2]) == ()
    assert "put out 10 customers whom none of them puts out alone" in words(found(grid, *orders))
    moved = replace(orders[2], begin=orders[2].end, end=orders[2].end + timedelta(hours=1))
    assert found(grid, *orders[:2], moved) == ()


def test_one_order_that_takes_away_what_another_feeds_by_is_found() -> None:
    """One feeds d over T from h; the other kills e, on the way there, where nobody lives."""
    grid = network(
        switches={"B1": ("g", "a"), "S1": ("b", "c"), "T": ("d", "f"), "B2": ("h", "e"),
                  "S2": ("e2", "f")},
        lines=[("a", "b"), ("c", "d"), ("e", "e2")],
        sources={"north": "g", "south": "h"}, loads=["b", "d"], normally_open=["T"],
        changes=dict.fromkeys(("B1", "S1", "T", "B2", "S2"), SEEN),
    )  # fmt: skip
    one, other = holding(grid, "L1", name="one"), holding(grid, "L3", name="other")
    assert not set(one.stands) & set(other.stands)
    assert "together they put out 10 customers" in words(found(grid, one, other))


def test_orders_are_read_back_from_what_json_holds() -> None:
    grid = two_feeders()
    sheet = drafted(grid, "L1")
    plain = json.loads(json.dumps(sheet.as_json()))
    assert booked_of(grid, plain, "x") == booked(grid, sheet, "x")
    for wrong in (
        {},
        {**plain, "steps": [1]},
        {**plain, "request": {"from": "9"}},
        {**plain, "steps": [{"step": {"action": "fly"}, "phase": "work"}]},
    ):
        with pytest.raises(GridmendError, match="no switching order"):
            booked_of(grid, wrong, "x.json")  # fmt: skip
    with pytest.raises(GridmendError, match="for another network") as problem:
        booked_of(star(), plain, "x.json")
    assert problem.value.where == "x.json"


def test_what_is_compiled_once_gives_the_same_findings() -> None:
    grid = star()
    orders = [holding(grid, line, name=line) for line in ("L1", "L2")]
    normal, bench = Snapshot.normal(grid), Bench.of(grid)
    assert conflicts(grid, normal, orders, bench=bench) == conflicts(grid, normal, orders)
    assert orders[0].begin == NINE
