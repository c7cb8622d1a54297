"""The two states that bound what a demand can do, near enough for that."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridmend.model.arrays import Complexes
from gridmend.powerflow.lanes.tables import Demand
from gridmend.powerflow.walk import Walk

COLLAPSED_PU = 0.8
"""Below this a corner is no bound any more: loads take less the more they are asked for."""

CORNER_PU = 1e-5


class Corner(NamedTuple):
    """A demand `s_va` [legs] and the voltages [nodes] [V] that it makes, if it converged."""

    s_va: Complexes
    v_v: Complexes
    converged: bool


def corners(walk: Walk, demand: Demand) -> tuple[Corner, Corner]:
    """All loads at their most with generation at its least, and the other way about."""
    most, least = (demand.at(end(demand.factors, axis=1)) for end in (np.max, np.min))
    takes = demand.s_va.real >= 0
    heavy, light = np.where(takes, most, least), np.where(takes, least, most)
    return _corner(walk, heavy), _corner(walk, light)


def _corner(walk: Walk, s_va: Complexes) -> Corner:
    found = walk.to(s_va, within_pu=CORNER_PU)
    return Corner(s_va, found.v_v, found.converged)
