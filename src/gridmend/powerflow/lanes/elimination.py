"""The network of the lanes with its legs' slopes at a base, eliminated zone after zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.powerflow.assembly import assemble, scatter
from gridmend.powerflow.blocks import factorise_columns
from gridmend.powerflow.chord import as_blocks
from gridmend.powerflow.compiled import compiled
from gridmend.powerflow.lanes.split import Split

if TYPE_CHECKING:
    from gridmend.powerflow.lanes.matrix import Base


def _assembled(split: Split, base: Base) -> tuple[Floats, Floats]:
    """[places, 4] and [entries, 4] the network with its legs' slopes, in per unit."""
    p, state = split.shape.pattern, base.state
    total = np.zeros(p.n + len(p.rows), complex)
    scatter(split.shape.slots, split.values, total)
    anchors = state.diagonal - assemble(state.network, state.values)[0]
    n = state.network.pattern.n
    at = np.empty(p.n)
    at[split.shape.place] = split.base_v
    columns = np.repeat(np.arange(p.n), np.diff(p.start))
    scale = np.concatenate([at**2, at[p.rows] * at[columns]])
    total *= scale
    total[split.shape.place[:n]] += anchors[state.network.place]
    blocks = as_blocks(total)
    _add_legs(split.shape.leg_slots.reshape(-1, 4), scale, base.slope, blocks)
    return blocks[: p.n], blocks[p.n :]


@compiled
def _add_legs(slots: Ints, scale: Floats, slope: Floats, blocks: Floats) -> None:
    """Add to `blocks` the slope of each leg, at both ends and with the other sign between them."""
    for k in range(len(slots)):
        for end in range(4):
            slot = slots[k, end]
            if slot >= 0:
                by = scale[slot] if end < 2 else -scale[slot]
                for j in range(4):
                    blocks[slot, j] += by * slope[k, j]


def factored(split: Split, base: Base) -> tuple[Floats, Floats, Floats, Floats, Ints]:
    """Lower, upper and pivot blocks; what is left of zones [pairs, 2, 2], and which ties."""
    p, shape = split.shape.pattern, split.shape
    pivots, entries = _assembled(split, base)
    lower = np.zeros((len(p.l_rows), 4))
    lower[p.l_slots] = entries
    upper = lower.copy()
    tie_of = np.full(p.n, -1, np.int64)
    tie_of[shape.tied] = np.arange(len(shape.tied))
    ties = (tie_of, shape.place[twins(split)], base.ratio)
    zone, pairs = _eliminated(
        (p.l_start, p.l_rows), shape.first, shape.zones, ties, _alive(split, base),
        (pivots, lower, upper),
    )  # fmt: skip
    blocks = [m.reshape(-1, 2, 2) for m in (lower, upper, zone)]
    return blocks[0], blocks[1], inverses(pivots), blocks[2], pairs


@compiled
def _eliminated(
    columns: tuple[Ints, Ints], first: int, zones: Ints, ties: tuple[Ints, Ints, Floats],
    alive: Flags, blocks: tuple[Floats, Floats, Floats],
) -> tuple[Floats, Ints]:  # fmt: skip
    """Eliminate zone after zone in place, each but for its ties, which the zone above sees.

    `ties` are which tie each place is, their twins and their ratios, `blocks` pivots, lower and
    upper ones; returns what is left of zones [pairs, 4], and which ties.
    """
    (start, rows), (tie_of, twin, ratio), (pivots, lower, upper) = columns, ties, blocks
    many = 0
    for k in range(len(tie_of)):
        many += 1 + 2 * (start[k + 1] - start[k]) if tie_of[k] >= 0 else 0
    found, pairs, count = np.empty((many, 4)), np.empty((many, 2), np.int64), 0
    factorise_columns(0, first, start, rows, pivots, lower, upper, alive)
    for z in range(len(zones)):
        end = zones[z + 1, 0] if z + 1 < len(zones) else len(tie_of)
        factorise_columns(zones[z, 0], zones[z, 1], start, rows, pivots, lower, upper, alive)
        for k in range(zones[z, 1], end):
            # itself, and with each that is joined to it both ways
            for n in range(1 + 2 * (start[k + 1] - start[k])):
                e = start[k] + (n - 1) // 2
                block = pivots[k] if n == 0 else lower[e] if n % 2 else upper[e]
                own, other = tie_of[k], tie_of[k if n == 0 else rows[e]]
                one, two = (other, own) if n % 2 else (own, other)
                if alive[twin[one]] and alive[twin[two]]:
                    seen = ratio[one] * ratio[two] * block
                    found[count] = block
                    _add(start, rows, twin[one], twin[two], seen, pivots, lower, upper)
                    pairs[count, 0], pairs[count, 1] = one, two
                    count += 1
            pivots[k, :] = 0.0
            pivots[k, 0] = pivots[k, 3] = 1.0
    return found[:count].copy(), pairs[:count].copy()


@compiled
def _add(
    start: Ints, rows: Ints, i: Any, j: Any, block: Floats, pivots: Floats, lower: Floats,
    upper: Floats,
) -> None:  # fmt: skip
    """Add a block at row i and column j."""
    if i == j:
        pivots[i] += block
        return
    low, high = min(i, j), max(i, j)
    entry = start[low]
    while rows[entry] != high:
        entry += 1
    if i > j:
        lower[entry] += block
    else:
        upper[entry] += block


def _alive(split: Split, base: Base) -> Flags:
    alive = np.empty(split.shape.pattern.n, np.bool_)
    alive[split.shape.place] = np.concatenate([base.state.alive, base.state.alive[split.node]])
    return alive


def twins(split: Split) -> Ints:
    """[ties] the twins of regulated nodes, as nodes of the split."""
    return len(split.shape.place) - len(split.node) + np.arange(len(split.node))


@compiled
def inverses(blocks: Floats) -> Floats:
    """[k, 2, 2] of blocks [k, 4]."""
    found = np.empty((len(blocks), 2, 2))
    for k in range(len(blocks)):
        a, b, c, d = blocks[k, 0], blocks[k, 1], blocks[k, 2], blocks[k, 3]
        by = 1.0 / (a * d - b * c)
        found[k, 0, 0], found[k, 0, 1] = d * by, -b * by
        found[k, 1, 0], found[k, 1, 1] = -c * by, a * by
    return found
