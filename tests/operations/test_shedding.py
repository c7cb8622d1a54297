"""What is taken back after leaving out is what brings somebody back in truth."""

from __future__ import annotations

import pytest

from gridmend.operations.configurations import LIVE, NOTHING, Configuration, Tie
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
        ties, kw=dict.fromkeys(weights, 1.0), weights=weights, sources={}, worth=worth,
        source_of=lambda here, violation: None, attempt=lambda here: Trial(holds=True),
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
