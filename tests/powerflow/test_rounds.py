"""Newton's rounds: taken at once or little by little, and in arrays that a solve before left."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest

import gridmend
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.chord import linearised, sloped
from gridmend.powerflow.iteration import direct, iterate, prepare
from gridmend.powerflow.legs import powers
from gridmend.powerflow.network import Network
from gridmend.powerflow.rounds import THERE, Way, by_place, rounds_to
from gridmend.powerflow.spare import Spare
from gridmend.powerflow.standing import copied, stand
from gridmend.powerflow.update import resolve


@pytest.mark.parametrize("name", ["ieee34", "ieee123", "ieee8500"])
def test_rounds_taken_in_two_parts_are_those_taken_at_once(name: str) -> None:
    network = Network.of(gridmend.read(name))
    normal = Snapshot.normal(network.grid)
    state, s_va = prepare(network, normal), powers(network.legs, normal)
    v = direct(state, state.driven)

    def after(*within_pu: float) -> tuple[Any, int]:
        line = linearised(state, s_va, v)
        x, driven = by_place(network.place, state.alive, v, network.nodes.base_v, state.driven)
        way, m = Way(worst=network.first), sloped(state, line)
        for within in within_pu:
            way, why = rounds_to(m, s_va, None, driven, x, line.rooms, way, 9.0, within)
            assert why == THERE
        return x, way.rounds

    x, rounds = after(1e-12)
    for stop in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8):
        again, as_many = after(stop, 1e-12)
        assert as_many == rounds
        np.testing.assert_array_equal(again, x)


def some_snapshots(grid: Grid, count: int) -> list[Snapshot]:
    """Demands and positions of every kind, drawn from one seed."""
    rng, normal, found = np.random.default_rng(5), Snapshot.normal(grid), list[Snapshot]()
    for _ in range(count):
        by = rng.uniform(0.2, 1.1, (2, len(grid.loads)))
        snapshot = normal.with_demand(by[0] * normal.load_kw, by[1] * normal.load_kvar)
        steps = rng.integers(0, 2, len(grid.capacitors))
        taps = normal.tap_pu + 0.00625 * rng.integers(-2, 3, len(normal.tap_pu))
        snapshot = snapshot.with_capacitors(steps).with_taps(taps)
        if len(grid.switches):
            row = int(rng.integers(len(grid.switches)))
            snapshot = snapshot.with_poles(row, int(rng.integers(8)), is_open=True)
        found.append(snapshot)
    return found


@pytest.mark.parametrize("name", ["ieee13", "ieee123"])
def test_solves_in_memory_that_others_left_are_those_of_a_network_of_their_own(name: str) -> None:
    grid = gridmend.read(name)
    network, snapshots = Network.of(grid), some_snapshots(grid, 12)
    alone = [Network.of(grid).solve(snapshot, controls="off") for snapshot in snapshots]
    flows = [network.solve(snapshot, controls="off") for snapshot in snapshots]
    for flow, expected in zip(flows, alone, strict=True):
        np.testing.assert_array_equal(flow.v_v, expected.v_v)
        np.testing.assert_array_equal(flow.i_a, expected.i_a)


def test_solves_of_one_network_in_several_threads_do_not_disturb_each_other() -> None:
    grid = gridmend.read("ieee123")
    network, snapshots = Network.of(grid), some_snapshots(grid, 24)
    alone = [network.solve(snapshot, controls="off").v_v for snapshot in snapshots]
    with ThreadPoolExecutor(4) as pool:
        flows = list(pool.map(lambda s: network.solve(s, controls="off"), 4 * snapshots))
    for flow, expected in zip(flows, 4 * alone, strict=True):
        np.testing.assert_array_equal(flow.v_v, expected)


def test_memory_is_handed_to_one_solve_alone_and_what_is_kept_of_it_is_bounded() -> None:
    spare = Spare()
    left = [np.full(6, 1j * k) for k in range(5)]
    spare.leave(*left[:4])
    taken = [spare.array(6) for _ in range(3)]
    assert sum(any(one is other for other in left) for one in taken) == 2
    assert not np.shares_memory(taken[0], taken[1])
    assert spare.array(7).shape == (7,)
    spare.leave(left[4][:2])
    assert spare.array(6) is left[4]


def test_two_solves_at_once_do_not_work_in_the_same_arrays() -> None:
    network = Network.of(gridmend.read("ieee13"))
    normal = Snapshot.normal(network.grid)
    state, s_va = prepare(network, normal), powers(network.legs, normal)
    iterate(state, s_va)
    v = direct(state, state.driven)
    one, other = linearised(state, s_va, v), linearised(state, s_va, v)
    assert not _shared(one, other)


def test_a_copy_of_where_a_network_stands_shares_nothing_that_moving_changes() -> None:
    network = Network.of(gridmend.read("ieee13"))
    normal = Snapshot.normal(network.grid)
    standing = stand(network, normal)
    resolve(standing, normal)
    first = copied(standing)
    for other in (first, copied(standing, first)):
        shared = _shared(standing, other)
        # what a move puts others in the place of, and what never changes
        stay = {"s_va", "line_s_va", "solved_s_va", "driven", "alive", "admittance", "floating"}
        stay |= {"roots", "loose", "may_part", "parts", "live", "v_v", "anchored"}
        assert shared <= stay


def _shared(one: object, other: object) -> set[str]:
    """The names of arrays that two of a kind have in common."""
    arrays = dict(_arrays(one)), dict(_arrays(other))
    return {
        name.rpartition(".")[2]
        for name, array in arrays[0].items()
        if array.size and np.shares_memory(array, arrays[1][name])
    }


def _arrays(of: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(of, np.ndarray):
        yield name, of
    elif isinstance(of, tuple):
        for at, part in enumerate(of):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            yield from _arrays(part, f"{name}[{at}]")
    elif is_dataclass(of) and not isinstance(of, (Network, Snapshot)):
        for field in fields(of):
            if field.name not in ("network", "pattern", "active", "snapshot"):
                yield from _arrays(getattr(of, field.name), f"{name}.{field.name}")
