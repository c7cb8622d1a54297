"""Whatever may be better than the best plan found is tried, in whatever order ways come."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from types import SimpleNamespace
from typing import Any

import pytest

from gridmend.operations import search as searching
from gridmend.operations.configurations import Configuration, Merit
from gridmend.operations.search import LATE_EVERY, Search, search
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
    worth: dict[int, float] | None = None,
) -> tuple[Search, list[tuple[int, int]]]:  # fmt: skip
    """The search over ways of which some hold and some seem too much, and the ways it tried, each
    with how many were taken by then; `worth` is what some are found to be worth."""
    ways, tried = GivenWays(merits), list[tuple[int, int]]()

    def trial(_: object, here: Configuration, merit: Merit) -> Found | Refused:
        number = here.closed[0]
        tried.append((number, ways.taken))
        nothing: Any = SimpleNamespace()
        return Found(here, (), nothing, merit, 0.0) if number in holds else Refused(here, "no")

    def seems(_: object, fed: int) -> bool:
        return fed in late

    found = {**dict(enumerate(merits)), **(worth or {})}
    monkeypatch.setattr(searching, "by_section", lambda *_: {})
    monkeypatch.setattr(searching, "_sources", lambda *_: {})
    monkeypatch.setattr(searching, "_shed", lambda *_: [])
    monkeypatch.setattr(searching, "weight_of", lambda _, here: found[here.closed[0]])
    monkeypatch.setattr(searching, "burden_kw", lambda _, here, *__: here.closed[0])
    monkeypatch.setattr(searching.TooMuch, "seems", seems)
    monkeypatch.setattr(searching, "tried", trial)
    case: Any = SimpleNamespace(flow=SimpleNamespace(snapshot=SimpleNamespace(load_kw=None)))
    given: Any = ways
    return search(case, given, plans_most=3, out_of_time=lambda: False), tried


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
    assert taken <= LATE_EVERY + 1
