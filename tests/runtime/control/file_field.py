"""A field whose devices outlive the process that commands them: every frame is a line in a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from gridmend.adapters.memory import MemoryAdapter
from gridmend.model.command import step_as_json, step_of
from gridmend.model.grid import Grid
from gridmend.model.plan import Outcome, Step


class FileField(MemoryAdapter):
    """`MemoryAdapter` over a file of the frames that ever arrived."""

    def __init__(self, grid: Grid, path: Path, *, now: Callable[[], datetime]) -> None:
        super().__init__(grid, now=now)
        self._path = path
        for step in arrived(path):
            self.points = self.points.after(step)

    def carry_out(self, step: Step) -> Outcome:
        with self._path.open("a") as file:
            file.write(json.dumps(step_as_json(step)) + "\n")
        return super().carry_out(step)


def arrived(path: Path) -> list[Step]:
    """The frames that arrived, in order."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [step_of(json.loads(line)) for line in lines]
