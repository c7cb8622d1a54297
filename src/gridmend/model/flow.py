"""The solution of a power flow: what every node, terminal and element sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.model.errors import Finding
from gridmend.model.snapshot import Snapshot


@dataclass(frozen=True, eq=False)
class Nodes:
    """Every node of the grid: a phase at a bus. All arrays are [nodes]."""

    bus: Ints
    """Row in `grid.buses`."""
    phase: NDArray[np.object_]
    base_v: Floats
    """Voltage base, phase to ground [V]."""


@dataclass(frozen=True, eq=False)
class Terminals:
    """Every conductor of every terminal of every element. All arrays are [terminals]."""

    table: NDArray[np.object_]
    row: Ints
    terminal: Ints
    """Terminal of the element, from 1."""
    node: Ints
    """Row in `Nodes`; -1 is ground."""
    phase: NDArray[np.object_]

    def of(self, table: str, row: int | None = None) -> Ints:
        """Which are of a table, or of one of its rows, in their order."""
        at = self._by_table.get(table, np.empty(0, np.int64))
        return at if row is None else at[self.row[at] == row]

    @cached_property
    def _by_table(self) -> dict[str, Ints]:
        return {str(name): np.flatnonzero(self.table == name) for name in set(self.table.tolist())}


@dataclass(frozen=True, eq=False)
class Flow:
    """What a solve found. It is a result even where it did not converge.

    Arrays: `v_v` [nodes] complex voltage to ground [V]; `energised` [nodes]; `i_a`
    [terminals] complex current into the element [A]. A de-energised node has 0 V.
    `mismatch_pu` is the largest change of a voltage in the last iteration [pu of its base].
    `snapshot` has the positions that the solve ended with.
    """

    nodes: Nodes
    terminals: Terminals
    snapshot: Snapshot
    v_v: Complexes
    i_a: Complexes
    energised: Flags
    converged: bool
    iterations: int
    mismatch_pu: float
    worst_bus: str
    control_iterations: int = 0
    controls_settled: bool = True
    findings: tuple[Finding, ...] = ()
    bus_names: NDArray[np.object_] = field(repr=False, default_factory=lambda: np.empty(0, object))

    def __repr__(self) -> str:
        how = "converged" if self.converged else f"NOT CONVERGED, worst at bus {self.worst_bus},"
        return (
            f"<Flow of {len(self.v_v)} nodes: {how} after {self.iterations} iterations,"
            f" mismatch {self.mismatch_pu:.1e} pu>"
        )

    @property
    def v_pu(self) -> Floats:
        """[nodes] magnitude over the node's base [pu]."""
        return np.abs(self.v_v) / self.nodes.base_v

    @property
    def s_kva(self) -> Complexes:
        """[terminals] complex power into the element [kVA]."""
        node = self.terminals.node
        v = np.where(node >= 0, self.v_v[node], 0.0)
        return v * np.conj(self.i_a) / 1000

    def power_kva(self, table: str) -> Complexes:
        """[rows of `table`] complex power into each element, all terminals [kVA]."""
        here = self.terminals.of(table)
        rows, node = self.terminals.row[here], self.terminals.node[here]
        size = int(rows.max()) + 1 if len(rows) else 0
        s = np.where(node >= 0, self.v_v[node], 0.0) * np.conj(self.i_a[here]) / 1000
        return np.bincount(rows, s.real, size) + 1j * np.bincount(rows, s.imag, size)
