"""One capacitor control as it stands in the grid: its settings and what it measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Ints
from gridmend.model.errors import GridError
from gridmend.powerflow.network import Network


@dataclass(frozen=True, eq=False)
class Meter:
    """One control, ready to look: its bank, its settings, and the terminal it measures."""

    capacitor: int
    steps: int
    bank_kvar: float
    delta: bool
    kind: str
    table: str
    row: int
    conductors: Ints
    nodes: Ints
    on: float
    off: float
    pt_ratio: float
    ct_ratio: float
    pt_phase: str
    ct_phase: str
    delay_s: float
    delay_off_s: float
    dead_time_s: float
    override: bool
    v_min_v: float
    v_max_v: float
    override_nodes: Ints


def meters(network: Network) -> list[Meter]:
    """Every control in service whose bank is in service."""
    c = network.grid.capacitor_controls
    banks = network.grid.capacitors
    found: list[Meter] = []
    for at in np.flatnonzero(c.flags("in_service")).tolist():
        capacitor = banks.row(c["capacitor"][at])
        if network.primitives.place["capacitors"][capacitor] >= 0:
            found.append(_meter(network, at, capacitor))
    return found


def _meter(network: Network, at: int, capacitor: int) -> Meter:
    grid, c = network.grid, network.grid.capacitor_controls
    table, row = grid.find(c["element"][at])
    conductors, nodes = _terminal(network, at, table, row)
    bus = c["v_override_bus"][at]
    at_bus = np.flatnonzero(network.nodes.bus == grid.buses.row(bus)) if bus else nodes
    return Meter(
        capacitor=capacitor,
        steps=max(len(grid.capacitors["step_kvar"][capacitor]), 1),
        bank_kvar=float(np.sum(grid.capacitors["step_kvar"][capacitor])),
        delta=bool(grid.capacitors["connection"][capacitor] == "delta"),
        kind=str(c["kind"][at]),
        table=table,
        row=row,
        conductors=conductors,
        nodes=nodes,
        on=float(c["on"][at]),
        off=float(c["off"][at]),
        pt_ratio=float(c["pt_ratio"][at]),
        ct_ratio=float(c["ct_ratio"][at]),
        pt_phase=str(c["pt_phase"][at]),
        ct_phase=str(c["ct_phase"][at]),
        delay_s=float(c["delay_s"][at]),
        delay_off_s=float(c["delay_off_s"][at]),
        dead_time_s=float(c["dead_time_s"][at]),
        override=bool(c["voltage_override"][at]),
        v_min_v=float(c["v_min_v"][at]),
        v_max_v=float(c["v_max_v"][at]),
        override_nodes=at_bus,
    )


def _terminal(network: Network, at: int, table: str, row: int) -> tuple[Ints, Ints]:
    """Conductors and nodes of the terminal measured; none where it is out of service."""
    c, primitives = network.grid.capacitor_controls, network.primitives
    place = primitives.place.get(table)
    if place is None:
        raise GridError(
            f"capacitor control '{c['name'][at]}' measures '{c['element'][at]}',"
            " which carries no measured current",
            mend="name a line, switch or transformer",
        )
    k = int(place[row])
    if k < 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    span = slice(primitives.node_start[k], primitives.node_start[k + 1])
    terminal = primitives.terminal[span]
    conductors = np.flatnonzero(terminal == int(c["terminal"][at]))
    if not len(conductors):
        raise GridError(
            f"capacitor control '{c['name'][at]}' measures terminal {c['terminal'][at]} of"
            f" '{c['element'][at]}', which has {int(terminal.max())}"
        )
    return conductors, primitives.nodes[span][conductors]
