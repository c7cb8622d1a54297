"""The rows whose change says whether a step is settled: those that move most in its rounds."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridmend.model.arrays import Floats, Ints
from gridmend.powerflow import simd
from gridmend.powerflow.lanes.kernel import sweep
from gridmend.powerflow.lanes.matrix import Kind
from gridmend.powerflow.lanes.tables import Demand
from gridmend.powerflow.simd import add, get, in_lanes, load, mul, store, sub, width

_WATCHED, _A_ZONE = 16, 8
"""How many rows that move most are watched, and how many of each zone at the least."""

_ROUNDS_SEEN = 3


def watched(
    tables: tuple[Any, ...], demand: Demand, rows: Ints, zones: Ints, ratio: Floats, banks: int,
    kind: Kind,
) -> Any:  # fmt: skip
    """Of some `rows` those that move most in each of the first rounds from the base, and some
    spread over each of the `zones` [zones] that begin at these rows, for each has a tap of its own.

    The rounds are those of lanes at the base's positions, `ratio` [ties] and as many `banks`, at
    the steps of least and most demand and some spread over the series.
    """
    level, lanes = demand.level, simd.lanes_of(kind)
    a_zone = max(_WATCHED // max(len(zones), 1), _A_ZONE)
    most = [each[:: max(len(each) // a_zone, 1)] for each in np.split(rows, _begins(rows, zones))]
    if not len(level):
        return np.concatenate(most).astype(np.int32)
    steps = np.arange(lanes) * len(level) // lanes
    steps[:2] = np.argmin(level), np.argmax(level)
    factors = simd.aligned(len(demand.factors) * lanes, kind)
    factors.reshape(-1, lanes)[:] = demand.factors[:, steps]
    x = simd.aligned(len(tables[0].base) * lanes, kind)
    found = np.zeros((_ROUNDS_SEEN, len(rows)))
    rounds_from(
        *tables, factors, np.repeat(ratio, lanes).astype(kind), np.zeros(banks * lanes, kind),
        rows.astype(np.int32), x, found,
    )  # fmt: skip
    most += [rows[np.argsort(-moved)[:_WATCHED]] for moved in found]
    return np.unique(np.concatenate(most)).astype(np.int32)


def _begins(rows: Ints, zones: Ints) -> Ints:
    """Where each of the zones but the first begins among rows."""
    return np.searchsorted(rows, zones[1:])


@in_lanes
def rounds_from(
    rows: Any, legs: Any, loose_legs: Any, ties: Any, banks: Any, factors: Any, ratio: Any,
    moved: Any, asked: Any, x: Any, found: Any,
) -> None:  # fmt: skip
    """Some rounds from `x`; to `found` [rounds, asked] the largest squared change of a row in any
    lane in each of them, 0 where it is no number; `asked` are rows in rising order."""
    lanes = width(x)
    extra, taken = np.zeros(len(ties.below) * 2 * lanes, x.dtype), np.zeros(2 * lanes, x.dtype)
    room = np.zeros(max(2 * len(loose_legs.model), 3) * lanes, x.dtype)
    old, change = np.zeros(len(asked) * 2 * lanes, x.dtype), np.zeros(lanes, x.dtype)
    for done in range(len(found)):
        sweep(
            rows, legs, loose_legs, ties, banks, factors, lanes, 0, ratio, moved, x, extra, room,
            taken, asked, old,
        )  # fmt: skip
        for n in range(len(asked)):
            at, kept = get(asked, n) * 2 * lanes, 2 * n * lanes
            re, im = load(x, at), load(x, at + lanes)
            dr, di = sub(re, load(old, kept)), sub(im, load(old, kept + lanes))
            store(change, 0, add(mul(dr, dr), mul(di, di)))
            for w in range(lanes):
                if change[w] > found[done, n]:
                    found[done, n] = change[w]
