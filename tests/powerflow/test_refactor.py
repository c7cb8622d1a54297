"""Columns made anew, and parts found anew, are those of making all of it anew."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.model.arrays import Complexes, Flags, Floats, Ints
from gridmend.powerflow.blocks import Blocks, active_of
from gridmend.powerflow.entries import adjacency, slots_of, upper_columns
from gridmend.powerflow.factor import Factor
from gridmend.powerflow.pattern import Pattern, analyse, near_together
from gridmend.powerflow.reach import parts_without, reach, reach_parts
from gridmend.powerflow.refactor import (
    columns_above,
    columns_left,
    columns_of,
    refactor,
    refactor_blocks,
    refactor_rest,
)
from tests.powerflow.in_blocks import added, in_blocks, some_legs, with_legs

LIMITED = settings(max_examples=60, deadline=None)
seeds, sizes = st.integers(0, 10**6), st.integers(2, 60)


def pairs(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the edges of a random tree with some more, ground among them, some twice."""
    a = np.array([*range(1, n), *rng.integers(-1, n, 20)])
    b = np.array([*(int(rng.integers(k)) for k in range(1, n)), *rng.integers(-1, n, 20)])
    return np.concatenate([a, b]), np.concatenate([b, a])


def some_pattern(rng: np.random.Generator, n: int) -> Pattern:
    place = rng.permutation(n)
    return analyse(n, *upper_columns(*adjacency(n, *pairs(rng, n)), place))


@LIMITED
@given(seeds, sizes)
def test_columns_made_anew_are_those_of_a_factor_made_from_nothing(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    p, alive = some_pattern(rng, n), rng.random(n) < 0.9
    upper = rng.normal(size=len(p.rows)) + 1j * rng.normal(size=len(p.rows))
    diagonal = 10.0 * n + rng.normal(size=n) + 1j
    first = int(rng.integers(n))
    bare, legs = (diagonal, upper), some_legs(rng, p, first)
    blocks, old, rest = in_blocks(p, bare, legs, alive, first)
    before = old.l_values.copy()
    at, entry = rng.integers(n), rng.integers(len(upper))
    diagonal[at] += 5.0
    upper[entry] = 0.3j
    columns = columns_above(p, np.array([at, p.rows[entry]]))
    assert refactor(old, *bare, alive, columns)
    assert anew(blocks, old, rest, bare, legs, alive, np.array([at, n + entry]))
    fresh_blocks, fresh, fresh_rest = in_blocks(p, bare, legs, alive, first)
    np.testing.assert_allclose(old.l_values, fresh.l_values, atol=1e-12)
    np.testing.assert_allclose(old.d, fresh.d, rtol=1e-12)
    np.testing.assert_allclose(rest[living(p, first, alive)], fresh_rest[living(p, first, alive)])
    assert_same(blocks, fresh_blocks)
    others = ~np.isin(np.repeat(np.arange(n), np.diff(p.l_start)), columns)
    np.testing.assert_array_equal(old.l_values[others], before[others])


@LIMITED
@given(seeds, sizes, st.booleans())
def test_a_part_that_nothing_holds_shows_in_both_factors_whatever_legs_are_across_it(
    seed: int, n: int, held: bool
) -> None:
    rng = np.random.default_rng(seed)
    p, alive, first = some_pattern(rng, n), np.ones(n, np.bool_), int(rng.integers(n))
    upper = -(rng.uniform(0.1, 1.0, len(p.rows)) + 1j * rng.uniform(0.1, 1.0, len(p.rows)))
    far = rng.random(n) < 0.5
    far[rng.integers(n)] = True
    across = far[p.rows] != far[p.columns]
    entries = np.zeros((len(upper), 4))
    joined = (far[p.rows] & far[p.columns] & (p.rows >= first)).nonzero()[0]
    entries[joined] = rng.normal(size=(len(joined), 4))
    legs = np.zeros((n, 4)), entries
    diagonal = np.zeros(n, complex)
    for ends in (p.rows, p.columns):
        np.subtract.at(legs[0], ends, entries)
        np.subtract.at(diagonal, ends, np.where(across, 0.0, upper))
    diagonal[~far] += 1.0  # what stays is held by the ground
    whole = diagonal.copy()
    for ends in (p.rows, p.columns):
        np.subtract.at(whole, ends, np.where(across, upper, 0.0))
    whole[far] += 1.0
    blocks, factor, rest = in_blocks(p, (whole, upper), legs, alive, first)
    bare = diagonal + np.where(far, 1.0 if held else 0.0, 0.0), np.where(across, 0.0, upper)
    columns = np.arange(n)
    passive = refactor(factor, *bare, alive, columns[:first])
    assert (passive and anew(blocks, factor, rest, bare, legs, alive, columns)) == held
    assert refactor(factor, *bare, alive, columns) == held


@LIMITED
@given(seeds, sizes)
def test_a_part_that_is_cut_and_joined_is_reached_as_the_whole_would_be(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    p = some_pattern(rng, n)
    upper = (rng.random(len(p.rows)) < 0.7).astype(complex)
    loose, roots = np.flatnonzero(rng.random(len(upper)) < 0.3), rng.integers(n, size=2)
    parts = parts_without(p.start, p.rows, upper, loose)
    upper[loose] = rng.random(len(loose)) < 0.5
    whole, joined = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    reach(p.start, p.rows, upper, roots, whole)
    closed = upper[loose] != 0
    reach_parts(parts, p.rows[loose], p.columns[loose], closed, roots, joined)
    np.testing.assert_array_equal(whole, joined)
    matrix = np.eye(n) + 0
    matrix[p.rows[upper != 0], p.columns[upper != 0]] = 1
    walked = np.linalg.matrix_power(matrix + matrix.T, n)[roots].any(axis=0)
    np.testing.assert_array_equal(whole, walked)


@LIMITED
@given(seeds, sizes, st.floats(0.0, 1.0))
def test_entries_and_slots_are_those_of_the_pairs_of_nodes(seed: int, n: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    (a, b), place = pairs(rng, n), rng.permutation(n)
    joined = {(int(x), int(y)) for x, y in zip(a, b, strict=True) if min(x, y) >= 0 and x != y}
    # some of the pairs come as short numbers, the others from elsewhere
    cut = round(share * len(a))
    some = (ends[:cut].astype(np.int32) for ends in (a, b))
    indptr, indices = adjacency(n, *some, (a[cut:], b[cut:]))
    rows = np.repeat(np.arange(n), np.diff(indptr))
    assert list(zip(rows.tolist(), indices.tolist(), strict=True)) == sorted(joined)
    start, above = upper_columns(indptr, indices, place)
    columns = np.repeat(np.arange(n), np.diff(start))
    entries = list(zip(above.tolist(), columns.tolist(), strict=True))
    by_place = {tuple(sorted((int(place[x]), int(place[y])))) for x, y in joined}
    assert entries == sorted(by_place, key=lambda e: e[::-1])
    slots = slots_of(place, start, above, a, b)
    for x, y, slot in zip(a, b, slots, strict=True):
        if min(x, y) < 0 or place[x] > place[y]:
            assert slot == -1
        elif x == y:
            assert slot == place[x]
        else:
            assert entries[slot - n] == (place[x], place[y])


@LIMITED
@given(seeds, sizes, st.integers(0, 60))
def test_what_is_put_together_keeps_its_fill_and_the_first_stay_first(
    seed: int, n: int, first: int
) -> None:
    rng = np.random.default_rng(seed)
    joined, place = adjacency(n, *pairs(rng, n)), rng.permutation(n)
    first = min(first, n)
    moved = near_together(n, *upper_columns(*joined, place), first)
    assert sorted(moved) == list(range(n))
    assert (moved[:first] < first).all()
    before = analyse(n, *upper_columns(*joined, place))
    after = analyse(n, *upper_columns(*joined, moved[place]))
    assert len(after.l_rows) == len(before.l_rows)
    np.testing.assert_array_equal(np.diff(after.l_start)[moved], np.diff(before.l_start))


@LIMITED
@given(seeds, sizes)
def test_other_legs_on_what_is_left_of_a_factor_make_that_of_a_factor_made_from_nothing(
    seed: int, n: int
) -> None:
    rng = np.random.default_rng(seed)
    p, alive, first = some_pattern(rng, n), rng.random(n) < 0.9, int(rng.integers(n))
    upper = rng.normal(size=len(p.rows)) + 1j * rng.normal(size=len(p.rows))
    bare = 10.0 * n + rng.normal(size=n) + 1j, upper
    blocks, factor, rest = in_blocks(p, bare, some_legs(rng, p, first), alive, first)
    bare[0][at := rng.integers(n)] += 5.0
    upper[entry := rng.integers(len(upper))] = 0.3j
    columns = columns_above(p, np.array([at, p.rows[entry]]))
    assert refactor(factor, *bare, alive, columns[columns < first])
    slots = np.array([at, n + entry])
    anew(blocks, factor, rest, bare, some_legs(rng, p, first), alive, slots)
    legs = some_legs(rng, p, first)
    with_legs(blocks, rest, legs, p, alive)
    assert_same(blocks, in_blocks(p, bare, legs, alive, first)[0])


def anew(
    blocks: Blocks, factor: Factor, rest: Complexes, bare: tuple[Complexes, Complexes],
    legs: tuple[Floats, Floats], alive: Flags, slots: Ints,
) -> bool:  # fmt: skip
    """The active columns made anew in place that some slots of the admittance change, by a factor
    that is as it should be; whether none vanishes."""
    active, p = blocks.active, factor.pattern
    first, columns = active.first, columns_of(p.parent, p.rows, slots)
    passive, later = columns[columns < first], columns[columns >= first]
    left = columns_left(slots, p.rows, passive, first, p.lists[0])
    refactor_rest(factor, rest, active, bare, alive, left)
    more = added(active, legs, p)
    return refactor_blocks(blocks, rest, more, bare[0][first:], alive[first:], later - first)


def living(p: Pattern, first: int, alive: Flags) -> Flags:
    """Which of what is left of an admittance is of living nodes; nothing asks for others."""
    active = active_of(p, first)
    here = alive[first:]
    columns = np.repeat(np.arange(active.n), np.diff(active.start))
    return np.concatenate([here, here[columns] & here[active.rows]])


def assert_same(found: Blocks, expected: Blocks) -> None:
    for name in ("lower", "upper", "inverse"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), atol=1e-12)
