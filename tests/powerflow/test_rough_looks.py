"""Controls look at voltages that are only as exact as their decision asks, and decide the same."""

from __future__ import annotations

import numpy as np
import pytest

from gridmend.formats.read import read
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.controls import static
from gridmend.powerflow.network import Network
from gridmend.powerflow.rounds import TOLERANCE_PU
from tests.powerflow.swinging import controlled

SCALES = (0.1, 0.3, 0.6, 0.9, 1.0, 1.2, 1.4)


def _settled(grid: Grid, rng: np.random.Generator) -> list[tuple[bytes, bytes, int, np.ndarray]]:
    """Positions, looks and voltages [pu] at some demands, from taps that stand anywhere."""
    network, found = Network.of(grid), list[tuple[bytes, bytes, int, np.ndarray]]()
    for scale in SCALES:
        at = Snapshot.normal(grid)
        at = at.with_demand(scale * at.load_kw, scale * at.load_kvar)
        at = at.with_taps(np.where(at.tap_pu == 1, 1, 1 + 0.00625 * rng.integers(-16, 17)))
        flow = static.settle(network, at)
        stands = flow.snapshot.tap_pu.round(9).tobytes(), flow.snapshot.steps_on.tobytes()
        pu = np.abs(flow.v_v) / network.nodes.base_v
        found.append((*stands, flow.control_iterations, pu))
    return found


GRIDS = [
    *(pytest.param(lambda name=name: read(name), id=name) for name in ("ieee13", "ieee8500")),
    *(
        pytest.param(lambda seed=seed: controlled("ieee123", seed), id=f"ieee123 {seed}")
        for seed in range(6)
    ),
]


@pytest.mark.parametrize("made", GRIDS)
def test_rough_looks_end_where_exact_ones_do(made: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert callable(made)
    grid = made()
    rough = _settled(grid, np.random.default_rng(1))
    monkeypatch.setattr(static, "_ROUGH_PU", TOLERANCE_PU)
    exact = _settled(grid, np.random.default_rng(1))
    assert sum(looks for *_, looks, _ in exact) > 2 * len(SCALES)
    for one, other in zip(rough, exact, strict=True):
        assert one[:3] == other[:3]
        np.testing.assert_allclose(one[3], other[3], atol=1e-9)
