"""Every transformer of a network as flat arrays: those that are alike share a make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.powerflow.nodes import NOTHING, Numbering
from gridmend.powerflow.primitive import Batch
from gridmend.powerflow.transformer import Make, admittance, made


@dataclass(frozen=True, eq=False)
class Unit:
    """One transformer: its make, its windings' rows, and the nodes of its conductors."""

    row: int
    windings: Ints
    nodes: Ints
    make: Make


@dataclass(frozen=True, eq=False)
class Units(Mapping[int, Unit]):
    """Transformers in service by their row, from arrays: a unit is made when it is asked for.

    `rows` [units]; `make` [units] which of `makes` each is of; `windings` and `nodes` of all, one
    unit after the other, where those of each begin at `winding_start` and `node_start` [units + 1].
    """

    rows: Ints
    make: Ints
    makes: list[Make]
    winding_start: Ints
    windings: Ints
    node_start: Ints
    nodes: Ints

    def __getitem__(self, row: int) -> Unit:
        k = self._number[row]
        return Unit(
            row,
            self.windings[self.winding_start[k] : self.winding_start[k + 1]],
            self.nodes[self.node_start[k] : self.node_start[k + 1]],
            self.makes[int(self.make[k])],
        )

    def __iter__(self) -> Iterator[int]:
        return iter(self.rows.tolist())

    def __len__(self) -> int:
        return len(self.rows)

    def batches(self, tap_pu: Floats) -> list[Batch]:
        """Their primitives by make, at taps [all windings of the grid] [pu]."""
        found = list[Batch]()
        for number, make in enumerate(self.makes):
            alike = np.flatnonzero(self.make == number)
            windings = self.winding_start[alike][:, None] + np.arange(len(make.coil_v))
            nodes = self.node_start[alike][:, None] + np.arange(len(make.terminal))
            values = admittance(make, tap_pu[self.windings[windings]])
            batch = self.rows[alike], self.nodes[nodes], make.terminal, values
            found.append(Batch("transformers", *batch))
        return found

    @cached_property
    def _number(self) -> dict[int, int]:
        return {row: k for k, row in enumerate(self.rows.tolist())}


def units_of(grid: Grid, numbering: Numbering) -> Units:
    """Every transformer in service; those that are alike share a make."""
    windings, start, rows = _windings(grid)
    (ends,) = numbering.ends(grid.windings, windings, ("bus", "phases"))
    alike = _alike(grid, rows, windings, start, ends.count)
    sizes, makes = ends.count, list[Make]()
    for k in np.unique(alike, return_index=True)[1].tolist():
        own = slice(start[k], start[k + 1])
        makes.append(made(grid, int(rows[k]), windings[own].tolist(), sizes[own].tolist()))
    return Units(
        rows=rows,
        make=alike,
        makes=makes,
        winding_start=start,
        windings=windings,
        node_start=np.concatenate([[0], np.cumsum(sizes)])[start],
        nodes=ends.nodes[ends.nodes != NOTHING],
    )


def _windings(grid: Grid) -> tuple[Ints, Ints, Ints]:
    """Windings of transformers in service by transformer and number, where each transformer's
    begin, and the transformers' rows. Raises `GridError` for one with fewer than two."""
    rows = np.flatnonzero(grid.transformers.flags("in_service"))
    find = grid.transformers.index.get
    names = grid.windings["transformer"].tolist()
    owner = np.array([find(name.lower(), -1) for name in names], np.int64)
    order = np.lexsort((grid.windings.counts("number"), owner))
    count = np.bincount(owner[owner >= 0], minlength=len(grid.transformers))
    for row in rows[count[rows] < 2][:1].tolist():
        what = f"transformer '{grid.transformers['name'][row]}' has {count[row]} windings"
        raise GridError(what, mend="give it two or more")
    used = np.zeros(len(grid.transformers) + 1, np.bool_)
    used[rows] = True
    start = np.concatenate([[0], np.cumsum(count[rows])])
    return order[used[owner[order]]], start, rows


def _alike(grid: Grid, rows: Ints, windings: Ints, start: Ints, sizes: Ints) -> Ints:
    """[transformers] a number for each that those have in common which are made alike."""
    each = ("connection", "kv", "kva", "r_pct", "neutral_r_ohm", "neutral_x_ohm")
    own = ("phase_count", "no_load_loss_pct", "magnetising_pct", "anti_float_ppm", "vector_group")
    winding = _kinds(sizes.tolist(), *(grid.windings[c][windings].tolist() for c in each))
    counts = np.diff(start)
    most = int(counts.max(initial=0))
    at = start[:-1, None] + np.arange(most)
    there = np.arange(most) < counts[:, None]
    wound = np.where(there, winding[np.minimum(at, max(len(winding) - 1, 0))], -1)
    return _kinds(
        *wound.T.tolist(),
        [x.tobytes() for x in grid.transformers["x_pct"][rows]],
        *(grid.transformers[c][rows].tolist() for c in own),
    )


def _kinds(*columns: list[Any]) -> Ints:
    """[rows] a number for each that rows have in common which are equal, nan like nan."""
    known: dict[object, int] = {}
    plain = [[None if x != x else x for x in column] for column in columns]
    keys = zip(*plain, strict=True)
    return np.array([known.setdefault(key, len(known)) for key in keys], np.int64)
