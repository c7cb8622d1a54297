"""Primitive admittances of sources, capacitors, reactors and faults."""

from __future__ import annotations

import math

import numpy as np

from gridmend.model.arrays import Complexes
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.table import Table
from gridmend.powerflow.nodes import Numbering, same_length
from gridmend.powerflow.primitive import Batch, in_service, inverse, or_zero


def _rows(table: Table) -> list[int]:
    return in_service(table).tolist()


def capacitors(grid: Grid, numbering: Numbering) -> list[Batch]:
    """Capacitor banks with one unit of kvar in all phases; steps scale them."""
    table = grid.capacitors
    batches: list[Batch] = []
    for row in _rows(table):
        one = numbering.conductors(table, row, "bus1", "phases1")
        kv = float(table["kv"][row])
        if table["connection"][row] == "delta":
            legs = delta_legs(len(one))
            y = 1j * 1e3 / max(len(legs), 1) / (kv * 1e3) ** 2
            batches.append(_legs(table, row, one, [], legs, y))
            continue
        two = numbering.conductors(table, row, "bus2", "phases2")
        two = two * len(one) if len(two) == 1 else two
        same_length(table["name"][row], one, two)
        rated = kv * 1e3 / (math.sqrt(3) if len(one) > 1 else 1)
        y = 1j * 1e3 / len(one) / rated**2
        batches.append(_legs(table, row, one, two, [(k, k + len(one)) for k in range(len(one))], y))
    return batches


def reactors(grid: Grid, numbering: Numbering) -> list[Batch]:
    """Reactors: series impedance, or between phases where delta."""
    table = grid.reactors
    batches: list[Batch] = []
    for row in _rows(table):
        one = numbering.conductors(table, row, "bus1", "phases1")
        z = or_zero(table["r_ohm"][row], len(one)) + 1j * or_zero(table["x_ohm"][row], len(one))
        parallel = float(table["parallel_r_ohm"][row])
        shunt = 0.0 if math.isnan(parallel) else 1 / parallel
        if table["connection"][row] == "delta":
            batches.append(_legs(table, row, one, [], delta_legs(len(one)), 1 / z[0, 0] + shunt))
            continue
        two = numbering.conductors(table, row, "bus2", "phases2")
        same_length(table["name"][row], one, two)
        y = inverse(table, np.array([row]), z[None])[0] + shunt * np.eye(len(one))
        full = np.block([[y, -y], [-y, y]])
        batches.append(_single(table, row, [*one, *two], len(one), full))
    return batches


def faults(grid: Grid, numbering: Numbering) -> list[Batch]:
    """Faults that stand in the model: one resistance a phase."""
    table = grid.faults
    batches: list[Batch] = []
    for row in _rows(table):
        one = numbering.conductors(table, row, "bus1", "phases1")
        two = numbering.conductors(table, row, "bus2", "phases2")
        same_length(table["name"][row], one, two)
        legs = [(k, k + len(one)) for k in range(len(one))]
        batches.append(_legs(table, row, one, two, legs, 1 / max(float(table["r_ohm"][row]), 1e-9)))
    return batches


def sources(grid: Grid, numbering: Numbering) -> list[Batch]:
    """Sources: the admittance behind their bus; see `source_voltages` for what drives it."""
    table = grid.sources
    batches: list[Batch] = []
    for row in _rows(table):
        nodes = numbering.conductors(table, row)
        y = np.linalg.inv(source_impedance(table, row, len(nodes)))
        batches.append(_single(table, row, nodes, len(nodes), y))
    return batches


def source_impedance(table: Table, row: int, n: int) -> Complexes:
    """[n, n] impedance behind a source's bus, from its sequence impedances [ohm]."""
    z1 = complex(table["r1_ohm"][row], table["x1_ohm"][row])
    z0 = complex(table["r0_ohm"][row], table["x0_ohm"][row])
    if abs(z1) == 0:
        raise GridError(
            f"source '{table['name'][row]}' has no impedance", mend="give x1_ohm above 0"
        )
    if n == 1:
        return np.array([[z1]])
    mutual = (z0 - z1) / 3
    return np.full((n, n), mutual) + np.eye(n) * z1


def source_voltages(table: Table, row: int, n: int) -> Complexes:
    """[n] voltages behind a source's impedance [V]."""
    volts = float(table["base_kv"][row] * table["v_pu"][row]) * 1e3
    if n > 1:
        volts /= 2 * math.sin(math.pi / max(n, 3))
    angles = math.radians(float(table["angle_deg"][row])) - 2 * math.pi / max(n, 3) * np.arange(n)
    return volts * np.exp(1j * angles)


def delta_legs(n: int) -> list[tuple[int, int]]:
    """Which conductors each leg of a delta joins."""
    if n < 2:
        raise GridError(
            "a delta needs two conductors or more", mend="name its phases, for example 'a b'"
        )
    return [(0, 1)] if n == 2 else [(k, (k + 1) % n) for k in range(n)]


def _legs(
    table: Table, row: int, one: list[int], two: list[int], legs: list[tuple[int, int]], y: complex
) -> Batch:
    size = len(one) + len(two)
    full = np.zeros((size, size), complex)
    for a, b in legs:
        full[a, a] += y
        full[b, b] += y
        full[a, b] -= y
        full[b, a] -= y
    return _single(table, row, [*one, *two], len(one), full)


def _single(table: Table, row: int, nodes: list[int], first: int, full: Complexes) -> Batch:
    terminal = np.where(np.arange(len(nodes)) < first, 1, 2)
    return Batch(
        table.schema.name,
        np.array([row]),
        np.array([nodes], np.int64),
        terminal,
        full[None].astype(complex),
    )
