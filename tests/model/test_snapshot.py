"""Snapshots share what did not change; positions go out and come back by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from gridmend.formats.read import read
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.pv import pv_power
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot


def test_one_switch_operation_gives_a_new_snapshot_and_shares_the_rest() -> None:
    grid = read("ieee123")
    before = Snapshot.normal(grid)
    after = before.with_switch(grid, "SW2", is_open=True)
    assert after.is_open(grid, "sw2")
    assert not before.is_open(grid, "Sw2")
    assert after.load_kw is before.load_kw
    assert after.tap_pu is before.tap_pu
    assert after.open_phases is not before.open_phases


def test_a_snapshot_cannot_be_written_into() -> None:
    snapshot = Snapshot.normal(read("ieee13"))
    with pytest.raises(ValueError, match="read-only"):
        snapshot.load_kw[0] = 1.0


def test_positions_come_back_as_they_went_out() -> None:
    grid = read("ieee123")
    wanted = {
        "taps": {"creg4a": 5, "creg1a": -3},
        "capacitors": {"C83": 0},
        "switches": {"Sw7": "closed", "sw3": "open"},
    }
    found = Snapshot.normal(grid).with_positions(grid, wanted).positions(grid)
    assert found["taps"]["creg4a"] == 5
    assert found["taps"]["creg1a"] == -3
    assert found["capacitors"]["C83"] == 0
    assert found["switches"]["Sw7"] == "closed"
    assert found["switches"]["Sw3"] == "open"


@pytest.mark.parametrize(
    ("positions", "says"),
    [
        ({"taps": {"creg9": 1}}, "no tap control 'creg9'"),
        ({"taps": {"creg4a": 17}}, "has no step 17"),
        ({"taps": {"creg4a": 1.5}}, "1.5 is not a whole number"),
        ({"taps": {"creg4a": True}}, "True is not a whole number"),
        ({"capacitors": {"C83": 2}}, "has 1 steps, not 2"),
        ({"switches": {"Sw1": "ajar"}}, "cannot be 'ajar'"),
        ({"valves": {}}, "no 'valves'"),
    ],
)
def test_positions_that_cannot_be_are_refused_by_name(
    positions: dict[str, dict[str, object]], says: str
) -> None:
    grid = read("ieee123")
    with pytest.raises(GridError, match=says):
        Snapshot.normal(grid).with_positions(grid, positions)


def _pv(**values: object) -> Grid:
    row = {
        "name": "p",
        "bus": "b",
        "phases": "a b c g",
        "kv": 0.48,
        "panel_kw": 100.0,
        "rating_kva": 90.0,
        **values,
    }
    return Grid("g").with_rows("buses", {"name": "b"}).with_rows("pv_systems", row)


@pytest.mark.parametrize(
    ("values", "kw", "kvar"),
    [
        ({}, 90.0, 0.0),
        ({"irradiance_pu": 0.5}, 50.0, 0.0),
        ({"irradiance_pu": 0.5, "power_factor": -0.8}, 50.0, -37.5),
        ({"irradiance_pu": 0.1}, 0.0, 0.0),
        ({"irradiance_pu": 0.5, "set_kvar": 80.0}, (90.0**2 - 80.0**2) ** 0.5, 80.0),
        (
            {"irradiance_pu": 0.5, "set_kvar": 80.0, "priority": "active"},
            50.0,
            (90**2 - 50**2) ** 0.5,
        ),
    ],
)
def test_panels_give_what_sun_inverter_and_settings_allow(
    values: dict[str, object], kw: float, kvar: float
) -> None:
    p, q = pv_power(_pv(**values).pv_systems)
    assert p[0] == pytest.approx(kw)
    assert q[0] == pytest.approx(kvar)


def test_a_series_is_its_snapshots() -> None:
    grid = read("ieee13")
    start = Snapshot.normal(grid)
    begin = datetime(2026, 7, 15, tzinfo=UTC)
    times = [begin + timedelta(hours=k) for k in range(3)]
    series = Series.scaled(start, [0.5, 1.0, 1.5], times)
    assert len(series) == 3
    np.testing.assert_allclose(series[2].load_kw, 1.5 * start.load_kw)
    assert series[1].time == times[1]
    assert series[0].tap_pu is start.tap_pu
    assert [s.time for s in series] == times
    with pytest.raises(IndexError, match="no step 3"):
        _ = series[3]


def test_a_series_of_the_wrong_shape_is_refused() -> None:
    start = Snapshot.normal(read("ieee13"))
    with pytest.raises(GridError, match="'load_kw' of a series"):
        Series(start, np.ones((1, 2)), {"load_kw": np.zeros(1, np.int64)})
    with pytest.raises(GridError, match="cannot vary 'tap_pu'"):
        Series(start, np.ones((1, 1)), {"tap_pu": np.zeros(len(start.tap_pu), np.int64)})
