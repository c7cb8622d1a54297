from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridmend
from gridmend.formats.opendss import read
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot, conductor_mask
from gridmend.powerflow import update
from gridmend.powerflow.assembly import assemble
from gridmend.powerflow.controls.static import Settling, settle, settle_from
from gridmend.powerflow.factor import factorise
from gridmend.powerflow.iteration import direct, iterate, prepare
from gridmend.powerflow.legs import powers
from gridmend.powerflow.network import Network
from gridmend.powerflow.standing import Standing, stand
from gridmend.powerflow.update import catch_up, resolve
from tests.powerflow.networks import KV, PHASES, feeders
from tests.powerflow.script_devices import script

CONTINUOUS = ("constant_power", "constant_impedance", "constant_current")
"""Models whose current has no jump at a voltage limit; with a jump, two solutions may stand."""

LIMITED = settings(max_examples=30, deadline=None)
MICRO_OHM_PU = 2e-8
"""What the rounding of the switches of a micro-ohm in the IEEE feeders leaves undetermined: 6e-9 in
the median, twice that where columns made in another order meet."""


def switched(grid: Grid, rng: np.random.Generator) -> Grid:
    """The feeder with every second line a switch, and a tie across it."""
    lines, made = grid.lines, list[dict[str, object]]()
    for at in range(0, len(lines), 2):
        made.append(
            {
                "name": f"sw{at}",
                "bus1": lines["bus1"][at],
                "bus2": lines["bus2"][at],
                "phases1": PHASES,
                "phases2": PHASES,
                "r_ohm": 0.1 * np.eye(3),
                "x_ohm": 0.05 + 0.2 * np.eye(3),
                "c_nf": 3.0 * np.eye(3),
                "normally_open": bool(rng.random() < 0.2),
            }
        )
    tie = {"name": "tie", "bus1": "b0", "bus2": f"b{len(lines) // 2}", "normally_open": True}
    grid = grid.without(*(f"line.{name}" for name in lines["name"][::2]))
    return grid.with_rows("switches", *made, {**made[0], **tie})


def any_move(grid: Grid, snapshot: Snapshot, rng: np.random.Generator) -> Snapshot:
    """The snapshot with one or two devices elsewhere, or with another demand."""
    kind = rng.integers(8)
    if kind < 4 and len(grid.switches):
        at, positions = rng.integers(len(grid.switches)), snapshot.open_phases.copy()
        whole = conductor_mask(grid.switches)[at]
        positions[at] = [0, whole, 0b010, 0b101, 0b011][rng.integers(5)]
        return replace(snapshot, open_phases=positions)
    if kind == 4 and len(grid.windings):
        tap_pu = snapshot.tap_pu.copy()
        tap_pu[rng.integers(len(tap_pu))] += 0.00625 * rng.integers(-4, 5)
        return snapshot.with_taps(tap_pu)
    if kind == 5 and len(grid.capacitors):
        steps = snapshot.steps_on.copy()
        steps[rng.integers(len(steps))] = rng.integers(2)
        return snapshot.with_capacitors(steps)
    if kind == 6:
        used = snapshot.source_on.copy()
        used[rng.integers(len(used))] ^= True
        return replace(snapshot, source_on=used)
    by = rng.uniform(0.2, 1.2, len(grid.loads))
    return snapshot.with_demand(by * snapshot.load_kw, by * snapshot.load_kvar)


def assert_prepared(standing: Standing, snapshot: Snapshot) -> None:
    """All that a state is made of is what it would be if it were prepared from nothing."""
    state, fresh = standing.state, prepare(standing.state.network, snapshot)
    for name in ("values", "diagonal", "upper", "driven", "alive", "floating"):
        np.testing.assert_array_equal(getattr(state, name), getattr(fresh, name), err_msg=name)
    with_legs = assemble(state.network, state.values, state.admittance)
    np.testing.assert_array_equal(standing.diagonal, with_legs[0])
    np.testing.assert_array_equal(standing.upper, with_legs[1])
    if not len(fresh.floating):
        of, here = state.network.active, standing.live[state.network.first :]
        columns = np.repeat(np.arange(of.n), np.diff(of.start))
        here = np.concatenate([here, here[columns] & here[of.rows]])
        left = np.abs(fresh.rest[here]).max(initial=0.0)
        np.testing.assert_allclose(state.rest[here], fresh.rest[here], rtol=1e-9, atol=1e-9 * left)
        assert catch_up(standing)
        remade = factorise(state.factor.pattern, standing.diagonal, standing.upper, standing.live)
        v = direct(replace(state, factor=remade), state.driven)
        np.testing.assert_allclose(
            direct(state, state.driven), v, rtol=0, atol=1e-6 * np.abs(v).max(initial=1.0)
        )


def apart_pu(standing: Standing, snapshot: Snapshot) -> float:
    """How far a move ends from a solve from nothing; neither need have a solution."""
    state, solution = standing.state, resolve(standing, snapshot)
    network = state.network
    fresh = iterate(prepare(network, snapshot), powers(network.legs, snapshot))
    assert solution.converged == fresh.converged
    if not fresh.converged:
        return 0.0
    return float(np.max(np.abs(solution.v_v - fresh.v_v) / network.nodes.base_v, initial=0.0))


@LIMITED
@given(feeders(CONTINUOUS), st.integers(0, 2**31))
def test_a_network_that_moves_ends_where_one_solved_from_nothing_stands(
    grid: Grid, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    grid = switched(grid, rng)
    network, snapshot = Network.of(grid), Snapshot.normal(grid)
    standing = stand(network, snapshot)
    for _ in range(12):
        assert apart_pu(standing, snapshot) < 1e-9
        assert_prepared(standing, snapshot)
        snapshot = any_move(grid, snapshot, rng)


@pytest.mark.parametrize("first", range(0, 100, 25))
def test_random_scripts_move_to_what_they_are_prepared_as(first: int, tmp_path: Path) -> None:
    for seed in range(first, first + 25):
        master = tmp_path / f"{seed}.dss"
        master.write_text("\n".join(script(seed)) + "\n")
        grid, rng = read(master), np.random.default_rng(seed)
        network, snapshot = Network.of(grid), Snapshot.normal(grid)
        standing = stand(network, snapshot)
        for _ in range(8):
            resolve(standing, snapshot)
            assert_prepared(standing, snapshot)
            snapshot = any_move(grid, snapshot, rng)


def every_move(grid: Grid, snapshot: Snapshot) -> Iterator[Snapshot]:
    """Each switch, tap and capacitor elsewhere, one by one."""
    masks = conductor_mask(grid.switches)
    for at, mask in enumerate(masks):
        positions = snapshot.open_phases.copy()
        positions[at] ^= mask
        yield replace(snapshot, open_phases=positions)
    for at in range(len(grid.windings)):
        tap_pu = snapshot.tap_pu.copy()
        tap_pu[at] += 0.00625
        yield snapshot.with_taps(tap_pu)
    for at, on in enumerate(snapshot.steps_on):
        steps = snapshot.steps_on.copy()
        steps[at] = 0 if on else 1
        yield snapshot.with_capacitors(steps)


@pytest.mark.parametrize("name", ["ieee13", "ieee123"])
def test_every_switch_tap_and_capacitor_of_a_feeder_moves_and_moves_back(name: str) -> None:
    grid = gridmend.read(name)
    network, normal = Network.of(grid), Snapshot.normal(grid)
    standing = stand(network, normal)
    for moved in every_move(grid, normal):
        for snapshot in (moved, normal):
            assert apart_pu(standing, snapshot) < MICRO_OHM_PU
            assert_prepared(standing, snapshot)


def string(*, load_kw: float = 100.0) -> Grid:
    """Three switches in a row from the source, a load at the end of each."""
    grid = Grid("string").with_rows("buses", *({"name": f"b{k}", "base_kv": KV} for k in range(4)))
    source = {"name": "s", "bus": "b0", "base_kv": KV, "x1_ohm": 0.5, "x0_ohm": 0.7}
    grid = grid.with_rows("sources", source)
    ohms = {"r_ohm": 0.1 * np.eye(3), "x_ohm": 0.2 * np.eye(3)}
    ends = {"phases1": PHASES, "phases2": PHASES, **ohms}
    for k in range(3):
        row = {"name": f"s{k}", "bus1": f"b{k}", "bus2": f"b{k + 1}", **ends}
        load = {"name": f"d{k}", "bus": f"b{k + 1}", "phases": "a b c g", "kv": KV}
        grid = grid.with_rows("switches", row)
        grid = grid.with_rows("loads", {**load, "p_kw": load_kw, "q_kvar": load_kw / 3})
    return grid


def test_an_island_that_changed_while_it_was_dead_lives_again_as_it_now_is() -> None:
    grid = string()
    network, normal = Network.of(grid), Snapshot.normal(grid)
    standing = stand(network, normal)
    steps = [normal, normal.with_switch(grid, "s0", is_open=True)]
    steps.append(steps[-1].with_switch(grid, "s2", is_open=True))
    steps.append(steps[-1].with_switch(grid, "s0", is_open=False))
    steps.append(steps[-1].with_switch(grid, "s2", is_open=False))
    live: list[int] = []
    for snapshot in steps:
        assert apart_pu(standing, snapshot) < 1e-9
        assert_prepared(standing, snapshot)
        live.append(int(standing.state.alive.sum()))
    assert live == [12, 3, 3, 9, 12]


def floating() -> Grid:
    """A delta winding behind a switch, which has no path to ground once that is open."""
    grid = string()
    grid = grid.with_rows("buses", {"name": "low", "base_kv": 0.48})
    grid = grid.with_rows("transformers", {"name": "t", "x_pct": (4.0,)})
    high = {"bus": "b1", "phases": "a b c g", "kv": KV}
    low = {"bus": "low", "phases": "a b c", "kv": 0.48, "connection": "delta"}
    for number, side in ((1, high), (2, low)):
        row = {"name": f"t:{number}", "transformer": "t", "number": number, "kva": 300.0}
        grid = grid.with_rows("windings", {**row, **side, "r_pct": 0.5})
    bank = {"name": "c", "bus1": "low", "phases1": PHASES, "bus2": "low", "phases2": "g g g"}
    return grid.with_rows("capacitors", {**bank, "kv": 0.48, "step_kvar": (30.0,)})


@pytest.mark.parametrize("model", ["constant_current", "constant_power", "constant_impedance"])
@pytest.mark.parametrize("open_poles", [0b101, 0b011, 0b110])
def test_a_delta_load_behind_one_closed_pole_draws_nothing(model: str, open_poles: int) -> None:
    ends = {"phases1": PHASES, "phases2": PHASES, "r_ohm": 0.1 * np.eye(3), "x_ohm": np.eye(3)}
    source = {"name": "s", "bus": "b0", "base_kv": KV, "x1_ohm": 0.5, "x0_ohm": 0.7}
    load = {"name": "d", "bus": "b1", "phases": PHASES, "connection": "delta", "kv": KV}
    grid = Grid("delta").with_rows("buses", *({"name": b, "base_kv": KV} for b in ("b0", "b1")))
    grid = grid.with_rows("sources", source)
    grid = grid.with_rows("switches", {"name": "w", "bus1": "b0", "bus2": "b1", **ends})
    grid = grid.with_rows("loads", {**load, "p_kw": 100.0, "model": model, "v_min_pu": 0.7})
    network, normal = Network.of(grid), Snapshot.normal(grid)
    standing = stand(network, normal)
    resolve(standing, normal)
    one = replace(normal, open_phases=np.array([open_poles], np.uint8))
    found = resolve(standing, one)
    behind = np.abs(found.v_v[3:]) / network.nodes.base_v[3:]
    assert found.converged
    np.testing.assert_allclose(behind, 1.0, atol=1e-3)
    assert apart_pu(standing, normal) < 1e-9


def test_what_lives_again_has_columns_of_its_own_though_a_tap_moved_before_it_died() -> None:
    grid = floating()
    network, normal = Network.of(grid), Snapshot.normal(grid)
    standing = stand(network, normal)
    tap_pu = normal.tap_pu.copy()
    tap_pu[0] += 0.00625
    tapped = normal.with_taps(tap_pu)
    dead = tapped.with_switch(grid, "s0", is_open=True)
    for snapshot in (normal, tapped, dead, tapped):
        resolve(standing, snapshot)
    assert_prepared(standing, tapped)


def test_a_part_that_starts_to_float_is_prepared_from_nothing_and_named() -> None:
    grid = floating()
    network, normal = Network.of(grid), Snapshot.normal(grid)
    standing = stand(network, normal)
    off = normal.with_capacitors(np.array([0]))
    for snapshot, parts in ((normal, 0), (off, 1), (normal, 0), (off, 1)):
        assert apart_pu(standing, snapshot) < 1e-9
        assert_prepared(standing, snapshot)
        assert len(standing.state.floating) == parts


@pytest.mark.parametrize("table", ["tap", "switch"])
def test_where_no_factor_is_left_after_a_move_the_network_is_prepared_anew(
    table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = gridmend.read("ieee123")
    network, normal = Network.of(grid), Snapshot.normal(grid)
    standing = stand(network, normal)
    resolve(standing, normal)
    moved = normal.with_taps(normal.tap_pu + 0.0125 * (np.arange(len(normal.tap_pu)) == 2))
    if table == "switch":
        moved = normal.with_poles(0, 7, is_open=True)
    monkeypatch.setattr(update, "refactor", lambda *_: False)
    assert apart_pu(standing, moved) < MICRO_OHM_PU
    assert np.isfinite(standing.state.rest).all()


def test_static_control_carried_from_step_to_step_settles_as_from_nothing() -> None:
    grid = gridmend.read("ieee123")
    network, snapshot = Network.of(grid), Snapshot.normal(grid)
    settling, moved = Settling.of(network), 0
    kw, kvar = snapshot.load_kw, snapshot.load_kvar
    for factor in (1.0, 0.4, 0.9, 1.2, 0.3):
        snapshot = snapshot.with_demand(factor * kw, factor * kvar)
        carried, fresh = settle_from(settling, snapshot), settle(network, snapshot)
        np.testing.assert_array_equal(carried.snapshot.tap_pu, fresh.snapshot.tap_pu)
        np.testing.assert_array_equal(carried.snapshot.steps_on, fresh.snapshot.steps_on)
        apart = np.abs(carried.v_v - fresh.v_v) / network.nodes.base_v
        assert apart.max() < MICRO_OHM_PU
        moved += carried.control_iterations - 1
        snapshot = carried.snapshot
    assert moved > 0


def test_a_neutral_that_only_a_load_joins_lives_while_the_load_takes_something() -> None:
    neutral = {"name": "d", "bus": "b3", "phases": "a n", "kv": KV / 3**0.5, "p_kw": 1.0}
    grid = string().with_rows("loads", neutral)
    network, normal = Network.of(grid), Snapshot.normal(grid)
    taken = normal.load_kw * np.array([1, 1, 1, 0])
    none = normal.with_demand(taken, normal.load_kvar)
    standing = stand(network, normal)
    for snapshot, live in ((normal, 13), (none, 12), (normal, 13)):
        resolve(standing, snapshot)
        assert_prepared(standing, snapshot)
        assert standing.state.alive.sum() == live


def test_a_demand_beyond_the_collapse_does_not_spoil_what_comes_after() -> None:
    grid = string()
    for column in ("v_low_pu", "v_min_pu"):
        grid = grid.with_tables(loads=grid.loads.with_column(column, [0.0] * 3))
    network, normal = Network.of(grid), Snapshot.normal(grid)
    heavy = normal.with_demand(1e4 * normal.load_kw, 1e4 * normal.load_kvar)
    standing = stand(network, normal)
    assert not resolve(standing, heavy).converged
    assert apart_pu(standing, normal) < 1e-9
