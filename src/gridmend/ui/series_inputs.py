"""What a series was computed from, as a few short digests that tell two runs apart."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import fields
from importlib.metadata import version
from typing import Any

import numpy as np

from gridmend.model.grid import Grid
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot


def inputs_of(grid: Grid, series: Series, **settings: Any) -> dict[str, str]:
    """What decides a series' answer: the model, the demand, each setting and the version.

    `settings` are plain values; they are kept as text.
    """
    return {
        "version": version("gridmend"),
        "model": _digest(_of_grid(grid)),
        "demand": _digest(_of_series(series)),
        **{name: str(value) for name, value in settings.items()},
    }


def _digest(parts: Iterable[bytes]) -> str:
    found = hashlib.sha256()
    for part in parts:
        # The length keeps two parts from being taken for one.
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return found.hexdigest()


def _of_grid(grid: Grid) -> Iterable[bytes]:
    yield f"{grid.frequency_hz}".encode()
    for table in grid.tables():
        yield table.schema.name.encode()
        for column in table.schema.columns:
            yield column.name.encode()
            values = table[column.name]
            if values.dtype != object:
                yield values.tobytes()
                continue
            for value in values:
                yield value.tobytes() if isinstance(value, np.ndarray) else str(value).encode()


def _of_series(series: Series) -> Iterable[bytes]:
    start: Snapshot = series.start
    for field in fields(start):
        value = getattr(start, field.name)
        yield value.tobytes() if isinstance(value, np.ndarray) else str(value).encode()
    yield str(series.factors.shape).encode()
    yield series.factors.tobytes()
    for name, rows in sorted(series.follows.items()):
        yield name.encode()
        yield rows.tobytes()
    yield series.times.tobytes()
    yield f"{series.step_s} {series.zone}".encode()
