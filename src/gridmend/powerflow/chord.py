"""The network with its legs linearised at a voltage: the matrix of one or more rounds.

The derivative of a leg's current is taken by differences of the same function that gives the
current, so that every model has one definition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gridmend.model.arrays import Complexes, Floats, Ints
from gridmend.powerflow.blocks import Blocks, factorise_blocks
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.jumps import beyond, taken
from gridmend.powerflow.legs import Answers, Crossing, Legs, answered, currents, leg_voltages

if TYPE_CHECKING:
    from gridmend.powerflow.iteration import State

_DIFFERENCE = 1e-6


@dataclass(frozen=True, eq=False)
class Line:
    """A factored linearisation; `slope` [legs, 4] derivative blocks of their currents [S].

    `diagonal` [n, 4] and `entries` [pattern, 4] are the matrix that `blocks` is the factor of.
    """

    blocks: Blocks
    slope: Floats
    diagonal: Floats
    entries: Floats


def linearised(
    state: State,
    s_va: Complexes,
    v: Complexes,
    into: Line | None = None,
    crossing: Crossing | None = None,
) -> Line:
    """The network linearised at node voltages [V].

    The arrays of `into`, which is no longer needed, are used again.
    """
    network, pattern = state.network, state.network.pattern
    slope = slopes(network.legs, s_va, v, crossing)
    diagonal = as_blocks(state.diagonal, into.diagonal if into else None)
    entries = as_blocks(state.upper, into.entries if into else None)
    _add_legs(network.leg_slots, slope, network.scale, diagonal, entries)
    alive = np.empty(pattern.n, np.bool_)
    alive[network.place] = state.alive
    blocks = factorise_blocks(pattern, diagonal, entries, alive, into.blocks if into else None)
    return Line(blocks, slope, diagonal, entries)


Taking = tuple[tuple[Ints, Ints, Floats, Floats], Answers, Ints, Floats]
"""The ends of legs, how they answer, which are balanced, and the slopes of a line."""


@compiled
def add_offsets(
    taking: Taking, s_va: Complexes, crossing: Crossing | None, x: Complexes, total: Complexes
) -> None:
    """Add to node currents [n] [pu] what legs would take at no voltage, were they as their slopes.

    `x` [n] are the voltages [pu] by place at which the legs' currents are taken.
    """
    (plus, minus, base_plus, base_minus), answers, balanced, slope = taking
    u = np.zeros(len(plus), np.complex128)
    for k in range(len(plus)):
        if plus[k] >= 0:
            u[k] = x[plus[k]] * base_plus[k]
        if minus[k] >= 0:
            u[k] -= x[minus[k]] * base_minus[k]
    taken = currents(answers, answered(balanced, u), s_va, crossing)
    for k in range(len(plus)):
        re, im = u[k].real, u[k].imag
        offset = (
            complex(slope[k, 0] * re + slope[k, 1] * im, slope[k, 2] * re + slope[k, 3] * im)
            - taken[k]
        )
        if plus[k] >= 0:
            total[plus[k]] += offset * base_plus[k]
        if minus[k] >= 0:
            total[minus[k]] -= offset * base_minus[k]


def slopes(legs: Legs, s_va: Complexes, v: Complexes, crossing: Crossing | None = None) -> Floats:
    """[legs, 4] derivative of each leg's current by its voltage, real and imaginary parts."""
    if crossing is None and legs.jump:
        crossing = taken(beyond(legs, v))
    return _slopes(legs.answers, leg_voltages(legs, v), s_va, crossing)


@compiled
def _slopes(answers: Answers, u_v: Complexes, s_va: Complexes, crossing: Crossing | None) -> Floats:
    slope, ahead, behind = np.empty((len(u_v), 4)), u_v.copy(), u_v.copy()
    for column, turn in enumerate((1.0 + 0.0j, 1.0j)):
        for k in range(len(u_v)):
            h = _DIFFERENCE * answers[1][k]
            ahead[k], behind[k] = u_v[k] + turn * h, u_v[k] - turn * h
        more = currents(answers, ahead, s_va, crossing)
        less = currents(answers, behind, s_va, crossing)
        for k in range(len(u_v)):
            h = _DIFFERENCE * answers[1][k]
            slope[k, column] = (more[k].real - less[k].real) / (2 * h)
            slope[k, 2 + column] = (more[k].imag - less[k].imag) / (2 * h)
    return slope


def as_blocks(values: Complexes, into: Floats | None = None) -> Floats:
    """[k, 4] complex numbers as real blocks, in the array `into` if given."""
    blocks = np.empty((len(values), 4)) if into is None else into
    _set_blocks(values, blocks)
    return blocks


@compiled
def _set_blocks(values: Complexes, blocks: Floats) -> None:
    for k in range(len(values)):
        re, im = values[k].real, values[k].imag
        blocks[k, 0], blocks[k, 1], blocks[k, 2], blocks[k, 3] = re, -im, im, re


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
