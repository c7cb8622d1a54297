"""Newton's method: the last resort where load currents do not settle.

Each round solves `(Y + dI) v' = driven + dI v − I(v)`; no current is ever formed as the small
difference of two large ones, so switches of a micro-ohm do no harm. The derivative of a leg's
current is taken by differences of the same function that gives the current, so that every model
has one definition. Close to the end the matrix is kept, which takes its rounding out of the
changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from scipy import sparse as scipy_sparse  # pyright: ignore[reportMissingTypeStubs]
from scipy.sparse import linalg as scipy_linalg  # pyright: ignore[reportMissingTypeStubs]

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.powerflow.legs import Legs, across, inject, leg_currents, leg_voltages
from gridmend.powerflow.network import Network, conductor_pairs

sparse = cast(Any, scipy_sparse)  # SciPy has no types of its own
linalg = cast(Any, scipy_linalg)

_ROUNDS = 60
_KEEP_BELOW_PU = 1e-5
_LEAST_DAMPING = 0.1
_DIFFERENCE = 1e-6


def newton(
    network: Network,
    values: Complexes,
    driven: Complexes,
    alive: Flags,
    s_va: Complexes,
    v: Complexes,
    tolerance_pu: float,
) -> tuple[Complexes, bool, int, float, int]:
    """Voltages [V], whether they converged, rounds, last change [pu] and where it was."""
    base = network.nodes.base_v
    live = np.flatnonzero(alive)
    admittance = _matrix(network, values)
    change, worst, damping, rounds = float("inf"), 0, 1.0, 0
    solve: Callable[[Complexes], Complexes] | None = None
    slope = (np.empty(0, complex), np.empty(0, complex))
    for rounds in range(1, _ROUNDS + 1):
        if solve is None or change > _KEEP_BELOW_PU:
            slope = _slopes(network.legs, s_va, v)
            try:
                solve = _linear(network, admittance, slope, live)
            except RuntimeError:  # SuperLU: exactly singular, so there is no way on
                break
        step = solve(driven + _beyond(network.legs, slope, s_va, v)) - v
        step[~alive] = 0.0
        before, moved = change, np.abs(step) / base
        worst = int(np.argmax(moved))
        change = float(moved[worst])
        if not np.isfinite(change):
            break
        if change > before:
            damping = max(damping / 2, _LEAST_DAMPING)
        v = v + damping * step
        if change < tolerance_pu:
            return v, True, rounds, change, worst
    return v, False, rounds, change, worst


def _matrix(network: Network, values: Complexes) -> Any:
    n = network.pattern.n
    a, b = conductor_pairs(network.primitives.node_start, network.primitives.nodes)
    here = (a >= 0) & (b >= 0)
    return sparse.csr_matrix((values[here], (a[here], b[here])), shape=(n, n))


def _beyond(
    legs: Legs, slope: tuple[Complexes, Complexes], s_va: Complexes, v: Complexes
) -> Complexes:
    """[nodes] what the linearised legs take at `v` beyond what the legs take [A]."""
    taken = leg_currents(legs, s_va, leg_voltages(legs, v))
    total = np.zeros(len(v), complex)
    u = across(legs, v)
    extra = slope[0] * u.real + slope[1] * u.imag - taken
    inject(legs.plus, legs.minus, extra, total)
    return total


def _linear(
    network: Network, admittance: Any, slope: tuple[Complexes, Complexes], live: Ints
) -> Callable[[Complexes], Complexes]:
    """Solves the network with linearised legs for node currents [A]: voltages [V]."""
    base, size = network.nodes.base_v, len(live)
    scale = sparse.diags(base[live])
    y = scale @ admittance[live][:, live] @ scale
    place = np.full(len(base), -1)
    place[live] = np.arange(size)
    real, imaginary = _leg_blocks(network.legs, place, size, slope, base)
    blocks = sparse.block_array(
        [[y.real + real[0], -y.imag + real[1]], [y.imag + imaginary[0], y.real + imaginary[1]]]
    ).tocsc()
    # Node by node in the elimination order and without pivoting, as the LDLᵀ: that keeps the
    # small against the large where a switch of a micro-ohm meets a line.
    by_node = np.argsort(network.place[live])
    kept = np.stack([by_node, by_node + size], 1).ravel()
    factor = linalg.splu(
        blocks[kept][:, kept],
        permc_spec="NATURAL",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )

    def solve(currents: Complexes) -> Complexes:
        r = (currents * base)[live]
        x = np.empty(2 * size)
        x[kept] = factor.solve(np.concatenate([r.real, r.imag])[kept])
        v = np.zeros(len(base), complex)
        v[live] = (x[:size] + 1j * x[size:]) * base[live]
        return v

    return solve


def _slopes(legs: Legs, s_va: Complexes, v: Complexes) -> tuple[Complexes, Complexes]:
    """[legs] derivative of each leg's current by the real and imaginary part of its voltage."""
    u = leg_voltages(legs, v)
    h = _DIFFERENCE * legs.rated_v

    def current(w: Complexes) -> Complexes:
        return leg_currents(legs, s_va, w)

    by_real = (current(u + h) - current(u - h)) / (2 * h)
    by_imaginary = (current(u + 1j * h) - current(u - 1j * h)) / (2 * h)
    return by_real, by_imaginary


def _leg_blocks(
    legs: Legs, place: Ints, size: int, slope: tuple[Complexes, Complexes], base: Floats
) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    rows: list[Ints] = []
    columns: list[Ints] = []
    dr: list[Complexes] = []
    di: list[Complexes] = []
    for a, sign_a in ((legs.plus, 1.0), (legs.minus, -1.0)):
        for b, sign_b in ((legs.plus, 1.0), (legs.minus, -1.0)):
            here = (a >= 0) & (b >= 0)
            here[here] &= (place[a[here]] >= 0) & (place[b[here]] >= 0)
            weight = sign_a * sign_b * base[a[here]] * base[b[here]]
            rows.append(place[a[here]])
            columns.append(place[b[here]])
            dr.append(weight * slope[0][here])
            di.append(weight * slope[1][here])
    at = (np.concatenate(rows), np.concatenate(columns))
    r, i = np.concatenate(dr), np.concatenate(di)

    def block(values: Floats) -> Any:
        return sparse.csr_matrix((values, at), shape=(size, size))

    return (block(r.real), block(i.real)), (block(r.imag), block(i.imag))
