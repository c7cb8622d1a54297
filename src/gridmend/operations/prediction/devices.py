"""The devices of a grid at its positions that may operate, and which zones each joins."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Flags, Ints
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.model.wiring import COUPLING
from gridmend.operations.prediction.tree import LANES, MASKS

LANE = {"a": 0, "b": 1, "c": 2, "s1": 0, "s2": 1, "1": 0, "2": 1, "3": 2}
"""Lane of each phase; both legs of a split phase have their own."""
ROOT_END = -1
"""The end of a source that is no zone of the grid."""


@dataclass(frozen=True)
class Device:
    """A device between two zones: pairs of lanes that it joins; `together` where it couples."""

    name: str
    kind: str
    branch: int
    ends: tuple[int, int]
    pairs: tuple[tuple[int, int], ...]
    together: bool = False
    ganged: bool = True


def sources_of(
    topology: Topology, before: Snapshot, of_bus: Ints, lanes: Ints
) -> list[Device]:  # fmt: skip
    rows, nodes = topology.wiring.source_nodes
    found: dict[tuple[int, int], set[int]] = defaultdict(set)
    for row, node in zip(rows.tolist(), nodes.tolist(), strict=True):
        if before.source_on[row]:
            found[row, int(of_bus[topology.wiring.node_bus[node]])].add(int(lanes[node]))
    names = topology.grid.sources.texts("name")
    return [
        Device(
            f"source.{names[row]}".lower(), "source", -1, (ROOT_END, zone),
            tuple((lane, lane) for lane in sorted(of)),
        )
        for (row, zone), of in found.items()
    ]  # fmt: skip


def branches_of(
    topology: Topology, usable: Flags, heads: Flags, of_bus: Ints, lanes: Ints
) -> list[Device]:
    """Every device between two zones; a transformer with three windings may give two."""
    w, switches = topology.wiring, topology.grid.switches
    kinds, ganged = switches.texts("kind"), switches.flags("ganged")
    edges = np.flatnonzero(usable & (w.edge_branch >= 0) & heads[w.edge_branch])
    joins: dict[tuple[int, int, int], list[tuple[int, int]]] = defaultdict(list)
    coupled = set(w.edge_branch[edges[w.edge_kind[edges] == COUPLING]].tolist())
    for edge in edges.tolist():
        one, two = int(w.edge_from[edge]), int(w.edge_to[edge])
        ends = int(of_bus[w.node_bus[one]]), int(of_bus[w.node_bus[two]])
        if ends[0] != ends[1]:
            pair = int(lanes[one]), int(lanes[two])
            joins[int(w.edge_branch[edge]), *ends].append(pair)
    found: list[Device] = []
    for (branch, one, two), pairs in joins.items():
        table, row = str(w.branch_table[branch]), int(w.branch_row[branch])
        name, kind = topology.branch_names[branch].lower(), "transformer"
        if table == "switches":
            name, kind = name.partition(".")[2], kinds[row]
        elif table != "transformers":
            kind = "lateral"
        is_ganged = bool(ganged[row]) and kind != "fuse" if table == "switches" else False
        found.append(
            Device(name, kind, branch, (one, two), tuple(pairs), branch in coupled, is_ganged)
        )
    return found


def lateral_heads(topology: Topology, usable: Flags, towards: Ints) -> Ints:
    """Lines that have fewer phases than the bus that feeds them has."""
    w = topology.wiring
    fed = np.bincount(w.node_bus[(towards >= 0)], minlength=len(topology.grid.buses))
    seeds = np.unique(w.source_nodes[1])
    fed = np.maximum(fed, np.bincount(w.node_bus[seeds], minlength=len(fed)))
    down = np.flatnonzero(towards >= 0)
    edge = towards[down]
    up_bus = w.node_bus[w.edge_from[edge] + w.edge_to[edge] - down]
    branch = w.edge_branch[edge]
    is_line = w.branch_table[branch] == "lines"
    width = np.bincount(branch, minlength=len(w.branch_row))
    thinner = is_line & (width[branch] < fed[up_bus])
    return np.unique(branch[thinner & usable[edge]])


def through_of(device: Device) -> tuple[int, list[int]]:
    """Mask of the lanes that it feeds, and what it hands on of each mask."""
    feeding: dict[int, set[int]] = defaultdict(set)
    for up, down in device.pairs:
        feeding[down].add(up)
    every = {up for up, _ in device.pairs}
    if device.together:
        feeding = dict.fromkeys(feeding, every)
    handed = []
    for mask in range(MASKS):
        dark = {lane for lane in range(LANES) if mask >> lane & 1}
        handed.append(sum(1 << down for down, ups in feeding.items() if ups <= dark))
    return sum(1 << down for down in feeding), handed


def phase_names(topology: Topology, devices: list[Device]) -> tuple[tuple[str, ...], ...]:
    split = ("s1", "s2", "")
    w = topology.wiring
    legs = set(
        w.edge_branch[np.isin(w.node_phase[w.edge_to], ("s1", "s2")) & (w.edge_branch >= 0)]
        .tolist()
    )  # fmt: skip
    return tuple(split if d.branch in legs else ("a", "b", "c") for d in devices)
