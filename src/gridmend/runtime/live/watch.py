"""Duties of a live room beside its people: devices are polled, values taken, earths reported."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from gridmend.interlock.move import By
from gridmend.model.arrays import Floats
from gridmend.model.event import Event
from gridmend.model.plan import Action
from gridmend.model.snapshot import Snapshot
from gridmend.runtime.exercise.room import Room
from gridmend.twin.metered import Metered

POLL_S = 10.0
"""How often every RTU is asked where its devices stand."""
STALE_S = 25.0
"""A device that reports was missed where it was not heard of for so long: two polls, and a half."""
KEEP_S = 3600.0
"""How often it is looked whether the situation shall be kept, so that a start is quick."""
EARTHED_S = 300.0
"""How long a simulated crew takes to place or to remove an earth. Assumed."""
CREW = By("simulated crew", "radio")
ASKED_MOST = 1000


@dataclass
class Watch:
    """It polls, and takes what would else pile up: measured values and meter readings.

    `values` [points] are the last measured, nan where nothing came; `keep` is called now and then.
    """

    room: Room
    metered: Metered | None
    keep: Callable[[], None]
    values: Floats = field(init=False)
    _due_s: float = 0.0
    _keep_s: float = KEEP_S

    def __post_init__(self) -> None:
        self.values = np.full(len(self.room.field.points.quantity), np.nan)
        self._due_s = self.room.agenda.now_s

    def hear(self, event: Event, before: Snapshot) -> None:
        """It heeds nothing."""

    def due_s(self) -> float:
        """When it polls next [s]."""
        return self._due_s

    def act(self) -> None:
        """Poll, and take in."""
        self.room.refresh()
        reports, _ = self.room.field.values()
        self.values[reports.point] = reports.value
        if self.metered is not None:
            self.metered.readings()
        now_s = self.room.agenda.now_s
        if now_s >= self._keep_s:
            self.keep()
            self._keep_s = now_s + KEEP_S
        self._due_s = now_s + POLL_S


@dataclass
class Earthing:
    """The simulated crews who are sent to place and remove earths, and say when it is done."""

    room: Room
    _asked: deque[tuple[float, str]] = field(
        default_factory=lambda: deque[tuple[float, str]](maxlen=ASKED_MOST)
    )

    def hear(self, event: Event, before: Snapshot) -> None:
        """An earth is ordered."""
        if event.kind != "commanded":
            return
        if event.payload["step"].get("action") in (Action.GROUND, Action.UNGROUND):
            due_s = self.room.agenda.now_s + EARTHED_S
            self._asked.append((due_s, str(event.payload["command"])))

    def resume(self) -> None:
        """After a restart: whoever was on the way sets out again."""
        for id, pending in self.room.kernel.situation.pending.items():
            if pending.command.step.action in (Action.GROUND, Action.UNGROUND):
                self._asked.append((self.room.agenda.now_s + EARTHED_S, id))

    def due_s(self) -> float:
        """When the next is done [s]."""
        return self._asked[0][0] if self._asked else math.inf

    def act(self) -> None:
        """Say that it is done, where nobody has settled it meanwhile."""
        kernel = self.room.kernel
        while self._asked and self._asked[0][0] <= self.room.agenda.now_s:
            _, id = self._asked.popleft()
            pending = kernel.situation.pending.get(id)
            if pending is None:
                continue
            command, step = pending.command, pending.command.step
            if step.action is Action.GROUND:
                told = kernel.event(
                    "ground_placed", CREW, ground=step.mark, bus=step.device,
                    holder=command.principal, reason=step.why,
                )  # fmt: skip
            else:
                told = kernel.event("ground_removed", CREW, ground=step.mark, by=CREW.principal)
            ended = kernel.event(
                "outcome", CREW, command=id, state="confirmed", detail="the crew says so"
            )
            kernel.record([told, ended])
