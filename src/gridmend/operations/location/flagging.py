"""The chance of all flags for many faults, as one compiled loop."""

from __future__ import annotations

import math

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.powerflow.compiled import compiled

WIDTH = 0.25
"""Standard deviation of ln(current / pickup) at which a device's answer turns. Assumed."""
LEAST = 1e-9
"""No evidence is surer than this, so that a contradiction has an answer."""
_FAR = 6.0
"""So many standard deviations from the turn an answer is as good as sure: ndtr(-6) is `LEAST`."""
_SMALL = 1e-200
"""A product of chances that is smaller is taken into the sum of logarithms."""


@compiled
def log_chance(
    taken: Complexes,
    near: Complexes,
    far: Complexes,
    lines: Ints,
    phases: Ints,
    before: Complexes,
    starts: Ints,
    rises: Flags,
    up: Flags,
    pickup_a: Floats,
    missed: Floats,
    false: Floats,
) -> Floats:
    """[n, r] logarithm of the chance of all flags.

    `taken` [n, r, k] are the currents of a fault [A] on `lines` [n] and its `phases` [k], `near`
    and `far` [lines, places, 3] what each place reads of them, taken half at either end, `before`
    [places] what it reads without. A flag's places begin at its entry of `starts`.
    """
    n, many_r, k = taken.shape
    flags, places = len(starts), len(before)
    found = np.zeros((n, many_r))
    size = np.abs(before)
    way = np.empty((places, k), np.complex128)
    for i in range(n):
        line = lines[i]
        for place in range(places):
            for j in range(k):
                phase = phases[j]
                way[place, j] = 0.5 * (near[line, place, phase] + far[line, place, phase])
        for r in range(many_r):
            log, product = 0.0, 1.0
            for flag in range(flags):
                end = starts[flag + 1] if flag + 1 < flags else places
                most = -math.inf
                for place in range(starts[flag], end):
                    level = before[place]
                    for j in range(k):
                        level -= taken[i, r, j] * way[place, j]
                    current = math.sqrt(level.real * level.real + level.imag * level.imag)
                    if rises[flag]:
                        current -= size[place]
                    most = max(most, current)
                at = math.log(max(most, LEAST) / pickup_a[flag]) / WIDTH
                passes = 0.0 if at < -_FAR else 1.0
                if abs(at) <= _FAR:
                    passes = 0.5 * math.erfc(-at / math.sqrt(2.0))
                chance = false[flag] + (1.0 - missed[flag] - false[flag]) * passes
                chance = min(max(chance, LEAST), 1.0 - LEAST)
                product *= chance if up[flag] else 1.0 - chance
                if product < _SMALL:
                    log += math.log(product)
                    product = 1.0
            found[i, r] = log + math.log(product)
    return found
