"""Exact chances of what has operated on a tree: messages up from the leaves, and down again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.operations.prediction.tree import MASKS, ROOT, Tree

_EVERY = np.arange(MASKS)


@dataclass(frozen=True, eq=False)
class Evidence:
    """What was reported, as logarithms of likelihoods; the posterior follows from it alone.

    - `opened` [heads, 8]: prior chance times the likelihood of what was reported of the device
      itself, given that it has opened these lanes
    - `zone` [zones, 8]: of what loads report, given which lanes of their zone are dark
    - `flag` [zones, 8, 2]: of the indicator at the zone's head, given what is dark in the zone
      that feeds it, and whether any device from the head downwards has opened live lanes
    """

    opened: Floats
    zone: Floats
    flag: Floats


@dataclass(frozen=True, eq=False)
class Messages:
    """The posterior, with what makes the next one cheap where little changes.

    `chance` [zones, 8, 8]: of each mask in the feeding zone, and in the zone. `log_evidence`
    [zones] of the tree that begins at each zone below the root, else 0.
    """

    evidence: Evidence
    passing: Floats
    """[zones, 8, 8] weight of the zone's mask given that of the feeding zone."""
    none: Floats
    """[zones, 8] evidence from the head downwards where nothing there has opened live lanes."""
    some: Floats
    outside: Floats
    """[zones, 8, 2] all other evidence."""
    chance: Floats
    log_evidence: Floats
    recomputed: int
    """Zones whose upward message was made anew."""

    @property
    def dark(self) -> Floats:
        """[zones, 8] chance of each mask."""
        return self.chance.sum(1)


def posterior(tree: Tree, evidence: Evidence, last: Messages | None = None) -> Messages:
    """The chance of every mask of every zone and its feeding zone, given all evidence.

    Sum-product on the tree: devices open independently by their prior, a zone has dark what its
    feeding zone hands on and what its head has opened. Time is linear in the zones. With `last`
    only zones with other evidence and those above them, and of the downward messages only trees
    with such a zone, are made anew; the answer is the same. Checked against the sum over all sets
    of operated devices.
    """
    zones = len(tree.parent)
    dirty = np.ones(zones, bool)
    if last is None:
        passing = _passing(tree, evidence.opened, np.arange(zones))
        passing_at = [passing]
        parts = [np.zeros((zones, MASKS)), np.full((zones, MASKS), -np.inf)]
        outside, chance = np.zeros((zones, MASKS, 2)), np.zeros((zones, MASKS, MASKS))
        total = np.zeros(zones)
    else:
        turned = np.zeros(zones, bool)
        other = (last.evidence.opened != evidence.opened).any(1)
        turned[tree.head_zone[other]] = True
        dirty = turned | (last.evidence.zone != evidence.zone).any(1)
        dirty |= (last.evidence.flag != evidence.flag).any((1, 2))
        for here in reversed(tree.levels):
            dirty[tree.parent[here[dirty[here]]]] = True
        passing_at = [last.passing.copy()]
        which = np.flatnonzero(turned)
        passing_at[0][which] = _passing(tree, evidence.opened, which)
        parts = [last.none.copy(), last.some.copy()]
        outside, chance = last.outside.copy(), last.chance.copy()
        total = last.log_evidence.copy()
    passing, (none, some) = passing_at[0], parts
    below = _upward(tree, evidence, passing, none, some, dirty)
    again = np.zeros(zones, bool)
    again[tree.top[dirty]] = True
    again = again[tree.top]
    again[ROOT] = False
    _downward(tree, evidence, passing, below, (none, some), outside, chance, total, again)
    return Messages(
        evidence, passing, none, some, outside, chance, total, int(dirty.sum())
    )  # fmt: skip


def _passing(tree: Tree, opened: Floats, zones: Ints) -> Floats:
    """[these zones, 8, 8] logarithm of the weight of each mask, given that of the feeding zone."""
    at = np.full(len(tree.parent), -1, np.int64)
    at[zones] = np.arange(len(zones))
    found = np.full((len(zones), MASKS, MASKS), -np.inf)
    found[:, :, 0] = 0.0
    heads = np.flatnonzero(at[tree.head_zone] >= 0)
    # Of a bank each unit opens lanes of its own: one after the other is joined to those before.
    rank = np.zeros(len(heads), np.int64)
    seen: dict[int, int] = {}
    for k, zone in enumerate(tree.head_zone[heads].tolist()):
        rank[k] = seen.get(zone, 0)
        seen[zone] = rank[k] + 1
    for turn in range(int(rank.max(initial=-1)) + 1):
        these = heads[rank == turn]
        rows = at[tree.head_zone[these]]
        before = found[rows]
        after = np.full_like(before, -np.inf)
        own = tree.through[these]
        for mask in range(MASKS):
            weight = opened[these, mask]
            live = weight > -np.inf
            for had in range(MASKS):
                target = had | own[live] | mask
                old = before[live, :, had] + weight[live, None]
                np.logaddexp.at(
                    after, (np.flatnonzero(live)[:, None], _EVERY[None, :], target), old
                )
        found[rows] = after
    return found


def _soft(total: Floats) -> Floats:
    """log(exp(x) - 1) for x of 0 or more."""
    with np.errstate(divide="ignore"):
        return total + np.log(-np.expm1(-total))


def _sum(values: Floats, axis: int) -> Floats:
    """log of the sum of exponentials; -inf where all are."""
    top = values.max(axis, keepdims=True)
    safe = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        found = np.log(np.exp(values - safe).sum(axis, keepdims=True)) + safe
    return found.squeeze(axis)


def _upward(
    tree: Tree, evidence: Evidence, passing: Floats, none: Floats, some: Floats, dirty: Flags
) -> tuple[Floats, Floats]:
    """Fill `none` and `some` of the dirty zones; gives what comes from below in all zones.

    The two are [zones, 8]: the sum of the children's `none`, and of log(1 + some/none), so that
    one child can be taken out again.
    """
    zones = len(tree.parent)
    base, extra = np.zeros((zones, MASKS)), np.zeros((zones, MASKS))
    for here in reversed(tree.levels):
        now = here[dirty[here]]
        if len(now):
            none[now], some[now] = _message(tree, evidence, passing, base, extra, now)
        up = tree.parent[here]
        np.add.at(base, up, none[here])
        np.add.at(extra, up, np.logaddexp(0.0, some[here] - none[here]))
    return base, extra


def _message(
    tree: Tree, evidence: Evidence, passing: Floats, base: Floats, extra: Floats, now: Ints
) -> tuple[Floats, Floats]:
    local = passing[now] + (evidence.zone[now] + base[now])[:, None, :]
    shut = tree.zone_through[now]
    closed = np.take_along_axis(local, shut[:, :, None], 2)[:, :, 0]
    beyond = np.take_along_axis(extra[now], shut, 1)
    every = local + extra[now][:, None, :]
    np.put_along_axis(every, shut[:, :, None], -np.inf, 2)
    opened = _sum(every, 2)
    flag = evidence.flag[now]
    return flag[:, :, 0] + closed, flag[:, :, 1] + np.logaddexp(closed + _soft(beyond), opened)


def _downward(
    tree: Tree, evidence: Evidence, passing: Floats, below: tuple[Floats, Floats],
    own: tuple[Floats, Floats], outside: Floats, chance: Floats, total: Floats, again: Flags,
) -> None:  # fmt: skip
    """Fill `outside`, `chance` and `total` of the zones to be made anew."""
    (base, extra), (none, some) = below, own
    for level, here in enumerate(tree.levels):
        now = here[again[here]]
        if not len(now):
            continue
        if level == 0:
            outside[now] = -np.inf
            outside[now, 0] = 0.0
            total[now] = np.logaddexp(none[now, 0], some[now, 0])
        else:
            outside[now] = _outside(tree, evidence, passing, outside, base, extra, none, some, now)
        weight = outside[now] + evidence.flag[now]
        local = passing[now] + (evidence.zone[now] + base[now])[:, None, :]
        shut = tree.zone_through[now]
        every = local + extra[now][:, None, :] + weight[:, :, 1, None]
        closed = np.take_along_axis(local, shut[:, :, None], 2)[:, :, 0]
        beyond = np.take_along_axis(extra[now], shut, 1)
        kept = closed + np.logaddexp(weight[:, :, 0], weight[:, :, 1] + _soft(beyond))
        np.put_along_axis(every, shut[:, :, None], kept[:, :, None], 2)
        top = every.max((1, 2), keepdims=True)
        found = np.exp(every - np.where(np.isfinite(top), top, 0.0))
        chance[now] = found / found.sum((1, 2), keepdims=True)


def _outside(
    tree: Tree, evidence: Evidence, passing: Floats, outside: Floats, base: Floats, extra: Floats,
    none: Floats, some: Floats, now: Ints,
) -> NDArray[np.floating]:  # fmt: skip
    """[these zones, 8, 2] all evidence but that from their heads downwards."""
    up, which = np.unique(tree.parent[now], return_inverse=True)
    weight = outside[up] + evidence.flag[up]
    local = passing[up] + evidence.zone[up][:, None, :]
    shut = tree.zone_through[up]
    quiet = np.full_like(local, -np.inf)
    kept = np.take_along_axis(local, shut[:, :, None], 2) + weight[:, :, 0, None]
    np.put_along_axis(quiet, shut[:, :, None], kept, 2)
    stirred = local + weight[:, :, 1, None]
    first = stirred.copy()
    np.put_along_axis(first, shut[:, :, None], -np.inf, 2)
    # Given the zone's mask: nothing below opened, and something below did.
    at_none, at_some = _sum(np.maximum(np.logaddexp(quiet, first), -np.inf), 1), _sum(stirred, 1)
    siblings = base[up][which] - none[now]
    more = extra[up][which] - np.logaddexp(0.0, some[now] - none[now])
    more = np.maximum(more, 0.0)
    found = np.empty((len(now), MASKS, 2))
    found[:, :, 0] = siblings + np.logaddexp(at_none[which], at_some[which] + _soft(more))
    found[:, :, 1] = siblings + at_some[which] + more
    return found
