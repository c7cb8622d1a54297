"""What a fault at a line sees of the network: its ends' own block of the impedance matrix."""

from __future__ import annotations

import numpy as np

from gridmend.model.arrays import Complexes, Ints
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.iteration import State


def impedances(state: State, nodes: Ints) -> Complexes:
    """[m, k, k] entries of the inverse admittance between each row of nodes [m, k] [ohm].

    A node of -1 is none: its entries are zero. A network's inverse is found along one path of the
    elimination tree a node, as `short_circuit` does for buses.
    """
    network, pattern = state.network, state.factor.pattern
    here = nodes >= 0
    at = np.where(here, network.place[np.where(here, nodes, 0)], -1)
    base = np.where(here, network.nodes.base_v[np.where(here, nodes, 0)], 0.0)
    found = _blocks(
        pattern.l_start, pattern.l_rows, state.factor.l_values, state.factor.d, pattern.parent, at
    )
    return found * base[:, :, None] * base[:, None, :]


@compiled
def _blocks(
    l_start: Ints, l_rows: Ints, l_values: Complexes, d: Complexes, parent: Ints, at: Ints
) -> Complexes:
    rows, k = at.shape
    y = np.zeros((k, len(d)), np.complex128)
    z = np.zeros((rows, k, k), np.complex128)
    for row in range(rows):
        for m in range(k):
            i = at[row, m]
            if i >= 0:
                y[m, i] = 1.0
            while i >= 0:
                yi = y[m, i]
                for p in range(l_start[i], l_start[i + 1]):
                    y[m, l_rows[p]] -= l_values[p] * yi
                i = parent[i]
        for a in range(k):
            for b in range(a, k):
                i = at[row, a] if at[row, b] >= 0 else -1
                total = 0.0j
                while i >= 0:
                    total += y[a, i] * y[b, i] / d[i]
                    i = parent[i]
                z[row, a, b] = total
                z[row, b, a] = total
        for m in range(k):
            i = at[row, m]
            while i >= 0:
                y[m, i] = 0.0
                i = parent[i]
    return z
