import numpy as np

from gridmend.formats.read import read
from gridmend.model.grid import Grid
from gridmend.runtime.layout import bus_positions, tree_positions


def test_every_bus_has_a_place_on_the_picture(ieee123: Grid) -> None:
    xy = bus_positions(ieee123)
    assert xy.shape == (len(ieee123.buses), 2)
    assert np.isfinite(xy).all()


def test_a_grid_without_coordinates_is_drawn_as_a_tree(ieee123: Grid) -> None:
    unknown = np.full(len(ieee123.buses), np.nan)
    buses = ieee123.buses.with_column("x", unknown).with_column("y", unknown)
    xy = bus_positions(ieee123.with_tables(buses=buses))
    assert np.isfinite(xy).all()
    assert len(np.unique(xy, axis=0)) == len(xy)
    source = ieee123.buses.row(ieee123.sources["bus"][0])
    assert xy[source, 0] == xy[:, 0].min()


def test_a_bus_without_coordinates_stands_at_its_neighbour() -> None:
    grid = read("ieee13")
    at = grid.buses.row("633")
    x = grid.buses.numbers("x").copy()
    assert np.isfinite(x[at])
    x[at] = np.nan
    grid = grid.with_tables(buses=grid.buses.with_column("x", x))
    near = [grid.buses.row(bus) for bus in ("632", "634")]
    xy = bus_positions(grid)
    assert any((xy[at] == xy[other]).all() for other in near)


def test_an_empty_grid_has_no_places() -> None:
    assert tree_positions(Grid("empty")).shape == (0, 2)
