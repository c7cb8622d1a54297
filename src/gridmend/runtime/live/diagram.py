"""The one-line diagram of a feeder: what switches and transforms, and the pieces between."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from gridmend.model.errors import GridmendError, nearest
from gridmend.runtime.live.views import Views

_NOTED = (
    "switch", "breaker", "recloser", "fuse", "sectionaliser", "disconnect", "regulator",
    "substation_transformer", "series_capacitor", "reactor",
)  # fmt: skip
EDGES_MOST = 2_000
"""Devices of one diagram; of a feeder with more, fuses are left out, then the rest beyond."""


def oneline(views: Views, feeder: str) -> dict[str, Any]:
    """Nodes are pieces of network between devices of note, laid out as a tree from the supply.

    Raises `GridmendError` for a feeder that is not there.
    """
    geometry = views.geometry
    labels = [label.lower() for label in geometry.feeders]
    if feeder.lower() not in labels:
        near = nearest(feeder, geometry.feeders)
        raise GridmendError(f"there is no feeder '{feeder}'", mend=near)
    number = labels.index(feeder.lower())
    piece, noted = _pieces(views, number)
    edges = _edges(views, piece, noted)
    depth, parent, order = _walked(views, edges)
    places = _laid(depth, parent, order)
    kinds = _labels(views, piece, set(places))
    return {
        "feeder": geometry.feeders[number],
        "nodes": [
            {"id": str(node), "x": x, "y": y, **kinds[node]} for node, (x, y) in places.items()
        ],
        "edges": [
            {"from": str(a), "to": str(b), "key": geometry.names[k],
             "kind": geometry.kinds[geometry.kind[k]], "index": k, "label": _name(views, k)}
            for k, a, b in edges
        ],
    }  # fmt: skip


def _pieces(views: Views, number: int) -> tuple[dict[int, int], list[int]]:
    """The piece of each bus of a feeder, and the devices of note in it or at its border."""
    geometry = views.geometry
    kinds = np.array([kind in _NOTED for kind in geometry.kinds])[geometry.kind]
    is_branch = geometry.bus1 != geometry.bus2
    own = geometry.feeder == number
    buses = np.zeros(len(geometry.buses), bool)
    buses[geometry.bus1[own & is_branch]] = buses[geometry.bus2[own & is_branch]] = True
    touches = is_branch & kinds & (buses[geometry.bus1] | buses[geometry.bus2])
    noted = np.flatnonzero(touches)
    if len(noted) > EDGES_MOST:
        fuse = geometry.kinds.index("fuse")
        noted = noted[geometry.kind[noted] != fuse][:EDGES_MOST]
    joined = np.flatnonzero(is_branch & own & ~touches)
    near: dict[int, list[int]] = {}
    for a, b in zip(geometry.bus1[joined].tolist(), geometry.bus2[joined].tolist(), strict=True):
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    ends = [*geometry.bus1[noted].tolist(), *geometry.bus2[noted].tolist()]
    piece: dict[int, int] = {}
    for bus in [*ends, *near]:
        if bus in piece:
            continue
        piece[bus] = bus
        queue = deque([bus])
        while queue:
            for other in near.get(queue.popleft(), ()):
                if other not in piece:
                    piece[other] = bus
                    queue.append(other)
    return piece, noted.tolist()


def _edges(views: Views, piece: dict[int, int], noted: list[int]) -> list[tuple[int, int, int]]:
    geometry = views.geometry
    return [(k, piece[int(geometry.bus1[k])], piece[int(geometry.bus2[k])]) for k in noted]


def _walked(
    views: Views, edges: list[tuple[int, int, int]]
) -> tuple[dict[int, int], dict[int, int], list[int]]:
    """Depth and parent of every piece, from what is nearest to a source outward, ties last."""
    fed = views.depth_of_bus
    is_tie = views.coder.normal_open
    near: dict[int, list[int]] = {}
    loose: dict[int, list[int]] = {}
    for k, a, b in edges:
        row = int(views.coder.switch[k])
        kept = loose if row >= 0 and is_tie[row] else near
        kept.setdefault(a, []).append(b)
        kept.setdefault(b, []).append(a)
    nodes = {n for _, a, b in edges for n in (a, b)}
    roots = sorted(nodes, key=lambda bus: (int(fed[bus]), bus))
    depth: dict[int, int] = {}
    parent: dict[int, int] = {}
    order: list[int] = []
    # What a tie alone joins hangs on the tie, and not on a source of its own.
    for which in (roots[:1], [n for n in roots if n in near], roots):
        for root in which:
            if root in depth:
                continue
            beside = [n for n in loose.get(root, ()) if n in depth and root not in near]
            depth[root] = depth[beside[0]] + 1 if beside else 0
            parent[root] = beside[0] if beside else -1
            order.append(root)
            queue = deque([root])
            while queue:
                node = queue.popleft()
                for other in near.get(node, ()):
                    if other not in depth:
                        depth[other], parent[other] = depth[node] + 1, node
                        order.append(other)
                        queue.append(other)
    return depth, parent, order


def _laid(
    depth: dict[int, int], parent: dict[int, int], order: list[int]
) -> dict[int, tuple[float, float]]:
    """Depth to the right, leaves stacked evenly, parents in the middle of their children."""
    children: dict[int, list[int]] = {node: [] for node in order}
    for node in order:
        if parent[node] >= 0:
            children[parent[node]].append(node)
    y: dict[int, float] = {}
    leaves = 0
    stack = [node for node in reversed(order) if parent[node] < 0]
    walked: list[int] = []
    while stack:
        node = stack.pop()
        walked.append(node)
        stack.extend(reversed(children[node]))
    for node in walked:
        if not children[node]:
            y[node] = float(leaves)
            leaves += 1
    for node in reversed(walked):
        if children[node]:
            y[node] = float(np.mean([y[c] for c in children[node]]))
    return {node: (float(depth[node]), y[node]) for node in walked}


def _labels(views: Views, piece: dict[int, int], nodes: set[int]) -> dict[int, dict[str, Any]]:
    """What stands in each piece: its bus, whether a source feeds it, customers."""
    geometry = views.geometry
    grid, customers = views.course.grid, views.figures.customers
    index = grid.buses.index
    count = dict.fromkeys(nodes, 0)
    loads = zip(grid.loads["bus"], customers.tolist(), strict=True)
    for bus, many in loads:
        at = piece.get(index.get(bus.lower(), -1), -1)
        if at in count:
            count[at] += many
    sources = {piece.get(index.get(str(bus).lower(), -1), -1) for bus in grid.sources["bus"]}
    return {
        node: {"label": geometry.buses[node], "kind": "source" if node in sources else "bus",
               "customers": count[node]}
        for node in nodes
    }  # fmt: skip


def _name(views: Views, k: int) -> str:
    geometry = views.geometry
    return str(views.course.grid.table(str(geometry.table[k]))["name"][int(geometry.row[k])])
