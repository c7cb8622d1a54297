"""What joins what at a snapshot: what is energised, what feeds it, islands, tracing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmend.model.graph import Forest, adjacency, forest
from gridmend.model.grid import SINGULAR, Grid
from gridmend.model.islanding import FORMING, formers
from gridmend.model.snapshot import Snapshot
from gridmend.model.uncut import Uncut, numbered
from gridmend.model.wiring import SAME_BUS, Wiring, wiring

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

DER = ("generators", "pv_systems", "storages")
"""Tables of what may feed beside the sources."""

KEPT_MOST = 16
"""Answers of `from_sources`, and of `parts`, that are kept."""


@dataclass(frozen=True, eq=False)
class Topology:
    """A grid's nodes and branches, numbered once; the methods answer for a snapshot.

    Branches are lines, switches, transformers, series capacitors and reactors in service.
    A node is a live phase at a bus; neutrals and ground are none. What a transformer couples
    is energised as one unless every winding is wye. Checked against a plain search in tests.
    """

    grid: Grid
    wiring: Wiring
    start: Ints
    neighbour: Ints
    via: Ints

    @staticmethod
    def of(grid: Grid) -> Topology:
        """Number a grid. Raises `GridError` where an element has a bus that is not there."""
        w = wiring(grid)
        return Topology(grid, w, *adjacency(w.edge_from, w.edge_to, len(w.node_bus)))

    @cached_property
    def branch_of(self) -> dict[tuple[str, int], int]:
        """Number of a branch by its table and row."""
        w = self.wiring
        pairs = zip(w.branch_table.tolist(), w.branch_row.tolist(), strict=True)
        return {pair: number for number, pair in enumerate(pairs)}

    @cached_property
    def branch_names(self) -> tuple[str, ...]:
        """Every branch by name, with its class."""
        return tuple(f"{SINGULAR[t]}.{self.grid.table(t)['name'][r]}" for t, r in self.branch_of)

    @cached_property
    def switch_edges(self) -> tuple[Ints, Ints]:
        """Edges that switches make, and the row of the switch for each."""
        w = self.wiring
        is_switch = np.append(w.branch_table == "switches", False)
        edges = np.flatnonzero(is_switch[w.edge_branch])
        return edges, w.branch_row[w.edge_branch[edges]]

    @cached_property
    def infeeds(self) -> dict[str, bool]:
        """Every source and DER in service, as `Grid.key` writes it, and whether it holds a voltage
        by itself. For a resource with a source in island mode that source does."""
        found: dict[str, bool] = {}
        stood_for = {(one.table, one.row) for one in formers(self.grid)}
        for table in (self.grid.sources, *(self.grid.table(name) for name in DER)):
            kind, forms = table.schema.name, table is self.grid.sources
            for row in np.flatnonzero(table.flags("in_service")).tolist():
                own = kind in FORMING and bool(table.flags("grid_forming")[row])
                key = f"{SINGULAR[kind]}.{table['name'][row]}".lower()
                found[key] = forms or (own and (kind, row) not in stood_for)
        return found

    def closed(self, snapshot: Snapshot) -> Flags:
        """[edges] whether an edge conducts at the snapshot's positions."""
        return self.conducting(snapshot.open_phases)

    def conducting(self, open_phases: NDArray[np.uint8]) -> Flags:
        """[edges] whether an edge conducts with switches [switches] open as these bits say."""
        usable = self.wiring.edge_kind != SAME_BUS
        edges, rows = self.switch_edges
        usable[edges] = (open_phases[rows] & self.wiring.edge_bit[edges]) == 0
        return usable

    def reached(self, usable: Flags, nodes: Ints) -> Flags:
        """[nodes] whether usable edges lead there from any of some nodes."""
        return forest(self.start, self.neighbour, self.via, usable, nodes, together=True).tree >= 0

    def parts(self, usable: Flags) -> Ints:
        """[nodes] a number each, equal where usable edges join them; phases stay apart.

        The last answers are kept, as those of `from_sources` are.
        """
        key = usable.tobytes()
        known = self._parted.get(key)
        if known is None:
            seeds = np.arange(len(self.wiring.node_bus), dtype=np.int64)
            grown = forest(self.start, self.neighbour, self.via, usable, seeds, together=False)
            known = self._parted[key] = grown.tree
            known.flags.writeable = False
            _keep_last(self._parted)
        return known

    def from_sources(self, usable: Flags, source_on: Flags) -> tuple[Forest, Ints]:
        """What the sources reach over usable edges, and [seeds] the source of each seed.

        The last answers are kept: one state is asked of by many. They are not to be written to.
        """
        key = usable.tobytes(), source_on.tobytes()
        known = self._grown.get(key)
        if known is None:
            rows, nodes = self.wiring.source_nodes
            on = source_on[rows]
            grown = forest(self.start, self.neighbour, self.via, usable, nodes[on], together=True)
            for array in (grown.tree, grown.towards, grown.order):
                array.flags.writeable = False
            known = self._grown[key] = grown, rows[on]
            _keep_last(self._grown)
        return known

    @cached_property
    def _grown(self) -> dict[tuple[bytes, bytes], tuple[Forest, Ints]]:
        return {}

    @cached_property
    def _parted(self) -> dict[bytes, Ints]:
        return {}

    def fed_by(self, snapshot: Snapshot) -> Ints:
        """[nodes] row of the source that feeds each node, the nearest of several, -1 where it is
        de-energised."""
        rows, nodes = self.wiring.source_nodes
        on = snapshot.source_on[rows]
        piece, count = self._uncut.pieces(snapshot.open_phases)
        own = np.full(count, -1, np.int64)
        own[piece[nodes[on]]] = rows[on]
        if (own[piece[nodes[on]]] == rows[on]).all():
            return own[piece]  # no two of them in one piece
        reached, rows = self.from_sources(self.closed(snapshot), snapshot.source_on)
        return np.concatenate([rows, [-1]])[reached.tree]

    def energised(self, snapshot: Snapshot) -> Flags:
        """[nodes] whether a source reaches each node."""
        sources, nodes = self.wiring.source_nodes
        return self.reached_at(snapshot.open_phases, nodes[snapshot.source_on[sources]])

    def reached_at(self, open_phases: NDArray[np.uint8], nodes: Ints) -> Flags:
        """[nodes] what can be `reached` over what conducts with switches [switches] open so."""
        return self._uncut.reached(open_phases, nodes)

    def parts_at(self, open_phases: NDArray[np.uint8]) -> Ints:
        """[nodes] the `parts` of what conducts with switches [switches] open so."""
        return self._uncut.pieces(open_phases)[0]

    @cached_property
    def _uncut(self) -> Uncut:
        return self._without_switches(self.wiring.edge_kind != SAME_BUS)

    @cached_property
    def _uncut_buses(self) -> Uncut:
        """The same where the nodes of a bus belong together."""
        return self._without_switches(np.ones(len(self.wiring.edge_kind), bool))

    def _without_switches(self, usable: Flags) -> Uncut:
        w, (edges, rows) = self.wiring, self.switch_edges
        usable[edges] = False
        ends = w.edge_from[edges], w.edge_to[edges]
        return Uncut.of(self.parts(usable), ends, rows, w.edge_bit[edges])

    def energised_buses(self, snapshot: Snapshot) -> Flags:
        """[buses] whether any node of each bus is energised."""
        found = np.zeros(len(self.grid.buses), bool)
        found[self.wiring.node_bus[self.energised(snapshot)]] = True
        return found

    def supplied(self, energised: Flags) -> Flags:
        """[loads] whether each load is in service with every phase energised."""
        rows, nodes = self.wiring.load_nodes
        wired = np.bincount(rows, minlength=len(self.grid.loads))
        live = np.bincount(rows[energised[nodes]], minlength=len(self.grid.loads))
        return (wired > 0) & (live == wired)

    def pieces(self, usable: Flags) -> tuple[Ints, int]:
        """[buses] number of the piece that usable edges make (-1 where nothing uses the bus),
        and how many pieces there are. The nodes of a bus belong together."""
        w = self.wiring
        usable = usable | (w.edge_kind == SAME_BUS)
        seeds = np.arange(len(w.node_bus), dtype=np.int64)
        tree = forest(self.start, self.neighbour, self.via, usable, seeds, together=False).tree
        number, count = numbered(tree)
        return self._of_buses(number), count

    def pieces_at(self, open_phases: NDArray[np.uint8]) -> tuple[Ints, int]:
        """The `pieces` of what conducts with switches [switches] open so."""
        number, count = self._uncut_buses.pieces(open_phases)
        return self._of_buses(number), count

    def _of_buses(self, of_node: Ints) -> Ints:
        """[buses] what is the same for all nodes of a bus, -1 where it has none."""
        of_bus = np.full(len(self.grid.buses), -1, np.int64)
        of_bus[self.wiring.node_bus] = of_node
        return of_bus

    def islands(self, snapshot: Snapshot) -> tuple[Ints, Ints]:
        """[buses] number of each bus's island (-1 where nothing uses the bus), and [islands]
        how many sources stand in each, so that 0 marks a dead one."""
        of_bus, count = self.pieces_at(snapshot.open_phases)
        rows, nodes = self.wiring.source_nodes
        on = snapshot.source_on[rows]
        places = np.stack([rows[on], of_bus[self.wiring.node_bus[nodes[on]]]])
        return of_bus, np.bincount(np.unique(places, axis=1)[1], minlength=count)

    def branch(self, element: str) -> int:
        """Number of the branch that an element is, or -1; `GridError` where there is none."""
        return -1 if _is_bus(element) else self.branch_of.get(self.grid.find(element), -1)

    def nodes_of(self, element: str) -> Ints:
        """The nodes at every terminal of an element in service, or of a bus named `bus.…`; of a
        tap control those of its transformer. A switch may go by its name alone."""
        w = self.wiring
        if _is_bus(element):
            return np.flatnonzero(w.node_bus == self.grid.buses.row(element.partition(".")[2]))
        switch = self.grid.switches.index.get(element.lower())
        table, row = self.grid.find(element) if switch is None else ("switches", switch)
        if table == "tap_controls":
            return self.nodes_of(f"transformer.{self.grid.tap_controls['transformer'][row]}")
        branch = self.branch_of.get((table, row))
        if branch is not None:
            edges = w.edge_branch == branch
            return np.unique(np.concatenate([w.edge_from[edges], w.edge_to[edges]]))
        if table in ("loads", "sources"):
            rows, nodes = w.load_nodes if table == "loads" else w.source_nodes
            return np.unique(nodes[rows == row])
        record = self.grid.table(table)
        if table == "transformers" or not record.flags("in_service")[row]:
            return np.empty(0, np.int64)
        one = "" if any(c.name == "bus" for c in record.schema.columns) else "1"
        here = np.flatnonzero(w.node_bus == self.grid.buses.row(record[f"bus{one}"][row]))
        return here[np.isin(w.node_phase[here], record[f"phases{one}"][row].lower().split())]

    def up(self, snapshot: Snapshot, element: str) -> Ints:
        """Branches from an element to the source that feeds it, nearest first."""
        w, own = self.wiring, self.branch(element)
        reached, _ = self.from_sources(self.closed(snapshot), snapshot.source_on)
        path: list[int] = []
        for node in self.nodes_of(element).tolist():
            at = node
            while reached.towards[at] >= 0:
                edge = int(reached.towards[at])
                path.append(int(w.edge_branch[edge]))
                at = int(w.edge_from[edge] + w.edge_to[edge]) - at
        return np.array([b for b in dict.fromkeys(path) if b != own], np.int64)

    def down(self, snapshot: Snapshot, element: str) -> tuple[Flags, Ints]:
        """[nodes] what would lose its supply without an element, and the closed branches
        among those nodes, the element itself left out."""
        w, own = self.wiring, self.branch(element)
        closed, sources = self.closed(snapshot), snapshot.source_on.copy()
        before = self.from_sources(closed, sources)[0].tree >= 0
        without = closed & (w.edge_branch != own) if own >= 0 else closed.copy()
        here = np.empty(0, np.int64)
        if _is_bus(element):
            here = self.nodes_of(element)
            without &= ~(np.isin(w.edge_from, here) | np.isin(w.edge_to, here))
        elif self.grid.find(element)[0] == "sources":
            sources[self.grid.find(element)[1]] = False
        after = self.from_sources(without, sources)[0].tree >= 0
        after[here] = False
        lost = before & ~after
        inside = closed & lost[w.edge_from] & lost[w.edge_to] & (w.edge_branch != own)
        return lost, np.unique(w.edge_branch[inside])


def _is_bus(element: str) -> bool:
    prefix, dot, _ = element.partition(".")
    return bool(dot) and prefix.lower() in ("bus", "buses")


def _keep_last(known: dict[Any, Any]) -> None:
    """Drop all but the last answers."""
    for old in list(known)[:-KEPT_MOST]:
        known.pop(old, None)
