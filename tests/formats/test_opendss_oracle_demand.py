"""Loads, generation, storages and shapes of the shared feeders, value by value, as in OpenDSS."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gridmend.model.grid import Grid
from tests.formats.opendss_properties import nodes_of, number


def test_loads_take_what_they_take_in_opendss(pair: tuple[Grid, Any]) -> None:
    grid, dss = pair
    models = [
        "",
        "constant_power",
        "constant_impedance",
        "motor",
        "exponential",
        "constant_current",
        "fixed_q",
        "fixed_q_impedance",
        "zip",
    ]
    loads = grid.loads
    wrong: list[str] = []
    for at, name in enumerate(loads["name"]):
        dss.ActiveCircuit.Loads.Name = name
        theirs = dss.ActiveCircuit.Loads
        numbers = (
            (loads["p_kw"][at], theirs.kW),
            (loads["q_kvar"][at], theirs.kvar),
            (loads["kv"][at], theirs.kV),
            (loads["v_min_pu"][at], theirs.Vminpu),
            (loads["v_max_pu"][at], theirs.Vmaxpu),
            (loads["p_exponent"][at], theirs.CVRwatts),
            (loads["q_exponent"][at], theirs.CVRvars),
            (loads["customers"][at], theirs.NumCust),
        )
        element = dss.ActiveCircuit.ActiveCktElement
        alike = (
            loads["model"][at] == models[theirs.Model]
            and (loads["connection"][at] == "delta") == bool(theirs.IsDelta)
            and bool(loads["in_service"][at]) == element.Enabled
            and loads["bus"][at].lower() == element.BusNames[0].split(".")[0]
            and nodes_of(loads["phases"][at]) == list(element.NodeOrder)
        )
        if not alike or not np.allclose(*np.array(numbers).T, rtol=1e-9, atol=1e-12):
            wrong.append(f"{name}: {numbers} {loads['phases'][at]} {list(element.NodeOrder)}")
    assert wrong == []


def test_machines_and_stores_are_rated_as_in_opendss(pair: tuple[Grid, Any]) -> None:
    grid, dss = pair
    for table, kind, columns in (
        (grid.generators, "generator", {"p_kw": "kw", "q_kvar": "kvar", "kv": "kv"}),
        (
            grid.pv_systems,
            "pvsystem",
            {
                "panel_kw": "pmpp",
                "rating_kva": "kva",
                "irradiance_pu": "irradiance",
                "power_factor": "pf",
                "kv": "kv",
                "cut_in_pct": "%cutin",
                "cut_out_pct": "%cutout",
                "v_min_pu": "vminpu",
                "v_max_pu": "vmaxpu",
            },
        ),
        (
            grid.storages,
            "storage",
            {
                "rating_kw": "kwrated",
                "rating_kva": "kva",
                "capacity_kwh": "kwhrated",
                "stored_kwh": "kwhstored",
                "idling_pct": "%idlingkw",
                "kv": "kv",
                "charge_efficiency_pct": "%effcharge",
                "reserve_pct": "%reserve",
                "p_kw": "kw",
                "q_kvar": "kvar",
            },
        ),
    ):
        for name in table["name"]:
            row = table.record(name)
            for ours, prop in columns.items():
                assert row[ours] == pytest.approx(number(dss, kind, name, prop)), (name, prop)


def test_shapes_have_the_points_they_have_in_opendss(pair: tuple[Grid, Any]) -> None:
    grid, dss = pair
    for name in grid.shapes["name"][:20]:
        row = grid.shapes.record(name)
        dss.ActiveCircuit.LoadShapes.Name = name
        theirs = dss.ActiveCircuit.LoadShapes
        assert row["interval_min"] == pytest.approx(theirs.sInterval / 60.0)
        assert row["p_pu"] == pytest.approx(np.array(theirs.Pmult), rel=1e-6)
        assert row["actual"] == bool(theirs.UseActual)
