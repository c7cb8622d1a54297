"""The published test system: bus 2 of the Roy Billinton test system, whole and point by point."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gridmend.formats.read import read
from gridmend.model.grid import Grid
from gridmend.planning.reliability.prediction import Prediction, predict
from gridmend.planning.reliability.settings import Settings
from tests.planning import rbts


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    return read(rbts.write(tmp_path_factory.mktemp("rbts")))


def by_points(found: Prediction, hand: Callable[[int], tuple[float, float]]) -> None:
    """Every load point and the system agree with a calculation by hand."""
    assert found.loads == tuple(str(k) for k in range(1, 23))
    expected = np.array([hand(k) for k in range(1, 23)])
    assert found.per_year == pytest.approx(expected[:, 0], rel=1e-12)
    assert found.u_h == pytest.approx(expected[:, 1], rel=1e-12)
    customers, mw = np.array([rbts.demand(k) for k in range(1, 23)]).T
    assert found.saifi == pytest.approx(expected[:, 0] @ customers / 1908)
    assert found.saidi_h == pytest.approx(expected[:, 1] @ customers / 1908)
    assert found.ens_mwh == pytest.approx(expected[:, 1] @ mw)


def test_the_published_indices_come_out(grid: Grid) -> None:
    found = predict(grid)
    assert found.customer_count == 1908
    assert found.saifi == pytest.approx(0.2482, rel=5e-4)
    assert found.saidi_h == pytest.approx(3.613, rel=5e-4)
    assert found.caidi_h == pytest.approx(14.55, rel=5e-4)
    assert found.ens_mwh == pytest.approx(37.746, rel=5e-4)
    assert found.asai == pytest.approx(1 - 3.613 / 8760, abs=1e-7)
    assert found.maifi == 0


def test_the_shared_tables_are_the_same_system(grid: Grid, data_dir: Path) -> None:
    shared = data_dir / "reliability" / "rbts_bus2_sections.csv"
    if not shared.is_file():
        pytest.skip("the data has no reliability/rbts_bus2_sections.csv")
    found, own = predict(read(shared)), predict(grid)
    assert found.per_year == pytest.approx(own.per_year, rel=1e-12)
    assert found.ens_mwh == pytest.approx(own.ens_mwh, rel=1e-12)


@pytest.mark.parametrize(
    ("point", "per_year", "u_h"),
    [
        # feeder 1: mains 0.75, 0.75, 0.75, 0.60 km; point 1 on the first, its lateral 0.60 km
        (1, 0.065 * 3.45 + 0.015, 0.065 * (0.75 * 5 + 2.10 * 1 + 0.60 * 5) + 0.015 * 200),
        # feeder 2, point 8 at 11 kV: mains 0.75 and 0.60 km, its lateral 0.80 km
        (8, 0.065 * 2.15, 0.065 * (0.75 * 5 + 0.60 * 1 + 0.80 * 5)),
        # feeder 4: mains 0.80, 0.75, 0.75, 0.60 km; point 22 on the last, its lateral 0.80 km
        (22, 0.065 * 3.70 + 0.015, 0.065 * (2.30 * 1 + 0.60 * 5 + 0.80 * 5) + 0.015 * 200),
    ],
)
def test_a_load_point_is_what_a_hand_adds_up(
    grid: Grid, point: int, per_year: float, u_h: float
) -> None:
    found = predict(grid)
    at = found.loads.index(str(point))
    assert found.per_year[at] == pytest.approx(per_year, rel=1e-12)
    assert found.u_h[at] == pytest.approx(u_h, rel=1e-12)
    assert found.r_h[at] == pytest.approx(u_h / per_year, rel=1e-12)


def test_all_load_points_agree_with_the_hand_formulas(grid: Grid) -> None:
    by_points(predict(grid), rbts.by_hand)


def test_replacing_transformers_takes_ten_hours(grid: Grid) -> None:
    by_points(predict(grid, Settings(replace=True)), lambda k: rbts.by_hand(k, unit_h=10))


def test_without_alternative_supply_what_lies_behind_waits_for_the_repair(grid: Grid) -> None:
    by_points(predict(grid, Settings(transfers="none")), lambda k: rbts.by_hand(k, tied=False))
    ties = [t for t in grid.switches if t.startswith("tie_")]
    by_points(predict(grid.without(*ties)), lambda k: rbts.by_hand(k, tied=False))


def test_without_disconnects_every_main_section_is_one(grid: Grid) -> None:
    rows = [grid.switches.record(n) for n in grid.switches if n.startswith("disconnect_")]
    solid = [
        {k: row[k] for k in ("name", "bus1", "phases1", "bus2", "phases2")} | {"length_m": 0.0}
        for row in rows
    ]
    joined = grid.without(*(row["name"] for row in rows)).with_rows("lines", *solid)
    by_points(predict(joined), lambda k: rbts.by_hand(k, disconnects=False))


def test_the_transformers_cost_most_hours_and_the_lines_most_interruptions(grid: Grid) -> None:
    found = predict(grid)
    shares = found.by_element
    units = np.array([name.startswith("transformer.") for name in found.modes.elements])
    assert shares.saidi_h[units].sum() == pytest.approx(0.015 * 200 * (1908 - 2) / 1908)
    assert shares.saifi[~units].sum() > shares.saifi[units].sum()
