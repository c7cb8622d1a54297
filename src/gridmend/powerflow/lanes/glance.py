"""A glance at the regulators of all lanes at once: whether any wants to move, and how near it is.

It is what `controls.look` says of those that go by the size of one voltage, with line-drop
compensation or without. Most steps move nothing; where a glance is sure of that no lane need look
by itself.
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
    """Whether all regulators go by one voltage of their own side, whatever the power."""
    one = (regulators.phase > 0) | (regulators.phases[:, 0] == 1)
    forward = (regulators.reverse == IGNORE) & (regulators.remote < 0)
    return bool((one & forward & ~(regulators.v_limit > 0.0)).all())


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
def _away(value: Any, x: Any) -> Any:
    return larger(value, sub(splat(x, 0.0), value))


@inlined
def glance(regs: Any, probes: Any, x: Any, ratio: Any, found: Any) -> None:
    """To `found` [lanes] how far a voltage may move before any regulator wants anything [pu], less
    than nothing where one does."""
    margin, one, wants = splat(x, 1e30), splat(x, 1.0), splat(x, -1.0)
    for k in range(len(regs.tap)):
        n = min(regs.phase[k], regs.phases[k, 0]) - 1 if regs.phase[k] > 0 else 0
        scale = 1.0 / (regs.pt_ratio[k] * regs.target[k])
        re, im = _phasor(probes, regs.volts[k] + n, x, ratio)
        local = mul(splat(x, scale), _size(re, im))
        if regs.ldc[k, 0] != 0.0 or regs.ldc[k, 1] != 0.0:
            ir, ii = _phasor(probes, regs.amps[k] + n, x, ratio)
            by = regs.pt_ratio[k] / regs.ct_primary[k]
            r, reactance = by * regs.ldc[k, 0], by * regs.ldc[k, 1]
            re = fma(r, ir, fma(-reactance, ii, re))
            im = fma(r, ii, fma(reactance, ir, im))
        seen = mul(splat(x, scale), _size(re, im))
        inside = sub(splat(x, regs.band[k] / 2.0 / regs.target[k]), _away(sub(one, seen), x))
        alive = sub(local, splat(x, DEAD_SHARE))
        own = smaller(inside, _away(alive, x))
        # what hardly has a voltage is left to a look
        own = where_less(splat(x, 0.0), alive, own, wants)
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
