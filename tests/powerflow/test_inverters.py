"""What panels and inverter give within a rating is what OpenDSS lets them give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gridmend.formats.opendss import read
from gridmend.model.pv import pv_power

DSS = pytest.importorskip("dss", reason="OpenDSS is the oracle: install dss_python").DSS

CASES = [
    (100, ""),
    (100, "pf=.9"),
    (100, "pf=-.9"),
    (100, "kvar=50"),
    (100, "kvar=-60"),
    (50, "kvar=100"),
    (50, "pf=.5"),
    (85, "pf=.9"),
    (10, "%cutin=20"),
    (10, "%cutin=20 %cutout=5"),
    (10, "kvar=30"),
    (17, "%cutin=20 %cutout=20"),
    (19, "%cutin=20 %cutout=20"),
    (100, "kvar=50 wattpriority=yes"),
    (100, "pf=.9 wattpriority=yes"),
    (100, "pf=.9 pfpriority=yes"),
    (100, "kvarmax=20 kvar=50"),
    (100, "kvarmax=40 kvarmaxabs=30 kvar=-50"),
]


@pytest.mark.parametrize(("panel_kw", "settings"), CASES)
def test_an_inverter_gives_what_it_gives_in_opendss(
    panel_kw: float, settings: str, tmp_path: Path
) -> None:
    lines = [
        "clear",
        "new circuit.c basekv=12.47 bus1=b r1=.0001 x1=.001 r0=.0001 x0=.001",
        f"new pvsystem.p bus1=b kv=12.47 kva=90 pmpp={panel_kw} irradiance=1 {settings}",
        "set voltagebases=(12.47)",
        "calcvoltagebases",
    ]
    master = tmp_path / "one.dss"
    master.write_text("\n".join(lines))
    for line in lines:
        DSS.Text.Command = line
    DSS.ActiveCircuit.Solution.Solve()
    DSS.ActiveCircuit.SetActiveElement("pvsystem.p")
    powers = -np.array(DSS.ActiveCircuit.ActiveCktElement.Powers)
    p, q = pv_power(read(master).pv_systems)
    assert p[0] == pytest.approx(powers[0::2].sum(), abs=1e-3)
    assert q[0] == pytest.approx(powers[1::2].sum(), abs=1e-3)
