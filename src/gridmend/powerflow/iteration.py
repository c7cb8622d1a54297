"""The iteration: Newton's method with a matrix that is kept as long as it serves.

Each round solves `(Y + dI) v' = driven + dI v − I(v)` in real 2 × 2 blocks; no current is ever
formed as the small difference of two large ones, so switches of a micro-ohm do no harm. Only
nodes with an injection are iterated, the passive ones follow at the end by one
back-substitution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Ints
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow import jumps, shunt
from gridmend.powerflow.chord import Line, linearised, solved
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.factor import Factor, factorise, substitute
from gridmend.powerflow.legs import (
    Crossing,
    across,
    answered,
    inject,
    leg_admittance,
    leg_currents,
    leg_voltages,
    powers,
)
from gridmend.powerflow.network import Network, assemble
from gridmend.powerflow.positions import values_at
from gridmend.powerflow.reach import reach

TOLERANCE_PU = 1e-10
"""Largest change of a voltage in the last iteration, and in all that would follow it."""

_ANCHOR = 1e-6
"""Weak path to ground at a floating winding, of its own admittance (one part per million)."""

_ROUNDS = 100
_DAMPED_ROUNDS = 60
_DAMPING = 0.5
_WORTH_KEEPING = 0.5
_WORTH_KEEPING_OLD = 0.15
"""The same of a matrix that was made for another demand, which one made anew soon betters."""

_CLOSE_PU = 1e-5
_ROUNDING_PU = 1e-8
"""Below this a change that no longer shrinks, though the matrix was made there, is rounding: that
of a switch of a micro-ohm."""

_LEAST_DAMPING = 0.1


@dataclass(frozen=True, eq=False)
class State:
    """A network at positions, factored: everything that demand does not change.

    `values` primitives [S]; `diagonal` [n], `upper` [pattern] the nodal admittance without legs,
    in per unit and elimination order; `factor` of it with the legs' rated `admittance`
    [legs]; `driven` [nodes] source currents [A]; `alive` [nodes]; `floating` places in the
    elimination order of parts that had no path to ground and were anchored.
    """

    network: Network
    values: Complexes
    diagonal: Complexes
    upper: Complexes
    admittance: Complexes
    factor: Factor
    driven: Complexes
    alive: Flags
    floating: Ints


@dataclass(frozen=True, eq=False)
class Solution:
    """Voltages that satisfy a state's demand, or the best found."""

    v_v: Complexes
    converged: bool
    iterations: int
    mismatch_pu: float
    worst: int


def prepare(network: Network, snapshot: Snapshot, *, with_legs: bool = True) -> State:
    """Assemble and factor a network at positions; legs count by their rated admittance."""
    values = values_at(network, snapshot)
    diagonal, upper = assemble(network, values)
    driven, roots = sources_at(network, snapshot)
    admittance = leg_admittance(network.legs, powers(network.legs, snapshot))
    joined = assemble(network, values, admittance) if with_legs else (diagonal, upper)
    alive = np.zeros(network.pattern.n, np.bool_)
    reach(network.pattern.start, network.pattern.rows, joined[1], roots, alive)
    factor = factorise(network.pattern, *joined, alive)
    floating = factor.anchored
    if len(floating):
        diagonal = _anchored(network, diagonal)
        factor = factorise(network.pattern, _anchored(network, joined[0]), joined[1], alive)
    here = alive[network.place]
    return State(network, values, diagonal, upper, admittance, factor, driven, here, floating)


def _anchored(network: Network, diagonal: Complexes) -> Complexes:
    """The diagonal with a weak path to ground at every winding that nothing else holds."""
    held = network.grid.transformers.numbers("anti_float_ppm")
    anchored = diagonal.copy()
    for row, unit in network.units.items():
        if not held[row]:
            at = network.place[unit.nodes[unit.nodes >= 0]]
            anchored[at] += -1j * _ANCHOR * np.abs(diagonal[at])
    return anchored


def iterate(state: State, s_va: Complexes, start_v: Complexes | None = None) -> Solution:
    """Voltages at which sources, network and legs agree; `s_va` [legs] is rated power [VA].

    The matrix is linearised where the iteration starts and kept while each round brings it at
    least `_WORTH_KEEPING` closer, else made anew; a round that leads away is damped. Close to the
    end it is kept in any case, which takes its rounding out of the changes. Where that finds no
    rest, load currents are put against the rated factor, damped, and it tries again from there.
    """
    v = direct(state, state.driven) if start_v is None else np.where(state.alive, start_v, 0.0)
    found, _ = resume(state, s_va, v)
    if found.converged:
        return found
    again, _ = resume(state, s_va, _damped(state, s_va, direct(state, state.driven)))
    best = again if again.converged or again.mismatch_pu < found.mismatch_pu else found
    return replace(best, iterations=found.iterations + _DAMPED_ROUNDS + again.iterations)


def _damped(state: State, s_va: Complexes, v: Complexes) -> Complexes:
    """Voltages [V] after some rounds of load currents against the rated factor."""
    legs = state.network.legs
    for _ in range(_DAMPED_ROUNDS):
        taken = leg_currents(legs, s_va, leg_voltages(legs, v))
        currents = state.driven.copy()
        inject(legs.plus, legs.minus, state.admittance * across(legs, v) - taken, currents)
        found = v + _DAMPING * (direct(state, currents) - v)
        if not np.isfinite(found).all():
            return v
        v = found
    return v


def resume(
    state: State, s_va: Complexes, v: Complexes, line: Line | None = None, *, old: bool = False,
    going_on: bool = False,
) -> tuple[Solution, Line]:  # fmt: skip
    """Newton's rounds from voltages [V] near the answer, with a matrix made before if given.

    `old` says that it was made for another demand. Returns the matrix that was used last beside
    what was found; the one given is used up. Legs whose power jumps at a limit begin on a side
    that does not depend on where the rounds begin, unless they are `going_on` from the answer at
    other positions, and take another until all are where they belong.
    """
    legs = state.network.legs
    if not legs.jump:
        return _rounds(state, s_va, v, line, old=old)
    foretold = _foretold(state, s_va, v if going_on else None)
    sides = jumps.first(jumps.beyond(legs, foretold))
    found, line = _rounds(state, s_va, v, line, old=old, crossing=sides.crossing)
    rounds = found.iterations
    for _ in range(jumps.LOOKS):
        if found.converged:
            v, after = found.v_v, jumps.after(sides, jumps.beyond(legs, found.v_v), s_va)
        else:
            after = jumps.given_up(sides)
        if after is None:
            break
        anew, start = jumps.slides_differ(sides, after), v
        for crossing in jumps.stages(after):
            line = linearised(state, s_va, start, line, crossing) if anew else line
            found, line = _rounds(state, s_va, start, line, old=True, crossing=crossing)
            start, rounds = found.v_v, rounds + found.iterations
        sides = after
    return replace(found, iterations=rounds), line


def _foretold(state: State, s_va: Complexes, v: Complexes | None) -> Complexes:
    """Voltages [V] that tell on which side of a jump legs begin, as in the first round of OpenDSS.

    Legs are their rated admittances, but for what they take besides at `v` [V], or unless it is
    given at the voltages that their rated admittances make.
    """
    legs, y = state.network.legs, leg_admittance(state.network.legs, s_va)
    if not np.array_equal(y, state.admittance):
        state = replace(state, factor=_factor_of(state, y))
    v = direct(state, state.driven) if v is None else v
    currents, u = state.driven.copy(), across(legs, v)
    inject(legs.plus, legs.minus, y * u - leg_currents(legs, s_va, answered(legs, u)), currents)
    return direct(state, currents)


def _factor_of(state: State, admittance: Complexes) -> Factor:
    """The factor of a state with other admittances of its legs [S]."""
    network, alive = state.network, np.empty(len(state.alive), np.bool_)
    alive[network.place] = state.alive
    diagonal, upper = assemble(network, state.values, admittance)
    if len(state.floating):
        diagonal = _anchored(network, diagonal)
    return factorise(network.pattern, diagonal, upper, alive)


def _rounds(
    state: State, s_va: Complexes, v: Complexes, line: Line | None, *, old: bool,
    crossing: Crossing | None = None,
) -> tuple[Solution, Line]:  # fmt: skip
    """Newton's rounds with legs that cross their limits as said."""
    network = state.network
    place, base, first = network.place, network.nodes.base_v, network.first
    keep = _WORTH_KEEPING_OLD if old and line else _WORTH_KEEPING
    line = linearised(state, s_va, v, crossing=crossing) if line is None else line
    x, driven = np.empty(len(v), complex), np.empty(len(v), complex)
    x[place] = np.where(state.alive, v / base, 0.0)
    driven[place] = np.where(state.alive, state.driven * base, 0.0)
    change, worst, damping, rounds, converged, renewed = np.inf, first, 1.0, 0, False, False
    while not converged and rounds < _ROUNDS:
        rounds += 1
        found = solved(state, line, s_va, driven, x, first, crossing)
        before = change
        worst, change = _largest(first, found, x)
        if not np.isfinite(change):
            break
        if change > max(before, _CLOSE_PU):
            damping = max(damping / 2, _LEAST_DAMPING)
        else:
            damping = min(damping * 1.5, 1.0)
        _towards(first, found, damping, x)
        stalled = 0.9 * before < change < _ROUNDING_PU
        if _left(before, change) < TOLERANCE_PU or (stalled and renewed):
            x = solved(state, line, s_va, driven, x, 0, crossing) if first else x
            converged = True
        elif stalled or change > max(_CLOSE_PU, keep * before):
            renewed, keep = stalled, _WORTH_KEEPING
            line = linearised(state, s_va, x[place] * base, line, crossing)
    v = np.where(state.alive, x[place] * base, 0.0)
    node = int(np.argmax(place == worst)) if len(place) else 0
    return Solution(v, converged, rounds, change, node), line


def _left(before: float, change: float) -> float:
    """What rounds to come will change in all at the pace of the last two, or the last change."""
    pace = min(change / before, 0.99)
    return change * max(1.0, pace / (1 - pace))


@compiled
def _largest(first: int, found: Complexes, x: Complexes) -> tuple[int, float]:
    """Which place from `first` moves most, and how far; nan where one has no value."""
    worst, most = first, 0.0
    for k in range(first, len(x)):
        re, im = found[k].real - x[k].real, found[k].imag - x[k].imag
        square = re * re + im * im
        if not square <= most:
            worst, most = k, square
            if square != square:
                break
    return worst, math.sqrt(most)


@compiled
def _towards(first: int, found: Complexes, share: float, x: Complexes) -> None:
    for k in range(first, len(x)):
        x[k] += share * (found[k] - x[k])


def direct(state: State, currents: Complexes) -> Complexes:
    """[nodes] voltages [V] that node currents [A] make in the factored network."""
    network = state.network
    base = network.nodes.base_v
    x = np.zeros(network.pattern.n, complex)
    x[network.place] = np.where(state.alive, currents * base, 0.0)
    substitute(state.factor, x, network.first)
    return x[network.place] * base


def unloaded(state: State) -> Complexes:
    """[nodes] voltages [V] of a state prepared without legs."""
    return direct(state, state.driven)


def sources_at(network: Network, snapshot: Snapshot) -> tuple[Complexes, Ints]:
    """[nodes] current that sources drive into the network [A], and their places in the order."""
    table = network.grid.sources
    driven = np.zeros(network.pattern.n, complex)
    roots: list[int] = []
    for row in np.flatnonzero(snapshot.source_on).tolist():
        if network.primitives.place["sources"][row] < 0:
            continue
        nodes, span = network.primitives.of("sources", row)
        y = network.primitives.values[span].reshape(len(nodes), len(nodes))
        i = y @ shunt.source_voltages(table, row, len(nodes))
        np.add.at(driven, nodes[nodes >= 0], i[nodes >= 0])
        roots += network.place[nodes[nodes >= 0]].tolist()
    return driven, np.array(roots, np.int64)
