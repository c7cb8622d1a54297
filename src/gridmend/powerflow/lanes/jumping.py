"""How far from its limit a leg whose power jumps there may be in another state at rest."""

from __future__ import annotations

import numpy as np

from gridmend.model.arrays import Complexes, Floats
from gridmend.powerflow.lanes.matrix import Base, Matrix
from gridmend.powerflow.lanes.start import responses
from gridmend.powerflow.lanes.tables import Demand
from gridmend.powerflow.leg_models import EXPONENTIAL
from gridmend.powerflow.legs import across, leg_currents, leg_voltages
from gridmend.powerflow.network import Network

LEAST_APART = 0.012
"""It is taken for no less [of the squared voltage]."""

_SAFETY = 1.5


def apart(network: Network, demand: Demand, base: Base, matrix: Matrix) -> float:
    """How far beyond its limit any leg goes as all take what they would on its other side, at the
    most that each takes [of the limit's squared voltage].

    Beside a jump two states may both be at rest, and which of them is found depends on where the
    iteration starts; they are about so far apart.
    """
    legs, v = network.legs, base.v_v[: network.pattern.n]
    mine = legs.model == EXPONENTIAL
    if not mine.any() or not demand.factors.shape[1]:
        return LEAST_APART
    u = leg_voltages(legs, v)
    toward = u / np.where(u == 0.0, 1.0, np.abs(u))
    s_va, by = demand.at(np.abs(demand.factors).max(axis=1)), [LEAST_APART]
    for end in range(2):
        limit = np.where(mine, legs.limits[:, 1 + end] * legs.rated_v, 1.0)
        jump = _jump(network, s_va, toward * limit, end)
        x = responses(network, matrix, base, -jump[:, None])[:, :, 0] @ (1, 1j)
        row = matrix.row[: network.pattern.n]
        dv = np.where(row < len(x), x[np.minimum(row, len(x) - 1)], 0.0) * network.nodes.base_v
        moved = 2.0 * np.abs(across(legs, dv)) / limit
        by.append(_SAFETY * float(np.max(moved[mine & np.isfinite(moved)], initial=0.0)))
    return max(by)


def _jump(network: Network, s_va: Complexes, u_v: Complexes, end: int) -> Complexes:
    """[legs] current above a limit less that below it [A]."""
    legs = network.legs
    shares: Floats = np.tile([1.0, 0.0], (len(u_v), 1))
    found: list[Complexes] = []
    for share in (0.0, 1.0):
        shares[:, end] = share
        found.append(leg_currents(legs, s_va, u_v, shares))
    return np.nan_to_num(found[1] - found[0])
