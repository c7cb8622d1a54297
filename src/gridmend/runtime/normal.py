"""The way back: the steps that bring switches to their normal positions after a repair."""

from __future__ import annotations

import numpy as np

from gridmend.model.plan import Action, Step
from gridmend.model.snapshot import Snapshot
from gridmend.model.topology import Topology


def steps_to_normal(topology: Topology, now: Snapshot, normal: Snapshot) -> tuple[Step, ...]:
    """Steps from the positions of now to the normal ones, never closing a loop.

    What closes without a loop closes first, from the source outward; then one tie opens, and
    so on. Whoever a tie feeds is out for a step's time. Taps and capacitors stay.
    """
    grid = topology.grid
    names = grid.switches.texts("name")
    steps: list[Step] = []
    for row in np.flatnonzero(normal.source_on & ~now.source_on):
        name = str(grid.sources["name"][row])
        steps.append(Step(Action.CLOSE, name, why="the fault is repaired"))
        now = now.with_source(grid, name, is_on=True)
    for _ in range(2 * len(names)):
        differs = np.flatnonzero(now.open_phases != normal.open_phases).tolist()
        if not differs:
            break
        closes = [row for row in differs if not normal.open_phases[row]]
        opens = [row for row in differs if normal.open_phases[row]]
        step = _next(topology, now, closes, opens)
        steps.append(step)
        now = now.with_switch(grid, step.device, is_open=step.action is Action.OPEN)
    return tuple(steps)


def _next(topology: Topology, now: Snapshot, closes: list[int], opens: list[int]) -> Step:
    """The next step: a close from a live side to a dead one, else an open, else any close."""
    names = topology.grid.switches["name"]
    live = topology.energised(now)
    for row in closes:
        ends = live[topology.nodes_of(f"switch.{names[row]}")]
        if ends.any() and not ends.all():
            return Step(Action.CLOSE, str(names[row]), why="back to normal: its feeder is whole")
    if opens:
        why = "back to normal: the tie lets go before the feeder takes over"
        return Step(Action.OPEN, str(names[opens[0]]), why=why)
    return Step(Action.CLOSE, str(names[closes[0]]), why="back to normal")
