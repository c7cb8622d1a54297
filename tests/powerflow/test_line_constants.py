"""Line constants: what OpenDSS answers for the same conductors, to nine digits."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dss import dss as opendss

from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.powerflow.line_constants import EARTH_MODELS, kron, line_constants

METRES = {0: 1.0, 1: 1609.344, 2: 304.8, 3: 1000.0, 4: 1.0, 5: 0.3048, 6: 0.0254, 7: 0.01, 8: 1e-3}
"""Metres in each of OpenDSS's units, by its number."""


def close(ours: Any, theirs: Any) -> bool:
    """Within 1e-9 of the largest entry."""
    return bool(np.abs(ours - theirs).max() <= 1e-9 * np.abs(theirs).max())


def square(values: Any) -> Any:
    """A list of numbers as the square matrix that it is."""
    n = math.isqrt(len(values))
    return np.reshape(values, (n, n))


def random_grid(rng: np.random.Generator, *, count: int, frequency_hz: float) -> Grid:
    """A grid of one geometry of random conductors, no two in one place."""
    kinds = []
    for i in range(count):
        r_ac = float(np.exp(rng.uniform(np.log(0.03), np.log(3.0))))
        radius = float(rng.uniform(0.002, 0.02))
        dc = r_ac * float(rng.uniform(0.9, 1.0)) if rng.random() < 0.5 else math.nan
        kinds.append(
            {
                "name": f"w{i}",
                "r_ac_ohm_per_km": r_ac,
                "r_dc_ohm_per_km": dc,
                "gmr_m": radius * float(rng.uniform(0.6, 0.85)),
                "radius_m": radius,
            }
        )
    phases = int(rng.integers(1, count + 1))
    geometry = {
        "name": "g",
        "conductors": tuple(kind["name"] for kind in kinds),
        "x_m": (np.arange(count) * 0.7 + rng.uniform(-0.3, 0.3, count)).tolist(),
        "height_m": rng.uniform(4.0, 25.0, count).tolist(),
        "phase_count": phases,
        "reduce": phases < count,
    }
    grid = Grid("random", frequency_hz=frequency_hz)
    return grid.with_rows("conductors", *kinds).with_rows("geometries", geometry)


def ask_opendss(grid: Grid, earth_model: str, resistivity: float) -> tuple[Any, Any]:
    """The same geometry in OpenDSS, through a line one kilometre long."""
    g = grid.geometries.record("g")
    n = len(g["conductors"])
    commands = [
        "clear",
        f"set defaultbasefrequency={grid.frequency_hz}",
        f"new circuit.c basekv=12.47 basefreq={grid.frequency_hz}",
    ]
    for kind in map(grid.conductors.record, g["conductors"]):
        dc = kind["r_dc_ohm_per_km"]
        commands.append(
            f"new wiredata.{kind['name']} rac={kind['r_ac_ohm_per_km']!r} "
            + (f"rdc={dc!r} " if dc == dc else "")
            + f"runits=km gmrac={kind['gmr_m']!r} gmrunits=m radius={kind['radius_m']!r} radunits=m"
        )
    commands.append(f"new linegeometry.g nconds={n} nphases={g['phase_count']}")
    for i, wire in enumerate(g["conductors"]):
        at = f"x={float(g['x_m'][i])!r} h={float(g['height_m'][i])!r}"
        commands.append(f"~ cond={i + 1} wire={wire} {at} units=m")
    commands.append(f"~ reduce={'yes' if g['reduce'] else 'no'}")
    commands.append(
        f"new line.l bus1=sourcebus bus2=b earthmodel={earth_model.replace('_', '')} "
        f"rho={resistivity!r} geometry=g length=1 units=km"
    )
    for command in commands:
        opendss.Text.Command = command.replace("np.float64(", "").replace(")", "")
    opendss.ActiveCircuit.Solution.SolveNoControl()
    line = opendss.ActiveCircuit.Lines
    line.Name = "l"
    impedance = square(line.Rmatrix) + 1j * square(line.Xmatrix)
    return impedance, square(line.Cmatrix)


@pytest.mark.parametrize("earth_model", EARTH_MODELS)
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8])
def test_random_geometries_match_opendss(earth_model: str, count: int) -> None:
    rng = np.random.default_rng([count, len(earth_model)])
    for trial in range(12):
        grid = random_grid(rng, count=count, frequency_hz=(60.0, 50.0)[trial % 2])
        resistivity = float(rng.choice([10.0, 100.0, 1000.0]))
        impedance, capacitance = line_constants(
            grid, "G", earth_model=earth_model, earth_resistivity_ohm_m=resistivity
        )
        expected = ask_opendss(grid, earth_model, resistivity)
        assert close(impedance, expected[0])
        assert close(capacitance, expected[1])


def test_above_power_frequency_the_radius_and_the_internal_inductance_rule() -> None:
    rng = np.random.default_rng(5)
    for earth_model in EARTH_MODELS:
        grid = random_grid(rng, count=3, frequency_hz=1200.0)
        impedance, _ = line_constants(
            grid, "g", earth_model=earth_model, earth_resistivity_ohm_m=100.0
        )
        assert close(impedance, ask_opendss(grid, earth_model, 100.0)[0])


def grid_of_opendss() -> Grid:
    """The conductors and geometries of the circuit that OpenDSS holds."""
    circuit = opendss.ActiveCircuit
    grid = Grid("feeder", frequency_hz=circuit.Solution.Frequency)
    wires, kinds = circuit.WireData, []
    for _ in wires:
        per_km = 1000.0 / METRES[int(wires.ResistanceUnits)]
        kinds.append(
            {
                "name": wires.Name,
                "r_ac_ohm_per_km": wires.Rac * per_km,
                "r_dc_ohm_per_km": wires.Rdc * per_km,
                "gmr_m": wires.GMRac * METRES[int(wires.GMRUnits)],
                "radius_m": wires.Radius * METRES[int(wires.RadiusUnits)],
            }
        )
    shapes, rows = circuit.LineGeometries, []
    for _ in shapes:
        metres = [METRES[int(unit)] for unit in shapes.Units]
        opendss.Text.Command = f"? linegeometry.{shapes.Name}.reduce"
        rows.append(
            {
                "name": shapes.Name,
                "conductors": tuple(shapes.Conductors),
                "x_m": np.multiply(shapes.Xcoords, metres),
                "height_m": np.multiply(shapes.Ycoords, metres),
                "phase_count": shapes.Phases,
                "reduce": opendss.Text.Result.lower() in ("yes", "true"),
            }
        )
    return grid.with_rows("conductors", *kinds).with_rows("geometries", *rows)


def reduces(grid: Grid, name: str) -> bool:
    """Whether a geometry's neutrals are eliminated."""
    return bool(grid.geometries.record(name)["reduce"])


@pytest.mark.parametrize(
    ("folder", "files"),
    [
        ("epri/ckt5", ("WireData_ckt5.dss", "LineGeometry_ckt5.dss")),
        ("ieee/8500-Node", ("WireData.dss", "LineGeometry.dss")),
    ],
)
def test_geometries_of_feeders_match_opendss(
    folder: str, files: tuple[str, ...], tmp_path: Path, data_dir: Path
) -> None:
    # OpenDSS writes into the folder that it reads.
    copy = shutil.copytree(data_dir / "feeders" / folder, tmp_path / "feeder")
    for command in ("clear", "set defaultbasefrequency=60", "new circuit.c basekv=12.47"):
        opendss.Text.Command = command
    for file in files:
        opendss.Text.Command = f'redirect "{copy / file}"'
    grid = grid_of_opendss()
    assert len(grid.geometries) > 1
    for name in grid.geometries:
        n = len(grid.geometries.record(name)["conductors"])
        kept = grid.geometries.record(name)["phase_count"] if reduces(grid, name) else n
        opendss.Text.Command = (
            f'new "line.{name}" phases={kept} bus1=sourcebus bus2="{name}_end" '
            f'earthmodel=deri rho=100 geometry="{name}" length=1 units=km'
        )
        opendss.ActiveCircuit.Solution.SolveNoControl()
        line = opendss.ActiveCircuit.Lines
        line.Name = name
        z, c = square(line.Rmatrix) + 1j * square(line.Xmatrix), square(line.Cmatrix)
        ours = line_constants(grid, name, earth_model="deri", earth_resistivity_ohm_m=100.0)
        assert close(ours[0], z), name
        assert close(ours[1], c), name


def test_kron_reduction_leaves_the_voltages_of_the_phases_as_they_were() -> None:
    rng = np.random.default_rng(3)
    full = rng.normal(size=(5, 5)) + 1j * rng.normal(size=(5, 5)) + 9 * np.eye(5)
    full = full + full.T
    current = np.linalg.solve(full, [1, 2, 3, 0, 0])
    assert np.allclose(kron(full, 3) @ current[:3], [1, 2, 3])


def small_grid() -> Grid:
    return random_grid(np.random.default_rng(1), count=3, frequency_hz=60.0)


def ask(grid: Grid, earth_model: str = "deri", resistivity: float = 100.0) -> Any:
    return line_constants(grid, "g", earth_model=earth_model, earth_resistivity_ohm_m=resistivity)


def test_two_conductors_in_one_place_are_named() -> None:
    grid = small_grid()
    geometries = grid.geometries.changed("g", {"x_m": [0, 0, 5], "height_m": [9, 9, 9]})
    with pytest.raises(GridError, match="conductors 1 and 2 of geometry 'g' are in one place"):
        ask(grid.with_tables(geometries=geometries))


def test_a_conductor_without_height_or_radius_is_named() -> None:
    grid = small_grid()
    buried = grid.geometries.changed("g", {"height_m": [9, -1, 9]})
    with pytest.raises(GridError, match="'w1' of geometry 'g' has height_m"):
        ask(grid.with_tables(geometries=buried))
    thin = grid.conductors.changed("w2", {"radius_m": 0.0})
    with pytest.raises(GridError, match="'w2' of geometry 'g' has radius_m"):
        ask(grid.with_tables(conductors=thin))


def test_a_geometry_whose_lists_differ_in_length_is_named() -> None:
    grid = small_grid()
    short = grid.geometries.changed("g", {"x_m": [0, 1]})
    with pytest.raises(GridError, match="3 conductors, 2 x_m and 3 height_m"):
        ask(grid.with_tables(geometries=short))


def test_an_unknown_earth_or_resistivity_says_how_to_mend() -> None:
    with pytest.raises(GridError, match="one of deri, carson, full_carson"):
        ask(small_grid(), earth_model="flat")
    with pytest.raises(GridError, match="above 0"):
        ask(small_grid(), resistivity=0.0)
