"""How long customers are out after a permanent fault, by cause and by the kind of day."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.special import ndtr, ndtri

from gridmend.model.errors import GridError
from gridmend.twin.streams import Streams
from gridmend.twin.weather.causes import Cause
from gridmend.twin.weather.settings import above_zero
from gridmend.twin.weather.storms import Floats
from gridmend.twin.weather.strikes import Strike


class Label(StrEnum):
    """What a utility's public outage map says of a cause."""

    WEATHER = "weather"
    EQUIPMENT = "equipment"
    VEHICLE = "vehicle"
    OTHER = "other"
    UNKNOWN = "unknown"
    PLANNED = "planned"
    SAFETY = "safety shut-off"


UNPLANNED = (Label.WEATHER, Label.EQUIPMENT, Label.VEHICLE, Label.OTHER, Label.UNKNOWN)
KNOWN = UNPLANNED[:-1]
"""Labels of unplanned outages whose cause is told."""

LABEL_OF: dict[Cause, Label] = {
    Cause.TREE: Label.WEATHER,
    Cause.LIGHTNING: Label.WEATHER,
    Cause.WIND: Label.WEATHER,
    Cause.WIND_TREE: Label.WEATHER,
    Cause.STROKE: Label.WEATHER,
    Cause.ICE: Label.WEATHER,
    Cause.EQUIPMENT: Label.EQUIPMENT,
    Cause.HEAT: Label.EQUIPMENT,
    Cause.VEHICLE: Label.VEHICLE,
    Cause.ANIMAL: Label.OTHER,
    Cause.DIG_IN: Label.OTHER,
    Cause.UNKNOWN: Label.UNKNOWN,
}
"""What the map would say of each cause of the model; assumed."""


@dataclass(frozen=True, slots=True)
class Lognormal:
    """A duration whose logarithm is normal: median [min] and spread of the logarithm."""

    median_min: float
    spread: float

    def __post_init__(self) -> None:
        above_zero("duration", median_min=self.median_min, spread=self.spread)

    def cdf(self, duration_min: Floats) -> Floats:
        """Share of durations up to each."""
        with np.errstate(divide="ignore"):
            z = np.log(np.maximum(duration_min, 0.0) / self.median_min) / self.spread
        return ndtr(z)

    def quantile_min(self, shares: Floats) -> Floats:
        """Duration [min] that a share does not exceed."""
        return self.median_min * np.exp(self.spread * ndtri(shares))


DURATIONS: dict[Label, tuple[Lognormal, Lognormal]] = {
    Label.WEATHER: (Lognormal(85, 1.11), Lognormal(77, 1.50)),
    Label.EQUIPMENT: (Lognormal(417, 0.77), Lognormal(702, 0.97)),
    Label.VEHICLE: (Lognormal(506, 0.60), Lognormal(506, 0.60)),
    Label.OTHER: (Lognormal(236, 0.97), Lognormal(470, 1.10)),
    Label.UNKNOWN: (Lognormal(82, 0.88), Lognormal(51, 1.51)),
}
"""Ordinary day, storm day: from the start of an outage until nobody is out any more, with the
way of the crews in it. Fitted to the outages of 2021 of a large Californian utility, as
docs/weather.md says; on storm days too few are put down to vehicles, so they have the ordinary
figures."""


def durations_min(
    strikes: Iterable[Strike], streams: Streams, *, storm_days: Iterable[tuple[float, float]] = ()
) -> Floats:
    """[strikes] how long each would last [min]; 0 for temporary ones.

    `storm_days` are spans of time (start and end [s]) whose strikes have the figures of storm
    days. Each strike draws from a stream of its own, so that the others do not matter.
    """
    spans = tuple(storm_days)
    for start_s, end_s in spans:
        if not (math.isfinite(start_s) and start_s < end_s):
            raise GridError(f"a storm day goes from {start_s:g} s to {end_s:g} s")
    found: list[float] = []
    for strike in strikes:
        if not strike.is_permanent:
            found.append(0.0)
            continue
        stormy = any(start_s <= strike.time_s < end_s for start_s, end_s in spans)
        law = DURATIONS[LABEL_OF[strike.cause]][stormy]
        at = str(round(strike.time_s * 1e6))
        stream = streams.of("duration", strike.cause, strike.element, at)
        found.append(law.median_min * math.exp(law.spread * float(stream.standard_normal())))
    return np.array(found, np.float64)
