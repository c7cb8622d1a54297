"""What loads draw beyond their usual demand when they come back from the outage of an order."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.operations.cold_load import ColdLoad

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pickup:
    """Since when each load is out, or has been back: times [s since 1970], nan where it never was.

    `lasted_min` [loads] is how long the last outage of each was.
    """

    cold: ColdLoad
    shares: Floats
    out_s: Floats
    back_s: Floats
    lasted_min: Floats

    @staticmethod
    def of(grid: Grid, cold: ColdLoad) -> Pickup:
        """Nobody has been out."""
        never = np.full(len(grid.loads), np.nan)
        return Pickup(cold, cold.shares(grid), never, never, np.zeros(len(never)))

    def after(self, had: Flags, has: Flags, now_s: float) -> Pickup:
        """The same once supply has changed from `had` to `has` [loads]."""
        lost, back = had & ~has, has & ~had & np.isfinite(self.out_s)
        lasted_min = np.where(back, (now_s - self.out_s) / 60, self.lasted_min)
        return replace(
            self,
            out_s=np.where(lost, now_s, np.where(back, np.nan, self.out_s)),
            back_s=np.where(back, now_s, np.where(lost, np.nan, self.back_s)),
            lasted_min=lasted_min,
        )

    def on(self, demand: Snapshot, now_s: float) -> Snapshot:
        """A demand with what is drawn beyond it at a time; what is out, as if it came back then."""
        out_min = np.where(np.isfinite(self.out_s), (now_s - self.out_s) / 60, 0.0)
        back_min = np.where(np.isfinite(self.back_s), (now_s - self.back_s) / 60, 0.0)
        was_out = np.where(np.isfinite(self.back_s), self.lasted_min, np.maximum(out_min, 0.0))
        by = self.cold.factor(self.shares, was_out, back_min)
        if not (by > 1.0).any():
            return demand
        return demand.with_demand(demand.load_kw * by, demand.load_kvar * by)
