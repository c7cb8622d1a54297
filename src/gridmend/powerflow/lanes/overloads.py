"""Which elements are watched for overload in all lanes, and how their currents are had.

The current of every element at every step would cost more than the solve. Two states bound what
demand can do: all loads at their most with generation at its least, and the other way about.
Only elements that carry more than `SHARE` of their rating at one of them, or at the base, are
watched; the rest is too far from its rating for the spread of single loads to matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.powerflow.answer import passive_currents
from gridmend.powerflow.iteration import State
from gridmend.powerflow.lanes.split import Split
from gridmend.powerflow.lanes.tables import Demand
from gridmend.powerflow.network import Network
from gridmend.powerflow.rounds import Solution
from gridmend.powerflow.walk import Walk

SHARE = 0.6

_CORNER_PU = 1e-3

COLLAPSED_PU = 0.8
"""Below this a corner is no bound any more: loads take less the more they are asked for."""


@dataclass(frozen=True, eq=False)
class Watch:
    """Conductors by element: `element` [elements + 1] where its conductors begin, `entry`
    [conductors + 1] where a conductor's `node` and `y_pu` [A of its rating per V] begin; `tie`
    [conductors] the ideal ratio that its current is divided by, -1 for none."""

    element: Ints
    entry: Ints
    node: Ints
    y_re: Floats
    y_im: Floats
    tie: Ints


def corners(walk: Walk, demand: Demand) -> tuple[Solution, Solution]:
    """The two states that bound what a demand can do, near enough for that."""
    most, least = demand.at(demand.most), demand.at(demand.least)
    takes = demand.s_va.real >= 0
    heavy = walk.to(np.where(takes, most, least), within_pu=_CORNER_PU)
    return heavy, walk.to(np.where(takes, least, most), within_pu=_CORNER_PU)


def watch(state: State, ends: tuple[Solution, Solution], cut: Split) -> Watch:
    """The elements that may be overloaded between two states."""
    network = state.network
    rating = network.rating_a[: len(network.primitives.nodes)]
    near = np.zeros(len(rating), np.bool_)
    for solution in ends:
        i = np.zeros(len(rating), complex)
        passive_currents(network, state.values, solution.v_v, i)
        v_pu = np.abs(solution.v_v[state.alive]) / network.nodes.base_v[state.alive]
        beyond = not solution.converged or bool((v_pu < COLLAPSED_PU).any())
        near |= (np.abs(i) > SHARE * rating) | beyond
    return _watch(network, cut, rating, near & np.isfinite(rating))


def _watch(network: Network, cut: Split, rating: Floats, near: Flags) -> Watch:
    """The rows of the elements' admittances that give the current into each conductor `near`."""
    primitives = network.primitives
    start, size = primitives.node_start[:-1], np.diff(primitives.node_start)
    of = np.repeat(np.arange(len(size)), size)
    conductor = np.flatnonzero(near)
    own = of[conductor]
    row = primitives.value_start[own] + (conductor - start[own]) * size[own]
    each = np.repeat(np.arange(len(conductor)), size[own])
    column = np.arange(len(each)) - np.repeat(np.cumsum(size[own]) - size[own], size[own])
    node, y = cut.flat_nodes[start[own[each]] + column], cut.flat_values[row[each] + column]
    here = (node >= 0) & (y != 0)
    tie_of = {place: q for q, place in enumerate(cut.conductors.tolist())}
    y_pu: Complexes = y[here] / rating[conductor[each[here]]]
    return Watch(
        element=np.searchsorted(own, [*np.unique(own), len(size)]),
        entry=np.searchsorted(each[here], np.arange(len(conductor) + 1)),
        node=node[here],
        y_re=y_pu.real,
        y_im=y_pu.imag,
        tie=np.array([tie_of.get(c, -1) for c in conductor.tolist()], np.int64),
    )
