"""Cold-load pickup: what a load draws beyond its usual demand when it comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import GridmendError
from gridmend.model.grid import Grid

Floats = NDArray[np.float64]

PICKS_UP = 1.05
"""Multiple of its usual demand from which a load counts as picking up."""


@dataclass(frozen=True, slots=True)
class ColdLoad:
    """Pickup by how long a load was out and how long it has been back.

    Heaters and coolers under a thermostat run a part of the time, and not all at once. After an
    outage all of them run: that share of a load draws `undiversified_pu` times its usual part,
    for a while (`hold_min`), and then falls back exponentially (`decay_min`) as they drift apart.
    After an outage shorter than `full_min` it is so much less, in height and in duration.

        factor = 1 + share · (undiversified_pu - 1) · r · min(1, exp(-(back - hold · r) / decay))
        r = min(1, out / full)

    The form is the delayed exponential of C. Ucak and A. Pahwa, "An analytical approach for
    step-by-step restoration of distribution systems following extended outages", IEEE Trans.
    Power Delivery 9(3), 1994. The figures are assumed and depend on climate and hour: with half
    of every load under thermostats that run a third of the time, demand is 2.0 times the usual
    after half an hour. `by_class` gives the share of classes of loads that are known better.

    While some load draws 5 % more than usual, lines, transformers and sources may carry
    `loading_pct` of their emergency rating: it lasts less than what heats them through. Assumed,
    on the careful side of IEEE Std C57.91, which lets power transformers carry 200 % for half an
    hour.

    Raises `GridmendError` for figures that cannot be.
    """

    share: float = 0.5
    undiversified_pu: float = 3.0
    full_min: float = 30.0
    hold_min: float = 15.0
    decay_min: float = 30.0
    loading_pct: float = 120.0
    by_class: Mapping[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        for column in fields(self)[: len(_BOUNDS)]:
            value = getattr(self, column.name)
            least, most = _BOUNDS[column.name]
            if not least <= value <= most:
                raise GridmendError(
                    f"cold-load pickup cannot have {column.name} = {value}",
                    where="ColdLoad",
                    mend=f"give a number from {least:g} to {most:g}",
                )
        for name, value in self.by_class.items():
            if not 0 <= value <= 1:
                raise GridmendError(
                    f"class '{name}' cannot have a share of {value} under thermostats",
                    where="ColdLoad.by_class",
                    mend="give a number from 0 to 1",
                )

    def shares(self, grid: Grid) -> Floats:
        """[loads] the share of each load that picks up."""
        known = {name.lower(): value for name, value in self.by_class.items()}
        return np.array([known.get(c.lower(), self.share) for c in grid.loads.texts("class")])

    def factor(self, shares: Floats, out_min: Floats | float, back_min: Floats | float) -> Floats:
        """[loads] what the usual demand is multiplied by, `back_min` after its return from an
        outage of `out_min`; 1 where it was not out."""
        depth = np.clip(np.asarray(out_min, float) / self.full_min, 0.0, 1.0)
        late = np.maximum(np.asarray(back_min, float) - self.hold_min * depth, 0.0)
        return 1 + shares * (self.undiversified_pu - 1) * depth * np.exp(-late / self.decay_min)

    def fades_min(self, shares: Floats, out_min: Floats) -> Floats:
        """[loads] how long each draws more than `PICKS_UP` times its usual demand, once back."""
        depth = np.clip(out_min / self.full_min, 0.0, 1.0)
        over = shares * (self.undiversified_pu - 1) * depth / (PICKS_UP - 1)
        lasts = self.hold_min * depth + self.decay_min * np.log(np.maximum(over, 1.0))
        return np.where(over > 1, lasts, 0.0)


_BOUNDS = {
    "share": (0.0, 1.0),
    "undiversified_pu": (1.0, 20.0),
    "full_min": (0.1, 10_080.0),
    "hold_min": (0.0, 10_080.0),
    "decay_min": (0.1, 10_080.0),
    "loading_pct": (0.0, 1000.0),
}
