"""How much the supply of the customers behind each load counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridmend.model.grid import Grid

Floats = NDArray[np.float64]

PRIORITY_WEIGHTS = {"normal": 1.0, "important": 10.0, "critical": 100.0}
"""What one customer of each priority counts when not all can be restored: an assumption."""


def customer_weights(grid: Grid) -> Floats:
    """[loads] customers (`model.customers`), each weighted by its priority."""
    if not len(grid.customers):
        return grid.loads.counts("customers").astype(float)
    rows = [grid.loads.row(load) for load in grid.customers.texts("load")]
    weight = np.array([PRIORITY_WEIGHTS[p] for p in grid.customers.texts("priority")])
    weighted = weight * grid.customers.counts("count")
    return np.bincount(rows, weighted, len(grid.loads)).astype(float)


def critical_counts(grid: Grid) -> NDArray[np.int64]:
    """[loads] customers behind each load that are critical."""
    if not len(grid.customers):
        return np.zeros(len(grid.loads), np.int64)
    rows = [grid.loads.row(load) for load in grid.customers.texts("load")]
    critical = np.array([p == "critical" for p in grid.customers.texts("priority")])
    counts = np.where(critical, grid.customers.counts("count"), 0)
    return np.bincount(rows, counts, len(grid.loads)).astype(np.int64)
