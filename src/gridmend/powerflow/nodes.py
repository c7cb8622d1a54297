"""Numbering: every phase at every bus that an element uses is a node."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from gridmend.model.arrays import Ints
from gridmend.model.errors import GridError, nearest
from gridmend.model.flow import Nodes
from gridmend.model.grid import Grid
from gridmend.model.table import Table
from gridmend.powerflow.compiled import compiled

GROUND = -1
"""The node number of ground."""

NOTHING = -2
"""What stands in a row of nodes beyond its last conductor."""


@dataclass(frozen=True, eq=False)
class Ends:
    """One terminal of many elements: `count` [m] conductors, `nodes` [m, most] of each.

    A row of `nodes` ends with `NOTHING` where it has fewer conductors than the longest.
    """

    count: Ints
    nodes: Ints

    def lists(self) -> Iterator[list[int]]:
        """The nodes of each element."""
        for count, nodes in zip(self.count.tolist(), self.nodes.tolist(), strict=True):
            yield nodes[:count]


@dataclass
class Numbering:
    """Hands out node numbers while a network is compiled; it does not outlive that.

    Nodes are numbered as elements come, row by row, and in a row end by end. `numbers` [phases,
    buses] is -1 where a phase at a bus has none; `used` are the places in it, in order.
    """

    grid: Grid
    numbers: Ints = field(init=False)
    used: list[Ints] = field(default_factory=list[Ints])
    count: int = 0
    phases: dict[str, int] = field(default_factory=dict[str, int])
    words: dict[str, list[int]] = field(default_factory=dict[str, list[int]])

    def __post_init__(self) -> None:
        self.numbers = np.full((0, len(self.grid.buses)), -1, np.int64)

    def conductors(
        self, table: Table, row: int, bus_column: str = "bus", phases_column: str = "phases"
    ) -> list[int]:
        """The nodes of an element's terminal, one a conductor."""
        ends = self.ends(table, np.array([row]), (bus_column, phases_column))
        return next(ends[0].lists())

    def ends(self, table: Table, rows: Ints, *columns: tuple[str, str]) -> list[Ends]:
        """Each terminal of some rows of a table, named by its column of buses and of phases."""
        buses = [self._buses(table, rows, bus) for bus, _ in columns]
        for at, (bus, _) in _first_unknown(buses, columns):
            self._refuse(table, int(rows[at]), bus)
        spelt = [self._spelt(table[phases][rows].tolist()) for _, phases in columns]
        size = len(self.grid.buses)
        keys = np.concatenate(
            [
                np.where(w >= 0, w * size + b[:, None], w)
                for b, (_, w) in zip(buses, spelt, strict=True)
            ],
            axis=1,
        )
        nodes, used = _numbered(keys.ravel(), self.numbers.ravel(), self.count)
        self.used.append(used)
        self.count += len(used)
        cuts = np.cumsum([w.shape[1] for _, w in spelt])[:-1]
        parts = np.split(nodes.reshape(keys.shape), cuts, axis=1)
        return [Ends(count, part) for (count, _), part in zip(spelt, parts, strict=True)]

    def _buses(self, table: Table, rows: Ints, column: str) -> Ints:
        """[m] the row of each bus, -1 where there is none."""
        find = self.grid.buses.index.get
        return np.array([find(name.lower(), -1) for name in table[column][rows]], np.int64)

    def _spelt(self, texts: list[str]) -> tuple[Ints, Ints]:
        """How many phases each text names, and which [m, most]."""
        for text in set(texts) - self.words.keys():
            self.words[text] = [self._phase(word) for word in text.split()]
        kinds = {text: k for k, text in enumerate(dict.fromkeys(texts))}
        most = max((len(self.words[text]) for text in kinds), default=0)
        which = np.full((len(kinds), most), NOTHING, np.int64)
        for text, k in kinds.items():
            which[k, : len(self.words[text])] = self.words[text]
        kind = np.array([kinds[text] for text in texts], np.int64)
        return (which != NOTHING).sum(axis=1)[kind], which[kind]

    def _phase(self, word: str) -> int:
        """The row of a phase in `numbers`, which grows where it is new."""
        if word == "g":
            return GROUND
        if word not in self.phases:
            self.phases[word] = len(self.phases)
            fresh = np.full((1, self.numbers.shape[1]), -1, np.int64)
            self.numbers = np.concatenate([self.numbers, fresh])
        return self.phases[word]

    def _refuse(self, table: Table, row: int, column: str) -> None:
        bus = table[column][row]
        raise GridError(
            f"{table.schema.row} '{table['name'][row]}' has no bus '{bus}'",
            where=f"{table.schema.name}, column {column}",
            mend=nearest(bus, self.grid.buses) or "add the bus",
        )

    def nodes(self) -> Nodes:
        """All nodes so far, with their voltage bases."""
        keys = np.concatenate([np.empty(0, np.int64), *self.used])
        bus = keys % max(len(self.grid.buses), 1)
        words = np.empty(len(self.phases), object)
        words[:] = list(self.phases)
        phase = words[keys // max(len(self.grid.buses), 1)]
        base_kv = self.grid.buses.numbers("base_kv")[bus]
        unknown = np.unique(bus[~(base_kv > 0)])
        if len(unknown):
            named = ", ".join(self.grid.buses["name"][unknown[:5]])
            raise GridError(
                f"{len(unknown)} buses have no voltage base: {named}",
                mend="give them base_kv, line to line",
            )
        return Nodes(bus, phase, base_kv * 1000 / math.sqrt(3))


def _first_unknown(
    buses: Sequence[Ints], columns: Sequence[tuple[str, str]]
) -> Iterator[tuple[int, tuple[str, str]]]:
    """The first row that has a bus that is not there, and the columns where it is named."""
    unknown = np.stack(buses, 1) < 0
    for at in np.flatnonzero(unknown.any(axis=1))[:1].tolist():
        yield at, columns[int(np.argmax(unknown[at]))]


@compiled
def _numbered(keys: Ints, numbers: Ints, count: int) -> tuple[Ints, Ints]:
    """The number of each key, those that have none being numbered on from `count`, and their keys.

    A key below 0 stands for itself.
    """
    nodes = np.empty(len(keys), np.int64)
    used = np.empty(len(keys), np.int64)
    first = count
    for k in range(len(keys)):
        key = keys[k]
        if key < 0:
            nodes[k] = key
            continue
        if numbers[key] < 0:
            numbers[key] = count
            used[count - first] = key
            count += 1
        nodes[k] = numbers[key]
    return nodes, used[: count - first].copy()


def same_length(name: str, *terminals: Sequence[int]) -> None:
    """Raise `GridError` unless every terminal has as many conductors."""
    if len({len(t) for t in terminals}) > 1:
        counts = ", ".join(str(len(t)) for t in terminals)
        raise GridError(
            f"the terminals of '{name}' have different numbers of conductors: {counts}",
            mend="name as many phases at each end",
        )
