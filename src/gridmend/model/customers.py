"""How many customers stand behind each load."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridmend.model.grid import Grid


def customer_counts(grid: Grid) -> NDArray[np.int64]:
    """[loads] customers: of `customers` where the table has rows, else of `loads`."""
    if not len(grid.customers):
        return grid.loads.counts("customers")
    rows = [grid.loads.row(load) for load in grid.customers.texts("load")]
    counts = grid.customers.counts("count")
    return np.bincount(rows, counts, len(grid.loads)).astype(np.int64)
