"""What protection does and which switches isolate."""

from __future__ import annotations

import numpy as np
import pytest

from gridmend.formats.read import read
from gridmend.model.grid import Grid
from gridmend.model.plan import Action
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.fault import isolate
from gridmend.operations.restoration import restore


@pytest.fixture(scope="module")
def grid() -> Grid:
    return read("ieee123")


def test_the_feeder_breaker_trips_on_every_line(grid: Grid) -> None:
    topology = Topology.of(grid)
    snapshot = Snapshot.normal(grid)
    for line in grid.lines:
        found = isolate(grid, snapshot, line, topology=topology)
        assert found.opened_by_protection == ("Sw1",)
        assert found.sources_off == ()
        assert not topology.energised(found.tripped)[topology.nodes_of(line)].any()


def test_after_isolation_no_closed_switch_leads_to_the_fault(grid: Grid) -> None:
    topology = Topology.of(grid)
    for line in grid.lines:
        found = isolate(grid, Snapshot.normal(grid), line, topology=topology)
        of_bus, _ = topology.islands(found.isolated)
        faulted = of_bus[topology.wiring.node_bus[topology.nodes_of(line)]]
        island = np.flatnonzero(of_bus == faulted[0])
        assert found.zone[found.sections.of_bus[island]].all()


def test_the_nearest_protective_device_trips_and_not_the_next(grid: Grid) -> None:
    recloser = grid.with_changed("Sw2", kind="recloser", interrupts="fault")
    found = isolate(recloser, Snapshot.normal(recloser), "L52")
    assert found.opened_by_protection == ("Sw2",)
    assert found.isolated_by == ("Sw2", "Sw4", "Sw6")
    upstream = isolate(recloser, Snapshot.normal(recloser), "L115")
    assert upstream.opened_by_protection == ("Sw1",)


def test_a_fuse_blows_but_is_not_operated(grid: Grid) -> None:
    fused = grid.with_changed("Sw3", kind="fuse")
    found = isolate(fused, Snapshot.normal(fused), "L36")
    assert found.opened_by_protection == ("Sw3",)
    behind = isolate(fused, Snapshot.normal(fused), "L115")
    assert "Sw3" not in behind.to_open


def test_a_fault_fed_from_two_sides_trips_both(grid: Grid) -> None:
    ties = grid.with_changed("Sw11", kind="breaker", interrupts="fault")
    snapshot = Snapshot.normal(ties).with_switches(ties, {"Sw11": False, "Sw5": False})
    found = isolate(ties, snapshot, "L105")
    assert set(found.opened_by_protection) == {"Sw1", "Sw11"}


def test_without_protective_devices_the_first_switch_stands_in() -> None:
    grid = read("ieee8500")
    found = isolate(grid, Snapshot.normal(grid), "LN6229816-1")
    assert found.opened_by_protection == ("A8735_48332_sw",)
    assert "taken for the feeder's breaker" in found.notes[0]


def test_remote_switches_isolate_first(grid: Grid) -> None:
    by_hand = grid.with_changed("Sw2", remote=False)
    found = isolate(by_hand, Snapshot.normal(by_hand), "L52")
    assert found.to_open == ("Sw4", "Sw6", "Sw2")


def test_out_of_service_trips_nothing(grid: Grid) -> None:
    without = grid.with_changed("L32", in_service=False)
    found = isolate(without, Snapshot.normal(without), "L32")
    assert found.opened_by_protection == ()
    assert "out of service" in found.notes[0]


def test_a_fault_on_fewer_phases_than_trip_says_that_the_healthy_ones_wait_too(grid: Grid) -> None:
    snapshot, topology = Snapshot.normal(grid), Topology.of(grid)
    for line, phases in zip(grid.lines, grid.lines.texts("phases1"), strict=True):
        notes = " ".join(isolate(grid, snapshot, line, topology=topology).notes)
        healthy = [phase for phase in "abc" if phase not in phases.lower().split()]
        assert ("opens all its poles together" in notes) == bool(healthy)
        assert f"has no phase {' nor '.join(healthy)}" in notes or not healthy


def test_another_fault_that_is_dead_stays_so_and_is_cut_off_only_beside_what_is_fed(
    grid: Grid,
) -> None:
    topology, normal = Topology.of(grid), Snapshot.normal(grid)
    tripped = isolate(grid, normal, "L52", topology=topology).tripped
    for other in ("line.l36", "line.l69", "line.l105"):
        both = restore(grid, normal, "line.l52", also=[other], now=tripped, topology=topology)
        aside = restore(grid, normal, "line.l52", avoid=[other], now=tripped, topology=topology)
        assert aside.customers_restored == both.customers_restored
        assert len(aside.steps) <= len(both.steps)
        found = isolate(grid, normal, "line.l52", avoid=[other], now=tripped, topology=topology)
        assert found.aside, "its switches are known"
        assert set(found.aside) < set(found.to_open), "those around the fault itself open anyhow"
        now = tripped
        for step in aside.steps:
            now = now.with_switch(grid, step.device, is_open=step.action is Action.OPEN)
            live = topology.energised(now)
            assert not live[topology.nodes_of(other)].any()
            assert not live[topology.nodes_of("line.l52")].any()
