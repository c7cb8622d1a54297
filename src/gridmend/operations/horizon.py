"""What is expected from a fault to its repair: forecast demand, pickup, and how fast steps are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gridmend.model.arrays import Floats
from gridmend.model.errors import GridmendError
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.operations.cold_load import ColdLoad
from gridmend.operations.pace import Timing

PIECES_MOST = 200
"""Steps of a forecast that a horizon may have: each is a power flow or more for every plan."""


@dataclass(frozen=True, eq=False)
class Horizon:
    """The time from the fault to the end of the repair, `timing.repair_min` later.

    `series` is the forecast: its first step begins with the fault, a step holds until the next,
    and the last until the repair; without one, demand stays as the snapshot has it. Of its `start`
    only the powers are used. `cold` is what loads draw that come back; None leaves it out.

    Raises `GridmendError` for a repair without an end, and for a forecast of more than
    `PIECES_MOST` steps until it.
    """

    timing: Timing = field(default_factory=Timing)
    series: Series | None = None
    cold: ColdLoad | None = None

    def __post_init__(self) -> None:
        times = (self.timing.repair_min, self.timing.detection_s, self.timing.step_s)
        if not all(0 <= t < math.inf for t in (*times, self.timing.hand_step_min)):
            raise GridmendError(
                "a horizon needs times that are finite and not negative",
                where="Horizon.timing",
                mend=f"repair_min, detection_s, step_s, hand_step_min: {self.timing}",
            )
        if len(self.starts_min) > PIECES_MOST:
            raise GridmendError(
                f"the forecast has {len(self.starts_min)} steps until the repair",
                where="Horizon.series",
                mend=f"give longer steps, so that there are at most {PIECES_MOST}",
            )

    @staticmethod
    def scaled(
        snapshot: Snapshot,
        factors: Sequence[float] | Floats,
        *,
        step_min: float,
        timing: Timing | None = None,
        cold: ColdLoad | None = None,
    ) -> Horizon:
        """Every load of a snapshot times one factor a step, from the fault on."""
        series = Series.scaled(snapshot, factors, step_s=60 * step_min)
        return Horizon(timing or Timing(), series, cold)

    @property
    def until_min(self) -> float:
        """When the repair ends [min after the fault]."""
        return self.timing.repair_min

    @property
    def starts_min(self) -> tuple[float, ...]:
        """When each step of the forecast begins, of those before the repair [min]."""
        if self.series is None:
            return (0.0,)
        step_min = self.series.step_s / 60
        count = min(self.series.steps, max(math.ceil(self.until_min / step_min), 1))
        return tuple(k * step_min for k in range(count))

    def piece(self, minute: float) -> int:
        """Which step of the forecast holds at a minute after the fault."""
        if self.series is None:
            return 0
        return min(int(minute * 60 / self.series.step_s + 1e-9), self.series.steps - 1)

    def powers(self, piece: int) -> dict[str, Floats]:
        """The fields of a snapshot that the forecast changes, as they are in one of its steps."""
        if self.series is None:
            return {}
        return {name: self.series.powers(name, piece) for name in self.series.follows}

    def clock(self, minute: float) -> str:
        """A minute in words: the time of day where the forecast has times, and how long after."""
        after = f"{minute / 60:.1f} h" if minute >= 120 else f"{minute:.0f} min"
        began = self.series.time(0) if self.series is not None and len(self.series.times) else None
        if began is None:
            return f"{after} after the fault"
        day_min = (began.hour * 60 + began.minute + began.second / 60 + minute) % 1440
        hour, rest = divmod(int(day_min + 1e-6), 60)
        return f"{hour:02d}:{rest:02d}, {after} after the fault"

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        cold = self.cold
        return {
            "until_min": self.until_min,
            "pieces": len(self.starts_min),
            "step_min": None if self.series is None else self.series.step_s / 60,
            "load_kw": self._total_kw(),
            "cold_load": None
            if cold is None
            else {
                "share": cold.share,
                "undiversified_pu": cold.undiversified_pu,
                "full_min": cold.full_min,
                "hold_min": cold.hold_min,
                "decay_min": cold.decay_min,
                "loading_pct": cold.loading_pct,
                "by_class": dict(cold.by_class),
            },
        }

    def _total_kw(self) -> list[float] | None:
        """Demand of all loads in each step of the forecast [kW]."""
        if self.series is None:
            return None
        pieces = range(len(self.starts_min))
        return [float(self.series.powers("load_kw", k).sum()) for k in pieces]
