"""What a fold holds while it runs: mappings that are copied only where they change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from gridmend.model.grid import Grid
from gridmend.model.situation import Situation
from gridmend.runtime.fold.positions import Positions

MAPPINGS = (
    "tags", "grounds", "clearances", "selects", "pending", "ended", "authorities", "areas",
    "loops", "syncs", "operations", "ramps", "orders", "leaves", "modes", "crews",
)  # fmt: skip
"""The fields of a situation that go by name."""


class State:
    """Positions and mappings of one fold; `start` is never changed."""

    def __init__(self, grid: Grid, start: Situation) -> None:
        self.grid = grid
        self.start = start
        self.positions = Positions(grid, start)
        self.sequence, self.time_s = start.sequence, start.time_s
        self.misread: list[str] = list(start.misread)
        self.killed, self.faults, self.outlived = start.killed, start.faults, start.outlived
        self._own: dict[str, dict[Any, Any]] = {}

    def read(self, name: str) -> Any:
        """One of the mappings, to be looked at."""
        own = self._own.get(name)
        return getattr(self.start, name) if own is None else own

    def write(self, name: str) -> dict[Any, Any]:
        """One of the mappings, to be changed: a copy of the start's."""
        own = self._own.get(name)
        if own is None:
            own = self._own[name] = dict(getattr(self.start, name))
        return own

    def change(self, name: str, key: Any, change: Callable[[Any], Any]) -> None:
        """Replace a value by what becomes of it, where it is there."""
        if key in self.read(name):
            self.write(name)[key] = change(self.read(name)[key])

    def drop(self, name: str, key: Any) -> None:
        """Take an entry out, where it is there."""
        if key in self.read(name):
            del self.write(name)[key]

    def frozen(self) -> Situation:
        """The situation as it stands; what is folded later does not change it."""
        changed = {name: MappingProxyType(dict(own)) for name, own in self._own.items()}
        return replace(
            self.start,
            **self.positions.frozen(),
            **changed,
            killed=self.killed,
            faults=self.faults,
            outlived=self.outlived,
            sequence=self.sequence,
            time_s=self.time_s,
            misread=tuple(self.misread),
        )
