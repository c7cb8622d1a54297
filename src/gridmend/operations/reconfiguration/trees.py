"""Sections and the switches between them, and every tree that these make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gridmend.model.sections import sections
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.reconfiguration.balanced import Flags

Gate = tuple[int, ...]
"""Rows of switches that move together: one, or single-phase ones that make one device."""


@dataclass(frozen=True, eq=False)
class Gates:
    """What may be switched: section 0 is all that holds a source.

    `gates` are the switches between two live sections, `ends` their sections, `closed` those
    that are closed before, `count` how many sections there are.
    """

    gates: tuple[Gate, ...]
    ends: tuple[tuple[int, int], ...]
    closed: frozenset[int]
    count: int

    @staticmethod
    def of(topology: Topology, snapshot: Snapshot, usable: Flags) -> Gates:
        """The gates at a snapshot: what is dead stays dead, and its switches as they stand."""
        cut = sections(topology, separators=usable, snapshot=snapshot)
        live = np.zeros(cut.count + 1, bool)
        node_section = cut.of_bus[topology.wiring.node_bus]
        live[node_section[topology.energised(snapshot)]] = True
        rows, nodes = topology.wiring.source_nodes
        roots = np.unique(node_section[nodes[snapshot.source_on[rows]]])
        number = np.full(cut.count + 1, -1, np.int64)
        others = np.setdiff1d(np.flatnonzero(live[:-1]), roots)
        number[roots], number[others] = 0, np.arange(1, len(others) + 1)
        found: dict[tuple[int, int], list[tuple[list[int], set[str], bool]]] = {}
        for row in np.flatnonzero(usable & (cut.ends >= 0).all(axis=1)).tolist():
            one, two = sorted(number[cut.ends[row]].tolist())
            if one < 0 or one == two:
                continue
            phases = set(topology.grid.switches["phases1"][row].split())
            is_closed = bool(snapshot.open_phases[row] == 0)
            together = found.setdefault((one, two), [])
            for rows_of, taken, was_closed in together:
                if not taken & phases and was_closed == is_closed:
                    rows_of.append(row)
                    taken.update(phases)
                    break
            else:
                together.append(([row], phases, is_closed))
        listed = [(ends, *gate) for ends, gates in found.items() for gate in gates]
        listed.sort(key=lambda gate: gate[1][0])
        return Gates(
            gates=tuple(tuple(rows_of) for _, rows_of, _, _ in listed),
            ends=tuple(ends for ends, *_ in listed),
            closed=frozenset(k for k, gate in enumerate(listed) if gate[3]),
            count=len(others) + 1,
        )

    def tree_count(self) -> float:
        """How many trees there are (Kirchhoff's theorem)."""
        laplacian = np.zeros((self.count, self.count))
        for one, two in self.ends:
            for a, b, value in ((one, one, 1), (two, two, 1), (one, two, -1), (two, one, -1)):
                laplacian[a, b] += value
        sign, log = np.linalg.slogdet(laplacian[1:, 1:])
        return float(np.round(np.exp(min(log, 700.0)))) if sign > 0 or self.count == 1 else 0.0

    def loop(self, closed: frozenset[int], gate: int) -> list[int] | None:
        """The closed gates on the loop that closing one more makes; None where it makes none."""
        towards: dict[int, tuple[int, int]] = {}
        start, goal = self.ends[gate]
        waiting, seen = [start], {start}
        by_section: dict[int, list[int]] = {}
        for k in sorted(closed):
            for end in self.ends[k]:
                by_section.setdefault(end, []).append(k)
        while waiting:
            here = waiting.pop(0)
            if here == goal:
                break
            for k in by_section.get(here, ()):
                there = sum(self.ends[k]) - here
                if k != gate and there not in seen:
                    seen.add(there)
                    towards[there] = (here, k)
                    waiting.append(there)
        if goal not in seen:
            return None
        path: list[int] = []
        while goal != start:
            goal, k = towards[goal]
            path.append(k)
        return path

    def is_tree(self, closed: frozenset[int]) -> bool:
        """Whether closed gates join all sections without a loop."""
        if len(closed) != self.count - 1:
            return False
        return all(self.loop(closed - {k}, k) is None for k in closed)


def every_tree(gates: Gates) -> Iterator[frozenset[int]]:
    """Every set of closed gates that makes a tree, each once.

    A loop is opened at each of its gates in turn, those before it kept closed.
    """
    everything = frozenset(range(len(gates.gates)))
    stack: list[tuple[frozenset[int], frozenset[int]]] = [(everything, frozenset())]
    while stack:
        closed, kept = stack.pop()
        around = _a_loop(gates, closed)
        if around is None:
            if gates.is_tree(closed):
                yield closed
            continue
        free = [k for k in around if k not in kept]
        for at, gate in enumerate(free):
            stack.append((closed - {gate}, kept | set(free[:at])))


def _a_loop(gates: Gates, closed: frozenset[int]) -> list[int] | None:
    grown: frozenset[int] = frozenset()
    for k in sorted(closed):
        path = gates.loop(grown, k)
        if path is not None:
            return [*path, k]
        grown |= {k}
    return None
