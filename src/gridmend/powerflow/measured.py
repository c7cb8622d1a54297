"""What a control's transformers see: voltages across pairs of nodes, currents into conductors."""

from __future__ import annotations

import numpy as np

from gridmend.model.arrays import Complexes, Ints
from gridmend.powerflow.compiled import compiled


@compiled
def voltages_at(nodes: Ints, v: Complexes) -> Complexes:
    """[k] voltages of nodes to ground, -1 for ground itself."""
    seen = np.zeros(len(nodes), np.complex128)
    for k in range(len(nodes)):
        if nodes[k] >= 0:
            seen[k] = v[nodes[k]]
    return seen


@compiled
def voltages_across(plus: Ints, minus: Ints, v: Complexes) -> Complexes:
    """[k] voltages between nodes, -1 for ground."""
    return voltages_at(plus, v) - voltages_at(minus, v)


@compiled
def currents_into(conductors: Ints, nodes: Ints, values: Complexes, v: Complexes) -> Complexes:
    """[k] currents into some conductors of an element, of its matrix by rows and its nodes."""
    size = len(nodes)
    i = np.zeros(len(conductors), np.complex128)
    for k in range(len(conductors)):
        row = conductors[k] * size
        for at in range(size):
            if nodes[at] >= 0:
                i[k] += values[row + at] * v[nodes[at]]
    return i
