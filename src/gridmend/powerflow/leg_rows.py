"""From the rows of loads, generators, PV and storage to legs: which nodes each leg joins."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np

from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.islanding import source_of
from gridmend.model.table import Table
from gridmend.powerflow import leg_models
from gridmend.powerflow.legs import INJECTED, Legs
from gridmend.powerflow.nodes import Ends, Numbering

_MODELS = {
    "constant_power": leg_models.POWER,
    "constant_impedance": leg_models.IMPEDANCE,
    "constant_current": leg_models.CURRENT,
    "motor": leg_models.MOTOR,
    "exponential": leg_models.EXPONENTIAL,
    "fixed_q": leg_models.FIXED_Q,
    "fixed_q_impedance": leg_models.FIXED_Q_IMPEDANCE,
    "zip": leg_models.ZIP,
}


def legs(grid: Grid, numbering: Numbering) -> Legs:
    """The legs of every load, generator, PV system and storage in service."""
    parts = [_legs_of(numbering, grid, name) for name in INJECTED]
    before = np.cumsum([0, *(len(part.plus) for part in parts)])[:-1].tolist()
    balanced = [part.balanced + first for part, first in zip(parts, before, strict=True)]
    joined = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Legs)
        if field.name != "balanced"
    }
    return Legs(**joined, balanced=np.concatenate(balanced))


def _legs_of(numbering: Numbering, grid: Grid, name: str) -> Legs:
    table = grid.table(name)
    rows = np.flatnonzero(table.flags("in_service"))
    (ends,) = numbering.ends(table, rows, ("bus", "phases"))
    delta = table["connection"][rows] == "delta"
    _check(table, rows, ends, delta)
    # a delta of two conductors has one leg, of more one from each to the next
    count = np.where(delta, np.where(ends.count == 2, 1, ends.count), ends.count - 1)
    first = np.cumsum(count) - count
    own = np.repeat(np.arange(len(rows)), count)
    within = np.arange(len(own)) - first[own]
    size = ends.count[own]
    other = np.where(delta[own], (within + 1) % size, size - 1)
    row, n, share = rows[own], len(own), 1 / count[own]
    columns = {c.name for c in table.schema.columns}
    is_load = name == "loads"

    def numbers(column: str, otherwise: float) -> Floats:
        return table.numbers(column)[row] if column in columns else np.full(n, otherwise)

    return Legs(
        plus=ends.nodes[own, within],
        minus=ends.nodes[own, other],
        table=np.full(n, INJECTED.index(name)),
        element=row,
        share=share,
        model=_model(table, rows)[own] if "model" in columns else np.full(n, leg_models.POWER),
        rated_v=_rated_v(table, rows, ends, delta)[own],
        limits=np.stack(
            [numbers("v_low_pu", -1.0), numbers("v_min_pu", 0.0), numbers("v_max_pu", 0.0)], 1
        ),
        exponents=np.stack([numbers("p_exponent", 1.0), numbers("q_exponent", 2.0)], 1),
        zip=_zips(table, rows)[own] if is_load else np.zeros((n, 7)),
        fixed_kvar=table.numbers("q_kvar")[row] * share if is_load else np.zeros(n),
        formed_by=source_of(grid, name, len(table))[row],
        balanced=_balanced(table, rows, count, first) if "balanced" in columns else _NONE,
    )


_NONE = np.empty((0, 3), np.int64)


def _check(table: Table, rows: Ints, ends: Ends, delta: Flags) -> None:
    """Raise `GridError` for the first element that cannot be."""
    no_kv, few = ~(table.numbers("kv")[rows] > 0), ends.count < 2
    for at in np.flatnonzero(no_kv | few)[:1].tolist():
        what = f"{table.schema.row} '{table['name'][rows[at]]}'"
        if no_kv[at]:
            raise GridError(f"{what} has no rated voltage", mend="give kv above 0")
        if delta[at]:
            raise GridError(
                "a delta needs two conductors or more", mend="name its phases, for example 'a b'"
            )
        raise GridError(
            f"{what} names {ends.count[at]} conductors",
            mend="name its phases in order, the neutral last (g for ground)",
        )


def _model(table: Table, rows: Ints) -> Ints:
    return np.array([_MODELS[word] for word in table["model"][rows]], np.int64)


def _rated_v(table: Table, rows: Ints, ends: Ends, delta: Flags) -> Floats:
    """[rows] voltage across a leg for which an element is rated [V]."""
    across = delta | (ends.count <= 2)
    return table.numbers("kv")[rows] * 1e3 / np.where(across, 1.0, math.sqrt(3))


def _zips(table: Table, rows: Ints) -> Floats:
    """[rows, 7] coefficients, zeros where a load has none."""
    zips = np.zeros((len(rows), 7))
    for at, given in enumerate(table["zip"][rows]):
        if len(given) == 7:
            zips[at] = given
    return zips


def _balanced(table: Table, rows: Ints, count: Ints, first: Ints) -> Ints:
    """[elements, 3] legs of the inverters that drive positive-sequence current alone."""
    chosen = table.flags("balanced")[rows] & (count == 3)
    return first[chosen][:, None] + np.arange(3)
