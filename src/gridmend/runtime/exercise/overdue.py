"""What opened and stays open is taken for locked out, though no word of that came."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gridmend.interlock.move import By
from gridmend.model.event import Event
from gridmend.model.snapshot import Snapshot
from gridmend.model.vocabulary import wrong_with
from gridmend.runtime.control.kernel import SOURCE
from gridmend.runtime.exercise.room import Room
from gridmend.runtime.exercise.suspecting import SEQUENCE_S

NAME = "lock-outs"
BY = By(NAME, "kernel", NAME)
RECLOSES = ("breaker", "recloser")
"""Kinds of switch that close again by themselves unless they lock out."""


@dataclass
class Overdue:
    """A message that a device has locked out may be lost, however often it is sent.

    A device that protection opened, and that nobody told to open, closes again within a sequence or
    stays open for good. Once it has been known to be open for `SEQUENCE_S` and its own longest
    pause before it recloses, by its trips or by a scan alone, this says in its own name that it is
    locked out: whoever acts on that acts then. The position stays as old as it was, and a report
    that it is closed takes it all back.
    """

    room: Room
    _due_s: dict[str, float] = field(default_factory=dict[str, float])
    """When devices that opened have had all the time they need to close again [s]."""
    _told: set[str] = field(default_factory=set[str])
    """Devices that somebody had opened, until they are seen closed."""
    _pauses: dict[str, float] = field(default_factory=dict[str, float])
    """The longest pause of those whose settings are known [s]."""

    def __post_init__(self) -> None:
        told = self.room.kernel.grid.protections
        columns = told.texts("switch"), told.texts("source"), told["reclose_s"]
        for switch, source, pauses in zip(*columns, strict=True):
            key = (switch or f"source.{source}").lower()
            self._pauses[key] = max(self._pauses.get(key, 0.0), *map(float, pauses), 0.0)

    def hear(self, event: Event, before: Snapshot) -> None:
        """Who opened, by whom, and who is closed again."""
        said = event.payload
        if wrong_with(event):
            return
        if event.kind == "commanded":
            if said["step"].get("action") == "open":
                self._asked(str(said["step"].get("device", "")))
        elif event.kind == "tripped" and event.source != SOURCE:
            key = str(said["device"]).lower()
            self._told.discard(key)
            if said.get("locked_out"):
                self._due_s.pop(key, None)
            else:
                self._due_s[key] = self.room.agenda.now_s + self._needs_s(key)
        elif event.kind in ("status", "switched"):
            self._stands(event, before)

    def due_s(self) -> float:
        """When the first of them has been open for too long [s]."""
        return min(self._due_s.values(), default=math.inf)

    def act(self) -> None:
        """Say of each that is still known to be open that it is locked out."""
        now_s = self.room.agenda.now_s
        for key in [key for key, at_s in self._due_s.items() if at_s <= now_s]:
            del self._due_s[key]
            if self._is_open(key):
                self._say(key)

    def _say(self, key: str) -> None:
        kernel = self.room.kernel
        row = kernel.grid.switches.index.get(key)
        said = {"why": f"no word for {self._needs_s(key):.0f} s that it is closed again"}
        heard_s = math.nan if row is None else float(kernel.situation.heard_s[row])
        if math.isfinite(heard_s):
            said["measured_utc"] = datetime.fromtimestamp(heard_s, UTC).isoformat()
        kernel.say("tripped", BY, device=key, locked_out=True, **said)

    def _is_open(self, key: str) -> bool:
        """Whether it is known to be open, and not yet to be locked out."""
        situation, grid = self.room.kernel.situation, self.room.kernel.grid
        row = grid.switches.index.get(key)
        if row is None:
            source = grid.sources.index.get(key.removeprefix("source."))
            return source is not None and not situation.snapshot.source_on[source]
        return bool(situation.snapshot.open_phases[row]) and not situation.locked_out[row]

    def _needs_s(self, key: str) -> float:
        """How long it may stay open until it closes again [s]."""
        return SEQUENCE_S + self._pauses.get(key, 0.0)

    def _stands(self, event: Event, before: Snapshot) -> None:
        """A device says where it stands, or that it was moved."""
        grid, said = self.room.kernel.grid, event.payload
        word, key = str(said.get("position") or said.get("action")), str(said["device"]).lower()
        if word in ("closed", "close"):
            # A report on its way since before the last trip takes nothing back.
            if not self._is_open(key):
                self._due_s.pop(key, None)
                self._told.discard(key)
        elif event.kind == "switched" or event.cause.startswith("crew"):
            self._asked(key)
        elif word == "open" and key not in self._told and said.get("quality", "good") == "good":
            row = grid.switches.index.get(key)
            if row is None or before.open_phases[row]:
                return
            if grid.switches["kind"][row] in RECLOSES:
                self._due_s.setdefault(key, self.room.agenda.now_s + self._needs_s(key))

    def _asked(self, device: str) -> None:
        self._due_s.pop(device.lower(), None)
        self._told.add(device.lower())


def overdue(
    room: Room, event: Event, before: Snapshot, stood: Snapshot | None
) -> tuple[str, Snapshot]:
    """The device that is taken for locked out, and the positions until it opened: those that
    `stood` before the trips that were heard last, where it was closed then."""
    device, grid = str(event.payload["device"]).lower(), room.kernel.grid
    row = grid.switches.index.get(device)
    if row is None:
        name = device.partition(".")[2]
        return device, before.with_source(grid, name, is_on=True)
    if stood is not None and not stood.open_phases[row]:
        return device, stood
    return device, before.with_switch(grid, device, is_open=False)
