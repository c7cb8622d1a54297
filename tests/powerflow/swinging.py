"""A series that moves taps and capacitors: four profiles that swing, every load on one of them."""

from __future__ import annotations

import numpy as np

from gridmend.formats.read import read
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


def controlled(name: str, seed: int) -> Grid:
    """A feeder whose controls have settings of a seed, and whose banks are switched."""
    rng, grid = np.random.default_rng(seed), read(name)

    def one_of(*choices: object) -> object:
        return choices[rng.integers(len(choices))]

    for control in grid.tap_controls:
        changes = {
            "ldc_r_v": one_of(0.0, 3.0),
            "ldc_x_v": one_of(0.0, 4.0),
            "v_limit_v": one_of(0.0, 0.0, 124.0),
            "delay_s": one_of(15.0, 30.0),
            "pt_phase": one_of("1", "max", "min"),
            "reverse_mode": one_of("ignore", "neutral", "regulate", "locked"),
            "reverse_threshold_kw": one_of(-500.0, 0.0),
            "max_tap_change": int(rng.integers(1, 17)),
        }
        grid = grid.with_changed(f"tap_control.{control}", **changes)
    lines = list(grid.lines)
    for bank in list(grid.capacitors):
        kind = str(one_of("current", "voltage", "kvar", "time", "power_factor"))
        on, off = {
            "current": (200.0, 100.0),
            "voltage": (118.0, 124.0),
            "kvar": (100.0, -150.0),
            "time": (8.0, 20.0),
            "power_factor": (0.95, 1.0),
        }[kind]
        row = {
            "name": f"switch_{bank}",
            "capacitor": bank,
            "element": f"line.{lines[rng.integers(len(lines))]}",
            "kind": kind,
            "on": on,
            "off": off,
            "pt_ratio": 20.0,
            "ct_ratio": 1.0,
            "dead_time_s": one_of(0.0, 300.0),
            "voltage_override": bool(rng.random() < 0.5),
        }
        grid = grid.with_rows("capacitor_controls", row)
        steps = [50.0] * int(rng.integers(1, 4))
        grid = grid.with_changed(f"capacitor.{bank}", step_kvar=steps, steps_on=1)
    return grid
