"""The weather of a run: its storms and heat waves over ordinary days, evaluated anywhere."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import Finding, GridError
from gridmend.twin.weather.settings import at_least, finite
from gridmend.twin.weather.storms import LIFE_MOST_S, Floats, Storm, ice_mm, intensity

Ints = NDArray[np.int64]

DAY_S = 86_400.0
YEAR_DAYS = 365
MONTH_ENDS = np.cumsum([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
"""Days of the year that end each month; leap days are left out."""
WARMEST_H = 15.0
"""Local hour of the day's highest temperature; assumed."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """What day of the year (1 is 1 January) and local hour it is at 0 s."""

    day: int = 1
    hour: float = 0.0

    def __post_init__(self) -> None:
        if not (1 <= self.day <= YEAR_DAYS and 0 <= self.hour < 24):
            raise GridError(
                f"the run starts on day {self.day} at hour {self.hour:g}",
                where="calendar",
                mend=f"give a day from 1 to {YEAR_DAYS} and an hour from 0 to below 24",
            )

    def hours(self, times_s: Floats) -> Floats:
        """[times] local hour of the day, 0 to 24."""
        return (self.hour + times_s / 3600) % 24

    def months(self, times_s: Floats) -> Ints:
        """[times] month, 0 to 11."""
        days = np.floor((self.hour * 3600 + times_s) / DAY_S).astype(np.int64)
        return np.searchsorted(MONTH_ENDS, (self.day - 1 + days) % YEAR_DAYS, side="right")


@dataclass(frozen=True, slots=True)
class HeatWave:
    """Days that are `rise_c` warmer, reached and left along half a cosine of `ramp_s`."""

    name: str
    start_s: float
    lasts_s: float
    rise_c: float
    ramp_s: float = 12 * 3600.0

    def __post_init__(self) -> None:
        where = f"heat wave '{self.name}'"
        at_least(0.0, where, start_s=self.start_s, rise_c=self.rise_c, ramp_s=self.ramp_s)
        if not 0 < self.lasts_s <= 9 * LIFE_MOST_S or 2 * self.ramp_s > self.lasts_s:
            raise GridError(
                f"the heat wave lasts {self.lasts_s:g} s with ramps of {self.ramp_s:g} s",
                where=where,
                mend="let it last longer than both ramps and at most 90 days",
            )

    @property
    def end_s(self) -> float:
        """When it is over [s]."""
        return self.start_s + self.lasts_s

    def rises_c(self, times_s: Floats) -> Floats:
        """[times] by how much it is warmer [°C]."""
        near = np.minimum(times_s - self.start_s, self.end_s - times_s)
        part = np.clip(near / max(self.ramp_s, 1e-9), 0.0, 1.0)
        return self.rise_c * 0.5 * (1 - np.cos(np.pi * part))


@dataclass(frozen=True, slots=True)
class OrdinaryDay:
    """The background: temperature swings about its mean, and a light wind; figures assumed."""

    mean_c: float = 18.0
    swing_c: float = 8.0
    gust_m_per_s: float = 6.0

    def __post_init__(self) -> None:
        finite("ordinary day", mean_c=self.mean_c)
        at_least(0.0, "ordinary day", swing_c=self.swing_c, gust_m_per_s=self.gust_m_per_s)


@dataclass(frozen=True, eq=False)
class Conditions:
    """Fields at places and times: gust [m/s], ice [mm] and lightning [flashes per km² and h]
    are [places, times], temperature [°C] is [times]."""

    gust_m_per_s: Floats
    ice_mm: Floats
    lightning_per_km2_h: Floats
    temperature_c: Floats


@dataclass(frozen=True, slots=True)
class Weather:
    """Storms and heat waves over ordinary days. Gusts take the strongest, ice and lightning add.

    Raises `GridError` where two storms or two heat waves bear one name.
    """

    storms: tuple[Storm, ...] = ()
    heat_waves: tuple[HeatWave, ...] = ()
    ordinary: OrdinaryDay = field(default_factory=OrdinaryDay)
    calendar: Calendar = field(default_factory=Calendar)

    def __post_init__(self) -> None:
        for what, rows in (("storms", self.storms), ("heat waves", self.heat_waves)):
            names = [row.name for row in rows]
            for name in names:
                if names.count(name) > 1:
                    raise GridError(f"two {what} are named '{name}'", mend="rename one")


def conditions(weather: Weather, *, x_m: Floats, y_m: Floats, times_s: Floats) -> Conditions:
    """The fields at places [places] and times [times]; a place with nan has a storm's centre."""
    shape = (len(x_m), len(times_s))
    gust = np.full(shape, weather.ordinary.gust_m_per_s)
    ice, lightning = np.zeros(shape), np.zeros(shape)
    for storm in weather.storms:
        strength = intensity(storm, x_m, y_m, times_s)
        np.maximum(gust, strength * storm.gust_m_per_s, out=gust)
        lightning += strength * storm.lightning_per_km2_h
        ice += ice_mm(storm, x_m, y_m, times_s)
    return Conditions(gust, ice, lightning, temperature_c(weather, times_s))


def temperature_c(weather: Weather, times_s: Floats) -> Floats:
    """[times] air temperature [°C], the same on the whole map."""
    day = weather.ordinary
    turn = 2 * math.pi * (weather.calendar.hours(times_s) - WARMEST_H) / 24
    warm = day.mean_c + day.swing_c * np.cos(turn)
    for wave in weather.heat_waves:
        warm = warm + wave.rises_c(times_s)
    return warm


COOLING_FROM_C = 22.0
COOLING_PER_C = 0.02
DEMAND_MOST = 1.5


def demand_factor(temperature_c: Floats) -> Floats:
    """[times] by what heat multiplies demand: 2 % a degree above 22 °C, at most 1.5; assumed."""
    return np.minimum(
        1 + COOLING_PER_C * np.maximum(temperature_c - COOLING_FROM_C, 0), DEMAND_MOST
    )


def findings(
    weather: Weather, *, x_m: Floats, y_m: Floats, start_s: float, end_s: float
) -> tuple[Finding, ...]:
    """What looks wrong with the weather of a run: storms and waves that never come to bear."""
    found: list[Finding] = []
    for storm in weather.storms:
        where = f"storm '{storm.name}'"
        if storm.start_s >= end_s or storm.gone_s <= start_s:
            mend = f"let it live between {start_s:g} s and {end_s:g} s"
            found.append(Finding("warning", "the storm is outside of the run", where, mend))
            continue
        if not (storm.gust_m_per_s or storm.ice_mm_per_h or storm.lightning_per_km2_h):
            mend = "give gust_m_per_s, ice_mm_per_h or lightning_per_km2_h"
            found.append(Finding("warning", "the storm has no wind, ice or lightning", where, mend))
        times_s = np.linspace(storm.start_s, storm.end_s, 97)
        if len(x_m) and float(intensity(storm, x_m, y_m, times_s).max()) < 0.01:
            mend = "move x_m and y_m, or turn heading_deg; they are map coordinates in metres"
            found.append(Finding("warning", "the storm passes the network by", where, mend))
    for wave in weather.heat_waves:
        if wave.start_s >= end_s or wave.end_s <= start_s:
            mend = f"let it lie between {start_s:g} s and {end_s:g} s"
            where = f"heat wave '{wave.name}'"
            found.append(Finding("warning", "the heat wave is outside of the run", where, mend))
    return tuple(found)
