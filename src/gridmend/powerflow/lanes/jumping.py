"""How far from its limit a leg whose power jumps there may be in another state at rest."""

from __future__ import annotations

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.lanes.matrix import Base, Matrix
from gridmend.powerflow.lanes.measure import LEAST_APART
from gridmend.powerflow.lanes.start import responses
from gridmend.powerflow.lanes.tables import Demand
from gridmend.powerflow.leg_models import EXPONENTIAL
from gridmend.powerflow.legs import Legs, leg_currents
from gridmend.powerflow.network import Network

_SAFETY = 1.5
_THIRD = 2.0 * np.pi / 3.0
_LARGEST = 8
"""How many jumps are looked at each by itself."""


def apart(
    network: Network, demand: Demand, base: Base, matrix: Matrix, *, together: bool
) -> Floats:
    """[legs] how far beyond its limit each may come in another state [of its squared limit].

    Beside a jump two states may both be at rest, and which of them is found depends on where the
    iteration starts. Legs that jump `together` move a voltage by no more than by what they take
    less and more, in phase and across it, phase by phase, all at the most of each; else only the
    largest jumps count, each where it is itself.
    """
    legs = network.legs
    mine, most = legs.model == EXPONENTIAL, np.full(len(legs.model), LEAST_APART)
    if not mine.any():
        return most
    u = base.u_v
    toward = np.where(u == 0.0, 1.0, u) / np.where(u == 0.0, 1.0, np.abs(u))
    s_va = demand.at(np.maximum(np.abs(demand.least), np.abs(demand.most)))
    ends: list[tuple[Flags, Floats]] = []
    columns: list[Complexes] = []
    for counts, limit, by_p, by_q in network.remembered("jumps", (), lambda: jumps_of(legs)):
        jump = np.where(counts, (s_va.real * by_p + s_va.imag * by_q) * toward, 0.0)
        if not np.isfinite(jump).all():
            return np.where(mine, np.inf, most)
        ends.append((counts, limit))
        columns.append(_parts(jump, toward) if together else _single(jump, limit))
    x = responses(network, matrix, base, np.concatenate(columns, axis=1))
    first = 0
    for (counts, limit), own in zip(ends, columns, strict=True):
        by = x[:, :, first : first + own.shape[1]]
        first += own.shape[1]
        each = np.ones_like(own) if together else own
        moved = 2.0 * _moved(legs.plus, legs.minus, matrix.row, network.nodes.base_v, by, each)
        moved = np.where(np.isfinite(moved), moved / limit, np.inf)
        most = np.where(counts, np.maximum(most, _SAFETY * moved), most)
    return most


@compiled
def _moved(
    plus: Ints, minus: Ints, row: Ints, base_v: Floats, x: Floats, counts: Complexes
) -> Floats:
    """[legs] what columns move the voltage across each by in all [V], of those not 0 in `counts`
    [legs, columns]; `x` [rows, 2, columns] what each does [pu]."""
    moved = np.zeros(len(plus))
    for k in range(len(plus)):
        for c in range(x.shape[2]):
            re = im = 0.0
            for end in range(2):
                node = plus[k] if end == 0 else minus[k]
                if node >= 0 and row[node] < len(x):
                    by = base_v[node] if end == 0 else -base_v[node]
                    re += by * x[row[node], 0, c]
                    im += by * x[row[node], 1, c]
            if counts[k, c] != 0.0:
                moved[k] += np.sqrt(re * re + im * im)
    return moved


def jumps_of(legs: Legs) -> list[tuple[Flags, Floats, Complexes, Complexes]]:
    """Of the lower and of the upper limit which legs jump there, where that is [V], and the current
    above it less that below it [A] by active and by reactive power, at a voltage of no angle."""
    found: list[tuple[Flags, Floats, Complexes, Complexes]] = []
    shares: Floats = np.tile([1.0, 0.0], (len(legs.model), 1))
    for end in range(2):
        limit = legs.limits[:, 1 + end] * legs.rated_v
        counts: Flags = (legs.model == EXPONENTIAL) & np.isfinite(limit) & (limit > 0.0)
        limit = np.where(counts, limit, 1.0)
        below, above = shares.copy(), shares.copy()
        below[:, end], above[:, end] = 0.0, 1.0
        by_p, by_q = (
            leg_currents(legs, s_va, limit + 0j, above)
            - leg_currents(legs, s_va, limit + 0j, below)
            for s_va in (np.full(len(limit), 1.0 + 0j), np.full(len(limit), 1j))
        )
        found.append((counts, limit, by_p, by_q))
    return found


def _parts(jump: Complexes, toward: Complexes) -> Complexes:
    """[legs, 12] jumps apart by their phase, by whether they are along the voltage or across it,
    and by their sign, for what is in one of these does not cancel."""
    phase = np.round(np.angle(toward) / _THIRD).astype(np.int64) % 3
    own = jump * np.conj(toward)
    columns = np.zeros((len(jump), 12), complex)
    for k, (part, turn) in enumerate(((own.real, 1.0), (own.imag, 1j))):
        for sign in range(2):
            here = (part < 0.0) == (sign == 0)
            at = phase * 4 + 2 * k + sign
            columns[np.flatnonzero(here), at[here]] += (part * turn * toward)[here]
    return columns


def _single(jump: Complexes, limit: Floats) -> Complexes:
    """[legs, some] the largest jumps, each by itself."""
    largest = np.argsort(-np.abs(jump) * limit)[:_LARGEST]
    columns = np.zeros((len(jump), len(largest)), complex)
    columns[largest, np.arange(len(largest))] = jump[largest]
    return columns
