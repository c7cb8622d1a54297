"""What brings faults about, and what a fault of each cause is like."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from gridmend.twin.weather.storms import Floats

FaultKind = Literal["line_ground", "line_line", "line_line_ground", "three_phase"]


class Cause(StrEnum):
    """What brings a fault about: the first seven on any day, the others by weather alone."""

    TREE = "tree"
    ANIMAL = "animal"
    VEHICLE = "vehicle"
    EQUIPMENT = "equipment"
    LIGHTNING = "lightning"
    UNKNOWN = "unknown"
    DIG_IN = "dig-in"
    WIND = "wind"
    WIND_TREE = "tree in wind"
    STROKE = "lightning stroke"
    ICE = "ice"
    HEAT = "heat"


ANY_DAY = (
    Cause.TREE,
    Cause.ANIMAL,
    Cause.VEHICLE,
    Cause.EQUIPMENT,
    Cause.LIGHTNING,
    Cause.UNKNOWN,
    Cause.DIG_IN,
)
"""Causes of ordinary days: those of `Rates`."""
BY_STORM = (Cause.WIND, Cause.WIND_TREE, Cause.STROKE, Cause.ICE)
"""Causes that need a storm."""


@dataclass(frozen=True, slots=True)
class Manner:
    """What faults of a cause are like.

    `temporary` is the share that is gone once the arc is out; `r_ohm` the median fault
    resistance to ground and `sigma` the standard deviation of its logarithm.
    """

    temporary: float
    r_ohm: float
    sigma: float = 1.0


MANNERS: dict[Cause, Manner] = {
    Cause.TREE: Manner(0.75, 20.0),
    Cause.ANIMAL: Manner(0.80, 2.0),
    Cause.VEHICLE: Manner(0.20, 5.0),
    Cause.EQUIPMENT: Manner(0.30, 2.0),
    Cause.LIGHTNING: Manner(0.85, 1.0),
    Cause.UNKNOWN: Manner(0.90, 5.0),
    Cause.DIG_IN: Manner(0.0, 0.5),
    Cause.WIND: Manner(0.20, 10.0),
    Cause.WIND_TREE: Manner(0.50, 20.0),
    Cause.STROKE: Manner(0.85, 1.0),
    Cause.ICE: Manner(0.20, 10.0),
    Cause.HEAT: Manner(0.0, 0.5),
}
"""Assumed, cause by cause. Of all faults on overhead lines on ordinary days they leave about
three quarters temporary, within the 70 to 80 % that is commonly said."""

SHARES: dict[FaultKind, float] = {
    "line_ground": 0.70,
    "line_line": 0.15,
    "line_line_ground": 0.10,
    "three_phase": 0.05,
}
"""Of faults on three phases: the shares that textbooks of power systems commonly give, taken
over for distribution; assumed."""
ARC_SHARE = 0.1
"""Resistance of a fault between phases, in parts of one to ground; assumed."""
_TINY = 1e-12

_PICKS: dict[FaultKind, int] = {
    "line_ground": 1,
    "line_line": 2,
    "line_line_ground": 2,
    "three_phase": 3,
}


def possible(conductors: int) -> dict[FaultKind, float]:
    """Shares of the kinds of fault that so many conductors can have; they add up to 1."""
    kinds: dict[FaultKind, float] = {
        kind: share for kind, share in SHARES.items() if _PICKS[kind] <= conductors
    }
    total = sum(kinds.values())
    return {kind: share / total for kind, share in kinds.items()}


def kind_and_phases(
    conductors: tuple[str, ...], *, kind_draw: float, phase_draw: float
) -> tuple[FaultKind, tuple[str, ...]]:
    """A fault's kind and conductors from two uniform draws in [0, 1).

    Which conductors are struck is even among them. Of two out of three, one is spared.
    """
    shares = possible(len(conductors))
    below = np.cumsum(list(shares.values()))
    kind = list(shares)[min(int(np.searchsorted(below, kind_draw, "right")), len(shares) - 1)]
    picked = _PICKS[kind]
    if picked == len(conductors):
        return kind, conductors
    at = min(int(phase_draw * len(conductors)), len(conductors) - 1)
    if picked == 1:
        return kind, (conductors[at],)
    return kind, tuple(c for k, c in enumerate(conductors) if k != at)


def resistance_ohm(cause: Cause, draws: Floats, to_ground: NDArray[np.bool_]) -> Floats:
    """[draws] fault resistance [ohm] from uniform draws; lower between phases."""
    manner = MANNERS[cause]
    z = ndtri(np.clip(draws, _TINY, 1 - _TINY))
    return manner.r_ohm * np.exp(manner.sigma * z) * np.where(to_ground, 1.0, ARC_SHARE)
