"""Loads by exponents jump at their limits: there is one answer, always, wherever one starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from dss import DSS
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.formats.opendss import read
from gridmend.model.arrays import Complexes, Floats
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.chord import slopes
from gridmend.powerflow.iteration import State, iterate, prepare, resume
from gridmend.powerflow.jumps import beyond
from gridmend.powerflow.legs import powers
from gridmend.powerflow.network import Network
from gridmend.powerflow.standing import stand
from gridmend.powerflow.update import resolve
from oracles.masters import master
from tests.powerflow.jumping import INTRICATE, beside_jumps, scaled

KV, R_OHM, X_OHM, KW = 12.47, 8.0, 16.0, 500.0
LAGGING, LEADING = 200.0, -400.0
P_EXPONENT, Q_EXPONENT = 0.8, 3.0
SWEEP = np.linspace(0.95, 1.15, 81)
"""Source voltages [pu] that lead a load through both of its jumps."""


def _grid(v_pu: float, kvar: float) -> Grid:
    source = {"name": "s", "bus": "b", "base_kv": KV, "v_pu": v_pu}
    source |= {"r1_ohm": R_OHM, "x1_ohm": X_OHM, "r0_ohm": R_OHM, "x0_ohm": X_OHM}
    load = {"name": "l", "bus": "b", "phases": "a b c g", "kv": KV, "p_kw": KW, "q_kvar": kvar}
    load |= {"model": "exponential", "p_exponent": P_EXPONENT, "q_exponent": Q_EXPONENT}
    load |= {"v_min_pu": 0.95, "v_max_pu": 1.05}
    grid = Grid("one load").with_rows("buses", {"name": "b", "base_kv": KV})
    return grid.with_rows("sources", source).with_rows("loads", load)


def _peer(v_pu: float, kvar: float) -> None:
    """The same in OpenDSS, not solved."""
    text = DSS.Text
    text.Command = "clear"
    text.Command = (
        f"new circuit.c basekv={KV} bus1=b pu={v_pu} r1={R_OHM} x1={X_OHM} r0={R_OHM} x0={X_OHM}"
    )
    text.Command = (
        f"new load.l bus1=b.1.2.3 kv={KV} kw={KW} kvar={kvar} model=4 cvrwatts={P_EXPONENT}"
        f" cvrvars={Q_EXPONENT}"
    )
    text.Command = "set tolerance=1e-12 maxiterations=500"


def _peer_solved() -> Complexes | None:
    """Its voltages [V]; None where it finds no rest."""
    DSS.ActiveCircuit.Solution.Solve()
    flat = np.array(DSS.ActiveCircuit.AllBusVolts)
    return flat[0::2] + 1j * flat[1::2] if DSS.ActiveCircuit.Solution.Converged else None


def _case(v_pu: float, kvar: float) -> tuple[State, Complexes]:
    network = Network.of(_grid(v_pu, kvar))
    snapshot = Snapshot.normal(network.grid)
    return prepare(network, snapshot), powers(network.legs, snapshot)


def _apart_pu(state: State, one: Complexes, other: Complexes) -> float:
    return float(np.max(np.abs(one - other) / state.network.nodes.base_v))


@pytest.mark.parametrize("kvar", [LAGGING, LEADING])
def test_where_opendss_finds_rest_from_nothing_the_answer_is_its_own(kvar: float) -> None:
    found = 0
    for v_pu in SWEEP.tolist():
        _peer(v_pu, kvar)
        theirs = _peer_solved()
        state, s_va = _case(v_pu, kvar)
        ours = iterate(state, s_va)
        assert ours.converged
        if theirs is not None:
            found += 1
            assert _apart_pu(state, ours.v_v, theirs) < 1e-8, v_pu
    assert found > 60


@pytest.mark.parametrize("way", [1, -1])
def test_going_on_from_one_position_to_the_next_the_answer_is_that_of_opendss(way: int) -> None:
    sweep = SWEEP[::way].tolist()
    _peer(sweep[0], LAGGING)
    v = iterate(*_case(sweep[0], LAGGING)).v_v
    anew = 0
    for v_pu in sweep:
        DSS.Text.Command = f"edit vsource.source pu={v_pu}"
        theirs = _peer_solved()
        assert theirs is not None
        state, s_va = _case(v_pu, LAGGING)
        v = resume(state, s_va, v, going_on=True)[0].v_v
        assert _apart_pu(state, v, theirs) < 1e-8, v_pu
        anew += _apart_pu(state, v, iterate(state, s_va).v_v) > 1e-4
    # at times it stays behind in the other answer
    assert anew > 0


def test_a_demand_given_again_has_its_own_answer_though_the_way_there_led_to_another() -> None:
    led_away = 0
    bank = {"name": "c", "bus1": "b", "phases1": "a b c", "bus2": "b", "phases2": "g g g"}
    for v_pu in SWEEP.tolist():
        grid = _grid(v_pu, LAGGING)
        grid = grid.with_rows("capacitors", {**bank, "kv": KV, "step_kvar": (150.0,)})
        network, on = Network.of(grid), Snapshot.normal(grid)
        off = on.with_capacitors(0 * on.steps_on)
        alone = iterate(prepare(network, off), powers(network.legs, off))
        standing = stand(network, on)
        resolve(standing, on)
        led_away += _apart_pu(standing.state, resolve(standing, off).v_v, alone.v_v) > 1e-4
        again = resolve(standing, replace(off))
        assert _apart_pu(standing.state, again.v_v, alone.v_v) < 1e-9
    assert led_away > 0


def _between(kvar: float, v_pu: float) -> float:
    """What share of its jump at 1.05 pu a load takes to rest there, by hand for one phase."""
    z, e = complex(R_OHM, X_OHM), v_pu * KV * 1e3 / 3**0.5
    u = 1.05 * KV * 1e3 / 3**0.5
    shares = np.linspace(0.0, 1.0, 100001)
    s = 1e3 / 3 * (KW * (1.05**P_EXPONENT * (1 - shares) + shares))
    s = s + 1j * 1e3 / 3 * kvar * (1.05**Q_EXPONENT * (1 - shares) + shares)
    # |e| that holds the load at u: e = u + z conj(s / u)
    missing = np.abs(u + z * np.conj(s) / u) - e
    return float(shares[np.argmin(np.abs(missing))])


def test_a_load_that_can_rest_on_neither_side_rests_at_its_limit() -> None:
    resting = 0
    for v_pu in np.linspace(1.03, 1.06, 61).tolist():
        flow = Network.of(_grid(v_pu, LEADING)).solve(controls="off")
        assert flow.converged
        if np.abs(flow.v_pu - 1.05).max() < 1e-6:
            resting += 1
            share = _between(LEADING, v_pu)
            p_kw = KW * (1.05**P_EXPONENT * (1 - share) + share)
            q_kvar = LEADING * (1.05**Q_EXPONENT * (1 - share) + share)
            taken = complex(flow.power_kva("loads")[0])
            assert abs(taken - complex(p_kw, q_kvar)) < 1e-3 * abs(taken)
            assert _unbalanced_share(flow) < 1e-6
            _peer(v_pu, LEADING)
            assert _peer_solved() is None
    assert resting >= 3


def _unbalanced_share(flow: Flow) -> float:
    """The largest sum of currents at a node, of the largest current."""
    here = flow.terminals.node >= 0
    total = np.zeros(len(flow.v_v), complex)
    np.add.at(total, flow.terminals.node[here], flow.i_a[here])
    return float(np.abs(total).max() / np.abs(flow.i_a).max())


def _starts(state: State, s_va: Complexes, v: Complexes) -> Iterator[Complexes]:
    yield 0.93 * v
    yield 1.07 * v
    yield iterate(state, 0.3 * s_va).v_v
    yield iterate(state, 1.4 * s_va).v_v


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31))
def test_the_answer_is_one_wherever_the_iteration_starts(seed: int) -> None:
    grid, scale = beside_jumps(seed)
    network, normal, demand = Network.of(grid), Snapshot.normal(grid), scaled(grid, scale)
    state, s_va = prepare(network, demand), powers(network.legs, demand)
    found = iterate(state, s_va)
    assert found.converged
    for start in _starts(state, s_va, found.v_v):
        again = iterate(state, s_va, start)
        assert again.converged
        assert _apart_pu(state, again.v_v, found.v_v) < 1e-9
    elsewhere = iterate(prepare(network, normal), s_va)
    assert _apart_pu(state, elsewhere.v_v, found.v_v) < 1e-9
    standing = stand(network, normal)
    resolve(standing, normal)
    assert _apart_pu(state, resolve(standing, demand).v_v, found.v_v) < 1e-9


def test_loads_take_what_their_own_voltages_say() -> None:
    sliding = 0
    for seed in (*range(300), *INTRICATE):
        grid, scale = beside_jumps(seed)
        network = Network.of(grid)
        flow = network.solve(scaled(grid, scale), controls="off")
        assert flow.converged
        # currents of loads are found from voltages alone: they balance where all belong
        assert _unbalanced_share(flow) < 1e-5, seed
        sliding += int((np.abs(beyond(network.legs, flow.v_v)) < 1e-6).any())
    assert sliding > 10


def _j1_hours(steps: int) -> tuple[State, list[Complexes]]:
    path = master("J1")
    if path is None:
        pytest.skip("the feeders are not here: set GRIDMEND_DATA to their folder")
    network = Network.of(read(path))
    snapshot = network.solve().snapshot
    rng = np.random.default_rng(1)
    phase = rng.random((16, 1))
    shapes = 0.6 + 0.3 * np.sin(2 * np.pi * (np.arange(steps) / 24 + phase))
    each = shapes[network.legs.element % 16] * powers(network.legs, snapshot)[:, None]
    return prepare(network, snapshot), list(each.T)


def test_every_hour_of_a_feeder_among_its_jumps_has_its_answer() -> None:
    state, hours = _j1_hours(24)
    legs, before, at_limit = state.network.legs, np.zeros_like(state.driven), 0
    for s_va in hours:
        found = iterate(state, s_va)
        assert found.converged
        for start in (0.95 * found.v_v, 1.05 * found.v_v, before):
            if start.any():
                again = iterate(state, s_va, start)
                assert _apart_pu(state, again.v_v, found.v_v) < 1e-9
        by: Floats = beyond(legs, found.v_v)
        at_limit += int((np.abs(by) < 1e-6).any())
        before = found.v_v
    assert at_limit > 0


@pytest.mark.parametrize("limit", [0.95, 1.05])
def test_a_slope_beside_a_jump_is_that_of_its_side(limit: float) -> None:
    state, s_va = _case(1.0, LAGGING)
    legs = state.network.legs
    turn = np.exp(-2j * np.pi / 3 * np.arange(3))
    for side in (-1, 1):
        close, clear = (
            slopes(legs, s_va, turn * limit * (1 + side * off) * legs.rated_v)
            for off in (1e-8, 1e-4)
        )
        np.testing.assert_allclose(close, clear, rtol=1e-3, atol=1e-3 * np.abs(clear).max())
