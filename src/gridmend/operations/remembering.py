"""A solver that keeps its answers."""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b

from gridmend.interlock.electric import Solver
from gridmend.model.flow import Flow
from gridmend.model.series import VARYING
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.powerflow.network import Network

_FLOWS_MOST = 1024

_MOVES_A_FLOW = 20
"""Moves of controls that count as another flow solved: where they do not come to rest, many."""


class Remembering:
    """A solver that keeps its answers, for one grid; bounded.

    What is dead has no voltage whatever its switches do, so that two snapshots which differ only
    there have one answer.
    """

    def __init__(self, solver: Solver, topology: Topology) -> None:
        self._solver, self._topology = solver, topology
        self.solved = 0
        self._flows: dict[tuple[bytes, ...], Flow] = {}

    @property
    def network(self) -> Network:
        """The network that it solves."""
        return self._solver.network

    def solve(
        self, snapshot: Snapshot, *, controls: str = "static", near: Flow | None = None
    ) -> Flow:
        """The flow at a snapshot, solved once."""
        closed = self._topology.closed(snapshot)
        live = self._topology.energised(snapshot)
        conducts = closed & live[self._topology.wiring.edge_from]
        arrays = (live, conducts, snapshot.tap_pu, snapshot.steps_on, snapshot.source_on)
        key = (controls.encode(), _demand(snapshot), *(a.tobytes() for a in arrays))
        flow = self._flows.get(key)
        if flow is None:
            if len(self._flows) >= _FLOWS_MOST:
                self._flows.pop(next(iter(self._flows)))
            flow = self._flows[key] = self._solver.solve(snapshot, controls=controls, near=near)
            self.solved += 1 + flow.control_iterations // _MOVES_A_FLOW
        if flow.snapshot.open_phases.tobytes() == snapshot.open_phases.tobytes():
            return flow
        there = replace(flow.snapshot, open_phases=snapshot.open_phases)
        return replace(flow, snapshot=there)


def _demand(snapshot: Snapshot) -> bytes:
    """A fingerprint of what every load uses and every DER gives."""
    found = blake2b(digest_size=16)
    for name in VARYING:
        found.update(getattr(snapshot, name).tobytes())
    return found.digest()
