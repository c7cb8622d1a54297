from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gridmend.interlock.move import By
from gridmend.model.grid import Grid
from gridmend.runtime.live import Live, View

START = datetime(2026, 11, 27, 17, tzinfo=UTC)
ANNA, BEN = By("anna", "anna@1"), By("ben", "ben@2")


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Rooms:
    """Opens rooms on one clock, and stops them all."""

    grid: Grid
    clock: Clock = field(default_factory=Clock)
    opened: list[Live] = field(default_factory=list[Live])

    def open(self, url: str | Path = "sqlite://", **more: Any) -> Live:
        live = Live.open(self.grid, url, clock=self.clock, **more)
        self.opened.append(live)
        return live

    def open_grid(self, grid: Grid) -> Live:
        """A room of another model, on the same clock."""
        live = Live.open(grid, "sqlite://", clock=self.clock)
        self.opened.append(live)
        return live

    def run(self, live: Live, seconds: float, every_s: float = 10.0) -> View:
        """Let a room go on, looking now and then."""
        end = live.view.time_utc + timedelta(seconds=seconds)
        while live.view.time_utc < end:
            self.clock.now = min(live.view.time_utc + timedelta(seconds=every_s), end)
            live.step_to(self.clock.now)
        return live.view

    def until(self, live: Live, holds: Callable[[View], bool], most_s: float = 1800.0) -> View:
        """Let a room go on until something holds; it must, in so long."""
        end = live.view.time_utc + timedelta(seconds=most_s)
        while not holds(live.view):
            assert live.view.time_utc < end, "it never came"
            self.run(live, 10.0)
        return live.view


@pytest.fixture
def rooms(ieee123: Grid) -> Iterator[Rooms]:
    made = Rooms(ieee123)
    yield made
    for live in made.opened:
        live.stop()
