"""Which nodes are looked at for the lowest and the highest voltage: an estimate with a margin.

What each profile does to each node is known to first order, and what first orders leave out is
seen at some steps, solved with every node. A node is not looked at where it stays above another
whatever the profiles do, each between its least and its most, by more than three times what the two
differ in at any of these steps beyond first orders, and 5 % of first orders besides. Where a node's
voltage stays in all is known in the same way, and so which customers need no look.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.lanes.layout import Packed
from gridmend.powerflow.lanes.measure import JUMPING
from gridmend.powerflow.lanes.tables import Demand
from gridmend.powerflow.network import Network

_SAFETY, _SHARE = 3.0, 0.05
"""How many times what first orders leave out is allowed for, and what share of them besides."""

_STANDS_PU = 0.5
"""A node below it at the base, such as a neutral, is looked at and compared with no other."""

_COMPARED = 32
"""With how many nodes that are looked at another is compared."""

_SPREAD, _EXTREME = 6, 4
"""How many steps are tried, spread over all, and of how many profiles the least and the most."""

_WORTH = 32
"""A series is so many times as long as what is tried, at the least."""


class Outermost(NamedTuple):
    """`shown` [rows] which rows may be outermost, and `between` [rows, 2] which voltages [pu] each
    stays between."""

    shown: Flags
    between: Floats


def tried(demand: Demand) -> Ints:
    """The steps at which it is seen what first orders leave out; none where a series is short."""
    steps = int(demand.factors.shape[1])
    weight = np.bincount(demand.p_profile, np.abs(demand.s_va), len(demand.factors))
    heavy = demand.factors[np.argsort(-weight)[:_EXTREME]]
    if steps < _WORTH * (_SPREAD + 2 * len(heavy)):
        return np.empty(0, np.int64)
    level = demand.level
    spread = np.arange(_SPREAD) * steps // _SPREAD
    ends = [end(heavy, axis=1) for end in (np.argmin, np.argmax)]
    return np.unique(np.concatenate([spread, *ends, [np.argmin(level), np.argmax(level)]]))


def outermost(
    network: Network, demand: Demand, laid: Packed, steps: Ints, v_v: Complexes
) -> Outermost | None:
    """What may be outermost; None, all, where first orders tell nothing.

    `v_v` [steps, nodes] are the voltages [V] at the `steps` that were tried.
    """
    legs, moved = network.legs, laid.moved
    steep = np.isin(legs.model, JUMPING).any() or (legs.zip[:, 6] > 0.0).any()
    if moved is None or steep or (legs.jump and not laid.stays):
        return None
    row, base_v = laid.matrix.row[: network.pattern.n], network.nodes.base_v
    v = laid.base.v_v[: len(row)] / base_v
    size = np.abs(v)
    least, most = demand.least - laid.middle, demand.most - laid.middle
    change = demand.factors[:, steps] - laid.middle[:, None]
    along, beyond = _along(moved, row, v, base_v, np.ascontiguousarray(v_v.T), change)
    live = np.flatnonzero(laid.base.state.alive)
    stands = live[size[live] >= _STANDS_PU]
    found: Flags = np.zeros(len(laid.matrix.row), np.bool_)
    found[row[live[size[live] < _STANDS_PU]]] = True
    rising = stands[np.argsort(size[stands])]
    for sign, order in ((1.0, rising), (-1.0, rising[::-1].copy())):
        found[row] |= _lowest(sign * size, sign * along, beyond, least, most, order)
    between: Floats = np.full((len(found), 2), (0.0, np.inf))
    between[row[stands]] = _between(size, along, beyond, least, most)[stands]
    return Outermost(found, between)


@compiled
def _between(v: Floats, moved: Floats, beyond: Floats, least: Floats, most: Floats) -> Floats:
    """[nodes, 2] between which sizes each voltage stays [pu]."""
    found = np.empty((len(v), 2))
    for n in range(len(v)):
        low = high = v[n]
        for k in range(len(least)):
            one, other = moved[n, k] * least[k], moved[n, k] * most[k]
            doubt = _SHARE * max(abs(one), abs(other))
            low += min(one, other) - doubt
            high += max(one, other) + doubt
        left_out = 0.0
        for s in range(beyond.shape[1]):
            left_out = max(left_out, abs(beyond[n, s]))
        found[n, 0], found[n, 1] = low - _SAFETY * left_out, high + _SAFETY * left_out
    return found


@compiled
def _along(
    moved: Floats, row: Ints, v: Complexes, base_v: Floats, v_v: Complexes, change: Floats
) -> tuple[Floats, Floats]:
    """[nodes, profiles] what each profile does to the size of each voltage, and [nodes, steps] what
    the sizes of those `v_v` [nodes, steps] [V] are beyond that, at a `change` [profiles, steps] of
    the factors [pu]."""
    along, beyond = np.empty((len(v), moved.shape[2])), np.empty(v_v.shape)
    for n in range(len(v)):
        size = abs(v[n])
        re, im = (v[n].real / size, v[n].imag / size) if size > 0.0 else (1.0, 0.0)
        for k in range(moved.shape[2]):
            along[n, k] = re * moved[row[n], 0, k] + im * moved[row[n], 1, k]
        # one after the other, for then each is of several steps at once
        for s in range(v_v.shape[1]):
            beyond[n, s] = v_v[n, s].real * v_v[n, s].real + v_v[n, s].imag * v_v[n, s].imag
        for s in range(v_v.shape[1]):
            beyond[n, s] = np.sqrt(beyond[n, s]) / base_v[n] - size
        for k in range(moved.shape[2]):
            for s in range(v_v.shape[1]):
                beyond[n, s] -= along[n, k] * change[k, s]
    return along, beyond


@compiled
def _lowest(
    v: Floats, moved: Floats, beyond: Floats, least: Floats, most: Floats, order: Ints
) -> Flags:
    """[nodes] which may be the lowest of those in `order`, which goes from the lowest up."""
    found = np.zeros(len(v), np.bool_)
    compared = np.empty(_COMPARED, np.int64)
    middle, reach = least / 2.0 + most / 2.0, most / 2.0 - least / 2.0
    at, by, most_left_out = v.copy(), np.empty_like(moved), np.zeros(len(v))
    for n in order:
        for k in range(len(least)):
            at[n] += moved[n, k] * middle[k]
            by[n, k] = moved[n, k] * (reach[k] + _SHARE * max(-least[k], most[k]))
        for s in range(beyond.shape[1]):
            most_left_out[n] = max(most_left_out[n], abs(beyond[n, s]))
    many = 0
    for n in order:
        is_above = False
        for m in range(many):
            other = compared[m]
            apart, k = at[n] - at[other], 0
            while apart > 0.0 and k < len(least):
                apart -= abs(by[n, k] - by[other, k])
                k += 1
            if apart > 0.0:
                left_out = 0.0
                # no more than both in all, which mostly is enough to know
                enough = apart > _SAFETY * (most_left_out[n] + most_left_out[other])
                for s in range(0 if enough else beyond.shape[1]):
                    left_out = max(left_out, abs(beyond[n, s] - beyond[other, s]))
                if apart > _SAFETY * left_out:
                    is_above = True
                    # what one node is above of, the next is likely to be too
                    compared[m], compared[0] = compared[0], other
                    break
        if not is_above:
            found[n] = True
            if many < _COMPARED:
                compared[many] = n
                many += 1
    return found
