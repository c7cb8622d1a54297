"""Every element of the shared feeders, value by value, as OpenDSS itself holds it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gridmend.formats.opendss import read
from gridmend.model.grid import Grid

IEEE = [
    "4Bus-DY-Bal/4Bus-DY-Bal.DSS",
    "4Bus-GrdYD-Bal/4Bus-GrdYD-Bal.DSS",
    "4Bus-OYOD-Bal/4Bus-OYOD-Bal.DSS",
    "4Bus-OYOD-UnBal/4bus-OYOD-UnBal.dss",
    "4Bus-YD-Bal/4Bus-YD-Bal.DSS",
    "4Bus-YY-Bal/4Bus-YY-Bal.DSS",
    "4Bus-YYD/YYD-Master.DSS",
    "13Bus/IEEE13Nodeckt.dss",
    "34Bus/ieee34Mod1.dss",
    "37Bus/ieee37.dss",
    "123Bus/IEEE123Master.dss",
    "123Bus/IEEE123Switches.dss",
    "8500-Node/Master.dss",
    "8500-Node/Master-unbal.dss",
    "LVTestCase/Master.dss",
]
ENWL = [
    f"network_{network}/Feeder_{feeder}/Master.dss"
    for network, feeders in ((1, 4), (2, 5), (3, 6))
    for feeder in range(1, feeders + 1)
]
MASTERS = [
    *(f"ieee/{name}" for name in IEEE),
    "epri/ckt5/Master_ckt5.dss",
    "epri/J1/Master_noPV.dss",
    "epri/J1/Master_withPV.dss",
    "iowa240/network.iowa240.dss",
    *(f"enwl/{name}" for name in ENWL),
]
FLOATING = {"ieee/4Bus-OYOD-Bal/4Bus-OYOD-Bal.DSS": {"n3", "n4"}}
"""Buses of a floating delta: OpenDSS takes its unloaded drift (5.8 kV) for the nearest base,
12.47 kV, while the windings that feed them and their load are rated 4.16 kV."""

pytestmark = pytest.mark.parametrize("master", MASTERS)


@lru_cache(maxsize=1)
def grid_of(path: Path) -> Grid:
    return read(path)


@pytest.fixture
def pair(data_dir: Path, oracle_circuit: Callable[[Path], Any], master: str) -> tuple[Grid, Any]:
    path = data_dir / "feeders" / master
    if not path.is_file():
        pytest.skip(f"no feeder {path}")
    dss = oracle_circuit(path)
    return grid_of(path), dss


def lower(table: Any) -> list[str]:
    return [name.lower() for name in table]


def elements(dss: Any, kind: str) -> list[str]:
    dss.SetActiveClass(kind)
    return [name.lower() for name in dss.ActiveClass.AllNames]


def asked(dss: Any, kind: str, name: str, prop: str) -> str:
    dss.Text.Command = f"? {kind}.{name}.{prop}"
    return str(dss.Text.Result)


def number(dss: Any, kind: str, name: str, prop: str) -> float:
    return float(asked(dss, kind, name, prop).strip("[] "))


def listed(dss: Any, kind: str, name: str, prop: str) -> list[float]:
    text = asked(dss, kind, name, prop).strip("[] ")
    return [float(word) for word in text.replace(",", " ").split()]


def nodes_of(words: str) -> list[int]:
    known = {"g": 0, "a": 1, "b": 2, "c": 3, "n": 4, "s1": 1, "s2": 2}
    return [known[word] if word in known else int(word[1:]) for word in words.split()]


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


def test_tap_controls_are_set_as_in_opendss(pair: tuple[Grid, Any]) -> None:
    grid, dss = pair
    numbers = {
        "winding": "winding",
        "tap_winding": "tapwinding",
        "target_v": "vreg",
        "band_v": "band",
        "pt_ratio": "ptratio",
        "ct_primary_a": "ctprim",
        "ldc_r_v": "r",
        "ldc_x_v": "x",
        "delay_s": "delay",
        "tap_delay_s": "tapdelay",
        "max_tap_change": "maxtapchange",
        "v_limit_v": "vlimit",
        "reverse_target_v": "revvreg",
        "reverse_band_v": "revband",
        "reverse_delay_s": "revdelay",
        "reverse_threshold_kw": "revthreshold",
    }
    for name in grid.tap_controls["name"]:
        row = grid.tap_controls.record(name)
        assert row["transformer"].lower() == asked(dss, "regcontrol", name, "transformer").lower()
        assert row["pt_phase"] == asked(dss, "regcontrol", name, "ptphase")
        assert row["bus"].lower() == asked(dss, "regcontrol", name, "bus").split(".")[0].lower()
        for ours, prop in numbers.items():
            assert row[ours] == pytest.approx(number(dss, "regcontrol", name, prop)), (name, prop)


def test_capacitor_controls_are_set_as_in_opendss(pair: tuple[Grid, Any]) -> None:
    grid, dss = pair
    numbers = {
        "terminal": "terminal",
        "on": "onsetting",
        "off": "offsetting",
        "pt_ratio": "ptratio",
        "ct_ratio": "ctratio",
        "delay_s": "delay",
        "delay_off_s": "delayoff",
        "dead_time_s": "deadtime",
        "v_min_v": "vmin",
        "v_max_v": "vmax",
    }
    for name in grid.capacitor_controls["name"]:
        row = grid.capacitor_controls.record(name)
        assert row["capacitor"].lower() == asked(dss, "capcontrol", name, "capacitor").lower()
        assert row["element"].lower() == asked(dss, "capcontrol", name, "element").lower()
        # The API of the oracle answers the number of the setting, so its text is asked for.
        assert row["pt_phase"] == asked(dss, "capcontrol", name, "ptphase")
        assert row["ct_phase"] == asked(dss, "capcontrol", name, "ctphase")
        assert row["kind"] == asked(dss, "capcontrol", name, "type").lower()
        override = asked(dss, "capcontrol", name, "voltoverride").lower()
        assert row["voltage_override"] == override.startswith(("y", "t"))
        for ours, prop in numbers.items():
            assert row[ours] == pytest.approx(number(dss, "capcontrol", name, prop)), (name, prop)


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
