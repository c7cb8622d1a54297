"""Fault currents at every bus, from the factor without loads.

A bus's own block of the impedance matrix is `L⁻ᵀ D⁻¹ L⁻¹` on its nodes: a forward
substitution that follows one path of the elimination tree a node, and a product. What is
before the fault is the network without load at the positions given.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from gridmend.model.arrays import Complexes, Ints
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.iteration import State, prepare, unloaded
from gridmend.powerflow.network import Network


@dataclass(frozen=True, eq=False)
class Thevenin:
    """What a bus's nodes see: `v_v` [k] before the fault [V], `z_ohm` [k, k]."""

    phases: tuple[str, ...]
    v_v: Complexes
    z_ohm: Complexes


def short_circuit(
    grid: Grid,
    snapshot: Snapshot | None = None,
    *,
    bus: str | None = None,
    fault_ohm: float = 0.0,
    network: Network | None = None,
) -> dict[str, dict[str, Any]]:
    """Fault currents by bus name, loads and DER left out.

    Parameters
    ----------
    snapshot
        Positions; the normal ones unless given.
    bus
        One bus only.
    fault_ohm
        Resistance from each faulted phase to ground, or between two phases [ohm].

    Returns
    -------
    dict
        Each bus: `three_phase_a`, `line_ground_a`, `line_line_a`, `line_line_ground_a` [A]:
        the largest current in a faulted phase over all phases or pairs, None where the bus
        has too few; `x_over_r` of its own impedance; `phases` with each phase's and pair's
        current. A bus that is de-energised, or that nothing joins, has None throughout.

    Raises
    ------
    GridError
        For an unknown bus or a negative fault resistance.
    """
    if not fault_ohm >= 0:
        raise GridError(
            f"a fault resistance of {fault_ohm} ohm is not possible", mend="give 0 or more"
        )
    network = network or Network.of(grid)
    state = prepare(network, snapshot or Snapshot.normal(grid), with_legs=False)
    before = unloaded(state)
    only = grid.buses.row(bus) if bus is not None else -1
    found: dict[str, dict[str, Any]] = {}
    work = np.zeros((len(_WORDS), network.pattern.n), complex)
    for row, nodes in _by_bus(network, only):
        seen = _thevenin(state, before, nodes, work)
        found[str(grid.buses["name"][row])] = _currents(seen, fault_ohm)
    for row in (only,) if only >= 0 else range(len(grid.buses)):
        found.setdefault(str(grid.buses["name"][row]), _currents(_NOTHING, fault_ohm))
    return found


_NOTHING = Thevenin((), np.empty(0, complex), np.empty((0, 0), complex))
_NO_RESISTANCE = 1e-6
"""Below this part of an impedance, its resistance is rounding."""

_WORDS = {"a": 0, "b": 1, "c": 2, "s1": 3, "s2": 4}


def _by_bus(network: Network, only: int) -> list[tuple[int, list[int]]]:
    groups: dict[int, list[int]] = {}
    for node, row in enumerate(network.nodes.bus.tolist()):
        if network.nodes.phase[node] in _WORDS and only in (-1, row):
            groups.setdefault(row, []).append(node)
    for nodes in groups.values():
        nodes.sort(key=lambda node: _WORDS[network.nodes.phase[node]])
    return sorted(groups.items())


def _thevenin(state: State, before: Complexes, nodes: list[int], work: Complexes) -> Thevenin:
    network = state.network
    live = [n for n in nodes if state.alive[n]]
    z = _block(
        state.factor.pattern.l_start,
        state.factor.pattern.l_rows,
        state.factor.l_values,
        state.factor.d,
        state.factor.pattern.parent,
        network.place[live],
        work,
    )
    base = network.nodes.base_v[live]
    phases = tuple(str(network.nodes.phase[n]) for n in live)
    return Thevenin(phases, before[live], z * np.outer(base, base))


@compiled
def _block(
    l_start: Ints,
    l_rows: Ints,
    l_values: Complexes,
    d: Complexes,
    parent: Ints,
    at: Ints,
    y: Complexes,
) -> Complexes:
    """[k, k] entries of the inverse at rows and columns `at` of the elimination order.

    `y` [k or more, n] is zero before and after.
    """
    k = len(at)
    for m in range(k):
        y[m, at[m]] = 1.0
        i = at[m]
        while i >= 0:
            yi = y[m, i]
            for p in range(l_start[i], l_start[i + 1]):
                y[m, l_rows[p]] -= l_values[p] * yi
            i = parent[i]
    z = np.zeros((k, k), np.complex128)
    for a in range(k):
        for b in range(k):
            i = at[a]
            total = 0.0j
            while i >= 0:
                total += y[a, i] * y[b, i] / d[i]
                i = parent[i]
            z[a, b] = total
    for m in range(k):
        i = at[m]
        while i >= 0:
            y[m, i] = 0.0
            i = parent[i]
    return z


def _currents(seen: Thevenin, fault_ohm: float) -> dict[str, Any]:
    n = len(seen.phases)
    detail: dict[str, float] = {}
    ground = [abs(_grounded(seen, [k], fault_ohm)[0]) for k in range(n)]
    between: list[float] = []
    double: list[float] = []
    for name, current in zip(seen.phases, ground, strict=True):
        detail[name] = current
    for a, b in combinations(range(n), 2):
        v = seen.v_v[a] - seen.v_v[b]
        z = seen.z_ohm[a, a] + seen.z_ohm[b, b] - 2 * seen.z_ohm[a, b] + fault_ohm
        between.append(abs(complex(v) / complex(z)) if z else float("inf"))
        double.append(float(np.abs(_grounded(seen, [a, b], fault_ohm)).max()))
        detail[f"{seen.phases[a]} {seen.phases[b]}"] = between[-1]
        detail[f"{seen.phases[a]} {seen.phases[b]} g"] = double[-1]
    three = _grounded(seen, [0, 1, 2], fault_ohm) if n == 3 else None
    return {
        "three_phase_a": float(np.abs(three).max()) if three is not None else None,
        "line_ground_a": max(ground, default=None),
        "line_line_a": max(between, default=None),
        "line_line_ground_a": max(double, default=None),
        "x_over_r": _x_over_r(seen),
        "phases": detail,
    }


def _grounded(seen: Thevenin, which: list[int], fault_ohm: float) -> Complexes:
    z = seen.z_ohm[np.ix_(which, which)] + fault_ohm * np.eye(len(which))
    return np.linalg.solve(z, seen.v_v[which])


def _x_over_r(seen: Thevenin) -> float | None:
    """Of the positive sequence where there are three phases, else of the first phase."""
    n = len(seen.phases)
    if not n:
        return None
    z = complex(seen.z_ohm[0, 0])
    if n == 3:
        turn = np.exp(2j * np.pi / 3 * np.arange(3))
        z = complex(np.conj(turn) @ seen.z_ohm @ turn) / 3
    return float(z.imag / z.real) if z.real > _NO_RESISTANCE * abs(z) else None
