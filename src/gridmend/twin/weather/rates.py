"""How often faults come on ordinary days, by cause, kind of asset, month and hour."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from gridmend.model.errors import GridError
from gridmend.twin.weather.assets import AssetKind, Assets
from gridmend.twin.weather.causes import ANY_DAY, MANNERS, Cause
from gridmend.twin.weather.climate import Calendar
from gridmend.twin.weather.settings import at_least
from gridmend.twin.weather.storms import Floats

HOURS_A_YEAR = 8760.0


@dataclass(frozen=True, slots=True)
class Rate:
    """Faults a year of one cause: a km of line, or a transformer; temporary ones with them."""

    cause: Cause
    kind: AssetKind
    per_year: float

    def __post_init__(self) -> None:
        where = f"rate of cause '{self.cause}' on {self.kind}"
        if self.cause not in ANY_DAY:
            mend = "name one of " + ", ".join(ANY_DAY)
            raise GridError(f"'{self.cause}' has no ordinary rate", where=where, mend=mend)
        at_least(0.0, where, per_year=self.per_year)


def _overhead(cause: Cause, permanent_per_year: float) -> Rate:
    """A rate on overhead lines from the rate of its permanent faults."""
    return Rate(cause, AssetKind.OVERHEAD, permanent_per_year / (1 - MANNERS[cause].temporary))


DEFAULT_RATES = (
    _overhead(Cause.TREE, 0.0298),
    _overhead(Cause.LIGHTNING, 0.0053),
    _overhead(Cause.ANIMAL, 0.0062),
    _overhead(Cause.VEHICLE, 0.0036),
    _overhead(Cause.EQUIPMENT, 0.0136),
    _overhead(Cause.UNKNOWN, 0.0065),
    Rate(Cause.EQUIPMENT, AssetKind.CABLE, 0.052),
    Rate(Cause.DIG_IN, AssetKind.CABLE, 0.013),
    Rate(Cause.EQUIPMENT, AssetKind.TRANSFORMER, 0.005),
)
"""Permanent faults of lines, overhead and cable, add up to 0.065 a year and km, the figure of the
Roy Billinton test system (Allan and others, IEEE Trans. Power Systems, 1991). How that divides
among causes follows the outage map of a Californian utility, as docs/weather.md says; within the
map's classes (trees to lightning, animals to dig-ins, a tenth unknown) it is assumed, and so is
the rate of transformers."""

_FLAT_DAY = (1.0,) * 24
_FLAT_YEAR = (1.0,) * 12


def _blocks(*eight: float) -> tuple[float, ...]:
    """Factors of 24 hours from those of eight blocks of three hours; their mean is 1."""
    mean = sum(eight) / len(eight)
    return tuple(value / mean for value in eight for _ in range(3))


def _months(*twelve: float) -> tuple[float, ...]:
    """Factors of the months; their mean is 1."""
    return tuple(value * 12 / sum(twelve) for value in twelve)


HOURS: dict[Cause, tuple[float, ...]] = {
    Cause.EQUIPMENT: _blocks(0.36, 0.31, 1.07, 1.73, 1.58, 1.39, 0.94, 0.62),
    Cause.VEHICLE: _blocks(1.0, 0.8, 1.0, 1.1, 1.1, 1.1, 0.9, 1.0),
    Cause.ANIMAL: _blocks(0.3, 0.6, 2.2, 1.5, 1.0, 1.2, 0.8, 0.4),
    Cause.DIG_IN: _blocks(0.0, 0.0, 1.6, 2.6, 2.2, 1.5, 0.1, 0.0),
    Cause.LIGHTNING: _blocks(0.7, 0.5, 0.4, 0.5, 1.1, 2.0, 1.7, 1.1),
}
"""Factors of the local hour where a cause has them: equipment and vehicles from the outage map
(when outages begin; vehicles are few and smoothed by hand), the others assumed. Trees and
unknown causes come at any hour."""
MONTHS: dict[Cause, tuple[float, ...]] = {
    Cause.TREE: _months(1.4, 1.3, 1.2, 0.9, 0.8, 0.8, 0.8, 0.8, 0.8, 0.9, 1.1, 1.3),
    Cause.ANIMAL: _months(0.6, 0.6, 0.9, 1.2, 1.4, 1.3, 1.1, 1.0, 1.2, 1.2, 0.9, 0.6),
    Cause.LIGHTNING: _months(0.2, 0.2, 0.4, 0.8, 1.4, 2.0, 2.4, 2.1, 1.3, 0.6, 0.4, 0.2),
}
"""Factors of the month where a cause has them, for the northern hemisphere; assumed."""


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates of ordinary days. Raises `GridError` where a cause and kind come twice."""

    rows: tuple[Rate, ...] = DEFAULT_RATES

    def __post_init__(self) -> None:
        keys = [(row.cause, row.kind) for row in self.rows]
        for cause, kind in keys:
            if keys.count((cause, kind)) > 1:
                raise GridError(
                    f"cause '{cause}' has two rates on {kind}", where="rates", mend="leave one"
                )

    def scaled(self, factor: float, *causes: Cause) -> Rates:
        """The same with some causes (all where none is named) more or less frequent."""
        at_least(0.0, "rates", factor=factor)
        wanted = causes or ANY_DAY
        return Rates(
            tuple(
                replace(row, per_year=row.per_year * factor) if row.cause in wanted else row
                for row in self.rows
            )
        )

    def per_h(self, cause: Cause, assets: Assets) -> Floats:
        """[assets] faults an hour on average over the year.

        Trees strike in proportion to a line's exposure to vegetation.
        """
        out = np.zeros(len(assets))
        for row in self.rows:
            if row.cause is cause:
                on = assets.are(row.kind)
                size = 1.0 if row.kind is AssetKind.TRANSFORMER else assets.length_km
                out += np.where(on, row.per_year * size / HOURS_A_YEAR, 0.0)
        if cause is Cause.TREE:
            out *= assets.vegetation
        return out


def factor_at(cause: Cause, calendar: Calendar, times_s: Floats) -> Floats:
    """[times] by what the hour and the month multiply the mean rate of a cause."""
    hours = np.array(HOURS.get(cause, _FLAT_DAY))[calendar.hours(times_s).astype(np.int64) % 24]
    return hours * np.array(MONTHS.get(cause, _FLAT_YEAR))[calendar.months(times_s)]


def most_factor(cause: Cause) -> float:
    """What `factor_at` never exceeds."""
    return max(HOURS.get(cause, _FLAT_DAY)) * max(MONTHS.get(cause, _FLAT_YEAR))


def expected_by_rate(cause: Cause, calendar: Calendar, *, start_s: float, end_s: float) -> float:
    """The integral of `factor_at` over a span [h]: exact, hour by hour of the local clock."""
    offset_s = calendar.hour * 3600
    first = math.floor((start_s + offset_s) / 3600)
    last = math.ceil((end_s + offset_s) / 3600)
    edges_s = np.arange(first, last + 1) * 3600.0 - offset_s
    from_s, till_s = np.maximum(edges_s[:-1], start_s), np.minimum(edges_s[1:], end_s)
    factors = factor_at(cause, calendar, (from_s + till_s) / 2)
    return float(factors @ (till_s - from_s) / 3600)
