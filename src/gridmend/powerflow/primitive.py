"""Primitive admittances of lines, switches, capacitors, reactors, faults and sources.

Each is the matrix of currents into an element's conductors over their voltages to ground
[S]; transformers have a module of their own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.table import Table

from gridmend.powerflow.nodes import GROUND, Numbering, same_length

Complexes = NDArray[np.complex128]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Batch:
    """Elements of one class and size: `nodes` [m, c], `admittance` [m, c, c] [S].

    `terminal` [c] says which terminal each conductor belongs to, from 1.
    """

    table: str
    rows: Ints
    nodes: Ints
    terminal: Ints
    admittance: Complexes


def _by_size(sizes: list[int]) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = {}
    for at, size in enumerate(sizes):
        groups.setdefault(size, []).append(at)
    return groups


def _two_ended(series: Complexes, ends: Complexes) -> Complexes:
    """[m, n, n] series and end admittances to [m, 2n, 2n]."""
    return np.block([[series + ends, -series], [-series, series + ends]])


def _end_nodes(
    numbering: Numbering, table: Table, rows: list[int]
) -> list[tuple[list[int], list[int]]]:
    first = numbering.terminals(table, rows, "bus1", "phases1")
    second = numbering.terminals(table, rows, "bus2", "phases2")
    pairs = list(zip(first, second, strict=True))
    for row, (one, two) in zip(rows, pairs, strict=True):
        same_length(table["name"][row], one, two)
    return pairs


def _in_service(table: Table) -> list[int]:
    return np.flatnonzero(table.flags("in_service")).tolist()


def line_matrices(grid: Grid, row: int) -> tuple[Complexes, NDArray[np.float64]]:
    """Series impedance [ohm/km] and shunt capacitance [nF/km] of a line, [n, n] each.

    Its own matrices come first, then its code's, then its geometry's. Raises `GridError`
    where it has none of them.
    """
    lines = grid.lines
    if len(lines["x_ohm_per_km"][row]):
        return _coded(lines, row)
    code, geometry = lines["line_code"][row], lines["geometry"][row]
    if code:
        return _coded(grid.line_codes, grid.line_codes.row(code))
    if geometry:
        from gridmend.powerflow.line_constants import line_constants

        return line_constants(
            grid,
            geometry,
            earth_model=lines["earth_model"][row],
            earth_resistivity_ohm_m=float(lines["earth_resistivity_ohm_m"][row]),
        )
    raise GridError(
        f"line '{lines['name'][row]}' has no impedance",
        mend="give it r_ohm_per_km and x_ohm_per_km, a line_code or a geometry",
    )


def _coded(table: Table, row: int) -> tuple[Complexes, NDArray[np.float64]]:
    r, x, c = (table[k][row] for k in ("r_ohm_per_km", "x_ohm_per_km", "c_nf_per_km"))
    if not len(r):
        r = np.zeros_like(x)
    return r + 1j * x, c if len(c) else np.zeros_like(x)


def lines(grid: Grid, numbering: Numbering) -> list[Batch]:
    """Lines: the series impedance, and half the capacitance at each end."""
    table = grid.lines
    rows = _in_service(table)
    cache: dict[tuple[str, str, str, float], tuple[Complexes, NDArray[np.float64]]] = {}
    z: list[Complexes] = []
    c: list[NDArray[np.float64]] = []
    own = table["x_ohm_per_km"]
    for row in rows:
        key = (
            table["line_code"][row], table["geometry"][row],
            table["earth_model"][row], float(table["earth_resistivity_ohm_m"][row]),
        )
        if len(own[row]):
            found = line_matrices(grid, row)
        elif key in cache:
            found = cache[key]
        else:
            found = cache[key] = line_matrices(grid, row)
        z.append(found[0])
        c.append(found[1])
    pairs = _end_nodes(numbering, table, rows)
    batches: list[Batch] = []
    for size, members in _by_size([len(p[0]) for p in pairs]).items():
        at = np.array(members)
        chosen = np.array(rows)[at]
        for i in members:
            _sized(table["name"][rows[i]], z[i], size)
        length_km = table.numbers("length_m")[chosen, None, None] / 1000
        zero = ~(length_km[:, 0, 0] > 0)
        if zero.any():
            name = table["name"][chosen[zero][0]]
            raise GridError(f"line '{name}' has no length", mend="give length_m above 0")
        series = _inverse(table, chosen, np.stack([z[i] for i in members]) * length_km)
        omega = 2 * math.pi * grid.frequency_hz
        ends = 0.5j * omega * 1e-9 * np.stack([c[i] for i in members]) * length_km
        ends = ends + _added_ends(table, chosen, size)
        batches.append(_ended(table, chosen, [pairs[i] for i in members], series, ends))
    return batches


def switches(grid: Grid, numbering: Numbering) -> list[Batch]:
    """Closed switches, whatever their position; see `opened` for open conductors."""
    table = grid.switches
    rows = _in_service(table)
    pairs = _end_nodes(numbering, table, rows)
    batches: list[Batch] = []
    for size, members in _by_size([len(p[0]) for p in pairs]).items():
        chosen = np.array(rows)[np.array(members)]
        z = np.stack([switch_impedance(table, int(row), size) for row in chosen])
        c = np.stack([_or_zero(table["c_nf"][row], size) for row in chosen])
        series = _inverse(table, chosen, z)
        ends = 0.5j * 2 * math.pi * grid.frequency_hz * 1e-9 * c
        ends = ends + _added_ends(table, chosen, size)
        batches.append(_ended(table, chosen, [pairs[i] for i in members], series, ends))
    return batches


_SWITCH_OHM = 1e-4
"""Resistance of a closed switch that names none: too small to matter, large enough to invert."""


def switch_impedance(table: Table, row: int, size: int) -> Complexes:
    """[n, n] series impedance of a closed switch [ohm]."""
    z = _or_zero(table["r_ohm"][row], size) + 1j * _or_zero(table["x_ohm"][row], size)
    return z if np.any(z) else np.eye(size) * complex(_SWITCH_OHM)


def opened(primitive: Complexes, impedance: Complexes, open_mask: int) -> Complexes:
    """A switch's [2n, 2n] admittance with some conductors open (bit k: the k-th).

    The conductors that remain keep their mutual impedance; an open one has neither series
    nor end admittance, as if it were absent.
    """
    n = len(impedance)
    shut = [k for k in range(n) if not open_mask >> k & 1]
    result = np.zeros_like(primitive)
    if not shut:
        return result
    both = np.array(shut + [k + n for k in shut])
    series = np.linalg.inv(impedance)
    ends = primitive[:n, :n] - series
    kept = np.linalg.inv(impedance[np.ix_(shut, shut)])
    end = ends[np.ix_(shut, shut)]
    result[np.ix_(both, both)] = np.block([[kept + end, -kept], [-kept, kept + end]])
    return result


def capacitors(grid: Grid, numbering: Numbering) -> list[Batch]:
    """Capacitor banks with one unit of kvar in all phases; steps scale them."""
    table = grid.capacitors
    batches: list[Batch] = []
    for row in _in_service(table):
        one = numbering.conductors(table["bus1"][row], table["phases1"][row])
        kv = float(table["kv"][row])
        if table["connection"][row] == "delta":
            legs = delta_legs(len(one))
            y = 1j * 1e3 / max(len(legs), 1) / (kv * 1e3) ** 2
            batches.append(_legs(table, row, one, [], legs, y))
            continue
        two = numbering.conductors(table["bus2"][row], table["phases2"][row])
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
    for row in _in_service(table):
        one = numbering.conductors(table["bus1"][row], table["phases1"][row])
        z = _or_zero(table["r_ohm"][row], len(one)) + 1j * _or_zero(table["x_ohm"][row], len(one))
        parallel = float(table["parallel_r_ohm"][row])
        shunt = 0.0 if math.isnan(parallel) else 1 / parallel
        if table["connection"][row] == "delta":
            batches.append(_legs(table, row, one, [], delta_legs(len(one)), 1 / z[0, 0] + shunt))
            continue
        two = numbering.conductors(table["bus2"][row], table["phases2"][row])
        same_length(table["name"][row], one, two)
        y = _inverse(table, np.array([row]), z[None])[0] + shunt * np.eye(len(one))
        full = np.block([[y, -y], [-y, y]])
        batches.append(_single(table, row, [*one, *two], len(one), full))
    return batches


def faults(grid: Grid, numbering: Numbering) -> list[Batch]:
    """Faults that stand in the model: one resistance a phase."""
    table = grid.faults
    batches: list[Batch] = []
    for row in _in_service(table):
        one = numbering.conductors(table["bus1"][row], table["phases1"][row])
        two = numbering.conductors(table["bus2"][row], table["phases2"][row])
        same_length(table["name"][row], one, two)
        legs = [(k, k + len(one)) for k in range(len(one))]
        batches.append(_legs(table, row, one, two, legs, 1 / max(float(table["r_ohm"][row]), 1e-9)))
    return batches


def sources(grid: Grid, numbering: Numbering) -> list[Batch]:
    """Sources: the admittance behind their bus; see `source_voltages` for what drives it."""
    table = grid.sources
    batches: list[Batch] = []
    for row in _in_service(table):
        nodes = numbering.conductors(table["bus"][row], table["phases"][row])
        y = np.linalg.inv(source_impedance(table, row, len(nodes)))
        batches.append(_single(table, row, nodes, len(nodes), y))
    return batches


def source_impedance(table: Table, row: int, n: int) -> Complexes:
    """[n, n] impedance behind a source's bus, from its sequence impedances [ohm]."""
    z1 = complex(table["r1_ohm"][row], table["x1_ohm"][row])
    z0 = complex(table["r0_ohm"][row], table["x0_ohm"][row])
    if abs(z1) == 0:
        raise GridError(f"source '{table['name'][row]}' has no impedance", mend="give x1_ohm above 0")
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
        raise GridError("a delta needs two conductors or more", mend="name its phases, for example 'a b'")
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
        table.schema.name, np.array([row]), np.array([nodes], np.int64), terminal,
        full[None].astype(complex),
    )


def _ended(
    table: Table,
    rows: Ints,
    pairs: list[tuple[list[int], list[int]]],
    series: Complexes,
    ends: Complexes,
) -> Batch:
    nodes = np.array([[*one, *two] for one, two in pairs], np.int64)
    terminal = np.repeat([1, 2], nodes.shape[1] // 2)
    return Batch(table.schema.name, rows, nodes, terminal, _two_ended(series, ends))


def _added_ends(table: Table, rows: Ints, size: int) -> Complexes:
    return 1e-6j * table.numbers("end_us")[rows, None, None] * np.eye(size)


def _or_zero(values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    return values if len(values) else np.zeros((size, size))


def _sized(name: str, z: Complexes, size: int) -> None:
    if z.shape != (size, size):
        raise GridError(
            f"line '{name}' has {size} conductors but its impedance is {z.shape[0]} × {z.shape[1]}",
            mend="name as many phases as the matrix has rows",
        )


def _inverse(table: Table, rows: Ints, z: Complexes) -> Complexes:
    try:
        return np.linalg.inv(z)
    except np.linalg.LinAlgError:
        for row, one in zip(rows, z, strict=True):
            if np.linalg.matrix_rank(one) < len(one):
                raise GridError(
                    f"{table.schema.row} '{table['name'][row]}' has a singular impedance",
                    mend="give it a resistance or reactance above 0",
                ) from None
        raise


__all__ = [
    "GROUND", "Batch", "capacitors", "delta_legs", "faults", "line_matrices", "lines", "opened",
    "reactors", "source_impedance", "source_voltages", "sources", "switch_impedance", "switches",
]
