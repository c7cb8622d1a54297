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
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.answer import terminal_currents
from gridmend.powerflow.iteration import State
from gridmend.powerflow.lanes.split import Split
from gridmend.powerflow.lanes.tables import Demand
from gridmend.powerflow.network import Network
from gridmend.powerflow.rounds import Solution
from gridmend.powerflow.walk import Walk

SHARE = 0.6

_CORNER_PU = 1e-5

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
    most, least = (demand.at(end(demand.factors, axis=1)) for end in (np.max, np.min))
    takes = demand.s_va.real >= 0
    heavy = walk.to(np.where(takes, most, least), within_pu=_CORNER_PU)
    return heavy, walk.to(np.where(takes, least, most), within_pu=_CORNER_PU)


def watch(snapshot: Snapshot, state: State, ends: tuple[Solution, Solution], cut: Split) -> Watch:
    """The elements that may be overloaded between two states."""
    network = state.network
    rating = network.rating_a[: len(network.primitives.nodes)]
    near = np.zeros(len(rating), np.bool_)
    for solution in ends:
        i = np.abs(terminal_currents(network, snapshot, state.values, solution.v_v))
        v_pu = np.abs(solution.v_v[state.alive]) / network.nodes.base_v[state.alive]
        beyond = not solution.converged or bool((v_pu < COLLAPSED_PU).any())
        near |= (i[: len(rating)] > SHARE * rating) | beyond
    return _watch(network, cut, rating, near & np.isfinite(rating))


def _watch(network: Network, cut: Split, rating: Floats, near: Flags) -> Watch:
    primitives = network.primitives
    of = np.repeat(np.arange(len(primitives.row)), np.diff(primitives.node_start))
    elements, entries, ties = [0], [0], list[int]()
    tie_of = {place: q for q, place in enumerate(cut.conductors.tolist())}
    nodes: list[Ints] = []
    values: list[complex] = []
    for k in np.unique(of[near]).tolist():
        first, end = int(primitives.node_start[k]), int(primitives.node_start[k + 1])
        own = cut.flat_nodes[first:end]
        at = int(primitives.value_start[k])
        y = cut.flat_values[at : at + len(own) ** 2].reshape(len(own), len(own))
        for c in np.flatnonzero(near[first:end]).tolist():
            here = (own >= 0) & (y[c] != 0)
            nodes.append(own[here])
            values += (y[c, here] / rating[first + c]).tolist()
            entries.append(len(values))
            ties.append(tie_of.get(first + c, -1))
        elements.append(len(entries) - 1)
    y_pu: Complexes = np.array(values, complex)
    return Watch(
        element=np.array(elements, np.int64),
        entry=np.array(entries, np.int64),
        node=np.concatenate([*nodes, np.empty(0, np.int64)]),
        y_re=y_pu.real,
        y_im=y_pu.imag,
        tie=np.array(ties, np.int64),
    )
