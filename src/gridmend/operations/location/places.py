"""Where a fault may be: the lines that are fed, how far away they are, and their sections."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.model.errors import GridError
from gridmend.model.grid import SINGULAR, Grid
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology

PHASES = ("a", "b", "c")
"""Conductors that faults are looked for on."""

End = tuple[str, int, int]
"""An element's table and row, and which of its ends, from 1."""


@dataclass(frozen=True, eq=False)
class Places:
    """The tree of what is fed, bus by bus, and the lines on it.

    `parent` [buses] is the bus on the way to the source, `via` [buses] the branch that leads there,
    both -1 at a source and where nothing feeds; `order` are fed buses from the sources outward;
    `away_m` [buses] the length of line from the source. `row` [lines] are rows of the lines that
    are fed, `up` and `down` [lines] their buses, `first` [lines] whether `up` is bus1.
    """

    topology: Topology
    parent: Ints
    via: Ints
    order: Ints
    away_m: Floats
    row: Ints
    up: Ints
    down: Ints
    first: Flags
    length_m: Floats

    @staticmethod
    def of(topology: Topology, snapshot: Snapshot) -> Places:
        """The places of a grid at a snapshot's positions. Where lines make a loop, the way to a bus
        is the one over the fewest branches."""
        grid, w = topology.grid, topology.wiring
        closed = topology.closed(snapshot)
        tree, _ = topology.from_sources(closed, snapshot.source_on)
        parent = np.full(len(grid.buses), -1, np.int64)
        via, at = parent.copy(), parent.copy()
        order: list[int] = []
        for node in tree.order.tolist():
            bus, edge = int(w.node_bus[node]), int(tree.towards[node])
            if at[bus] >= 0:
                continue
            at[bus] = len(order)
            order.append(bus)
            if edge >= 0:
                other = int(w.edge_from[edge] + w.edge_to[edge]) - node
                parent[bus], via[bus] = w.node_bus[other], w.edge_branch[edge]
        rows, ends = _lines(topology, at >= 0)
        later = at[ends[0]] > at[ends[1]]
        up, down = np.where(later, ends[::-1], ends)
        length_m = grid.lines.numbers("length_m")
        away_m = np.zeros(len(grid.buses))
        is_line = w.branch_table == "lines"
        for bus in order:
            branch = via[bus]
            if branch >= 0:
                own = length_m[w.branch_row[branch]] if is_line[branch] else 0.0
                away_m[bus] = away_m[parent[bus]] + own
        return Places(
            topology, parent, via, np.array(order, np.int64), away_m,
            rows, up, down, ~later, length_m[rows],
        )  # fmt: skip

    @property
    def grid(self) -> Grid:
        """The grid that they are of."""
        return self.topology.grid

    def name(self, line: int) -> str:
        """The key of a line, as `line.l52`."""
        return f"line.{self.grid.lines['name'][self.row[line]]}".lower()

    def share(self, line: int, outward: float) -> float:
        """A share of a line from its end towards the source as one from its first bus, or back."""
        return outward if self.first[line] else 1.0 - outward

    def between_m(self, one: tuple[int, float], other: tuple[int, float]) -> float:
        """Length of the way along lines between two points: line and share outward [m]."""
        (k, x), (j, y) = one, other
        if k == j:
            return abs(x - y) * float(self.length_m[k])
        here, there = self._way(k), self._way(j)
        at, to = self._away_m(k, x), self._away_m(j, y)
        shared = set(here) & set(there)
        if k in there or j in here:
            return abs(at - to)
        join = max((float(self.away_m[self.down[q]]) for q in shared), default=0.0)
        buses = set(self._buses(k)) & set(self._buses(j))
        join = max([join, *(float(self.away_m[b]) for b in buses)])
        return at + to - 2 * join

    def _away_m(self, line: int, outward: float) -> float:
        return float(self.away_m[self.up[line]] + outward * self.length_m[line])

    def _way(self, line: int) -> list[int]:
        """Lines on the way from a line to the source."""
        lines = {
            (int(u), int(d)): k for k, (u, d) in enumerate(zip(self.up, self.down, strict=True))
        }
        buses = self._buses(line)
        pairs = zip(buses[1:], buses, strict=False)
        return [lines[pair] for pair in pairs if pair in lines]

    def _buses(self, line: int) -> list[int]:
        found, bus = [], int(self.up[line])
        while bus >= 0:
            found.append(bus)
            bus = int(self.parent[bus])
        return found


def _lines(topology: Topology, fed: Flags) -> tuple[Ints, Ints]:
    """Rows of fed lines that have a phase of three, and [2, lines] the buses of their ends."""
    grid = topology.grid
    lines, index = grid.lines, grid.buses.index
    written = [set(text.lower().split()) & set(PHASES) for text in lines.texts("phases1")]
    use = lines.flags("in_service") & np.array([bool(p) for p in written], bool)
    ends = np.array(
        [[index[name.lower()] for name in lines.texts(column)] for column in ("bus1", "bus2")],
        np.int64,
    ).reshape(2, -1)
    rows = np.flatnonzero(use & fed[ends].all(axis=0) & (ends[0] != ends[1]))
    return rows, ends[:, rows]


@dataclass(frozen=True, eq=False)
class Cut:
    """The places cut up at borders: `section` [lines] of each line and `of_bus` [buses], -1 where
    nothing feeds, and what feeds each section, empty at a source."""

    section: Ints
    of_bus: Ints
    behind: tuple[str, ...]


def cut(places: Places, borders: Iterable[End]) -> Cut:
    """The sections between borders.

    A switch parts its two sides; another element at one of its ends leaves the element itself on
    the side of its other end.
    """
    topology, grid = places.topology, places.grid
    by_branch: dict[int, list[int]] = {}
    for table, row, end in borders:
        branch = topology.branch_of.get((table, row))
        if branch is not None:
            by_branch.setdefault(branch, []).append(end)
    names: dict[str, int] = {}
    of_bus = np.full(len(grid.buses), -1, np.int64)
    of_line = np.full(len(grid.lines), -1, np.int64)
    w = topology.wiring
    for bus in places.order.tolist():
        branch, parent = int(places.via[bus]), int(places.parent[bus])
        if branch < 0:
            of_bus[bus] = names.setdefault("", len(names))
            continue
        section = int(of_bus[parent])
        table, row = str(w.branch_table[branch]), int(w.branch_row[branch])
        ends = by_branch.get(branch, [])
        near = _near_end(grid, table, row, bus)
        for end in sorted(ends, key=lambda end: end != near):
            inner = end != near and table != "switches"
            if inner and table == "lines":
                of_line[row] = section
            section = names.setdefault(_named(grid, table, row, end), len(names))
        if table == "lines" and of_line[row] < 0:
            of_line[row] = section
        of_bus[bus] = section
    section = of_line[places.row]
    section = np.where(section < 0, of_bus[places.up], section)
    return Cut(section, of_bus, tuple(names))


def _near_end(grid: Grid, table: str, row: int, bus: int) -> int:
    """Which end of a branch is towards the source, where the other is at `bus`."""
    if table == "transformers":
        return 1
    return (
        2 if str(grid.table(table)["bus1"][row]).lower() == grid.buses["name"][bus].lower() else 1
    )


def _named(grid: Grid, table: str, row: int, end: int) -> str:
    name = str(grid.table(table)["name"][row]).lower()
    mark = "" if end == 1 else f"@{end}"
    return name if table == "switches" else f"{SINGULAR[table]}.{name}{mark}"


def end_of(grid: Grid, device: str) -> End:
    """What `line.l52@2` or `sw1` names. Raises `GridError` where there is no such element."""
    name, _, written = device.partition("@")
    end = int(written) if written.isdigit() else 1
    if written and end not in (1, 2):
        raise GridError(f"'{device}' has no end '{written}'", mend="add @1 or @2")
    row = grid.switches.index.get(name.lower())
    table, row = ("switches", row) if row is not None else grid.find(name)
    if table not in ("switches", "lines", "transformers", "reactors", "sources"):
        raise GridError(
            f"'{device}' carries no fault's current",
            mend="name a switch, a line, a transformer or a source",
        )
    return table, row, end
