"""Places of elements on the map."""

from __future__ import annotations

import math

import pytest

import gridmend
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.twin.places import UNKNOWN_WAY_M, Places, place_of


@pytest.fixture(scope="module")
def grid() -> Grid:
    return gridmend.read("ieee123")


def test_a_line_is_in_the_middle_between_its_buses_and_a_bus_where_it_is(grid: Grid) -> None:
    row = grid.lines.row("L52")
    ends = [f"bus.{grid.lines[name][row]}" for name in ("bus1", "bus2")]
    (x1, y1), (x2, y2) = (place_of(grid, bus) for bus in ends)
    assert place_of(grid, "line.L52") == ((x1 + x2) / 2, (y1 + y2) / 2)
    assert (x1, y1) != (x2, y2)
    assert place_of(grid, "line.L52", metres_per_unit=0.5)[0] == (x1 + x2) / 4
    load = grid.loads.texts("bus")[grid.loads.row("s1a")]
    assert place_of(grid, "load.s1a") == place_of(grid, f"bus.{load}")
    first = str(grid.windings["bus"][0])
    unit = f"transformer.{grid.windings['transformer'][0]}"
    assert place_of(grid, unit) == place_of(grid, f"bus.{first}")
    assert place_of(grid, "Sw2") == place_of(grid, "switch.sw2")


def test_an_end_without_a_position_leaves_the_other(grid: Grid) -> None:
    one = _without_x(grid, "52")
    assert place_of(one, "line.L52") == place_of(grid, "bus.53")
    assert math.isnan(place_of(one, "bus.52")[0])
    found = Places.of(one).findings()
    assert [f.what.split(" buses")[0] for f in found] == ["1 of 133"]
    assert found[0].where == "52"


def _without_x(grid: Grid, *buses: str) -> Grid:
    table = grid.buses
    for bus in buses:
        table = table.changed(bus, {"x": math.nan})
    return grid.with_tables(buses=table)


def test_without_a_map_every_place_is_one_way_from_the_origin() -> None:
    grid = _without_x(gridmend.read("ieee13"), *gridmend.read("ieee13").buses)
    places = Places.of(grid)
    assert places.at(f"bus.{next(iter(grid.buses))}") == (UNKNOWN_WAY_M, 0.0)
    assert "16 of 16" in places.findings()[0].what


def test_the_unit_of_the_map_is_that_which_fits_the_lines_unless_given(grid: Grid) -> None:
    assert Places.of(grid).metres_per_unit == 0.3048
    assert Places.of(grid, metres_per_unit=2.0).at("bus.1") == place_of(
        grid, "bus.1", metres_per_unit=2.0
    )
    assert not Places.of(grid).findings()
    assert "km wide" in Places.of(grid, metres_per_unit=100.0).findings()[0].what


def test_what_is_not_there_is_refused(grid: Grid) -> None:
    with pytest.raises(GridError, match="l999"):
        place_of(grid, "line.l999")
