"""The primitive admittance of a transformer is OpenDSS's, whatever its windings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
from dss import DSS
from numpy.typing import NDArray

from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.powerflow import transformer
from gridmend.powerflow.nodes import Numbering
from gridmend.powerflow.units import units_of


@dataclass(frozen=True)
class Case:
    """A transformer as both programs are told it."""

    phases: int
    connections: tuple[str, ...]
    kv: tuple[float, ...]
    kva: tuple[float, ...]
    r_pct: tuple[float, ...]
    x_pct: tuple[float, ...]
    tap_pu: tuple[float, ...]
    ppm: float = 0.0
    lead: str = "lag"


def _words(values: Sequence[object]) -> str:
    return "(" + " ".join(str(v) for v in values) + ")"


def _peer(case: Case) -> NDArray[np.complex128]:
    count = len(case.connections)
    DSS.Text.Command = "clear"
    DSS.Text.Command = "new circuit.c basekv=12.47 bus1=b0"
    DSS.Text.Command = (
        f"new transformer.t phases={case.phases} windings={count}"
        f" buses={_words([f'b{i}' for i in range(count)])} conns={_words(case.connections)}"
        f" kvs={_words(case.kv)} kvas={_words(case.kva)} %rs={_words(case.r_pct)}"
        f" xscarray={_words(case.x_pct)} %noloadloss=0.3 %imag=0.5 ppm={case.ppm}"
        f" taps={_words(case.tap_pu)} leadlag={case.lead}"
    )
    DSS.ActiveCircuit.Solution.Solve()
    DSS.ActiveCircuit.SetActiveElement("transformer.t")
    flat = np.array(DSS.ActiveCircuit.ActiveCktElement.Yprim)
    size = int(np.sqrt(len(flat) // 2))
    full = (flat[0::2] + 1j * flat[1::2]).reshape(size, size)
    conductors = case.phases + 1
    kept = [
        w * conductors + k
        for w, connection in enumerate(case.connections)
        for k in range(len(_phases(case.phases, connection)))
    ]
    return full[np.ix_(kept, kept)]


def _phases(count: int, connection: str) -> list[str]:
    if connection == "wye":
        return [*"abc"[:count], "g"]
    return ["a", "b", "c"] if count == 3 else ["a", "b"]


def grid_of(case: Case) -> Grid:
    grid = Grid("one transformer").with_rows(
        "buses", *({"name": f"b{i}", "base_kv": kv} for i, kv in enumerate(case.kv))
    )
    grid = grid.with_rows(
        "transformers",
        {
            "name": "t",
            "phase_count": case.phases,
            "x_pct": case.x_pct,
            "no_load_loss_pct": 0.3,
            "magnetising_pct": 0.5,
            "anti_float_ppm": case.ppm,
            "vector_group": case.lead,
        },
    )
    return grid.with_rows(
        "windings",
        *(
            {
                "name": f"t:{i + 1}",
                "transformer": "t",
                "number": i + 1,
                "bus": f"b{i}",
                "phases": " ".join(_phases(case.phases, connection)),
                "connection": connection,
                "kv": case.kv[i],
                "kva": case.kva[i],
                "r_pct": case.r_pct[i],
                "tap_pu": case.tap_pu[i],
            }
            for i, connection in enumerate(case.connections)
        ),
    )


TWO = [
    Case(phases, pair, (12.47, 4.16), (1000, 1000), (0.5, 0.6), (6,), (1, 1.05), ppm, lead)
    for pair in product(("wye", "delta"), repeat=2)
    for phases, ppm, lead in ((3, 0, "lag"), (3, 1000, "lag"), (3, 0, "lead"), (1, 1000, "lag"))
]
THREE = [
    Case(
        1,
        ("wye", "wye", "wye"),
        (7.2, 0.12, 0.12),
        (25, 25, 25),
        (0.6, 1.2, 1.2),
        (2.04, 2.04, 1.36),
        (1, 1, 0.975),
        10,
    ),
    Case(
        3,
        ("wye", "wye", "delta"),
        (69, 12.47, 4.16),
        (5000, 5000, 1666),
        (0.1, 0.2, 0.3),
        (7.5, 36, 28),
        (1, 1.0125, 1),
        10,
    ),
    Case(
        3,
        ("delta", "wye", "wye"),
        (4.16, 12.47, 69),
        (5000, 5000, 1666),
        (0.1, 0.2, 0.3),
        (7.5, 36, 28),
        (1, 1, 1.1),
        10,
    ),
]


@pytest.mark.parametrize("case", TWO + THREE, ids=str)
def test_a_transformer_has_the_admittance_that_opendss_gives_it(case: Case) -> None:
    peer = _peer(case)
    (unit,) = units_of(grid := grid_of(case), Numbering(grid)).values()
    ours = transformer.admittance(unit.make, np.array(case.tap_pu, float))
    np.testing.assert_allclose(ours, peer, atol=1e-12 * np.abs(peer).max())


def test_a_transformer_with_one_winding_is_refused_by_name() -> None:
    grid = grid_of(TWO[0]).without()
    grid = grid.with_tables(windings=grid.windings.without(["t:2"]))
    with pytest.raises(GridError, match="transformer 't' has 1 windings"):
        units_of(grid, Numbering(grid))


def test_a_transformer_with_too_few_reactances_says_how_many_it_needs() -> None:
    grid = grid_of(THREE[0]).with_changed("t", x_pct=(2.0,))
    with pytest.raises(GridError, match="1 leakage reactances") as caught:
        units_of(grid, Numbering(grid))
    assert "3 values for its 3 windings" in caught.value.mend
