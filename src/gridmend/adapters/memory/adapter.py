"""The adapter's contract over positions in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from gridmend.adapters.memory.points import Points
from gridmend.adapters.memory.settings import Answer, MemorySettings
from gridmend.model.command import World
from gridmend.model.deed import subject
from gridmend.model.errors import GridmendError
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Outcome, OutcomeState, Step
from gridmend.model.snapshot import Snapshot

SOURCE = "field"
"""What the events say of who saw them."""
UNREAD_MOST = 100_000
"""Events kept until somebody asks; more is an error of whoever forgot to."""


class MemoryAdapter:
    """A field in memory on the clock that it is given.

    `frames` are the steps that arrived, in order: what a test counts.
    """

    def __init__(
        self,
        grid: Grid,
        *,
        now: Callable[[], datetime],
        settings: MemorySettings | None = None,
        snapshot: Snapshot | None = None,
    ) -> None:
        self.settings = settings or MemorySettings()
        self.points = Points(grid, snapshot or Snapshot.normal(grid))
        self.frames: list[Step] = []
        self._now = now
        self._unread: list[Event] = []
        self._late: list[Step] = []

    @property
    def world(self) -> World:
        """Where its steps have an effect."""
        return self.settings.world

    def carry_out(self, step: Step) -> Outcome:
        """Carry out one step and say what became of it."""
        self.frames.append(step)
        try:
            key = subject(self.points.grid, step)
            after = self.points.after(step)
        except GridmendError as problem:
            return Outcome(step, OutcomeState.FAILED, str(problem))
        answer = self.settings.answers.get(key, Answer.OBEYS)
        if answer is Answer.REFUSES:
            return Outcome(step, OutcomeState.FAILED, f"{key} did not move")
        if answer is Answer.LATE:
            self._late.append(step)
        if answer in (Answer.DEAF, Answer.LATE):
            return Outcome(step, OutcomeState.IN_DOUBT, f"{key} did not answer")
        self.points = after
        if answer is Answer.MUTE:
            return Outcome(step, OutcomeState.IN_DOUBT, f"{key} did not answer")
        self._say(*self.points.report(step), cause=f"{step.action} {key}")
        return Outcome(step, OutcomeState.CONFIRMED)

    def events(self) -> tuple[Event, ...]:
        """What happened since it was last asked."""
        unread, self._unread = tuple(self._unread), []
        return unread

    def scan(self) -> None:
        """Every device says where it stands."""
        for key in self.points.devices():
            self._say(
                "status", {"device": key, "position": self.points.position(key)}, cause="scan"
            )

    def let_through(self) -> None:
        """Steps that were delayed on their way arrive."""
        late, self._late = self._late, []
        for step in late:
            self.points = self.points.after(step)
            self._say(*self.points.report(step), cause=f"{step.action}, late")

    def trip(self, device: str, *, locked_out: bool = False) -> None:
        """Protection opens a device."""
        snapshot = self.points.snapshot.with_switch(self.points.grid, device, is_open=True)
        self.points = Points(self.points.grid, snapshot)
        self._say("tripped", {"device": device.lower(), "locked_out": locked_out}, cause="fault")

    def _say(self, kind: str, payload: dict[str, Any], *, cause: str) -> None:
        if len(self._unread) >= UNREAD_MOST:
            raise GridmendError(
                f"{UNREAD_MOST} events were not collected", mend="ask `events` more often"
            )
        self._unread.append(Event(self._now(), SOURCE, cause, kind, payload))
