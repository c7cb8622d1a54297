"""Newton's method on current mismatches: the last resort where load currents do not settle.

The Jacobian of the legs is taken by differences of the same function that gives their
currents, so that every model has one definition.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from gridmend.powerflow.legs import leg_currents
from gridmend.powerflow.network import Network, _pairs

Complexes = NDArray[np.complex128]

_ROUNDS = 40
_HALVINGS = 8
_DIFFERENCE = 1e-6


def newton(
    network: Network,
    values: Complexes,
    driven: Complexes,
    alive: NDArray[np.bool_],
    s_va: Complexes,
    v: Complexes,
    tolerance_pu: float,
) -> tuple[Complexes, bool, int, float, int]:
    """Voltages [V], whether they converged, rounds, last change [pu] and where it was."""
    base = network.nodes.base_v
    admittance = _matrix(network, values)
    live = np.flatnonzero(alive)
    change, worst, rounds = float("inf"), 0, 0
    residual = _residual(network, admittance, driven, s_va, v)
    for rounds in range(1, _ROUNDS + 1):  # noqa: B007 - counted for the result
        try:
            step = _step(network, admittance, s_va, v, residual, live)
        except RuntimeError:  # SuperLU: exactly singular, so there is no way on
            break
        size = 1.0
        norm = np.linalg.norm((residual * base)[live])
        for _ in range(_HALVINGS):
            tried = v + size * step
            residual = _residual(network, admittance, driven, s_va, tried)
            if np.linalg.norm((residual * base)[live]) < norm:
                break
            size /= 2
        v = v + size * step
        moved = np.abs(step) / base
        worst = int(np.argmax(moved))
        change = float(moved[worst])
        if change < tolerance_pu or not np.isfinite(change):
            break
    return v, bool(change < tolerance_pu), rounds, change, worst


def _matrix(network: Network, values: Complexes) -> sparse.csr_matrix:
    n = network.pattern.n
    a, b = _pairs(network.primitives.node_start, network.primitives.nodes)
    here = (a >= 0) & (b >= 0)
    return sparse.csr_matrix((values[here], (a[here], b[here])), shape=(n, n))


def _residual(
    network: Network, admittance: sparse.csr_matrix, driven: Complexes, s_va: Complexes, v: Complexes
) -> Complexes:
    legs = network.legs
    i = leg_currents(legs, s_va, v)
    total = driven - admittance @ v
    np.subtract.at(total, legs.plus[legs.plus >= 0], i[legs.plus >= 0])
    np.add.at(total, legs.minus[legs.minus >= 0], i[legs.minus >= 0])
    return total


def _step(
    network: Network,
    admittance: sparse.csr_matrix,
    s_va: Complexes,
    v: Complexes,
    residual: Complexes,
    live: NDArray[np.int64],
) -> Complexes:
    base = network.nodes.base_v
    scale = sparse.diags(base[live])
    y = scale @ admittance[live][:, live] @ scale
    dv, dvc = _derivatives(network, s_va, v)
    place = np.full(len(v), -1)
    place[live] = np.arange(len(live))
    real, imaginary = _leg_blocks(network, place, len(live), dv, dvc, base)
    top = sparse.hstack([y.real + real[0], -y.imag + real[1]])
    bottom = sparse.hstack([y.imag + imaginary[0], y.real + imaginary[1]])
    r = (residual * base)[live]
    x = splu(sparse.vstack([top, bottom]).tocsc()).solve(np.concatenate([r.real, r.imag]))
    step = np.zeros(len(v), complex)
    step[live] = (x[: len(live)] + 1j * x[len(live) :]) * base[live]
    return step


def _derivatives(network: Network, s_va: Complexes, v: Complexes) -> tuple[Complexes, Complexes]:
    """[legs] derivative of the leg's current by the real and the imaginary part of its voltage."""
    legs = network.legs
    plus = np.where(legs.plus >= 0, v[legs.plus], 0.0)
    minus = np.where(legs.minus >= 0, v[legs.minus], 0.0)
    u = plus - minus
    n = len(u)
    alone = _alone(legs)

    def current(w: Complexes) -> Complexes:
        return leg_currents(alone, s_va, w)

    h = _DIFFERENCE * legs.rated_v
    by_real = (current(u + h) - current(u - h)) / (2 * h)
    by_imaginary = (current(u + 1j * h) - current(u - 1j * h)) / (2 * h)
    return by_real.reshape(n), by_imaginary.reshape(n)


def _alone(legs: Any) -> Any:
    from dataclasses import replace

    n = len(legs.plus)
    return replace(legs, plus=np.arange(n), minus=np.full(n, -1))


def _leg_blocks(
    network: Network,
    place: NDArray[np.int64],
    size: int,
    by_real: Complexes,
    by_imaginary: Complexes,
    base: NDArray[np.float64],
) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    legs = network.legs
    rows: list[NDArray[np.int64]] = []
    columns: list[NDArray[np.int64]] = []
    dr: list[Complexes] = []
    di: list[Complexes] = []
    for a, sign_a in ((legs.plus, 1.0), (legs.minus, -1.0)):
        for b, sign_b in ((legs.plus, 1.0), (legs.minus, -1.0)):
            here = (a >= 0) & (b >= 0)
            here[here] &= (place[a[here]] >= 0) & (place[b[here]] >= 0)
            weight = sign_a * sign_b * base[a[here]] * base[b[here]]
            rows.append(place[a[here]])
            columns.append(place[b[here]])
            dr.append(weight * by_real[here])
            di.append(weight * by_imaginary[here])
    at = (np.concatenate(rows), np.concatenate(columns))
    r, i = np.concatenate(dr), np.concatenate(di)

    def block(values: NDArray[np.float64]) -> Any:
        return sparse.csr_matrix((values, at), shape=(size, size))

    return (block(r.real), block(i.real)), (block(r.imag), block(i.imag))
