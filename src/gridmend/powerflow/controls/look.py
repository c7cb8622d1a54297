"""What controls measure and want: one definition for single solves and for lanes.

Everything is compiled and takes flat arrays; voltages are as the lanes have them, deviations
from a base, of which a single solve is the case of one lane and no base. A control's look also
tells how far it is from deciding otherwise, so that lanes know how exact a voltage must be.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from gridmend.powerflow.simd import inlined, unowned

IGNORE, LOCKED, NEUTRAL, REGULATE = range(4)
"""What a regulator does under reverse power."""

VOLTAGE, CURRENT, KVAR, FACTOR, CLOCK = range(5)
"""What a capacitor control goes by."""

AVERAGE, HIGHEST, LOWEST = 0, -1, -2
"""Which phase is looked at, beside its number from 1."""

ONE_ACTION = 0.7
"""The part of what is needed that one action moves (OpenDSS, static control)."""

NO_POWER_VA = 1e-3
"""Below this the power factor is that of rounding, and nothing is switched by it."""

DEAD_SHARE = 0.1
"""Below this share of what it holds a voltage feeds no control, which then stays as it is. Assumed;
any share between what is induced and what feeds one gives the same."""

ROOM_PU = 1e-9
"""How far from its limit a tap must be to have room."""


class Probes(NamedTuple):
    """Phasors that controls measure, each a sum over voltages [rows] times a coefficient.

    `start` [probes + 1] where its terms begin; of each term `row`, `re` and `im` of the
    coefficient [V or A per unit of the row's voltage], and `tie`: the ideal ratio that it is
    divided by, -1 for none. `base` [rows × 2] voltages that `x` deviates from.
    """

    start: Any
    row: Any
    re: Any
    im: Any
    tie: Any
    base: Any


class Regulators(NamedTuple):
    """Tap controls [controls]; powers in VA, voltages at the control in V unless said.

    `tap` which of the taps it moves; `phases` [controls, 2] of its own side and the other;
    `volts`, `amps` first probes of its own side, `far_volts`, `far_amps` of the other, `remote`
    the probe of a remote bus, -1 for what it does not measure; `volts` of the primary,
    `ldc` [controls, 2] per ampere of it; `side` [controls, 2] rated voltage of both sides [V].
    """

    tap: Any
    phases: Any
    phase: Any
    volts: Any
    amps: Any
    far_volts: Any
    far_amps: Any
    remote: Any
    target: Any
    band: Any
    pt_ratio: Any
    ct_primary: Any
    ldc: Any
    v_limit: Any
    step: Any
    tap_min: Any
    tap_max: Any
    most: Any
    delay: Any
    moves_other: Any
    reverse: Any
    reverse_target: Any
    reverse_band: Any
    reverse_ldc: Any
    threshold: Any
    side: Any


class BankControls(NamedTuple):
    """Capacitor controls [controls]; settings as in the grid's table.

    `bank` which bank it switches, of `steps`, with `bank_kvar` in all; `kind` what it goes by;
    `count` conductors measured, `volts`, `amps` their first probes; `override` whether voltage
    overrides, by `override_count` probes from `override_volts` on.
    """

    bank: Any
    steps: Any
    bank_kvar: Any
    delta: Any
    kind: Any
    count: Any
    volts: Any
    amps: Any
    on: Any
    off: Any
    pt_ratio: Any
    ct_ratio: Any
    pt_phase: Any
    ct_phase: Any
    delay: Any
    delay_off: Any
    dead_time: Any
    override: Any
    v_min: Any
    v_max: Any
    override_count: Any
    override_volts: Any


@inlined
def phasor(probes: Any, k: int, x: Any, ratio: Any, lanes: int, w: int) -> complex:
    """What probe `k` sees in lane `w` of `lanes` [V or A]."""
    total = 0.0j
    for e in range(probes.start[k], probes.start[k + 1]):
        row = probes.row[e]
        v = complex(
            probes.base[2 * row] + x[row * 2 * lanes + w],
            probes.base[2 * row + 1] + x[row * 2 * lanes + lanes + w],
        )
        by = 1.0 / ratio[probes.tie[e] * lanes + w] if probes.tie[e] >= 0 else 1.0
        total += complex(probes.re[e], probes.im[e]) * v * by
    return total


@inlined
def size_of(phasor: complex) -> float:
    """Its magnitude: `abs` guards against overflow, which takes ten times as long."""
    return math.sqrt(phasor.real * phasor.real + phasor.imag * phasor.imag)


@inlined
def _chosen(
    probes: Any, first: int, count: int, phase: int, x: Any, ratio: Any, lanes: int, w: int
) -> int:
    """Which of some phases is looked at, from zero."""
    if phase > 0:
        return min(phase, count) - 1
    best, found = 0, size_of(phasor(probes, first, x, ratio, lanes, w))
    for k in range(1, count):
        size = size_of(phasor(probes, first + k, x, ratio, lanes, w))
        if (size > found) == (phase == HIGHEST) and size != found:
            best, found = k, size
    return best


@unowned
def power_va(regs: Any, probes: Any, k: int, x: Any, ratio: Any, lanes: int, w: int) -> Any:
    """Active power into the winding a control measures [VA], which is against the usual way, and
    the apparent power there, by which its errors scale."""
    active, apparent = 0.0, 0.0
    for n in range(regs.phases[k, 0]):
        v = phasor(probes, regs.volts[k] + n, x, ratio, lanes, w)
        s = v * phasor(probes, regs.amps[k] + n, x, ratio, lanes, w).conjugate()
        active += s.real
        apparent += size_of(s)
    return active, apparent


@inlined
def _towards(off: float, band: float, step_v: float, scale: float) -> Any:
    """Whole steps to go where a voltage is `off` its target, and how far that is from changing."""
    margin = abs(abs(off) - band / 2) / scale
    if abs(off) <= band / 2:
        return 0, margin
    steps = off / step_v
    edge = abs(steps - math.floor(steps) - 0.5) * abs(step_v) / scale
    return int(np.rint(steps)), min(margin, edge)


@inlined
def _in_reverse(
    regs: Any, probes: Any, k: int, tap: float, x: Any, ratio: Any, lanes: int, w: int
) -> Any:
    if regs.reverse[k] == LOCKED:
        return 0, np.inf
    if regs.reverse[k] == NEUTRAL:
        middle = (regs.tap_max[k] + regs.tap_min[k]) / 2
        return int(np.rint((middle - tap) / regs.step[k])), np.inf
    count, pt = regs.phases[k, 1], regs.pt_ratio[k]
    n = _chosen(probes, regs.far_volts[k], count, regs.phase[k], x, ratio, lanes, w)
    seen = phasor(probes, regs.far_volts[k] + n, x, ratio, lanes, w) / pt
    i = phasor(probes, regs.far_amps[k] + n, x, ratio, lanes, w)
    seen += complex(regs.reverse_ldc[k, 0], regs.reverse_ldc[k, 1]) * i / regs.ct_primary[k]
    step_v = regs.step[k] * regs.side[k, 1] / pt
    target = regs.reverse_target[k]
    steps, margin = _towards(target - size_of(seen), regs.reverse_band[k], step_v, target)
    return steps if regs.moves_other[k] else -steps, margin


@inlined
def tap_steps(
    regs: Any, probes: Any, k: int, reverse: int, tap: float, x: Any, ratio: Any, lanes: int, w: int
) -> Any:
    """Whole steps that a control would move its tap, 0 in band, and its margin [pu].

    `reverse` is 1 in reverse mode, 0 in forward mode, and -1 where power itself decides.
    """
    pt, target = regs.pt_ratio[k], regs.target[k]
    n = _chosen(probes, regs.volts[k], regs.phases[k, 0], regs.phase[k], x, ratio, lanes, w)
    local = phasor(probes, regs.volts[k] + n, x, ratio, lanes, w) / pt
    size = size_of(local)
    margin = abs(size / target - DEAD_SHARE)
    if size < DEAD_SHARE * target:
        return 0, margin
    if regs.reverse[k] != IGNORE:
        if reverse < 0:
            power, apparent = power_va(regs, probes, k, x, ratio, lanes, w)
            margin = abs(power - regs.threshold[k]) / max(apparent, 1.0)
            reverse = 1 if power > regs.threshold[k] else 0
        if reverse == 1:
            steps, own = _in_reverse(regs, probes, k, tap, x, ratio, lanes, w)
            return steps, min(margin, own)
    seen = local
    if regs.remote[k] >= 0:
        seen = phasor(probes, regs.remote[k], x, ratio, lanes, w) / pt
    elif regs.ldc[k, 0] != 0.0 or regs.ldc[k, 1] != 0.0:
        i = phasor(probes, regs.amps[k] + n, x, ratio, lanes, w)
        seen = local + complex(regs.ldc[k, 0], regs.ldc[k, 1]) * i / regs.ct_primary[k]
    step_v = regs.step[k] * regs.side[k, 0] / pt
    off, band = target - size_of(seen), regs.band[k]
    if regs.v_limit[k] > 0.0:
        above = size - regs.v_limit[k]
        margin = min(margin, abs(above) / regs.v_limit[k])
        if above > 0.0:
            off, band = -above, 0.0
    steps, own = _towards(off, band, step_v, target)
    return -steps if regs.moves_other[k] else steps, min(margin, own)


@inlined
def can_move(regs: Any, k: int, tap: float, steps: int) -> bool:
    """Whether the tap has room in that direction."""
    return tap < regs.tap_max[k] - ROOM_PU if steps > 0 else tap > regs.tap_min[k] + ROOM_PU


@inlined
def moved(regs: Any, k: int, tap: float, steps: int) -> float:
    """The tap [pu] after one action towards `steps`."""
    share = int(ONE_ACTION * steps)
    if share == 0:
        share = 1 if steps > 0 else -1
    share = max(-regs.most[k], min(regs.most[k], share))
    return min(max(tap + share * regs.step[k], regs.tap_min[k]), regs.tap_max[k])
