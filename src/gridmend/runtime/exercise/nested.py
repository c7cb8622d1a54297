"""Nested outages: what stays dark behind a device that was closed again becomes an incident."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gridmend.model.event import Event
from gridmend.model.snapshot import Snapshot
from gridmend.runtime.exercise.incident import Incident
from gridmend.runtime.exercise.room import Room


@dataclass
class Nested:
    """Whoever hands nested outages of the desk to the foreman: `incidents` are the foreman's.

    Handed over are those behind a switch or fuse, since a crew closes it once its damage is mended;
    a customer's own transformer is left to its calls.
    """

    room: Room
    incidents: list[Incident]

    def hear(self, event: Event, before: Snapshot) -> None:
        """The desk says that some stay dark behind what was closed again."""
        if event.kind != "outage_predicted" or not event.payload.get("nested"):
            return
        device, grid = str(event.payload["device"]), self.room.kernel.grid
        if device not in grid.switches.index:
            return
        if not any(one.device == device and one.stage != "over" for one in self.incidents):
            now_s = self.room.agenda.now_s
            self.incidents.append(Incident(device, now_s, False, Snapshot.normal(grid)))

    def due_s(self) -> float:
        """Never: the foreman acts [s]."""
        return math.inf

    def act(self) -> None:
        """There is nothing to do."""
