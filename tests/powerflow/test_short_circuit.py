"""Fault currents are those of a fault element in OpenDSS with the loads taken off."""

from __future__ import annotations

import numpy as np
import pytest

from gridmend.formats.opendss import read
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.short_circuit import short_circuit
from oracles.masters import master
from oracles.opendss import compiled, positions, read_out, settle

NUMBERS = {"a": 1, "b": 2, "c": 3, "s1": 1, "s2": 2}
TOLERANCE = 1e-3
FEEDERS = ["ieee13", "ieee34", "ieee37", "ieee123", "ieee8500-unbal", "J1", "ckt5"]


def _fault(dss: object, bus: str, phases: int, one: str, two: str, ohm: float) -> float:
    dss.Text.Command = (
        f"edit fault.f phases={phases} bus1={bus}{one} bus2={bus}{two} r={ohm} enabled=yes"
    )
    dss.ActiveCircuit.Solution.Solve()
    dss.ActiveCircuit.SetActiveElement("fault.f")
    i = np.array(dss.ActiveCircuit.ActiveCktElement.Currents)
    size = np.abs(i[0::2] + 1j * i[1::2])
    return float(size[: len(size) // 2].max())


def _chosen(grid: Grid, count: int) -> list[str]:
    rng = np.random.default_rng(7)
    return [
        str(n)
        for n in rng.choice(grid.buses["name"], size=min(count, len(grid.buses)), replace=False)
    ]


@pytest.mark.parametrize(
    "name", ["ieee13", "ieee34", "ieee37", "ieee123", "ieee8500-unbal", "J1", "ckt5"]
)
@pytest.mark.parametrize("ohm", [0.001, 2.0])
def test_every_kind_of_fault_carries_what_it_carries_in_opendss(name: str, ohm: float) -> None:
    path = master(name)
    if path is None:
        pytest.skip("the feeders are not here: set GRIDMEND_DATA to their folder")
    grid = read(path)
    with compiled(path) as dss:
        settle(dss)
        snapshot = Snapshot.normal(grid).with_positions(grid, positions(grid, read_out(dss)))
        found = short_circuit(grid, snapshot, fault_ohm=ohm)
        assert set(found) == set(grid.buses["name"])
        dss.Text.Command = "batchedit load..* enabled=no"
        dss.Text.Command = "new fault.f bus1=sourcebus enabled=no"
        for bus in _chosen(grid, 12):
            _compare(dss, found[bus], bus, ohm)


def _compare(dss: object, ours: dict[str, object], bus: str, ohm: float) -> None:
    detail = ours["phases"]
    assert isinstance(detail, dict)
    largest = {"line_ground_a": 0.0, "line_line_a": 0.0, "line_line_ground_a": 0.0}
    for key, current in detail.items():
        words = key.split()
        numbers = [NUMBERS[w] for w in words if w != "g"]
        if len(words) == 1:
            kind, peer = "line_ground_a", _fault(dss, bus, 1, f".{numbers[0]}", ".0", ohm)
        elif len(words) == 2:
            kind = "line_line_a"
            peer = _fault(dss, bus, 1, f".{numbers[0]}", f".{numbers[1]}", ohm)
        else:
            kind = "line_line_ground_a"
            peer = _fault(dss, bus, 2, f".{numbers[0]}.{numbers[1]}", ".0.0", ohm)
        assert current == pytest.approx(peer, rel=TOLERANCE), (bus, key)
        largest[kind] = max(largest[kind], peer)
    for kind, peer in largest.items():
        if peer:
            assert ours[kind] == pytest.approx(peer, rel=TOLERANCE)
    if "c" in detail and len(detail) == 9:
        peer = _fault(dss, bus, 3, ".1.2.3", ".0.0.0", ohm)
        assert ours["three_phase_a"] == pytest.approx(peer, rel=TOLERANCE)


def _stiff(x_ohm: float) -> Grid:
    return (
        Grid("one bus")
        .with_rows("buses", {"name": "b", "base_kv": 12.47})
        .with_rows(
            "sources",
            {
                "name": "s",
                "bus": "b",
                "base_kv": 12.47,
                "r1_ohm": 0.0,
                "x1_ohm": x_ohm,
                "r0_ohm": 0.0,
                "x0_ohm": 3 * x_ohm,
            },
        )
    )


def test_a_bus_behind_one_reactance_has_the_currents_of_the_textbook() -> None:
    found = short_circuit(_stiff(2.0))["b"]
    v = 12470 / np.sqrt(3)
    assert found["three_phase_a"] == pytest.approx(v / 2.0)
    assert found["line_ground_a"] == pytest.approx(3 * v / (2.0 + 2.0 + 6.0))
    assert found["line_line_a"] == pytest.approx(np.sqrt(3) * v / (2 * 2.0))
    assert found["x_over_r"] is None


def test_a_negative_resistance_and_an_unknown_bus_are_refused() -> None:
    with pytest.raises(GridError, match="not possible"):
        short_circuit(_stiff(1.0), fault_ohm=-1.0)
    with pytest.raises(GridError, match="no bus 'x'"):
        short_circuit(_stiff(1.0), bus="x")


def test_a_bus_that_no_source_reaches_has_no_currents() -> None:
    grid = (
        _stiff(1.0)
        .with_rows("buses", {"name": "far", "base_kv": 12.47})
        .with_rows("loads", {"name": "l", "bus": "far", "phases": "a g", "kv": 7.2, "p_kw": 1.0})
    )
    assert short_circuit(grid)["far"]["line_ground_a"] is None
