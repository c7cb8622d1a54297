"""Which nodes are joined to a source by what is closed."""

from __future__ import annotations

from typing import Any

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
    for i in range(len(ahead) - 1, -1, -1):
        ahead[i] = ahead[ahead[i]]
    _mark(ahead, ahead, roots, alive)


@compiled
def parts_without(start: Ints, rows: Ints, upper: Complexes, without: Ints) -> Ints:
    """[n] the number of the part that each belongs to, where the entries `without` are cut."""
    kept = upper != 0.0
    for p in without:
        kept[p] = False
    ahead = np.arange(len(start) - 1)
    for j in range(len(ahead)):
        for p in range(start[j], start[j + 1]):
            if kept[p]:
                _join(ahead, rows[p], j)
    parts, count = np.empty(len(ahead), np.int64), 0
    for i in range(len(ahead) - 1, -1, -1):
        if ahead[i] == i:  # the last node of its part
            parts[i], count = count, count + 1
        else:
            parts[i] = parts[ahead[i]]
    return parts


@compiled
def reach_parts(
    parts: Ints, rows: Ints, columns: Ints, closed: Flags, roots: Ints, alive: Flags
) -> None:
    """The same as `reach` of what `parts_without` left, and the entries that are `closed`."""
    ahead = np.arange(parts.max() + 1 if len(parts) else 0)
    for k in range(len(rows)):
        if closed[k]:
            _join(ahead, parts[rows[k]], parts[columns[k]])
    for part in range(len(ahead)):
        ahead[part] = _last(ahead, part)
    _mark(ahead, parts, roots, alive)


@compiled
def _join(ahead: Ints, i: Any, j: Any) -> None:
    """Let the last of the one part point to the last of the other, the further one."""
    i, j = _last(ahead, i), _last(ahead, j)
    if i < j:
        ahead[i] = j
    else:
        ahead[j] = i


@compiled
def _last(ahead: Ints, i: Any) -> Any:
    while ahead[i] != i:
        ahead[i] = ahead[ahead[i]]
        i = ahead[i]
    return i


@compiled
def _mark(ahead: Ints, parts: Ints, roots: Ints, alive: Flags) -> None:
    """Mark what is of a part that is joined to that of a root; `ahead` is the last joined to it."""
    fed = np.zeros(len(ahead), np.bool_)
    for root in roots:
        fed[ahead[parts[root]]] = True
    reached = fed[ahead]
    for i in range(len(parts)):
        alive[i] |= reached[parts[i]]
