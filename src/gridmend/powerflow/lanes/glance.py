"""A glance at the regulators of all lanes at once: whether any wants to move, and how near it is.

It is what `controls.look` says where each goes by the size of one voltage, in forward mode and
below its limit. Most steps move nothing; where a glance is sure of it no lane need look by itself.
"""

from __future__ import annotations

from typing import Any

from gridmend.powerflow.controls.bank_look import bank_steps
from gridmend.powerflow.controls.look import DEAD_SHARE, IGNORE, Regulators
from gridmend.powerflow.simd import (
    add,
    div,
    fma,
    inlined,
    larger,
    load,
    mul,
    root,
    smaller,
    splat,
    store,
    sub,
    where_less,
    width,
)


def can_glance(regulators: Regulators) -> bool:
    """Whether it is known of all regulators which voltage they go by."""
    return bool(((regulators.phase > 0) | (regulators.phases[:, 0] == 1)).all())


@inlined
def _phasor(probes: Any, k: int, x: Any, ratio: Any) -> Any:
    """What probe `k` sees in all lanes [V or A]."""
    lanes = width(x)
    re, im = splat(x, 0.0), splat(x, 0.0)
    for e in range(probes.start[k], probes.start[k + 1]):
        row = probes.row[e]
        vr = add(load(x, row * 2 * lanes), splat(x, probes.base[2 * row]))
        vi = add(load(x, row * 2 * lanes + lanes), splat(x, probes.base[2 * row + 1]))
        if probes.tie[e] >= 0:
            by = div(splat(x, 1.0), load(ratio, probes.tie[e] * lanes))
            vr, vi = mul(vr, by), mul(vi, by)
        re = fma(probes.re[e], vr, fma(-probes.im[e], vi, re))
        im = fma(probes.re[e], vi, fma(probes.im[e], vr, im))
    return re, im


@inlined
def _size(re: Any, im: Any) -> Any:
    return root(add(mul(re, re), mul(im, im)))


@inlined
def _forward(regs: Any, probes: Any, k: int, x: Any, ratio: Any) -> Any:
    """How far power is from turning regulator `k` to reverse mode, less than nothing beyond."""
    power, apparent = splat(x, 0.0), splat(x, 0.0)
    for n in range(regs.phases[k, 0]):
        vr, vi = _phasor(probes, regs.volts[k] + n, x, ratio)
        ir, ii = _phasor(probes, regs.amps[k] + n, x, ratio)
        p, q = add(mul(vr, ir), mul(vi, ii)), sub(mul(vi, ir), mul(vr, ii))
        power, apparent = add(power, p), add(apparent, _size(p, q))
    return div(sub(splat(x, regs.threshold[k]), power), larger(apparent, splat(x, 1.0)))


@inlined
def _seen(
    regs: Any, probes: Any, k: int, n: int, re: Any, im: Any, x: Any, ratio: Any
) -> Any:  # fmt: skip
    """The voltage that regulator `k` holds, where it has (`re`, `im`) itself."""
    if regs.remote[k] >= 0:
        re, im = _phasor(probes, regs.remote[k], x, ratio)
    elif regs.ldc[k, 0] != 0.0 or regs.ldc[k, 1] != 0.0:
        ir, ii = _phasor(probes, regs.amps[k] + n, x, ratio)
        by = regs.pt_ratio[k] / regs.ct_primary[k]
        r, reactance = by * regs.ldc[k, 0], by * regs.ldc[k, 1]
        re = fma(r, ir, fma(-reactance, ii, re))
        im = fma(r, ii, fma(reactance, ir, im))
    return _size(re, im)


@inlined
def glance(regs: Any, probes: Any, x: Any, ratio: Any, seen: Any, found: Any) -> None:
    """To `seen` [regulators × lanes] how far a voltage may move before each wants anything [pu],
    less than nothing where it may want something already; to `found` [lanes] the least of these."""
    margin, one, wants = splat(x, 1e30), splat(x, 1.0), splat(x, -1.0)
    for k in range(len(regs.tap)):
        n = min(regs.phase[k], regs.phases[k, 0]) - 1 if regs.phase[k] > 0 else 0
        scale = splat(x, 1.0 / (regs.pt_ratio[k] * regs.target[k]))
        re, im = _phasor(probes, regs.volts[k] + n, x, ratio)
        local = mul(scale, _size(re, im))
        off = sub(one, mul(scale, _seen(regs, probes, k, n, re, im, x, ratio)))
        away = larger(off, sub(splat(x, 0.0), off))
        own = sub(splat(x, regs.band[k] / 2.0 / regs.target[k]), away)
        own = smaller(own, sub(local, splat(x, DEAD_SHARE)))
        if regs.reverse[k] != IGNORE:
            own = smaller(own, _forward(regs, probes, k, x, ratio))
        if regs.v_limit[k] > 0.0:
            below = sub(one, mul(splat(x, regs.target[k] / regs.v_limit[k]), local))
            own = smaller(own, below)
        # also where it is no number
        own = where_less(splat(x, 0.0), own, own, wants)
        store(seen, k * width(x), own)
        margin = smaller(margin, own)
    store(found, 0, margin)


@inlined
def banks_rest(
    banks: Any, probes: Any, at: Any, hour: float, x: Any, ratio: Any, lanes: int, w: int,
    least: float,
) -> bool:  # fmt: skip
    """Whether no capacitor control of a lane wants to switch, each by that margin [pu]."""
    for k in range(len(banks.bank)):
        on = at.on[banks.bank[k] * lanes + w]
        steps, margin = bank_steps(banks, probes, k, on, hour, x, ratio, lanes, w)
        if steps != 0 or margin < least:
            return False
    return True
