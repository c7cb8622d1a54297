"""How likely devices are to have operated before anything is reported."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.model.grid import Grid
from gridmend.model.topology import Topology
from gridmend.operations.prediction.rates import failure_rates
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


def rates_of_branches(topology: Topology, assumed: Assumptions) -> Floats:
    """[branches] permanent failures of what conducts without being a device [1/year]: of a line by
    the grid's failure data, else by its length; of a reactor by that data alone."""
    w, grid = topology.wiring, topology.grid
    known = failure_rates(grid)
    length_km = grid.lines.numbers("length_m") / 1000
    by_length = np.where(np.isfinite(length_km), length_km, 0.0) * assumed.line_per_km
    rates = {
        "lines": np.where(np.isnan(known["lines"]), by_length, known["lines"]),
        "reactors": np.nan_to_num(known["reactors"]),
    }
    found = np.zeros(len(w.branch_row))
    for table, values in rates.items():
        here = w.branch_table == table
        found[here] = values[w.branch_row[here]]
    return found


def zone_sums(
    topology: Topology, usable: Flags, of_bus: Ints, group: Ints, numbers: dict[int, int],
    values: Floats,
) -> dict[int, float]:  # fmt: skip
    """What branches have [branches], added up by the zone in which each lies."""
    w = topology.wiring
    found: dict[int, float] = defaultdict(float)
    edges = np.flatnonzero(usable & (w.edge_branch >= 0))
    branches, at = np.unique(w.edge_branch[edges], return_index=True)
    for branch, edge in zip(branches.tolist(), edges[at].tolist(), strict=True):
        if not values[branch] > 0:
            continue
        zone = numbers.get(int(group[int(of_bus[w.node_bus[w.edge_to[edge]]]) + 1]))
        if zone is not None:
            found[zone] += float(values[branch])
    return found


def lengths_km(topology: Topology) -> Floats:
    """[branches] length of lines [km], 0 of all else and where it is not known."""
    w, lengths = topology.wiring, topology.grid.lines.numbers("length_m") / 1000
    found = np.zeros(len(w.branch_row))
    here = w.branch_table == "lines"
    found[here] = np.nan_to_num(lengths[w.branch_row[here]])
    return found


def device_rates(grid: Grid) -> dict[str, float]:
    """Failures of devices by their name in a tree [1/year], where the grid's data says so."""
    known, found = failure_rates(grid), dict[str, float]()
    for table, prefix in (("switches", ""), ("transformers", "transformer."),
                          ("sources", "source.")):  # fmt: skip
        names = grid.table(table).texts("name")
        for name, rate in zip(names, known[table].tolist(), strict=True):
            if rate == rate:
                found[f"{prefix}{name}".lower()] = rate
    return found
