"""The network with its legs linearised at a voltage: the matrix of one or more rounds.

The derivative of a leg's current is taken by differences of the same function that gives the
current, so that every model has one definition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gridmend.model.arrays import Complexes, Floats, Ints
from gridmend.powerflow.blocks import Blocks, factorise_blocks, substitute_blocks
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.legs import Legs, across, inject, leg_currents, leg_voltages

if TYPE_CHECKING:
    from gridmend.powerflow.iteration import State

_DIFFERENCE = 1e-6


@dataclass(frozen=True, eq=False)
class Line:
    """A factored linearisation; `slope` [legs, 4] derivative blocks of their currents [S]."""

    blocks: Blocks
    slope: Floats


def linearised(state: State, s_va: Complexes, v: Complexes) -> Line:
    """The network linearised at node voltages [V]."""
    network, pattern = state.network, state.network.pattern
    slope = _slopes(network.legs, s_va, v)
    diagonal, entries = _as_blocks(state.diagonal), _as_blocks(state.upper)
    base = np.empty(pattern.n)
    base[network.place] = network.nodes.base_v
    columns = np.repeat(np.arange(pattern.n), np.diff(pattern.start))
    scale = np.concatenate([base**2, base[pattern.rows] * base[columns]])
    _add_legs(network.leg_slots, slope, scale, diagonal, entries)
    alive = np.empty(pattern.n, np.bool_)
    alive[network.place] = state.alive
    return Line(factorise_blocks(pattern, diagonal, entries, alive), slope)


def solved(state: State, line: Line, s_va: Complexes, v: Complexes, last: int) -> Complexes:
    """[nodes] voltages [V] of the linearised network, down to place `last` of the order."""
    network, legs = state.network, state.network.legs
    u = across(legs, v)
    slope = line.slope
    extra = (slope[:, 0] * u.real + slope[:, 1] * u.imag) + 1j * (
        slope[:, 2] * u.real + slope[:, 3] * u.imag
    )
    currents = state.driven.copy()
    inject(legs.plus, legs.minus, extra - leg_currents(legs, s_va, leg_voltages(legs, v)), currents)
    base = network.nodes.base_v
    x = np.zeros(len(v), complex)
    x[network.place] = np.where(state.alive, currents * base, 0.0)
    substitute_blocks(line.blocks, x.view(float).reshape(-1, 2), network.first, last)
    return x[network.place] * base


def _slopes(legs: Legs, s_va: Complexes, v: Complexes) -> Floats:
    """[legs, 4] derivative of each leg's current by its voltage, real and imaginary parts."""
    u = leg_voltages(legs, v)
    h = _DIFFERENCE * legs.rated_v
    by_real = (leg_currents(legs, s_va, u + h) - leg_currents(legs, s_va, u - h)) / (2 * h)
    by_imaginary = (leg_currents(legs, s_va, u + 1j * h) - leg_currents(legs, s_va, u - 1j * h)) / (
        2 * h
    )
    parts = [by_real.real, by_imaginary.real, by_real.imag, by_imaginary.imag]
    return np.ascontiguousarray(np.stack(parts, 1))


def _as_blocks(values: Complexes) -> Floats:
    parts = [values.real, -values.imag, values.imag, values.real]
    return np.ascontiguousarray(np.stack(parts, 1))


@compiled
def _add_legs(slots: Ints, slope: Floats, scale: Floats, diagonal: Floats, entries: Floats) -> None:
    n = len(diagonal)
    for k in range(len(slots)):
        at = slots[k]
        if at < 0:
            continue
        by = scale[at] if k % 4 < 2 else -scale[at]
        for b in range(4):
            if at < n:
                diagonal[at, b] += by * slope[k // 4, b]
            else:
                entries[at - n, b] += by * slope[k // 4, b]
