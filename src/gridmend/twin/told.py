"""What reports, protection and devices say, as events of the vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import POWERS, Step
from gridmend.model.snapshot import Snapshot, conductor_mask, controlled_winding, step_of_tap
from gridmend.twin.guards import EMPTY
from gridmend.twin.plant import Happened
from gridmend.twin.telemetry.points import Points, Quantity

SOURCE = "field"
"""What the events say of who saw them."""

BY_COMMAND = "by command"
"""What a device says that opened because it was told to."""

TOLD = (Quantity.POSITION, Quantity.TAP, Quantity.STEPS)
"""Quantities whose reports are events; the others are values."""


@dataclass(frozen=True, eq=False)
class Told:
    """Makes events; `start_utc` is when the virtual clock is at zero."""

    grid: Grid
    points: Points
    start_utc: datetime

    @cached_property
    def _whole(self) -> list[int]:
        """[switches] a bit for each conductor."""
        return conductor_mask(self.grid.switches).tolist()

    @cached_property
    def _controls(self) -> dict[int, str]:
        """The control that moves a winding's tap."""
        names = [str(name).lower() for name in self.grid.tap_controls["name"]]
        return {controlled_winding(self.grid, row): name for row, name in enumerate(names)}

    def report(self, point: int, stamp_s: float, value: float) -> Event | None:
        """A scan's report of where a device stands; None for a tap that no control moves."""
        quantity, at = Quantity(self.points.quantity[point]), int(self.points.at[point])
        name = self.points.device[point].partition(".")[2]
        if quantity is Quantity.POSITION:
            said = _position(name, round(value), self._whole[at])
            return self._event(stamp_s, "scan", *said)
        if quantity is Quantity.STEPS:
            payload = {"device": name, "steps_on": round(value)}
            return self._event(stamp_s, "scan", "banked", payload)
        control = self._controls.get(at)
        if control is None:
            return None
        step = step_of_tap(self.grid.windings, at, value)
        return self._event(stamp_s, "scan", "tapped", {"device": control, "step": step})

    def act(self, happened: Happened, key: str, stamp_s: float) -> Event | None:
        """What the protection of a device did, where it moved something; None for the rest, and for
        an opening by command, which its device answers itself and which is no lock-out. Nor is it
        one where a storage drops its island."""
        if happened.kind != "close" and happened.payload.get("why") == BY_COMMAND:
            return None
        name = key.partition(".")[2] if key.startswith("switch.") else key
        if happened.payload.get("why") == EMPTY:
            payload: dict[str, Any] = {"device": name, "position": "open"}
            is_opening = happened.kind == "open"
            return self._event(stamp_s, "storage", "status", payload) if is_opening else None
        poles = {k: v for k, v in happened.payload.items() if k == "open_phases"}
        if happened.kind == "close":
            payload = {"device": name, "position": "open" if poles else "closed", **poles}
            return self._event(stamp_s, "protection", "status", payload)
        if happened.kind in ("open", "lock_out"):
            payload = {"device": name, "locked_out": happened.kind == "lock_out", **poles}
            return self._event(stamp_s, "protection", "tripped", payload)
        return None

    def unlocked(self, key: str, now_s: float, cause: str) -> Event:
        """A command to open has taken a lock-out away."""
        return self._event(now_s, cause, "lockout_reset", {"device": key})

    def done(self, step: Step, key: str, snapshot: Snapshot, now_s: float, cause: str) -> Event:
        """Where the device of a step stands once it is carried out."""
        name = key.partition(".")[2]
        if step.action in POWERS:
            payload: dict[str, Any] = {"device": key, "p_kw": snapshot.power_kw(self.grid, key)}
            return self._event(now_s, cause, "power", payload)
        for prefix, section, kind, said in (
            ("tap_control.", "taps", "tapped", "step"),
            ("capacitor.", "capacitors", "banked", "steps_on"),
        ):
            if key.startswith(prefix):
                found = {n.lower(): at for n, at in snapshot.positions(self.grid)[section].items()}
                return self._event(now_s, cause, kind, {"device": name, said: found[name]})
        if key.startswith("source."):
            is_open = not bool(snapshot.source_on[self.grid.sources.row(name)])
            payload = {"device": key, "position": "open" if is_open else "closed"}
            return self._event(now_s, cause, "status", payload)
        row = self.grid.switches.row(key)
        said_of = _position(key, int(snapshot.open_phases[row]), self._whole[row])
        return self._event(now_s, cause, *said_of)

    def _event(self, time_s: float, cause: str, kind: str, payload: dict[str, Any]) -> Event:
        time_utc = self.start_utc + timedelta(seconds=time_s)
        return Event(time_utc, SOURCE, cause, kind, payload)


def _position(name: str, bits: int, whole: int) -> tuple[str, dict[str, Any]]:
    payload: dict[str, Any] = {"device": name, "position": "open" if bits else "closed"}
    if bits not in (0, whole):
        payload["open_phases"] = bits
    return "status", payload
