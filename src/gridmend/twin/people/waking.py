"""When customers are awake: each has a level, and is awake in the hours whose share exceeds it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def awake_from(share: Floats, level: Floats, time_s: Floats, *, clock_h: float) -> Floats:
    """[customers] the first time from a time on at which they are awake [s]; inf for never.

    `share` [customers, 24] of their class awake in each hour of the day, `level` [customers] a
    uniform draw, `time_s` [customers] counted from `clock_h` o'clock. Who is awake in an hour is
    awake in each hour with a larger share, as people are who get up late.
    """
    never = ~np.isfinite(time_s)
    hour = np.floor(np.where(never, 0.0, time_s) / 3600 + clock_h).astype(np.int64)
    hours = hour[:, None] + np.arange(25)
    awake = np.take_along_axis(share, hours % 24, axis=1) > level[:, None]
    after = np.argmax(awake, axis=1)
    woken_s = (hour + after - clock_h) * 3600.0
    found_s = np.where(after == 0, time_s, np.maximum(woken_s, time_s))
    return np.where(awake.any(axis=1) & ~never, found_s, np.inf)
