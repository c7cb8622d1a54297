"""The primitive admittance of a transformer of any number of windings and connections.

Short-circuit impedances between windings make the impedance matrix of all windings but the
first, on one volt; its inverse, spread over the coils by rated voltage and tap, and the
coils' places in their connections make the admittance of the conductors (Dugan and Santoso,
"An example of 3-phase transformer modeling for distribution system analysis", IEEE PES T&D
2003).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Complexes, Floats, Ints
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.table import Table
from gridmend.powerflow.nodes import Numbering
from gridmend.powerflow.primitive import Batch

_SOLID_S = 1e6
"""Admittance of a neutral earthed through nothing."""


@dataclass(frozen=True, eq=False)
class Unit:
    """What a transformer is apart from its taps.

    `coil` [windings, windings] admittance of one phase's coils on one volt [S];
    `incidence` [conductors, windings × phases]; `coil_v` [windings] rated voltage across a
    coil; `fixed` [conductors, conductors] what taps do not move; `anchor_s` [windings].
    """

    row: int
    windings: Ints
    phase_count: int
    coil: Complexes
    coil_v: Floats
    incidence: Floats
    fixed: Complexes
    nodes: Ints
    terminal: Ints


def units(grid: Grid, numbering: Numbering) -> list[Unit]:
    """Every transformer in service."""
    windings = grid.windings
    members: dict[str, list[int]] = {}
    for at, name in enumerate(windings["transformer"]):
        members.setdefault(name.lower(), []).append(at)
    number = windings.counts("number")
    found: list[Unit] = []
    for row in np.flatnonzero(grid.transformers.flags("in_service")).tolist():
        name = grid.transformers["name"][row]
        mine = members.get(name.lower(), [])
        if len(mine) < 2:
            raise GridError(
                f"transformer '{name}' has {len(mine)} windings", mend="give it two or more"
            )
        found.append(_unit(grid, numbering, row, np.array(sorted(mine, key=lambda i: number[i]))))
    return found


def admittance(unit: Unit, tap_pu: Floats) -> Complexes:
    """[conductors, conductors] primitive admittance at taps [the unit's windings] [pu] [S]."""
    volts = unit.coil_v * tap_pu
    spread = np.kron(unit.coil / np.outer(volts, volts), np.eye(unit.phase_count))
    return unit.incidence @ spread @ unit.incidence.T + unit.fixed


def batch(unit: Unit, tap_pu: Floats) -> Batch:
    """The transformer at taps [all windings of the grid] [pu]."""
    y = admittance(unit, tap_pu[unit.windings])
    return Batch("transformers", np.array([unit.row]), unit.nodes[None], unit.terminal, y[None])


def _unit(grid: Grid, numbering: Numbering, row: int, windings: Ints) -> Unit:
    table, transformers = grid.windings, grid.transformers
    phase_count = int(transformers["phase_count"][row])
    kva = float(table["kva"][windings[0]])
    per_phase_va = kva * 1e3 / phase_count
    coil_v = np.array([_coil_v(table, int(w), phase_count) for w in windings])
    coil = _coil(transformers, row, table.numbers("r_pct")[windings] / 100, per_phase_va)
    ppm = float(transformers["anti_float_ppm"][row])
    anchor_s = -0.5e-6j * ppm * per_phase_va / coil_v**2
    names, buses, phases = table.texts("name"), table.texts("bus"), table.texts("phases")
    nodes: list[int] = []
    terminal: list[int] = []
    places: list[tuple[int, int]] = []
    fixed: list[tuple[int, complex]] = []
    for number, w in enumerate([int(w) for w in windings], 1):
        start = len(nodes)
        conductors = numbering.conductors(buses[w], phases[w])
        wye = table["connection"][w] == "wye"
        turn = 1 if wye else _turn(grid, row, windings)
        coils = _coils(names[w], len(conductors), phase_count, wye, turn, start)
        fixed += [(end, anchor_s[number - 1]) for coil_ends in coils for end in coil_ends]
        places += coils
        nodes += conductors
        terminal += [number] * len(conductors)
        if wye:
            fixed.append((len(nodes) - 1, _neutral(table, w, anchor_s[number - 1])))
    incidence = np.zeros((len(nodes), len(places)))
    for column, (plus, minus) in enumerate(places):
        incidence[plus, column] += 1
        incidence[minus, column] -= 1
    earthed = np.zeros((len(nodes), len(nodes)), complex)
    for at, y in fixed:
        earthed[at, at] += y
    return Unit(
        row,
        windings,
        phase_count,
        coil,
        coil_v,
        incidence,
        earthed,
        np.array(nodes, np.int64),
        np.array(terminal, np.int64),
    )


def _neutral(table: Table, winding: int, anchor_s: complex) -> complex:
    """What a neutral has to ground: its impedance, else a second anchor."""
    r_ohm, x_ohm = float(table["neutral_r_ohm"][winding]), float(table["neutral_x_ohm"][winding])
    if math.isnan(r_ohm):
        return anchor_s
    return 1 / complex(r_ohm, x_ohm) if r_ohm or x_ohm else complex(_SOLID_S)


def _coil_v(table: Table, winding: int, phase_count: int) -> float:
    kv = float(table["kv"][winding])
    if not kv > 0:
        raise GridError(
            f"winding '{table['name'][winding]}' has no rated voltage", mend="give kv above 0"
        )
    if table["connection"][winding] == "wye" and phase_count > 1:
        return kv * 1e3 / math.sqrt(3)
    return kv * 1e3


def _coil(transformers: Table, row: int, r_pu: Floats, per_phase_va: float) -> Complexes:
    """[windings, windings] admittance of one phase on one volt [S]."""
    n = len(r_pu)
    x_pu = np.asarray(transformers["x_pct"][row]) / 100
    if len(x_pu) != n * (n - 1) // 2:
        raise GridError(
            f"transformer '{transformers['name'][row]}' has {len(x_pu)} leakage reactances",
            mend=f"give x_pct {n * (n - 1) // 2} values for its {n} windings",
        )
    pairs = dict(zip(_pairs(n), x_pu.tolist(), strict=True))
    z = np.zeros((n - 1, n - 1), complex)
    for i in range(n - 1):
        z[i, i] = complex(r_pu[0] + r_pu[i + 1], pairs[0, i + 1])
    for i in range(n - 1):
        for j in range(i + 1, n - 1):
            between = complex(r_pu[i + 1] + r_pu[j + 1], pairs[i + 1, j + 1])
            z[i, j] = z[j, i] = 0.5 * (z[i, i] + z[j, j] - between)
    spread = np.vstack([-np.ones(n - 1), np.eye(n - 1)])
    y = spread @ np.linalg.inv(z) @ spread.T
    core = (
        complex(transformers["no_load_loss_pct"][row], -transformers["magnetising_pct"][row]) / 100
    )
    y[1, 1] += core  # the core is taken to lie next to the second winding
    return y * per_phase_va


def _pairs(n: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(n) for j in range(i + 1, n)]


def _turn(grid: Grid, row: int, windings: Ints) -> int:
    """Which way a delta closes, so that the low side lags (ANSI) or leads (Euro)."""
    table = grid.windings
    first, second = (table["connection"][w] for w in windings[:2])
    if first == second:
        return 1
    high = 0 if table["kv"][windings[0]] >= table["kv"][windings[1]] else 1
    lag = grid.transformers["vector_group"][row] == "lag"
    high_is_wye = (first, second)[high] == "wye"
    return 1 if high_is_wye == lag else -1


def _coils(
    name: str, conductors: int, phase_count: int, wye: bool, turn: int, start: int
) -> list[tuple[int, int]]:
    delta = 2 if phase_count == 1 else max(phase_count, 3)
    needed = phase_count + 1 if wye else delta
    if conductors < needed:
        raise GridError(
            f"winding '{name}' names {conductors} conductors, not {needed}",
            mend="name its phases in order, the neutral last (g for ground)",
        )
    if phase_count == 1:
        return [(start, start + 1)]
    if wye:
        return [(start + k, start + phase_count) for k in range(phase_count)]
    return [(start + k, start + (k + turn) % max(phase_count, 3)) for k in range(phase_count)]
