"""Between which nodes each phase of a load lies, and its rated voltage."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gridmend.model.flow import Nodes
from gridmend.model.grid import Grid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def legs_of(grid: Grid, nodes: Nodes) -> tuple[Ints, Ints, Ints, Floats]:
    """Load, nodes and rated voltage of each phase of every load in service."""
    words, code = np.unique(nodes.phase.astype(str), return_inverse=True)
    number = np.full((len(grid.buses), len(words) + 1), -1, np.int64)
    number[nodes.bus, code] = np.arange(len(code))
    coded = {word: k for k, word in enumerate(words.tolist())}
    loads = grid.loads
    at_bus = {name: k for k, name in enumerate(grid.buses.texts("name"))}
    bus = np.array([at_bus.get(name, -1) for name in loads.texts("bus")], np.int64)
    kv = loads.numbers("kv").astype(float)
    alike: dict[tuple[str, str], list[int]] = {}
    phases, connections = loads.texts("phases"), loads.texts("connection")
    for row in np.flatnonzero(loads.flags("in_service")).tolist():
        if bus[row] < 0:
            bus[row] = grid.buses.row(loads.texts("bus")[row])
        alike.setdefault((phases[row], connections[row]), []).append(row)
    found: list[NDArray[np.int64]] = []
    for (text, connection), rows in alike.items():
        wye = connection == "wye"
        pairs = _pairs([coded.get(word, len(words)) for word in text.split()], wye)
        scale = math.sqrt(3) if wye and len(pairs) > 1 else 1.0
        for leg, (one, two) in enumerate(pairs):
            ends = number[bus[rows], one], number[bus[rows], two]
            found.append(np.stack([rows, ends[0], ends[1], np.full(len(rows), leg)]))
        kv[rows] = kv[rows] / scale
    load, plus, minus, leg = np.concatenate(found or [np.empty((4, 0), np.int64)], axis=1)
    by_load = np.lexsort((leg, load))
    return load[by_load], plus[by_load], minus[by_load], 1000 * kv[load[by_load]]


def _pairs(ends: list[int], wye: bool) -> list[tuple[int, int]]:
    """Which conductors each phase of a load lies between."""
    if wye:
        return [(end, ends[-1]) for end in ends[:-1]]
    return [*pairwise(ends), *([(ends[-1], ends[0])] if len(ends) > 2 else [])]
