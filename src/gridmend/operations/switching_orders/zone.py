"""What must be dead for the work, and the devices that keep it so."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmend.model.graph import adjacency, forest
from gridmend.model.grid import Grid
from gridmend.model.sections import Sections, sections
from gridmend.model.topology import Topology

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

VISIBLE = ("switch", "disconnect", "fuse")
"""Kinds of switch whose break can be seen: an assumption, since a model does not say."""
BREAKING = ("load", "fault")
"""What a device that interrupts load is said to break."""


@dataclass(frozen=True, eq=False)
class Zone:
    """The sections that must be dead, and how they are kept dead.

    `points` [rows of switches] part the zone from everything that could feed it: with all of them
    open and tagged, no other switch matters. `breaking` lie inside, break the load and bear no
    tag. `ders` stand inside and are disconnected; `sources` stand inside, and no switch parts
    them. `of_bus` [buses] is the number of the zone's part in which a bus lies, -1 outside;
    `grounds` are the buses that are earthed, by part. `notes` are what a planner should know.
    """

    elements: tuple[str, ...]
    points: tuple[int, ...]
    breaking: tuple[int, ...]
    ders: tuple[str, ...]
    sources: tuple[str, ...]
    of_bus: Ints
    grounds: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]

    @property
    def parts(self) -> int:
        """How many pieces the zone has; each has a clearance of its own."""
        return int(self.of_bus.max(initial=-1)) + 1

    def buses(self, grid: Grid) -> tuple[str, ...]:
        """The buses of the zone by name."""
        return tuple(str(b) for b in grid.buses["name"][self.of_bus >= 0])


def zone_of(topology: Topology, elements: Sequence[str], *, barred: Collection[int] = ()) -> Zone:
    """The sections of some elements, and the nearest devices on every side that could feed them.

    Every switch in service counts, fuses too; those of `barred` [rows] cannot be opened, and the
    zone goes on beyond them. A switch that is worked on does not part its own sides. Where a
    device has no visible break and one that has lies beyond it with nobody between, the zone goes
    on to that one, and the first only breaks the load. A side on which no source or DER can be
    reached whatever is closed needs no device. Nothing is judged here.
    """
    cut = sections(topology, separators=np.ones(len(topology.grid.switches), bool))
    w = topology.wiring
    inside = np.zeros(cut.count, bool)
    for element in elements:
        nodes = topology.nodes_of(element)
        inside[np.unique(cut.of_bus[w.node_bus[nodes]])] = True
    feeds = _feeding(topology, cut)
    notes: list[str] = []
    breaking: list[int] = []
    while True:
        points = _points(cut, inside, feeds)
        row = next((k for k in points if k in barred), None)
        if row is not None:
            inside[_beyond(cut, inside, row)] = True
            continue
        row = next((k for k in points if _gives_way(topology, cut, inside, feeds, k)), None)
        if row is None:
            break
        inside[_beyond(cut, inside, row)] = True
        breaking.append(row)
    grid = topology.grid
    for row in points:
        if grid.switches["kind"][row] not in VISIBLE:
            name, kind = grid.switches["name"][row], grid.switches["kind"][row]
            notes.append(
                f"{name} is a {kind} without a visible break: prove dead and earth behind it"
            )
    of_bus = _parted(topology, cut, inside, points)
    stands = [(name, topology.nodes_of(name)) for name in topology.infeeds]
    within = [name for name, at in stands if (of_bus[w.node_bus[at]] >= 0).any()]
    sources = tuple(name for name in within if name.startswith("source."))
    return Zone(
        elements=tuple(elements),
        points=tuple(points),
        breaking=tuple(breaking),
        ders=tuple(name for name in within if name not in sources),
        sources=sources,
        of_bus=of_bus,
        grounds=_grounds(topology, elements, of_bus, points),
        notes=tuple(notes),
    )  # fmt: skip


def _feeding(topology: Topology, cut: Sections) -> Flags:
    """[sections] whether a source or DER in service stands there, on or off."""
    found = np.zeros(cut.count, bool)
    for name in topology.infeeds:
        found[cut.of_bus[topology.wiring.node_bus[topology.nodes_of(name)]]] = True
    return found


def _points(cut: Sections, inside: Flags, feeds: Flags) -> list[int]:
    """Switches at the border beyond which something could feed, all other switches closed."""
    one, two = cut.ends.T
    there = (one >= 0) & (two >= 0)
    own = np.append(inside, False)
    border = np.flatnonzero(there & (own[one] != own[two]))
    outer = there & ~own[one] & ~own[two]
    reach = _reached(cut.count, one[outer], two[outer], np.flatnonzero(feeds & ~inside))
    far = np.where(own[one[border]], two[border], one[border])
    return border[reach[far]].tolist()


def _reached(count: int, one: Ints, two: Ints, seeds: Ints) -> Flags:
    """[sections] which of them pairs lead to from some."""
    start, neighbour, via = adjacency(one, two, count)
    usable = np.ones(len(one), bool)
    return forest(start, neighbour, via, usable, seeds.astype(np.int64), together=True).tree >= 0


def _beyond(cut: Sections, inside: Flags, row: int) -> int:
    one, two = cut.ends[row].tolist()
    return two if inside[one] else one


def _gives_way(topology: Topology, cut: Sections, inside: Flags, feeds: Flags, row: int) -> bool:
    """Whether a visible break lies just beyond a device that has none, with nobody between."""
    switches = topology.grid.switches
    kinds = switches["kind"]
    if kinds[row] in VISIBLE or switches["interrupts"][row] not in BREAKING:
        return False
    far = _beyond(cut, inside, row)
    rows, nodes = topology.wiring.load_nodes
    used = topology.grid.loads.flags("in_service")[rows]
    if feeds[far] or (cut.of_bus[topology.wiring.node_bus[nodes[used]]] == far).any():
        return False
    then = inside.copy()
    then[far] = True
    others = [k for k in _points(cut, then, feeds) if far in cut.ends[k].tolist()]
    return bool(others) and all(kinds[k] in VISIBLE for k in others)


def _parted(topology: Topology, cut: Sections, inside: Flags, points: Sequence[int]) -> Ints:
    """[buses] part of the zone, -1 outside: all that the points leave joined to it."""
    one, two = cut.ends.T
    passes = (one >= 0) & (two >= 0)
    passes[list(points)] = False
    one, two = one[passes], two[passes]
    start, neighbour, via = adjacency(one, two, cut.count)
    usable, seeds = np.ones(len(one), bool), np.flatnonzero(inside).astype(np.int64)
    tree = forest(start, neighbour, via, usable, seeds, together=False).tree
    _, number = np.unique(tree[tree >= 0], return_inverse=True)
    part = np.full(cut.count + 1, -1, np.int64)
    part[:-1][tree >= 0] = number
    return part[cut.of_bus]


def _grounds(
    topology: Topology, elements: Sequence[str], of_bus: Ints, points: Sequence[int]
) -> tuple[tuple[str, int], ...]:
    """Buses to earth: inside of every point, and at each end of an element that no earthed bus
    lies behind, so that people work between earths."""
    grid, w = topology.grid, topology.wiring
    found: dict[int, int] = {}
    for row in points:
        ends = [grid.buses.row(str(grid.switches[end][row])) for end in ("bus1", "bus2")]
        found |= {bus: int(of_bus[bus]) for bus in ends if of_bus[bus] >= 0}
    for element in elements:
        usable = topology.conducting(np.zeros(len(grid.switches), np.uint8))
        edges, rows = topology.switch_edges
        usable[edges] &= ~np.isin(rows, points)
        branch = topology.branch(element)
        if branch >= 0:
            usable &= w.edge_branch != branch
        piece, _ = topology.pieces(usable)
        for bus in np.unique(w.node_bus[topology.nodes_of(element)]).tolist():
            if not any(piece[bus] == piece[earthed] for earthed in found):
                found[bus] = int(of_bus[bus])
    names = grid.buses["name"]
    return tuple((str(names[bus]), part) for bus, part in found.items())
