"""Where buses stand on a picture: their coordinates, else their neighbours', else a tree."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from gridmend.model.grid import Grid

Floats = NDArray[np.float64]

SOURCE_ROOM = 0.07
"""How far out a source without coordinates is drawn, as a share of the picture."""


def bus_positions(grid: Grid) -> Floats:
    """[buses, 2] x and y of every bus: its coordinates where most have some, else a tree."""
    xy = np.column_stack([grid.buses.numbers("x"), grid.buses.numbers("y")])
    known = np.isfinite(xy[:, 0]) & np.isfinite(xy[:, 1])
    spread = len(np.unique(xy[known], axis=0)) if known.any() else 0
    if spread < 2 or known.mean() < 0.5:
        return tree_positions(grid)
    xy = _filled(xy, known, neighbours(grid))
    # A source without a place of its own would hide the switch beside it.
    index = grid.buses.index
    lost = [at for bus in grid.sources["bus"] if not known[at := index[bus.lower()]]]
    middle, span = xy.mean(axis=0), np.ptp(xy, axis=0).max()
    for at in lost:
        away = xy[at] - middle
        xy[at] += SOURCE_ROOM * span * away / max(float(np.hypot(*away)), 1e-9)
    return xy


def branch_ends(grid: Grid) -> list[tuple[str, int, int, int]]:
    """Every branch as (table, row, first bus, second bus), a transformer once a winding pair."""
    index = grid.buses.index
    ends: list[tuple[str, int, int, int]] = []
    for table in ("lines", "switches", "reactors", "capacitors"):
        rows = grid.table(table)
        for at, (one, two) in enumerate(zip(rows["bus1"], rows["bus2"], strict=True)):
            a, b = index.get(one.lower()), index.get(two.lower())
            if a is not None and b is not None and a != b:
                ends.append((table, at, a, b))
    first: dict[str, int] = {}
    windings = grid.windings
    for name, bus in zip(windings["transformer"], windings["bus"], strict=True):
        at = index.get(bus.lower())
        row = grid.transformers.index.get(name.lower())
        if at is None or row is None:
            continue
        start = first.setdefault(name.lower(), at)
        if start != at:
            ends.append(("transformers", row, start, at))
    return ends


def neighbours(grid: Grid) -> list[list[int]]:
    """[buses] rows of the buses that a branch joins to each."""
    found: list[list[int]] = [[] for _ in range(len(grid.buses))]
    for _, _, a, b in branch_ends(grid):
        found[a].append(b)
        found[b].append(a)
    return found


def tree_positions(grid: Grid) -> Floats:
    """[buses, 2] a tree from the sources: depth to the right, leaves stacked evenly."""
    near = neighbours(grid)
    index = grid.buses.index
    roots = [index[bus.lower()] for bus in grid.sources["bus"] if bus.lower() in index]
    order, parent, depth = _walk(near, [*roots, *range(len(near))])
    children: list[list[int]] = [[] for _ in near]
    for bus in order:
        if parent[bus] >= 0:
            children[parent[bus]].append(bus)
    y = np.zeros(len(near))
    for row, leaf in enumerate(_leaves(order, parent, children)):
        y[leaf] = row
    for bus in reversed(order):
        if children[bus]:
            y[bus] = float(np.mean([y[c] for c in children[bus]]))
    return np.column_stack([depth.astype(float), -y])


def _walk(
    near: list[list[int]], roots: list[int]
) -> tuple[list[int], list[int], NDArray[np.int64]]:
    """Every bus in breadth-first order, with its parent (-1 at a root) and its depth."""
    parent = [-2] * len(near)
    depth = np.zeros(len(near), np.int64)
    order: list[int] = []
    for root in roots:
        if parent[root] != -2:
            continue
        parent[root] = -1
        queue = deque([root])
        while queue:
            bus = queue.popleft()
            order.append(bus)
            for other in near[bus]:
                if parent[other] == -2:
                    parent[other] = bus
                    depth[other] = depth[bus] + 1
                    queue.append(other)
    return order, parent, depth


def _leaves(order: list[int], parent: list[int], children: list[list[int]]) -> list[int]:
    """Buses without children, in the order in which a depth-first walk meets them."""
    stack = [bus for bus in reversed(order) if parent[bus] == -1]
    found: list[int] = []
    while stack:
        bus = stack.pop()
        if not children[bus]:
            found.append(bus)
        stack.extend(reversed(children[bus]))
    return found


def _filled(xy: Floats, known: NDArray[np.bool_], near: list[list[int]]) -> Floats:
    """Buses without coordinates set beside the nearest bus that has them."""
    xy, known = xy.copy(), known.copy()
    queue = deque(int(bus) for bus in np.flatnonzero(known))
    while queue:
        bus = queue.popleft()
        for other in near[bus]:
            if not known[other]:
                xy[other], known[other] = xy[bus], True
                queue.append(other)
    xy[~known] = np.nanmin(xy[known], axis=0)
    return xy
