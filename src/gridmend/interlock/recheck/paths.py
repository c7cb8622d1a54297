"""What leads to where: the second checker's own graph, in plain dictionaries and sets."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from gridmend.model.grid import SINGULAR, Grid
from gridmend.model.wiring import CONDUCTOR, COUPLING, SAME_BUS, wiring

Node = tuple[str, str]
"""A bus and a phase; the transmission behind the sources is a bus without a name."""
TRANSMISSION = 3
LIVE, LOOP, SECTION = (CONDUCTOR, COUPLING), (CONDUCTOR, TRANSMISSION), (0, COUPLING, SAME_BUS)
"""Kinds of edge that count for what is live, for loops and for pieces between switches."""
_FEEDERS = ("sources", "generators", "pv_systems", "storages")


class Paths:
    """`edges` of each branch and source: number, two nodes and the bit that opens it."""

    def __init__(self, grid: Grid) -> None:
        self.grid, w = grid, wiring(grid)
        places = zip(grid.buses["name"][w.node_bus].tolist(), w.node_phase, strict=True)
        node: list[Node] = [(bus.lower(), phase) for bus, phase in places]
        self.nodes = {bus: {*nodes} for bus, nodes in groupby(node, lambda one: one[0])}
        self.edges = defaultdict[str, list[tuple[int, Node, Node, int]]](list)
        self.next = defaultdict[Node, list[tuple[Node, int, int]]](list)
        rows = [(SINGULAR[t], grid.table(t).record(n)) for t in _FEEDERS for n in grid.table(t)]
        used = {f"{of}.{row['name'].lower()}": row for of, row in rows if row["in_service"]}
        self.feeds = {key: self.nodes_of(key) for key in used}
        self.forming = {key for key, row in used.items() if row.get("grid_forming", False)}
        taps = map(grid.tap_controls.record, grid.tap_controls)
        units = {f"tap_control.{t['name']}": f"transformer.{t['transformer']}" for t in taps}
        self.units = {tap.lower(): {tap.lower(), unit.lower()} for tap, unit in units.items()}
        self.sources = {key for key in used if key.startswith("source.")}
        branches: Any = zip(w.branch_table, w.branch_row, strict=True)
        named = [f"{SINGULAR[t]}.{grid.table(t)['name'][row]}".lower() for t, row in branches]
        names: list[str] = [*(name.removeprefix("switch.") for name in named), ""]
        of = [names[int(branch)] for branch in w.edge_branch]
        ends: Any = zip(of, w.edge_from, w.edge_to, w.edge_bit, w.edge_kind, strict=True)
        edges: list[Any] = [(k, node[i], node[j], int(bit), kind) for k, i, j, bit, kind in ends]
        behind = [(key, one) for key in sorted(self.sources) for one in sorted(self.feeds[key])]
        edges += [(key, ("", one[1]), one, 1, TRANSMISSION) for key, one in behind]
        for number, (key, one, other, bit, kind) in enumerate(edges):
            self.edges[key].append((number, one, other, bit))
            self.next[one].append((other, number, kind))
            self.next[other].append((one, number, kind))

    def nodes_of(self, element: str) -> set[Node]:
        """The nodes at which an element or a bus stands; `GridError` where there is none."""
        table, at = self.grid.find(element)
        row = self.grid.table(table).record(self.grid.table(table)["name"][at])
        name = f"transformer.{row['transformer']}" if table == "tap_controls" else row["name"]
        name = f"{SINGULAR[table]}.{name}" if table not in ("tap_controls", "switches") else name
        if branch := self.edges.get(name.lower()):
            return {node for _, *ends, _ in branch for node in ends}
        bus = row.get("bus", row.get("bus1", row["name"])).lower()
        phases = row.get("phases", row.get("phases1", "")).lower().split()
        return {n for n in self.nodes.get(bus, ()) if n[1] in phases or table == "buses"}

    def reach(self, seeds: Iterable[Node], cut: set[int], kinds: Any = LIVE) -> set[Node]:
        """The nodes to which edges that are not cut lead."""
        found = set(seeds)
        todo = list(found)
        while todo:
            for other, edge, kind in self.next[todo.pop()]:
                if kind in kinds and edge not in cut and other not in found:
                    found.add(other)
                    todo.append(other)
        return found

    def leads(
        self, key: str, seeds: set[Node], targets: set[Node], cut: set[int], kinds: Any = LIVE
    ) -> bool:
        """Whether a path from seeds to targets runs through a device once it conducts."""
        if key in self.feeds:
            return bool(self.reach(self.feeds[key], cut, kinds) & targets)
        closed = cut - {edge for edge, *_ in self.edges[key]}
        for edge, one, other, _ in self.edges[key] if targets else ():
            here, there = (self.reach(nodes, closed | {edge}, kinds) for nodes in (seeds, targets))
            if (one in here and other in there) or (other in here and one in there):
                return True
        return False
