"""Which nodes are joined to a source by what is closed."""

from __future__ import annotations

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Ints
from gridmend.powerflow.compiled import compiled


@compiled
def reach(start: Ints, rows: Ints, upper: Complexes, roots: Ints, alive: Flags) -> None:
    """Mark in `alive` what non-zero entries of the upper triangle join to `roots`."""
    ahead = np.arange(len(alive))
    for j in range(len(alive)):
        for p in range(start[j], start[j + 1]):
            if upper[p] != 0.0:
                _join(ahead, rows[p], j)
    _mark(ahead, roots, alive)


@compiled
def parts_without(start: Ints, rows: Ints, upper: Complexes, without: Ints) -> Ints:
    """[n] the last node of the part that each belongs to, where the entries `without` are cut."""
    kept = upper != 0.0
    for p in without:
        kept[p] = False
    ahead = np.arange(len(start) - 1)
    for j in range(len(ahead)):
        for p in range(start[j], start[j + 1]):
            if kept[p]:
                _join(ahead, rows[p], j)
    for i in range(len(ahead)):
        ahead[i] = _last(ahead, i)
    return ahead


@compiled
def reach_parts(
    parts: Ints, rows: Ints, columns: Ints, closed: Flags, roots: Ints, alive: Flags
) -> None:
    """The same as `reach` of what `parts_without` left, and the entries that are `closed`."""
    ahead = parts.copy()
    for k in range(len(rows)):
        if closed[k]:
            _join(ahead, rows[k], columns[k])
    _mark(ahead, roots, alive)


@compiled
def _join(ahead: Ints, i: int, j: int) -> None:
    """Let the last of the one part point to the last of the other, the further one."""
    i, j = _last(ahead, i), _last(ahead, j)
    if i < j:
        ahead[i] = j
    else:
        ahead[j] = i


@compiled
def _last(ahead: Ints, i: int) -> int:
    while ahead[i] != i:
        ahead[i] = ahead[ahead[i]]
        i = ahead[i]
    return i


@compiled
def _mark(ahead: Ints, roots: Ints, alive: Flags) -> None:
    for i in range(len(ahead) - 1, -1, -1):
        ahead[i] = ahead[ahead[i]]
    fed = np.zeros(len(ahead), np.bool_)
    for root in roots:
        fed[ahead[root]] = True
    for i in range(len(ahead)):
        if fed[ahead[i]]:
            alive[i] = True
