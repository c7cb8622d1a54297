"""A short name of the data that a sheet was drawn from: any change of them gives another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from hashlib import sha256

import numpy as np

from gridmend.model.grid import Grid
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.operations.switching_orders.request import Request


def digest_of(grid: Grid, given: Snapshot | Series, request: Request, *settings: object) -> str:
    """Sixteen hexadecimal digits of a SHA-256 over the model, the demand, the request and what
    else was set, each by its `repr`."""
    found = sha256()
    for part in (*_grid(grid), *_demand(given), repr((request, *settings)).encode()):
        # The length keeps two parts from being taken for one.
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return found.hexdigest()[:16]


def _grid(grid: Grid) -> Iterator[bytes]:
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


def _demand(given: Snapshot | Series) -> Iterator[bytes]:
    start = given.start if isinstance(given, Series) else given
    for field in fields(start):
        value = getattr(start, field.name)
        yield value.tobytes() if isinstance(value, np.ndarray) else str(value).encode()
    if isinstance(given, Series):
        yield given.factors.tobytes()
        for name, rows in sorted(given.follows.items()):
            yield name.encode()
            yield rows.tobytes()
        yield given.times.tobytes()
        yield f"{given.step_s} {given.zone}".encode()
