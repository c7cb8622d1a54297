"""What is taken back after leaving out is what brings somebody back in truth."""

from __future__ import annotations

import pytest

from gridmend.model.plan import Violation
from gridmend.operations.configurations import LIVE, NOTHING, Configuration, Tie, fullest
from gridmend.operations.shedding import Shedding, Trial

NARROW, WIDE, ON = 0, 1, 2
"""A tie of one phase and one of all to section 0, which has loads of all; 1 lies behind it."""
TIES = [
    Tie(NARROW, LIVE, 0, is_closed=False),
    Tie(WIDE, LIVE, 0, is_closed=False),
    Tie(ON, 0, 1, is_closed=True),
]


def shedding(
    weights: dict[int, float], ties: list[Tie] = TIES, served: tuple[int, ...] = ()
) -> Shedding:
    """All hold; by the narrow tie only what is `served` has all the phases it needs."""

    def worth(here: Configuration) -> float:
        wide = WIDE in here.closed
        return sum(weights[k] for k in here.sections if wide or k in served)

    return Shedding(
        ties, kw=dict.fromkeys(weights, 1.0), weights=weights, kvar={}, sources={}, worth=worth,
        source_of=lambda here, violation: None, section_of=lambda violation: None,
        attempt=lambda here: Trial(holds=True),
    )  # fmt: skip


def test_a_tie_that_brings_too_few_phases_is_not_taken() -> None:
    found = shedding({0: 10.0, 1: 5.0}, served=(1,)).made(NOTHING)
    assert found is not None
    assert set(found.closed) == {WIDE, ON}
    assert shedding({0: 10.0}, TIES[:1]).made(NOTHING) == NOTHING


@pytest.mark.parametrize("weight", [0.0, 10.0])
def test_a_section_that_brings_nobody_back_leads_on_to_others(weight: float) -> None:
    found = shedding({0: weight, 1: 5.0}, [TIES[0], TIES[2]], served=(1,)).made(NOTHING)
    assert found is not None
    assert found.sections == {0, 1}


@pytest.mark.parametrize(
    ("kvar", "left_out"),
    [({}, {3}), ({1: 100.0, 2: 600.0}, {2, 3}), ({1: 300.0, 2: 300.0}, {1})],
    ids=["where the voltage is", "the fewest for their kvar, with what lies beyond", "the fewest"],
)
def test_too_high_a_voltage_is_lowered_by_leaving_out_what_raises_it(
    kvar: dict[int, float], left_out: set[int]
) -> None:
    # 0 at the tie, from it 1 and 2, beyond 2 lies 3, where the voltage is too high
    ties = [
        Tie(0, LIVE, 0, is_closed=False),
        *(Tie(k, a, b, is_closed=True) for k, a, b in ((1, 0, 1), (2, 0, 2), (3, 2, 3))),
    ]
    high = Violation("voltage_high", "load.l", 1.07, 1.05)
    tried = list[frozenset[int]]()

    def attempt(here: Configuration) -> Trial:
        tried.append(here.sections)
        holds = here.sections == {0, 1, 2, 3} - left_out
        return Trial(holds, None if holds else high, 0.02)

    found = Shedding(
        ties, kw=dict.fromkeys(range(4), 1.0), weights={0: 10.0, 1: 5.0, 2: 3.0, 3: 4.0},
        kvar=kvar, sources={0: 7}, worth=lambda here: float(len(here.sections)),
        source_of=lambda here, violation: 7, section_of=lambda violation: 3, attempt=attempt,
    ).made(fullest(ties))  # fmt: skip
    assert found is not None and found.sections == {0, 1, 2, 3} - left_out
    assert tried[1] == found.sections, "at the first step"


def test_too_high_a_voltage_among_the_healthy_is_lowered_by_asking_less_of_its_source() -> None:
    high = Violation("voltage_high", "load.l", 1.07, 1.05)
    given = shedding({0: 10.0, 1: 5.0})
    given.section_of = lambda violation: 9
    given.attempt = lambda here: Trial(not here.sections, high, 0.02)
    assert given.made(fullest(TIES)) == NOTHING
