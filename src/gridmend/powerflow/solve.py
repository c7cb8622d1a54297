"""The solve: load currents against a fixed factor, then damping, then Newton.

Voltages are in per unit of each node's base, in elimination order; only nodes with an
injection are iterated, the passive ones follow at the end by one back-substitution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import Finding, GridError
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow import primitive
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.factor import Factor, Pattern, factorise, substitute
from gridmend.powerflow.legs import leg_admittance, leg_currents, powers
from gridmend.powerflow.network import Network, assemble, values_at
from gridmend.powerflow.newton import newton

Complexes = NDArray[np.complex128]
Ints = NDArray[np.int64]

TOLERANCE_PU = 1e-10
"""Largest change of a voltage in the last iteration."""

_PLAIN, _DAMPED = 60, 40
_DAMPING = 0.5


@dataclass(frozen=True, eq=False)
class State:
    """A network at positions, factored: everything that demand does not change.

    `values` primitives [S]; `admittance` [legs] what each leg adds to the factor [S];
    `driven` [nodes] source currents [A]; `alive` [nodes]; `flat_v` [nodes] voltages
    without demand [V].
    """

    network: Network
    values: Complexes
    diagonal: Complexes
    upper: Complexes
    admittance: Complexes
    factor: Factor
    driven: Complexes
    alive: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Solution:
    """Voltages that satisfy a state's demand, or the best found."""

    v_v: Complexes
    converged: bool
    iterations: int
    mismatch_pu: float
    worst: int


def solve(grid: Grid, snapshot: Snapshot | None = None, *, controls: str = "static") -> Flow:
    """Solve the unbalanced power flow of a grid.

    Parameters
    ----------
    grid
        What is there.
    snapshot
        Positions and demand; the normal ones unless given.
    controls
        `static`: regulators and capacitors settle, in the order of their delays; `off`:
        positions stay.

    Returns
    -------
    Flow
        With `converged` and `mismatch_pu`; it does not raise because it did not converge.

    Raises
    ------
    GridError
        Where the grid is no network: a bus that is not there, an impedance of zero.
    """
    return Network.of(grid).solve(snapshot, controls=controls)


def solve_network(network: Network, snapshot: Snapshot, *, controls: str) -> Flow:
    """The same on a compiled network."""
    if controls not in ("static", "off"):
        raise GridError(f"controls cannot be '{controls}'", mend="say static or off")
    if controls == "static" and (len(network.grid.tap_controls) or len(network.grid.capacitor_controls)):
        from gridmend.powerflow.controls import settle

        return settle(network, snapshot)
    state = prepare(network, snapshot)
    return as_flow(state, snapshot, iterate(state, powers(network.legs, snapshot)))


def prepare(network: Network, snapshot: Snapshot, *, with_legs: bool = True) -> State:
    """Assemble and factor a network at positions; legs count by their rated admittance."""
    values = values_at(network, snapshot)
    admittance = leg_admittance(network.legs, powers(network.legs, snapshot))
    if not with_legs:
        admittance = np.zeros_like(admittance)
    diagonal, upper = assemble(network, values, admittance)
    driven, roots = _sources(network, snapshot)
    alive = np.zeros(network.pattern.n, np.bool_)
    _reach(network.pattern.start, network.pattern.rows, upper, roots, alive)
    factor = factorise(network.pattern, diagonal, upper, alive)
    return State(network, values, diagonal, upper, admittance, factor, driven, alive[network.place])


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
        solution.v_v, solution.converged, solution.iterations + before, solution.mismatch_pu,
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
    for count in range(1, limit + 1):  # noqa: B007 - the count is used after the loop
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
    i = leg_currents(legs, s_va, v)
    total = np.zeros(len(v), complex)
    _inject(legs.plus, legs.minus, state.admittance, i, v, total)
    return total


@compiled
def _inject(
    plus: Ints, minus: Ints, admittance: Complexes, i_a: Complexes, v: Complexes, total: Complexes
) -> None:
    for k in range(len(plus)):
        u = 0.0j
        if plus[k] >= 0:
            u += v[plus[k]]
        if minus[k] >= 0:
            u -= v[minus[k]]
        extra = admittance[k] * u - i_a[k]
        if plus[k] >= 0:
            total[plus[k]] += extra
        if minus[k] >= 0:
            total[minus[k]] -= extra


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
        i = y @ primitive.source_voltages(table, row, len(nodes))
        np.add.at(driven, nodes[nodes >= 0], i[nodes >= 0])
        roots += network.place[nodes[nodes >= 0]].tolist()
    return driven, np.array(roots, np.int64)


@compiled
def _reach(
    start: Ints, rows: Ints, upper: Complexes, roots: Ints, alive: NDArray[np.bool_]
) -> None:
    n = len(alive)
    degree = np.zeros(n + 1, np.int64)
    for j in range(n):
        for p in range(start[j], start[j + 1]):
            if upper[p] != 0.0:
                degree[rows[p] + 1] += 1
                degree[j + 1] += 1
    at = np.cumsum(degree)
    fill = at.copy()
    near = np.empty(at[n], np.int64)
    for j in range(n):
        for p in range(start[j], start[j + 1]):
            if upper[p] != 0.0:
                i = rows[p]
                near[fill[i]] = j
                fill[i] += 1
                near[fill[j]] = i
                fill[j] += 1
    queue = np.empty(n, np.int64)
    length = 0
    for r in roots:
        if not alive[r]:
            alive[r] = True
            queue[length] = r
            length += 1
    head = 0
    while head < length:
        i = queue[head]
        head += 1
        for p in range(at[i], at[i + 1]):
            j = near[p]
            if not alive[j]:
                alive[j] = True
                queue[length] = j
                length += 1


def as_flow(
    state: State,
    snapshot: Snapshot,
    solution: Solution,
    *,
    control_iterations: int = 0,
    settled: bool = True,
) -> Flow:
    """The solution with its currents, and what it has to say."""
    network, v = state.network, solution.v_v
    s_va = powers(network.legs, snapshot)
    i_legs = leg_currents(network.legs, s_va, v)
    primitives = network.primitives
    i = _element_currents(primitives.node_start, primitives.nodes, primitives.value_start, state.values, v)
    _drive(network, snapshot, i)
    pairs = np.stack([i_legs, -i_legs], 1).ravel()
    bus = network.nodes.bus[solution.worst] if len(network.nodes.bus) else -1
    return Flow(
        nodes=network.nodes,
        terminals=network.terminals,
        snapshot=snapshot,
        v_v=v,
        i_a=np.concatenate([i, pairs]),
        energised=state.alive,
        converged=solution.converged and bool(state.alive.any()),
        iterations=solution.iterations,
        mismatch_pu=solution.mismatch_pu,
        worst_bus=str(network.grid.buses["name"][bus]) if bus >= 0 else "",
        control_iterations=control_iterations,
        controls_settled=settled,
        findings=_findings(state),
        bus_names=network.grid.buses["name"],
    )


def _drive(network: Network, snapshot: Snapshot, i: Complexes) -> None:
    """Take what a source drives off what its impedance takes."""
    primitives = network.primitives
    for row in np.flatnonzero(snapshot.source_on).tolist():
        k = primitives.place["sources"][row]
        if k >= 0:
            nodes, span = primitives.of("sources", row)
            y = primitives.values[span].reshape(len(nodes), len(nodes))
            volts = primitive.source_voltages(network.grid.sources, row, len(nodes))
            i[primitives.node_start[k] : primitives.node_start[k + 1]] -= y @ volts


@compiled
def _element_currents(
    node_start: Ints, nodes: Ints, value_start: Ints, values: Complexes, v: Complexes
) -> Complexes:
    i_a = np.zeros(len(nodes), np.complex128)
    for k in range(len(node_start) - 1):
        first, end = node_start[k], node_start[k + 1]
        at = value_start[k]
        for a in range(first, end):
            for b in range(first, end):
                if nodes[b] >= 0:
                    i_a[a] += values[at] * v[nodes[b]]
                at += 1
    return i_a


def _findings(state: State) -> tuple[Finding, ...]:
    network = state.network
    found: list[Finding] = []
    names, nodes = network.grid.buses["name"], network.nodes
    if len(state.factor.anchored):
        at = np.argsort(network.place)[state.factor.anchored]
        where = ", ".join(f"{names[nodes.bus[i]]}.{nodes.phase[i]}" for i in at[:5])
        found.append(Finding(
            "note", f"{len(at)} floating parts have no path to ground and were anchored", where,
            "ground a neutral or give the winding's transformer an anti_float_ppm",
        ))
    dead = ~state.alive
    if dead.any():
        buses = np.unique(nodes.bus[dead])
        where = ", ".join(names[buses[:5]]) + (" …" if len(buses) > 5 else "")
        found.append(Finding(
            "note", f"{int(dead.sum())} nodes at {len(buses)} buses are de-energised", where,
            "close a switch towards a source",
        ))
    return tuple(found)


__all__ = ["Factor", "Pattern", "Solution", "State", "as_flow", "iterate", "prepare", "solve", "solve_network"]
