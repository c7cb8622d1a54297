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
from functools import cached_property
from typing import Any

import numpy as np

from gridmend.model.arrays import Complexes, Floats, Ints
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.table import Table
from gridmend.powerflow.compiled import compiled

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

    @cached_property
    def spread(self) -> Floats:
        """[windings², conductors²] where each entry of `coil` stands among the conductors."""
        places = self.incidence.reshape(len(self.terminal), len(self.coil_v), self.phase_count)
        every = np.einsum("cap,dbp->abcd", places, places)
        return every.reshape(len(self.coil_v) ** 2, len(self.terminal) ** 2)


def admittance(make: Make, tap_pu: Floats) -> Complexes:
    """[…, conductors, conductors] primitive admittance at taps […, windings] [pu] [S]."""
    taps = np.ascontiguousarray(tap_pu.reshape(-1, len(make.coil_v)), float)
    values = np.empty(len(taps) * make.fixed.size, complex)
    of_make = make.coil_v, make.coil.ravel(), make.spread.ravel(), make.fixed.ravel()
    _admittances(*of_make, taps, values)
    return values.reshape(*tap_pu.shape[:-1], *make.fixed.shape)


@compiled
def _admittances(
    coil_v: Floats, coil: Complexes, spread: Floats, fixed: Complexes, tap_pu: Floats,
    values: Complexes,
) -> None:  # fmt: skip
    for k in range(len(tap_pu)):
        fill(coil_v, coil, spread, fixed, tap_pu[k], values, k * len(fixed))


@compiled
def fill(
    coil_v: Floats, coil: Complexes, spread: Floats, fixed: Complexes, tap_pu: Floats,
    values: Complexes, at: Any,
) -> None:  # fmt: skip
    """Set the `values` [S] from `at` on, by rows, of one transformer at taps [windings]."""
    count, size = len(coil_v), len(fixed)
    for k in range(size):
        values[at + k] = fixed[k]
    for a in range(count):
        for b in range(count):
            y = coil[a * count + b]
            by = 1.0 / (coil_v[a] * tap_pu[a] * (coil_v[b] * tap_pu[b]))
            row = (a * count + b) * size
            for k in range(size):
                turns = spread[row + k] * by
                if turns != 0.0:
                    values[at + k] += complex(turns * y.real, turns * y.imag)


def made(grid: Grid, row: int, windings: list[int], sizes: list[int]) -> Make:
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
