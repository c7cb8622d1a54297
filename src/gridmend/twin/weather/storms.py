"""Storms as fields over the map and time: gust, ice and lightning of cells and fronts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import GridError
from gridmend.twin.weather.settings import above_zero, at_least, finite

Floats = NDArray[np.float64]

LIFE_MOST_S = 10 * 86_400.0
"""A storm lives no longer [s]; longer weather is several storms."""
ICE_STEP_S = 300.0
"""Step in which ice is added up [s]."""
MELT_LIVES = 4.0
"""After so many times `ice_stays_h` ice counts as gone; 2 % are left."""


@dataclass(frozen=True, slots=True)
class Storm:
    """A cell or front that moves over the map, grows, stays and decays.

    Around its centre each field has the shape of a bell, exp(-(u/radius)²/2 - (v/width)²/2), u
    along its way and v across; the life multiplies it: half a cosine up in `growth_s`, 1 for
    `steady_s`, half a cosine down in `decay_s`, and 0 before and after. `x_m`, `y_m` is where
    the centre is half-way through the steady time. `heading_deg` is where it goes, clockwise
    from north, north being y. `width_m` None is a cell as wide as deep, inf a front without
    ends.

    At the centre at its height: `gust_m_per_s` the gust of about 3 s, `ice_mm_per_h` radial ice
    that a conductor gathers, `lightning_per_km2_h` flashes to ground. Ice falls off with a time
    constant of `ice_stays_h` (assumed 6 h). A parametric shape, not meteorology: assumed.

    Raises `GridError` for a radius that is not above 0, a negative peak or time, a start before
    0 or a life of more than ten days.
    """

    name: str
    start_s: float
    x_m: float
    y_m: float
    radius_m: float
    speed_m_per_s: float = 0.0
    heading_deg: float = 0.0
    width_m: float | None = None
    growth_s: float = 3600.0
    steady_s: float = 4 * 3600.0
    decay_s: float = 3600.0
    gust_m_per_s: float = 0.0
    ice_mm_per_h: float = 0.0
    lightning_per_km2_h: float = 0.0
    ice_stays_h: float = 6.0

    def __post_init__(self) -> None:
        where = f"storm '{self.name}'"
        above_zero(where, radius_m=self.radius_m, ice_stays_h=self.ice_stays_h)
        if self.width_m is not None and self.width_m != math.inf:
            above_zero(where, width_m=self.width_m)
        finite(where, x_m=self.x_m, y_m=self.y_m, heading_deg=self.heading_deg)
        at_least(0.0, where, start_s=self.start_s, speed_m_per_s=self.speed_m_per_s)
        at_least(0.0, where, growth_s=self.growth_s, steady_s=self.steady_s, decay_s=self.decay_s)
        at_least(0.0, where, gust_m_per_s=self.gust_m_per_s, ice_mm_per_h=self.ice_mm_per_h)
        at_least(0.0, where, lightning_per_km2_h=self.lightning_per_km2_h)
        if not 0 < self.end_s - self.start_s <= LIFE_MOST_S:
            raise GridError(
                f"the storm lives {self.end_s - self.start_s:g} s",
                where=where,
                mend="let growth_s, steady_s and decay_s be more than 0 s and at most ten days",
            )

    @property
    def end_s(self) -> float:
        """When it has decayed [s]."""
        return self.start_s + self.growth_s + self.steady_s + self.decay_s

    @property
    def gone_s(self) -> float:
        """When its ice is gone too [s]."""
        melt_s = MELT_LIVES * self.ice_stays_h * 3600 if self.ice_mm_per_h else 0.0
        return self.end_s + melt_s


def life(storm: Storm, times_s: Floats) -> Floats:
    """[times] how far grown a storm is, 0 to 1."""
    since = times_s - storm.start_s
    left = storm.end_s - times_s
    up = np.clip(since / max(storm.growth_s, 1e-9), 0.0, 1.0)
    down = np.clip(left / max(storm.decay_s, 1e-9), 0.0, 1.0)
    return 0.25 * (1 - np.cos(np.pi * up)) * (1 - np.cos(np.pi * down))


def centre(storm: Storm, times_s: Floats) -> tuple[Floats, Floats]:
    """[times] where the centre is, x and y [m]."""
    since = times_s - (storm.start_s + storm.growth_s + storm.steady_s / 2)
    east, north = _way(storm)
    gone_m = storm.speed_m_per_s * since
    return storm.x_m + east * gone_m, storm.y_m + north * gone_m


def intensity(storm: Storm, x_m: Floats, y_m: Floats, times_s: Floats) -> Floats:
    """[places, times] a storm's strength, 1 at its centre at its height.

    A place without a position (nan) has the strength of the centre.
    """
    cx, cy = centre(storm, times_s)
    east, north = _way(storm)
    dx, dy = x_m[:, None] - cx, y_m[:, None] - cy
    u, v = dx * east + dy * north, dy * east - dx * north
    width_m = storm.radius_m if storm.width_m is None else storm.width_m
    bell = np.exp(-0.5 * ((u / storm.radius_m) ** 2 + (v / width_m) ** 2))
    bell[np.isnan(bell)] = 1.0
    return bell * life(storm, times_s)


def ice_mm(storm: Storm, x_m: Floats, y_m: Floats, times_s: Floats) -> Floats:
    """[places, times] radial ice [mm] that a storm has laid on conductors and that still stays.

    Ice obeys d ice/dt = accretion - ice/stays. It is added up in steps of `ICE_STEP_S` from the
    storm's start, whatever the times asked for, and read between the steps on a straight line.
    """
    if storm.ice_mm_per_h == 0:
        return np.zeros((len(x_m), len(times_s)))
    steps = math.ceil((storm.end_s - storm.start_s) / ICE_STEP_S)
    middles_s = storm.start_s + ICE_STEP_S * (np.arange(steps, dtype=np.float64) + 0.5)
    stays_s = storm.ice_stays_h * 3600
    keeps = math.exp(-ICE_STEP_S / stays_s)
    gains = intensity(storm, x_m, y_m, middles_s) * storm.ice_mm_per_h
    gains *= (1 - keeps) * storm.ice_stays_h
    ice = np.zeros((len(x_m), steps + 1))
    for k in range(steps):
        ice[:, k + 1] = ice[:, k] * keeps + gains[:, k]
    at = np.clip((times_s - storm.start_s) / ICE_STEP_S, 0.0, float(steps))
    left = np.minimum(at.astype(np.int64), steps - 1)
    between = ice[:, left] + (ice[:, left + 1] - ice[:, left]) * (at - left)
    after_s = np.maximum(times_s - (storm.start_s + ICE_STEP_S * steps), 0.0)
    return between * np.exp(-after_s / stays_s)


def _way(storm: Storm) -> tuple[float, float]:
    """Unit vector of where it goes, east and north."""
    angle = math.radians(storm.heading_deg)
    return math.sin(angle), math.cos(angle)
