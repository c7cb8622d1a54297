"""An outage as the outage desk follows it, from its prediction until all are known to be back."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gridmend.model.arrays import Flags
from gridmend.operations.prediction.remaining import STAGES


@dataclass
class Outage:
    """Who is out behind a device, and how far its mending has come.

    `loads` [loads] are those who are taken to be out, `named` all who ever were. `stage` is of the
    last estimate, `is_changed` where another is to be told; `late_s` is when its interval ends.
    `checked_s` is since when nobody is taken to be out.
    """

    number: int
    device: str
    loads: Flags
    named: Flags
    start_s: float
    customers: int
    nested: bool = False
    stage: str = "detected"
    is_changed: bool = True
    late_s: float = math.inf
    checked_s: float = math.inf
    work: int = 0
    """How far work has come, of `STAGES`."""

    def come_to(self, stage: str) -> None:
        """It has come further; what is said again of a stage that is over changes nothing."""
        if stage == "overdue":
            self.stage, self.is_changed, self.late_s = stage, True, math.inf
        elif STAGES.index(stage) > self.work:
            self.work, self.stage, self.is_changed = STAGES.index(stage), stage, True

    def leave(self, loads: Flags) -> None:
        """Some are out by something else."""
        self.loads, self.named = self.loads & ~loads, self.named & ~loads

    def absorb(self, other: Outage) -> None:
        """Another turns out to be the same."""
        self.loads, self.named = self.loads | other.loads, self.named | other.named
        self.start_s = min(self.start_s, other.start_s)
        if other.work > self.work:
            self.come_to(STAGES[other.work])
