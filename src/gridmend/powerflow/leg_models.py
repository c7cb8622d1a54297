"""How the current of one leg answers to its voltage: the models of OpenDSS, one definition each."""

from __future__ import annotations

import math

from gridmend.model.arrays import Floats
from gridmend.powerflow.compiled import compiled

POWER, IMPEDANCE, CURRENT, MOTOR, EXPONENTIAL, FIXED_Q, FIXED_Q_IMPEDANCE, ZIP = range(8)
_CUT_OFF = 500.0  # how steeply a ZIP load lets go around its cut-off voltage

BY_VOLTAGE = math.nan
"""A share that no one gives: the voltage says how much of a leg is as above its limit."""

LINE = 1e-6
"""Length of the line that ends at a limit at which the power of a leg by exponents jumps, and in
which its share of what is above goes from 0 to 1 [of the limit's squared voltage]."""

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
    return _under(u, low, least, steep)


@compiled
def _under(u: float, low: float, least: float, steep: int) -> float:
    """The same below `least`; an impedance where nothing lies between that and `low`."""
    if low < 0.0:
        return u * u / least**steep
    if u <= low or least <= low:
        return u * u
    at_least = 1.0 / least if steep == 2 else 1.0
    return u * (low + (at_least - low) * (u - low) / (least - low))


@compiled
def above(u: float, limit: float, share: float) -> float:
    """How much of a leg is as above a limit: the share that is given, else by its voltage."""
    if not math.isnan(share):
        return share
    return min(max(1.0 + (u * u / (limit * limit) - 1.0) / LINE, 0.0), 1.0)


@compiled
def _power(u: float, exponent: float) -> float:
    """`u` to a power; those that loads mostly have cost no logarithm."""
    if exponent == 1.0:
        return u
    if exponent == 2.0:
        return u * u
    return u * u * u if exponent == 3.0 else u**exponent


@compiled
def _by_exponents(
    u: float, limits: Row, exponents: Row, at_least: float, at_most: float
) -> tuple[float, float]:
    """Active and reactive power over rated, with shares of above the lower and upper limit."""
    low, least, most = limits[0], limits[1], limits[2]
    over = above(u, most, at_most)
    high = u * u / (most * most)
    if over == 1.0:
        return high, high
    share = above(u, least, at_least)
    p, q = 1.0, 1.0
    if share != 0.0:
        p, q = _power(u, exponents[0]), _power(u, exponents[1])
    if share != 1.0:
        under = _under(u, low, least, 2)
        p, q = under + share * (p - under), under + share * (q - under)
    if over != 0.0:
        p, q = p + over * (high - p), q + over * (high - q)
    return p, q


@compiled
def leg_current(
    model: int,
    v: complex,
    u: float,
    by: float,
    s: complex,
    limits: Row,
    exponents: Row,
    zips: Row,
    fixed_var: float,
    at_least: float = BY_VOLTAGE,
    at_most: float = BY_VOLTAGE,
) -> complex:
    """Current of one leg [A] at `v` [V], which is `u` of its rated voltage, for `s` [VA].

    `by` is the inverse of the squared voltage [1/V²]. One by exponents is of above its
    lower and upper limit what `at_least` and `at_most` say.
    """
    low, least, most = limits[0], limits[1], limits[2]
    inside = least < u <= most
    if model == IMPEDANCE:
        p, q = s.real * u * u, s.imag * u * u
    elif model == EXPONENTIAL:
        p, q = _by_exponents(u, limits, exponents, at_least, at_most)
        p, q = s.real * p, s.imag * q
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
        elif inside and model == MOTOR:
            q = s.imag * u * u
    return complex((p * v.real + q * v.imag) * by, (p * v.imag - q * v.real) * by)
