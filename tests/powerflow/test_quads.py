"""Blocks of two by two in registers are those of NumPy."""

from __future__ import annotations

from typing import Any, cast

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core.errors import TypingError

from gridmend.powerflow import quads

SOME = settings(max_examples=60, deadline=None)


@cast(Any, numba).njit(error_model="numpy")
def _each(blocks: Any, found: Any) -> None:
    """What is made of the first three blocks."""
    x, y, z = quads.block_at(blocks, 0), quads.block_at(blocks, 1), quads.block_at(blocks, 2)
    quads.put_block(found, 0, quads.plus(x, y))
    quads.put_block(found, 1, quads.times(x, y))
    quads.put_block(found, 2, quads.less_product(z, x, y))
    quads.put_block(found, 3, quads.inverted(x))
    a, b, c, d = quads.numbers(x)
    quads.put_block(found, 4, quads.block_of(d, c, b, a))


@SOME
@given(st.integers(0, 10**6))
def test_sums_products_and_inverses_are_those_of_matrices(seed: int) -> None:
    rng = np.random.default_rng(seed)
    blocks, found = rng.normal(size=(3, 4)), np.full((6, 4), 7.0)
    x, y, z = blocks.reshape(3, 2, 2)
    _each(blocks, found)
    expected = x + y, x @ y, z - x @ y, np.linalg.inv(x), x[::-1, ::-1]
    # an inverse is as near as the matrix allows
    np.testing.assert_allclose(
        found[:5].reshape(5, 2, 2), expected, rtol=1e-12 * np.linalg.cond(x), atol=1e-12
    )
    assert (found[5] == 7.0).all()


def test_what_cannot_be_inverted_is_no_number() -> None:
    found = np.zeros((5, 4))
    _each(np.array([[1.0, 2.0, 2.0, 4.0], [1, 0, 0, 1], [1, 0, 0, 1]]), found)
    assert np.isnan(found[3]).all()


@pytest.mark.parametrize("blocks", [np.zeros((8, 6))[:, 1:5], np.zeros((3, 4), np.float32)])
def test_what_is_not_rows_of_four_numbers_is_refused(blocks: np.ndarray) -> None:
    with pytest.raises(TypingError, match="rows of four numbers"):
        _each(blocks, np.zeros((5, 4)))
