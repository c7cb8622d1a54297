"""What is kept of one step of a series: extremes, powers, overloads, customers outside limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.model.flow import Flow
from gridmend.powerflow.legs import INJECTED, leg_voltages
from gridmend.powerflow.network import Network
from gridmend.powerflow.results import LIVE_PU


@dataclass(frozen=True, slots=True)
class Limits:
    """Voltage limits [pu of the load's rated voltage]."""

    v_low_pu: float
    v_high_pu: float


LIMITS: dict[str, Limits] = {
    "ansi-a": Limits(0.95, 1.05),
    "ansi-b": Limits(0.9167, 1.0583),
    "en50160": Limits(0.9, 1.1),
}
"""By the name that a user gives.

ANSI C84.1-2020, service voltage of 120 V systems: range A 114 to 126 V, range B 110 to 127 V.
EN 50160:2010, 4.2.2: ± 10 % of the nominal voltage, there for 95 % of ten-minute means of a
week; here each step is judged.
"""

ANSI_RANGE_A = LIMITS["ansi-a"]


@dataclass(frozen=True, eq=False)
class Gauge:
    """Where to look in a flow: made once for a network.

    Masks over terminals `from_source`, `injected`, `passive`; `rating_a` [terminals], nan where
    there is none; `element` [terminals] numbers elements for counting; `customers` [loads];
    `load_leg` masks the legs of loads, `leg_load` is the load of each of those.
    """

    from_source: Flags
    injected: Flags
    passive: Flags
    rating_a: Floats
    element: Ints
    customers: Floats
    load_leg: Flags
    leg_load: Ints

    @staticmethod
    def of(network: Network) -> Gauge:
        """The gauge of a network."""
        terminals = network.terminals
        from_source = terminals.table == "sources"
        injected = np.isin(terminals.table.astype(str), INJECTED)
        keys = np.char.add(terminals.table.astype(str), terminals.row.astype(str))
        _, element = np.unique(keys, return_inverse=True)
        load_leg = network.legs.table == INJECTED.index("loads")
        return Gauge(
            from_source=from_source,
            injected=injected,
            passive=~(from_source | injected),
            rating_a=network.rating_a,
            element=element.astype(np.int64),
            customers=customers_behind(network),
            load_leg=load_leg,
            leg_load=network.legs.element[load_leg],
        )


def customers_behind(network: Network) -> Floats:
    """[loads] customers: of `customers` where the table has rows, else of `loads`."""
    grid = network.grid
    if not len(grid.customers):
        return grid.loads.counts("customers").astype(float)
    rows = [grid.loads.row(load) for load in grid.customers.texts("load")]
    counts = grid.customers.counts("count")
    return np.bincount(rows, counts, len(grid.loads)).astype(float)


SUMMARY: dict[str, Any] = {
    "v_min_pu": float,
    "v_min_node": np.int64,
    "v_max_pu": float,
    "v_max_node": np.int64,
    "source_kw": float,
    "source_kvar": float,
    "load_kw": float,
    "load_kvar": float,
    "loss_kw": float,
    "overloads": np.int64,
    "customers_outside": float,
}
"""What a step is summed up in, with the kind of each."""


def failed() -> dict[str, float]:
    """The summary of a step that did not converge: nothing is known."""
    return {
        name: np.nan if kind is float else -1.0 if name.endswith("_node") else 0.0
        for name, kind in SUMMARY.items()
    }


def summed_up(network: Network, gauge: Gauge, flow: Flow, limits: Limits) -> dict[str, float]:
    """One flow by the names of `SUMMARY`; nan and -1 where the network is dead."""
    v_pu = flow.v_pu
    live = v_pu > LIVE_PU
    low, high = -1, -1
    if live.any():
        low = int(np.argmin(np.where(live, v_pu, np.inf)))
        high = int(np.argmax(np.where(live, v_pu, -np.inf)))
    s = flow.s_kva
    source = -complex(np.sum(s[gauge.from_source]))
    load = complex(np.sum(s[gauge.injected]))
    return {
        "v_min_pu": float(v_pu[low]) if low >= 0 else np.nan,
        "v_min_node": low,
        "v_max_pu": float(v_pu[high]) if high >= 0 else np.nan,
        "v_max_node": high,
        "source_kw": source.real,
        "source_kvar": source.imag,
        "load_kw": load.real,
        "load_kvar": load.imag,
        "loss_kw": float(np.sum(s[gauge.passive]).real),
        "overloads": _overloads(gauge, np.abs(flow.i_a)),
        "customers_outside": _outside(network, gauge, flow, limits),
    }


def _overloads(gauge: Gauge, i_a: Floats) -> int:
    over = i_a > gauge.rating_a
    return len(np.unique(gauge.element[over]))


def _outside(network: Network, gauge: Gauge, flow: Flow, limits: Limits) -> float:
    size = np.abs(leg_voltages(network.legs, flow.v_v)) / network.legs.rated_v
    v_pu = size[gauge.load_leg]
    beyond = (v_pu > LIVE_PU) & ((v_pu < limits.v_low_pu) | (v_pu > limits.v_high_pu))
    loads = np.unique(gauge.leg_load[beyond])
    return float(np.sum(gauge.customers[loads]))
