"""What may be broken, where it lies, and what is not known of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gridmend.formats.read import read
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.twin.weather.assets import AssetKind, Assets, findings, map_unit_m


def test_a_line_lies_in_the_middle_between_its_buses_in_metres(grid: Grid, assets: Assets) -> None:
    assert assets.metres_per_unit == 0.3048
    at = assets.names.index("line.L52")
    row = grid.lines.row("L52")
    ends = [grid.buses.row(grid.lines[c][row]) for c in ("bus1", "bus2")]
    assert assets.x_m[at] == pytest.approx(0.3048 * grid.buses["x"][ends].mean())
    assert assets.y_m[at] == pytest.approx(0.3048 * grid.buses["y"][ends].mean())
    assert assets.length_km[at] == grid.lines["length_m"][row] / 1000


def test_the_cables_of_the_ieee_123_feeder_are_those_of_its_underground_code(
    grid: Grid, assets: Assets
) -> None:
    # Configuration 12 is the one that the feeder's document calls underground.
    expected = {f"line.{grid.lines['name'][k]}" for k in grid.lines.where("line_code", "12")}
    cables = assets.are(AssetKind.CABLE)
    assert {n for n, is_cable in zip(assets.names, cables, strict=True) if is_cable} == expected


def test_the_cables_of_the_8500_node_feeder_are_its_direct_buried_codes() -> None:
    grid = read("ieee8500")
    assets = Assets.of(grid)
    cables = assets.are(AssetKind.CABLE)
    named = {n for n, is_cable in zip(assets.names, cables, strict=True) if is_cable}
    codes = grid.lines.texts("line_code")
    buried = [k for k, code in enumerate(codes) if "AXNJ_DB" in code]
    assert named == {f"line.{grid.lines['name'][k]}" for k in buried}


def test_cables_that_are_named_are_the_cables(grid: Grid) -> None:
    assets = Assets.of(grid, cables=["L1", "line.l2"])
    assert assets.are(AssetKind.CABLE).sum() == 2
    assert not Assets.of(grid, cables=[]).are(AssetKind.CABLE).any()


def test_a_line_less_or_more_does_not_stretch_the_map(grid: Grid) -> None:
    for name in ("L1", "L52", "L115"):
        assert map_unit_m(grid.without(f"line.{name}")) == 0.3048


def test_what_is_out_of_service_is_left_out(grid: Grid) -> None:
    less = Assets.of(grid.with_changed("line.L52", in_service=False))
    assert "line.L52" not in less.names
    assert len(less) == len(Assets.of(grid)) - 1


def test_a_wire_without_a_phase_cannot_be_struck(grid: Grid) -> None:
    bare = grid.with_changed("line.L52", phases1="n", phases2="n")
    assert "line.L52" not in Assets.of(bare).names


def test_places_that_lack_are_found_and_have_no_position(ring: Grid) -> None:
    assets = Assets.of(ring)
    assert np.isnan(assets.x_m).all()
    assert assets.centre == (0.0, 0.0)
    (found,) = findings(ring, assets)
    assert found.severity == "warning"
    assert found.what.startswith("4 assets have no position")
    assert "L1" in found.where


def test_a_line_with_one_place_lies_there(ring: Grid) -> None:
    buses = ring.buses.with_column("x", [math.nan, 5.0, *[math.nan] * 6])
    buses = buses.with_column("y", [math.nan, 7.0, *[math.nan] * 6])
    assets = Assets.of(ring.with_tables(buses=buses), metres_per_unit=2.0)
    at = assets.names.index("line.L1")
    assert (assets.x_m[at], assets.y_m[at]) == (10.0, 14.0)
    assert np.isnan(assets.x_m[assets.names.index("line.L2")])


def test_a_map_in_an_unlikely_unit_is_found(grid: Grid) -> None:
    (found,) = findings(grid, Assets.of(grid, metres_per_unit=1.0))
    assert "lines' lengths say 0.3048 m" in found.what
    assert findings(grid, Assets.of(grid)) == ()


def test_a_negative_length_is_found_and_counts_as_none(grid: Grid) -> None:
    bad = grid.with_changed("line.L52", length_m=-5.0)
    assets = Assets.of(bad)
    assert assets.length_km[assets.names.index("line.L52")] == 0
    assert [f.severity for f in findings(bad, assets)] == ["error"]


def test_names_that_are_not_there_are_refused_with_the_nearest(grid: Grid) -> None:
    with pytest.raises(GridError, match="no element 'L520'") as refused:
        Assets.of(grid, vegetation={"L520": 1.0})
    assert "L52" in refused.value.mend
    with pytest.raises(GridError, match="not one of the lines"):
        Assets.of(grid, cables=["Sw1"])
    with pytest.raises(GridError, match="value is -1"):
        Assets.of(grid, vegetation={"L52": -1.0})
    with pytest.raises(GridError, match="metres_per_unit is 0"):
        Assets.of(grid, metres_per_unit=0.0)
