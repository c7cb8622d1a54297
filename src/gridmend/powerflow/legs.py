"""Loads, generators, PV and storage as legs: one voltage, one power, one current each.

A wye element has a leg from each phase to its neutral, a delta one between phases. The
models are those of OpenDSS (its technical note on loads), checked against it leg by leg.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gridmend.model.arrays import Complexes, Floats, Ints
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.leg_models import BY_VOLTAGE, EXPONENTIAL, POWER, Row, leg_current

Shares = Floats
"""[legs, 2] what each leg is of above its lower and its upper limit; see `leg_models.above`."""

Answers = tuple[Ints, Floats, Floats, Floats, Floats, Floats]
"""Of legs: `model`, `rated_v`, `limits`, `exponents`, `zip` and fixed power [var]."""

INJECTED = ("loads", "generators", "pv_systems", "storages")
"""Tables whose elements are legs, in the order in which legs are numbered."""


@dataclass(frozen=True, eq=False)
class Legs:
    """Every leg of the grid. All arrays are [legs] unless said.

    `plus`, `minus`: nodes, -1 for ground; `element`: row in `table` (index in `INJECTED`);
    `share`: part of the element's power; `limits` [legs, 3]: v_low, v_min, v_max [pu of
    `rated_v`]; `exponents` [legs, 2]; `zip` [legs, 7]; `balanced` [elements, 3]: legs of an
    inverter that drives positive-sequence current alone; `formed_by`: row of the source that stands
    for its element in island mode, -1 where none does.
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
    formed_by: Ints
    balanced: Ints

    @cached_property
    def jump(self) -> bool:
        """Whether the power of any leg jumps at its limits."""
        return bool((self.model == EXPONENTIAL).any())

    @cached_property
    def answers(self) -> Answers:
        """What says how each leg's current answers to its voltage, as compiled code takes it."""
        limits, exponents = self.limits, self.exponents
        return self.model, self.rated_v, limits, exponents, self.zip, self.fixed_kvar * 1e3


def powers(legs: Legs, snapshot: Snapshot) -> Complexes:
    """[legs] power consumed at rated voltage [VA]; generation is negative. What a source stands for
    that is on gives nothing besides."""
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
    formed = np.flatnonzero(legs.formed_by >= 0)
    s[formed[snapshot.source_on[legs.formed_by[formed]]]] = 0.0
    return s


def leg_admittance(legs: Legs, s_va: Complexes) -> Complexes:
    """[legs] admittance that takes the power at rated voltage [S]."""
    return np.conj(s_va) / legs.rated_v**2


_TURN = (1 + 0j, complex(-0.5, 0.75**0.5), complex(-0.5, -(0.75**0.5)))
"""1, a and a²: turns by a third of a period."""


def across(legs: Legs, v_v: Complexes) -> Complexes:
    """[legs] voltage across each leg [V]."""
    return voltages_across(legs.plus, legs.minus, v_v)


@compiled
def voltages_across(plus: Ints, minus: Ints, v_v: Complexes) -> Complexes:
    """The same for compiled code."""
    u = np.zeros(len(plus), np.complex128)
    for k in range(len(plus)):
        if plus[k] >= 0:
            u[k] = v_v[plus[k]]
        if minus[k] >= 0:
            u[k] -= v_v[minus[k]]
    return u


def leg_voltages(legs: Legs, v_v: Complexes) -> Complexes:
    """[legs] voltage that each leg answers to [V]; of a balanced inverter its positive sequence."""
    return answered(legs.balanced, across(legs, v_v))


@compiled
def answered(balanced: Ints, u_v: Complexes) -> Complexes:
    """[legs] the same from the voltages across them [V], which are left as they are.

    `balanced` [elements, 3] are the legs of inverters of positive sequence.
    """
    if not len(balanced):
        return u_v
    u = u_v.copy()
    for k in range(len(balanced)):
        positive = 0.0j
        for phase in range(3):
            positive += u_v[balanced[k, phase]] * _TURN[phase] / 3
        for phase in range(3):
            u[balanced[k, phase]] = positive * _TURN[phase].conjugate()
    return u


def leg_currents(
    legs: Legs, s_va: Complexes, u_v: Complexes, shares: Shares | None = None
) -> Complexes:
    """[legs] current into each leg [A] at the voltages across them [V].

    `shares` [legs, 2] says what legs by exponents are of above their lower and upper limit; their
    voltages do unless it is given.
    """
    return currents(legs.answers, u_v, s_va, shares)


@compiled
def currents(answers: Answers, u_v: Complexes, s_va: Complexes, shares: Shares | None) -> Complexes:
    """The same for compiled code."""
    model, _, limits, exponents, zips, fixed_var = answers
    i_a = np.zeros(len(u_v), np.complex128)
    of_rated, inverse = _sizes(answers, u_v)
    for k in range(len(u_v)):
        if model[k] == POWER and limits[k, 1] < of_rated[k] <= limits[k, 2]:
            # what most legs are, as `leg_current` has it
            p, q, v = s_va[k].real, s_va[k].imag, u_v[k]
            i_a[k] = complex(
                (p * v.real + q * v.imag) * inverse[k], (p * v.imag - q * v.real) * inverse[k]
            )
        elif of_rated[k] > 0.0:
            # tuples, for a view of a row would cost more than the current itself
            i_a[k] = leg_current(
                model[k],
                u_v[k],
                of_rated[k],
                inverse[k],
                s_va[k],
                (limits[k, 0], limits[k, 1], limits[k, 2]),
                (exponents[k, 0], exponents[k, 1]),
                _seven(zips, k),
                fixed_var[k],
                BY_VOLTAGE if shares is None else shares[k, 0],
                BY_VOLTAGE if shares is None else shares[k, 1],
            )
    return i_a


@compiled
def _sizes(answers: Answers, u_v: Complexes) -> tuple[Floats, Floats]:
    """[legs] size of each voltage [of the rated one], and the inverse of its square [1/V²].

    Apart from the models, so that roots and divisions are of several legs at once.
    """
    of_rated, inverse = np.empty(len(u_v)), np.empty(len(u_v))
    for k in range(len(u_v)):
        square = u_v[k].real * u_v[k].real + u_v[k].imag * u_v[k].imag
        of_rated[k] = math.sqrt(square) / answers[1][k]
        inverse[k] = 1.0 / square
    return of_rated, inverse


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
