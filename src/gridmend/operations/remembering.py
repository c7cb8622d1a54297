"""A solver that keeps its answers."""

from __future__ import annotations

from gridmend.interlock.electric import Solver
from gridmend.model.flow import Flow
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network

_FLOWS_MOST = 1024


class Remembering:
    """A solver that keeps its answers, for one grid and one demand; bounded."""

    def __init__(self, solver: Solver) -> None:
        self._solver = solver
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
        arrays = (snapshot.open_phases, snapshot.tap_pu, snapshot.steps_on, snapshot.source_on)
        key = (controls.encode(), *(a.tobytes() for a in arrays))
        flow = self._flows.get(key)
        if flow is None:
            if len(self._flows) >= _FLOWS_MOST:
                self._flows.pop(next(iter(self._flows)))
            self.solved += 1
            flow = self._flows[key] = self._solver.solve(snapshot, controls=controls, near=near)
        return flow
