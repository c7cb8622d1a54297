"""Loads, generators, PV and storage as legs: one voltage, one power, one current each.

A wye element has a leg from each phase to its neutral, a delta one between phases. The
models are those of OpenDSS (its technical note on loads), checked against it leg by leg.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gridmend.model.arrays import Complexes, Floats, Ints
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.leg_models import EXPONENTIAL, STEEP, Row, leg_current

Crossing = NDArray[np.int8]
"""[legs, 2] how each leg crosses its lower and upper limit; see `leg_models`."""

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

    @cached_property
    def jump(self) -> bool:
        """Whether the power of any leg jumps at its limits."""
        return bool((self.model == EXPONENTIAL).any())


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
    return _across(legs.plus, legs.minus, v_v)


@compiled
def _across(plus: Ints, minus: Ints, v_v: Complexes) -> Complexes:
    u = np.zeros(len(plus), np.complex128)
    for k in range(len(plus)):
        if plus[k] >= 0:
            u[k] = v_v[plus[k]]
        if minus[k] >= 0:
            u[k] -= v_v[minus[k]]
    return u


def leg_voltages(legs: Legs, v_v: Complexes) -> Complexes:
    """[legs] voltage that each leg answers to [V]; of a balanced inverter its positive sequence."""
    return answered(legs, across(legs, v_v))


def answered(legs: Legs, u_v: Complexes) -> Complexes:
    """[legs] the same from the voltages across them [V], which are left as they are."""
    if not len(legs.balanced):
        return u_v
    u = u_v.copy()
    positive = u[legs.balanced] @ _TURN / 3
    u[legs.balanced] = positive[:, None] * np.conj(_TURN)
    return u


def leg_currents(
    legs: Legs, s_va: Complexes, u_v: Complexes, crossing: Crossing | None = None
) -> Complexes:
    """[legs] current into each leg [A] at the voltages across them [V].

    `crossing` [legs, 2] says how legs by exponents cross their lower and upper limit; all are
    steep unless given.
    """
    return _currents(
        u_v,
        legs.model,
        legs.rated_v,
        legs.limits,
        legs.exponents,
        legs.zip,
        legs.fixed_kvar * 1e3,
        s_va,
        crossing,
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
    crossing: Crossing | None,
) -> Complexes:
    i_a = np.zeros(len(u_v), np.complex128)
    for k in range(len(u_v)):
        square = u_v[k].real ** 2 + u_v[k].imag ** 2
        if square > 0.0:
            # tuples, for a view of a row would cost more than the current itself
            i_a[k] = leg_current(
                model[k],
                u_v[k],
                math.sqrt(square) / rated_v[k],
                s_va[k],
                (limits[k, 0], limits[k, 1], limits[k, 2]),
                (exponents[k, 0], exponents[k, 1]),
                _seven(zips, k),
                fixed_var[k],
                STEEP if crossing is None else crossing[k, 0],
                STEEP if crossing is None else crossing[k, 1],
            )
    return i_a


@compiled
def _seven(zips: Floats, k: int) -> Row:
    z = zips
    return z[k, 0], z[k, 1], z[k, 2], z[k, 3], z[k, 4], z[k, 5], z[k, 6]


@compiled
def inject(plus: Ints, minus: Ints, i_a: Complexes, total: Complexes) -> None:
    """Add a current [legs] [A] to node currents `total`, in at `plus` and out at `minus`."""
    for k in range(len(plus)):
        if plus[k] >= 0:
            total[plus[k]] += i_a[k]
        if minus[k] >= 0:
            total[minus[k]] -= i_a[k]
