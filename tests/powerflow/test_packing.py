"""Numbers of some lanes side by side: at once in registers as one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.powerflow.lanes import packing
from gridmend.powerflow.simd import in_lanes, lanes_of

LANES = lanes_of(np.float64)
WAYS = {
    "at hand": in_lanes(packing.pack.py_func),
    "one by one": in_lanes(packing.pack_one_by_one.py_func),
}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, LANES - 1), st.integers(1, 3))
@pytest.mark.parametrize("way", WAYS)
def test_lanes_go_to_the_slots_they_are_named_for_and_no_other_slot_changes(
    way: str, seed: int, first: int, apart: int
) -> None:
    rng, vectors = np.random.default_rng(seed), 5
    last = int(rng.integers(first, LANES + 1))
    lane = rng.integers(0, LANES, LANES)
    x, out = rng.random(vectors * apart * LANES), rng.random(vectors * LANES)
    wanted = out.reshape(vectors, LANES).copy()
    of = x.reshape(vectors, apart, LANES)[:, 0]
    wanted[:, first:last] = of[:, lane[first:last]]
    WAYS[way](x, apart * LANES, lane, first, last, out)
    np.testing.assert_array_equal(out.reshape(vectors, LANES), wanted)
