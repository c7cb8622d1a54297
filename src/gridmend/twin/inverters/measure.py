"""What a resource measures: lowest and highest applicable voltage, frequency, whether it is fed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridmend.model.errors import GridmendError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

PHASES_MOST = 6
"""Applicable voltages of one resource: three to neutral and three between phases."""


def measured(
    names: Sequence[str],
    v_pu: ArrayLike,
    f_hz: ArrayLike,
    live: ArrayLike,
    islanded: ArrayLike | None,
) -> tuple[Floats, Floats, Floats, Flags]:
    """Lowest and highest voltage [pu], frequency [Hz, nan where dead], islanded; all [der].

    Each applicable voltage counts by itself: the lowest for under-voltage and the highest for
    over-voltage (clause 6.4), never the mean. Raises `GridmendError` for a wrong shape and for
    numbers that are no voltage or frequency.
    """
    size = len(names)
    v = np.asarray(v_pu, float)
    if v.ndim == 1:
        v = v[:, None]
    if v.ndim != 2 or v.shape[0] != size or not 0 < v.shape[1] <= PHASES_MOST:
        raise GridmendError(
            f"voltages of shape {np.shape(v_pu)} for {size} resources",
            mend="give [der] or [der, phases], nan for a phase that a resource lacks",
        )
    low, high = v[:, 0].copy(), v[:, 0].copy()
    for k in range(1, v.shape[1]):
        np.fmin(low, v[:, k], out=low)
        np.fmax(high, v[:, k], out=high)
    fed = _each(live, size, "live").astype(bool)
    f = _each(f_hz, size, "frequencies").astype(float)
    parted = np.zeros(size, bool)
    if islanded is not None:
        parted |= _each(islanded, size, "islanded").astype(bool)
    bad = fed & ~((low >= 0) & np.isfinite(high))
    if bad.any():
        name, value = _first(names, bad, low)
        raise GridmendError(
            f"'{name}' cannot measure a voltage of {value} pu",
            mend="give 0 or more for at least one phase, or say that it is not live",
        )
    bad = fed & ~((f > 0) & np.isfinite(f))
    if bad.any():
        name, value = _first(names, bad, f)
        raise GridmendError(
            f"'{name}' cannot measure a frequency of {value} Hz",
            mend="give a frequency above 0, or say that it is not live",
        )
    if fed.all():
        return low, high, f, parted
    return np.where(fed, low, 0.0), np.where(fed, high, 0.0), np.where(fed, f, np.nan), parted


def _each(values: ArrayLike, size: int, what: str) -> NDArray[np.generic]:
    """One for each resource, from as many or from one for all."""
    given = np.asarray(values)
    if given.ndim > 1 or (given.ndim == 1 and len(given) != size):
        raise GridmendError(
            f"{what} of shape {given.shape} for {size} resources",
            mend="give [der], or one for all",
        )
    return np.broadcast_to(given, (size,))


def _first(names: Sequence[str], bad: Flags, values: Floats) -> tuple[str, float]:
    at = int(np.argmax(bad))
    return names[at], float(values[at])
