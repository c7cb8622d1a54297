"""Which rows of a flow and of a topology belong to which element of the map."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.model.flow import Terminals
from gridmend.model.grid import Grid
from gridmend.model.snapshot import DEMANDS
from gridmend.powerflow.network import Network
from gridmend.runtime.live.geometry import Geometry
from gridmend.runtime.live.placing import Places

_RATED = {"generators": "rating_kva", "pv_systems": "rating_kva", "storages": "rating_kw"}


def nodes(places: Places, network: Network) -> Ints:
    """[nodes of the flow] which node of the topology each is; -1 for a neutral."""
    w, theirs = places.topology.wiring, network.nodes
    pairs = zip(w.node_bus.tolist(), w.node_phase.tolist(), strict=True)
    number = {pair: k for k, pair in enumerate(pairs)}
    wanted = zip(theirs.bus.tolist(), theirs.phase.tolist(), strict=True)
    return np.array([number.get((bus, str(phase)), -1) for bus, phase in wanted], np.int64)


def per_element(branch: Ints, edge_branch: Ints, branches: int) -> tuple[Ints, Ints]:
    """Element and edge, for every edge of every element's branch."""
    order = np.argsort(edge_branch, kind="stable")
    count = np.bincount(edge_branch[edge_branch >= 0], minlength=branches)
    first = np.searchsorted(edge_branch[order], np.arange(branches))
    elements = np.flatnonzero(branch >= 0)
    sizes = count[branch[elements]]
    within = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return (
        np.repeat(elements, sizes).astype(np.int64),
        order[np.repeat(first[branch[elements]], sizes) + within],
    )


def standing(geometry: Geometry, places: Places) -> tuple[Ints, Ints]:
    """Element and node, for what stands at one bus: the live phases that it has there."""
    w, grid = places.topology.wiring, places.topology.grid
    start = np.searchsorted(w.node_bus, np.arange(len(grid.buses) + 1))
    at: list[int] = []
    found: list[int] = []
    for k in np.flatnonzero(places.branch < 0).tolist():
        table, row = str(geometry.table[k]), int(geometry.row[k])
        rows = grid.table(table)
        if table in ("lines", "switches", "reactors", "transformers"):
            continue
        if not rows.flags("in_service")[row]:
            continue
        words = str(rows["phases1" if table == "capacitors" else "phases"][row]).lower().split()
        bus = int(geometry.bus1[k])
        for node in range(int(start[bus]), int(start[bus + 1])):
            if str(w.node_phase[node]) in words:
                at.append(k)
                found.append(node)
    return np.array(at, np.int64), np.array(found, np.int64)


def terminals_of(geometry: Geometry, terminals: Terminals) -> tuple[Ints, Ints]:
    """Element and terminal, for every terminal of every element."""
    place: list[Ints] = []
    ours: list[Ints] = []
    for table in dict.fromkeys(geometry.table.tolist()):
        here = np.flatnonzero(geometry.table == table)
        at = terminals.of(table)
        order = np.argsort(terminals.row[at], kind="stable")
        at = at[order]
        rows = geometry.row[here]
        low = np.searchsorted(terminals.row[at], rows, "left")
        sizes = np.searchsorted(terminals.row[at], rows, "right") - low
        within = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        place.append(np.repeat(here, sizes))
        ours.append(at[np.repeat(low, sizes) + within])
    return np.concatenate(place).astype(np.int64), np.concatenate(ours).astype(np.int64)


def der(grid: Grid, geometry: Geometry) -> Iterable[tuple[str, Ints, Ints, Floats]]:
    """Field of a snapshot, elements, rows and ratings of every kind of DER."""
    for table, name, _ in DEMANDS:
        here = np.flatnonzero(geometry.table == table)
        if table in _RATED and len(here):
            rows = geometry.row[here]
            yield name, here, rows, grid.table(table).numbers(_RATED[table])[rows]
