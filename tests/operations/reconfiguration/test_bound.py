from functools import cache

import numpy as np
import pytest

from gridmend.operations.reconfiguration.branching import explore
from gridmend.operations.reconfiguration.energies import floor_for, plain_floor
from gridmend.operations.reconfiguration.mesh import Chains, meshed
from gridmend.operations.reconfiguration.proof import find
from gridmend.operations.reconfiguration.sweep import arrays, loss_pu
from tests.operations.reconfiguration.rings import Ring, random_ring

SEEDS = range(30)
ALL = [*SEEDS, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(30, 1500))]


@cache
def ring(seed: int) -> Ring:
    return random_ring(np.random.default_rng(seed), heavy=seed % 3 == 0)


def closed_edges(net: Ring, tree: frozenset[int]) -> np.ndarray:
    return np.isin(np.arange(len(net.ends)), list(tree))


@cache
def losses_of_all(seed: int) -> dict[frozenset[int], float]:
    """Losses [kW] of every radial configuration that has a solution."""
    net = ring(seed)
    found = {tree: net.loss_kw(tree) for tree in net.trees()}
    return {tree: kw for tree, kw in found.items() if np.isfinite(kw)}


def energy(net: Ring, tree: frozenset[int], r: np.ndarray, demand: np.ndarray) -> float:
    """Σ r f² with flows from the incidence matrix, as no part of the project has it."""
    edges = sorted(tree)
    incidence = np.zeros((len(demand), len(edges)))
    for at, edge in enumerate(edges):
        incidence[net.ends[edge][0], at], incidence[net.ends[edge][1], at] = -1, 1
    flow = np.linalg.solve(incidence[1:], demand[1:])
    return float(r[edges] @ flow**2)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_losses_of_a_configuration_are_those_of_the_nodal_equations(seed: int) -> None:
    net = ring(seed)
    one_phase = net.balanced()
    for tree, kw in list(losses_of_all(seed).items())[:20]:
        assert 1e3 * loss_pu(one_phase, closed_edges(net, tree))[0] == pytest.approx(
            kw, rel=1e-6, abs=1e-6
        )


@pytest.mark.parametrize("seed", ALL)
def test_the_best_of_all_radial_configurations_is_found_and_proved(seed: int) -> None:
    net = ring(seed)
    losses = losses_of_all(seed)
    found = find(net.balanced(), [], parts_most=10**6, out_of_time=lambda: False)
    if not losses:
        assert not np.isfinite(found.loss_pu)
        return
    least = min(losses.values())
    assert 1e3 * found.loss_pu == pytest.approx(least, rel=1e-6, abs=1e-6)
    assert 1e3 * found.bound_pu <= least * (1 + 1e-7) + 1e-6
    assert 1e3 * found.bound_pu == pytest.approx(least, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("parts_most", [0, 1, 3, 10, 30])
def test_a_proof_that_is_cut_short_never_claims_too_much(parts_most: int) -> None:
    for seed in SEEDS:
        net = ring(seed)
        losses = losses_of_all(seed)
        if losses:
            found = find(net.balanced(), [], parts_most=parts_most, out_of_time=lambda: False)
            assert 1e3 * found.bound_pu <= min(losses.values()) * (1 + 1e-7) + 1e-6, seed


@pytest.mark.parametrize("seed", ALL)
def test_the_floor_fitted_to_one_configuration_lies_under_the_losses_of_all(seed: int) -> None:
    net = ring(seed)
    losses = losses_of_all(seed)
    for fitted in list(losses)[:: max(len(losses) // 4, 1)]:
        floor = floor_for(net.balanced(), closed_edges(net, fitted))
        assert (floor.weights >= 0).all()
        for tree, kw in losses.items():
            low = floor.constant + sum(
                w * energy(net, tree, floor.r_pu, d)
                for w, d in zip(floor.weights, floor.demands, strict=True)
            )
            assert 1e3 * low <= kw * (1 + 1e-7) + 1e-6


@pytest.mark.parametrize("seed", range(40))
def test_the_meshed_network_has_the_least_energy_and_opening_an_edge_adds_what_it_says(
    seed: int,
) -> None:
    net = ring(seed)
    losses = losses_of_all(seed)
    if not losses:
        return
    one_phase = net.balanced()
    chains, floor = (
        Chains.of(one_phase),
        floor_for(one_phase, closed_edges(net, min(losses, key=losses.__getitem__))),
    )
    start = meshed(one_phase, chains, floor)
    if chains.loops != 1:
        return
    own = np.diag(start.grip)[chains.chain]
    for at, edge in enumerate(chains.edges.tolist()):
        if own[at] < 1e-6 * own.max():
            continue  # it leads to the loop and is not on it
        tree = frozenset(range(len(net.ends))) - {edge}
        exact = floor.constant + sum(
            w * energy(net, tree, floor.r_pu, d)
            for w, d in zip(floor.weights, floor.demands, strict=True)
        )
        added = float(floor.weights @ start.flows[:, at] ** 2) / own[at]
        assert start.bound + added == pytest.approx(exact, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_branching_alone_passes_over_no_configuration_below_the_target(seed: int) -> None:
    net, losses = ring(seed), losses_of_all(seed)
    if not losses:
        return
    one_phase = net.balanced()
    chains, floor = Chains.of(one_phase), plain_floor(one_phase)
    start = meshed(one_phase, chains, floor)
    if chains.loops == 0:
        return
    seen, parts, least_loss, _, tree = explore(
        start.flows, start.grip, start.bound, floor.weights, chains.edges, chains.chain,
        chains.ends, np.zeros(len(chains.edges), bool), chains.loops, chains.points, np.inf, 10**6,
        np.ones(len(net.ends), bool), arrays(one_phase),
    )  # fmt: skip
    assert seen and parts >= len(net.trees())
    assert 1e3 * least_loss == pytest.approx(min(losses.values()), rel=1e-6, abs=1e-6)
    assert losses[frozenset(np.flatnonzero(tree).tolist())] == pytest.approx(
        min(losses.values()), rel=1e-6, abs=1e-6
    )


def test_what_may_not_be_opened_stays_closed() -> None:
    for seed in SEEDS:
        net = ring(seed)
        trees = losses_of_all(seed)
        if not trees:
            continue
        kept = sorted(min(trees, key=lambda tree: -trees[tree]))[:2]
        movable = ~np.isin(np.arange(len(net.ends)), kept)
        found = find(net.balanced(movable), [], parts_most=10**6, out_of_time=lambda: False)
        least = min(kw for tree, kw in trees.items() if tree.issuperset(kept))
        assert found.closed[kept].all()
        assert 1e3 * found.loss_pu == pytest.approx(least, rel=1e-6, abs=1e-6)
