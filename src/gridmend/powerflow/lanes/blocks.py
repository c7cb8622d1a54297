"""Steps of a demand as one thread solves them: put side by side in lanes, and taken apart again."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.powerflow import simd
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.lanes.board import Board
from gridmend.powerflow.lanes.layout import Packed, voltages_of
from gridmend.powerflow.lanes.measure import ROWS
from gridmend.powerflow.lanes.sided import in_sides
from gridmend.powerflow.lanes.steps import in_step
from gridmend.powerflow.lanes.tables import Demand

ROUNDS = 25
"""How many a step may take in its lane."""


class Solved(NamedTuple):
    """Readings [readings, steps], rounds [steps], whether a step came to rest, and [steps, nodes]
    voltages [V] where they were asked for."""

    out: Floats
    rounds: Ints
    settled: Flags
    v_v: Complexes | None


def block_in_step(
    laid: Packed, demand: Demand, tolerance: float, voltages: bool, block: Ints
) -> Solved:
    """Some steps of a demand, by the voltages of legs; none that is near a jump is settled."""
    return _solved(laid, demand, tolerance, voltages, block, sided=False)


def block_in_sides(
    laid: Packed, demand: Demand, tolerance: float, voltages: bool, block: Ints
) -> Solved:
    """The same by the sides of their legs; laid out in float64."""
    return _solved(laid, demand, tolerance, voltages, block, sided=True)


def _rows_with_legs(rows: Any, loose: Any) -> Ints:
    """All rows that a leg ends in."""
    fused = np.flatnonzero(np.diff(rows.leg_start))
    ends = np.concatenate([loose.across_ends[:, :2].ravel(), loose.ends[:, :2].ravel()])
    return np.unique(np.concatenate([fused, ends[ends >= 0]]))


@compiled
def _side_by_side(factors: Floats, block: Ints, found: Floats) -> None:
    """To `found` [profiles, steps of a lane, lanes] the factors of a block of steps, its last one
    again where it does not fill the lanes."""
    profiles, per_lane, lanes = found.shape
    for k in range(profiles):
        for w in range(lanes):
            for step in range(per_lane):
                found[k, step, w] = factors[k, block[min(w * per_lane + step, len(block) - 1)]]


@compiled
def _one_by_one(out: Floats, found: Floats) -> Flags:
    """To `found` [readings, steps] what lanes have read [readings, steps of a lane, lanes]; whether
    that is finite and beside no jump."""
    readings, size = found.shape
    _, per_lane, lanes = out.shape
    settled = np.ones(size, np.bool_)
    for k in range(readings):
        for w in range(lanes):
            first = w * per_lane
            for step in range(min(per_lane, size - first)):
                read = out[k, step, w]
                found[k, first + step] = read
                settled[first + step] &= np.isfinite(read)
    for step in range(size):
        settled[step] &= found[10, step] == 0.0
    return settled


def _solved(
    laid: Packed, demand: Demand, tolerance: float, voltages: bool, block: Ints, *, sided: bool
) -> Solved:
    width = simd.lanes_of(laid.kind)
    per_lane = -(-len(block) // width)
    factors = simd.aligned(len(demand.factors) * per_lane * width, laid.kind)
    _side_by_side(demand.factors, block, factors.reshape(-1, per_lane, width))
    rows = len(laid.node)
    out, counts = simd.aligned(ROWS * per_lane * width, laid.kind), np.zeros(per_lane, np.int64)
    x = simd.aligned(rows * 2 * width, laid.kind)
    kept = np.zeros(per_lane * len(x) if voltages else 0, laid.kind)
    ratio = np.repeat(laid.ratio, width).astype(laid.kind)
    if sided:
        matrix_rows, legs, loose, ties, _, readings = laid.tables
        counts = np.zeros(per_lane * width, np.int64)
        in_sides(
            matrix_rows, legs, loose, ties, readings, laid.start,
            _rows_with_legs(matrix_rows, loose), factors, per_lane, ratio, tolerance,
            Board.of(matrix_rows, legs, loose.across, width), x, out, counts, kept,
        )  # fmt: skip
        rounds = counts.reshape(per_lane, width).T.ravel()
    else:
        in_step(
            *laid.tables, laid.start, laid.watched, factors, per_lane, ratio,
            np.zeros(laid.banks * width, laid.kind), tolerance, ROUNDS, x, out, counts, kept,
        )  # fmt: skip
        rounds = np.tile(counts, width)
    size = len(block)
    found, rounds = np.empty((ROWS, size)), rounds[:size]
    settled = _one_by_one(out.reshape(ROWS, per_lane, width), found)
    if not sided:
        settled &= rounds <= ROUNDS
    v_v = voltages_of(laid, kept.reshape(-1, rows, 2, width)) if voltages else None
    return Solved(found, rounds, settled, None if v_v is None else v_v[:size])
