"""Leave at the switch: a crew that stands at a device asks before it moves it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from gridmend.interlock.check import judge
from gridmend.model.event import Event
from gridmend.model.plan import Plan, Step, Verdict
from gridmend.model.snapshot import Snapshot
from gridmend.runtime.control.kernel import SOURCE
from gridmend.runtime.control.readback import settle
from gridmend.runtime.exercise.room import Room
from gridmend.twin.crewing import Crewing

ASKS = "waits: leave"
"""What a crew says that asks for leave."""


@dataclass
class Leave:
    """The operator, who judges a step by hand once more when the crew stands at the device.

    A crew may drive for an hour: what was allowed when the command was given may make a line live
    on which somebody has begun to work since. Where the interlock refuses the step then, the crew
    is called off and the command has failed.
    """

    room: Room
    crewing: Crewing
    _asking: list[str] = field(default_factory=list[str])

    def hear(self, event: Event, before: Snapshot) -> None:
        """A crew asks."""
        if event.kind == "crew_said" and event.source != SOURCE and event.payload["text"] == ASKS:
            self._asking.append(str(event.payload["job"]))

    def due_s(self) -> float:
        """At once, where somebody asks [s]."""
        return self.room.agenda.now_s if self._asking else math.inf

    def act(self) -> None:
        """Give leave, or call the crew off."""
        self.room.refresh()
        asking, self._asking = self._asking, []
        for job in asking:
            step = self.crewing.step_of(job)
            if step is None:
                continue
            why = self._refused(step)
            if not why:
                self.crewing.permit(job)
                continue
            self.crewing.call_off(job)
            self._give_up(step, why)

    def _refused(self, step: Step) -> str:
        """Why the interlock refuses a step as things stand now; empty where it does not."""
        kernel = self.room.kernel
        verdict = judge(
            Plan("", (step,), Verdict()), kernel.bench, kernel.situation, kernel.now(),
            by=self.room.operator, flow=kernel.flow(),
        ).verdict  # fmt: skip
        return "; ".join(f"{refusal.rule}: {refusal.why}" for refusal in verdict.refusals)

    def _give_up(self, step: Step, why: str) -> None:
        """The command of a step has failed: the crew did not touch the device."""
        kernel = self.room.kernel
        for id, pending in list(kernel.situation.pending.items()):
            theirs = pending.command.step
            is_it = (theirs.action, theirs.device.lower()) == (step.action, step.device.lower())
            if is_it and self.room.may_settle(pending):
                off = f"the crew was called off: {why}"
                settle(kernel, id, self.room.operator, done=False, why=off)
