"""Which nodes are joined to a source by what is closed."""

from __future__ import annotations

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Ints
from gridmend.powerflow.compiled import compiled


@compiled
def reach(start: Ints, rows: Ints, upper: Complexes, roots: Ints, alive: Flags) -> None:
    """Mark in `alive` what non-zero entries of the upper triangle join to `roots`."""
    n = len(alive)
    degree = np.zeros(n + 1, np.int64)
    for j in range(n):
        for p in range(start[j], start[j + 1]):
            if upper[p] != 0.0:
                degree[rows[p] + 1] += 1
                degree[j + 1] += 1
    at = np.cumsum(degree)
    fill = at.copy()
    near = np.empty(at[n], np.int64)
    for j in range(n):
        for p in range(start[j], start[j + 1]):
            if upper[p] != 0.0:
                i = rows[p]
                near[fill[i]] = j
                fill[i] += 1
                near[fill[j]] = i
                fill[j] += 1
    queue = np.empty(n, np.int64)
    length = 0
    for r in roots:
        if not alive[r]:
            alive[r] = True
            queue[length] = r
            length += 1
    head = 0
    while head < length:
        i = queue[head]
        head += 1
        for p in range(at[i], at[i + 1]):
            j = near[p]
            if not alive[j]:
                alive[j] = True
                queue[length] = j
                length += 1
