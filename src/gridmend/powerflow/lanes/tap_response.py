"""What a tap that moves will do to the voltages of legs, to first order: from there a lane goes on.

A tap scales all that hangs below it. Without this the first round after a move finds that out, and
only the second what loads make of it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.powerflow import simd
from gridmend.powerflow.lanes.layout import Packed
from gridmend.powerflow.lanes.watched import rounds_from
from gridmend.powerflow.simd import get, inlined, put

_STEP, _ROUNDS = 0.00625, 4
"""By how much each ratio is moved to see what comes of it, and in how many rounds."""

_NEGLIGIBLE = 0.02
"""Of the most that a ratio moves a row: what moves by less is left where it is."""


_MOST_ROWS = 500
"""With more rows, moving them lane by lane takes longer than the round that this saves."""


class TapResponse(NamedTuple):
    """`start` [ties + 1] where the entries of a tie begin; each the `row` it moves and `by` how
    much, real and imaginary part [pu by 1 of the ratio]."""

    start: Any
    row: Any
    by: Any


def tap_response(laid: Packed, rows: Ints, banks: int) -> TapResponse:
    """How each tie's ratio moves some `rows`, about the base; nothing where they are many."""
    if len(rows) > _MOST_ROWS:
        return TapResponse(np.zeros(len(laid.ratio) + 1, np.int64), rows[:0], np.empty(0))
    lanes, ties, kind = simd.lanes_of(laid.kind), len(laid.ratio), laid.kind
    moved = np.zeros((ties, len(rows), 2))
    factors = simd.aligned(len(laid.middle) * lanes, kind)
    factors.reshape(-1, lanes)[:] = laid.middle[:, None]
    for first in range(0, ties, lanes):
        own = np.arange(first, min(first + lanes, ties))
        ratio = np.repeat(laid.ratio, lanes).reshape(-1, lanes)
        ratio[own, own - first] += _STEP
        x = simd.aligned(len(laid.node) * 2 * lanes, kind)
        rounds_from(
            *laid.tables[:5], factors, ratio.ravel().astype(kind), np.zeros(banks * lanes, kind),
            rows.astype(np.int32), x, np.zeros((_ROUNDS, len(rows))),
        )  # fmt: skip
        found: Floats = x.reshape(-1, 2, lanes)[rows, :, : len(own)]
        moved[own] = np.moveaxis(found, 2, 0) / _STEP
    moved[~np.isfinite(moved)] = 0.0
    size = np.abs(moved).max(axis=2)
    here = size > _NEGLIGIBLE * size.max(axis=1, initial=0.0, keepdims=True)
    tie, at = np.nonzero(here)
    return TapResponse(
        start=np.searchsorted(tie, np.arange(ties + 1)),
        row=rows[at],
        by=np.ascontiguousarray(moved[tie, at]).reshape(-1),
    )


@inlined
def follow_tap(response: TapResponse, q: int, by: float, x: Any, lanes: int, w: int) -> None:
    """Move lane `w` of `x` as tie `q` does whose ratio moves `by` so much."""
    for e in range(get(response.start, q), get(response.start, q + 1)):
        at = get(response.row, e) * 2 * lanes + w
        put(x, at, get(x, at) + by * get(response.by, 2 * e))
        put(x, at + lanes, get(x, at + lanes) + by * get(response.by, 2 * e + 1))
