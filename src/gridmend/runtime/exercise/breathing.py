"""A solver that lets others have a word between two solves, while a plan is looked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gridmend.interlock.electric import Solver
from gridmend.model.flow import Flow
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network


@dataclass(frozen=True, eq=False)
class Breathing:
    """The same solver; `breathe` is called before each solve. It changes no answer."""

    solver: Solver
    breathe: Callable[[], None]

    @property
    def network(self) -> Network:
        """The network that it solves."""
        return self.solver.network

    def solve(
        self, snapshot: Snapshot, *, controls: str = "static", near: Flow | None = None
    ) -> Flow:
        """The flow at a snapshot."""
        self.breathe()
        return self.solver.solve(snapshot, controls=controls, near=near)
