"""A series with its controls off, solved in lanes and told as a `SeriesFlow`'s fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.lanes import Demand, solve_lanes
from gridmend.powerflow.legs import INJECTED, powers
from gridmend.powerflow.network import Network
from gridmend.powerflow.step_summary import Limits

LEAST_STEPS = 24
"""Fewer steps than this are solved one by one."""

_TOLERANCE_PU = 1e-8
_FIELDS = (
    ("load_kw", "load_kvar"),
    ("generator_kw", "generator_kvar"),
    ("pv_kw", "pv_kvar"),
    ("storage_kw", "storage_kvar"),
)
"""Powers of a snapshot, in the order of the legs' tables."""


@dataclass(frozen=True, eq=False)
class Found:
    """The summary of each step by the names of `step_summary.SUMMARY`; whether it settled in its
    lane, for the others are to be solved alone; voltages [steps, nodes] where asked for."""

    summary: dict[str, Any]
    settled: Flags
    v_v: Complexes | None


def demand_of(network: Network, series: Series, first: int, last: int) -> Demand:
    """The legs' demand over some steps of a series; what is constant follows a profile of ones."""
    assert len(INJECTED) == len(_FIELDS)
    legs = network.legs
    constant = len(series.factors)
    at: list[Ints] = [np.empty(len(legs.plus), np.int64) for _ in range(2)]
    for kind, fields in enumerate(_FIELDS):
        here = legs.table == kind
        for part, name in enumerate(fields):
            rows = series.follows.get(name)
            if rows is None:
                at[part][here] = constant
            else:
                followed = rows[legs.element[here]]
                at[part][here] = np.where(followed < 0, constant, followed)
    ones = np.ones((1, last - first))
    factors = np.concatenate([series.factors[:, first:last], ones])
    return Demand(powers(legs, series.start), at[0], at[1], factors)


def solve_off(
    network: Network,
    series: Series,
    steps: tuple[int, int],
    begin: Snapshot,
    *,
    keep_voltages: bool,
    limits: Limits,
    threads: int,
) -> Found:
    """Steps of a series, from the first up to but not including the second, at fixed positions."""
    found = solve_lanes(
        network,
        begin,
        demand_of(network, series, *steps),
        tolerance=_TOLERANCE_PU,
        threads=threads,
        voltages=keep_voltages,
        limits=limits,
    )
    summary: dict[str, Floats | Ints] = {
        "v_min_pu": found.v_min_pu,
        "v_min_node": found.v_min_node,
        "v_max_pu": found.v_max_pu,
        "v_max_node": found.v_max_node,
        "source_kw": found.source_kw,
        "source_kvar": found.source_kvar,
        "load_kw": found.load_kw,
        "load_kvar": found.load_kvar,
        "loss_kw": found.source_kw - found.load_kw,
        "overloads": found.overloads,
        "customers_outside": found.customers_outside,
    }
    return Found(summary, found.in_lane, found.v_v)
