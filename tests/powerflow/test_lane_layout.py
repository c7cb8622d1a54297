"""The numbers that lanes are laid out with, against what they stand for."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.formats.read import read
from gridmend.model.arrays import Complexes, Floats, Ints
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.iteration import direct, prepare, prepared_once
from gridmend.powerflow.jumps import beyond, taken
from gridmend.powerflow.lanes.beginnings import WINDOW, swings
from gridmend.powerflow.lanes.curves import calm_of, exponents_of, reach_of, short_of
from gridmend.powerflow.lanes.jumping import jumps_of
from gridmend.powerflow.lanes.layout import base_state, median_of
from gridmend.powerflow.lanes.legs import DEGREE, REACH
from gridmend.powerflow.lanes.start import apart
from gridmend.powerflow.lanes.static import blocks
from gridmend.powerflow.lanes.tables import Demand
from gridmend.powerflow.leg_models import EXPONENTIAL
from gridmend.powerflow.legs import across, inject, leg_currents, leg_voltages, powers
from gridmend.powerflow.network import Network
from gridmend.powerflow.simd import lanes_of
from gridmend.powerflow.walk import Walk

SEEDS = st.integers(0, 10**6)


def _jumping(v_min: float = 0.95, v_max: float = 1.05) -> Network:
    """A feeder whose loads go by exponents and jump at their limits."""
    grid = read("ieee34")
    limits = {"model": "exponential", "v_min_pu": v_min, "v_max_pu": v_max}
    for name in grid.loads:
        grid = grid.with_changed(f"load.{name}", **limits)
    return Network.of(grid)


def _demand(network: Network, rng: np.random.Generator) -> Demand:
    s_va = powers(network.legs, Snapshot.normal(network.grid))
    profile = rng.integers(0, 3, len(s_va))
    return Demand(s_va, profile, profile, 0.3 + 0.7 * rng.random((3, 40)))


@settings(max_examples=50, deadline=None)
@given(SEEDS, st.integers(1, 5))
def test_a_row_is_told_by_mixtures_and_its_own_profile_by_least_squares(
    seed: int, many: int
) -> None:
    rng = np.random.default_rng(seed)
    moved, mine = rng.normal(size=(9, 6)), rng.integers(0, 6, 9)
    kept = np.linalg.qr(rng.normal(size=(6, many)))[0]
    along, own = apart(moved, mine, kept)
    for row in range(len(moved)):
        by = np.column_stack([kept, np.eye(6)[mine[row]]])
        best, *_ = np.linalg.lstsq(by, moved[row], rcond=None)
        np.testing.assert_allclose(along[row], best[:-1], atol=1e-9)
        np.testing.assert_allclose(own[row], best[-1], atol=1e-9)


def test_a_profile_that_is_all_in_the_mixtures_is_nothing_besides() -> None:
    moved, mine = np.arange(12.0).reshape(3, 4), np.array([0, 1, 3])
    along, own = apart(moved, mine, np.eye(4))
    np.testing.assert_array_equal(along, moved)
    np.testing.assert_array_equal(own, 0.0)


@settings(max_examples=100, deadline=None)
@given(
    st.tuples(st.floats(0.0, 30.0), st.floats(0.0, 30.0)),
    st.floats(0.5, 1.5),
    st.floats(0.5, 2.0),
    st.floats(-1.0, 1.0),
)
def test_where_it_is_calm_a_polynomial_is_what_a_leg_by_exponents_takes(
    exponents: tuple[float, float], base: float, rated: float, at: float
) -> None:
    model, s = np.array([EXPONENTIAL]), np.array([40.0 + 30.0j])
    square = np.array([base])
    none = np.array([[[-9.0, -9.0], [9.0, 9.0]]])
    by = np.array([exponents]) / 2 - 1
    calm = calm_of(model, reach_of(by), (square - 9.0, square + 9.0), none, square)
    steep = exponents_of(model, by, square, np.array([rated]))
    c = short_of(model, s, by, calm[:, 0], np.array([rated]), steep)[0]
    off = at * calm[0, 1]
    assert abs(off) <= REACH * base
    here = calm[0, 0] + off
    for part, exponent in enumerate(exponents):
        rated_power = (40.0, 30.0)[part]
        wanted = rated_power * (here / rated**2) ** (exponent / 2) / here
        assert np.polyval(c[part, ::-1], off) == pytest.approx(wanted, rel=8e-7)
    assert c.shape == (2, DEGREE + 1)


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_a_leg_is_calm_only_where_it_is_near_neither_of_its_limits(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = 20
    model: Ints = np.where(rng.random(size) < 0.7, EXPONENTIAL, 0)
    low, high = 0.5 + rng.random(size), 1.5 + 10.0 ** rng.uniform(-1, 12, size)
    near = np.stack(
        [np.stack([low * 0.98, low * 1.02], 1), np.stack([high * 0.98, high * 1.02], 1)], 1
    )
    square = rng.uniform(0.3, 2.5, size)
    exponents = rng.uniform(-1.0, 4.0, (size, 2))
    middle, reach = calm_of(model, reach_of(exponents), (low, high), near, square).T
    assert np.isfinite(middle).all()
    for k in range(size):
        first, last = middle[k] - reach[k], middle[k] + reach[k]
        if reach[k] < 0:
            continue
        inner = (near[k, 0, 1], near[k, 1, 0]) if model[k] == EXPONENTIAL else (low[k], high[k])
        assert inner[0] <= first <= last <= inner[1]


def test_a_leg_whose_states_may_be_anywhere_is_never_calm() -> None:
    near = np.array([[[-np.inf, np.inf], [-np.inf, np.inf]]])
    limits = np.array([0.9]), np.array([1.1])
    calm = calm_of(np.array([EXPONENTIAL]), np.ones(1), limits, near, np.array([1.0]))
    assert calm.tolist() == [[1.0, -1.0]]


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_a_jump_at_a_limit_is_the_current_above_it_less_that_below(seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = _jumping()
    legs, size = network.legs, len(network.legs.model)
    s_va: Complexes = 1e5 * (rng.normal(size=size) + 1j * rng.normal(size=size))
    toward: Complexes = np.exp(2j * np.pi * rng.random(size))
    for end, (counts, limit, by_p, by_q) in enumerate(jumps_of(legs)):
        assert counts.all()
        sides: list[Complexes] = []
        for side in (0.0, 1.0):
            shares: Floats = np.tile([1.0, 0.0], (size, 1))
            shares[:, end] = side
            sides.append(leg_currents(legs, s_va, toward * limit, shares))
        jump = (s_va.real * by_p + s_va.imag * by_q) * toward
        np.testing.assert_allclose(jump, sides[1] - sides[0], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("v_min", [0.6, 0.95, 0.98])
def test_a_base_is_at_rest_with_each_leg_on_its_side(v_min: float) -> None:
    network = _jumping(v_min, 1.03)
    demand = _demand(network, np.random.default_rng(5))
    state = prepare(network, Snapshot.normal(network.grid))
    middle, v_v, shares = base_state(Walk(state), demand)
    np.testing.assert_array_equal(middle, np.median(demand.factors, axis=1))
    answer = Walk(state).to(demand.at(middle))
    assert answer.converged
    sides = taken(beyond(network.legs, answer.v_v))
    if shares is not None and (sides == shares).all():
        np.testing.assert_allclose(v_v, answer.v_v, atol=1e-6)
    else:
        assert v_min > 0.6  # some leg slides, or is where more than one state is at rest


def test_wherever_a_walk_comes_from_its_base_is_at_rest_on_sides_that_are_right() -> None:
    """Where two states are at rest it may be either: steps so near a limit go by their sides."""
    network = _jumping(0.97, 1.03)
    demand = _demand(network, np.random.default_rng(1))
    state = prepare(network, Snapshot.normal(network.grid))
    found: list[Floats] = []
    for level in (0.0, 1.0):
        walk = Walk(state)
        walk.to(demand.at(np.full(3, level)))
        middle, v_v, shares = base_state(walk, demand)
        assert shares is not None
        np.testing.assert_array_equal(taken(beyond(network.legs, v_v)), shares)
        taken_a = leg_currents(network.legs, demand.at(middle), leg_voltages(network.legs, v_v))
        currents = state.driven.copy()
        drawn = state.admittance * across(network.legs, v_v) - taken_a
        inject(network.legs.plus, network.legs.minus, drawn, currents)
        np.testing.assert_allclose(direct(state, currents), v_v, rtol=1e-7)
        found.append(shares)
    assert (found[0] != found[1]).any()


@pytest.mark.parametrize("seed", [22, 31])
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_where_legs_leave_the_sides_of_a_rough_solution_a_base_is_on_the_answers(
    seed: int, level: float
) -> None:
    network = _jumping(0.97, 1.03)
    demand = _demand(network, np.random.default_rng(seed))
    walk = Walk(prepare(network, Snapshot.normal(network.grid)))
    walk.to(demand.at(np.full(3, level)))
    middle, v_v, shares = base_state(walk, demand)
    answer = Walk(walk.state).to(demand.at(middle))
    assert shares is not None
    np.testing.assert_array_equal(shares, taken(beyond(network.legs, answer.v_v)))
    np.testing.assert_allclose(v_v, answer.v_v, atol=1e-6)


@given(st.integers(1, 400), SEEDS)
@settings(max_examples=50, deadline=None)
def test_every_window_of_every_block_has_its_lightest_and_heaviest_step(
    steps: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    level = rng.normal(size=steps)
    cuts = np.unique([0, *rng.integers(1, steps, 3), steps]) if steps > 1 else np.array([0, 1])
    edges = list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))
    found = set(swings(level, edges).tolist())
    wanted: set[int] = set()
    for first, last in edges:
        for at in range(first, last, WINDOW):
            here = range(at, min(at + WINDOW, last))
            wanted |= {min(here, key=lambda k: level[k]), max(here, key=lambda k: level[k])}
    assert found == wanted


@pytest.mark.parametrize("steps", [1, 2, 7, 24, 2367, 2368, 8760])
def test_the_median_is_that_of_all_steps_or_of_one_in_so_many(steps: int) -> None:
    factors = np.random.default_rng(3).random((4, steps))
    some = factors[:, ::37] if steps >= 2368 else factors
    np.testing.assert_allclose(median_of(factors), np.median(some, axis=1), rtol=1e-15)


def test_a_snapshot_keeps_what_it_was_given_whatever_becomes_of_the_array() -> None:
    grid = read("ieee13")
    network, normal = Network.of(grid), Snapshot.normal(grid)
    phases = normal.open_phases.copy()
    before = replace(normal, open_phases=phases)
    phases[grid.switches.row("671692")] = 7
    assert prepared_once(network, before) is prepared_once(network, normal)
    after = prepared_once(network, replace(normal, open_phases=phases))
    assert (after.values != prepare(network, normal).values).any()
    with pytest.raises(ValueError, match="read-only"):
        before.open_phases[0] = 1


def test_a_state_is_shared_by_equal_snapshots_and_by_no_others() -> None:
    grid = read("ieee123")
    network, normal = Network.of(grid), Snapshot.normal(grid)
    state = prepared_once(network, normal)
    assert prepared_once(network, Snapshot.normal(grid)) is state
    taps = normal.tap_pu.copy()
    taps[0] += 0.00625
    for other in (
        normal.with_taps(taps),
        normal.with_demand(normal.load_kw * 2, normal.load_kvar),
        normal.with_capacitors(normal.steps_on * 0),
        normal.with_sources(~normal.source_on),
    ):
        found = prepared_once(network, other)
        assert found is not state
        np.testing.assert_array_equal(found.values, prepare(network, other).values)
        np.testing.assert_array_equal(found.admittance, prepare(network, other).admittance)


@given(st.integers(0, 20_000), st.integers(1, 4), st.booleans())
def test_blocks_follow_one_another_over_all_steps_and_none_is_short_beside_others(
    steps: int, threads: int, alike: bool
) -> None:
    edges = blocks(steps, threads, alike=alike)
    assert edges[0][0] == 0
    assert edges[-1][1] == steps
    assert all(one[1] == other[0] for one, other in pairwise(edges))
    assert len(edges) == 1 or min(last - first for first, last in edges) >= 24
    lanes = lanes_of(np.float64) * threads
    assert len(edges) in (lanes, 2 * lanes) or steps < 25 * lanes
    assert not alike or max(last - first for first, last in edges) <= -(-steps // len(edges))
