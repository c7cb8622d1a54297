"""How likely devices are to have operated before anything is reported."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from gridmend.model.arrays import Flags, Ints
from gridmend.model.topology import Topology
from gridmend.operations.prediction.settings import Assumptions
from gridmend.operations.prediction.tree import LANES, MASKS


def chance_of(rate: float, assumed: Assumptions) -> float:
    """Chance that something has failed in the time of the prior, by its rate [1/year]."""
    mean = rate * assumed.failure_multiple * assumed.window_h / 8766
    return float(np.clip(-np.expm1(-mean), 1e-12, 0.5))


def opening_prior(lanes: int, chance: float, *, ganged: bool, assumed: Assumptions) -> list[float]:
    """[8] chance that a device has opened these lanes of those that it feeds."""
    own = [1 << k for k in range(LANES) if lanes >> k & 1]
    found = [0.0] * MASKS
    single = assumed.gang_share if ganged else assumed.phase_share
    double = 0.0 if ganged or len(own) < 3 else assumed.pair_share
    if len(own) == 1:
        single = 0.0
    for one in own:
        found[one] += chance * single / len(own)
        found[lanes ^ one] += chance * double / len(own)
    found[lanes] += chance * (1 - single - double)
    found[0] += 1 - sum(found)
    return found


def lengths_km(
    topology: Topology, usable: Flags, heads: Flags, of_bus: Ints, group: Ints,
    numbers: dict[int, int],
) -> dict[int, float]:  # fmt: skip
    """Length of the lines in each zone [km]."""
    w = topology.wiring
    lengths = topology.grid.lines.numbers("length_m") / 1000
    found: dict[int, float] = defaultdict(float)
    edges = np.flatnonzero(usable & (w.edge_branch >= 0))
    branches, at = np.unique(w.edge_branch[edges], return_index=True)
    for branch, edge in zip(branches.tolist(), edges[at].tolist(), strict=True):
        if w.branch_table[branch] != "lines":
            continue
        end = w.edge_to[edge]
        zone = numbers.get(int(group[int(of_bus[w.node_bus[end]]) + 1]))
        length = float(lengths[w.branch_row[branch]])
        if zone is not None and np.isfinite(length):
            found[zone] += length
    return found
