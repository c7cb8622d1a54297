"""The figures of IEEE Std 1547-2018 for abnormal voltage and frequency, as small tables.

Numbers of tables and clauses are those of the standard. Defaults of Category III and of
frequency and enter service are compared with the settings file of EPRI's OpenDER (BSD 3-clause,
Copyright 2023 Electric Power Research Institute) in tests; the other figures are carried by hand.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Category(StrEnum):
    """Abnormal operating performance category: how much a resource must ride through."""

    I = "I"  # noqa: E741
    II = "II"
    III = "III"


class Mode(StrEnum):
    """What a resource must do at a voltage, until its ride-through time is over (6.4.2)."""

    CONTINUOUS = "continuous operation"
    MANDATORY = "mandatory operation"
    PERMISSIVE = "permissive operation"
    CESSATION = "momentary cessation"
    CEASE = "cease to energise"


@dataclass(frozen=True, slots=True)
class Adjustable:
    """A setting's default and its range of adjustability; both ends belong to the range."""

    default: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ShallTrip:
    """One row of a shall-trip table: threshold [pu or Hz], clearing time [s], where it stands."""

    source: str
    threshold: Adjustable
    clearing_s: Adjustable


VOLTAGE_TRIPS = ("ov2", "ov1", "uv1", "uv2")
FREQUENCY_TRIPS = ("of2", "of1", "uf1", "uf2")
TRIP_NAMES = (*VOLTAGE_TRIPS, *FREQUENCY_TRIPS)


def _row(source: str, threshold: tuple[float, ...], clearing_s: tuple[float, ...]) -> ShallTrip:
    return ShallTrip(source, Adjustable(*threshold), Adjustable(*clearing_s))


_T11, _T12, _T13 = "Table 11 (6.4.1)", "Table 12 (6.4.1)", "Table 13 (6.4.1)"
_T18 = "Table 18 (6.5.1)"

_FREQUENCY: Mapping[str, ShallTrip] = {
    "of2": _row(_T18, (62.0, 61.8, 66.0), (0.16, 0.16, 1000.0)),
    "of1": _row(_T18, (61.2, 61.0, 66.0), (300.0, 180.0, 1000.0)),
    "uf1": _row(_T18, (58.5, 50.0, 59.0), (300.0, 180.0, 1000.0)),
    "uf2": _row(_T18, (56.5, 50.0, 57.0), (0.16, 0.16, 1000.0)),
}

SHALL_TRIP: Mapping[Category, Mapping[str, ShallTrip]] = {
    Category.I: {
        "ov2": _row(_T11, (1.20, 1.20, 1.20), (0.16, 0.16, 0.16)),
        "ov1": _row(_T11, (1.10, 1.10, 1.20), (2.0, 1.0, 13.0)),
        "uv1": _row(_T11, (0.70, 0.0, 0.88), (2.0, 2.0, 21.0)),
        "uv2": _row(_T11, (0.45, 0.0, 0.50), (0.16, 0.16, 2.0)),
        **_FREQUENCY,
    },
    Category.II: {
        "ov2": _row(_T12, (1.20, 1.20, 1.20), (0.16, 0.16, 0.16)),
        "ov1": _row(_T12, (1.10, 1.10, 1.20), (2.0, 1.0, 13.0)),
        "uv1": _row(_T12, (0.70, 0.0, 0.88), (10.0, 2.0, 21.0)),
        "uv2": _row(_T12, (0.45, 0.0, 0.50), (0.16, 0.16, 2.0)),
        **_FREQUENCY,
    },
    # The least clearing times of UV1 and UV2 are those of the amendment IEEE Std 1547a-2020;
    # in 2018 they were 21 s and 2 s.
    Category.III: {
        "ov2": _row(_T13, (1.20, 1.20, 1.20), (0.16, 0.16, 0.16)),
        "ov1": _row(_T13, (1.10, 1.10, 1.20), (13.0, 1.0, 13.0)),
        "uv1": _row(_T13, (0.88, 0.0, 0.88), (21.0, 2.0, 50.0)),
        "uv2": _row(_T13, (0.50, 0.0, 0.50), (2.0, 0.16, 21.0)),
        **_FREQUENCY,
    },
}
"""Shall-trip settings by category and name."""

ENTER_SERVICE: Mapping[str, tuple[str, Adjustable]] = {
    "v_low_pu": ("Table 4 (4.10.2)", Adjustable(0.917, 0.88, 0.95)),
    "v_high_pu": ("Table 4 (4.10.2)", Adjustable(1.05, 1.05, 1.06)),
    "f_low_hz": ("Table 4 (4.10.2)", Adjustable(59.5, 59.0, 59.9)),
    "f_high_hz": ("Table 4 (4.10.2)", Adjustable(60.1, 60.1, 61.0)),
    "delay_s": ("4.10.3", Adjustable(300.0, 0.0, 600.0)),
    "ramp_s": ("4.10.3", Adjustable(300.0, 1.0, 1000.0)),
    "random_s": ("4.10.3, exception", Adjustable(300.0, 1.0, 1000.0)),
}
"""Criteria to enter service; the randomised delay is used only where a setting asks for it."""

RANDOM_BELOW_KVA = 500.0
"""A randomised delay is for sites of less than this (4.10.3, exception)."""
NOMINAL_HZ = 60.0
"""The standard is written for this frequency."""
CEASE_S: Mapping[Category, float] = {Category.I: 0.16, Category.II: 0.16, Category.III: 0.083}
"""The longest time in which current must cease where it must (Tables 14, 15, 16)."""
RESTORE_S = 0.4
"""Time in which output is back after a momentary cessation (6.4.2.7: 80 % of it or more)."""
ISLAND_S = 2.0
"""Time in which an unintentional island must have ended (8.1)."""
ISLAND_MOST_S = 5.0
"""The same where the utility and the owner agree on it (8.1)."""


@dataclass(frozen=True, slots=True)
class Region:
    """One row of a ride-through table.

    Below the continuous region a row holds `low_pu` but not `high_pu`, above it the other way
    round. `ride_through_s` is the least time at `low_pu`; it grows by `slope_s_per_pu`.
    """

    mode: Mode
    low_pu: float
    high_pu: float
    ride_through_s: float
    slope_s_per_pu: float = 0.0


_CONTINUOUS = Region(Mode.CONTINUOUS, 0.88, 1.10, math.inf)
_ABOVE_I_AND_II = (
    Region(Mode.CEASE, 1.20, math.inf, 0.0),
    Region(Mode.PERMISSIVE, 1.175, 1.20, 0.2),
    Region(Mode.PERMISSIVE, 1.15, 1.175, 0.5),
    Region(Mode.PERMISSIVE, 1.10, 1.15, 1.0),
)

REGIONS: Mapping[Category, tuple[Region, ...]] = {
    Category.I: (  # Table 14
        *_ABOVE_I_AND_II,
        _CONTINUOUS,
        Region(Mode.MANDATORY, 0.70, 0.88, 0.7, 4.0),
        Region(Mode.PERMISSIVE, 0.50, 0.70, 0.16),
        Region(Mode.CEASE, 0.0, 0.50, 0.0),
    ),
    Category.II: (  # Table 15
        *_ABOVE_I_AND_II,
        _CONTINUOUS,
        Region(Mode.MANDATORY, 0.65, 0.88, 3.0, 8.7),
        Region(Mode.PERMISSIVE, 0.45, 0.65, 0.32),
        Region(Mode.PERMISSIVE, 0.30, 0.45, 0.16),
        Region(Mode.CEASE, 0.0, 0.30, 0.0),
    ),
    Category.III: (  # Table 16
        Region(Mode.CEASE, 1.20, math.inf, 0.0),
        Region(Mode.CESSATION, 1.10, 1.20, 12.0),
        _CONTINUOUS,
        Region(Mode.MANDATORY, 0.70, 0.88, 20.0),
        Region(Mode.MANDATORY, 0.50, 0.70, 10.0),
        Region(Mode.CESSATION, 0.0, 0.50, 1.0),
    ),
}
"""Ride-through by category, from high voltage to low."""


def region_of(category: Category, v_pu: float) -> Region:
    """The row of the ride-through table in which a voltage [pu] lies.

    `v_pu` is the lowest applicable voltage in a sag, the highest in a swell. Raises `ValueError`
    for what is no voltage.
    """
    for region in REGIONS[category]:
        if region.mode is Mode.CONTINUOUS:
            inside = region.low_pu <= v_pu <= region.high_pu
        elif region.low_pu >= _CONTINUOUS.high_pu:
            inside = region.low_pu < v_pu <= region.high_pu
        else:
            inside = region.low_pu <= v_pu < region.high_pu
        if inside:
            return region
    raise ValueError(f"{v_pu} is no voltage in per unit")


def ride_through_s(category: Category, v_pu: float) -> float:
    """How long a resource must ride through a voltage [s]: 0 not at all, inf for good."""
    region = region_of(category, v_pu)
    return region.ride_through_s + region.slope_s_per_pu * (v_pu - region.low_pu)


def frequency_ride_through_s(f_hz: float) -> float:
    """The same of a frequency, alike for all categories (Table 19)."""
    if 58.8 <= f_hz <= 61.2:
        return math.inf
    return 299.0 if 57.0 <= f_hz <= 61.8 else 0.0


def ceases_beyond_pu(category: Category, *, where_permitted: bool) -> tuple[float, float]:
    """Voltages [pu] below and above which current ceases, from the ride-through table."""
    modes = {Mode.CEASE, Mode.CESSATION, *([Mode.PERMISSIVE] if where_permitted else [])}
    found = [region for region in REGIONS[category] if region.mode in modes]
    below = max(r.high_pu for r in found if r.high_pu <= _CONTINUOUS.low_pu)
    above = min(r.low_pu for r in found if r.low_pu >= _CONTINUOUS.high_pu)
    return below, above
