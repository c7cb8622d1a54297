"""What is taken back after leaving out is what brings somebody back in truth."""

from __future__ import annotations

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
    weights: dict[int, float], tried: list[Configuration], ties: list[Tie] = TIES
) -> Shedding:
    def worth(here: Configuration) -> float:
        wide = WIDE in here.closed
        return sum(weights[k] for k in here.sections if wide or k == 1)

    def attempt(here: Configuration) -> Trial:
        tried.append(here)
        return Trial(holds=True)

    return Shedding(
        ties, kw=dict.fromkeys(weights, 1.0), weights=weights, sources={}, worth=worth,
        source_of=lambda here, violation: None, attempt=attempt,
    )  # fmt: skip


def test_a_tie_that_brings_too_few_phases_is_not_taken() -> None:
    tried: list[Configuration] = []
    found = shedding({0: 10.0, 1: 5.0}, tried).made(NOTHING)
    assert found is not None
    assert set(found.closed) == {WIDE, ON}
    alone = shedding({0: 10.0}, tried, TIES[:1]).made(NOTHING)
    assert alone == NOTHING
    assert not any(NARROW in here.closed for here in tried), "nobody asks a flow for it"


def test_a_section_without_customers_leads_on_to_others() -> None:
    found = shedding({0: 0.0, 1: 5.0}, []).made(NOTHING)
    assert found is not None
    assert found.sections == {0, 1}
