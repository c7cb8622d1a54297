from __future__ import annotations

import numpy as np
import pytest

import gridmend
from gridmend.model.errors import GridError, GridmendError
from gridmend.model.grid import Grid
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.powerflow.network import Network
from gridmend.powerflow.shorts import Short
from gridmend.twin.agenda import Agenda
from gridmend.twin.guards import Guards
from gridmend.twin.plant import Fault, Plant
from gridmend.twin.protection.recloser import Recloser
from gridmend.twin.strikes import bolted
from gridmend.twin.world import World

DAY = 0.5 + 0.5 * np.sin(np.linspace(0, np.pi, 96)) ** 2


@pytest.fixture(scope="module")
def grid() -> Grid:
    return gridmend.read("ieee123")


@pytest.fixture(scope="module")
def network(grid: Grid) -> Network:
    return Network.of(grid)


@pytest.fixture
def world(network: Network) -> World:
    series = Series.scaled(Snapshot.normal(network.grid), DAY, step_s=900.0)
    return World.of(network, series)


def test_the_flow_follows_the_demand_and_is_that_of_a_solve_from_nothing(world: World) -> None:
    taken = []
    while world.next_s() < 6 * 3600:
        world.go_to(world.next_s())
        alone = world.network.solve(world.snapshot, controls="off")
        base = world.network.nodes.base_v
        assert np.max(np.abs(world.flow.v_v - alone.v_v) / base) < 1e-8
        taken.append(float(world.flow.power_kva("loads").real.sum()))
    assert len(taken) >= 23
    assert taken[-1] > 1.2 * taken[0]


def test_nothing_is_solved_while_nothing_changes(world: World) -> None:
    solved = world.solved
    for now_s in np.linspace(1, 14, 50):
        world.go_to(float(now_s))
    assert world.solved == solved


def test_a_regulator_acts_when_its_delay_has_run_out_and_not_before(network: Network) -> None:
    demand = [0.4] + [1.1] * 20
    series = Series.scaled(Snapshot.normal(network.grid), demand, step_s=900.0)
    world = World.of(network, series)
    taps = world.snapshot.tap_pu
    world.go_to(900.0)
    assert np.array_equal(world.snapshot.tap_pu, taps)
    due_s = world.next_s()
    assert due_s - 900.0 >= 15.0
    world.go_to(due_s - 0.001)
    assert np.array_equal(world.snapshot.tap_pu, taps)
    world.go_to(due_s)
    assert not np.array_equal(world.snapshot.tap_pu, taps)


def test_controls_come_to_where_time_mode_brings_them(network: Network) -> None:
    series = Series.scaled(Snapshot.normal(network.grid), DAY[:24], step_s=900.0)
    world = World.of(network, series)
    while world.next_s() < 24 * 900.0 - 1:
        world.go_to(world.next_s())
    bands = network.solve(world.snapshot, controls="static")
    moved = np.abs(bands.snapshot.tap_pu - world.snapshot.tap_pu) / 0.00625
    assert np.all(moved < 0.5), "every regulator has its voltage in band at the end"


def test_while_a_fault_burns_taps_stand_still_and_go_on_after(world: World) -> None:
    taps = world.snapshot.tap_pu
    world.short(Short("line.L52", ("a", "b", "c"), 0.5, share=0.5))
    world.go_to(1.0)
    assert world.is_faulted
    assert np.abs(world.flow.i_a).max() > 1000
    world.go_to(60.0)
    assert np.array_equal(world.snapshot.tap_pu, taps)
    world.short()
    world.go_to(61.0)
    assert not world.is_faulted
    alone = world.network.solve(world.snapshot, controls="off")
    assert np.max(np.abs(world.flow.v_v - alone.v_v) / world.network.nodes.base_v) < 1e-8


def test_a_fault_that_is_cut_off_burns_no_more_and_does_again_when_it_is_fed(world: World) -> None:
    grid, fault = world.grid, Short("line.L52", ("a",), 1.0)
    world.short(fault)
    world.go_to(1.0)
    assert world.is_live(fault)
    world.put(world.snapshot.with_switch(grid, "Sw1", is_open=True))
    world.go_to(2.0)
    assert not world.is_live(fault)
    assert not world.supplied().all()
    world.put(world.snapshot.with_switch(grid, "Sw1", is_open=False))
    world.go_to(3.0)
    assert world.is_live(fault)


def test_ders_give_the_share_that_they_are_told(network: Network) -> None:
    pv = {"name": "p1", "bus": "65", "phases": "a b c g", "kv": 4.16, "panel_kw": 300.0,
          "irradiance_pu": 1.0, "rating_kva": 400.0}  # fmt: skip
    grid = network.grid.with_rows("pv_systems", pv)
    world = World.of(Network.of(grid), Series.scaled(Snapshot.normal(grid), [1.0] * 4))
    whole = world.flow.power_kva("pv_systems").real.sum()
    world.give("pv_kw", np.array([0.25]))
    world.go_to(1.0)
    assert world.flow.power_kva("pv_systems").real.sum() == pytest.approx(whole / 4, rel=1e-3)


def test_what_cannot_be_is_refused(world: World) -> None:
    world.go_to(10.0)
    with pytest.raises(GridmendError, match="does not go back"):
        world.go_to(9.0)
    with pytest.raises(GridError, match="l999"):
        world.short(Short("line.l999", ("a",)))
    with pytest.raises(GridmendError, match="without steps"):
        World.of(world.network, Series(world.snapshot, np.empty((1, 0))))


def test_controls_stand_still_for_a_fault_that_goes_and_act_under_one_that_stays(
    world: World,
) -> None:
    short = Short("line.L52", ("a",), 20.0, share=0.5)
    world.short(short)
    world.solve()
    taps = world.snapshot.tap_pu.copy()
    assert world.next_s() == 10.0, "until then nothing moves"
    while world.next_s() < 300.0:
        world.go_to(world.next_s())
    assert world.is_faulted
    assert not np.array_equal(world.snapshot.tap_pu, taps)


def test_a_regulator_at_the_end_of_its_range_waits_for_the_voltage_and_for_nothing_else(
    grid: Grid,
) -> None:
    weak = grid.with_changed("source.source", v_pu=0.92)
    rising = Series.scaled(Snapshot.normal(weak), [0.2, 1.2, 1.2, 1.2], step_s=3600.0)
    world = World.of(Network.of(weak), rising)
    while world.next_s() < 7000.0:
        world.go_to(world.next_s())
        assert world.solved < 300, "taps are asked for without end"
    assert (world.snapshot.tap_pu >= weak.windings.numbers("tap_max_pu") - 1e-9).any()


def test_a_source_is_guarded_for_the_load_that_it_may_have_to_carry(network: Network) -> None:
    topology = Topology.of(network.grid)
    flow = network.solve(Snapshot.normal(network.grid), controls="static")
    guard = Guards.of(network, topology, flow)["neighbour_350"]
    assert isinstance(guard.device, Recloser)
    rated_a = 1800.0 / (np.sqrt(3) * 4.16)
    assert guard.device.settings.phase_pickup_a == pytest.approx(2.5 * rated_a)


def test_a_breaker_on_the_high_side_sees_a_fault_at_a_feeders_end() -> None:
    grid = gridmend.read("ieee13")
    network = Network.of(grid)
    series = Series.scaled(Snapshot.normal(grid), [1.0] * 4, step_s=900.0)
    world = World.of(network, series)
    guards = Guards.of(network, world.topology, world.flow)
    device = guards["source"].device
    assert isinstance(device, Recloser)
    assert device.settings.phase_pickup_a < 0.5 * 170.0, "half of what the fault brings there"
    plant = Plant(Agenda(), world, guards)
    plant.strike(Fault(bolted(grid, "671680")))
    plant.agenda.run_to(10.0)
    assert [h.payload["device"] for h in plant.happened if h.kind == "lock_out"] == ["source"]
