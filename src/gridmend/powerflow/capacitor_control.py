"""What one capacitor control measures and wants: current, voltage, kvar, power factor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Complexes, Floats, Ints
from gridmend.model.errors import GridError
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.measured import currents_into, voltages_at
from gridmend.powerflow.network import Network

_NO_POWER_VA = 1e-3
"""Below this the power factor is that of rounding, and nothing is switched by it."""


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


def wanted(
    meter: Meter, network: Network, values: Complexes, v: Complexes, snapshot: Snapshot
) -> int:
    """1 to switch a step on, -1 to switch one off, 0 to stay."""
    on = int(snapshot.steps_on[meter.capacitor])
    if meter.override and meter.kind != "voltage" and len(meter.override_nodes):
        seen = _volts(meter, voltages_at(meter.override_nodes, v))
        if seen < meter.v_min_v and on == 0:
            return 1
        if seen > meter.v_max_v and on > 0:
            return -1
    if meter.kind == "time":
        return _by_time(meter, snapshot, on)
    if not len(meter.nodes):
        return _of_nothing(meter, on)
    if meter.kind == "voltage":
        seen = _volts(meter, voltages_at(meter.nodes, v))
        return _between(seen, low=meter.on, high=meter.off, on=on, steps=meter.steps)
    nodes, span = network.primitives.of(meter.table, meter.row)
    i = currents_into(meter.conductors, nodes, values[span], v)
    power = complex(np.vdot(i, voltages_at(meter.nodes, v)))
    if meter.kind == "current":
        seen = _chosen(np.abs(i), meter.ct_phase) / meter.ct_ratio
    elif meter.kind == "kvar":
        seen = power.imag / 1e3
    else:
        return _by_factor(meter, power, on)
    return _between(-seen, low=-meter.on, high=-meter.off, on=on, steps=meter.steps)


def _of_nothing(meter: Meter, on: int) -> int:
    """What a control wants that measures no current, for its element is out of service."""
    if meter.kind not in ("current", "kvar"):
        return 0
    return _between(0.0, low=-meter.on, high=-meter.off, on=on, steps=meter.steps)


def _volts(meter: Meter, v: Complexes) -> float:
    """At the potential transformer; between phases where the bank is in delta and one is named."""
    if meter.delta and meter.pt_phase.isdigit() and len(v) > 1:
        v = v - np.roll(v, -1)
    return _chosen(np.abs(v), meter.pt_phase) / meter.pt_ratio


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
    return 1 if should and on < meter.steps else -1 if not should and on > 0 else 0


def _by_factor(meter: Meter, power: complex, on: int) -> int:
    """Power factor above 1 stands for leading, as 2 minus its size (OpenDSS).

    A bank is switched on only where at least half its kvar is wanted, a further step half of
    a step's.
    """
    if abs(power) < _NO_POWER_VA:
        return 0
    factor = abs(power.real) / abs(power)
    seen = 2 - factor if power.imag < 0 else factor
    enough_kvar = 0.5 * meter.bank_kvar / (meter.steps if on else 1)
    if seen > _from_lagging(meter.off) and on > 0:
        return -1
    wants = seen < _from_lagging(meter.on) and power.imag / 1e3 > enough_kvar
    return 1 if wants and on < meter.steps else 0


def _from_lagging(setting: float) -> float:
    """A setting as OpenDSS counts it: leading ones, written below zero, come after 1."""
    return 2 + setting if setting < 0 else setting
