"""A floor under the losses of every radial configuration, as a sum of energies of demands.

The energy of a demand in a configuration is Σ r f² over its edges, f what the edge leads to the
demand without losses. No configuration has less than the meshed network would, for any demand;
that is what the search for a proof prunes by. The derivation is in docs/reconfiguration.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gridmend.operations.reconfiguration.balanced import Balanced, Flags, Floats
from gridmend.operations.reconfiguration.sweep import grow
from gridmend.powerflow.compiled import compiled

_GRID = 8
"""How many values of each free number are tried."""
_TINY = 1e-6
"""Resistance that stands in for none, in parts of the mean, and is taken off again below."""


@dataclass(frozen=True, eq=False)
class Floor:
    """Σ `weights`[k]·energy(`demands`[k]) + `constant` ≤ losses [pu], in every configuration.

    `r_pu` [edges] are the resistances of the energies, all above 0; `weights` [k] are not
    negative; `demands` [k, nodes].
    """

    r_pu: Floats
    weights: Floats
    demands: Floats
    constant: float


def floor_for(net: Balanced, closed: Flags) -> Floor:
    """The highest floor found for a configuration `closed`, a tree; it holds for all others.

    Valid for constant demand that is nowhere negative, impedances that are nowhere negative,
    and sources at one voltage, 1 pu.
    """
    walk = grow(closed, net.start, net.neighbour, net.via)[1:]
    tiny = _TINY * float(net.r_pu.mean()) or _TINY
    best: tuple[float, Floor] | None = None
    for slope in _slopes(net):
        bare = net.r_pu if slope == 0 else np.minimum(net.r_pu, net.x_pu / slope)
        r = np.maximum(bare, tiny)
        fitted = [
            _fit(own, other, square, cube, r, *walk)
            for own, other, square, cube in (
                (net.p_pu, net.q_pu, 2.0, 10 / 3),
                (net.q_pu, net.p_pu, 2.0 * slope, 0.0),
            )
        ]
        weights = np.concatenate([term[1] for term in fitted])
        demands = np.array([
            demand for own, term in zip((net.p_pu, net.q_pu), fitted, strict=True)
            for demand in (term[2], own)
        ])  # fmt: skip
        # What the stand-in resistances may add to any configuration's energies is taken off.
        added = tiny * int((bare < tiny).sum()) * float(weights @ demands.sum(axis=1) ** 2)
        value = sum(float(term[0]) for term in fitted) - added
        if best is None or value > best[0]:
            constant = sum(float(term[3]) for term in fitted) - added
            best = value, Floor(r, weights, demands, constant)
    assert best is not None
    return best[1]


def plain_floor(net: Balanced) -> Floor:
    """The energies of active and of reactive demand alone, before any tree is known; it serves
    to choose one, and is no proof where it had to stand in for resistances of none."""
    r = np.maximum(net.r_pu, _TINY * float(net.r_pu.mean()) or _TINY)
    return Floor(r, np.ones(2), np.array([net.p_pu, net.q_pu]), 0.0)


def _slopes(net: Balanced) -> list[float]:
    """Candidates for ξ with x ≥ ξ·min(r, x/ξ): none, and some of the ratios x/r that occur."""
    some = (net.r_pu > 0) & (net.x_pu > 0)
    ratios = np.unique(np.round(net.x_pu[some] / net.r_pu[some], 9))
    places = np.linspace(0, len(ratios) - 1, min(len(ratios), 2 * _GRID)).astype(int)
    return [0.0, *ratios[places].tolist()] if len(ratios) else [0.0]


@compiled
def _energy(demand: Any, r: Any, parent: Any, towards: Any, order: Any) -> Any:
    """Σ r f² over the edges of a tree."""
    flow, total = demand.copy(), 0.0
    for back in range(len(order) - 1, 0, -1):
        node = order[back]
        flow[parent[node]] += flow[node]
        total += r[towards[node]] * flow[node] ** 2
    return total


@compiled
def _drops(demand: Any, r: Any, parent: Any, towards: Any, order: Any) -> Any:
    """[nodes] Σ r f on the way to each in a tree."""
    flow, found = demand.copy(), np.zeros(len(demand))
    for back in range(len(order) - 1, 0, -1):
        flow[parent[order[back]]] += flow[order[back]]
    for node in order[1:]:
        found[node] = found[parent[node]] + r[towards[node]] * flow[node]
    return found


@compiled
def _fit(
    own: Any, other: Any, square: Any, cube: Any, r: Any, parent: Any, towards: Any, order: Any
) -> Any:
    """The best floor under energy(own) + Σ weight·(square·drop² + cube·drop³), for the weights
    (1 - κ²)·own + 2κ·other of several κ: value in the tree, weights of the energies of the
    lifted demand and of `own`, the lifted demand, constant."""
    bare = _energy(own, r, parent, towards, order)
    best, best_weights, best_lifted, best_constant = bare, np.array([0.0, 1.0]), own.copy(), 0.0
    if square <= 0.0:
        return best, best_weights, best_lifted, best_constant
    drops = _drops(own, r, parent, towards, order)
    for kappa in np.linspace(0.25, 2.0, _GRID):
        weight = (1 - kappa**2) * own + 2 * kappa * other
        if weight.min() < 0.0:
            continue
        for cap in np.linspace(0.3, 1.0, _GRID):
            for share in np.linspace(0.0, 0.9, _GRID):
                at = np.minimum(drops, cap * drops.max())
                holds, weights, lifted, constant = _tangents(own, weight, at, share, square, cube)
                if not holds:
                    continue
                value = weights[0] * _energy(lifted, r, parent, towards, order)
                value += weights[1] * bare + constant
                if value > best:
                    best, best_constant = value, constant
                    best_weights, best_lifted = weights, lifted
    return best, best_weights, best_lifted, best_constant


@compiled
def _tangents(own: Any, weight: Any, at: Any, share: Any, square: Any, cube: Any) -> Any:
    """A floor by the tangents at drops `at` [nodes], a share of their pull the same everywhere:
    whether there is one, weights, lifted demand, constant."""
    nodes = len(own)
    ratio = np.zeros(nodes)
    for k in range(nodes):
        if own[k] > 0:
            ratio[k] = weight[k] * (2 * square * at[k] + 3 * cube * at[k] ** 2) / own[k]
    even = share * ratio.max()
    scale, most = 1.0 + even, ratio.max() - even
    eta, constant = 1 / (2 * scale), 0.0
    lifted = own.copy()
    for k in range(nodes):
        if own[k] <= 0:
            continue
        pull = max(ratio[k], even)
        lifted[k] += eta * (pull - even) * own[k]
        if pull <= 0:
            continue
        if weight[k] <= 0:
            return False, np.zeros(2), lifted, 0.0
        slope = pull * own[k] / weight[k]
        touch = slope / (2 * square)
        if cube > 0:
            touch = (np.sqrt(square**2 + 3 * cube * slope) - square) / (3 * cube)
        constant -= weight[k] * (square * touch**2 + 2 * cube * touch**3)
    weights = np.array([2 * scale / (2 + eta * most), scale * eta * most / (2 + eta * most)])
    return True, weights, lifted, constant
