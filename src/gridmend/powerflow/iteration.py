"""The iteration: load currents against a fixed factor, then damping, then Newton.

Voltages are in per unit of each node's base, in elimination order; only nodes with an
injection are iterated, the passive ones follow at the end by one back-substitution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Ints
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow import shunt
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
from gridmend.powerflow.newton import newton
from gridmend.powerflow.reach import reach

TOLERANCE_PU = 1e-10
"""Largest change of a voltage in the last iteration."""

_ANCHOR = 1e-6
"""Weak path to ground at a floating winding, of its own admittance (one part per million)."""

_PLAIN, _DAMPED = 60, 40
_DAMPING = 0.5


@dataclass(frozen=True, eq=False)
class State:
    """A network at positions, factored: everything that demand does not change.

    `values` primitives [S]; `admittance` [legs] what each leg adds to the factor [S];
    `driven` [nodes] source currents [A]; `alive` [nodes]; `floating` places in the elimination
    order of parts that had no path to ground and were anchored.
    """

    network: Network
    values: Complexes
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
    admittance = leg_admittance(network.legs, powers(network.legs, snapshot))
    if not with_legs:
        admittance = np.zeros_like(admittance)
    diagonal, upper = assemble(network, values, admittance)
    driven, roots = _sources(network, snapshot)
    alive = np.zeros(network.pattern.n, np.bool_)
    reach(network.pattern.start, network.pattern.rows, upper, roots, alive)
    factor = factorise(network.pattern, diagonal, upper, alive)
    floating = factor.anchored
    if len(floating):
        factor = factorise(network.pattern, _anchored(network, diagonal), upper, alive)
    return State(network, values, admittance, factor, driven, alive[network.place], floating)


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
    """Voltages at which sources, network and legs agree; `s_va` [legs] is rated power [VA]."""
    network = state.network
    v = _direct(state, state.driven, 0) if start_v is None else np.where(state.alive, start_v, 0.0)
    best = _fixed_point(state, s_va, v, _PLAIN, 1.0)
    if best.converged:
        return best
    start = best.v_v if np.isfinite(best.v_v).all() else v
    damped = _fixed_point(state, s_va, start, _DAMPED, _DAMPING)
    if damped.converged:
        return _counted(damped, best.iterations)
    tried = best.iterations + damped.iterations
    finite = damped.v_v if np.isfinite(damped.v_v).all() else v
    v_newton, converged, rounds, mismatch, worst = newton(
        network, state.values, state.driven, state.alive, s_va, finite, TOLERANCE_PU
    )
    if not np.isfinite(v_newton).all():
        return _counted(Solution(finite, False, rounds, float("inf"), damped.worst), tried)
    return Solution(v_newton, converged, tried + rounds, mismatch, worst)


def _counted(solution: Solution, before: int) -> Solution:
    return Solution(
        solution.v_v,
        solution.converged,
        solution.iterations + before,
        solution.mismatch_pu,
        solution.worst,
    )


def _fixed_point(
    state: State, s_va: Complexes, v: Complexes, limit: int, damping: float
) -> Solution:
    network = state.network
    first = network.first
    active = (network.place >= first) & state.alive
    base = network.nodes.base_v
    change, worst, count = np.inf, 0, 0
    previous = np.inf
    for count in range(1, limit + 1):
        rhs = state.driven + _compensation(state, s_va, v)
        found = _direct(state, rhs, first)
        step = np.where(active, np.abs(found - v) / base, 0.0)
        worst = int(np.argmax(step)) if len(step) else 0
        change = float(step[worst]) if len(step) else 0.0
        v = np.where(active, v + damping * (found - v), v)
        if not np.isfinite(change) or (change > 1e6):
            break
        if change < TOLERANCE_PU * (1 if damping == 1.0 else damping):
            break
        if count > 20 and change > 0.9 * previous and damping == 1.0 and change > 1e-8:
            break
        previous = change
    converged = bool(np.isfinite(change) and change < TOLERANCE_PU)
    if converged and first:
        v = _direct(state, state.driven + _compensation(state, s_va, v), 0)
    return Solution(v, converged, count, change, worst)


def _compensation(state: State, s_va: Complexes, v: Complexes) -> Complexes:
    """[nodes] what the factor's leg admittances take beyond what the legs take [A]."""
    legs = state.network.legs
    taken = leg_currents(legs, s_va, leg_voltages(legs, v))
    extra = state.admittance * across(legs, v) - taken
    total = np.zeros(len(v), complex)
    inject(legs.plus, legs.minus, extra, total)
    return total


def _direct(state: State, currents: Complexes, first: int) -> Complexes:
    """[nodes] voltages [V] that node currents [A] make in the factored network."""
    network = state.network
    base = network.nodes.base_v
    x = np.zeros(network.pattern.n, complex)
    x[network.place] = np.where(state.alive, currents * base, 0.0)
    substitute(state.factor, x, network.first, first)
    return x[network.place] * base


def unloaded(state: State) -> Complexes:
    """[nodes] voltages [V] of a state prepared without legs."""
    return _direct(state, state.driven, 0)


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
