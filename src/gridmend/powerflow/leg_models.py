"""How the current of one leg answers to its voltage: the models of OpenDSS, one definition each."""

from __future__ import annotations

import math

from gridmend.model.arrays import Floats
from gridmend.powerflow.compiled import compiled

POWER, IMPEDANCE, CURRENT, MOTOR, EXPONENTIAL, FIXED_Q, FIXED_Q_IMPEDANCE, ZIP = range(8)
_CUT_OFF = 500.0  # how steeply a ZIP load lets go around its cut-off voltage

Row = Floats | tuple[float, ...]
"""One leg's numbers in compiled code: a row of an array, or the same as a tuple."""


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
    limits: Row,
    exponents: Row,
    zips: Row,
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
    square = v.real * v.real + v.imag * v.imag
    return complex((p * v.real + q * v.imag) / square, (p * v.imag - q * v.real) / square)
