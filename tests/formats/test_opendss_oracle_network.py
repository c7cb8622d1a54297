"""Lines, transformers, banks and sources of the shared feeders, value by value, as in OpenDSS."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gridmend.model.grid import Grid
from tests.formats.opendss_properties import asked, listed, lower, nodes_of, number


def primitive(dss: Any, count: int) -> np.ndarray:
    values = np.array(dss.ActiveCircuit.ActiveCktElement.Yprim)
    return (values[0::2] + 1j * values[1::2]).reshape(2 * count, 2 * count)


def rebuilt(r: Any, x: Any, c: Any, hertz: float, end_us: float) -> np.ndarray:
    """The admittance of a pi section from its series impedance and shunt capacitance."""
    series = np.linalg.inv(r + 1j * x)
    end = 1j * np.pi * hertz * c * 1e-9 + 1j * end_us * 1e-6 * np.eye(len(r))
    return np.block([[series + end, -series], [-series, series + end]])


def test_lines_and_switches_have_the_admittance_they_have_in_opendss(
    pair: tuple[Grid, Any],
) -> None:
    grid, dss = pair
    dss.Text.Command = "solve mode=snapshot controlmode=off"
    wrong: list[str] = []
    for table, prefix in ((grid.lines, "per_km"), (grid.switches, "")):
        for name in table["name"]:
            row = table.record(name)
            if row.get("geometry") or row.get("normally_open") or not row["in_service"]:
                continue
            place, scale = row, 1.0
            if prefix:
                scale = row["length_m"] / 1000.0
                if row["line_code"]:
                    place = grid.line_codes.record(row["line_code"])
            ending = "_per_km" if prefix else ""
            r, x, c = (place[f"{part}{ending}"] * scale for part in ("r_ohm", "x_ohm", "c_nf"))
            dss.ActiveCircuit.Lines.Name = name
            count = dss.ActiveCircuit.Lines.Phases
            theirs = primitive(dss, count)
            element = dss.ActiveCircuit.ActiveCktElement
            order = nodes_of(row["phases1"]) + nodes_of(row["phases2"])
            buses = [spec.split(".")[0] for spec in element.BusNames]
            same_place = order == list(element.NodeOrder) and buses == [
                row["bus1"].lower(),
                row["bus2"].lower(),
            ]
            if not same_place or len(r) != count:
                wrong.append(f"{name}: {order} {list(element.NodeOrder)} {buses}")
                continue
            ours = rebuilt(r, x, c, grid.frequency_hz, row["end_us"])
            close = np.allclose(ours, theirs, rtol=1e-9, atol=1e-12 * abs(theirs).max())
            if not close:
                wrong.append(f"{name}: {abs(ours - theirs).max()} of {abs(theirs).max()}")
    assert wrong[:20] == []


def test_line_lengths_and_geometries_are_those_of_opendss(pair: tuple[Grid, Any]) -> None:
    grid, dss = pair
    metres = {
        "mi": 1609.344,
        "kft": 304.8,
        "km": 1e3,
        "m": 1.0,
        "me": 1.0,
        "ft": 0.3048,
        "in": 0.0254,
        "cm": 0.01,
        "mm": 1e-3,
    }
    for name, geometry, length in zip(
        grid.lines["name"], grid.lines["geometry"], grid.lines["length_m"], strict=True
    ):
        if not geometry:
            continue
        assert asked(dss, "line", name, "geometry").lower() == geometry.lower()
        unit = asked(dss, "line", name, "units")
        assert length == pytest.approx(number(dss, "line", name, "length") * metres[unit])


def test_transformers_have_the_windings_they_have_in_opendss(pair: tuple[Grid, Any]) -> None:
    grid, dss = pair
    windings, wrong = grid.windings, list[str]()
    for name in grid.transformers["name"]:
        row = grid.transformers.record(name)
        dss.ActiveCircuit.Transformers.Name = name
        theirs = dss.ActiveCircuit.Transformers
        element = dss.ActiveCircuit.ActiveCktElement
        order = list(element.NodeOrder)
        conductors = element.NumConductors
        leakage = listed(dss, "transformer", name, "xscarray")
        whole = (
            ("no_load_loss_pct", "%noloadloss"),
            ("magnetising_pct", "%imag"),
            ("anti_float_ppm", "ppm_antifloat"),
        )
        good = np.allclose(row["x_pct"], leakage) and row["phase_count"] == element.NumPhases
        good &= all(
            np.isclose(row[ours], number(dss, "transformer", name, prop)) for ours, prop in whole
        )
        # Masters that solve leave the taps of their controls where these moved them.
        controlled = name.lower() in lower(grid.tap_controls["transformer"])
        for at in range(theirs.NumWindings):
            theirs.Wdg = at + 1
            winding = windings.record(f"{name}:{at + 1}")
            numbers = (
                (winding["kv"], theirs.kV),
                (winding["kva"], theirs.kVA),
                (winding["r_pct"], theirs.R),
                (winding["tap_pu"], 1.0 if controlled else theirs.Tap),
                (winding["tap_min_pu"], theirs.MinTap),
                (winding["tap_max_pu"], theirs.MaxTap),
                (winding["tap_steps"], theirs.NumTaps),
            )
            nodes = nodes_of(winding["phases"])
            good &= bool(np.allclose(*np.array(numbers).T, rtol=1e-9))
            good &= (winding["connection"] == "delta") == bool(theirs.IsDelta)
            good &= winding["bus"].lower() == element.BusNames[at].split(".")[0]
            good &= nodes == order[at * conductors :][: len(nodes)]
        if not good:
            wrong.append(f"{name}: {row} {leakage}")
    assert wrong[:10] == []


def test_capacitors_and_reactors_are_rated_as_in_opendss(pair: tuple[Grid, Any]) -> None:
    grid, dss = pair
    for name in grid.capacitors["name"]:
        row = grid.capacitors.record(name)
        assert list(row["step_kvar"]) == pytest.approx(listed(dss, "capacitor", name, "kvar"))
        assert row["kv"] == pytest.approx(number(dss, "capacitor", name, "kv"))
        assert row["steps_on"] == sum(listed(dss, "capacitor", name, "states"))
        dss.ActiveCircuit.Capacitors.Name = name
        element = dss.ActiveCircuit.ActiveCktElement
        order = list(element.NodeOrder)
        assert nodes_of(row["phases1"]) == order[: len(row["phases1"].split())]
        assert row["bus1"].lower() == element.BusNames[0].split(".")[0]
    for name in grid.reactors["name"]:
        row = grid.reactors.record(name)
        assert row["r_ohm"][0, 0] == pytest.approx(number(dss, "reactor", name, "r"))
        assert row["x_ohm"][0, 0] == pytest.approx(number(dss, "reactor", name, "x"))


def test_sources_are_as_strong_as_in_opendss(pair: tuple[Grid, Any]) -> None:
    grid, dss = pair
    for name in grid.sources["name"]:
        row = grid.sources.record(name)
        for ours, prop in (
            ("base_kv", "basekv"),
            ("v_pu", "pu"),
            ("angle_deg", "angle"),
            ("r1_ohm", "r1"),
            ("x1_ohm", "x1"),
            ("r0_ohm", "r0"),
            ("x0_ohm", "x0"),
        ):
            assert row[ours] == pytest.approx(number(dss, "vsource", name, prop)), prop
        assert row["bus"].lower() == asked(dss, "vsource", name, "bus1").split(".")[0].lower()
