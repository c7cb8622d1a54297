"""The posterior on the tree against the sum over all sets of operated devices."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.operations.prediction.posterior import Evidence, posterior
from gridmend.operations.prediction.tree import MASKS, ROOT, Tree

DEVICES_MOST = 8
STATES_MOST = 40_000


def random_tree(rng: np.random.Generator, devices: int) -> Tree:
    """Zones at random below each other; some are fed by a bank of single-phase devices, some phases
    change their name on the way, some only go dark together."""
    parent, zone, lanes, through = [-1], list[int](), list[int](), list[list[int]]()
    while len(zone) < devices:
        parent.append(int(rng.integers(len(parent))))
        bank = int(rng.integers(1, 3)) if devices - len(zone) > 1 else 1
        free = [1, 2, 4]
        for _ in range(bank):
            own = int(rng.integers(1, 8)) if bank == 1 else free.pop(int(rng.integers(len(free))))
            turn = rng.permutation(3).tolist()
            together = bool(rng.random() < 0.2)
            handed: list[int] = []
            for mask in range(MASKS):
                dark = sum(1 << turn[k] for k in range(3) if mask >> k & 1) & own
                handed.append((own if mask == MASKS - 1 else 0) if together else dark)
            zone.append(len(parent) - 1)
            lanes.append(own)
            through.append(handed)
    prior = np.zeros((devices, MASKS))
    left = STATES_MOST
    for row, own in enumerate(lanes):
        masks = [m for m in range(1, MASKS) if m & own == m]
        many = 1 if left < 4 * 2 ** (devices - row) else int(rng.integers(1, 4))
        for mask in rng.permutation(masks)[:many].tolist():
            prior[row, mask] = 0.2 * float(rng.random()) ** 3
        left //= 1 + min(many, len(masks))
        prior[row, 0] = 1 - prior[row].sum()
    none = np.empty(0, np.int64)
    return Tree(
        np.array(parent), tuple(map(str, zone)), ("fuse",) * devices, np.array(zone),
        np.array(lanes), np.array(through), prior, np.ones(devices), none, none, (), none, 0.1, 0.1,
    )  # fmt: skip


def random_evidence(rng: np.random.Generator, tree: Tree) -> Evidence:
    zones, heads = len(tree.parent), len(tree.heads)
    said = rng.normal(0, 3, (heads, MASKS)) * (rng.random((heads, 1)) < 0.3)
    flags = rng.normal(0, 3, (zones, MASKS, 2)) * (rng.random((zones, 1, 1)) < 0.4)
    with np.errstate(divide="ignore"):
        return Evidence(np.log(tree.prior) + said, rng.normal(0, 4, (zones, MASKS)), flags)


def summed(tree: Tree, evidence: Evidence) -> tuple[np.ndarray, float]:
    """The same by trying every state of every device: [zones, 8, 8], and the evidence."""
    choices = [np.flatnonzero(np.isfinite(row)) for row in evidence.opened]
    states = np.array(list(itertools.product(*choices)))
    heads, zones = range(len(tree.heads)), len(tree.parent)
    weight = sum(evidence.opened[h, states[:, h]] for h in heads)
    mask = np.zeros((len(states), zones), np.int64)
    opens = np.zeros((len(states), zones), bool)
    for zone in range(1, zones):
        above = mask[:, tree.parent[zone]]
        mine = [h for h in heads if tree.head_zone[h] == zone]
        handed = np.bitwise_or.reduce([tree.through[h, above] for h in mine])
        mask[:, zone] = np.bitwise_or.reduce([handed, *(states[:, h] for h in mine)])
        opens[:, zone] = mask[:, zone] != handed
    for zone in range(zones - 1, 0, -1):
        opens[:, tree.parent[zone]] |= opens[:, zone]
    chance = np.zeros((zones, MASKS, MASKS))
    for zone in range(1, zones):
        above = mask[:, tree.parent[zone]]
        weight = weight + evidence.zone[zone, mask[:, zone]]
        weight = weight + evidence.flag[zone, above, opens[:, zone].astype(int)]
    share = np.exp(weight - weight.max())
    for zone in range(1, zones):
        np.add.at(chance[zone], (mask[:, tree.parent[zone]], mask[:, zone]), share)
    total = share.sum()
    return chance / total, float(np.log(total) + weight.max())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, DEVICES_MOST))
def test_the_posterior_is_the_sum_over_all_sets_of_operated_devices(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    tree = random_tree(rng, count)
    evidence = random_evidence(rng, tree)
    found = posterior(tree, evidence)
    chance, total = summed(tree, evidence)
    assert found.chance[1:] == pytest.approx(chance[1:], abs=1e-9)
    assert found.log_evidence.sum() == pytest.approx(total, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_what_is_made_anew_where_little_changed_is_the_whole_answer(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tree = random_tree(rng, 8)
    first = posterior(tree, random_evidence(rng, tree))
    zone, opened = first.evidence.zone.copy(), first.evidence.opened.copy()
    zone[int(rng.integers(1, len(zone)))] += rng.normal(0, 3, MASKS)
    opened[int(rng.integers(len(opened)))] += rng.normal(0, 1, MASKS)
    second = Evidence(opened, zone, first.evidence.flag)
    after = posterior(tree, second, first)
    whole = posterior(tree, second)
    assert after.chance[1:] == pytest.approx(whole.chance[1:], abs=1e-12)
    assert after.log_evidence == pytest.approx(whole.log_evidence, abs=1e-9)


def test_only_the_changed_zone_and_those_above_it_are_made_anew() -> None:
    rng = np.random.default_rng(5)
    tree = random_tree(rng, 8)
    first = posterior(tree, random_evidence(rng, tree))
    zone = first.evidence.zone.copy()
    last = len(tree.parent) - 1
    zone[last, 1:] += 1.0
    after = posterior(tree, Evidence(first.evidence.opened, zone, first.evidence.flag), first)
    way = [last]
    while way[-1] != ROOT:
        way.append(int(tree.parent[way[-1]]))
    assert after.recomputed == len(way)
    assert posterior(tree, after.evidence, after).recomputed == 0
