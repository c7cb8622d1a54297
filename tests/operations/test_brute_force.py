"""Restoration against brute force on small random networks: never beaten, its bound never wrong."""

from __future__ import annotations

import pytest

from gridmend.interlock import check
from gridmend.model.plan import Plan
from tests.operations.random_horizons import expected, most_over
from tests.operations.random_networks import drawn, healed, most_by_brute_force

SHARE = 0.99
"""Of what brute force restores; it does not ask for a way that is allowed step by step."""

LIMITED = (1020, 1033, 1079, 1085, 1125)
"""Networks that are limited by what a source can feed."""


def _bound(plan: Plan, most: float) -> float:
    """What a plan says that no other can exceed; `most` where its gap leaves all open."""
    assert plan.gap_pct is not None
    return plan.customers_restored / (1 - plan.gap_pct / 100) if plan.gap_pct < 100 else most


def _wrong_with(seed: int, *, batteries: bool = False) -> str:
    """What is wrong with a plan for a random network; empty where nothing is."""
    case = drawn(seed, batteries=batteries)
    proposal = healed(case)
    plan = proposal.plans[0]
    most = most_by_brute_force(case, proposal)
    verdict = check(
        plan, case.grid, proposal.isolation.tripped, network=case.network,
        topology=case.topology, accepted=proposal.accepted,
    )  # fmt: skip
    if not SHARE * most <= plan.customers_restored <= most:
        return f"seed {seed}: it restores {plan.customers_restored}, brute force {most}"
    if _bound(plan, most) < most - 1e-6:
        return f"seed {seed}: the bound {_bound(plan, most)} is below {most}"
    return "" if verdict.allowed else f"seed {seed}: {verdict.refusals[0]}"


@pytest.mark.parametrize("seed", range(24))
def test_brute_force_restores_no_more_and_the_bound_holds(seed: int) -> None:
    assert not _wrong_with(seed)


@pytest.mark.nightly
@pytest.mark.parametrize("hundred", range(10))
def test_the_same_on_a_thousand_networks(hundred: int) -> None:
    seeds = range(1000 + 100 * hundred, 1100 + 100 * hundred)
    assert not [wrong for seed in seeds if (wrong := _wrong_with(seed))]


def test_where_what_seems_too_much_is_not_tried_the_bound_holds_all_the_same() -> None:
    left = 0
    for seed in LIMITED:
        case = drawn(seed)
        proposal = healed(case, late_limit=0)
        plan, most = proposal.plans[0], most_by_brute_force(case, proposal)
        assert plan.customers_restored <= most
        assert _bound(plan, most) >= most - 1e-6, f"seed {seed}: a bound below {most}"
        left += bool(plan.gap_pct)
    assert left, "somewhere a way was not tried, and the gap says so"


@pytest.mark.parametrize("seed", range(24))
def test_brute_force_over_switches_and_islands_restores_no_more(seed: int) -> None:
    assert not _wrong_with(seed, batteries=True)


@pytest.mark.nightly
@pytest.mark.parametrize("hundred", range(4))
def test_the_same_with_islands_on_four_hundred_networks(hundred: int) -> None:
    seeds = range(1000 + 100 * hundred, 1100 + 100 * hundred)
    assert not [wrong for seed in seeds if (wrong := _wrong_with(seed, batteries=True))]


def _wrong_ahead_with(seed: int, *, batteries: bool = False) -> str:
    """The same over a forecast, with cold-load pickup."""
    case = drawn(seed, batteries=batteries)
    what = expected(case, seed)
    proposal = healed(case, what.horizon)
    plan = proposal.plans[0]
    surely, perhaps = (most_over(case, proposal, what, moved_cold=cold) for cold in (True, False))
    if not SHARE * surely <= plan.customers_restored <= perhaps:
        return f"seed {seed}: {plan.customers_restored}, not from {surely} to {perhaps}"
    if _bound(plan, surely) < surely - 1e-6:
        return f"seed {seed}: the bound {_bound(plan, surely)} is below {surely}"
    return ""


@pytest.mark.parametrize("seed", range(24))
def test_brute_force_over_a_forecast_with_pickup_restores_no_more(seed: int) -> None:
    assert not _wrong_ahead_with(seed)


@pytest.mark.nightly
@pytest.mark.parametrize("hundred", range(4))
def test_the_same_over_forecasts_on_four_hundred_networks(hundred: int) -> None:
    seeds = range(1000 + 100 * hundred, 1100 + 100 * hundred)
    assert not [wrong for seed in seeds if (wrong := _wrong_ahead_with(seed))]


@pytest.mark.parametrize("seed", range(24))
def test_brute_force_with_the_energy_of_islands_restores_no_more(seed: int) -> None:
    assert not _wrong_ahead_with(seed, batteries=True)


@pytest.mark.nightly
@pytest.mark.parametrize("hundred", range(2))
def test_the_same_with_the_energy_of_islands_on_two_hundred_networks(hundred: int) -> None:
    seeds = range(1000 + 100 * hundred, 1100 + 100 * hundred)
    assert not [wrong for seed in seeds if (wrong := _wrong_ahead_with(seed, batteries=True))]


def test_healthy_load_goes_over_to_a_battery_to_make_room() -> None:
    assert not _wrong_with(1125, batteries=True)
    plan = healed(drawn(1125, batteries=True)).plans[0]
    assert plan.customers_moved == 147
    assert [island.customers for island in plan.islands] == [147]
    assert plan.customers_restored == 282
