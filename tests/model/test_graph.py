"""Parts that pairs join are reached as a plain search reaches them, however they are ordered."""

from __future__ import annotations

import numpy as np

from gridmend.model.graph import reached_parts


def searched(pairs: np.ndarray, usable: np.ndarray, seeds: np.ndarray, count: int) -> np.ndarray:
    found = np.zeros(count, bool)
    found[seeds] = True
    while True:
        either = usable & (found[pairs[:, 0]] | found[pairs[:, 1]])
        wider = found.copy()
        wider[pairs[either].ravel()] = True
        if (wider == found).all():
            return found
        found = wider


def test_parts_are_reached_over_usable_pairs_alone() -> None:
    rng = np.random.default_rng(1)
    for _ in range(300):
        count = int(rng.integers(1, 40))
        pairs = rng.integers(0, count, (int(rng.integers(0, 60)), 2))
        usable, seeds = rng.random(len(pairs)) < 0.6, rng.integers(0, count, rng.integers(0, 4))
        one, other = pairs[:, 0].copy(), pairs[:, 1].copy()
        found = reached_parts(one, other, usable, seeds, count)
        np.testing.assert_array_equal(found, searched(pairs, usable, seeds, count))
