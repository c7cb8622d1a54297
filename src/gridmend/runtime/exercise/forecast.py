"""The demand by which a control room judges: that of a forecast at the time of its clock."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gridmend.interlock.electric import Solver
from gridmend.model.flow import Flow
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.operations.horizon import Horizon
from gridmend.operations.pace import Timing
from gridmend.powerflow.network import Network

PIECES = 4
"""Parts of the time until a repair that a plan is held to: each is a power flow or more."""
_FORESEEN = ("load_kw", "load_kvar", "pv_kw", "pv_kvar")


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
        return self.solver.solve(self.at(snapshot), controls=controls, near=near)

    def at(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot with the demand of now."""
        demand = {name: self.series.powers(name, self.step) for name in _FORESEEN}
        return replace(snapshot, time=self.series.time(self.step), **demand)

    def horizon(self, timing: Timing) -> Horizon:
        """What is expected from now until a repair is done, in `PIECES` parts of equal length, each
        as heavy as the heaviest step of it."""
        count = max(math.ceil(60 * timing.repair_min / self.series.step_s), 1)
        steps = np.minimum(np.arange(self.step, self.step + count), len(self.series) - 1)
        parts = np.array_split(steps, min(PIECES, count))
        total_kw = {int(k): float(self.series.powers("load_kw", int(k)).sum()) for k in set(steps)}
        heaviest = [max((int(k) for k in part), key=total_kw.__getitem__) for part in parts]
        heaviest[0] = self.step
        times = self.series.times[heaviest] if len(self.series.times) else ()
        step_s = 60 * timing.repair_min / len(parts)
        factors = self.series.factors[:, heaviest].copy()
        return Horizon(timing, replace(self.series, factors=factors, times=times, step_s=step_s))
