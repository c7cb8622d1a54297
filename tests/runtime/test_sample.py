"""What is read off a flow: voltages where there is supply, and nothing that is only induced."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.powerflow.network import Network
from gridmend.runtime.sample import fed, sample, served_nodes

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def test_a_phase_that_is_open_is_not_the_lowest_voltage_of_the_network(ieee123: Grid) -> None:
    network, start = Network.of(ieee123), Snapshot.normal(ieee123)
    bits = start.open_phases.copy()
    bits[ieee123.switches.row("Sw3")] = 1
    flow = network.solve(start.with_open_phases(bits))
    induced = flow.energised & ~fed(Topology.of(ieee123), flow) & (flow.nodes.phase != "n")
    assert induced.any() and flow.v_pu[induced].max() < 0.1, "the case is one"
    found = sample(Topology.of(ieee123), flow, served_nodes(ieee123, flow), NOW)
    assert found.v_min_pu > 0.9


def test_with_supply_everywhere_every_phase_is_fed(ieee123: Grid) -> None:
    flow = Network.of(ieee123).solve(Snapshot.normal(ieee123))
    phases = flow.nodes.phase != "n"
    assert np.array_equal(fed(Topology.of(ieee123), flow)[phases], flow.energised[phases])
