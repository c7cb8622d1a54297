from __future__ import annotations

import numpy as np

import gridmend
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network
from gridmend.powerflow.series_flow import solve_series


def test_a_regulator_without_voltage_stays_where_it_is() -> None:
    grid = gridmend.read("ieee123")
    network, normal = Network.of(grid), Snapshot.normal(grid)
    settled = network.solve(normal).snapshot
    dead = settled.with_switch(grid, "Sw1", is_open=True)
    flow = network.solve(dead)
    behind = grid.windings.row("reg4a:2")
    assert not flow.energised.all() and settled.tap_pu[behind] != 1.0
    assert flow.converged and flow.controls_settled
    assert flow.snapshot.tap_pu[behind] == settled.tap_pu[behind]


def test_it_stays_in_time_mode_too() -> None:
    grid = gridmend.read("ieee123")
    network, normal = Network.of(grid), Snapshot.normal(grid)
    dead = normal.with_switch(grid, "Sw1", is_open=True)
    found = solve_series(network, Series.scaled(dead, [1.0] * 5, step_s=60.0), controls="time")
    assert found.converged.all()
    assert np.all(found.tap_operations == 0)


def test_a_bank_without_voltage_stays_off() -> None:
    grid = gridmend.read("ieee13")
    control = {"name": "c", "capacitor": "cap1", "element": "line.650632", "kind": "voltage",
               "on": 118.0, "off": 126.0, "pt_ratio": 20.0}  # fmt: skip
    grid = grid.with_rows("capacitor_controls", control)
    network, normal = Network.of(grid), Snapshot.normal(grid)
    row = grid.capacitors.row("cap1")
    off = np.array(normal.steps_on)
    off[row] = 0
    dark = normal.with_capacitors(off).with_source(grid, "source", is_on=False)
    assert network.solve(dark).snapshot.steps_on[row] == 0
