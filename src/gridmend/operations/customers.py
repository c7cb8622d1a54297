"""How many customers stand behind each load, and how much their supply counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridmend.model.grid import Grid

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

PRIORITY_WEIGHTS = {"normal": 1.0, "important": 10.0, "critical": 100.0}
"""What one customer of each priority counts when not all can be restored: an assumption."""


def customer_counts(grid: Grid) -> Ints:
    """[loads] customers: of `customers` where the table has rows, else of `loads`."""
    if not len(grid.customers):
        return grid.loads.counts("customers")
    rows = [grid.loads.row(load) for load in grid.customers.texts("load")]
    counts = grid.customers.counts("count")
    return np.bincount(rows, counts, len(grid.loads)).astype(np.int64)


def customer_weights(grid: Grid) -> Floats:
    """[loads] the same, each customer weighted by its priority."""
    if not len(grid.customers):
        return grid.loads.counts("customers").astype(float)
    rows = [grid.loads.row(load) for load in grid.customers.texts("load")]
    weight = np.array([PRIORITY_WEIGHTS[p] for p in grid.customers.texts("priority")])
    weighted = weight * grid.customers.counts("count")
    return np.bincount(rows, weighted, len(grid.loads)).astype(float)
