"""A series beside OpenDSS's, step by step: hours without and with control, and controls in time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gridmend.formats.opendss import read
from gridmend.model.grid import Grid
from gridmend.model.snapshot import controlled_winding, step_of_tap
from gridmend.powerflow.network import Network
from gridmend.powerflow.series_flow import SeriesFlow, solve_series
from oracles.masters import master
from oracles.opendss import node_key
from oracles.year import Profiles, Settings, Year, recorded
from tests.powerflow.swinging import swinging


def _beside(
    path: Path, steps: int, controls: str, **shape: Any
) -> tuple[Grid, Network, SeriesFlow, Year]:
    """The same series here and in OpenDSS, each load on one of four profiles."""
    grid = read(path)
    network, series = Network.of(grid), swinging(grid, steps, **shape)
    rows = series.follows["load_kw"].tolist()
    names = [f"load.{name}" for name in grid.loads["name"]]
    profiles = Profiles(series.factors, dict(zip(names, rows, strict=True)), series.step_s / 60)
    there = recorded(
        path,
        profiles,
        Settings(controls=controls, algorithm="newton", tolerance=1e-9),
        positions=series.start.positions(grid),
        voltages=True,
    )
    here = solve_series(network, series, controls=controls, keep_voltages=True)
    return grid, network, here, there


def _check_equal(grid: Grid, network: Network, here: SeriesFlow, there: Year) -> None:
    windings = [controlled_winding(grid, grid.tap_controls.row(c)) for c in there.controls]
    taps = [[step_of_tap(grid.windings, w, row[w]) for w in windings] for row in here.tap_pu]
    assert np.array(taps).reshape(there.taps.shape).tolist() == there.taps.tolist()
    banks = [grid.capacitors.row(c) for c in there.capacitors]
    assert here.steps_on[:, banks].tolist() == there.states.tolist()
    place = {name: k for k, name in enumerate(there.nodes)}
    nodes = network.nodes
    keys = [node_key(grid, int(b), str(p)) for b, p in zip(nodes.bus, nodes.phase, strict=True)]
    ours = [k for k, key in enumerate(keys) if key in place]
    assert here.v_v is not None
    assert there.v_v is not None
    apart = np.abs(here.v_v[:, ours]) - np.abs(there.v_v[:, [place[keys[k]] for k in ours]])
    assert np.abs(apart / nodes.base_v[ours]).max() < 1e-6
    np.testing.assert_allclose(here.loss_kw, there.loss_kw, rtol=1e-5)
    np.testing.assert_allclose(here.source_kw, there.source_kw, rtol=1e-6)
    np.testing.assert_allclose(here.v_min_pu, there.v_min_pu, atol=1e-6)


@pytest.mark.parametrize("controls", ["off", "static"])
@pytest.mark.parametrize("name", ["ieee13", "ieee123"])
def test_two_days_of_hours_are_those_of_opendss_in_yearly_mode(name: str, controls: str) -> None:
    path = master(name)
    if path is None:
        pytest.skip("the feeders are not here: set GRIDMEND_DATA to their folder")
    _check_equal(*_beside(path, 48, controls, step_s=3600.0))


@pytest.mark.parametrize(
    ("name", "step_s"),
    [("ieee13", 1.0), ("ieee13", 7.0), ("ieee123", 10.0), ("ieee123", 60.0), ("ieee34", 5.0)],
)
def test_controls_in_time_act_when_they_do_in_opendss(name: str, step_s: float) -> None:
    path = master(name)
    if path is None:
        pytest.skip("the feeders are not here: set GRIDMEND_DATA to their folder")
    grid, network, here, there = _beside(path, 150, "time", step_s=step_s)
    assert here.tap_operations.sum() > 5
    _check_equal(grid, network, here, there)


BANKS = """clear
new circuit.c basekv=12.47 bus1=src pu=1.0 mvasc3=100 mvasc1=90
new line.a bus1=src bus2=m length=5 units=km r1=0.3 x1=0.6 r0=0.6 x0=1.8 c1=0 c0=0
new line.b bus1=m bus2=e length=3 units=km r1=0.3 x1=0.6 r0=0.6 x0=1.8 c1=0 c0=0
new load.one bus1=m kv=12.47 kw=2000 kvar=900 vminpu=0.5 vmaxpu=1.5
new load.two bus1=e kv=12.47 kw=1500 kvar=800 vminpu=0.5 vmaxpu=1.5
new capacitor.k bus1=m kvar=600 kv=12.47
new capacitor.v bus1=e kvar=600 kv=12.47 numsteps=3 states=[1 0 0]
new capcontrol.k element=line.a terminal=1 capacitor=k type=kvar
~ onsetting=1200 offsetting=400 delay=30 delayoff=20 deadtime=200
new capcontrol.v element=line.b terminal=2 capacitor=v type=voltage ptratio=60
~ onsetting=112 offsetting=119 delay=25 delayoff=15 deadtime=120
set voltagebases=[12.47]
calcv
solve
"""


BY_KVAR = (
    "terminal=1 capacitor=v type=kvar onsetting=500 offsetting=100 delay=10 delayoff=10"
    " deadtime=120"
)
"""A control that moves all three steps of its bank, which has no dead time."""


@pytest.mark.parametrize(
    ("step_s", "steps", "period", "swing", "by_kvar"),
    [
        (1.0, 500, 167, 0.6, False), (5.0, 500, 167, 0.6, False), (30.0, 500, 167, 0.6, False),
        (5.0, 300, 30, 0.75, True), (10.0, 200, 25, 0.75, True),
    ],
)  # fmt: skip
def test_capacitors_in_time_wait_their_delays_and_dead_time_as_in_opendss(
    tmp_path: Path, step_s: float, steps: int, period: int, swing: float, by_kvar: bool
) -> None:
    text = BANKS
    if by_kvar:
        at = text.index("terminal=2 capacitor=v")
        text = text[:at] + BY_KVAR + text[text.index("\nset voltagebases") :]
    folder = tmp_path / "model"
    folder.mkdir()
    path = folder / "banks.dss"
    path.write_text(text)
    grid, network, here, there = _beside(
        path, steps, "time", step_s=step_s, period=period, swing=swing
    )
    assert here.capacitor_operations.sum() > (20 if by_kvar else 2)
    _check_equal(grid, network, here, there)
