"""Random radial networks: against a plain search, a simulation, and what must hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.planning.reliability.prediction import predict
from gridmend.planning.reliability.settings import Settings
from tests.planning.trees import Tree, after, tree

SEEDS = st.integers(0, 10_000)
REPAIR_H, HAND_H = 4.0, 1.0


def expected(made: Tree) -> tuple[float, float, float]:
    """SAIFI, SAIDI [h] and MAIFI by a plain search, failure by failure."""
    total = sum(made.customers.values())
    saifi = saidi_h = maifi = 0.0
    for line, per_year in made.per_year.items():
        for load, means in after(made, line).items():
            weight = per_year * made.customers[load] / total
            if means == "remote":
                maifi += weight
            else:
                saifi += weight
                saidi_h += weight * (HAND_H if means == "hand" else REPAIR_H)
    return saifi, saidi_h, maifi


@given(SEEDS)
@settings(max_examples=80, deadline=None)
def test_indices_agree_with_a_plain_search(seed: int) -> None:
    made = tree(seed)
    found = predict(made.grid)
    assert (found.saifi, found.saidi_h, found.maifi) == pytest.approx(expected(made), abs=1e-12)


@pytest.mark.parametrize("seed", [3, 11, 27])
def test_a_sequential_simulation_agrees_within_its_interval(seed: int) -> None:
    made = tree(seed, buses=8)
    random = np.random.default_rng(seed)
    years = 3000
    names = list(made.per_year)
    total = sum(made.customers.values())
    effects = {line: after(made, line) for line in names}
    yearly = np.zeros((years, 3))
    now = np.array([random.exponential(1 / made.per_year[line]) for line in names])
    while (at := int(now.argmin())) >= 0 and now[at] < years:
        year = int(now[at])
        repair_h = random.uniform(2.0, 6.0)
        for load, means in effects[names[at]].items():
            share = made.customers[load] / total
            if means == "remote":
                yearly[year, 2] += share
                continue
            yearly[year, 0] += share
            yearly[year, 1] += share * (HAND_H if means == "hand" else repair_h)
        now[at] += random.exponential(1 / made.per_year[names[at]])
    mean, error = yearly.mean(axis=0), yearly.std(axis=0) / np.sqrt(years)
    found = predict(made.grid)
    off = np.abs(mean - [found.saifi, found.saidi_h, found.maifi])
    assert (off <= 4 * error + 1e-12).all()
    assert found.saifi > 0


@given(SEEDS, st.integers(0, 11), st.integers(0, 11), st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_tie_more_never_raises_saidi(seed: int, one: int, two: int, remote: bool) -> None:
    made = tree(seed, ties=1)
    row = {
        "name": "more", "bus1": f"b{one}", "bus2": f"b{two}", "phases1": "a b c",
        "phases2": "a b c", "kind": "switch", "normally_open": True, "remote": remote,
    }  # fmt: skip
    before, tied = predict(made.grid), predict(made.grid.with_rows("switches", row))
    assert tied.saidi_h <= before.saidi_h + 1e-12
    assert tied.ens_mwh <= before.ens_mwh + 1e-12


@given(SEEDS, st.integers(0, 100))
@settings(max_examples=40, deadline=None)
def test_automating_a_switch_never_raises_saidi(seed: int, which: int) -> None:
    made = tree(seed)
    names = [s.name for s in made.switches.values() if s.kind != "fuse"]
    changed = made.grid.with_changed(f"switch.{names[which % len(names)]}", remote=True)
    before, automated = predict(made.grid), predict(changed)
    assert automated.saidi_h <= before.saidi_h + 1e-12
    assert automated.saifi <= before.saifi + 1e-12


@given(SEEDS, st.booleans(), st.floats(0, 90))
@settings(max_examples=25, deadline=None)
def test_contributions_and_load_points_add_up_to_the_indices(
    seed: int, saving: bool, temporary_pct: float
) -> None:
    made = tree(seed)
    found = predict(made.grid, Settings(fuse_saving=saving, temporary_pct=temporary_pct))
    for shares in (found.shares, found.by_element, found.by_cause):
        assert shares.saifi.sum() == pytest.approx(found.saifi)
        assert shares.saidi_h.sum() == pytest.approx(found.saidi_h)
        assert shares.maifi.sum() == pytest.approx(found.maifi, abs=1e-12)
        assert shares.ens_mwh.sum() == pytest.approx(found.ens_mwh)


@given(SEEDS, st.booleans())
@settings(max_examples=30, deadline=None)
def test_twice_the_rates_are_twice_the_indices(seed: int, saving: bool) -> None:
    made = tree(seed)
    rates = made.grid.failures.numbers("failures_per_year")
    twice = made.grid.with_tables(
        failures=made.grid.failures.with_column("failures_per_year", 2 * rates)
    )
    how = Settings(fuse_saving=saving, temporary_pct=50)
    one, two = predict(made.grid, how), predict(twice, how)
    assert (two.saifi, two.saidi_h, two.maifi, two.ens_mwh) == pytest.approx(
        (2 * one.saifi, 2 * one.saidi_h, 2 * one.maifi, 2 * one.ens_mwh)
    )
    assert two.caidi_h == pytest.approx(one.caidi_h)
