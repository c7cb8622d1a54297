"""The network with its legs linearised at a voltage: the matrix of one or more rounds.

The derivative of a leg's current is taken by differences of the same function that gives the
current, so that every model has one definition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.powerflow.blocks import Blocks, empty_blocks, factorise_into
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.jumps import beyond, taken
from gridmend.powerflow.legs import (
    Answers,
    Legs,
    Shares,
    answered,
    currents,
    leg_voltages,
)
from gridmend.powerflow.quads import as_block, put_block
from gridmend.powerflow.revaluing import Lists

if TYPE_CHECKING:
    from gridmend.powerflow.iteration import State
    from gridmend.powerflow.network import Network

_DIFFERENCE = 1e-6
_NONE = np.empty(0, np.int64)


Rooms = tuple[Complexes, Complexes, Complexes]
"""What a round found, what the one before found, and where that began."""


@dataclass(frozen=True, eq=False)
class Line:
    """A factored linearisation; `slope` [legs, 4] derivative blocks of their currents [S].

    `blocks` is the factor of what is left of the bare admittance where the legs begin, with what
    they add there, `added` [n + entries, 4]: to its diagonal, then to its entries. Rounds work in
    its `rooms` [nodes].
    """

    blocks: Blocks
    slope: Floats
    added: Floats
    rooms: Rooms


class Sloped(NamedTuple):
    """A state and a line as compiled code takes them; the line's arrays change in place.

    Of the network: the active rows begin at `first`, `ends` of legs by place with their voltage
    bases, how they `answers`, which are `balanced`, where they are `added` and by what scale, and
    the pattern of its factor: `parent` the elimination tree, `pattern_rows` the rows of entries,
    by `columns` and by `rows`, and from the first active one on `active_columns` and `active_rows`.
    Of the state: its `values`, `bare` nodal admittance, what is `live` [n], the `passive` part of
    its factor and what is the `rest`. Of the line: `slope`, what legs have `added`, the `factor`
    (lower, upper, inverse).
    """

    first: int
    ends: tuple[Ints, Ints, Floats, Floats]
    answers: Answers
    balanced: Ints
    legs_added: tuple[Ints, Floats]
    scale: Floats
    into: Lists
    legs_into: Lists
    parent: Ints
    pattern_rows: Ints
    columns: tuple[Ints, Ints, Ints]
    rows: tuple[Ints, Ints, Ints]
    active_columns: tuple[Ints, Ints]
    active_rows: tuple[Ints, Ints, Ints]
    values: Complexes
    bare: tuple[Complexes, Complexes]
    live: Flags
    passive: tuple[Complexes, Complexes]
    rest: Complexes
    slope: Floats
    added: Floats
    factor: tuple[Floats, Floats, Floats]


def sloped(state: State, line: Line, *, moving: bool = False) -> Sloped:
    """A state and a line as compiled code takes them; what only positions that are `moving` need
    is empty elsewhere, for making it takes longer than a solve."""
    network, pattern, blocks = state.network, state.network.pattern, line.blocks
    live = np.empty(pattern.n, np.bool_)
    live[network.place] = state.alive
    nothing, into, legs_into = (_NONE, _NONE, _NONE), (_NONE, _NONE), (_NONE, _NONE)
    columns = rows = active_rows = nothing
    if moving:
        columns, rows = pattern.lists
        active_rows = network.active.by_rows.lists
        into, legs_into = network.into, network.legs_into
    return Sloped(
        first=network.first,
        ends=network.leg_ends,
        answers=network.legs.answers,
        balanced=network.legs.balanced,
        legs_added=network.legs_added,
        scale=network.scale,
        into=into,
        legs_into=legs_into,
        parent=pattern.parent,
        pattern_rows=pattern.rows,
        columns=columns,
        rows=rows,
        active_columns=(network.active.start, network.active.rows),
        active_rows=active_rows,
        values=state.values,
        bare=(state.diagonal, state.upper),
        live=live,
        passive=(state.factor.l_values, state.factor.d),
        rest=state.rest,
        slope=line.slope,
        added=line.added,
        factor=(blocks.lower, blocks.upper, blocks.inverse),
    )


def linearised(
    state: State,
    s_va: Complexes,
    v: Complexes,
    into: Line | None = None,
    shares: Shares | None = None,
) -> Line:
    """The network linearised at node voltages [V].

    The arrays of `into`, a line of this network that is no longer needed, are used again, else
    those of its spare one: memory that is at hand costs less.
    """
    network = state.network
    made = into or network.spare.line() or _empty_line(network)
    if shares is None and network.legs.jump:
        shares = taken(beyond(network.legs, v))
    linearise(sloped(state, made), leg_voltages(network.legs, v), s_va, shares)
    return made


def _empty_line(network: Network) -> Line:
    active = network.active
    slope, added = (len(network.legs.plus), 4), (active.n + len(active.rows), 4)
    rooms = empty_rooms(network.pattern.n)
    return Line(empty_blocks(active), np.empty(slope), np.zeros(added), rooms)


def empty_rooms(n: int) -> Rooms:
    """Room for what rounds work with."""
    return np.empty(n, complex), np.empty(n, complex), np.empty(n, complex)


@compiled
def linearise(m: Sloped, u_v: Complexes, s_va: Complexes, shares: Shares | None) -> None:
    """Make a line in place at the voltages that its legs answer to [V]."""
    m.slope[:] = slopes_at(m.answers, u_v, s_va, shares)
    _add_legs(m.legs_added, m.slope, m.added)
    factorise_into(m.active_columns, m.rest, m.added, m.live[m.first :], m.factor)


@compiled
def add_offsets(
    m: Sloped, s_va: Complexes, shares: Shares | None, x: Complexes, total: Complexes
) -> None:
    """Add to node currents [n] [pu] what legs would take at no voltage, were they as their slopes.

    `x` [n] are the voltages [pu] by place at which the legs' currents are taken.
    """
    plus, minus, base_plus, base_minus = m.ends
    slope, u = m.slope, across_places(m.ends, x)
    taken_a = currents(m.answers, answered(m.balanced, u), s_va, shares)
    for k in range(len(plus)):
        re, im = u[k].real, u[k].imag
        offset = (
            complex(slope[k, 0] * re + slope[k, 1] * im, slope[k, 2] * re + slope[k, 3] * im)
            - taken_a[k]
        )
        if plus[k] >= 0:
            total[plus[k]] += offset * base_plus[k]
        if minus[k] >= 0:
            total[minus[k]] -= offset * base_minus[k]


@compiled
def across_places(ends: tuple[Ints, Ints, Floats, Floats], x: Complexes) -> Complexes:
    """[legs] voltage across each leg [V] at voltages by place `x` [n] [pu]."""
    plus, minus, base_plus, base_minus = ends
    u = np.zeros(len(plus), np.complex128)
    for k in range(len(plus)):
        if plus[k] >= 0:
            u[k] = x[plus[k]] * base_plus[k]
        if minus[k] >= 0:
            u[k] -= x[minus[k]] * base_minus[k]
    return u


def slopes(legs: Legs, s_va: Complexes, v: Complexes, shares: Shares | None = None) -> Floats:
    """[legs, 4] derivative of each leg's current by its voltage, real and imaginary parts."""
    if shares is None and legs.jump:
        shares = taken(beyond(legs, v))
    return slopes_at(legs.answers, leg_voltages(legs, v), s_va, shares)


@compiled
def slopes_at(answers: Answers, u_v: Complexes, s_va: Complexes, shares: Shares | None) -> Floats:
    """The same at the voltages that the legs answer to [V]."""
    slope, ahead, behind = np.empty((len(u_v), 4)), u_v.copy(), u_v.copy()
    for column, turn in enumerate((1.0 + 0.0j, 1.0j)):
        for k in range(len(u_v)):
            h = _DIFFERENCE * answers[1][k]
            ahead[k], behind[k] = u_v[k] + turn * h, u_v[k] - turn * h
        more = currents(answers, ahead, s_va, shares)
        less = currents(answers, behind, s_va, shares)
        for k in range(len(u_v)):
            h = _DIFFERENCE * answers[1][k]
            slope[k, column] = (more[k].real - less[k].real) / (2 * h)
            slope[k, 2 + column] = (more[k].imag - less[k].imag) / (2 * h)
    return slope


def as_blocks(values: Complexes) -> Floats:
    """[k, 4] complex numbers as real blocks."""
    blocks = np.empty((len(values), 4))
    _set_blocks(values, blocks)
    return blocks


@compiled
def _set_blocks(values: Complexes, blocks: Floats) -> None:
    for k in range(len(values)):
        put_block(blocks, k, as_block(values[k]))


@compiled
def _add_legs(legs_added: tuple[Ints, Floats], slope: Floats, added: Floats) -> None:
    where, scale = legs_added
    for at in where:
        if at >= 0:
            added[at, :] = 0.0
    for k in range(len(where)):
        if where[k] >= 0:
            for b in range(4):
                added[where[k], b] += scale[k] * slope[k // 4, b]
