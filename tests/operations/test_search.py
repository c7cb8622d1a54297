"""Whatever may be better than the best plan found is tried, in whatever order ways come."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from types import SimpleNamespace
from typing import Any

import pytest

from gridmend.operations import awaiting
from gridmend.operations import search as searching
from gridmend.operations.awaiting import EQUALS_SEEN, LATE_EVERY
from gridmend.operations.configurations import Configuration, Merit
from gridmend.operations.search import Search, Searching
from gridmend.operations.trial import Found, Refused


class GivenWays:
    """Ways of given merit, by number: what `Ways` makes of switches and sections."""

    among: tuple[()] = ()
    parts = 0

    def __init__(self, merits: Iterable[float]) -> None:
        self.queue: list[tuple[Merit, int, Configuration]] = []
        self.taken = 0
        for number, weight in enumerate(merits):
            self.give_back((-weight, 0, 0, 0), Configuration((number,), frozenset(), (), ()))

    @property
    def best(self) -> Merit | None:
        return self.queue[0][0] if self.queue else None

    def take(self, most: int) -> tuple[Merit, Configuration] | None:
        if not self.queue:
            return None
        self.taken += 1
        merit, _, here = heappop(self.queue)
        return merit, here

    def give_back(self, merit: Merit, here: Configuration) -> None:
        heappush(self.queue, (merit, here.closed[0], here))


def gone_through(
    merits: list[float], monkeypatch: pytest.MonkeyPatch, *, holds: set[int], late: set[int],
    worth: dict[int, float] | None = None, unproved: frozenset[int] = frozenset(),
) -> tuple[Search, list[tuple[int, int]]]:  # fmt: skip
    """The search over ways of which some hold and some seem too much, and the ways it tried, each
    with how many were taken by then; `worth` is what some are found to be worth, and of the
    `unproved` not every order was tried."""
    ways, tried = GivenWays(merits), list[tuple[int, int]]()

    def trial(_: object, here: Configuration, merit: Merit) -> Found | Refused:
        number = here.closed[0]
        tried.append((number, ways.taken))
        nothing: Any = SimpleNamespace(flows=())
        if number in holds:
            return Found(here, (), nothing, merit, 0.0)
        return Refused(here, "no", is_proved=number not in unproved)

    def seems(_: object, asked: dict[int, float]) -> bool:
        return not late.isdisjoint(asked)

    found = {**dict(enumerate(merits)), **(worth or {})}
    for name in ("by_section", "sources_behind", "fed_kw"):
        monkeypatch.setattr(awaiting, name, lambda *_: {})
    monkeypatch.setattr(searching, "_shed", lambda *_: [])
    monkeypatch.setattr(searching, "weight_of", lambda _, here: found[here.closed[0]])
    monkeypatch.setattr(awaiting, "burden_kw", lambda _, here, *__: {here.closed[0]: 1.0})
    monkeypatch.setattr(awaiting.Unfit, "seems", seems)
    monkeypatch.setattr(searching, "tried", trial)
    case: Any = SimpleNamespace(flow=SimpleNamespace(snapshot=SimpleNamespace(load_kw=None)))
    given: Any = ways
    return Searching.of(case, given, 3).on(lambda: False), tried


@pytest.mark.parametrize(("unproved", "bound"), [(frozenset[int](), 5.0), (frozenset({0}), 9.0)])
def test_a_way_that_was_not_tried_in_every_order_stays_open_in_the_bound(
    monkeypatch: pytest.MonkeyPatch, unproved: frozenset[int], bound: float
) -> None:
    found, _ = gone_through([9.0, 5.0], monkeypatch, holds={1}, late=set(), unproved=unproved)
    assert [f.merit[0] for f in found.found] == [-5.0] and found.bound == bound


def given_searching(
    merits: list[Merit], monkeypatch: pytest.MonkeyPatch, *, holds: set[int], late: set[int],
    alike: set[int],
) -> tuple[Searching, list[int]]:  # fmt: skip
    """A search over ways of which some hold, some seem unfit, and some of these are alike to what
    was refused; and the ways that it tries, -1 where it makes a plan by leaving out."""
    ways, tried = GivenWays([]), list[int]()
    for number, merit in enumerate(merits):
        ways.give_back(merit, Configuration((number,), frozenset(), (), ()))

    def trial(_: object, here: Configuration, merit: Merit) -> Found | Refused:
        tried.append(here.closed[0])
        nothing: Any = SimpleNamespace(flows=())
        is_held = here.closed[0] in holds
        return Found(here, (), nothing, merit, 0.0) if is_held else Refused(here, "no")

    def shed(*_: object) -> list[Found]:
        tried.append(-1)
        return []

    for name in ("by_section", "sources_behind", "fed_kw"):
        monkeypatch.setattr(awaiting, name, lambda *_: {})
    monkeypatch.setattr(awaiting, "burden_kw", lambda _, here, *__: {here.closed[0]: 1.0})
    monkeypatch.setattr(awaiting.Unfit, "seems", lambda _, asked: not late.isdisjoint(asked))
    monkeypatch.setattr(awaiting.Unfit, "is_alike", lambda _, asked: not alike.isdisjoint(asked))
    monkeypatch.setattr(searching, "weight_of", lambda _, here: -merits[here.closed[0]][0])
    monkeypatch.setattr(searching, "_shed", shed)
    monkeypatch.setattr(searching, "tried", trial)
    case: Any = SimpleNamespace(flow=SimpleNamespace(snapshot=SimpleNamespace(load_kw=None)))
    given: Any = ways
    return Searching.of(case, given, 1), tried


def test_a_way_put_off_that_is_better_than_many_equal_plans_is_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    merits = [100.0, 99.0, 99.0, 99.0, 99.0, 50.0]
    done, tried = gone_through(merits, monkeypatch, holds=set(range(6)), late={0})
    assert 0 in [number for number, _ in tried]
    assert done.found[0].configuration.closed == (0,)
    assert done.bound == 100.0


def test_the_best_that_was_put_off_is_tried_after_so_many_though_it_is_worth_less_than_it_seemed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    merits = [100.0] * 20 + [99.0] * 200
    worth = dict.fromkeys(range(20), 99.5)
    _, tried = gone_through(
        merits, monkeypatch, holds=set(), late=set(range(220)), worth=worth
    )  # fmt: skip
    number, taken = tried[0]
    assert number < 20
    assert taken <= LATE_EVERY + EQUALS_SEEN, "equals are put in order as they are taken"


def test_of_equals_the_one_whose_most_burdened_source_feeds_least_is_tried_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # sources 7 and 8 feed 50 and 0 kW already; way k asks so much of the one and the other
    asks = {
        0: (99.0, 1.0), 1: (90.0, 10.0), 2: (10.0, 90.0), 3: (30.0, 70.0), 4: (0.0, 100.0),
    }  # fmt: skip
    ways, tried = GivenWays([10.0, 10.0, 10.0, 10.0, 9.0]), list[int]()

    def trial(_: object, here: Configuration, merit: Merit) -> Refused:
        tried.append(here.closed[0])
        return Refused(here, "no")

    for name, made in (("by_section", {}), ("sources_behind", {}), ("fed_kw", {7: 50.0, 8: 0.0})):
        monkeypatch.setattr(awaiting, name, lambda *_, made=made: made)
    monkeypatch.setattr(
        awaiting, "burden_kw",
        lambda _, here, *__: dict(zip((7, 8), asks[here.closed[0]], strict=True)),
    )  # fmt: skip
    monkeypatch.setattr(searching, "weight_of", lambda _, here: 9.0 + (here.closed[0] < 4))
    monkeypatch.setattr(searching, "_shed", lambda *_: [])
    monkeypatch.setattr(searching, "tried", trial)
    case: Any = SimpleNamespace(flow=SimpleNamespace(snapshot=SimpleNamespace(load_kw=None)))
    given: Any = ways
    Searching.of(case, given, 1).on(lambda: False)
    assert tried == [0, 3, 2, 1, 4], "until one is refused as they come; 80, 90, 140 kW; the least"


def test_a_search_goes_on_with_those_put_off_where_it_was_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    merits: list[Merit] = [(float(k - 10), 0, 0, 0) for k in range(4)]
    search, tried = given_searching(
        merits, monkeypatch, holds={1, 3}, late={0, 1, 2}, alike=set()
    )  # fmt: skip
    first = search.on(lambda: False, late_most=1)
    assert tried == [3, 0] and first.found[0].merit[0] == -7.0 and first.bound == 9.0
    then = search.on(lambda: False, late_most=9)
    assert tried == [3, 0, 1] and then.found[0].merit[0] == -9.0 and then.bound == 9.0


@pytest.mark.parametrize(
    ("looks", "plans", "tries"), [(5, 1, 2), (31, 1, 1), (31, 3, 2), (5, 3, 3)]
)
def test_losses_of_equals_are_compared_where_that_is_cheap(
    monkeypatch: pytest.MonkeyPatch, looks: int, plans: int, tries: int
) -> None:
    ways, tried = GivenWays([10.0] * 5), list[int]()

    def trial(_: object, here: Configuration, merit: Merit) -> Found:
        tried.append(here.closed[0])
        judged: Any = SimpleNamespace(flows=(SimpleNamespace(control_iterations=looks),))
        return Found(here, (), judged, merit, 10.0 - here.closed[0])

    for name in ("by_section", "sources_behind", "fed_kw"):
        monkeypatch.setattr(awaiting, name, lambda *_: {})
    monkeypatch.setattr(awaiting, "burden_kw", lambda *_: {})
    monkeypatch.setattr(searching, "weight_of", lambda *_: 10.0)
    monkeypatch.setattr(searching, "tried", trial)
    case: Any = SimpleNamespace(flow=SimpleNamespace(snapshot=SimpleNamespace(load_kw=None)))
    given: Any = ways
    found = Searching.of(case, given, plans).on(lambda: False)
    assert len(tried) == tries
    assert found.found[0].loss_kw == min(10.0 - k for k in tried), "of equals the lower losses"


def test_a_way_alike_to_one_of_too_high_a_voltage_is_tried_to_restore_more_not_to_save_switching(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    merits: list[Merit] = [(-10.0, 0, 0, 0), (-10.0, 0, 1, 0), (-10.0, 0, 3, 0)]
    search, tried = given_searching(merits, monkeypatch, holds={0, 1, 2}, late={0, 1}, alike={0})
    found = search.on(lambda: False)
    assert tried == [2, 1] and found.found[0].merit == (-10.0, 0, 1, 0) and found.bound == 10.0

    more: list[Merit] = [(-11.0, 0, 1, 0), (-10.0, 0, 3, 0), (-10.0, 0, 1, 0)]
    search, tried = given_searching(more, monkeypatch, holds={0, 1, 2}, late={0, 2}, alike={0})
    first = search.on(lambda: False, alike_too=False)
    assert tried == [1, 2] and first.bound == 11.0, "what is left shows"
    assert search.on(lambda: False).found[0].merit[0] == -11.0 and tried == [1, 2, 0]


def test_once_no_way_is_left_but_those_that_seem_unfit_a_plan_is_made_by_leaving_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    merits: list[Merit] = [(-10.0, 0, k, 0) for k in range(4)]
    search, tried = given_searching(merits, monkeypatch, holds={3}, late={1, 2, 3}, alike=set())
    search.on(lambda: False)
    assert tried == [0, -1, 1, 2, 3]
    search, tried = given_searching(merits, monkeypatch, holds={3}, late={0, 1, 2, 3}, alike=set())
    search.on(lambda: False)
    assert tried == [0, -1, 1, 2, 3], "from one that was refused"
