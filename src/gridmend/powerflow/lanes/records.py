"""The records of legs that vectors have a model of: what each adds to its row, in numbers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gridmend.model.arrays import Complexes, Floats, Ints
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.lanes.curves import NO_LIMIT
from gridmend.powerflow.lanes.legs import (
    ADMITTANCE,
    APART,
    EXPONENTIAL,
    LIMITS,
    RECORD,
    STEADY_CURRENT,
    TOGETHER,
    UNDER,
)
from gridmend.powerflow.leg_models import CURRENT, IMPEDANCE
from gridmend.powerflow.leg_models import EXPONENTIAL as BY_EXPONENT


class Records(NamedTuple):
    """By the names of `legs.Fused`, each [legs, …]; `about` [4, legs] rated voltage, the squared
    voltage at the base, and the lowest and the highest of the model."""

    kinds: Any
    p_at: Any
    q_at: Any
    record: Floats
    limits: Floats
    under: Floats
    rated: Floats
    near: Floats
    about: Floats


@compiled
def records(
    mine: Ints, legs: tuple[Ints, Floats, Floats], profiles: tuple[Ints, Ints], s_va: Complexes,
    per_unit: tuple[Floats, Floats], at_base: tuple[Complexes, Complexes, Floats], near: Floats,
) -> Records:  # fmt: skip
    """Of the legs `mine`, by their models, limits and rated voltages, the profiles they follow and
    their power at factor 1.

    Their voltages are in per unit of the first [mine] of `per_unit`, and their currents times the
    second [mine, 2, 2]. `at_base` are voltages, currents and slopes there; `near` as by
    `curves.near_a_jump`.
    """
    many = len(mine)
    kinds, p_at, q_at = np.empty(many, np.int32), np.empty(many, np.int32), np.empty(many, np.int32)
    record, limits, under = (
        np.empty((many, RECORD)), np.empty((many, LIMITS)), np.empty((many, UNDER))
    )  # fmt: skip
    rated, beside = np.empty((many, 2)), np.empty((many, 2, 2))
    about = np.empty((4, many))
    for n in range(many):
        k = mine[n]
        model, base_v = legs[0][k], per_unit[0][n]
        by = legs[2][k] / base_v
        p_at[n], q_at[n] = profiles[0][k], profiles[1][k]
        kinds[n] = _kind(model, p_at[n] == q_at[n])
        s = _scaled(s_va[k], kinds[n], by)
        rated[n, 0], rated[n, 1] = s.real, s.imag
        low, least, most = legs[1][k, 0], legs[1][k, 1], min(legs[1][k, 2], NO_LIMIT)
        _limits(model, least, most, by, limits[n])
        _under(model, low, least, by, under[n])
        u, i = at_base[0][k] / base_v, at_base[1][k] * base_v
        _record(kinds[n], s, u, i, at_base[2][k], base_v * base_v, per_unit[1][n], record[n])
        for end in range(2):
            for side in range(2):
                beside[n, end, side] = near[k, end, side] * by * by
        about[0, n], about[1, n] = by, u.real * u.real + u.imag * u.imag
        about[2, n], about[3, n] = limits[n, 0], limits[n, 1]
    return Records(kinds, p_at, q_at, record, limits, under, rated, beside, about)


@compiled
def _kind(model: Any, alike: bool) -> int:
    """The kind of a leg whose active and reactive power go `alike` or not."""
    if model == BY_EXPONENT:
        return EXPONENTIAL
    if model == CURRENT:
        return STEADY_CURRENT
    if not alike:
        return APART
    return ADMITTANCE if model == IMPEDANCE else TOGETHER


@compiled
def _scaled(s: Any, kind: int, rated: float) -> complex:
    """Power over what of the voltage it is of in proportion, at the rated one."""
    if kind == ADMITTANCE:
        return s / (rated * rated)
    return s / rated if kind == STEADY_CURRENT else s


@compiled
def _limits(model: Any, least: float, most: float, rated: float, found: Floats) -> None:
    """The squared voltages [pu] between which the model holds, as `legs.Fused` has them."""
    low, high = (rated, rated) if model == IMPEDANCE else (least * rated, most * rated)
    found[0], found[1], found[3] = low * low, high * high, 1.0 / (high * high)
    found[2] = -1.0 if model == IMPEDANCE else low * low


@compiled
def _under(model: Any, low: float, least: float, rated: float, found: Floats) -> None:
    """From which voltage on, and how steeply, the current rises to its limit."""
    steady = model == CURRENT
    found[2], found[3] = 1.0 / rated, rated if steady else 1.0
    if low < 0.0:
        found[0], found[1] = 0.0, 1.0 / (least if steady else least * least)
    elif least <= low:
        found[0], found[1] = NO_LIMIT, 0.0
    else:
        found[0], found[1] = low, ((1.0 if steady else 1.0 / least) - low) / (least - low)


@compiled
def _record(
    kind: int, s: complex, u: complex, i: complex, slope: Floats, scale: float, by: Floats,
    found: Floats,
) -> None:  # fmt: skip
    """Power, slope and current times the inverse pivot `by` [2, 2], and the voltage [pu]."""
    p, q = (1.0, 0.0) if kind >= APART else (s.real, s.imag)
    for r in range(2):
        a, b = by[r, 0], by[r, 1]
        found[2 * r], found[2 * r + 1] = a * p - b * q, a * q + b * p
        found[4 + 2 * r] = (a * slope[0] + b * slope[2]) * scale
        found[5 + 2 * r] = (a * slope[1] + b * slope[3]) * scale
        found[8 + r] = a * i.real + b * i.imag
    found[10], found[11] = u.real, u.imag
