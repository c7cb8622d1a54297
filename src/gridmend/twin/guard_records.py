"""What a utility's own records say of its protection: the settings that devices really have."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gridmend.model.grid import Grid
from gridmend.twin.guards import Guard
from gridmend.twin.protection.curves import Curve
from gridmend.twin.protection.recloser import Recloser
from gridmend.twin.protection.settings import RelaySettings

_CURVES = ("phase_slow", "phase_fast", "ground_slow", "ground_fast")
_SAME = (
    "phase_pickup_a", "phase_instantaneous_a", "ground_pickup_a", "ground_instantaneous_a",
    "instantaneous_s", "instantaneous_shots", "fast_shots", "shots", "reset_s", "open_s", "close_s",
    "single_phase", "three_phase_lock_out", "hand_close_locks", "cold_load_multiple", "cold_load_s",
)  # fmt: skip


def on_record(grid: Grid, guards: Sequence[Guard]) -> Grid:
    """The grid with the settings of every relay and recloser in `protections`.

    Whoever assumes the settings of a device knows them from then on: a control room judges by
    these what load may flow through it. What has a row of its own keeps it.
    """
    told = grid.protections
    known = {
        f"{which}.{name.lower()}"
        for which in ("switch", "source")
        for name in told.texts(which)
        if name
    }
    rows: list[dict[str, Any]] = []
    for guard in guards:
        which = "switch" if guard.table == "switches" else "source"
        if isinstance(guard.device, Recloser) and f"{which}.{guard.name.lower()}" not in known:
            rows.append(_row(guard.device, which, guard.name))
    return grid.with_rows("protections", *rows) if rows else grid


def _row(device: Recloser, which: str, name: str) -> dict[str, Any]:
    settings = device.settings
    row: dict[str, Any] = {
        "name": f"{which}_{name}",
        which: name,
        "kind": "relay" if isinstance(settings, RelaySettings) else "recloser",
        "reclose_s": settings.reclose_s,
    }
    for word in _SAME:
        value = getattr(settings, word)
        row[word] = math.nan if value == math.inf else value
    for which_curve in _CURVES:
        curve: Curve | None = getattr(settings, f"{which_curve}_curve")
        if curve is not None:
            row |= {
                f"{which_curve}_curve": curve.name,
                f"{which_curve}_dial": curve.dial,
                f"{which_curve}_adder_s": curve.adder_s,
                f"{which_curve}_minimum_s": curve.minimum_s,
            }
    return row
