"""What legs take by their voltage, in numbers for the kernel."""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np

from gridmend.model.arrays import Complexes, Floats, Ints
from gridmend.powerflow.lanes.legs import DEGREE, POWERS, REACH
from gridmend.powerflow.lanes.matrix import parts
from gridmend.powerflow.leg_models import EXPONENTIAL as BY_EXPONENT
from gridmend.powerflow.network import Network

_AT_MOST, _ROUNDING = 4.0, 1e-6
"""How far from the base's squared voltage [of it] a leg is calm at the most, and by how much less
[of the middle] for what is rounded."""

NO_LIMIT = 1e6
"""A voltage [of the rated one] that none comes to; the square of a higher limit may be infinite."""


def near_a_jump(network: Network, apart: Floats, *, stay: bool) -> Floats:
    """[legs, 2, 2] the squared voltages [of the rated] between which a leg is near its lower and
    its upper limit: what it may be `apart` from it [legs] [of the squared limit]. Where legs are to
    `stay` between their limits, so is all that is beyond them."""
    limit = np.minimum(network.legs.limits[:, 1:3], NO_LIMIT) ** 2
    found = limit[:, :, None] * (1 + apart[:, None, None] * (-1.0, 1.0))
    if stay:
        found[:, 0, 0], found[:, 1, 1] = -1.0, np.inf
    return found


class Exponents(NamedTuple):
    """What legs by exponents have besides, nothing for others: the `kinds` of exponents [kinds, 2]
    there are and which each leg is `of`; how far a polynomial may `reach` [legs]; `powers` [legs,
    POWERS] about a squared voltage; `bare` [legs, 4] both exponents of a squared voltage, and what
    multiplies its powers."""

    kinds: Floats
    of: Ints
    reach: Floats
    powers: Floats
    bare: Floats


def exponents_of(model: Ints, exponents: Floats, middle: Floats, rated: Floats) -> Exponents:
    """For legs of `exponents` [legs, 2] about a squared voltage `middle`."""
    count, mine = len(model), np.flatnonzero(model == BY_EXPONENT)
    found = Exponents(
        np.empty((0, 2)), np.zeros(count, np.int64), np.zeros(count), np.zeros((count, POWERS)),
        np.zeros((count, 4)),
    )  # fmt: skip
    if not len(mine):
        return found
    own = exponents[mine]
    kinds, of = np.unique(own @ (1, 1j), return_inverse=True)
    kinds = parts(kinds)
    scale = rated[mine, None] ** (-2 * (own + 1))
    about = middle[mine, None]
    found.of[mine] = of
    found.reach[mine] = reach_of(kinds)[of]
    found.powers[mine] = np.concatenate([1 / about, about**own * scale], 1)
    found.bare[mine] = np.stack([own, scale], 2).reshape(-1, 4)
    return found._replace(kinds=kinds)


def calm_of(
    model: Ints, reach: Floats, limits: tuple[Floats, Floats], near: Floats, square: Floats
) -> Floats:
    """[legs, 2] the middle of squared voltages at which legs are not near their limits, and, where
    they go by exponents, their polynomial about it holds, which may `reach` [legs] so far from
    the base [of it]; and how far from there. Less than nothing where there are none."""
    jumps = model == BY_EXPONENT
    low, high = (np.where(jumps, near[:, end, 1 - end], limits[end]) for end in range(2))
    middle = np.clip(square, *limits)
    reach = np.where(jumps, reach, _AT_MOST) * middle
    low, high = np.maximum(low, middle - reach), np.minimum(high, middle + reach)
    there = high >= low
    low, high = np.where(there, low, middle), np.where(there, high, middle)
    middle = low / 2 + high / 2
    return np.stack([middle, np.where(there, (high - low) / 2 - _ROUNDING * middle, -1.0)], 1)


def reach_of(exponents: Floats) -> Floats:
    """[pairs] how far a polynomial for exponents [pairs, 2] holds, less where the first power that
    it leaves out is large."""
    left_out = np.abs(np.prod(exponents[:, :, None] - np.arange(DEGREE + 1), axis=2)).max(axis=1)
    at_minus_one = math.factorial(DEGREE + 1)
    return REACH * np.minimum(1.0, (at_minus_one / np.maximum(left_out, 1.0)) ** (1 / (DEGREE + 1)))


def short_of(
    model: Ints, s_va: Complexes, exponents: Floats, middle: Floats, rated: Floats,
    steep: Exponents,
) -> Floats:  # fmt: skip
    """[legs, 2, DEGREE + 1] what legs by exponents take at factors of 1 over their squared voltage,
    by how far it is from a `middle`."""
    pairs, of = steep.kinds, steep.of
    found = np.zeros((len(model), 2, DEGREE + 1))
    mine = np.flatnonzero((model == BY_EXPONENT) & (middle > 0.0))
    if len(mine):
        first = middle[mine, None] ** exponents[mine] * rated[mine, None] ** -(
            2 * exponents[mine] + 2
        )
        series = np.concatenate(
            [np.ones((len(pairs), 2, 1)), series_of(pairs, DEGREE, reach_of(pairs))], 2
        )
        by = middle[mine, None] ** -np.arange(DEGREE + 1.0)
        found[mine] = (parts(s_va[mine]) * first)[:, :, None] * series[of[mine]] * by[:, None]
    return found


def series_of(exponents: Floats, degree: int, reach: Floats) -> Floats:
    """[pairs, 2, degree] of 1 + z to the power of each exponent [pairs, 2] what z, z² and so on are
    multiplied by: right at z = 0 and, by Chebyshev's points, within a `reach` [pairs]."""
    if not len(exponents):
        return np.empty((0, 2, degree))
    at, told = _points(degree)
    z = reach[:, None, None] * at
    wanted = np.expm1(exponents[:, :, None] * np.log1p(z)) / z
    return np.einsum("pek,nk->pen", wanted, told) / reach[:, None, None] ** np.arange(degree)


@cache
def _points(degree: int) -> tuple[Floats, Floats]:
    """Chebyshev's points between -1 and 1, and what makes coefficients of values there."""
    at = np.cos(np.pi * (np.arange(degree) + 0.5) / degree)
    return at, np.linalg.inv(np.vander(at, increasing=True))
