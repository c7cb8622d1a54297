"""Which nodes may have the lowest or the highest voltage; no step looks at the others.

What each profile does to each node is known to first order. A node that stays above another
whatever the profiles do, each between its least and its most, is never the lowest. How far first
orders hold is seen at the corners of the demand, where the voltages are known.
"""

from __future__ import annotations

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.jumps import beyond, taken
from gridmend.powerflow.lanes.corners import COLLAPSED_PU, Corner
from gridmend.powerflow.lanes.matrix import Base, Matrix
from gridmend.powerflow.lanes.measure import JUMPING
from gridmend.powerflow.lanes.start import responses
from gridmend.powerflow.lanes.tables import Demand
from gridmend.powerflow.legs import leg_currents
from gridmend.powerflow.network import Network

_SAFETY, _LEAST_DOUBT, _MOST_DOUBT = 2.0, 0.05, 0.5
"""How much more than at the corners a first order may be wrong; the least and the most doubt."""

_STANDS_PU = 0.5
"""A node below it at the base, such as a neutral, is looked at and compared with no other."""

_COMPARED = 32
"""With how many nodes that are looked at another is compared."""


def outermost(
    network: Network, demand: Demand, at: tuple[Base, Floats], matrix: Matrix,
    ends: tuple[Corner, Corner], moved: Floats | None, *, stay: bool,
) -> Flags:  # fmt: skip
    """[rows] which may be the lowest or the highest at any step of a demand.

    `at` is the base and its factors, `ends` the demand's corners, `moved` [rows, 2, profiles] what
    profiles do to rows [pu]; all may be where it is not known or the corners are no bounds, as
    where power jumps between them, unless legs `stay` between their limits where a step counts.
    """
    base, middle = at
    every: Flags = np.ones(len(matrix.row), np.bool_)
    if moved is None or not _bound(network, base, ends, stay=stay):
        return every
    row = matrix.row[: network.pattern.n]
    v = np.zeros(len(every), complex)
    v[row] = base.v_v[: len(row)] / network.nodes.base_v
    size = np.abs(v)
    toward = np.conj(v) / np.where(size > 0.0, size, 1.0)
    along = toward.real[:, None] * moved[:, 0] - toward.imag[:, None] * moved[:, 1]
    doubt = _doubt(network, base, matrix, ends, toward)
    if not doubt < _MOST_DOUBT:
        return every
    spans = [end(demand.factors, axis=1) - middle for end in (np.min, np.max)]
    live = row[base.state.alive]
    stands = live[size[live] >= _STANDS_PU]
    found: Flags = np.zeros(len(every), np.bool_)
    found[live[size[live] < _STANDS_PU]] = True
    for sign in (1.0, -1.0):
        order = stands[np.argsort(sign * size[stands])]
        found |= _lowest(sign * size, sign * along, spans[0], spans[1], doubt, order)
    return found


def _bound(network: Network, base: Base, ends: tuple[Corner, Corner], *, stay: bool) -> bool:
    """Whether the corners are bounds of what demand does."""
    legs, here = network.legs, base.v_v[: network.pattern.n]
    if np.isin(legs.model, JUMPING).any():
        return False
    alive = base.state.alive & (np.abs(here) > _STANDS_PU * network.nodes.base_v)
    for end in ends:
        v_pu = np.abs(end.v_v) / network.nodes.base_v
        if not end.converged or not (v_pu[alive] > COLLAPSED_PU).all():
            return False
        if legs.jump and not stay:
            one, other = (taken(beyond(legs, v)) for v in (here, end.v_v))
            if (one != other).any():
                return False
    return True


def _doubt(
    network: Network, base: Base, matrix: Matrix, ends: tuple[Corner, Corner], toward: Complexes
) -> float:
    """By how much of itself what a profile does may be other than to first order."""
    row, legs = matrix.row[: network.pattern.n], network.legs
    columns = np.stack([-leg_currents(legs, end.s_va - base.s_va, base.u_v) for end in ends], 1)
    found = responses(network, matrix, base, columns, everywhere=True)[row]
    at = toward[row, None]
    linear = at.real * found[:, 0] - at.imag * found[:, 1]
    there = np.stack([np.abs(end.v_v) for end in ends], 1)
    true = (there - np.abs(base.v_v[: len(row), None])) / network.nodes.base_v[:, None]
    stands = base.state.alive & (np.abs(base.v_v[: len(row)]) > _STANDS_PU * network.nodes.base_v)
    most = float(np.abs(true[stands]).max(initial=0.0))
    off = float(np.abs(true - linear)[stands].max(initial=0.0))
    return _LEAST_DOUBT + _SAFETY * off / most if most > 0.0 else _LEAST_DOUBT


@compiled
def _lowest(
    v: Floats, moved: Floats, least: Floats, most: Floats, doubt: float, order: Ints
) -> Flags:
    """[rows] which may be the lowest of those in `order`, which goes from the lowest up."""
    found = np.zeros(len(v), np.bool_)
    compared = np.empty(_COMPARED, np.int64)
    many = 0
    for n in order:
        is_above = False
        for m in range(many):
            other = compared[m]
            apart = v[n] - v[other]
            for k in range(len(least)):
                d = moved[n, k] - moved[other, k]
                apart += min(d * least[k], d * most[k])
                apart -= doubt * abs(d) * max(-least[k], most[k])
            if apart > 0.0:
                is_above = True
                break
        if not is_above:
            found[n] = True
            if many < _COMPARED:
                compared[many] = n
                many += 1
    return found
