"""The solve of eight snapshots side by side: load currents, forward, backward, in deviations.

Unknowns are deviations from a base state, in per unit, node-major: `x[(2 i) W …]` the real parts
of node i in all lanes, then the imaginary ones. The matrix is linearised at the base; rows are
scaled by their pivots, so that neither pass divides. Every lane is a series of its own: it starts
each step where the step before ended.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gridmend.powerflow.legs import leg_current
from gridmend.powerflow.simd import (
    WIDTH,
    add,
    any_less,
    div,
    fma,
    in_lanes,
    load,
    mul,
    root,
    smaller,
    splat,
    store,
    sub,
    where_less,
)

POWER, IMPEDANCE, CURRENT, EXPONENTIAL = 0, 1, 2, 4
"""Models that have a form in vectors; the others are taken lane by lane."""

_W = WIDTH
_2W = 2 * WIDTH


@in_lanes
def _scale(model: int, square: Any, legs: Any, k: int) -> Any:
    """What multiplies `conj(s) u` to give the current, above the lower limit."""
    if model == IMPEDANCE:
        return splat(legs[k, 6])
    held = smaller(square, splat(legs[k, 5]))
    if model == POWER:
        return div(splat(1.0), held)
    return div(splat(legs[k, 7]), root(held))


@in_lanes
def _logarithm(x: Any) -> Any:
    """ln x to 1e-12 for x from 0.6 to 1.7, by the series of its inverse hyperbolic tangent."""
    one = splat(1.0)
    s = div(sub(x, one), add(x, one))
    square, total = mul(s, s), splat(1.0 / 17.0)
    for k in range(15, 0, -2):
        total = add(mul(total, square), splat(1.0 / k))
    return mul(splat(2.0), mul(s, total))


@in_lanes
def _power(exponent: float, logarithm: Any) -> Any:
    """x to the exponent, from ln x, to 1e-12 while their product is below 1."""
    y, total = mul(splat(exponent), logarithm), splat(1.0)
    for k in range(14, 0, -1):
        total = add(mul(mul(splat(1.0 / k), y), total), splat(1.0))
    return total


@in_lanes
def currents(
    places: Any, model: Any, legs: Any, limits: Any, exponents: Any, zips: Any, fixed: Any,
    p_at: Any, q_at: Any, factors: Any, steps: int, step: int, x: Any, u: Any, i: Any, scratch: Any,
) -> None:  # fmt: skip
    """Voltages `u` and currents `i` of all legs at the deviations `x`."""
    for k in range(len(model)):
        a, b = places[k, 0], places[k, 1]
        re, im = splat(legs[k, 2]), splat(legs[k, 3])
        if a >= 0:
            re = fma(legs[k, 0], load(x, a * _2W), re)
            im = fma(legs[k, 0], load(x, a * _2W + _W), im)
        if b >= 0:
            re = fma(-legs[k, 1], load(x, b * _2W), re)
            im = fma(-legs[k, 1], load(x, b * _2W + _W), im)
        store(u, k * _2W, re)
        store(u, k * _2W + _W, im)
        p = mul(splat(legs[k, 8]), load(factors, (p_at[k] * steps + step) * _W))
        q = mul(splat(legs[k, 9]), load(factors, (q_at[k] * steps + step) * _W))
        square = add(mul(re, re), mul(im, im))
        if model[k] == EXPONENTIAL and not any_less(square, splat(legs[k, 4])):
            above = splat(legs[k, 5])
            size = mul(splat(legs[k, 6]), smaller(square, above))
            by = _logarithm(size)
            steep = mul(splat(1.0 / legs[k, 5]), square)
            p = mul(p, where_less(square, above, _power(0.5 * exponents[k, 0], by), steep))
            q = mul(q, where_less(square, above, _power(0.5 * exponents[k, 1], by), steep))
            store(i, k * _2W, div(add(mul(p, re), mul(q, im)), square))
            store(i, k * _2W + _W, div(sub(mul(p, im), mul(q, re)), square))
            continue
        if model[k] > CURRENT or (model[k] != IMPEDANCE and any_less(square, splat(legs[k, 4]))):
            store(scratch, 0, p)
            store(scratch, _W, q)
            for w in range(_W):
                v = complex(u[k * _2W + w], u[k * _2W + _W + w])
                size = abs(v)
                taken = 0.0j
                if size > 0.0:
                    taken = leg_current(
                        model[k],
                        v,
                        size / legs[k, 10],
                        complex(scratch[w], scratch[_W + w]),
                        limits[k],
                        exponents[k],
                        zips[k],
                        fixed[k],
                    )
                i[k * _2W + w] = taken.real
                i[k * _2W + _W + w] = taken.imag
            continue
        g = _scale(model[k], square, legs, k)
        store(i, k * _2W, mul(g, add(mul(p, re), mul(q, im))))
        store(i, k * _2W + _W, mul(g, sub(mul(p, im), mul(q, re))))


@in_lanes
def _forward(
    row_legs: Any, leg_of: Any, sign_of: Any, slope: Any, at_base: Any, inverse: Any,
    start: Any, columns: Any, lower: Any, u: Any, i: Any, x: Any,
) -> None:  # fmt: skip
    """What legs take beyond their linear part, carried forward; `x` holds the result."""
    for row in range(len(start) - 1):
        re, im = splat(0.0), splat(0.0)
        if row_legs[row] < row_legs[row + 1]:
            sum_re, sum_im = splat(0.0), splat(0.0)
            for at in range(row_legs[row], row_legs[row + 1]):
                k, sign = leg_of[at], sign_of[at]
                du = sub(load(u, k * _2W), splat(at_base[k, 0]))
                dv = sub(load(u, k * _2W + _W), splat(at_base[k, 1]))
                er = fma(slope[k, 0], du, fma(slope[k, 1], dv, splat(at_base[k, 2])))
                ei = fma(slope[k, 2], du, fma(slope[k, 3], dv, splat(at_base[k, 3])))
                sum_re = fma(sign, sub(er, load(i, k * _2W)), sum_re)
                sum_im = fma(sign, sub(ei, load(i, k * _2W + _W)), sum_im)
            re = fma(inverse[row, 0], sum_re, fma(inverse[row, 1], sum_im, re))
            im = fma(inverse[row, 2], sum_re, fma(inverse[row, 3], sum_im, im))
        for p in range(start[row], start[row + 1]):
            j = columns[p] * _2W
            yr, yi = load(x, j), load(x, j + _W)
            re = fma(lower[p, 0], yr, fma(lower[p, 1], yi, re))
            im = fma(lower[p, 2], yr, fma(lower[p, 3], yi, im))
        store(x, row * _2W, re)
        store(x, row * _2W + _W, im)


@in_lanes
def _backward(start: Any, rows: Any, upper: Any, x: Any, begin: int, end: int, kept: float) -> None:
    """Back-substitution; where `kept` is 0, from nothing, as for passive nodes."""
    for k in range(end - 1, begin - 1, -1):
        re = mul(splat(kept), load(x, k * _2W))
        im = mul(splat(kept), load(x, k * _2W + _W))
        for p in range(start[k], start[k + 1]):
            j = rows[p] * _2W
            yr, yi = load(x, j), load(x, j + _W)
            re = fma(upper[p, 0], yr, fma(upper[p, 1], yi, re))
            im = fma(upper[p, 2], yr, fma(upper[p, 3], yi, im))
        store(x, k * _2W, re)
        store(x, k * _2W + _W, im)


@in_lanes
def _change(u: Any, before: Any, legs: Any) -> float:
    """Largest squared change of a leg's voltage since `before` [of its rated], which it renews."""
    most = splat(0.0)
    for k in range(len(legs)):
        at = k * _2W
        re, im = load(u, at), load(u, at + _W)
        dr, di = sub(re, load(before, at)), sub(im, load(before, at + _W))
        moved = mul(splat(legs[k, 6]), add(mul(dr, dr), mul(di, di)))
        most = where_less(most, moved, moved, most)
        store(before, at, re)
        store(before, at + _W, im)
    found = before[len(legs) * _2W :]
    store(found, 0, most)
    worst = 0.0
    for w in range(_W):
        worst = max(worst, found[w])
    return worst


@in_lanes
def _extremes(x: Any, base: Any, live: Any, out: Any, steps: int, step: int) -> None:
    """Lowest and highest squared voltage [pu], and at which place, of all live nodes."""
    low, high = splat(1e30), splat(0.0)
    low_at, high_at = splat(-1.0), splat(-1.0)
    for n in range(len(live)):
        if not live[n]:
            continue
        re = add(load(x, n * _2W), splat(base[n, 0]))
        im = add(load(x, n * _2W + _W), splat(base[n, 1]))
        square, here = add(mul(re, re), mul(im, im)), splat(float(n))
        low_at = where_less(square, low, here, low_at)
        low = smaller(square, low)
        high_at = where_less(high, square, here, high_at)
        high = where_less(high, square, square, high)
    at = step * _W
    store(out, at, low)
    store(out, steps * _W + at, low_at)
    store(out, 2 * steps * _W + at, high)
    store(out, 3 * steps * _W + at, high_at)


@in_lanes
def _powers(u: Any, i: Any, share: Any, driven: Any, out: Any, steps: int, step: int) -> None:
    """Power of all legs, and the currents of the sources, which follow from those of the legs."""
    p, q = splat(0.0), splat(0.0)
    at = step * _W
    for k in range(share.shape[1]):
        re, im = load(u, k * _2W), load(u, k * _2W + _W)
        ir, ii = load(i, k * _2W), load(i, k * _2W + _W)
        p = add(p, add(mul(re, ir), mul(im, ii)))
        q = add(q, sub(mul(im, ir), mul(re, ii)))
    store(out, 4 * steps * _W + at, p)
    store(out, 5 * steps * _W + at, q)
    for s in range(len(driven)):
        re, im = splat(driven[s, 0]), splat(driven[s, 1])
        for k in range(share.shape[1]):
            ir, ii = load(i, k * _2W), load(i, k * _2W + _W)
            re = fma(share[s, k, 0], ir, fma(-share[s, k, 1], ii, re))
            im = fma(share[s, k, 0], ii, fma(share[s, k, 1], ir, im))
        store(out, (6 + 2 * s) * steps * _W + at, re)
        store(out, (7 + 2 * s) * steps * _W + at, im)


@in_lanes
def run(
    places: Any, model: Any, legs: Any, limits: Any, exponents: Any, zips: Any, fixed: Any,
    slope: Any, at_base: Any, p_at: Any, q_at: Any, factors: Any,
    row_legs: Any, leg_of: Any, sign_of: Any, inverse: Any, f_start: Any, f_columns: Any,
    lower: Any, b_start: Any, b_rows: Any, upper: Any, base: Any, live: Any, share: Any,
    driven: Any, steps: int, tolerance: float, rounds: int, x: Any, out: Any, counts: Any,
) -> None:  # fmt: skip
    """All steps of eight lanes; `x` begins where the lanes start and ends where they end.

    `out` [rows, steps, lanes]: lowest voltage squared and its place, highest and its place, the
    legs' active and reactive power, then each source conductor's current. `counts` [steps] are
    the rounds that a step took, one more than allowed where it did not converge.
    """
    count, active, nodes = len(model), len(f_start) - 1, len(live)
    u, i = np.zeros(count * _2W), np.zeros(count * _2W)
    before, scratch = np.zeros(count * _2W + _W), np.zeros(_2W)
    for step in range(steps):
        counts[step] = rounds + 1
        for done in range(rounds + 1):
            currents(
                places, model, legs, limits, exponents, zips, fixed, p_at, q_at, factors, steps,
                step, x, u, i, scratch,
            )  # fmt: skip
            moved = _change(u, before, legs)
            if done > 0 and moved < tolerance * tolerance:
                counts[step] = done
                break
            if not moved < 1e6:
                x[:] = 0.0
            _forward(
                row_legs, leg_of, sign_of, slope, at_base, inverse, f_start, f_columns, lower, u,
                i, x,
            )  # fmt: skip
            _backward(b_start, b_rows, upper, x, 0, active, 1.0)
        _backward(b_start, b_rows, upper, x, active, nodes, 0.0)
        _extremes(x, base, live, out, steps, step)
        _powers(u, i, share, driven, out, steps, step)
