"""The geometry of a grid, made: ends on the map, phases, feeders, and what is labelled first."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmend.model.grid import SINGULAR, Grid
from gridmend.model.sections import Feeders, feeders
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.model.wiring import SAME_BUS
from gridmend.runtime.layout import branch_ends, bus_positions
from gridmend.runtime.live.geometry import KINDS, NO_FEEDER, Geometry

Ints = NDArray[np.int64]
Bits = NDArray[np.uint8]

PHASES = {"a": 1, "b": 2, "c": 4}
POINTS = ("sources", "capacitors", "generators", "pv_systems", "storages")
"""Tables of what stands at one bus."""
FEEDERS_MOST = 250
"""More feeders than these are not told apart by colour."""
_PASSES = 64
"""How many transformers may follow each other on the way to a secondary."""
_TIERS = {
    "source": 0, "substation_transformer": 0, "breaker": 1, "recloser": 1, "regulator": 1,
    "switch": 2, "sectionaliser": 2, "capacitor": 2, "generator": 2, "storage": 2,
    "disconnect": 2, "series_capacitor": 2, "reactor": 2,
}  # fmt: skip
"""Which kinds are labelled at which zoom; all others only near, and ties as breakers."""


@dataclass(frozen=True, eq=False)
class Places:
    """What the geometry and the coding of states share: elements and the phases of nodes.

    `ends` are the elements as (table, row, first bus, second bus, winding at the second end);
    `branch` [n] is the number of the branch in `topology`, -1 where it is none in service;
    `node_bits` [nodes of the topology] the phase of each, a secondary that of its primary.
    """

    topology: Topology
    ends: tuple[tuple[str, int, int, int, int], ...]
    branch: Ints
    node_bits: Bits
    normal: Snapshot
    own_feeders: Feeders

    @staticmethod
    def of(topology: Topology) -> Places:
        """Number the elements of a grid."""
        grid, normal = topology.grid, Snapshot.normal(topology.grid)
        ends = tuple(_ends(grid))
        branch = np.array([topology.branch_of.get(one[:2], -1) for one in ends], np.int64)
        bits = phase_bits(topology)
        return Places(topology, ends, branch, bits, normal, feeders(topology, normal))


def _ends(grid: Grid) -> list[tuple[str, int, int, int, int]]:
    """Branches, each pair of buses of a transformer once, then what stands at one bus."""
    found: dict[tuple[str, int, int, int], int] = {}
    for end in branch_ends(grid):
        found.setdefault(end, 2)
    index = grid.buses.index
    for table in POINTS:
        rows = grid.table(table)
        at = rows["bus1" if table == "capacitors" else "bus"]
        other = rows["bus2"] if table == "capacitors" else at
        for row, (one, two) in enumerate(zip(at, other, strict=True)):
            bus = index.get(one.lower())
            if bus is not None and (table != "capacitors" or one.lower() == two.lower()):
                found[table, row, bus, bus] = 1
    windings = grid.windings
    numbers = {
        (name.lower(), bus.lower()): int(number)
        for name, bus, number in zip(
            windings["transformer"], windings["bus"], windings["number"], strict=True
        )
    }
    names = grid.buses.texts("name")
    for table, row, one, two in found:
        if table == "transformers":
            key = str(grid.transformers["name"][row]).lower(), names[two].lower()
            found[table, row, one, two] = numbers.get(key, 2)
    return [(*end, number) for end, number in found.items()]


def phase_bits(topology: Topology) -> Bits:
    """[nodes] the phase of each as a bit; a node of another name, as a secondary's, has the phases
    of what feeds it with every switch closed."""
    w, grid = topology.wiring, topology.grid
    bits = np.array([PHASES.get(str(phase), 0) for phase in w.node_phase], np.uint8)
    usable = w.edge_kind != SAME_BUS
    grown, _ = topology.from_sources(usable, np.ones(len(grid.sources), bool))
    edge = grown.towards
    has = edge >= 0
    parent = np.full(len(bits), -1, np.int64)
    parent[has] = w.edge_from[edge[has]] + w.edge_to[edge[has]] - np.flatnonzero(has)
    for _ in range(_PASSES):
        bare = np.flatnonzero((bits == 0) & has)
        found = bits[parent[bare]]
        if not found.any():
            # A line between two bare nodes: the walk goes on from the next pass's parents.
            break
        bits[bare] = found
    return bits


def geometry_of(places: Places) -> Geometry:
    """The geometry of a grid. Its arrays are read-only."""
    topology, ends = places.topology, places.ends
    grid = topology.grid
    xy = bus_positions(grid)
    table, row, one, two, terminal = (list(column) for column in zip(*ends, strict=True))
    bus1, bus2 = np.array(one, np.int64), np.array(two, np.int64)
    kinds = [_kind(grid, t, r) for t, r in zip(table, row, strict=True)]
    normally_open = grid.switches.flags("normally_open")
    is_tie = [t == "switches" and bool(normally_open[r]) for t, r in zip(table, row, strict=True)]
    tier = [1 if tie else _TIERS.get(kind, 3) for kind, tie in zip(kinds, is_tie, strict=True)]
    names = tuple(_key(grid, t, r) for t, r in zip(table, row, strict=True))
    buses = tuple(grid.buses.texts("name"))
    labels, feeder = _feeders(places, bus1)
    flat = np.column_stack([xy[bus1], xy[bus2]]).astype(np.float32).reshape(len(ends), 4)
    low, high = xy.min(axis=0), xy.max(axis=0)
    return Geometry(
        xy=_fixed(flat),
        kind=_fixed(np.array([KINDS.index(kind) for kind in kinds], np.uint8)),
        phases=_fixed(_phases(places, table, row)),
        feeder=_fixed(feeder),
        tier=_fixed(np.array(tier, np.uint8)),
        bus1=_fixed(bus1.astype(np.uint32)),
        bus2=_fixed(bus2.astype(np.uint32)),
        names=names,
        buses=buses,
        kinds=KINDS,
        feeders=labels,
        extent=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
        revision=_revision(flat, names, buses),
        table=_fixed(np.array(table, object)),
        row=_fixed(np.array(row, np.int64)),
        terminal=_fixed(np.array(terminal, np.int64)),
    )


def _kind(grid: Grid, table: str, row: int) -> str:
    if table == "switches":
        return str(grid.switches["kind"][row])
    if table == "transformers":
        kind = str(grid.transformers["kind"][row])
        return {"substation": "substation_transformer", "regulator": kind}.get(kind, "transformer")
    if table == "capacitors":
        one, two = (str(grid.capacitors[f"bus{k}"][row]).lower() for k in (1, 2))
        return "capacitor" if one == two else "series_capacitor"
    return SINGULAR[table]


def _key(grid: Grid, table: str, row: int) -> str:
    """As `Grid.key` writes it, without looking it up."""
    name = str(grid.table(table)["name"][row]).lower()
    return name if table == "switches" else f"{SINGULAR[table]}.{name}"


def _phases(places: Places, table: list[str], row: list[int]) -> Bits:
    """[elements] the phases that each has."""
    w = places.topology.wiring
    edges = np.flatnonzero(w.edge_branch >= 0)
    by_branch = np.zeros(len(w.branch_row) + 1, np.uint8)
    for ends in (w.edge_from, w.edge_to):
        np.bitwise_or.at(by_branch, w.edge_branch[edges], places.node_bits[ends[edges]])
    found = by_branch[places.branch]
    for k in np.flatnonzero(places.branch < 0).tolist():
        rows = places.topology.grid.table(table[k])
        column = "phases" if table[k] not in ("capacitors", *_TWO_ENDED) else "phases1"
        words = str(rows[column][row[k]]).lower().split() if table[k] != "transformers" else ()
        found[k] = sum({PHASES.get(word, 0) for word in words})
    return found


_TWO_ENDED = ("lines", "switches", "reactors")


def feeder_labels(places: Places) -> tuple[str, ...]:
    """What feeds: feeders by their name or head, then sources by their key, so many as there is
    room for."""
    grid = places.topology.grid
    named = {
        head.lower(): name
        for name, head in zip(grid.feeders["name"], grid.feeders["head"], strict=True)
    }
    heads = [named.get(head.lower(), head) for head in places.own_feeders.heads]
    sources = [f"source.{str(name).lower()}" for name in grid.sources["name"]]
    return tuple(dict.fromkeys([*heads, *sources]))[:FEEDERS_MOST]


def fed_by(places: Places, labels: tuple[str, ...], snapshot: Snapshot) -> Bits:
    """[buses] the number of the feeder that feeds each at a snapshot; 255 where none does."""
    topology = places.topology
    grid = topology.grid
    number = {label: k for k, label in enumerate(labels)}
    named = {
        head.lower(): name
        for name, head in zip(grid.feeders["name"], grid.feeders["head"], strict=True)
    }
    found = feeders(topology, snapshot)
    heads = [number.get(named.get(head.lower(), head), NO_FEEDER) for head in found.heads]
    of_bus = np.array([*heads, NO_FEEDER], np.uint8)[found.of_bus]
    sources = [f"source.{str(name).lower()}" for name in grid.sources["name"]]
    by_source = np.array([*(number.get(s, NO_FEEDER) for s in sources), NO_FEEDER], np.uint8)
    source = np.full(len(grid.buses), -1, np.int64)
    np.maximum.at(source, topology.wiring.node_bus, topology.fed_by(snapshot))
    return np.where(of_bus == NO_FEEDER, by_source[source], of_bus).astype(np.uint8)


def _feeders(places: Places, bus1: Ints) -> tuple[tuple[str, ...], Bits]:
    """Labels of the feeders, and [elements] to which each normally belongs."""
    labels = feeder_labels(places)
    return labels, fed_by(places, labels, places.normal)[bus1]


def _revision(xy: NDArray[np.float32], names: tuple[str, ...], buses: tuple[str, ...]) -> int:
    digest = hashlib.sha256(xy.tobytes())
    digest.update("\n".join((*names, "", *buses)).encode())
    return int.from_bytes(digest.digest()[:4], "big") % 65535 + 1


def _fixed(array: Any) -> Any:
    array.flags.writeable = False
    return array
