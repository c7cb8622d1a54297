"""Healing brings no load through a device that would trip on it."""

from __future__ import annotations

import pytest

import gridmend
from gridmend.model.grid import Grid
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network
from gridmend.runtime.course import Course
from gridmend.runtime.scenario import Restoration
from gridmend.twin.field import Field
from gridmend.twin.streams import Streams
from tests.runtime.exercise.test_room import NOON, SURE, _ignore, of_kind, run

NEIGHBOURS = ("neighbour_251", "neighbour_451", "neighbour_350")


@pytest.fixture(scope="module")
def grid() -> Grid:
    return gridmend.read("ieee123")


def with_neighbours_set_to(grid: Grid, pickup_a: float) -> Grid:
    rows = [
        {"name": f"R{name}", "source": name, "kind": "relay", "phase_pickup_a": pickup_a,
         "phase_slow_curve": "ieee_very_inverse", "phase_slow_dial": 0.5}
        for name in NEIGHBOURS
    ]  # fmt: skip
    return grid.with_rows("protections", *rows)


@pytest.mark.parametrize("pickup_a", [120.0, 220.0])
def test_no_neighbour_trips_on_the_load_that_healing_brings_to_it(
    grid: Grid, pickup_a: float
) -> None:
    course = run(with_neighbours_set_to(grid, pickup_a), until_s=1800.0)
    assert of_kind(course, "plan_proposed")
    tripped = {str(event.payload["device"]) for event in of_kind(course, "tripped")}
    trips = {str(h.payload["device"]) for h in course.field.plant.happened if h.kind == "trip"}
    assert not (tripped | trips) & set(NEIGHBOURS)


def test_a_neighbour_that_is_set_high_brings_back_more(grid: Grid) -> None:
    restored: list[int] = []
    for pickup_a in (30.0, 900.0):
        course = run(with_neighbours_set_to(grid, pickup_a), "line.L115", until_s=300.0)
        restored.append(of_kind(course, "plan_proposed")[0].payload["customers"])
    assert restored[0] < restored[1]


def test_what_the_twin_assumes_of_protection_is_known_to_the_room(grid: Grid) -> None:
    course = run(grid, until_s=60.5)
    known = course.room.kernel.grid.protections
    assert set(NEIGHBOURS) <= set(known.texts("source"))


@pytest.mark.parametrize("repair_min", [0.0, 180.0])
def test_a_plan_holds_at_the_demand_until_the_repair_where_it_looks_ahead(
    grid: Grid, repair_min: float
) -> None:
    """The fault strikes at night; before the crew is done the evening has come."""
    set_low = with_neighbours_set_to(grid, 200.0)
    rising = Series.scaled(Snapshot.normal(grid), [0.3] * 2 + [1.0] * 10, step_s=900.0)
    field = Field.of(Network.of(set_low), rising, NOON, Streams(3), SURE)
    course = Course(field, restoration=Restoration(repair_min=repair_min))
    course.at(60.0, lambda: _ignore(course.strike("line.L115")))
    course.run_to(3000.0)
    trips = {str(h.payload["device"]) for h in course.field.plant.happened if h.kind == "trip"}
    assert of_kind(course, "plan_proposed")[0].payload["customers"] > 0
    assert bool(trips & set(NEIGHBOURS)) == (not repair_min)
