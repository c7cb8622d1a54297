"""Which conductor joins which: the grid's elements as edges between nodes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import GridError, nearest
from gridmend.model.grid import Grid
from gridmend.model.table import Table

Ints = NDArray[np.int64]

CONDUCTOR, COUPLING, SAME_BUS = 0, 1, 2
"""Kinds of edge: a conductor; phases that a transformer couples; two nodes of one bus."""

NOT_LIVE = ("n", "g")
"""Conductors that are no nodes here: what hangs on a neutral or on ground is not energised."""

_PHASES_MOST = 64
_SERIES = ("lines", "switches", "capacitors", "reactors")


@dataclass(frozen=True, eq=False)
class Wiring:
    """Nodes, sorted by bus and phase, and edges between them, each of one branch.

    `bit` is the bit in `Snapshot.open_phases` that opens the edge; 0 where none does.
    """

    node_bus: Ints
    node_phase: NDArray[np.object_]
    edge_from: Ints
    edge_to: Ints
    edge_branch: Ints
    edge_bit: NDArray[np.uint8]
    edge_kind: Ints
    branch_table: NDArray[np.object_]
    branch_row: Ints
    source_nodes: tuple[Ints, Ints]
    """Row of the source and node, for each conductor that it drives."""
    load_nodes: tuple[Ints, Ints]
    """Row of the load and node, for each conductor in service that it hangs on."""


class _Keys:
    """Numbers a node by its bus and phase: `bus * 64 + phase`."""

    def __init__(self, grid: Grid) -> None:
        self.bus_of = grid.buses.index
        self.phase_of: dict[str, int] = {}

    def buses(self, table: Table, column: str) -> Ints:
        names = table.texts(column)
        rows = [self.bus_of.get(name.lower(), -1) for name in names]
        if -1 in rows:
            at = rows.index(-1)
            raise GridError(
                f"{table.schema.row} '{table['name'][at]}' has no bus '{names[at]}'",
                mend=nearest(names[at], self.bus_of),
            )
        return np.array(rows, np.int64)

    def phases(self, text: str) -> list[int]:
        codes: list[int] = []
        for word in text.lower().split():
            if word in NOT_LIVE:
                codes.append(-1)
                continue
            codes.append(self.phase_of.setdefault(word, len(self.phase_of)))
        if len(self.phase_of) > _PHASES_MOST:
            raise GridError(f"more than {_PHASES_MOST} names of phases: {', '.join(self.phase_of)}")
        return codes


@dataclass(frozen=True, eq=False)
class _Edges:
    """Edges that are still named by keys; arrays of equal length."""

    key_from: Ints
    key_to: Ints
    branch: Ints
    bit: NDArray[np.uint8]
    kind: Ints


def wiring(grid: Grid) -> Wiring:
    """The nodes and edges of everything in service; `GridError` where a bus is missing."""
    keys = _Keys(grid)
    tables: list[NDArray[np.object_]] = []
    rows: list[Ints] = []
    edges: list[_Edges] = []
    branches = 0
    for name in _SERIES:
        here = _series_rows(grid.table(name))
        edges += _series_edges(keys, grid.table(name), here, branches)
        tables.append(np.full(len(here), name, object))
        rows.append(here)
        branches += len(here)
    units = np.flatnonzero(grid.transformers.flags("in_service"))
    edges.append(_transformer_edges(keys, grid, units, branches))
    tables.append(np.full(len(units), "transformers", object))
    rows.append(units)
    sources = _places(keys, grid.sources)
    loads = _places(keys, grid.loads)
    joined = [np.concatenate([getattr(e, f) for e in edges]) for f in _Edges.__annotations__]
    key_from, key_to, branch, bit, kind = joined
    nodes, at = np.unique(
        np.concatenate([key_from, key_to, sources[1], loads[1]]), return_inverse=True
    )
    cuts = np.cumsum([len(key_from), len(key_to), len(sources[1])])
    node_from, node_to, source_node, load_node = np.split(at.astype(np.int64), cuts)
    bus = nodes // _PHASES_MOST
    chain = np.flatnonzero(bus[1:] == bus[:-1])
    phases = np.array([*keys.phase_of, ""], object)
    return Wiring(
        node_bus=bus,
        node_phase=phases[nodes % _PHASES_MOST],
        edge_from=np.concatenate([node_from, chain]),
        edge_to=np.concatenate([node_to, chain + 1]),
        edge_branch=np.concatenate([branch, np.full(len(chain), -1)]),
        edge_bit=np.concatenate([bit, np.zeros(len(chain), np.uint8)]),
        edge_kind=np.concatenate([kind, np.full(len(chain), SAME_BUS)]),
        branch_table=np.concatenate(tables),
        branch_row=np.concatenate(rows),
        source_nodes=(sources[0], source_node),
        load_nodes=(loads[0], load_node),
    )


def _series_rows(table: Table) -> Ints:
    """Rows in service that join two buses."""
    one = [name.lower() for name in table.texts("bus1")]
    two = [name.lower() for name in table.texts("bus2")]
    apart = np.array([a != b for a, b in zip(one, two, strict=True)], bool)
    return np.flatnonzero(table.flags("in_service") & apart)


def _series_edges(keys: _Keys, table: Table, rows: Ints, first: int) -> list[_Edges]:
    """One edge a conductor, for all rows of a table; rows with equal phases go together."""
    if not len(rows):
        return [_no_edges()]
    bus1, bus2 = keys.buses(table, "bus1"), keys.buses(table, "bus2")
    phases1, phases2 = table.texts("phases1"), table.texts("phases2")
    groups: dict[tuple[str, str], list[int]] = {}
    for number, row in enumerate(int(r) for r in rows):
        groups.setdefault((phases1[row], phases2[row]), []).append(number)
    edges: list[_Edges] = []
    for (text1, text2), numbers in groups.items():
        here = rows[numbers]
        ends = zip(keys.phases(text1), keys.phases(text2), strict=False)
        for k, (one, two) in enumerate(ends):
            if one < 0 or two < 0:
                continue
            bit = (1 << k) if table.schema.name == "switches" else 0
            edges.append(
                _Edges(
                    bus1[here] * _PHASES_MOST + one,
                    bus2[here] * _PHASES_MOST + two,
                    np.array(numbers, np.int64) + first,
                    np.full(len(here), bit, np.uint8),
                    np.full(len(here), CONDUCTOR),
                )
            )
    return edges or [_no_edges()]


def _transformer_edges(keys: _Keys, grid: Grid, units: Ints, first: int) -> _Edges:
    """Each winding joined to the first, phase by phase; phases coupled unless all is wye.

    Two units between the same nodes, as in an open-delta bank, are one path and not a loop.
    """
    windings = grid.windings
    bus = keys.buses(windings, "bus")
    by_unit: dict[str, list[tuple[list[int], bool]]] = {}
    order = np.argsort(windings.counts("number"), kind="stable")
    phases, connections = windings.texts("phases"), windings.texts("connection")
    owners = windings.texts("transformer")
    for at in (int(k) for k in order):
        live = [p for p in keys.phases(phases[at]) if p >= 0]
        nodes = [int(bus[at]) * _PHASES_MOST + phase for phase in live]
        by_unit.setdefault(owners[at].lower(), []).append((nodes, connections[at] == "wye"))
    found: list[tuple[int, int, int, int]] = []
    seen: set[tuple[int, int]] = set()
    names = grid.transformers.texts("name")
    for number, unit in enumerate(int(u) for u in units):
        ends = by_unit.get(names[unit].lower(), [])
        if len(ends) < 2 or not ends[0][0]:
            continue
        primary = ends[0][0]
        apart = all(wye and len(nodes) == len(primary) for nodes, wye in ends)
        for nodes, _ in ends[1:]:
            for k, node in enumerate(nodes):
                other = primary[k] if k < len(primary) else primary[0]
                pair = (min(node, other), max(node, other))
                if node == other:
                    continue
                kind = COUPLING if pair in seen else CONDUCTOR
                seen.add(pair)
                found.append((other, node, number + first, kind))
        if not apart:
            found += [(a, b, number + first, COUPLING) for a, b in pairwise(primary)]
    if not found:
        return _no_edges()
    key_from, key_to, branch, kind = np.array(found, np.int64).T
    return _Edges(key_from, key_to, branch, np.zeros(len(branch), np.uint8), kind)


def _places(keys: _Keys, table: Table) -> tuple[Ints, Ints]:
    """Row and key of each live conductor of what stands at one bus."""
    bus = keys.buses(table, "bus")
    texts = table.texts("phases")
    rows: list[int] = []
    found: list[int] = []
    for row in (int(r) for r in np.flatnonzero(table.flags("in_service"))):
        for phase in keys.phases(texts[row]):
            if phase >= 0:
                rows.append(row)
                found.append(int(bus[row]) * _PHASES_MOST + phase)
    return np.array(rows, np.int64), np.array(found, np.int64)


def _no_edges() -> _Edges:
    none = np.empty(0, np.int64)
    return _Edges(none, none, none, none.astype(np.uint8), none)
