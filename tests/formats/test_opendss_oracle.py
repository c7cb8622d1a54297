"""The elements and buses of the shared feeders are those that OpenDSS itself holds."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridmend.model.grid import Grid
from tests.formats.opendss_properties import elements, lower

FLOATING = {"ieee/4Bus-OYOD-Bal/4Bus-OYOD-Bal.DSS": {"n3", "n4"}}
"""Buses of a floating delta: OpenDSS takes its unloaded drift (5.8 kV) for the nearest base,
12.47 kV, while the windings that feed them and their load are rated 4.16 kV."""


def test_every_element_of_the_model_is_in_the_grid(pair: tuple[Grid, Any]) -> None:
    grid, dss = pair
    assert sorted(lower(grid.lines) + lower(grid.switches)) == sorted(elements(dss, "line"))
    for kind, table in (
        ("transformer", grid.transformers),
        ("load", grid.loads),
        ("capacitor", grid.capacitors),
        ("reactor", grid.reactors),
        ("regcontrol", grid.tap_controls),
        ("capcontrol", grid.capacitor_controls),
        ("generator", grid.generators),
        ("pvsystem", grid.pv_systems),
        ("storage", grid.storages),
        ("vsource", grid.sources),
        ("fault", grid.faults),
        ("linecode", grid.line_codes),
    ):
        assert sorted(lower(table)) == sorted(elements(dss, kind)), kind


def test_no_finding_is_an_error(pair: tuple[Grid, Any]) -> None:
    grid, _ = pair
    assert [f for f in grid.findings if f.severity == "error"] == []


def test_buses_have_the_bases_and_places_they_have_in_opendss(
    pair: tuple[Grid, Any], master: str
) -> None:
    grid, dss = pair
    wrong: list[str] = []
    assert {name.lower() for name in dss.ActiveCircuit.AllBusNames} <= set(grid.buses.index)
    for bus in dss.ActiveCircuit.AllBusNames:
        dss.ActiveCircuit.SetActiveBus(bus)
        theirs = dss.ActiveCircuit.ActiveBus
        row = grid.buses.record(bus)
        if bus in FLOATING.get(master, set()):
            assert row["base_kv"] == 4.16
        elif theirs.kVBase > 0.0 and not np.isclose(theirs.kVBase * 3**0.5, row["base_kv"]):
            wrong.append(f"{bus}: {row['base_kv']} is {theirs.kVBase * 3**0.5} in OpenDSS")
        if theirs.Coorddefined and not np.allclose((theirs.x, theirs.y), (row["x"], row["y"])):
            wrong.append(f"{bus}: {row['x']}, {row['y']}")
        if not theirs.Coorddefined and row["x"] == row["x"]:
            wrong.append(f"{bus}: has no place in OpenDSS")
    assert wrong[:20] == []
