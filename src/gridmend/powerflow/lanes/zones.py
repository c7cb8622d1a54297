"""Zones of a network that is cut at its ties, and which hangs below which."""

from __future__ import annotations

import numpy as np

from gridmend.model.arrays import Flags, Ints
from gridmend.powerflow.compiled import compiled


def zones_of(size: int, a: Ints, b: Ints, node: Ints, twin: Ints) -> tuple[Ints, Ints] | None:
    """[nodes] the zone of each node and [zones] how deep it lies; None where there is no tree.

    Zones above one zone count as one, so that what is seen of the zone below has one place.
    """
    if not len(node):
        return np.zeros(size, np.int64), np.zeros(1, np.int64)
    joined = (a >= 0) & (b >= 0)
    zone = _parts(size, a[joined], b[joined])
    for _ in range(len(node) + 1):
        parents: dict[int, int] = {}
        for below, above in zip(zone[node].tolist(), zone[twin].tolist(), strict=True):
            first = parents.setdefault(below, above)
            if first != above:
                zone[zone == above] = first
                break
        else:
            break
    else:
        return None
    depth = np.zeros(int(zone.max()) + 1 if size else 1, np.int64)
    for below in parents:
        at, steps = below, 0
        while at in parents:
            at, steps = parents[at], steps + 1
            if steps > len(parents):
                return None
        depth[below] = steps
    return zone, depth


@compiled
def _parts(size: int, a: Ints, b: Ints) -> Ints:
    """[nodes] a number for each connected part: that of one of its nodes."""
    part = np.arange(size)
    for k in range(len(a)):
        one, other = a[k], b[k]
        while part[one] != one:
            part[one] = part[part[one]]
            one = part[one]
        while part[other] != other:
            part[other] = part[part[other]]
            other = part[other]
        part[max(one, other)] = min(one, other)
    for n in range(size):
        part[n] = part[part[n]]
    return part


def bounds(zone: Ints, tied: Flags) -> Ints:
    """[zones, 2] where each zone of the active order begins, and where its ties begin."""
    starts: list[int] = np.flatnonzero(np.diff(zone, prepend=-1)).tolist()
    ends = [*starts[1:], len(zone)]
    found = [(s, e - int(tied[s:e].sum())) for s, e in zip(starts, ends, strict=False)]
    return np.array(found, np.int64).reshape(-1, 2)
