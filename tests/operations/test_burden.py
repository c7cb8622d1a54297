"""What ways ask of sources, and what seems too much after a refusal."""

from __future__ import annotations

import pytest

from gridmend.model.plan import Violation
from gridmend.operations.burden import Unfit, burden_kw, share_kept
from gridmend.operations.configurations import LIVE, Tie, configuration_of


def tie(switch: int, one: int, two: int) -> Tie:
    return Tie(switch, one, two, is_closed=False, by_hand=False, normally_open=True)


def test_each_source_is_asked_for_what_enters_through_its_switches() -> None:
    # Live through switch 0 to section 1 and on to 2; through switch 2 to section 3.
    among = [tie(0, LIVE, 1), tie(1, 1, 2), tie(2, LIVE, 3)]
    here = configuration_of(among, tuple(among), frozenset({LIVE, 1, 2, 3}))
    kw = {1: 100.0, 2: 50.0, 3: 7.0}
    assert burden_kw(among, here, kw, {0: 4, 2: 5}) == {4: 150.0, 5: 7.0}
    assert burden_kw(among, here, kw, {0: 4}) == {4: 150.0, -1: 7.0}, "one source is not known"


def test_as_much_as_was_refused_seems_too_much_for_that_source_alone() -> None:
    known = Unfit()
    assert not known.seems({4: 1e9})
    known.learn(4, 100.0)
    assert known.seems({4: 100.0, 5: 0.0})
    assert not known.seems({4: 99.9, 5: 500.0})
    known.learn(4, 200.0)
    assert known.seems({4: 100.0}), "the least counts"


def test_what_was_far_too_much_rules_out_more() -> None:
    known = Unfit()
    known.learn(4, 100.0, share=0.4)
    assert known.seems({4: 70.0})
    assert not known.seems({4: 69.9}), "half way to what may stay"


def test_a_voltage_that_was_too_high_rules_out_who_asks_less() -> None:
    known = Unfit()
    known.learn_by(4, 100.0, Violation("voltage_high", "load.l", 1.07, 1.058), 0.011)
    assert known.seems({4: 100.0}) and known.seems({4: 20.0})
    assert not known.seems({4: 100.1}) and not known.seems({5: 20.0})
    known.learn_by(4, 200.0, Violation("voltage_low", "load.l", 0.79, 0.92), 0.14)
    assert known.seems({4: 150.0}) and not known.seems({4: 149.0}), "half of what is beyond"


def test_practically_the_same_was_asked_where_a_voltage_was_too_high() -> None:
    known = Unfit()
    high = Violation("voltage_high", "load.l", 1.07, 1.058)
    known.learn_by(4, 100.0, high, 0.011)
    known.learn_by(4, 50.0, high, 0.011)
    known.learn_by(4, 300.0, Violation("voltage_low", "load.l", 0.79, 0.92), 0.14)
    assert all(known.is_alike({4: kw}) for kw in (95.0, 100.0, 105.0, 50.0))
    assert not any(known.is_alike({4: kw}) for kw in (94.0, 106.0, 40.0, 300.0))
    assert not known.is_alike({5: 100.0})


@pytest.mark.parametrize(
    ("worst", "excess", "share"),
    [
        (Violation("voltage_low", "load.l", 0.79, 0.92), 0.14, 0.5),
        (Violation("loading_a", "line.l", 150.0, 100.0), 0.5, 2 / 3),
        (None, float("inf"), 0.5),
    ],
    ids=["twice the drop that may be", "half again too much", "nothing is known"],
)
def test_what_may_stay_goes_by_how_far_a_limit_is_exceeded(
    worst: Violation | None, excess: float, share: float
) -> None:
    assert share_kept(worst, excess) == pytest.approx(share)
