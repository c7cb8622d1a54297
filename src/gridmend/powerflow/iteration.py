"""The iteration: Newton's method with a matrix that is kept as long as it serves.

Each round solves `(Y + dI) v' = driven + dI v − I(v)` in real 2 × 2 blocks; no current is ever
formed as the small difference of two large ones, so switches of a micro-ohm do no harm. Only
nodes with an injection are iterated, the passive ones follow at the end by one
back-substitution.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Ints
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow import shunt
from gridmend.powerflow.chord import linearised, solved
from gridmend.powerflow.factor import Factor, factorise, substitute
from gridmend.powerflow.legs import (
    across,
    inject,
    leg_admittance,
    leg_currents,
    leg_voltages,
    powers,
)
from gridmend.powerflow.network import Network, assemble, values_at
from gridmend.powerflow.reach import reach

TOLERANCE_PU = 1e-10
"""Largest change of a voltage in the last iteration."""

_ANCHOR = 1e-6
"""Weak path to ground at a floating winding, of its own admittance (one part per million)."""

_ROUNDS = 100
_DAMPED_ROUNDS = 60
_DAMPING = 0.5
_WORTH_KEEPING = 0.5
_CLOSE_PU = 1e-5
_ROUNDING_PU = 1e-8
"""Below this a change that no longer shrinks is the rounding of a switch of a micro-ohm."""

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
    driven, roots = _sources(network, snapshot)
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
    found = _newton(state, s_va, v)
    if found.converged:
        return found
    again = _newton(state, s_va, _damped(state, s_va, direct(state, state.driven)))
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


def _newton(state: State, s_va: Complexes, v: Complexes) -> Solution:
    first = state.network.first
    active = (state.network.place >= first) & state.alive
    base = state.network.nodes.base_v
    line = linearised(state, s_va, v)
    change, worst, damping, count = np.inf, 0, 1.0, 0
    for count in range(1, _ROUNDS + 1):
        found = solved(state, line, s_va, v, first)
        moved = np.where(active, np.abs(found - v) / base, 0.0)
        worst = int(np.argmax(moved)) if len(moved) else 0
        before, change = change, float(moved[worst]) if len(moved) else 0.0
        if not np.isfinite(change):
            break
        if change > max(before, _CLOSE_PU):
            damping = max(damping / 2, _LEAST_DAMPING)
        else:
            damping = min(damping * 1.5, 1.0)
        v = np.where(active, v + damping * (found - v), v)
        if change < TOLERANCE_PU or 0.9 * before < change < _ROUNDING_PU:
            v = solved(state, line, s_va, v, 0) if first else v
            return Solution(v, True, count, change, worst)
        if change > _CLOSE_PU and change > _WORTH_KEEPING * before:
            line = linearised(state, s_va, v)
    return Solution(v, False, count, change, worst)


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


def _sources(network: Network, snapshot: Snapshot) -> tuple[Complexes, Ints]:
    """[nodes] current that sources drive into the network [A], and where they stand."""
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
