"""Positions and demand at an instant: the part of the state that a solve needs."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cached_property
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.model.errors import GridError, nearest
from gridmend.model.grid import Grid
from gridmend.model.pv import pv_power
from gridmend.model.table import Table

DEMANDS: tuple[tuple[str, str, str], ...] = (
    ("loads", "load_kw", "load_kvar"),
    ("generators", "generator_kw", "generator_kvar"),
    ("pv_systems", "pv_kw", "pv_kvar"),
    ("storages", "storage_kw", "storage_kvar"),
)
"""Which fields carry the power of which table."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Frozen positions and demand; a change gives a new Snapshot that shares the rest.

    Arrays are read-only, copies of those given that are not, and follow the grid's tables:

    - `open_phases`: [switches] bit k set where the k-th conductor is open
    - `tap_pu`: [windings] tap of each winding [pu]
    - `steps_on`: [capacitors] steps switched on
    - `source_on`: [sources] whether the source is connected
    - `load_kw`, `load_kvar`: [loads] demand at rated voltage [kW, kvar]
    - `generator_…`, `pv_…`, `storage_…`: [their tables] generation [kW, kvar]
    """

    open_phases: NDArray[np.uint8]
    tap_pu: Floats
    steps_on: Ints
    source_on: Flags
    load_kw: Floats
    load_kvar: Floats
    generator_kw: Floats
    generator_kvar: Floats
    pv_kw: Floats
    pv_kvar: Floats
    storage_kw: Floats
    storage_kvar: Floats
    time: datetime | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            values = getattr(self, field.name)
            if field.name != "time" and values.flags.writeable:
                object.__setattr__(self, field.name, _fixed(values.copy()))

    @cached_property
    def contents(self) -> tuple[bytes, ...]:
        """All but the time, as a key: equal where nothing differs; positions first."""
        arrays = (getattr(self, field.name) for field in fields(self) if field.name != "time")
        return tuple(array.tobytes() for array in arrays)

    @property
    def positions_key(self) -> tuple[bytes, ...]:
        """Its positions, the first four fields, the same."""
        return self.contents[:4]

    @staticmethod
    def normal(grid: Grid) -> Snapshot:
        """The grid as built: normal positions, rated demand, DER as its columns say."""
        pv_kw, pv_kvar = pv_power(grid.pv_systems)
        return Snapshot(
            open_phases=_fixed(
                np.where(
                    grid.switches.flags("normally_open"), conductor_mask(grid.switches), 0
                ).astype(np.uint8)
            ),
            tap_pu=grid.windings.numbers("tap_pu"),
            steps_on=grid.capacitors.counts("steps_on"),
            source_on=_fixed(
                grid.sources.flags("in_service") & grid.sources.flags("normally_used")
            ),
            load_kw=grid.loads.numbers("p_kw"),
            load_kvar=grid.loads.numbers("q_kvar"),
            generator_kw=grid.generators.numbers("p_kw"),
            generator_kvar=grid.generators.numbers("q_kvar"),
            pv_kw=_fixed(pv_kw),
            pv_kvar=_fixed(pv_kvar),
            storage_kw=grid.storages.numbers("p_kw"),
            storage_kvar=grid.storages.numbers("q_kvar"),
        )

    def with_switch(self, grid: Grid, switch: str, *, is_open: bool) -> Snapshot:
        """All conductors of one switch opened or closed."""
        return self.with_switches(grid, {switch: is_open})

    def with_switches(self, grid: Grid, positions: Mapping[str, bool]) -> Snapshot:
        """Several switches at once: name to True where it is open."""
        if not positions:
            return self
        open_phases, phases = self.open_phases.copy(), grid.switches["phases1"]
        for switch, is_open in positions.items():
            at = grid.switches.row(switch)
            open_phases[at] = _every(phases[at]) if is_open else 0
        return replace(self, open_phases=_fixed(open_phases))

    def with_poles(self, row: int, bits: int, *, is_open: bool) -> Snapshot:
        """Some conductors of the switch in a row opened or closed, those whose bits are set."""
        open_phases = self.open_phases.copy()
        was = int(open_phases[row])
        open_phases[row] = was | bits if is_open else was & ~bits
        return replace(self, open_phases=_fixed(open_phases))

    def with_taps(self, tap_pu: Floats) -> Snapshot:
        """Other taps, [windings] [pu]."""
        return replace(self, tap_pu=_fixed(np.array(tap_pu, float)))

    def with_capacitors(self, steps_on: Ints) -> Snapshot:
        """Other capacitor steps, [capacitors]."""
        return replace(self, steps_on=_fixed(np.array(steps_on, np.int64)))

    def at_positions_of(self, other: Snapshot) -> Snapshot:
        """The same demand and time with another's switches, taps, capacitors and sources."""
        names = ("open_phases", "tap_pu", "steps_on", "source_on")
        return replace(self, **{name: getattr(other, name) for name in names})

    def with_source(self, grid: Grid, source: str, *, is_on: bool) -> Snapshot:
        """One source connected or disconnected."""
        used = self.source_on.copy()
        used[grid.sources.row(source)] = is_on
        return replace(self, source_on=_fixed(used))

    def with_open_phases(self, open_phases: NDArray[np.uint8]) -> Snapshot:
        """Other conductors open, [switches] a bit for each."""
        return replace(self, open_phases=_fixed(np.array(open_phases, np.uint8)))

    def with_sources(self, source_on: NDArray[np.bool_]) -> Snapshot:
        """Other sources connected, [sources]."""
        return replace(self, source_on=_fixed(np.array(source_on, np.bool_)))

    def with_power(self, grid: Grid, element: str, p_kw: float) -> Snapshot:
        """Another active power of one DER [kW]; `GridError` where there is no such DER."""
        field, row = _der(grid, element)
        power = getattr(self, field).copy()
        power[row] = p_kw
        return replace(self, **{field: _fixed(power)})

    def power_kw(self, grid: Grid, element: str) -> float:
        """Active power of one DER [kW]; `GridError` where there is no such DER."""
        field, row = _der(grid, element)
        return float(getattr(self, field)[row])

    def with_demand(self, load_kw: Floats, load_kvar: Floats) -> Snapshot:
        """Other demand, [loads] [kW], [kvar]."""
        return replace(
            self,
            load_kw=_fixed(np.array(load_kw, float)),
            load_kvar=_fixed(np.array(load_kvar, float)),
        )

    def at(self, time: datetime) -> Snapshot:
        """The same at another time."""
        return replace(self, time=time)

    def is_open(self, grid: Grid, switch: str) -> bool:
        """Whether any conductor of the switch is open."""
        return bool(self.open_phases[grid.switches.row(switch)])

    def with_positions(self, grid: Grid, positions: Mapping[str, Any]) -> Snapshot:
        """Positions by name, in the form that `solve --json` answers.

        `positions` is `{"taps": {control: step}, "capacitors": {name: steps on},
        "switches": {name: "open" | "closed"}}`. Raises `GridError` for an unknown key, name
        or value.
        """
        for key in positions:
            if key not in ("taps", "capacitors", "switches"):
                raise GridError(f"positions have no '{key}'", mend="use taps, capacitors, switches")
        tap_pu = self.tap_pu.copy()
        for control, step in positions.get("taps", {}).items():
            at = controlled_winding(grid, grid.tap_controls.row(control))
            tap_pu[at] = tap_of_step(grid.windings, at, _whole(step, f"taps, {control}"))
        steps_on = self.steps_on.copy()
        for name, steps in positions.get("capacitors", {}).items():
            at = grid.capacitors.row(name)
            most = len(grid.capacitors["step_kvar"][at])
            steps_on[at] = _whole(steps, f"capacitors, {name}")
            if not 0 <= steps_on[at] <= most:
                raise GridError(f"capacitor '{name}' has {most} steps, not {steps}")
        snapshot = self.with_taps(tap_pu).with_capacitors(steps_on)
        for name, word in positions.get("switches", {}).items():
            if word not in ("open", "closed"):
                raise GridError(f"switch '{name}' cannot be '{word}'", mend="say open or closed")
            snapshot = snapshot.with_switch(grid, name, is_open=word == "open")
        return snapshot

    def positions(self, grid: Grid) -> dict[str, dict[str, Any]]:
        """Taps, capacitors and switches by name, as `with_positions` takes them."""
        windings = grid.windings
        taps: dict[str, Any] = {}
        for at, control in enumerate(grid.tap_controls["name"]):
            winding = controlled_winding(grid, at)
            taps[control] = step_of_tap(windings, winding, float(self.tap_pu[winding]))
        capacitors = grid.capacitors["name"]
        switches = grid.switches["name"]
        return {
            "taps": taps,
            "capacitors": {n: int(k) for n, k in zip(capacitors, self.steps_on, strict=True)},
            "switches": {
                n: "open" if k else "closed"
                for n, k in zip(switches, self.open_phases, strict=True)
            },
        }


def conductor_mask(switches: Table) -> NDArray[np.uint8]:
    """[switches] a bit for each conductor."""
    return np.array([_every(phases) for phases in switches.texts("phases1")], np.uint8)


def _every(phases: str) -> int:
    """A bit for each conductor that phases name."""
    return (1 << len(phases.split())) - 1


def controlled_winding(grid: Grid, control: int) -> int:
    """The row in `windings` whose tap a tap control moves."""
    transformer = grid.tap_controls["transformer"][control]
    number = int(grid.tap_controls["tap_winding"][control])
    return winding_row(grid, transformer, number)


def winding_row(grid: Grid, transformer: str, number: int) -> int:
    """The row in `windings` of a transformer's winding; `GridError` where there is none."""
    name = f"{transformer}:{number}"
    at = grid.windings.index.get(name.lower())
    if at is None:
        known = [n for n in grid.windings if n.lower().startswith(transformer.lower() + ":")]
        mend = f"it has {', '.join(known)}" if known else nearest(transformer, grid.transformers)
        raise GridError(f"transformer '{transformer}' has no winding {number}", mend=mend)
    return at


def tap_step_pu(windings: Table, at: int) -> float:
    """Size of one tap step [pu]."""
    span = windings["tap_max_pu"][at] - windings["tap_min_pu"][at]
    return float(span / max(int(windings["tap_steps"][at]), 1))


def step_of_tap(windings: Table, at: int, tap_pu: float) -> int:
    """The whole step, counted from the middle of the range, nearest to a tap [pu]."""
    middle = (windings["tap_max_pu"][at] + windings["tap_min_pu"][at]) / 2
    return round((tap_pu - float(middle)) / tap_step_pu(windings, at))


def tap_of_step(windings: Table, at: int, step: int) -> float:
    """The tap [pu] of a whole step; `GridError` where it is beyond the range."""
    middle = (windings["tap_max_pu"][at] + windings["tap_min_pu"][at]) / 2
    tap = float(middle) + step * tap_step_pu(windings, at)
    low, high = float(windings["tap_min_pu"][at]), float(windings["tap_max_pu"][at])
    if not low - 1e-9 <= tap <= high + 1e-9:
        raise GridError(
            f"winding '{windings['name'][at]}' has no step {step}",
            mend=f"it goes from {low:g} to {high:g} pu in {windings['tap_steps'][at]} steps",
        )
    return tap


def _der(grid: Grid, element: str) -> tuple[str, int]:
    """Field and row of a DER's active power."""
    table, row = grid.find(element)
    for name, field, _ in DEMANDS[1:]:
        if name == table:
            return field, row
    raise GridError(f"'{element}' is no DER", mend="name a generator, PV system or storage")


def _whole(value: Any, where: str) -> int:
    try:
        return operator.index(value) if not isinstance(value, bool) else _refuse(value, where)
    except TypeError:
        return _refuse(value, where)


def _refuse(value: Any, where: str) -> NoReturn:
    raise GridError(f"{value!r} is not a whole number", where=where)


def _fixed(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array
