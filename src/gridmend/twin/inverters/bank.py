"""Settings of many resources as arrays, one column a resource."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridmend.twin.inverters.settings import Settings
from gridmend.twin.inverters.standard import (
    FREQUENCY_TRIPS,
    TRIP_NAMES,
    VOLTAGE_TRIPS,
    ceases_beyond_pu,
)

Floats = NDArray[np.float64]

_THRESHOLDS = len(TRIP_NAMES)
_TIMES = _THRESHOLDS + 1
_SINGLE = 11
"""Figures of a resource that stand alone, from `cease_below_pu` on."""


@dataclass(frozen=True, eq=False)
class Bank:
    """Thresholds and times, [8, der], [9, der] or [der].

    Rows of `threshold` [pu or Hz] and `clearing_s` are in the order of the names of trips; the
    ninth clearing time is that of an island.
    """

    threshold: Floats
    clearing_s: Floats
    cease_below_pu: Floats
    cease_above_pu: Floats
    cease_s: Floats
    restore_s: Floats
    v_low_pu: Floats
    v_high_pu: Floats
    f_low_hz: Floats
    f_high_hz: Floats
    delay_s: Floats
    ramp_s: Floats
    random_s: Floats

    @staticmethod
    def of(settings: Sequence[Settings]) -> Bank:
        """One column for each; equal settings are read once."""
        number: dict[Settings, int] = {}
        which = np.array([number.setdefault(each, len(number)) for each in settings], np.int64)
        shape = (len(number), _THRESHOLDS + _TIMES + _SINGLE)
        rows = np.array([_column(each) for each in number], float).reshape(shape).T[:, which]
        return Bank(
            np.ascontiguousarray(rows[:_THRESHOLDS]),
            np.ascontiguousarray(rows[_THRESHOLDS : _THRESHOLDS + _TIMES]),
            *(np.ascontiguousarray(row) for row in rows[_THRESHOLDS + _TIMES :]),
        )


def _column(settings: Settings) -> list[float]:
    trips = [getattr(settings, name) for name in TRIP_NAMES]
    volts, hertz = trips[: len(VOLTAGE_TRIPS)], trips[-len(FREQUENCY_TRIPS) :]
    window = settings.enter_service
    return [
        *(trip.v_pu for trip in volts),
        *(trip.f_hz for trip in hertz),
        *(trip.clearing_s for trip in trips),
        settings.island_s,
        *ceases_beyond_pu(settings.category, where_permitted=settings.ceases_where_permitted),
        settings.cease_s,
        settings.restore_s,
        window.v_low_pu,
        window.v_high_pu,
        window.f_low_hz,
        window.f_high_hz,
        window.delay_s,
        window.ramp_s,
        window.random_s,
    ]
