"""Loads, generators, PV and storage as legs: one voltage, one power, one current each.

A wye element has a leg from each phase to its neutral, a delta one between phases. The
models are those of OpenDSS (its technical note on loads), checked against it leg by leg.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gridmend.model.arrays import Complexes, Floats, Ints
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.model.table import Table
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.nodes import Numbering
from gridmend.powerflow.shunt import delta_legs

POWER, IMPEDANCE, CURRENT, MOTOR, EXPONENTIAL, FIXED_Q, FIXED_Q_IMPEDANCE, ZIP = range(8)
_MODELS = {
    "constant_power": POWER,
    "constant_impedance": IMPEDANCE,
    "constant_current": CURRENT,
    "motor": MOTOR,
    "exponential": EXPONENTIAL,
    "fixed_q": FIXED_Q,
    "fixed_q_impedance": FIXED_Q_IMPEDANCE,
    "zip": ZIP,
}
_CUT_OFF = 500.0  # how steeply a ZIP load lets go around its cut-off voltage

INJECTED = ("loads", "generators", "pv_systems", "storages")
"""Tables whose elements are legs, in the order in which legs are numbered."""


@dataclass(frozen=True, eq=False)
class Legs:
    """Every leg of the grid. All arrays are [legs] unless said.

    `plus`, `minus`: nodes, -1 for ground; `element`: row in `table` (index in `INJECTED`);
    `share`: part of the element's power; `limits` [legs, 3]: v_low, v_min, v_max [pu of
    `rated_v`]; `exponents` [legs, 2]; `zip` [legs, 7]; `balanced` [elements, 3]: legs of an
    inverter that drives positive-sequence current alone.
    """

    plus: Ints
    minus: Ints
    table: Ints
    element: Ints
    share: Floats
    model: Ints
    rated_v: Floats
    limits: Floats
    exponents: Floats
    zip: Floats
    fixed_kvar: Floats
    balanced: Ints


def legs(grid: Grid, numbering: Numbering) -> Legs:
    """The legs of every load, generator, PV system and storage in service."""
    rows: list[tuple[int, int, int, int, float, int, float]] = []
    limits: list[tuple[float, float, float]] = []
    exponents: list[tuple[float, float]] = []
    zips: list[Floats] = []
    fixed: list[float] = []
    balanced: list[tuple[int, int, int]] = []
    for kind, name in enumerate(INJECTED):
        table = grid.table(name)
        columns = _columns(table)
        for row in np.flatnonzero(table.flags("in_service")).tolist():
            pairs, rated = _pairs(numbering, table, row)
            model = _MODELS[columns.model[row]]
            if columns.balanced[row] and len(pairs) == 3:
                balanced.append((len(rows), len(rows) + 1, len(rows) + 2))
            for plus, minus in pairs:
                rows.append((plus, minus, kind, row, 1 / len(pairs), model, rated))
                limits.append((columns.low[row], columns.least[row], columns.most[row]))
                exponents.append((columns.p_exponent[row], columns.q_exponent[row]))
                zips.append(columns.zip[row])
                fixed.append(columns.q_kvar[row])
    array = np.array(rows, float).reshape(-1, 7)
    whole = array.astype(np.int64)
    return Legs(
        plus=whole[:, 0].copy(),
        minus=whole[:, 1].copy(),
        table=whole[:, 2].copy(),
        element=whole[:, 3].copy(),
        share=array[:, 4].copy(),
        model=whole[:, 5].copy(),
        rated_v=array[:, 6].copy(),
        limits=np.array(limits, float).reshape(-1, 3),
        exponents=np.array(exponents, float).reshape(-1, 2),
        zip=np.array(zips, float).reshape(-1, 7),
        fixed_kvar=np.array(fixed, float) * array[:, 4],
        balanced=np.array(balanced, np.int64).reshape(-1, 3),
    )


@dataclass(frozen=True)
class _Columns:
    model: list[str]
    low: list[float]
    least: list[float]
    most: list[float]
    p_exponent: list[float]
    q_exponent: list[float]
    zip: list[Floats]
    q_kvar: list[float]
    balanced: list[bool]


_NO_ZIP = np.zeros(7)


def _columns(table: Table) -> _Columns:
    n = len(table)
    load = table.schema.name == "loads"
    names = {c.name for c in table.schema.columns}
    return _Columns(
        model=table.texts("model") if "model" in names else ["constant_power"] * n,
        low=table.numbers("v_low_pu").tolist() if load else [-1.0] * n,
        least=table.numbers("v_min_pu").tolist(),
        most=table.numbers("v_max_pu").tolist(),
        p_exponent=table.numbers("p_exponent").tolist() if load else [1.0] * n,
        q_exponent=table.numbers("q_exponent").tolist() if load else [2.0] * n,
        zip=[_zip(z) for z in table.vectors("zip")] if load else [_NO_ZIP] * n,
        q_kvar=table.numbers("q_kvar").tolist() if load else [0.0] * n,
        balanced=table.flags("balanced").tolist() if "balanced" in names else [False] * n,
    )


def _zip(values: Floats) -> Floats:
    return _NO_ZIP if len(values) != 7 else values


def _pairs(numbering: Numbering, table: Table, row: int) -> tuple[list[tuple[int, int]], float]:
    nodes = numbering.conductors(table, row)
    name, kv = table["name"][row], float(table["kv"][row])
    if not kv > 0:
        raise GridError(f"{table.schema.row} '{name}' has no rated voltage", mend="give kv above 0")
    if table["connection"][row] == "delta":
        return [(nodes[a], nodes[b]) for a, b in delta_legs(len(nodes))], kv * 1e3
    if len(nodes) < 2:
        raise GridError(
            f"{table.schema.row} '{name}' names {len(nodes)} conductors",
            mend="name its phases in order, the neutral last (g for ground)",
        )
    rated = kv * 1e3 / (math.sqrt(3) if len(nodes) > 2 else 1)
    return [(phase, nodes[-1]) for phase in nodes[:-1]], rated


def powers(legs: Legs, snapshot: Snapshot) -> Complexes:
    """[legs] power consumed at rated voltage [VA]; generation is negative."""
    s = np.zeros(len(legs.plus), complex)
    fields = (
        (snapshot.load_kw, snapshot.load_kvar, 1.0),
        (snapshot.generator_kw, snapshot.generator_kvar, -1.0),
        (snapshot.pv_kw, snapshot.pv_kvar, -1.0),
        (snapshot.storage_kw, snapshot.storage_kvar, -1.0),
    )
    for kind, (p_kw, q_kvar, sign) in enumerate(fields):
        here = legs.table == kind
        row = legs.element[here]
        s[here] = sign * 1e3 * (p_kw[row] + 1j * q_kvar[row]) * legs.share[here]
    return s


def leg_admittance(legs: Legs, s_va: Complexes) -> Complexes:
    """[legs] admittance that takes the power at rated voltage [S]."""
    return np.conj(s_va) / legs.rated_v**2


_TURN = np.exp(2j * np.pi / 3 * np.arange(3))


def across(legs: Legs, v_v: Complexes) -> Complexes:
    """[legs] voltage across each leg [V]."""
    u = np.where(legs.plus >= 0, v_v[legs.plus], 0.0)
    return u - np.where(legs.minus >= 0, v_v[legs.minus], 0.0)


def leg_voltages(legs: Legs, v_v: Complexes) -> Complexes:
    """[legs] voltage that each leg answers to [V]; of a balanced inverter its positive sequence."""
    u = across(legs, v_v)
    if len(legs.balanced):
        positive = u[legs.balanced] @ _TURN / 3
        u[legs.balanced] = positive[:, None] * np.conj(_TURN)
    return u


def leg_currents(legs: Legs, s_va: Complexes, u_v: Complexes) -> Complexes:
    """[legs] current into each leg [A] at the voltages across them [V]."""
    return _currents(
        u_v,
        legs.model,
        legs.rated_v,
        legs.limits,
        legs.exponents,
        legs.zip,
        legs.fixed_kvar * 1e3,
        s_va,
    )


@compiled
def _currents(
    u_v: Complexes,
    model: Ints,
    rated_v: Floats,
    limits: Floats,
    exponents: Floats,
    zips: Floats,
    fixed_var: Floats,
    s_va: Complexes,
) -> Complexes:
    i_a = np.zeros(len(u_v), np.complex128)
    for k in range(len(u_v)):
        size = abs(u_v[k])
        if size > 0.0:
            i_a[k] = leg_current(
                model[k],
                u_v[k],
                size / rated_v[k],
                s_va[k],
                limits[k],
                exponents[k],
                zips[k],
                fixed_var[k],
            )
    return i_a


@compiled
def inject(plus: Ints, minus: Ints, i_a: Complexes, total: Complexes) -> None:
    """Add a current [legs] [A] to node currents `total`, in at `plus` and out at `minus`."""
    for k in range(len(plus)):
        if plus[k] >= 0:
            total[plus[k]] += i_a[k]
        if minus[k] >= 0:
            total[minus[k]] -= i_a[k]


@compiled
def _within(u: float, low: float, least: float, most: float, steep: int) -> float:
    """Power over rated power of a constant power (2) or current (1) kept inside its limits.

    Above `most` an impedance; below `least` the current falls in a line to that of the rated
    impedance at `low`, or where `low` is negative an impedance.
    """
    if u > most:
        return u * u / most**steep
    if u > least:
        return 1.0 if steep == 2 else u
    if low < 0.0:
        return u * u / least**steep
    if u <= low:
        return u * u
    at_least = 1.0 / least if steep == 2 else 1.0
    return u * (low + (at_least - low) * (u - low) / (least - low))


@compiled
def leg_current(
    model: int,
    v: complex,
    u: float,
    s: complex,
    limits: Floats,
    exponents: Floats,
    zips: Floats,
    fixed_var: float,
) -> complex:
    """Current of one leg [A] at `v` [V], which is `u` of its rated voltage, for `s` [VA]."""
    low, least, most = limits[0], limits[1], limits[2]
    inside = least < u <= most
    if model == IMPEDANCE:
        p, q = s.real * u * u, s.imag * u * u
    elif model == ZIP:
        power, current = _within(u, low, least, most, 2), _within(u, low, least, most, 1)
        on = 0.5 * (1.0 + math.tanh(_CUT_OFF * (u - zips[6]))) if zips[6] > 0.0 and u > low else 1.0
        p = on * s.real * (zips[0] * u * u + zips[1] * current + zips[2] * power)
        q = on * s.imag * (zips[3] * u * u + zips[4] * current + zips[5] * power)
    else:
        bare = model in (FIXED_Q, FIXED_Q_IMPEDANCE)
        share = _within(
            u, -1.0 if bare and u > low else low, least, most, 1 if model == CURRENT else 2
        )
        p, q = s.real * share, s.imag * share
        if bare:
            q = fixed_var if inside and model == FIXED_Q else fixed_var * u * u
        elif inside and model == EXPONENTIAL:
            p, q = s.real * u ** exponents[0], s.imag * u ** exponents[1]
        elif inside and model == MOTOR:
            q = s.imag * u * u
    return (complex(p, q) / v).conjugate()
