"""How long the steps of a plan take, and so when each is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gridmend.model.deed import is_remote
from gridmend.model.grid import Grid
from gridmend.model.plan import Step


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things take: assumptions, to be replaced by a utility's own figures.

    A crew alone restores everyone when the repair is done. With a plan, the first step moves
    `detection_s` after the fault, each further one `step_s` later, or `hand_step_min` later
    where the switch is not remote.
    """

    repair_min: float = 180.0
    detection_s: float = 60.0
    step_s: float = 30.0
    hand_step_min: float = 30.0


def minutes_of(steps: Sequence[Step], grid: Grid, timing: Timing) -> tuple[float, ...]:
    """When each step is done [min after the fault]."""
    at_min = timing.detection_s / 60
    done: list[float] = []
    for number, step in enumerate(steps):
        if not is_remote(grid, step.device):
            at_min += timing.hand_step_min
        elif number:
            at_min += timing.step_s / 60
        done.append(at_min)
    return tuple(done)
