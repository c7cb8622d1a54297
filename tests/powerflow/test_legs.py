"""Every load model takes what it takes in OpenDSS, at every voltage."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from dss import DSS

from gridmend.model.grid import Grid
from gridmend.powerflow.solve import solve

MODELS = {
    1: "constant_power",
    2: "constant_impedance",
    3: "motor",
    4: "exponential",
    5: "constant_current",
    6: "fixed_q",
    7: "fixed_q_impedance",
    8: "zip",
}
PLACES = {
    ("wye", 3): ("b.1.2.3", "a b c g", 12.47),
    ("delta", 3): ("b.1.2.3", "a b c", 12.47),
    ("wye", 1): ("b.1", "a g", 7.2),
    ("delta", 1): ("b.1.2", "a b", 12.47),
}
ZIP = (0.2, 0.3, 0.5, 0.4, 0.35, 0.25, 0.6)


def _peer_kva(place: tuple[str, int], model: int, v_pu: float) -> complex:
    bus, _, kv = PLACES[place]
    connection, phases = place
    text = DSS.Text
    text.Command = "clear"
    text.Command = (
        f"new circuit.c basekv=12.47 bus1=b pu={v_pu} r1=0.0001 x1=0.001 r0=0.0001 x0=0.001"
    )
    extra = "zipv=(" + " ".join(map(str, ZIP)) + ")" if model == 8 else ""
    text.Command = (
        f"new load.l phases={phases} conn={connection} bus1={bus} kv={kv} kw=500 kvar=200"
        f" model={model} cvrwatts=0.8 cvrvars=3 {extra}"
    )
    text.Command = "set tolerance=1e-12 maxiterations=1000"
    DSS.ActiveCircuit.Solution.Solve()
    DSS.ActiveCircuit.SetActiveElement("load.l")
    powers = np.array(DSS.ActiveCircuit.ActiveCktElement.Powers)
    return complex(powers[0::2].sum(), powers[1::2].sum())


def _grid(place: tuple[str, int], model: int, v_pu: float) -> Grid:
    _, phases, kv = PLACES[place]
    return (
        Grid("one load")
        .with_rows("buses", {"name": "b", "base_kv": 12.47})
        .with_rows(
            "sources",
            {
                "name": "s",
                "bus": "b",
                "base_kv": 12.47,
                "v_pu": v_pu,
                "r1_ohm": 1e-4,
                "x1_ohm": 1e-3,
                "r0_ohm": 1e-4,
                "x0_ohm": 1e-3,
            },
        )
        .with_rows(
            "loads",
            {
                "name": "l",
                "bus": "b",
                "phases": phases,
                "connection": place[0],
                "kv": kv,
                "p_kw": 500.0,
                "q_kvar": 200.0,
                "model": MODELS[model],
                "p_exponent": 0.8,
                "q_exponent": 3.0,
                "zip": ZIP,
            },
        )
    )


@pytest.mark.parametrize(("place", "model"), list(product(PLACES, MODELS)), ids=str)
def test_a_load_takes_the_power_that_opendss_gives_it(place: tuple[str, int], model: int) -> None:
    for v_pu in np.linspace(0.3, 1.3, 21):
        flow = solve(_grid(place, model, float(v_pu)))
        assert flow.converged
        ours = complex(flow.power_kva("loads")[0])
        assert abs(ours - _peer_kva(place, model, float(v_pu))) < 1e-5 * 500, v_pu
