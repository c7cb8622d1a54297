"""Devices that no report of a customer can tell apart: the same loads hang on both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridmend.model.arrays import Ints
from gridmend.operations.prediction.tree import MASKS, Tree


def likeness(tree: Tree) -> Ints:
    """[8 heads + loads] a number for each mask of each device and each load's own device, equal
    where the same loads would be dark; one without a load behind it has its own.

    Sets of loads are compared by sums of 64-bit random numbers: two sets are taken for one with a
    chance of about n²/2⁶⁴.
    """
    stream = np.random.default_rng(20_240_607)
    own = stream.integers(1, 2**64 - 1, len(tree.loads), dtype=np.uint64)
    sums = _sums(tree, own)[tree.head_zone]
    masks = np.arange(MASKS)
    mine = (masks[None, :] & ~tree.head_lanes[:, None]) == 0
    sums = np.where(mine, sums, np.uint64(0)).reshape(-1)
    found = np.unique(np.concatenate([sums, own]), return_inverse=True)[1].astype(np.int64)
    empty = np.flatnonzero(sums == 0)
    found[empty] = found.max(initial=0) + 1 + np.arange(len(empty))
    return found


def _sums(tree: Tree, own: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """[zones, 8] sum over the loads that are dark where these lanes of the zone are."""
    found = np.zeros((len(tree.parent), MASKS), np.uint64)
    fed = np.flatnonzero(tree.is_fed)
    hit = (np.arange(MASKS)[None, :] & tree.load_lanes[fed, None]) != 0
    np.add.at(found, tree.load_zone[fed], np.where(hit, own[fed, None], np.uint64(0)))
    for here in reversed(tree.levels):
        handed = np.take_along_axis(found[here], tree.zone_through[here], 1)
        np.add.at(found, tree.parent[here], handed)
    return found
