"""One regulator or tap changer as it stands in the grid: its settings and what it measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Ints
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.snapshot import controlled_winding, tap_step_pu, winding_row
from gridmend.powerflow.network import Network
from gridmend.powerflow.units import Unit


@dataclass(frozen=True, eq=False)
class Side:
    """One winding as a control sees it: coil ends [phases, 2] as nodes, current conductors."""

    plus: Ints
    minus: Ints
    conductors: Ints
    rated_v: float


@dataclass(frozen=True, eq=False)
class Meter:
    """One control, ready to look: settings, what it measures and which tap it moves."""

    unit: Unit
    tap_winding: int
    own: Side
    other: Side
    remote: int
    phase: str
    target_v: float
    band_v: float
    pt_ratio: float
    ct_primary_a: float
    ldc_v: complex
    v_limit_v: float
    step_pu: float
    tap_min_pu: float
    tap_max_pu: float
    most_steps: int
    delay_s: float
    moves_other: bool
    reverse_mode: str
    reverse_target_v: float
    reverse_band_v: float
    reverse_ldc_v: complex
    reverse_threshold_va: float


def meters(network: Network) -> list[Meter]:
    """Every control in service whose transformer is in service."""
    controls = network.grid.tap_controls
    found: list[Meter] = []
    for at in np.flatnonzero(controls.flags("in_service")).tolist():
        row = network.grid.transformers.row(controls["transformer"][at])
        unit = network.units.get(row)
        if unit is not None:
            found.append(_meter(network, at, unit))
    return found


def _meter(network: Network, at: int, unit: Unit) -> Meter:
    grid, c = network.grid, network.grid.tap_controls
    number = int(c["winding"][at])
    _ = winding_row(grid, c["transformer"][at], number)
    tap_winding = controlled_winding(grid, at)
    own, other = _side(unit, number), _side(unit, 1 if number != 1 else 2)
    w = grid.windings
    compensates = any(c[f"{way}ldc_{part}_v"][at] for way in ("", "reverse_") for part in "rx")
    reverses = c["reverse_mode"][at] == "regulate"
    for column in ("pt_ratio", "ct_primary_a")[: 1 + bool(compensates or reverses)]:
        if not c[column][at] > 0:
            raise GridError(
                f"tap control '{c['name'][at]}' has a {column} of {c[column][at]:g}",
                where=f"tap_controls, {c['name'][at]}",
                mend="give the ratio of its transformer, above zero",
            )
    return Meter(
        unit=unit,
        tap_winding=tap_winding,
        own=own,
        other=other,
        remote=_remote(network, grid, at),
        phase=str(c["pt_phase"][at]),
        target_v=float(c["target_v"][at]),
        band_v=float(c["band_v"][at]),
        pt_ratio=float(c["pt_ratio"][at]),
        ct_primary_a=float(c["ct_primary_a"][at]),
        ldc_v=complex(c["ldc_r_v"][at], c["ldc_x_v"][at]),
        v_limit_v=float(c["v_limit_v"][at]),
        step_pu=tap_step_pu(w, tap_winding),
        tap_min_pu=float(w["tap_min_pu"][tap_winding]),
        tap_max_pu=float(w["tap_max_pu"][tap_winding]),
        most_steps=int(c["max_tap_change"][at]),
        delay_s=float(c["delay_s"][at]),
        moves_other=int(c["tap_winding"][at]) != number,
        reverse_mode=str(c["reverse_mode"][at]),
        reverse_target_v=float(c["reverse_target_v"][at]),
        reverse_band_v=float(c["reverse_band_v"][at]),
        reverse_ldc_v=complex(c["reverse_ldc_r_v"][at], c["reverse_ldc_x_v"][at]),
        reverse_threshold_va=float(c["reverse_threshold_kw"][at]) * 1e3,
    )


def _side(unit: Unit, number: int) -> Side:
    phases = unit.make.phase_count
    columns = unit.make.incidence[:, (number - 1) * phases : number * phases]
    return Side(
        plus=unit.nodes[np.argmax(columns, axis=0)],
        minus=unit.nodes[np.argmin(columns, axis=0)],
        conductors=np.flatnonzero(unit.make.terminal == number)[:phases],
        rated_v=float(unit.make.coil_v[number - 1]),
    )


def _remote(network: Network, grid: Grid, at: int) -> int:
    bus = grid.tap_controls["bus"][at]
    if not bus:
        return -1
    mine = np.flatnonzero(network.nodes.bus == grid.buses.row(bus))
    number = int(grid.tap_controls["remote_phase"][at])
    words = {1: ("a", "s1"), 2: ("b", "s2"), 3: ("c",)}.get(number, ())
    for node in mine:
        if network.nodes.phase[node] in words:
            return int(node)
    raise GridError(
        f"tap control '{grid.tap_controls['name'][at]}' regulates phase {number} of bus '{bus}',"
        " which nothing joins",
        mend="name a phase of that bus in remote_phase",
    )
