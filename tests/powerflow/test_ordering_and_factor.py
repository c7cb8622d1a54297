"""The order is a permutation with the passive nodes in front; the factor solves what it factors."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from gridmend.powerflow.blocks import substitute as substitute_blocks
from gridmend.powerflow.chord import as_blocks
from gridmend.powerflow.factor import factorise, substitute, substitute_passive
from gridmend.powerflow.ordering import order
from gridmend.powerflow.pattern import analyse
from tests.powerflow.in_blocks import in_blocks, some_legs


def _pattern(seed: int, n: int, extra: int) -> sparse.csr_matrix:
    rng = np.random.default_rng(seed)
    a = np.array([rng.integers(i) for i in range(1, n)] + list(rng.integers(n, size=extra)))
    b = np.array(list(range(1, n)) + list(rng.integers(n, size=extra)))
    keep = a != b
    y = rng.normal(size=keep.sum()) + 1j * rng.normal(size=keep.sum())
    upper = sparse.csr_matrix((y, (a[keep], b[keep])), shape=(n, n))
    return sparse.csr_matrix(upper + upper.T)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 60), st.integers(0, 60))
def test_the_factor_solves_a_random_complex_symmetric_matrix(seed: int, n: int, extra: int) -> None:
    off = _pattern(seed, n, extra)
    rng = np.random.default_rng(seed + 1)
    passive = rng.random(n) < 0.5
    permutation, first = order(off.indptr.astype(np.int64), off.indices.astype(np.int64), passive)
    assert sorted(permutation) == list(range(n))
    assert passive[permutation[:first]].all()

    diagonal = 4 * np.asarray(abs(off).sum(axis=1)).ravel() + 1 + 0.5j
    place = np.argsort(permutation)
    moved = sparse.csc_matrix(sparse.triu(off[permutation][:, permutation], 1))
    moved.sort_indices()
    pattern = analyse(n, moved.indptr.astype(np.int64), moved.indices.astype(np.int64))
    factor = factorise(pattern, diagonal[permutation], moved.data, np.ones(n, np.bool_))
    x = rng.normal(size=n) + 1j * rng.normal(size=n)
    b = (off + sparse.diags(diagonal)) @ x
    found = b[permutation].astype(complex)
    substitute(factor, found)
    np.testing.assert_allclose(found[place], x, rtol=1e-9)


def test_a_tree_is_eliminated_without_fill() -> None:
    off = _pattern(3, 500, 0)
    permutation, _ = order(
        off.indptr.astype(np.int64), off.indices.astype(np.int64), np.zeros(500, np.bool_)
    )
    moved = sparse.csc_matrix(sparse.triu(off[permutation][:, permutation], 1))
    pattern = analyse(500, moved.indptr.astype(np.int64), moved.indices.astype(np.int64))
    assert pattern.l_start[-1] == 499


def test_a_part_with_no_path_to_ground_is_anchored_and_named() -> None:
    start, rows = np.array([0, 0, 1], np.int64), np.array([0], np.int64)
    pattern = analyse(2, start, rows)
    factor = factorise(
        pattern, np.array([1 + 0j, 1 + 0j]), np.array([-1 + 0j]), np.ones(2, np.bool_)
    )
    assert factor.anchored.tolist() == [1]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 60), st.integers(0, 60))
def test_the_factor_in_blocks_solves_a_random_block_matrix(seed: int, n: int, extra: int) -> None:
    off = _pattern(seed, n, extra)
    rng = np.random.default_rng(seed + 1)
    passive = rng.random(n) < 0.5
    permutation, first = order(off.indptr.astype(np.int64), off.indices.astype(np.int64), passive)
    moved = sparse.csc_matrix(sparse.triu(off[permutation][:, permutation], 1))
    moved.sort_indices()
    pattern = analyse(n, moved.indptr.astype(np.int64), moved.indices.astype(np.int64))
    bare = (
        4 * moved.nnz + rng.normal(size=n) + 1j * rng.normal(size=n),
        rng.normal(size=moved.nnz) + 1j * rng.normal(size=moved.nnz),
    )
    legs = some_legs(rng, pattern, first)
    diagonal, entries = as_blocks(bare[0]) + legs[0], as_blocks(bare[1]) + legs[1]
    dense = np.zeros((2 * n, 2 * n))
    for k in range(n):
        dense[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = diagonal[k].reshape(2, 2)
        for p in range(moved.indptr[k], moved.indptr[k + 1]):
            i = moved.indices[p]
            dense[2 * i : 2 * i + 2, 2 * k : 2 * k + 2] = entries[p].reshape(2, 2)
            dense[2 * k : 2 * k + 2, 2 * i : 2 * i + 2] = entries[p].reshape(2, 2)
    blocks, factor, _ = in_blocks(pattern, bare, legs, np.ones(n, np.bool_), first)
    x = rng.normal(size=(n, 2))
    # nothing enters where no legs stand
    x[:first] = np.linalg.solve(
        dense[: 2 * first, : 2 * first], -dense[: 2 * first, 2 * first :] @ x[first:].ravel()
    ).reshape(first, 2)
    found = (dense @ x.ravel()).view(complex).copy()
    substitute_blocks(blocks.numbers, found[first:])
    substitute_passive(factor, found, first)
    found = found.view(float).reshape(n, 2)
    np.testing.assert_allclose(found, x, rtol=1e-8, atol=1e-9)
