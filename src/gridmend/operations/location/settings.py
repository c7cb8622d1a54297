"""What fault location assumes of a network, its instruments and its faults."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from gridmend.model.errors import GridError


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Assumed; none of it is measured on the grid at hand.

    `impedance_error`: lines' impedances may be this share greater or smaller than the model's, all
    alike; `impedance_common`: how much of that variance all lines share, the rest being each line's
    own. `r_most_ohm`: greatest fault resistance [ohm]; half of all faults have one spread evenly,
    half one spread evenly in its logarithm. `load_error`: how far a load's current may be from what
    the model says while the fault stands, as a share of the load before it. `rates`: faults a year
    and kilometre by line, 1 where none is given.
    """

    impedance_error: float = 0.2
    impedance_common: float = 0.5
    r_most_ohm: float = 50.0
    load_error: float = 0.05
    voltage_error: float = 0.01
    rates: Mapping[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        for name in ("impedance_error", "load_error", "voltage_error"):
            value = getattr(self, name)
            if not (math.isfinite(value) and 0 <= value < 1):
                raise GridError(f"{name} is {value}", mend="give a share below 1")
        if not 0 <= self.impedance_common <= 1:
            raise GridError(
                f"impedance_common is {self.impedance_common}", mend="give a share, 0 to 1"
            )
        if not (math.isfinite(self.r_most_ohm) and self.r_most_ohm > 0):
            raise GridError(f"r_most_ohm is {self.r_most_ohm}", mend="give more than 0")
        for line, rate in self.rates.items():
            if not (math.isfinite(rate) and rate >= 0):
                raise GridError(f"the rate of {line} is {rate}", mend="give 0 or more")
