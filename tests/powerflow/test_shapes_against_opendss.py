"""Elements follow the shapes of their model as OpenDSS has them follow, in every mode."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gridmend.formats.opendss import read
from gridmend.model.profiles import Span, series_of
from gridmend.model.shape_profiles import model_profiles
from oracles.opendss import compiled

SHAPES = """clear
new circuit.c basekv=12.47 bus1=src pu=1.0 mvasc3=20000 mvasc1=20000
new loadshape.d npts=24 interval=1 mult=({day})
new loadshape.y npts=48 interval=1 mult=({year})
new loadshape.pq npts=4 interval=1 mult=(1 2 3 4) qmult=(3 1 2 5)
new loadshape.act npts=4 interval=1 mult=(11 12 13 14) useactual=yes
new loadshape.actq npts=4 interval=1 mult=(11 12 13 14) qmult=(1 2 3 4) useactual=yes
new loadshape.half npts=48 minterval=30 mult=({year})
new loadshape.three npts=4 interval=3 mult=(1 2 3 4)
new loadshape.sun npts=4 interval=1 mult=(1 0.5 0.1 0)
{elements}
new pvsystem.pd bus1=src kv=12.47 kva=500 pmpp=600 irradiance=0.8 daily=sun
new pvsystem.py bus1=src kv=12.47 kva=500 pmpp=600 irradiance=0.8 yearly=sun pf=0.9
new pvsystem.cut bus1=src kv=12.47 kva=500 pmpp=600 irradiance=0.8 yearly=sun %cutin=60 %cutout=8
set voltagebases=[12.47]
calcv
"""


FOLLOWS = {
    "dailyonly": "daily=d", "yearlyonly": "yearly=y", "both": "daily=d yearly=y", "none": "",
    "pq": "yearly=pq", "act": "yearly=act", "actq": "yearly=actq", "half": "yearly=half",
    "three": "yearly=three", "fixed": "yearly=y status=fixed",
}  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "step_min", "steps", "hour"),
    [
        ("yearly", 60, 60, 0), ("daily", 60, 60, 0), ("yearly", 30, 60, 5),
        ("daily", 15, 200, 0), ("yearly", 10, 100, 23), ("yearly", 20, 100, 8758),
    ],
)  # fmt: skip
def test_elements_follow_their_shapes_as_in_opendss(
    tmp_path: Path, mode: str, step_min: int, steps: int, hour: int
) -> None:
    place = "bus1=src kv=12.47 kw=100 kvar=50 model=1 vminpu=0.1 vmaxpu=2"
    elements = [f"new load.{n} {place} {said}" for n, said in FOLLOWS.items()]
    elements.append(f"new load.exempt {place} yearly=y status=exempt")
    elements += [f"new generator.{n} {place} {said}" for n, said in FOLLOWS.items()]
    text = SHAPES.format(
        day=" ".join(str(k) for k in range(1, 25)),
        year=" ".join(str(k) for k in range(101, 149)),
        elements="\n".join(elements),
    )
    folder = tmp_path / "model"
    folder.mkdir()
    path = folder / "shapes.dss"
    path.write_text(text)
    grid = read(path)
    span = Span(steps, step_min * 60.0, hour=float(hour))
    series = series_of(grid, span, model_profiles(grid, span, mode=mode)[0])
    with compiled(path) as dss:
        dss.Text.Command = f"set mode={mode} stepsize={step_min}m number=1 hour={hour} sec=0"
        dss.Text.Command = "set controlmode=off tolerance=1e-9"
        for snapshot in series:
            dss.ActiveCircuit.Solution.Solve()
            for table, kind, field, sign in (
                (grid.loads, "load", "load", 1),
                (grid.generators, "generator", "generator", -1),
                (grid.pv_systems, "pvsystem", "pv", -1),
            ):
                for k, name in enumerate(table):
                    dss.ActiveCircuit.SetActiveElement(f"{kind}.{name}")
                    power = np.array(dss.ActiveCircuit.ActiveCktElement.Powers)
                    wanted = (
                        getattr(snapshot, f"{field}_kw")[k],
                        getattr(snapshot, f"{field}_kvar")[k],
                    )
                    there = sign * power[0::2].sum(), sign * power[1::2].sum()
                    assert there == pytest.approx(wanted, rel=1e-5, abs=1e-4), name
