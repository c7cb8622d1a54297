"""Primitive admittances of lines and switches.

A primitive admittance is the matrix of the currents into an element's conductors over their
voltages to ground [S].
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Complexes, Floats, Ints
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.table import Table
from gridmend.powerflow.nodes import Numbering, same_length


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


def _by_size(sizes: Ints) -> Iterator[tuple[int, Ints]]:
    """Each size that elements have, in the order of its first, and which ones."""
    kinds, first = np.unique(sizes, return_index=True)
    for size in kinds[np.argsort(first)].tolist():
        yield size, np.flatnonzero(sizes == size)


def _two_ended(series: Complexes, ends: Complexes) -> Complexes:
    """[m, n, n] series and end admittances to [m, 2n, 2n]."""
    return np.block([[series + ends, -series], [-series, series + ends]])


def _end_nodes(numbering: Numbering, table: Table, rows: Ints) -> tuple[Ints, Ints, Ints]:
    """Conductors an end [m], and the nodes of both ends [m, most]."""
    one, two = numbering.ends(table, rows, ("bus1", "phases1"), ("bus2", "phases2"))
    for at in np.flatnonzero(one.count != two.count).tolist():
        same_length(str(table["name"][rows[at]]), range(one.count[at]), range(two.count[at]))
    return one.count, one.nodes, two.nodes


def in_service(table: Table) -> Ints:
    """Rows of the elements that are in service."""
    return np.flatnonzero(table.flags("in_service"))


def line_matrices(grid: Grid, row: int) -> tuple[Complexes, Floats]:
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


def _coded(table: Table, row: int) -> tuple[Complexes, Floats]:
    r, x, c = (table[k][row] for k in ("r_ohm_per_km", "x_ohm_per_km", "c_nf_per_km"))
    if not len(r):
        r = np.zeros_like(x)
    return r + 1j * x, c if len(c) else np.zeros_like(x)


def lines(grid: Grid, numbering: Numbering) -> list[Batch]:
    """Lines: the series impedance, and half the capacitance at each end."""
    table = grid.lines
    rows = in_service(table)
    which, kinds = _kinds(grid, rows)
    counts, one, two = _end_nodes(numbering, table, rows)
    of_kind = np.array([len(z) if z.shape == (len(z),) * 2 else -1 for z, _ in kinds], np.int64)
    for at in np.flatnonzero(of_kind[which] != counts).tolist():
        _sized(str(table["name"][rows[at]]), kinds[int(which[at])][0], int(counts[at]))
    batches: list[Batch] = []
    for size, at in _by_size(counts):
        chosen = rows[at]
        length_km = table.numbers("length_m")[chosen, None, None] / 1000
        zero = ~(length_km[:, 0, 0] > 0)
        if zero.any():
            name = table["name"][chosen[zero][0]]
            raise GridError(f"line '{name}' has no length", mend="give length_m above 0")
        used, kind = np.unique(which[at], return_inverse=True)
        z = np.stack([kinds[int(k)][0] for k in used])[kind]
        c = np.stack([kinds[int(k)][1] for k in used])[kind]
        series = inverse(table, chosen, z * length_km)
        omega = 2 * math.pi * grid.frequency_hz
        ends = 0.5j * omega * 1e-9 * c * length_km + _added_ends(table, chosen, size)
        nodes = np.concatenate([one[at, :size], two[at, :size]], axis=1)
        batches.append(_ended(table, chosen, nodes, series, ends))
    return batches


def _kinds(grid: Grid, rows: Ints) -> tuple[Ints, list[tuple[Complexes, Floats]]]:
    """Which kind each line is of [m], and the matrices of each kind by a kilometre."""
    table = grid.lines
    columns = ("line_code", "geometry", "earth_model", "earth_resistivity_ohm_m")
    keys = zip(*(table[c][rows].tolist() for c in columns), strict=True)
    known: dict[object, int] = {}
    kinds: list[tuple[Complexes, Floats]] = []
    which = np.empty(len(rows), np.int64)
    for at, (row, key, own) in enumerate(
        zip(rows.tolist(), keys, table["x_ohm_per_km"][rows], strict=True)
    ):
        k = known.get(key) if not len(own) else None
        if k is None:
            k = len(kinds)
            kinds.append(line_matrices(grid, row))
            if not len(own):
                known[key] = k
        which[at] = k
    return which, kinds


def switches(grid: Grid, numbering: Numbering) -> list[Batch]:
    """Closed switches, whatever their position; see `opened` for open conductors."""
    table = grid.switches
    rows = in_service(table)
    counts, one, two = _end_nodes(numbering, table, rows)
    batches: list[Batch] = []
    for size, at in _by_size(counts):
        chosen = rows[at]
        z = np.stack([switch_impedance(table, int(row), size) for row in chosen])
        c = np.stack([or_zero(table["c_nf"][row], size) for row in chosen])
        series = inverse(table, chosen, z)
        ends = 0.5j * 2 * math.pi * grid.frequency_hz * 1e-9 * c
        ends = ends + _added_ends(table, chosen, size)
        nodes = np.concatenate([one[at, :size], two[at, :size]], axis=1)
        batches.append(_ended(table, chosen, nodes, series, ends))
    return batches


_SWITCH_OHM = 1e-4
"""Resistance of a closed switch that names none: too small to matter, large enough to invert."""


def switch_impedance(table: Table, row: int, size: int) -> Complexes:
    """[n, n] series impedance of a closed switch [ohm]."""
    z = or_zero(table["r_ohm"][row], size) + 1j * or_zero(table["x_ohm"][row], size)
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


def _ended(table: Table, rows: Ints, nodes: Ints, series: Complexes, ends: Complexes) -> Batch:
    terminal = np.repeat([1, 2], nodes.shape[1] // 2)
    return Batch(table.schema.name, rows, nodes, terminal, _two_ended(series, ends))


def _added_ends(table: Table, rows: Ints, size: int) -> Complexes:
    return 1e-6j * table.numbers("end_us")[rows, None, None] * np.eye(size)


def or_zero(values: Floats, size: int) -> Floats:
    """The matrix, or one of zeros where it is unset."""
    return values if len(values) else np.zeros((size, size))


def _sized(name: str, z: Complexes, size: int) -> None:
    if z.shape != (size, size):
        raise GridError(
            f"line '{name}' has {size} conductors but its impedance is {z.shape[0]} × {z.shape[1]}",
            mend="name as many phases as the matrix has rows",
        )


def inverse(table: Table, rows: Ints, z: Complexes) -> Complexes:
    """[m, n, n] inverses; `GridError` names the element whose matrix has none."""
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
