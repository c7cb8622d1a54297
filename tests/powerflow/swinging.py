"""A series that moves taps and capacitors: four profiles that swing, every load on one of them."""

from __future__ import annotations

import numpy as np

from gridmend.model.grid import Grid
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot

FOUR = 4


def _factors(steps: int, *, period: int, swing: float) -> np.ndarray:
    rng, t = np.random.default_rng(0), np.arange(steps)
    waves = [np.sin(2 * np.pi * (t / period + k / FOUR)) for k in range(FOUR)]
    return 0.7 + swing * np.array(waves) + 0.05 * rng.standard_normal((FOUR, steps))


def swinging(
    grid: Grid, steps: int, *, step_s: float = 3600.0, period: int = 24, swing: float = 0.35
) -> Series:
    """Every load on one of four profiles, each of which swings once in `period` steps."""
    rows = np.arange(len(grid.loads)) % FOUR
    follows = {"load_kw": rows, "load_kvar": rows}
    factors = _factors(steps, period=period, swing=swing)
    return Series(Snapshot.normal(grid), factors, follows, step_s=step_s)
