"""Every radial way exactly once, against trying all positions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product

from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.operations.configurations import (
    LIVE,
    Configuration,
    Merit,
    Tie,
    fullest,
    grown,
    reachable,
)
from gridmend.operations.ways import Ways


def configurations(ties: list[Tie], most: int) -> Iterator[Configuration]:
    """The best of all ways, sections weighing the same."""
    ways = Ways(ties, dict.fromkeys(reachable(ties), 1.0))
    for _ in range(most):
        found = ways.take(100_000)
        if found is None:
            return
        yield found[1]


@st.composite
def some_ties(draw: st.DrawFn) -> list[Tie]:
    section = st.integers(LIVE, 5)
    flag = st.booleans()
    pairs = draw(st.lists(st.tuples(section, section, flag, flag, flag), max_size=8))
    kept = [(a, b, *more) for a, b, *more in pairs if a != b]
    return [Tie(k, *values) for k, values in enumerate(kept)]


def _trees(ties: list[Tie]) -> set[frozenset[int]]:
    """Every set of switches that is one tree around what is live, by trying all subsets."""
    found: set[frozenset[int]] = set()
    for chosen in product((False, True), repeat=len(ties)):
        taken = [t for t, yes in zip(ties, chosen, strict=True) if yes]
        reached = {LIVE}
        left = list(taken)
        is_tree = True
        while left:
            growing = [t for t in left if (t.one in reached) != (t.two in reached)]
            if not growing:
                is_tree = False
                break
            reached |= {growing[0].one, growing[0].two}
            left.remove(growing[0])
        if is_tree:
            found.add(frozenset(t.switch for t in taken))
    return found


@given(some_ties())
@settings(max_examples=200, deadline=None)
def test_each_tree_is_given_exactly_once(ties: list[Tie]) -> None:
    given_trees = [frozenset(c.closed) for c in configurations(ties, most=100_000)]
    assert len(given_trees) == len(set(given_trees))
    assert set(given_trees) == _trees(ties)


@given(some_ties())
@settings(max_examples=100, deadline=None)
def test_what_borders_on_a_tree_opens_and_what_is_apart_stays(ties: list[Tie]) -> None:
    for found in configurations(ties, most=100):
        touched = found.sections | {LIVE}
        for tie in ties:
            touches = tie.one in touched or tie.two in touched
            taken = tie.switch in found.closed
            assert (tie.switch in found.to_open) == (tie.is_closed and touches and not taken)
            assert (tie.switch in found.to_close) == (taken and not tie.is_closed)
        for wider in grown(ties, found):
            assert len(wider.sections) == len(found.sections) + 1
            assert frozenset(wider.closed) in _trees(ties)


@given(some_ties())
@settings(max_examples=50, deadline=None)
def test_the_fullest_tree_reaches_all_that_can_be_reached(ties: list[Tie]) -> None:
    first = next(iter(configurations(ties, most=1)))
    assert set(first.sections) == reachable(ties)


def _worth(ties: list[Tie], weights: dict[int, float], found: Configuration) -> Merit:
    by_switch = {tie.switch: tie for tie in ties}
    moved = [by_switch[k] for k in (*found.to_open, *found.to_close)]
    return (
        -sum(weights[k] for k in sorted(found.sections)),
        sum(tie.by_hand for tie in moved),
        len(moved),
        sum(by_switch[k].normally_open for k in found.to_close),
    )


@given(some_ties(), st.lists(st.integers(0, 3), min_size=6, max_size=6))
@settings(max_examples=200, deadline=None)
def test_trees_come_in_the_order_of_what_they_are_worth(ties: list[Tie], heavy: list[int]) -> None:
    weights = {section: float(weight) for section, weight in enumerate(heavy)}
    ways = Ways(ties, weights)
    merits: list[Merit] = []
    bounds: list[Merit] = []
    while ways.best is not None:
        ahead = ways.best
        bounds.append(ahead)
        found = ways.take(1)
        if found is not None:
            assert found[0] == ahead == max(bounds), "nothing that is left betters what was said"
            assert found[0] == _worth(ties, weights, found[1])
            merits.append(found[0])
    assert merits == sorted(merits)


@given(some_ties())
@settings(max_examples=50, deadline=None)
def test_a_tree_grown_along_closed_switches_reaches_all_that_can_be_reached(
    ties: list[Tie],
) -> None:
    assert set(fullest(ties).sections) == reachable(ties)


@given(some_ties())
@settings(max_examples=50, deadline=None)
def test_what_is_given_back_comes_again_at_its_new_worth(ties: list[Tie]) -> None:
    ways = Ways(ties, dict.fromkeys(range(6), 1.0))
    first = ways.take(10_000)
    assert first is not None
    ways.give_back((1.0, 0, 0, 0), first[1])
    last = first
    while (found := ways.take(10_000)) is not None:
        last = found
    assert last == ((1.0, 0, 0, 0), first[1])


def test_trees_grow_on_where_there_was_no_room_for_their_parts() -> None:
    # a ring of 70 closed switches: one opens anywhere, and sections fill more than a word
    around = [LIVE, *range(69), LIVE]
    ties = [Tie(k, a, b, is_closed=True) for k, (a, b) in enumerate(pairwise(around))]
    ways = Ways(ties, dict.fromkeys(range(69), 1.0))
    opened = set[int]()
    for _ in range(70):
        found = ways.take(100_000)
        assert found is not None and found[0] == (-69.0, 0, 1, 0)
        opened |= set(found[1].to_open)
    assert opened == set(range(70))
    assert ways.best is not None and ways.best[0] == -68.0


def test_so_many_parts_are_looked_at_and_no_more() -> None:
    ties = [Tie(k, LIVE, k, is_closed=False) for k in range(8)]
    ways = Ways(ties, dict.fromkeys(range(8), 1.0))
    assert ways.take(3) is None and ways.parts == 3
    found = ways.take(100)
    assert found is not None and len(found[1].sections) == 8
    assert ways.take(0) is None, "though more are left"
    assert ways.best is not None
