"""Where everything stands on the map: one row an element, made once for a grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

KINDS = (
    "line", "switch", "breaker", "recloser", "fuse", "sectionaliser", "disconnect", "transformer",
    "substation_transformer", "regulator", "reactor", "series_capacitor", "source", "capacitor",
    "generator", "pv_system", "storage",
)  # fmt: skip
"""Kinds of element, by the number that `Geometry.kind` has."""
NO_FEEDER = 255
"""The number of what belongs to no feeder."""


@dataclass(frozen=True, eq=False)
class Geometry:
    """One row an element: branches first, then what stands at one bus. Arrays are read-only.

    `xy` [n, 4] are the ends on the map, alike for what stands at one bus; `kind` [n] its number in
    `kinds`; `phases` [n] bits (a 1, b 2, c 4; a secondary has those of its primary); `feeder` [n]
    the number in `feeders` that it normally belongs to, 255 for none; `tier` [n] from 0, labelled
    at any zoom, to 3, only near; `bus1`, `bus2` [n] rows of `buses`. `names` are keys as
    `Grid.key` writes them. `table` and `row` [n] say where the grid has it, and `terminal` [n] the
    winding at the second end of a transformer. `revision` changes with the grid, from 1 to 65535.
    """

    xy: NDArray[np.float32]
    kind: NDArray[np.uint8]
    phases: NDArray[np.uint8]
    feeder: NDArray[np.uint8]
    tier: NDArray[np.uint8]
    bus1: NDArray[np.uint32]
    bus2: NDArray[np.uint32]
    names: tuple[str, ...]
    buses: tuple[str, ...]
    kinds: tuple[str, ...]
    feeders: tuple[str, ...]
    extent: tuple[float, float, float, float]
    """Least x, least y, largest x, largest y."""
    revision: int
    table: NDArray[np.object_]
    row: NDArray[np.int64]
    terminal: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def index(self) -> Mapping[str, int]:
        """The first row of each key."""
        return {name: k for k, name in reversed(list(enumerate(self.names)))}

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """The arrays that a map needs, by name."""
        names = ("xy", "kind", "phases", "feeder", "tier", "bus1", "bus2")
        return {name: getattr(self, name) for name in names}
