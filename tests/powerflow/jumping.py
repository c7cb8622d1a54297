"""Random feeders whose loads stand beside the limits at which their power jumps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.legs import across
from gridmend.powerflow.network import Network
from tests.powerflow.networks import build

INTRICATE = (1341, 1964, 2252, 2513, 2647, 3200)
"""Feeders on which legs in each other's way come to rest only in the right order."""


def beside_jumps(
    seed: int, models: Sequence[str] = ("exponential", "constant_power")
) -> tuple[Grid, float]:
    """A feeder among whose voltages one limit of its loads lies, and how much it takes."""
    rng = np.random.default_rng(seed)
    buses = int(rng.integers(3, 13))
    grid = build(seed, buses, list(models), meshed=bool(rng.integers(2)))
    rating, scale = rng.choice([0.9, 0.95, 1.06, 1.12]), float(rng.uniform(0.8, 3.0))
    for k, name in enumerate(grid.loads):
        grid = grid.with_changed(f"load.{name}", kv=float(grid.loads["kv"][k] * rating))
        if rng.integers(4) == 0:
            grid = grid.with_changed(f"load.{name}", q_kvar=-float(grid.loads["p_kw"][k]))
    network = Network.of(grid)
    legs, v_v = network.legs, network.solve(scaled(grid, scale), controls="off").v_v
    u = np.abs(across(legs, v_v)) / legs.rated_v
    edge = float(rng.choice(u) * (1 + 1e-3 * rng.normal()))
    limit = ["v_min_pu", "v_max_pu"][rng.integers(2)]
    for name in grid.loads:
        grid = grid.with_changed(f"load.{name}", **{limit: edge})
    return grid, scale


def scaled(grid: Grid, scale: float) -> Snapshot:
    """The normal state with so many times its demand."""
    normal = Snapshot.normal(grid)
    return normal.with_demand(normal.load_kw * scale, normal.load_kvar * scale)
