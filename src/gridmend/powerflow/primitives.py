"""The matrices of all passive elements, flat, in the order of their elements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmend.model.arrays import Complexes, Ints
from gridmend.model.grid import Grid
from gridmend.powerflow.primitive import Batch

_TABLES = ("sources", "lines", "switches", "transformers", "capacitors", "reactors", "faults")


@dataclass(frozen=True, eq=False)
class Primitives:
    """Every passive element's matrix, one after the other.

    `nodes` and `values` are flat; element k has conductors `node_start[k]:node_start[k+1]`
    and its matrix, by rows, from `value_start[k]`. `place[table][row]` is the element of a
    row, -1 where it is out of service.
    """

    node_start: Ints
    nodes: Ints
    value_start: Ints
    values: Complexes
    table: NDArray[np.object_]
    row: Ints
    terminal: Ints
    place: dict[str, Ints]

    def of(self, table: str, row: int) -> tuple[Ints, slice]:
        """The conductors' nodes of one element and where its matrix lies in `values`."""
        k = self.place[table][row]
        nodes = self.nodes[self.node_start[k] : self.node_start[k + 1]]
        return nodes, slice(int(self.value_start[k]), int(self.value_start[k + 1]))

    def alike(self, table: str) -> Iterator[tuple[Ints, Ints, Ints]]:
        """The elements of a table by their size: rows [n], nodes [n, m], and where the values of
        their matrices stand [n, m, m]."""
        rows = np.flatnonzero(self.place[table] >= 0)
        k = self.place[table][rows]
        sizes = self.node_start[k + 1] - self.node_start[k]
        for m in np.unique(sizes).tolist():
            here, mine = sizes == m, k[sizes == m]
            nodes = self.nodes[self.node_start[mine][:, None] + np.arange(m)]
            entries: Ints = np.arange(m * m, dtype=np.int64).reshape(m, m)
            yield rows[here], nodes, self.value_start[mine][:, None, None] + entries


def primitives_of(grid: Grid, batches: list[Batch]) -> Primitives:
    """The matrices of batches, one after the other."""
    sizes = joined([np.full(len(b.rows), b.nodes.shape[1]) for b in batches], np.int64)
    node_start = np.concatenate([[0], np.cumsum(sizes)])
    value_start = np.concatenate([[0], np.cumsum(sizes**2)])
    row = np.concatenate([b.rows for b in batches]) if batches else np.empty(0, np.int64)
    table = np.empty(len(row), object)
    place = {t: np.full(len(grid.table(t)), -1, np.int64) for t in _TABLES}
    at = 0
    for b in batches:
        table[at : at + len(b.rows)] = b.table
        place[b.table][b.rows] = np.arange(at, at + len(b.rows))
        at += len(b.rows)
    return Primitives(
        node_start=node_start,
        nodes=joined([b.nodes.ravel() for b in batches], np.int64),
        value_start=value_start,
        values=joined([b.admittance.ravel() for b in batches], complex),
        table=table,
        row=row,
        terminal=joined([np.tile(b.terminal, len(b.rows)) for b in batches], np.int64),
        place=place,
    )


def joined(parts: list[NDArray[Any]], kind: Any) -> NDArray[Any]:
    """Arrays end to end; an empty one of a kind where there are none."""
    return np.concatenate(parts) if parts else np.empty(0, kind)
