"""What tripped and stays open is taken for locked out, though no word of that came."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gridmend.interlock.move import By
from gridmend.model.event import Event
from gridmend.model.plan import OutcomeState
from gridmend.model.snapshot import Snapshot
from gridmend.model.vocabulary import wrong_with
from gridmend.runtime.control.kernel import SOURCE
from gridmend.runtime.exercise.room import Room
from gridmend.runtime.exercise.suspecting import SEQUENCE_S

NAME = "lock-outs"
BY = By(NAME, "kernel", NAME)
AGAIN_S = 30.0
"""How often a device is asked that does not answer."""


@dataclass
class Overdue:
    """A message that a device has locked out may be lost, however often it is sent.

    A switch that tripped, and that nobody told to open, closes again within its sequence or stays
    open for good. Once it has said itself, `SEQUENCE_S` and its own longest pause after its last
    trip or later, that it is open, this says in its own name that it is locked out: whoever acts on
    that acts then. What is not heard of is not judged. Where it is told to open, or says that it is
    closed, this takes the lock-out away again, as the device itself may know of none.
    """

    room: Room
    _tripped_s: dict[str, float] = field(default_factory=dict[str, float])
    """Switches that tripped and are not known to be closed again or locked out, and when [s]."""
    _looks_s: dict[str, float] = field(default_factory=dict[str, float])
    """When it is looked at each of them."""
    _said: set[str] = field(default_factory=set[str])
    """Switches that this has said are locked out."""
    _opening: dict[str, str] = field(default_factory=dict[str, str])
    """Of commands to open one of these its switch."""
    _pauses: dict[str, float] = field(default_factory=dict[str, float])
    """The longest pause of those whose settings are known [s]."""

    def __post_init__(self) -> None:
        told = self.room.kernel.grid.protections
        for switch, pauses in zip(told.texts("switch"), told["reclose_s"], strict=True):
            key = switch.lower()
            self._pauses[key] = max(self._pauses.get(key, 0.0), *map(float, pauses), 0.0)

    def hear(self, event: Event, before: Snapshot) -> None:
        """Who tripped, whom somebody opens, and who is closed again."""
        said = event.payload
        if wrong_with(event):
            return
        if event.kind == "commanded":
            self._commanded(said)
        elif event.kind == "outcome" and said["state"] != OutcomeState.IN_DOUBT:
            key = self._opening.pop(str(said["command"]), "")
            if said["state"] == OutcomeState.CONFIRMED:
                self._reset(key)
        elif event.kind == "tripped" and event.source != SOURCE:
            self._tripped(said)
        elif event.kind in ("status", "switched"):
            key = self._key(str(said["device"]))
            word = said.get("position") or said.get("action")
            # A report on its way since before the last trip takes nothing back.
            if word in ("closed", "close") and not self._stands_open(key):
                self._leave(key)
                self._reset(key)

    def due_s(self) -> float:
        """When it looks next [s]."""
        return min(self._looks_s.values(), default=math.inf)

    def act(self) -> None:
        """Ask where they stand, and say of each that is heard to be open that it is locked out."""
        self.room.refresh()
        kernel, now_s = self.room.kernel, self.room.agenda.now_s
        situation, now_utc_s = kernel.situation, kernel.now_s
        for key in [key for key, at_s in self._looks_s.items() if at_s <= now_s]:
            row = kernel.grid.switches.index[key]
            if situation.locked_out[row] or not self._stands_open(key):
                self._leave(key)
                continue
            heard_s = now_s - (now_utc_s - float(situation.heard_s[row]))
            if situation.position_known[row] and heard_s >= self._enough_s(key):
                self._say(key, heard_s)
                self._leave(key)
            else:
                self._looks_s[key] = now_s + AGAIN_S

    def _commanded(self, said: Mapping[str, Any]) -> None:
        if said["step"].get("action") != "open":
            return
        key = self._key(str(said["step"].get("device", "")))
        self._leave(key)
        if key in self._said:
            self._opening[str(said["command"])] = key

    def _tripped(self, said: Mapping[str, Any]) -> None:
        key = self._key(str(said["device"]))
        if key not in self.room.kernel.grid.switches.index:
            return
        self._said.discard(key)
        if said.get("locked_out"):
            self._leave(key)
            return
        self._tripped_s[key] = self.room.agenda.now_s
        self._looks_s[key] = self._enough_s(key)

    def _say(self, key: str, heard_s: float) -> None:
        kernel = self.room.kernel
        why = f"it stays open, {heard_s - self._tripped_s[key]:.0f} s after it tripped"
        kernel.say(
            "tripped", BY, device=key, locked_out=True, why=why,
            since_utc=self._utc(self._tripped_s[key]), measured_utc=self._utc(heard_s),
        )  # fmt: skip
        self._said.add(key)

    def _reset(self, key: str) -> None:
        if key in self._said:
            self._said.discard(key)
            self.room.kernel.say("lockout_reset", BY, device=key)

    def _leave(self, key: str) -> None:
        self._tripped_s.pop(key, None)
        self._looks_s.pop(key, None)

    def _enough_s(self, key: str) -> float:
        """When it has had all the time that it needs to close again [s]."""
        return self._tripped_s[key] + SEQUENCE_S + self._pauses.get(key, 0.0)

    def _stands_open(self, key: str) -> bool:
        row = self.room.kernel.grid.switches.index.get(key)
        return row is not None and bool(self.room.kernel.situation.snapshot.open_phases[row])

    def _key(self, device: str) -> str:
        return device.lower().removeprefix("switch.")

    def _utc(self, time_s: float) -> str:
        ago_s = self.room.agenda.now_s - time_s
        return datetime.fromtimestamp(self.room.kernel.now_s - ago_s, UTC).isoformat()


def overdue(
    room: Room, event: Event, before: Snapshot, stood: Snapshot | None
) -> tuple[str, Snapshot, float]:
    """The switch that is taken for locked out, the positions until it tripped, and when that was
    [s]. These are those that `stood` before the trips that were heard last, where it was closed
    then."""
    device, grid = str(event.payload["device"]).lower(), room.kernel.grid
    since = datetime.fromisoformat(str(event.payload["since_utc"]))
    since_s = room.agenda.now_s - (room.now() - since).total_seconds()
    if stood is not None and not stood.open_phases[grid.switches.row(device)]:
        return device, stood, since_s
    return device, before.with_switch(grid, device, is_open=False), since_s
