"""Every feeder solves to what OpenDSS solves it to, with the same taps and capacitors."""

from __future__ import annotations

from functools import cache

import pytest

from gridmend.formats.opendss import read
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network
from oracles.compare import difference
from oracles.masters import MASTERS, master
from oracles.opendss import Peer, positions, solved, taps_from_neutral

NAMES = sorted(MASTERS)


@cache
def _case(name: str) -> tuple[Grid, Network, Peer]:
    path = master(name)
    if path is None:
        pytest.skip("the feeders are not here: set GRIDMEND_DATA to their folder")
    grid = read(path)
    return grid, Network.of(grid), solved(path)


@pytest.mark.parametrize("name", NAMES)
def test_at_the_same_positions_every_voltage_loss_and_power_is_the_same(name: str) -> None:
    grid, network, peer = _case(name)
    snapshot = Snapshot.normal(grid).with_positions(grid, positions(grid, peer))
    flow = network.solve(snapshot, controls="off")
    assert flow.converged
    found = difference(grid, flow, peer)
    assert found.nodes > 0
    assert found.missing == 0
    assert found.magnitude_pu < 1e-5, found.worst_node
    assert found.angle_deg < 1e-3
    assert found.loss_pct < 0.01
    assert found.power_share < 1e-4, found.worst_element


LOOSE = {"iowa240": {"reg_contr_b": (2, 1)}}
"""Taps that OpenDSS decides otherwise at its default tolerance, ours first (record 0003)."""


@pytest.mark.parametrize("name", NAMES)
def test_its_own_controls_settle_where_opendss_settles(name: str) -> None:
    grid, network, peer = _case(name)
    flow = network.solve(controls="static")
    assert flow.converged
    assert flow.controls_settled
    settled = flow.snapshot.positions(grid)
    taps = {k.lower(): v for k, v in settled["taps"].items()}
    apart = {k: (v, peer.taps[k]) for k, v in taps.items() if v != peer.taps[k]}
    assert apart == LOOSE.get(name, {})
    assert {k.lower(): v for k, v in settled["capacitors"].items()} == {
        n.lower(): peer.capacitors[n.lower()] for n in grid.capacitors
    }


@pytest.mark.parametrize("name", LOOSE)
def test_where_taps_differ_opendss_agrees_once_its_solves_are_tight(name: str) -> None:
    grid, network, _ = _case(name)
    path = master(name)
    assert path is not None
    settled = network.solve(controls="static").snapshot.positions(grid)["taps"]
    peer = taps_from_neutral(path, 1e-6)
    assert {k.lower(): v for k, v in settled.items()} == peer
