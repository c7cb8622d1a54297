"""Cases of self-healing are bounded; one that is open or whose fault stands is kept."""

from __future__ import annotations

import gridmend
from gridmend.model.snapshot import Snapshot
from gridmend.operations.suspects import Suspect
from gridmend.runtime.exercise.case import Case, shorten

BEFORE = Snapshot.normal(gridmend.read("ieee13"))


def case(number: int, *, over: bool, element: str = "") -> Case:
    suspects = (Suspect((element,), "sw1"),) if element else ()
    return Case(f"sw{number}", BEFORE, 0.0, number, suspects=suspects, is_over=over)


def test_the_oldest_that_are_over_are_let_go_of_and_none_that_somebody_may_come_back_to() -> None:
    cases = [
        case(1, over=False),
        case(2, over=True, element="line.a"),
        case(3, over=True, element="line.b"),
        case(4, over=True),
        case(5, over=True),
        case(6, over=False),
    ]
    shorten(cases, {"line.a"}, most=4)
    assert [one.number for one in cases] == [1, 2, 5, 6]
    shorten(cases, {"line.a"}, most=1)
    assert [one.number for one in cases] == [1, 2, 6], "more stand than that"
    shorten(cases, set(), most=4)
    assert [one.number for one in cases] == [1, 2, 6]
