"""The demand that is foreseen: of each state of a plan, at each time at which it is judged.

Between two such times demand only falls: a step of the forecast is constant, and what picks up
fades. So every state is judged when it begins and at the start of each step of the forecast while
it stands; also when nothing picks up any more, and the last one at the repair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf

import numpy as np
from numpy.typing import NDArray

from gridmend.model.flow import Flow
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology
from gridmend.operations.cold_load import PICKS_UP
from gridmend.operations.horizon import Horizon

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Point:
    """A state, by its number of steps done, at a minute after the fault; how long each load that
    is back was out, and since when it is back [loads]."""

    state: int
    minute: float
    out_min: Floats
    back_at_min: Floats


@dataclass(frozen=True, eq=False)
class Foreseen:
    """The demand of a grid over a horizon."""

    horizon: Horizon
    topology: Topology

    def points(
        self, before: Snapshot, minutes: Sequence[float], flows: Sequence[Flow]
    ) -> list[Point]:
        """Every state that was chosen, with the minutes at which it is judged.

        `flows` are the one after the fault and one after each step; `minutes` are of the steps.
        """
        of = self.topology
        had = of.supplied(of.energised(before))
        out_min, back_at, lost_at = (np.zeros(len(had)) for _ in range(3))
        found: list[Point] = []
        for state, (flow, minute) in enumerate(zip(flows, (0.0, *minutes), strict=True)):
            has = of.supplied(of.energised(flow.snapshot))
            lost_at = np.where(had & ~has, minute, lost_at)
            back = has & ~had
            out_min = np.where(back, minute - lost_at, out_min)
            back_at = np.where(back, minute, back_at)
            had = has
            if state:
                until = minutes[state] if state < len(minutes) else inf
                found += self.stands(state, (minute, until), out_min, back_at)
        return found

    def stands(
        self, state: int, between: tuple[float, float], out_min: Floats, back_at_min: Floats
    ) -> list[Point]:
        """When a state is judged that stands from one minute to another, inf being the repair."""
        begin, end = between
        last = min(end, self.horizon.until_min)
        faded = self._faded_at(out_min, back_at_min)
        inside = sorted(m for m in {*self._changes, faded} if begin < m < last)
        times = [begin, *inside, *([last] if end == inf and last > begin else [])]
        return [Point(state, minute, out_min, back_at_min) for minute in times]

    def at(self, snapshot: Snapshot, point: Point) -> Snapshot:
        """A state with the demand of a point."""
        powers = self.horizon.powers(self.horizon.piece(point.minute))
        factor = self._factor(point)
        there = replace(snapshot, **powers) if powers else snapshot
        if factor is None:
            return there
        return there.with_demand(there.load_kw * factor, there.load_kvar * factor)

    def total_kw(self, snapshot: Snapshot, point: Point) -> float:
        """Demand of what a state supplies at a point [kW]."""
        fed = self.topology.supplied(self.topology.energised(snapshot))
        return float(self.at(snapshot, point).load_kw[fed].sum())

    def pickup_kw(self, there: Snapshot, point: Point) -> float:
        """How much of the demand of a state at a point is beyond the usual [kW]."""
        factor = self._factor(point)
        if factor is None:
            return 0.0
        fed = self.topology.supplied(self.topology.energised(there))
        return float((there.load_kw * (1 - 1 / factor))[fed].sum())

    def picks_up(self, point: Point) -> bool:
        """Whether some load draws more than `PICKS_UP` times its usual demand."""
        factor = self._factor(point)
        return factor is not None and bool(factor.max(initial=0.0) > PICKS_UP + _ROUNDING)

    @cached_property
    def _changes(self) -> tuple[float, ...]:
        """Minutes at which the forecast changes anything."""
        starts = self.horizon.starts_min
        return tuple(minute for k, minute in enumerate(starts) if k and self._moves(k))

    def _moves(self, piece: int) -> bool:
        was, now = (self.horizon.powers(k) for k in (piece - 1, piece))
        return any(not np.array_equal(was[name], now[name]) for name in now)

    @cached_property
    def _shares(self) -> Floats:
        cold = self.horizon.cold
        return cold.shares(self.topology.grid) if cold else np.zeros(len(self.topology.grid.loads))

    def _faded_at(self, out_min: Floats, back_at_min: Floats) -> float:
        """When nothing that is back picks up any more."""
        if self.horizon.cold is None:
            return 0.0
        lasts = self.horizon.cold.fades_min(self._shares, out_min)
        return float((back_at_min + lasts)[out_min > 0].max(initial=0.0))

    def _factor(self, point: Point) -> Floats | None:
        """[loads] pickup at a point; None where there is none."""
        if self.horizon.cold is None or not point.out_min.any():
            return None
        since = np.maximum(point.minute - point.back_at_min, 0.0)
        return self.horizon.cold.factor(self._shares, point.out_min, since)
