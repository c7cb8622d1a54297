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
AGAIN_S = 120.0
"""Time after which the way back is looked for anew, where a step was not carried out."""
AGAIN_MOST_S = 1800.0
TRIES_MOST = 60
"""How often the way back is looked for after one repair."""


@dataclass
class Returning:
    """The operator, who hears of repairs and of patrols that found nothing.

    `normal` are the positions to come back to. What is refused, as more is broken behind it, is
    left for the next repair; what a crew does by hand is seen when it is done.
    """

    room: Room
    normal: Snapshot
    _due_s: float = math.inf
    _steps: list[Step] = field(default_factory=list[Step])
    _tries: int = 0

    def hear(self, event: Event, before: Snapshot) -> None:
        """A repair begins the way back."""
        if event.kind == "repaired" and event.source != SOURCE:
            self.begin()

    def begin(self) -> None:
        """Find the way back now."""
        self._due_s, self._steps, self._tries = self.room.agenda.now_s, [], 0

    def due_s(self) -> float:
        """When the next step is due [s]."""
        return self._due_s

    def act(self) -> None:
        """Find the way back, or take its next steps."""
        self.room.refresh()
        if not self._steps and not self._find():
            return
        refused = False
        while self._steps:
            step = self._steps.pop(0)
            answer = self.room.command(step)
            refused |= bool(answer.refusals)
            if answer.outcome is not None and answer.outcome.state is not OutcomeState.CONFIRMED:
                self._again()
                return
            if self._steps and step.action is Action.OPEN and not self._is_acknowledged(step):
                self._due_s = self.room.agenda.now_s + TRANSFER_S
                return
        self._due_s = math.inf
        if refused and not self.room.kernel.situation.faults:
            self._again()

    def _again(self) -> None:
        """Look for the way anew later, the later the more often it failed."""
        wait_s = min(AGAIN_S * 2 ** (self._tries - 1), AGAIN_MOST_S)
        self._steps, self._due_s = [], self.room.agenda.now_s + wait_s

    def _find(self) -> bool:
        """The steps that are left, lock-outs taken away first; False where there are none."""
        kernel = self.room.kernel
        self._tries += 1
        situation, topology = kernel.situation, kernel.bench.site.topology
        steps = steps_to_normal(topology, situation.snapshot, self.normal)
        if steps and self._tries > TRIES_MOST:
            kernel.say("plan_stopped", OPERATOR, device="", why="the way back to normal failed")
            steps = ()
        switches = kernel.grid.switches
        for step in steps:
            row = switches.index.get(step.device.lower())
            if step.action is Action.CLOSE and row is not None and situation.locked_out[row]:
                why = "takes the lock-out away: the fault is repaired"
                self._steps.append(Step(Action.OPEN, step.device, why))
            self._steps.append(step)
        if not self._steps:
            self._due_s = math.inf
        return bool(self._steps)

    def _is_acknowledged(self, step: Step) -> bool:
        """Whether an opening only took a lock-out away: its device closes next."""
        return bool(self._steps) and self._steps[0].device == step.device
