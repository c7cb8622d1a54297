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
class Make:
    """What transformers of one make share.

    `coil` [windings, windings] admittance of one phase's coils on one volt [S];
    `incidence` [conductors, windings × phases]; `coil_v` [windings] rated voltage across a
    coil; `fixed` [conductors, conductors] what taps do not move; `terminal` [conductors].
    """

    phase_count: int
    coil: Complexes
    coil_v: Floats
    incidence: Floats
    fixed: Complexes
    terminal: Ints


@dataclass(frozen=True, eq=False)
class Unit:
    """One transformer: its make, its windings' rows, and the nodes of its conductors."""

    row: int
    windings: Ints
    nodes: Ints
    make: Make


def units(grid: Grid, numbering: Numbering) -> list[Unit]:
    """Every transformer in service; those that are alike share a make."""
    windings = grid.windings
    members: dict[str, list[int]] = {}
    for at, name in enumerate(windings["transformer"]):
        members.setdefault(name.lower(), []).append(at)
    number = windings["number"]
    makes: dict[tuple[object, ...], Make] = {}
    found: list[Unit] = []
    for row in np.flatnonzero(grid.transformers.flags("in_service")).tolist():
        name = grid.transformers["name"][row]
        mine = sorted(members.get(name.lower(), []), key=lambda at: number[at])
        if len(mine) < 2:
            what = f"transformer '{name}' has {len(mine)} windings"
            raise GridError(what, mend="give it two or more")
        ends = [numbering.conductors(windings, w) for w in mine]
        key = _key(grid, row, mine, [len(e) for e in ends])
        make = makes.get(key)
        if make is None:
            make = makes[key] = _make(grid, row, mine, [len(e) for e in ends])
        nodes = np.array([node for end in ends for node in end], np.int64)
        found.append(Unit(row, np.array(mine, np.int64), nodes, make))
    return found


def admittance(make: Make, tap_pu: Floats) -> Complexes:
    """[…, conductors, conductors] primitive admittance at taps […, windings] [pu] [S]."""
    volts = make.coil_v * tap_pu
    coil = make.coil / (volts[..., :, None] * volts[..., None, :])
    spread = np.kron(coil, np.eye(make.phase_count))
    return make.incidence @ spread @ make.incidence.T + make.fixed


def batches(units: list[Unit], tap_pu: Floats) -> list[Batch]:
    """Transformers by make, at taps [all windings of the grid] [pu]."""
    by_make: dict[int, list[Unit]] = {}
    for unit in units:
        by_make.setdefault(id(unit.make), []).append(unit)
    return [
        Batch(
            "transformers",
            np.array([unit.row for unit in alike]),
            np.stack([unit.nodes for unit in alike]),
            alike[0].make.terminal,
            admittance(alike[0].make, tap_pu[np.stack([unit.windings for unit in alike])]),
        )
        for alike in by_make.values()
    ]


def _key(grid: Grid, row: int, windings: list[int], sizes: list[int]) -> tuple[object, ...]:
    """Everything that a make is made of."""
    table, transformers = grid.windings, grid.transformers
    own = ("phase_count", "no_load_loss_pct", "magnetising_pct", "anti_float_ppm", "vector_group")
    each = ("connection", "kv", "kva", "r_pct", "neutral_r_ohm", "neutral_x_ohm")
    return (
        *sizes,
        transformers["x_pct"][row].tobytes(),
        *(transformers[c][row] for c in own),
        *(str(table[c][w]) for c in each for w in windings),
    )


def _make(grid: Grid, row: int, windings: list[int], sizes: list[int]) -> Make:
    table, transformers = grid.windings, grid.transformers
    phase_count = int(transformers["phase_count"][row])
    per_phase_va = float(table["kva"][windings[0]]) * 1e3 / phase_count
    coil_v = np.array([_coil_v(table, w, phase_count) for w in windings])
    coil = _coil(transformers, row, table.numbers("r_pct")[windings] / 100, per_phase_va)
    ppm = float(transformers["anti_float_ppm"][row])
    anchors = (-0.5e-6j * ppm * per_phase_va / coil_v**2).tolist()
    places: list[tuple[int, int]] = []
    fixed: list[tuple[int, complex]] = []
    start = 0
    for w, size, anchor_s in zip(windings, sizes, anchors, strict=True):
        wye = table["connection"][w] == "wye"
        turn = 1 if wye else _turn(grid, row, windings)
        coils = _coils(str(table["name"][w]), size, phase_count, wye, turn, start)
        fixed += [(end, anchor_s) for coil_ends in coils for end in coil_ends]
        places += coils
        start += size
        if wye:
            fixed.append((start - 1, _neutral(table, w, anchor_s)))
    incidence = np.zeros((start, len(places)))
    for column, (plus, minus) in enumerate(places):
        incidence[plus, column] += 1
        incidence[minus, column] -= 1
    earthed = np.zeros((start, start), complex)
    for at, y in fixed:
        earthed[at, at] += y
    terminal = np.repeat(np.arange(1, len(windings) + 1), sizes)
    return Make(phase_count, coil, coil_v, incidence, earthed, terminal)


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


def _turn(grid: Grid, row: int, windings: list[int]) -> int:
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
