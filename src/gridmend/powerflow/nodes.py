"""Numbering: every phase at every bus that an element uses is a node."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gridmend.model.errors import GridError, nearest
from gridmend.model.flow import Nodes
from gridmend.model.grid import Grid
from gridmend.model.table import Table

GROUND = -1
"""The node number of ground."""


@dataclass
class Numbering:
    """Hands out node numbers while a network is compiled; it does not outlive that."""

    grid: Grid
    buses: dict[str, int] = field(init=False)
    numbers: dict[tuple[int, str], int] = field(default_factory=lambda: {})
    words: dict[str, tuple[str, ...]] = field(default_factory=lambda: {})

    def __post_init__(self) -> None:
        self.buses = dict(self.grid.buses.index)

    def conductors(
        self, table: Table, row: int, bus_column: str = "bus", phases_column: str = "phases"
    ) -> list[int]:
        """The nodes of an element's terminal, one a conductor."""
        bus, phases = table[bus_column][row], table[phases_column][row]
        at = self.buses.get(bus.lower())
        if at is None:
            raise GridError(
                f"{table.schema.row} '{table['name'][row]}' has no bus '{bus}'",
                where=f"{table.schema.name}, column {bus_column}",
                mend=nearest(bus, self.grid.buses) or "add the bus",
            )
        split = self.words.get(phases)
        if split is None:
            split = self.words[phases] = tuple(phases.split())
        numbers = self.numbers
        found: list[int] = []
        for word in split:
            if word == "g":
                found.append(GROUND)
                continue
            known = numbers.get((at, word))
            if known is None:
                known = numbers[at, word] = len(numbers)
            found.append(known)
        return found

    def nodes(self) -> Nodes:
        """All nodes so far, with their voltage bases."""
        keys = list(self.numbers)
        bus = np.array([k[0] for k in keys], np.int64)
        phase = np.empty(len(keys), object)
        phase[:] = [k[1] for k in keys]
        base_kv = self.grid.buses.numbers("base_kv")[bus] if keys else np.empty(0)
        unknown = np.unique(bus[~(base_kv > 0)])
        if len(unknown):
            named = ", ".join(self.grid.buses["name"][unknown[:5]])
            raise GridError(
                f"{len(unknown)} buses have no voltage base: {named}",
                mend="give them base_kv, line to line",
            )
        return Nodes(bus, phase, base_kv * 1000 / math.sqrt(3))


def same_length(name: str, *terminals: Sequence[int]) -> None:
    """Raise `GridError` unless every terminal has as many conductors."""
    if len({len(t) for t in terminals}) > 1:
        counts = ", ".join(str(len(t)) for t in terminals)
        raise GridError(
            f"the terminals of '{name}' have different numbers of conductors: {counts}",
            mend="name as many phases at each end",
        )
