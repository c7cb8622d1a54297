"""What one capacitor control measures and wants: current, voltage, kvar, power factor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Complexes, Floats, Ints
from gridmend.model.errors import GridError
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network


@dataclass(frozen=True, eq=False)
class Meter:
    """One control, ready to look: its bank, its settings, and the terminal it measures."""

    capacitor: int
    steps: int
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
    place = network.primitives.place.get(table)
    if place is None or place[row] < 0:
        raise GridError(
            f"capacitor control '{c['name'][at]}' measures '{c['element'][at]}',"
            " which carries no measured current",
            mend="name a line, switch or transformer in service",
        )
    k = int(place[row])
    span = slice(network.primitives.node_start[k], network.primitives.node_start[k + 1])
    terminal = network.primitives.terminal[span]
    conductors = np.flatnonzero(terminal == int(c["terminal"][at]))
    if not len(conductors):
        raise GridError(
            f"capacitor control '{c['name'][at]}' measures terminal {c['terminal'][at]} of"
            f" '{c['element'][at]}', which has {int(terminal.max())}"
        )
    nodes = network.primitives.nodes[span][conductors]
    bus = c["v_override_bus"][at]
    at_bus = np.flatnonzero(network.nodes.bus == grid.buses.row(bus)) if bus else nodes
    return Meter(
        capacitor=capacitor,
        steps=max(len(grid.capacitors["step_kvar"][capacitor]), 1),
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


def wanted(
    meter: Meter, network: Network, values: Complexes, v: Complexes, snapshot: Snapshot
) -> int:
    """1 to switch a step on, -1 to switch one off, 0 to stay."""
    on = int(snapshot.steps_on[meter.capacitor])
    if meter.override and meter.kind != "voltage":
        seen = _chosen(np.abs(_at(meter.override_nodes, v)), meter.pt_phase) / meter.pt_ratio
        if seen < meter.v_min_v and on == 0:
            return 1
        if seen > meter.v_max_v and on > 0:
            return -1
    if meter.kind == "time":
        return _by_time(meter, snapshot, on)
    if meter.kind == "voltage":
        seen = _chosen(np.abs(_at(meter.nodes, v)), meter.pt_phase) / meter.pt_ratio
        return _between(seen, low=meter.on, high=meter.off, on=on, steps=meter.steps)
    nodes, span = network.primitives.of(meter.table, meter.row)
    i = (values[span].reshape(len(nodes), len(nodes)) @ _at(nodes, v))[meter.conductors]
    power = complex(np.sum(_at(meter.nodes, v) * np.conj(i)))
    if meter.kind == "current":
        seen = _chosen(np.abs(i), meter.ct_phase) / meter.ct_ratio
    elif meter.kind == "kvar":
        seen = power.imag / 1e3
    else:
        return _by_factor(meter, power, on)
    return _between(-seen, low=-meter.on, high=-meter.off, on=on, steps=meter.steps)


def _at(nodes: Ints, v: Complexes) -> Complexes:
    return np.where(nodes >= 0, v[nodes], 0.0)


def _chosen(sizes: Floats, phase: str) -> float:
    if phase in ("avg", "max", "min"):
        return float({"avg": np.mean, "max": np.max, "min": np.min}[phase](sizes))
    return float(sizes[min(int(phase), len(sizes)) - 1])


def _between(seen: float, *, low: float, high: float, on: int, steps: int) -> int:
    """Switch on below `low` where a step is off, off above `high` where one is on."""
    if seen > high and on > 0:
        return -1
    if seen < low and on < steps:
        return 1
    return 0


def _by_time(meter: Meter, snapshot: Snapshot, on: int) -> int:
    if snapshot.time is None:
        return 0
    hour = snapshot.time.hour + snapshot.time.minute / 60 + snapshot.time.second / 3600
    if meter.off > meter.on:
        should = meter.on <= hour < meter.off
    else:
        should = hour >= meter.on or hour < meter.off
    return 1 if should and on == 0 else -1 if not should and on > 0 else 0


def _by_factor(meter: Meter, power: complex, on: int) -> int:
    """Power factor above 1 stands for leading, as 2 minus its size (OpenDSS)."""
    if not abs(power):
        return 0
    factor = abs(power.real) / abs(power)
    seen = 2 - factor if power.imag < 0 else factor
    return _between(seen, low=meter.on, high=meter.off, on=on, steps=meter.steps)
