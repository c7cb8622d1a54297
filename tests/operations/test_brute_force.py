"""Restoration against brute force on small random networks: never beaten, its bound never wrong."""

from __future__ import annotations

import pytest

from gridmend.interlock import check
from tests.operations.random_networks import drawn, healed, most_by_brute_force

SHARE = 0.99
"""Of what brute force restores; it does not ask for a way that is allowed step by step."""


def _compared(seed: int) -> None:
    case = drawn(seed)
    proposal = healed(case)
    plan = proposal.plans[0]
    most = most_by_brute_force(case, proposal)
    assert plan.gap_pct is not None
    assert plan.customers_restored <= most, "more than all switch positions allow"
    assert plan.customers_restored >= SHARE * most, f"seed {seed}"
    # what the plan says that a better one could bring at most
    bound = plan.customers_restored / (1 - plan.gap_pct / 100) if plan.gap_pct < 100 else most
    assert bound >= most - 1e-6, f"seed {seed}: the bound {bound} is below {most}"
    assert check(
        plan, case.grid, proposal.isolation.tripped, network=case.network,
        topology=case.topology, accepted=proposal.accepted,
    ).allowed  # fmt: skip


@pytest.mark.parametrize("seed", range(24))
def test_brute_force_restores_no_more_and_the_bound_holds(seed: int) -> None:
    _compared(seed)


@pytest.mark.nightly
@pytest.mark.parametrize("hundred", range(10))
def test_the_same_on_a_thousand_networks(hundred: int) -> None:
    for seed in range(100 * hundred, 100 * (hundred + 1)):
        _compared(1000 + seed)
