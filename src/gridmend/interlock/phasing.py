"""Loads that get only some of their phases, or theirs from several sources."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology

Flags = NDArray[np.bool_]


def partly_fed(topology: Topology, live: Flags) -> Flags:
    """[loads] whether some phases of a load, and not all, are live; `live` is [nodes]."""
    rows, nodes = topology.wiring.load_nodes
    count = len(topology.grid.loads)
    own = np.bincount(rows, minlength=count)
    fed = np.bincount(rows[live[nodes]], minlength=count)
    return np.asarray((fed > 0) & (fed < own), bool)


def fed_by_several(topology: Topology, snapshot: Snapshot) -> Flags:
    """[loads] whether different sources feed the phases of a load."""
    rows, nodes = topology.wiring.load_nodes
    fed_by = topology.fed_by(snapshot)[nodes]
    rows, fed_by = rows[fed_by >= 0], fed_by[fed_by >= 0]
    count = len(topology.grid.loads)
    least, most = np.full(count, np.iinfo(np.int64).max), np.full(count, -1)
    np.minimum.at(least, rows, fed_by)
    np.maximum.at(most, rows, fed_by)
    return np.asarray((most >= 0) & (least != most), bool)
