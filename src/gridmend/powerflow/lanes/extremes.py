"""Where the voltage is lowest and highest in all lanes, and the passive rows, met on the way."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridmend.powerflow.lanes.kernel import gather
from gridmend.powerflow.lanes.tags import tag_of, tagged
from gridmend.powerflow.results import LIVE_PU
from gridmend.powerflow.simd import (
    add,
    any_less,
    get,
    inlined,
    lanes_of,
    larger,
    load,
    mul,
    smaller,
    splat,
    store,
    unowned,
    where_less,
    width,
)

EXACT_LANES = lanes_of(np.float64)
"""Lanes of a vector of float64."""

DARK = LIVE_PU**2
"""Squared voltage [pu] up to which a node is dead."""


@unowned
def extremes(rows: Any, readings: Any, x: Any, out: Any, size: int, at: int) -> bool:
    """Passive rows, and the lowest and highest squared voltage [pu] of all, and at which row; and
    whether any row that is iterated is dark, which has no say in the lowest."""
    if width(x) == EXACT_LANES:
        return _extremes_by_tags(rows, readings, x, out, size, at)
    for n in range(len(readings.passive)):
        _met(rows, get(readings.passive, n), x)
    return _extremes_by_choice(rows, readings, x, out, size, at)


@inlined
def _met(rows: Any, row: int, x: Any) -> Any:
    """A passive row, from those that were eliminated after it."""
    none = splat(x, 0.0)
    return gather(rows.upper_start, rows.upper_at, rows.upper, row, none, none, x)


@inlined
def _square(rows: Any, row: int, re: Any, im: Any, x: Any) -> Any:
    re = add(re, splat(x, get(rows.base, 2 * row)))
    im = add(im, splat(x, get(rows.base, 2 * row + 1)))
    return add(mul(re, re), mul(im, im))


@inlined
def _extremes_by_tags(rows: Any, readings: Any, x: Any, out: Any, size: int, at: int) -> bool:
    """The same in float64, whose last bits can say where it is from; read exactly at the end."""
    lanes, mask = width(x), readings.mask
    none, dark, far = splat(x, 0.0), splat(x, DARK), splat(x, 1e30)
    low, high, least = far, none, far
    for n in range(len(readings.passive)):
        row = get(readings.passive, n)
        re, im = _met(rows, row, x)
        square = _square(rows, row, re, im, x)
        lit = where_less(dark, square, square, far)
        low = smaller(tagged(lit, mask, row), low)
        high = larger(tagged(square, mask, mask - row), high)
    for n in range(readings.seen_active):
        row = get(readings.seen, n)
        re, im = load(x, row * 2 * lanes), load(x, row * 2 * lanes + lanes)
        square = _square(rows, row, re, im, x)
        least = smaller(square, least)
        lit = where_less(dark, square, square, far)
        low = smaller(tagged(lit, mask, row), low)
        high = larger(tagged(square, mask, mask - row), high)
    store(out, at, low)
    store(out, 2 * size + at, high)
    for end in range(2):
        o = 2 * end * size + at
        for w in range(lanes):
            seen, row = DARK < out[o + w] < 1e29, tag_of(mask, out[o + w])
            row = (row if end == 0 else mask - row) if seen else -1
            out[o + size + w] = row
            if seen:
                re, im = x[row * 2 * lanes + w], x[row * 2 * lanes + lanes + w]
                re, im = re + rows.base[2 * row], im + rows.base[2 * row + 1]
                out[o + w] = re * re + im * im
    return any_less(least, dark)


@inlined
def _extremes_by_choice(rows: Any, readings: Any, x: Any, out: Any, size: int, at: int) -> bool:
    lanes = width(x)
    low, high = splat(x, 1e30), splat(x, 0.0)
    low_at, high_at = splat(x, -1.0), splat(x, -1.0)
    dark, far = splat(x, DARK), splat(x, 1e30)
    least = far
    for n in range(len(readings.seen)):
        row = get(readings.seen, n)
        re, im = load(x, row * 2 * lanes), load(x, row * 2 * lanes + lanes)
        square, here = _square(rows, row, re, im, x), splat(x, float(row))
        if n < readings.seen_active:
            least = smaller(square, least)
        lit = where_less(dark, square, square, far)
        low_at = where_less(lit, low, here, low_at)
        low = smaller(lit, low)
        high_at = where_less(high, square, here, high_at)
        high = larger(square, high)
    store(out, at, low)
    store(out, size + at, low_at)
    store(out, 2 * size + at, high)
    store(out, 3 * size + at, high_at)
    return any_less(least, dark)
