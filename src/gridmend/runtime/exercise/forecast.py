"""The demand by which a control room judges: that of a forecast at the time of its clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from gridmend.interlock.electric import Solver
from gridmend.model.flow import Flow
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.network import Network


@dataclass(frozen=True, eq=False)
class Forecast:
    """A solver that gives loads and PV the power that a series has now; the last step holds on.

    In the twin's runs it is the true series: a perfect forecast, which is assumed.
    """

    solver: Solver
    series: Series
    now_s: Callable[[], float]

    @property
    def network(self) -> Network:
        """The network that it solves."""
        return self.solver.network

    @property
    def step(self) -> int:
        """The step of the series that holds now."""
        return min(int(self.now_s() / self.series.step_s), len(self.series) - 1)

    def solve(
        self, snapshot: Snapshot, *, controls: str = "static", near: Flow | None = None
    ) -> Flow:
        """The flow at a snapshot's positions, with the demand of now."""
        step, names = self.step, ("load_kw", "load_kvar", "pv_kw", "pv_kvar")
        demand = {name: self.series.powers(name, step) for name in names}
        here = replace(snapshot, time=self.series.time(step), **demand)
        return self.solver.solve(here, controls=controls, near=near)
