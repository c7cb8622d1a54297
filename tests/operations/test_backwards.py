"""A plan says which regulators would run away, fed backwards through a tie."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridmend.formats.read import read
from gridmend.model.grid import Grid
from gridmend.model.plan import Plan
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.backwards import run_away, told
from gridmend.operations.restoration import restore
from gridmend.powerflow.network import Network

SCRIPT = """
clear
new circuit.two basekv=12.47 pu=1.02 bus1=a
new vsource.second basekv=12.47 pu=1.0 bus1=h
new linecode.one nphases=3 r1=0.3 x1=0.6 r0=0.9 x0=1.8 c1=0 c0=0 units=km
new line.head bus1=a bus2=b switch=yes
new line.struck bus1=b bus2=c linecode=one length=1 units=km
new line.mid bus1=c bus2=d switch=yes
new line.near bus1=d bus2=e linecode=one length=1 units=km
new transformer.unit buses=(e f) conns=(wye wye) kvs=(12.47 12.47) kvas=(5000 5000) xhl=1
new regcontrol.keeper transformer=unit winding=2 vreg=122 band=2 ptratio=60
new line.far bus1=f bus2=g linecode=one length=1 units=km
new line.tie bus1=g bus2=h switch=yes
new load.one bus1=e kv=12.47 kw=800 kvar=200
new load.two bus1=g kv=12.47 kw=800 kvar=200
solve
"""
"""A regulator between two loads; a tie behind it, to a source of lower voltage than it holds."""


def street(folder: Path, **control: object) -> Grid:
    path = folder / "two.dss"
    path.write_text(SCRIPT)
    grid = read(path).with_changed("switch.tie", normally_open=True)
    return grid.with_changed("tap_control.keeper", **control) if control else grid


def planned(grid: Grid) -> Plan:
    return restore(grid, Snapshot.normal(grid), "line.struck")


def test_a_regulator_that_runs_away_is_named_in_the_reason(tmp_path: Path) -> None:
    plan = planned(street(tmp_path))
    (why,) = [reason for reason in plan.left_out if "refused" in reason]
    assert "load.one would have 0.9" in why and "below the limit of 0.9167" in why
    assert "keeper, fed backwards there without sensing it" in why
    assert "reverse_mode" in why


@pytest.mark.parametrize("mode", ["neutral", "regulate", "locked"])
def test_one_that_senses_it_lets_the_tie_feed_all(mode: str, tmp_path: Path) -> None:
    plan = planned(street(tmp_path, reverse_mode=mode, reverse_threshold_kw=1.0))
    assert plan.customers_restored == plan.customers_out == 2
    assert not plan.left_out


def test_only_one_fed_backwards_at_the_end_of_its_taps_runs_away(tmp_path: Path) -> None:
    grid = street(tmp_path)
    network, topology, normal = Network.of(grid), Topology.of(grid), Snapshot.normal(grid)
    assert run_away(topology, network.solve(normal), "load.two") == (), "fed forward"
    behind = normal.with_switches(grid, {"mid": True, "tie": False})
    still = network.solve(behind, controls="off")
    assert run_away(topology, still, "load.one") == (), "in the middle"
    flow = network.solve(behind)
    assert run_away(topology, flow, "load.one") == ("keeper",)
    assert run_away(topology, flow, "load.two") == (), "it is not on the way to that load"
    # forward at its end: the target is out of reach
    high = grid.with_changed("tap_control.keeper", target_v=140.0)
    forward = Network.of(high).solve(Snapshot.normal(high))
    assert run_away(Topology.of(high), forward, "load.two") == ()
    blocked = Topology.of(grid.with_changed("tap_control.keeper", in_service=False))
    assert run_away(blocked, flow, "load.one") == (), "blocked, it stands still"


def test_one_that_senses_more_than_runs_backwards_runs_away_too(tmp_path: Path) -> None:
    plan = planned(street(tmp_path, reverse_mode="regulate", reverse_threshold_kw=5000.0))
    assert any("keeper, fed backwards" in why and "threshold" in why for why in plan.left_out)


def test_many_are_counted_not_named() -> None:
    assert told(()) == ""
    assert "a, b, c and 2 more, fed backwards" in told(("a", "b", "c", "d", "e"))
