"""Back to normal: once a fault is repaired, the operator closes what it took out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from gridmend.model.event import Event
from gridmend.model.plan import Action, OutcomeState, Step
from gridmend.model.snapshot import Snapshot
from gridmend.runtime.control.kernel import SOURCE
from gridmend.runtime.exercise.room import OPERATOR, Room
from gridmend.runtime.normal import steps_to_normal

TRANSFER_S = 30.0
"""Time from switch to switch when a tie's customers go back to their own feeder."""
TRIES_MOST = 3
"""How often the way back is begun after one repair."""


@dataclass
class Returning:
    """The operator, who hears of repairs. `normal` are the positions to come back to."""

    room: Room
    normal: Snapshot
    _due_s: float = math.inf
    _steps: list[Step] = field(default_factory=list[Step])
    _tries: int = 0

    def hear(self, event: Event, before: Snapshot) -> None:
        """A repair begins the way back."""
        if event.kind == "repaired" and event.source != SOURCE:
            self._due_s, self._steps, self._tries = self.room.agenda.now_s, [], 0

    def due_s(self) -> float:
        """When the next step is due [s]."""
        return self._due_s

    def act(self) -> None:
        """Find the way back, or take its next steps."""
        self.room.refresh()
        if not self._steps:
            self._find()
        while self._steps:
            step = self._steps.pop(0)
            answer = self.room.command(step)
            if answer.outcome is None or answer.outcome.state is not OutcomeState.CONFIRMED:
                self._steps = []
                # What a crew does by hand is seen when it is done; then the way is found anew.
                self._due_s = self.room.agenda.now_s + TRANSFER_S
                return
            if self._steps and step.action is Action.OPEN and not self._is_acknowledged(step):
                self._due_s = self.room.agenda.now_s + TRANSFER_S
                return
        self._due_s = math.inf

    def _find(self) -> None:
        kernel = self.room.kernel
        self._tries += 1
        if self._tries > TRIES_MOST:
            kernel.say("plan_stopped", OPERATOR, device="", why="the way back to normal failed")
            return
        for element in kernel.situation.faults:
            kernel.say("repaired", OPERATOR, element=element, why="the crew has mended it")
        situation, topology = kernel.situation, kernel.bench.site.topology
        steps = steps_to_normal(topology, situation.snapshot, self.normal)
        switches = kernel.grid.switches
        for step in steps:
            row = switches.index.get(step.device.lower())
            if step.action is Action.CLOSE and row is not None and situation.locked_out[row]:
                why = "takes the lock-out away: the fault is repaired"
                self._steps.append(Step(Action.OPEN, step.device, why))
            self._steps.append(step)

    def _is_acknowledged(self, step: Step) -> bool:
        """Whether an opening only took a lock-out away: its device closes next."""
        return bool(self._steps) and self._steps[0].device == step.device
