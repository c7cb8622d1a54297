"""Arrangements that are put aside come again in their order, however alike they are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from gridmend.operations import moving, transfers
from gridmend.operations.arrangement import Board
from gridmend.operations.configurations import Configuration, Merit
from gridmend.operations.search import Search
from gridmend.operations.transfers import Transferring
from gridmend.operations.trial import Case, Refused

ALL = np.ones(100, bool)
ALIKE: Merit = (-10.0, 0, 2, 1)


class Ways:
    """Arrangements that are worth the same, until they are looked at."""

    parts = 0

    def __init__(self, count: int) -> None:
        self.queue = [(ALIKE, Configuration((k,), frozenset(), (), (k,))) for k in range(count)]

    @property
    def best(self) -> Merit | None:
        return self.queue[0][0] if self.queue else None

    def take(self, most: int) -> tuple[Merit, Configuration]:
        assert most
        return self.queue.pop(0)

    def give_back(self, merit: Merit, here: Configuration) -> None:
        self.queue.append((merit, here))
        self.queue.sort(key=lambda way: way[0])


def test_one_that_is_worth_less_than_it_seemed_is_put_aside_again_beside_its_likes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = list[Configuration]()

    def weight(case: Case, here: Configuration) -> float:
        looked.append(here)
        return 10.0 if len(looked) < 4 else 9.0

    tried = list[Configuration]()

    def refuses(case: Case, here: Configuration, moved: list[int]) -> Refused:
        tried.append(here)
        return Refused(here, "too much")

    for name, fake in (
        ("is_live", lambda case, whole, k: True),
        ("weight_of", weight),
        ("burdens", lambda whole, here: {}),
        ("_tried", refuses),
    ):
        monkeypatch.setattr(transfers, name, fake)
    monkeypatch.setattr(transfers.Unfit, "seems", lambda self, fed: True)
    board = cast(Board, SimpleNamespace(ways=Ways(3), every=0.0))
    found = Transferring(cast(Case, Any), board).on(0.0, lambda: False)
    assert found.found is None
    assert {here.closed for here in tried} == {(0,), (1,), (2,)}


@pytest.mark.parametrize(
    ("moves", "is_proved", "open_weight"), [(1, True, 0.0), (1, False, 10.0), (5, True, 10.0)]
)
def test_what_moves_too_much_or_was_not_tried_in_every_order_stays_open(
    monkeypatch: pytest.MonkeyPatch, moves: int, is_proved: bool, open_weight: float
) -> None:
    for name, fake in (
        ("is_live", lambda case, whole, k: True),
        ("weight_of", lambda case, here: 10.0),
        ("burdens", lambda whole, here: {}),
        ("_tried", lambda case, here, moved: Refused(here, "too much", is_proved=is_proved)),
    ):
        monkeypatch.setattr(transfers, name, fake)
    ways = Ways(1)
    ways.queue = [(ALIKE, Configuration((0,), frozenset(), (), tuple(range(moves))))]
    board = cast(Board, SimpleNamespace(ways=ways, every=0.0))
    found = Transferring(cast(Case, Any), board).on(0.0, lambda: False)
    assert found.found is None and found.bound == open_weight


@pytest.mark.parametrize(
    ("left", "priority", "is_little"),
    [(0, 1.0, True), (1, 1.0, True), (2, 1.0, False), (1, 10.0, False)],
)
def test_load_is_moved_for_more_than_one_customer_in_a_hundred_or_any_of_priority(
    monkeypatch: pytest.MonkeyPatch, left: int, priority: float, is_little: bool
) -> None:
    weights = np.ones(len(ALL))
    weights[:left] = priority
    case = SimpleNamespace(counts=np.ones(len(ALL)), weights=weights)
    monkeypatch.setattr(moving, "positions", lambda case, here: here)
    monkeypatch.setattr(moving, "restored", lambda case, there: np.arange(len(ALL)) >= left)
    found = SimpleNamespace(found=[SimpleNamespace(configuration=None)])
    asked = cast(Any, case), cast(Any, found), ALL
    assert moving._is_little(*asked) == is_little
    assert not moving._is_little(cast(Any, case), cast(Any, SimpleNamespace(found=[])), ALL)


@pytest.mark.parametrize(("proved", "bound"), [(97.5, 98.0), (99.0, 99.0), (1e9, 100.0)])
def test_what_transfers_proved_holds_where_little_is_left_for_them(
    monkeypatch: pytest.MonkeyPatch, proved: float, bound: float
) -> None:
    case = cast(Any, SimpleNamespace(weights=np.ones(len(ALL))))
    plan = SimpleNamespace(merit=(-97.0, 0, 0, 0))
    found = Search((cast(Any, plan),), (), 98.0)
    gone_through = cast(Any, SimpleNamespace(left=lambda least: max(least, proved), refused=()))
    monkeypatch.setattr(moving, "_is_little", lambda *_: True)
    on = moving.Moving(case, cast(Any, None), ALL, ALL, gone_through).on
    assert on(found, lambda: False, 0).bound == bound
