"""Restoration against brute force on small random networks: never beaten, its bound never wrong."""

from __future__ import annotations

import pytest

from gridmend.interlock import check
from tests.operations.random_horizons import expected, most_over
from tests.operations.random_networks import drawn, healed, most_by_brute_force

SHARE = 0.99
"""Of what brute force restores; it does not ask for a way that is allowed step by step."""

LIMITED = (1020, 1033, 1079, 1085, 1125)
"""Networks that are limited by what a source can feed."""


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


def test_where_what_seems_too_much_is_not_tried_the_bound_holds_all_the_same() -> None:
    left = 0
    for seed in LIMITED:
        case = drawn(seed)
        proposal = healed(case, late_limit=0)
        plan, most = proposal.plans[0], most_by_brute_force(case, proposal)
        assert plan.gap_pct is not None
        assert plan.customers_restored <= most
        bound = plan.customers_restored / (1 - plan.gap_pct / 100) if plan.gap_pct < 100 else most
        assert bound >= most - 1e-6, f"seed {seed}: the bound {bound} is below {most}"
        left += plan.gap_pct > 0
    assert left, "somewhere a way was not tried, and the gap says so"


def _compared_ahead(seed: int) -> None:
    case = drawn(seed)
    what = expected(case, seed)
    proposal = healed(case, what.horizon)
    plan = proposal.plans[0]
    surely, perhaps = (most_over(case, proposal, what, moved_cold=cold) for cold in (True, False))
    assert plan.gap_pct is not None
    assert plan.customers_restored <= perhaps, "more than holds in every hour"
    assert plan.customers_restored >= SHARE * surely, f"seed {seed}"
    bound = plan.customers_restored / (1 - plan.gap_pct / 100) if plan.gap_pct < 100 else surely
    assert bound >= surely - 1e-6, f"seed {seed}: the bound {bound} is below {surely}"


@pytest.mark.parametrize("seed", range(24))
def test_brute_force_over_a_forecast_with_pickup_restores_no_more(seed: int) -> None:
    _compared_ahead(seed)


@pytest.mark.nightly
@pytest.mark.parametrize("hundred", range(4))
def test_the_same_over_forecasts_on_four_hundred_networks(hundred: int) -> None:
    for seed in range(100 * hundred, 100 * (hundred + 1)):
        _compared_ahead(1000 + seed)
