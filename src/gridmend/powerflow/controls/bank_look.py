"""What capacitor controls measure and want, for single solves and for lanes alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridmend.powerflow.controls.look import (
    AVERAGE,
    CLOCK,
    CURRENT,
    DEAD_SHARE,
    FACTOR,
    HIGHEST,
    KVAR,
    NO_POWER_VA,
    VOLTAGE,
    phasor,
    size_of,
)
from gridmend.powerflow.simd import inlined


@inlined
def _size(
    probes: Any, first: int, count: int, phase: int, delta: bool, x: Any, ratio: Any, lanes: int,
    w: int,
) -> float:  # fmt: skip
    """Of the phase looked at, or over all; between neighbours where `delta`."""
    found = 0.0
    for n in range(count):
        if phase > 0 and n != min(phase, count) - 1:
            continue
        v = phasor(probes, first + n, x, ratio, lanes, w)
        if delta:
            v -= phasor(probes, first + (n + 1) % count, x, ratio, lanes, w)
        size = size_of(v)
        if phase == AVERAGE:
            found += size / count
        elif n == 0 or phase > 0 or (size > found) == (phase == HIGHEST):
            found = size
    return found


@inlined
def _volts(
    banks: Any, probes: Any, k: int, first: int, count: int, x: Any, ratio: Any, lanes: int, w: int
) -> float:
    """At the potential transformer; between phases where the bank is in delta and one is named."""
    phase = banks.pt_phase[k]
    delta = banks.delta[k] and phase > 0 and count > 1
    return _size(probes, first, count, phase, delta, x, ratio, lanes, w) / banks.pt_ratio[k]


@inlined
def _between(seen: float, low: float, high: float, on: int, steps: int, scale: float) -> Any:
    """Switch on below `low` where a step is off, off above `high` where one is on."""
    margin = np.inf
    if on > 0:
        margin = abs(seen - high) / scale
    if on < steps:
        margin = min(margin, abs(seen - low) / scale)
    if seen > high and on > 0:
        return -1, margin
    if seen < low and on < steps:
        return 1, margin
    return 0, margin


@inlined
def _by_time(banks: Any, k: int, hour: float, on: int) -> int:
    if hour != hour:
        return 0
    if banks.off[k] > banks.on[k]:
        should = banks.on[k] <= hour < banks.off[k]
    else:
        should = hour >= banks.on[k] or hour < banks.off[k]
    if should:
        return 1 if on < banks.steps[k] else 0
    return -1 if on > 0 else 0


@inlined
def _by_factor(banks: Any, k: int, power: complex, on: int) -> Any:
    """Power factor above 1 stands for leading, as 2 minus its size (OpenDSS).

    A bank is switched on only where at least half its kvar is wanted, a further step half of
    a step's. Settings below zero are leading too.
    """
    size = size_of(power)
    if size < NO_POWER_VA:
        return 0, np.inf
    factor = abs(power.real) / size
    seen = 2 - factor if power.imag < 0 else factor
    low = 2 + banks.on[k] if banks.on[k] < 0 else banks.on[k]
    high = 2 + banks.off[k] if banks.off[k] < 0 else banks.off[k]
    enough = 0.5e3 * banks.bank_kvar[k] / (banks.steps[k] if on else 1)
    margin = min(abs(seen - low), abs(seen - high), abs(power.imag - enough) / size)
    if seen > high and on > 0:
        return -1, margin
    wants = seen < low and power.imag > enough
    return 1 if wants and on < banks.steps[k] else 0, margin


@inlined
def bank_steps(
    banks: Any, probes: Any, k: int, on: int, hour: float, x: Any, ratio: Any, lanes: int, w: int
) -> Any:
    """1 to switch a step on, -1 to switch one off, 0 to stay; and the margin [pu]."""
    kind, count, steps, held = banks.kind[k], banks.count[k], banks.steps[k], np.inf
    if banks.override[k] and kind != VOLTAGE and banks.override_count[k]:
        first, many = banks.override_volts[k], banks.override_count[k]
        seen = _volts(banks, probes, k, first, many, x, ratio, lanes, w)
        if seen < DEAD_SHARE * banks.v_min[k]:
            return 0, abs(seen / banks.v_min[k] - DEAD_SHARE)
        if on == 0:
            held = abs(seen - banks.v_min[k]) / max(banks.v_min[k], 1e-9)
            if seen < banks.v_min[k]:
                return 1, held
        else:
            held = abs(seen - banks.v_max[k]) / max(banks.v_max[k], 1e-9)
            if seen > banks.v_max[k]:
                return -1, held
    if kind == CLOCK:
        return _by_time(banks, k, hour, on), held
    if count == 0 and kind not in (CURRENT, KVAR):
        return 0, held
    if kind == VOLTAGE:
        seen = _volts(banks, probes, k, banks.volts[k], count, x, ratio, lanes, w)
        if seen < DEAD_SHARE * banks.on[k]:
            return 0, min(held, abs(seen / banks.on[k] - DEAD_SHARE))
        step, margin = _between(seen, banks.on[k], banks.off[k], on, steps, max(seen, 1e-9))
        return step, min(margin, held)
    if kind == CURRENT:
        first = banks.amps[k]
        seen = _size(probes, first, count, banks.ct_phase[k], False, x, ratio, lanes, w)
        seen, scale = seen / banks.ct_ratio[k], max(seen / banks.ct_ratio[k], 1e-9)
    else:
        power = 0.0j
        for n in range(count):
            i = phasor(probes, banks.amps[k] + n, x, ratio, lanes, w)
            power += i.conjugate() * phasor(probes, banks.volts[k] + n, x, ratio, lanes, w)
        if kind == FACTOR:
            step, margin = _by_factor(banks, k, power, on)
            return step, min(margin, held)
        seen, scale = power.imag / 1e3, max(size_of(power) / 1e3, 1e-9)
    step, margin = _between(-seen, -banks.on[k], -banks.off[k], on, steps, scale)
    return step, min(margin, held)
