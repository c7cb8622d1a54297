"""What is read off one power flow of a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.topology import Topology
from gridmend.powerflow.results import load_kva, losses

INDUCED_PU = 0.5
"""Below it a voltage may be one that the other phases induce in an open one, some per cent of
nominal: then the topology is asked what a source feeds."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Load, losses and voltage at customers at one time; they hold until the next sample.

    Voltages are the lowest and highest at nodes with supply where loads hang (at all nodes of a
    grid without loads), nan where there are none or the flow did not converge.
    """

    time_utc: datetime
    load_kw: float
    loss_kw: float
    v_min_pu: float
    v_max_pu: float
    bus: str
    phase: str


def sample(topology: Topology, flow: Flow, served: NDArray[np.bool_], time_utc: datetime) -> Sample:
    """Read a flow; `served` [nodes] are the nodes whose voltage counts."""
    grid = topology.grid
    if not flow.energised.any():
        return Sample(time_utc, 0.0, 0.0, np.nan, np.nan, "", "")
    if not flow.converged:
        return Sample(time_utc, np.nan, np.nan, np.nan, np.nan, "", "")
    power = (load_kva(flow).real, losses(grid, flow).kw)
    live = np.flatnonzero(flow.energised & served)
    if len(live) and float(flow.v_pu[live].min()) < INDUCED_PU:
        live = live[fed(topology, flow)[live]]
    if not len(live):
        return Sample(time_utc, *power, np.nan, np.nan, "", "")
    v_pu = flow.v_pu[live]
    lowest = live[int(np.argmin(v_pu))]
    bus = str(grid.buses["name"][flow.nodes.bus[lowest]])
    phase = str(flow.nodes.phase[lowest])
    return Sample(time_utc, *power, float(v_pu.min()), float(v_pu.max()), bus, phase)


def fed(topology: Topology, flow: Flow) -> NDArray[np.bool_]:
    """[nodes of the flow] whether a source feeds each; a neutral is not."""
    w, live = topology.wiring, topology.energised(flow.snapshot)
    pairs = zip(w.node_bus[live].tolist(), w.node_phase[live].tolist(), strict=True)
    has = {(bus, str(phase)) for bus, phase in pairs}
    theirs = zip(flow.nodes.bus.tolist(), flow.nodes.phase.tolist(), strict=True)
    return np.array([(bus, str(phase)) in has for bus, phase in theirs], bool)


def served_nodes(grid: Grid, flow: Flow) -> NDArray[np.bool_]:
    """[nodes] where loads hang, neutrals left out; every phase where there are no loads."""
    phases = ~np.isin(flow.nodes.phase, ("n", "g"))
    buses = {grid.buses.row(bus) for bus in grid.loads["bus"]}
    at_loads = np.isin(flow.nodes.bus, list(buses)) & phases
    hung = {
        (grid.buses.row(bus), phase)
        for bus, words in zip(grid.loads["bus"], grid.loads["phases"], strict=True)
        for phase in words.split()
    }
    pairs = zip(flow.nodes.bus.tolist(), flow.nodes.phase.tolist(), strict=True)
    served = at_loads & np.array([pair in hung for pair in pairs], bool)
    return served if served.any() else phases


def energy_kwh(samples: Sequence[Sample], power_kw: Sequence[float], end_utc: datetime) -> float:
    """The energy of powers that hold from sample to sample, up to an end [kWh]."""
    total = 0.0
    for number, (one, power) in enumerate(zip(samples, power_kw, strict=True)):
        later = samples[number + 1].time_utc if number + 1 < len(samples) else end_utc
        hours = (min(later, end_utc) - min(one.time_utc, end_utc)) / timedelta(hours=1)
        if np.isfinite(power):
            total += power * hours
    return total
