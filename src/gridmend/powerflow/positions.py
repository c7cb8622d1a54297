"""What positions do to primitives: switches, taps, capacitor steps and sources."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridmend.model.arrays import Complexes, Ints
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow import primitive, transformer
from gridmend.powerflow.network import Network
from gridmend.powerflow.shorts import Short, device_of, shorted

Device = tuple[str, int]
"""A table and a row in it."""


def values_at(network: Network, snapshot: Snapshot, shorts: tuple[Short, ...] = ()) -> Complexes:
    """Every primitive value [S] at a snapshot's positions, with some short circuits."""
    values = network.spare.array(len(network.primitives.values))
    values[:] = network.primitives.values
    for device in (*_displaced(network, snapshot), *shorted_devices(network, shorts)):
        set_values(network, snapshot, device, values, shorts)
    return values


def shorted_devices(
    network: Network, before: tuple[Short, ...], after: tuple[Short, ...] = ()
) -> list[Device]:
    """The devices whose short circuits differ."""
    differ = set(before) ^ set(after)
    return list(dict.fromkeys(device_of(network, s) for s in (*before, *after) if s in differ))


def moved_devices(network: Network, before: Snapshot, after: Snapshot) -> list[Device]:
    """The devices in service whose positions differ."""
    place, moved = network.primitives.place, list[Device]()
    for table, one, other in (
        ("switches", before.open_phases, after.open_phases),
        ("capacitors", before.steps_on, after.steps_on),
        ("sources", before.source_on, after.source_on),
    ):
        if one is not other:
            rows = np.flatnonzero(one != other).tolist()
            moved += [(table, row) for row in rows if place[table][row] >= 0]
    if before.tap_pu is not after.tap_pu:
        moved += _tapped(network, np.flatnonzero(before.tap_pu != after.tap_pu))
    return moved


def set_values(
    network: Network, snapshot: Snapshot, device: Device, values: Complexes,
    shorts: tuple[Short, ...] = (),
) -> None:  # fmt: skip
    """Set in `values` [S] those of one device at a snapshot's positions, with its shorts."""
    table, row = device
    nodes, span = network.primitives.of(table, row)
    built = network.primitives.values[span]
    if table == "switches":
        values[span] = _switch(network, row, len(nodes), int(snapshot.open_phases[row]), built)
    elif table == "transformers":
        unit = network.units[row]
        values[span] = transformer.admittance(unit.make, snapshot.tap_pu[unit.windings]).ravel()
    elif table == "capacitors":
        steps = int(snapshot.steps_on[row])
        values[span] = built * float(np.sum(network.grid.capacitors["step_kvar"][row][:steps]))
    elif table == "sources":
        values[span] = built if snapshot.source_on[row] else 0.0
    else:
        values[span] = built
    here = [short for short in shorts if device_of(network, short) == device]
    if here:
        values[span] = shorted(network, device, values[span].copy(), here)


def _displaced(network: Network, snapshot: Snapshot) -> Iterator[Device]:
    """The devices in service that do not stand as the network's primitives were built."""
    place = network.primitives.place
    for table, rows in (
        ("switches", np.flatnonzero(snapshot.open_phases)),
        ("capacitors", np.arange(len(snapshot.steps_on))),
        ("sources", np.flatnonzero(~snapshot.source_on)),
    ):
        yield from ((table, row) for row in rows.tolist() if place[table][row] >= 0)
    normal = network.grid.windings.numbers("tap_pu")
    if snapshot.tap_pu is not normal:
        yield from _tapped(network, np.flatnonzero(snapshot.tap_pu != normal))


def _tapped(network: Network, windings: Ints) -> list[Device]:
    units = np.unique(network.unit_of_winding[windings]).tolist()
    return [("transformers", unit) for unit in units if unit >= 0]


def _switch(network: Network, row: int, size: int, mask: int, built: Complexes) -> Complexes:
    shut = mask ^ ((1 << size // 2) - 1)
    if not mask or not shut:
        return built if shut else np.zeros_like(built)
    z = primitive.switch_impedance(network.grid.switches, row, size // 2)
    return primitive.opened(built.reshape(size, size), z, mask).ravel()
