"""The measured points of a grid: what each instrument is at, and how well it measures."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from gridmend.model.arrays import Floats, Ints
from gridmend.model.errors import GridError
from gridmend.model.flow import Flow
from gridmend.powerflow.network import Network
from gridmend.twin.streams import Streams


class Quantity(IntEnum):
    """What a point measures."""

    POSITION = 0
    """A bit for each conductor of a switch that is open."""
    CURRENT = 1
    """A conductor at a switch's first end [A]."""
    POWER = 2
    """Active power through a switch, into its first end [kW]."""
    REACTIVE = 3
    """Reactive power through a switch, into its first end [kvar]."""
    VOLTAGE = 4
    """A phase of a bus to ground [V]."""
    TAP = 5
    """The tap of a winding [pu]."""
    STEPS = 6
    """Steps of a capacitor bank that are on."""


UNIT = ("", "A", "kW", "kvar", "V", "pu", "")
"""Of each quantity."""

_ANALOGUE = (Quantity.CURRENT, Quantity.POWER, Quantity.REACTIVE, Quantity.VOLTAGE)


@dataclass(frozen=True, slots=True)
class Class:
    """How well instruments measure. `ratio_pct` is the largest error of an instrument
    transformer's ratio, which stays for good (accuracy class 0.6 of IEEE C57.13 unless given);
    `noise_pct` the standard deviation from reading to reading, `dead_band_pct` the change that is
    reported, both of the rated value and assumed."""

    ratio_pct: float = 0.6
    noise_pct: float = 0.05
    dead_band_pct: float = 0.5

    def __post_init__(self) -> None:
        for name in ("ratio_pct", "noise_pct", "dead_band_pct"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise GridError(f"{name} of a class is {value}", mend="give 0 or more")


@dataclass(frozen=True, eq=False)
class Points:
    """Every point, in the order of its RTU. All arrays are [points].

    `device` is a key as `switch.sw1` or `bus.52`, `phase` a conductor or empty; `unit_of` the RTU
    that reads it; `at` what is read: a row of positions, a terminal, a node; `rated` its full
    scale, `gain` its instrument's own ratio error, `noise` and `dead_band` in its unit.
    """

    device: tuple[str, ...]
    phase: tuple[str, ...]
    quantity: NDArray[np.int8]
    unit_of: Ints
    at: Ints
    rated: Floats
    gain: Floats
    noise: Floats
    dead_band: Floats
    units: tuple[str, ...]
    """The RTUs, by the device that each stands at."""
    power: tuple[Ints, Ints]
    """Of power through switches: which point, and the terminals that add up to it."""

    def __len__(self) -> int:
        return len(self.device)

    def true(self, flow: Flow) -> Floats:
        """[points] what the flow has at each, without error."""
        quantity, found = self.quantity, np.zeros(len(self))
        snapshot = flow.snapshot
        for kind, values in (
            (Quantity.POSITION, snapshot.open_phases),
            (Quantity.CURRENT, np.abs(flow.i_a)),
            (Quantity.VOLTAGE, np.abs(flow.v_v)),
            (Quantity.TAP, snapshot.tap_pu),
            (Quantity.STEPS, snapshot.steps_on),
        ):
            here = quantity == kind
            found[here] = values[self.at[here]]
        point, terminal = self.power
        node = flow.terminals.node[terminal]
        s_kva = np.where(node >= 0, flow.v_v[node], 0.0) * np.conj(flow.i_a[terminal]) / 1000
        parts = np.where(quantity[point] == Quantity.POWER, s_kva.real, s_kva.imag)
        found += np.bincount(point, parts, len(self))
        return found


def points_of(network: Network, streams: Streams, quality: Class | None = None) -> Points:
    """The points that a grid with remote switches has.

    An RTU stands at every remote switch and reads position, currents and power, and the voltage of
    its first bus; one at every regulator reads its tap, one at every capacitor bank its steps.
    """
    quality = quality or Class()
    rows = list(_rows(network))
    names = list(dict.fromkeys(row.unit for row in rows))
    number = {name: k for k, name in enumerate(names)}
    kind = np.array([row.quantity for row in rows], np.int8)
    rated = np.array([row.rated for row in rows], float)
    analogue = np.isin(kind, _ANALOGUE)
    error = np.array(
        [streams.of("instrument", r.device, r.phase, r.quantity.name).uniform(-1, 1) for r in rows]
    )
    power = [(k, t) for k, row in enumerate(rows) for t in row.terminals]
    point, terminal = np.array(power, np.int64).reshape(-1, 2).T
    return Points(
        device=tuple(row.device for row in rows),
        phase=tuple(row.phase for row in rows),
        quantity=kind,
        unit_of=np.array([number[row.unit] for row in rows], np.int64),
        at=np.array([row.at for row in rows], np.int64),
        rated=rated,
        gain=np.where(analogue, 1.0 + error * quality.ratio_pct / 100, 1.0),
        noise=np.where(analogue, rated * quality.noise_pct / 100, 0.0),
        dead_band=np.where(analogue, rated * quality.dead_band_pct / 100, 0.0),
        units=tuple(names),
        power=(point, terminal),
    )


@dataclass(frozen=True, slots=True)
class _Row:
    unit: str
    device: str
    quantity: Quantity
    phase: str
    at: int
    rated: float
    terminals: tuple[int, ...] = ()


_RATED_A = 600.0
"""Full scale of a current whose switch has no rating: a usual current transformer. Assumed."""


def _rows(network: Network) -> Iterator[_Row]:
    grid = network.grid
    for row in np.flatnonzero(grid.switches.flags("remote")).tolist():
        if network.primitives.place["switches"][row] >= 0:
            yield from _of_switch(network, row)
    regulated = {grid.transformers.row(name) for name in grid.tap_controls["transformer"]}
    for row, unit in network.units.items():
        name = f"transformer.{grid.transformers['name'][row]}".lower()
        for winding in unit.windings.tolist():
            if int(grid.windings["tap_steps"][winding]) > 0 and row in regulated:
                phase = str(grid.windings["number"][winding])
                yield _Row(name, name, Quantity.TAP, phase, winding, 1.1)
    for row in np.flatnonzero(grid.capacitors.flags("in_service")).tolist():
        name = f"capacitor.{grid.capacitors['name'][row]}".lower()
        yield _Row(name, name, Quantity.STEPS, "", row, len(grid.capacitors["step_kvar"][row]))


def _of_switch(network: Network, row: int) -> Iterator[_Row]:
    grid, terminals = network.grid, network.terminals
    name = f"switch.{grid.switches['name'][row]}".lower()
    mine = terminals.of("switches", row)
    mine = mine[(terminals.terminal[mine] == 1) & (terminals.node[mine] >= 0)]
    yield _Row(name, name, Quantity.POSITION, "", row, 1.0)
    rating = float(grid.switches.numbers("rating_a")[row])
    rated_a = rating if rating > 0 else _RATED_A
    bus = f"bus.{grid.switches['bus1'][row]}".lower()
    for t in mine.tolist():
        node, phase = int(terminals.node[t]), str(terminals.phase[t])
        yield _Row(name, name, Quantity.CURRENT, phase, t, rated_a)
        base_v = float(network.nodes.base_v[node])
        yield _Row(name, bus, Quantity.VOLTAGE, phase, node, base_v)
    if len(mine):
        base_v = float(network.nodes.base_v[terminals.node[mine[0]]])
        rated_kva = len(mine) * base_v * rated_a / 1000
        for quantity in (Quantity.POWER, Quantity.REACTIVE):
            yield _Row(name, name, quantity, "", row, rated_kva, tuple(mine.tolist()))
