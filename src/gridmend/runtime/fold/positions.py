"""Positions as the field reports them: where each device stands, how well known, how old."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from gridmend.model.deed import (
    carried_out,
    moved_bits,
    phases_told,
    source_told,
    step_told,
    subject,
)
from gridmend.model.errors import GridError
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import MOVES, SWITCHING, Action, Step
from gridmend.model.situation import Situation
from gridmend.model.snapshot import Snapshot, conductor_mask

OPEN, CLOSED, UNKNOWN = "open", "closed", "unknown"
_SET = ("tap_pu", "steps_on", "generator_kw", "pv_kw", "storage_kw")


class Positions:
    """The arrays of a situation while events are folded into them."""

    KINDS = frozenset(
        ("status", "switched", "tapped", "banked", "power", "tripped", "lockout_reset", "scanned")
    )

    def __init__(self, grid: Grid, start: Situation) -> None:
        self.grid = grid
        self.snapshot: Snapshot = start.snapshot
        self.mask = conductor_mask(grid.switches)
        self.row_of = grid.switches.index
        self.open_phases = start.snapshot.open_phases.copy()
        self.source_on = start.snapshot.source_on.copy()
        self.known = start.position_known.copy()
        self.heard_s = start.heard_s.copy()
        self.locked_out = start.locked_out.copy()

    def take(self, event: Event, time_s: float) -> str:
        """Fold one event; the device whose position it changed, as `Grid.key` writes it.

        Empty where none changed. Raises `GridError` where its device is not there.
        """
        payload, kind = event.payload, event.kind
        if kind == "scanned":
            self._scanned(payload, time_s)
            return ""
        device = str(payload["device"])
        told = step_told(kind, payload)
        if told is not None and told.action not in SWITCHING:
            # A tap, a bank or a DER that was set, or stands so.
            before, self.snapshot = self.snapshot, carried_out(told, self.grid, self.snapshot)
            return subject(self.grid, told) if _steps_differ(before, self.snapshot) else ""
        row = self._row(device)
        if row is None:
            return self._source(event, device)
        if kind == "lockout_reset":
            self.locked_out[row] = False
            return ""
        if kind == "tripped":
            self.locked_out[row] |= bool(payload.get("locked_out", False))
        bits = phases_told(kind, payload, int(self.mask[row]))
        return self._moved(row, bits, _measured_s(payload, time_s))

    def repeats(self, event: Event) -> bool:
        """Whether a status says what is known, with nothing but a later time."""
        payload = event.payload
        device = str(payload["device"]).lower()
        row = self.row_of.get(device)
        if row is None:
            at = self.grid.sources.index.get(device.removeprefix("source."))
            said = {OPEN: False, CLOSED: True}.get(payload["position"])
            return at is not None and len(payload) == 2 and said is bool(self.source_on[at])
        if not self.known[row] or len(payload) != 2:
            return False
        bits = {OPEN: self.mask[row], CLOSED: 0}.get(payload["position"])
        return bits is not None and bool(self.open_phases[row] == bits)

    def stands(self, step: Step, key: str) -> bool:
        """Whether a device may stand already where a step tells it to."""
        if step.action not in SWITCHING:
            if step.action not in MOVES or step.value is None:
                return False
            after = carried_out(step, self.grid, self.snapshot)
            return all(
                np.array_equal(getattr(after, name), getattr(self.snapshot, name)) for name in _SET
            )
        row, opens = self.row_of.get(key), step.action is Action.OPEN
        if row is None:
            return bool(self.source_on[self.grid.sources.row(key.partition(".")[2])]) != opens
        moved = moved_bits(self.grid, step)
        bits = int(self.open_phases[row]) & moved
        return bits == (moved if opens else 0) or not self.known[row]

    def confirmed(self, step: Step, key: str) -> None:
        """A command to open or close is confirmed: where no report bears it out, the position is
        unknown until the next; a source counts as on."""
        row, closes = self.row_of.get(key), step.action is Action.CLOSE
        if row is None:
            self.source_on[self.grid.sources.row(key.partition(".")[2])] |= closes
            return
        moved = moved_bits(self.grid, step)
        if int(self.open_phases[row]) & moved != (0 if closes else moved):
            self.known[row] = False

    def frozen(self) -> dict[str, Any]:
        """The fields of a situation."""
        snapshot = replace(
            self.snapshot,
            open_phases=_kept(self.snapshot.open_phases, self.open_phases),
            source_on=_kept(self.snapshot.source_on, self.source_on),
        )
        return {
            "snapshot": snapshot,
            "position_known": _fixed(self.known.copy()),
            "heard_s": _fixed(self.heard_s.copy()),
            "locked_out": _fixed(self.locked_out.copy()),
        }

    def _row(self, device: str) -> int | None:
        """Row of a switch, with its class prefix or without; None for a source."""
        row = self.row_of.get(device.lower())
        if row is not None or device in self.grid.sources:
            return row
        table, found = self.grid.find(device)
        if table not in ("switches", "sources"):
            raise GridError(f"'{device}' is no switch and no source")
        return found if table == "switches" else None

    def _moved(self, row: int, bits: int | None, measured_s: float) -> str:
        """A report of the phases that are open, None where it does not know; one that is older than
        what is known is passed over."""
        if self.heard_s[row] > measured_s:
            return ""
        self.heard_s[row] = measured_s
        changed = bool(self.known[row])
        if bits is not None:
            changed = int(self.open_phases[row]) != bits or not self.known[row]
            self.open_phases[row] = bits
        self.known[row] = bits is not None
        return str(self.grid.switches["name"][row]).lower() if changed else ""

    def _scanned(self, payload: Any, time_s: float) -> None:
        measured_s = _measured_s(payload, time_s)
        for device in payload["devices"]:
            row = self._row(str(device))
            if row is not None:
                self.heard_s[row] = np.fmax(self.heard_s[row], measured_s)

    def _source(self, event: Event, device: str) -> str:
        row = self.grid.sources.row(device.partition(".")[2] if "." in device else device)
        is_on = source_told(event.kind, event.payload)
        if is_on is None or bool(self.source_on[row]) == is_on:
            return ""
        self.source_on[row] = is_on
        return f"source.{str(self.grid.sources['name'][row]).lower()}"


def _steps_differ(one: Snapshot, other: Snapshot) -> bool:
    """Whether a tap or a bank stands elsewhere."""
    pairs = ((one.tap_pu, other.tap_pu), (one.steps_on, other.steps_on))
    return not all(np.array_equal(a, b) for a, b in pairs)


def digest_of_positions(situation: Situation) -> str:
    """A digest of where switches and sources stand and how well that is known."""
    snapshot = situation.snapshot
    parts = (snapshot.open_phases, snapshot.source_on, situation.position_known)
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:16]


def _measured_s(payload: Any, time_s: float) -> float:
    """When it was measured: stated by the device, at the latest when it was told."""
    stated = payload.get("measured_utc")
    if stated is None:
        return time_s
    return min(datetime.fromisoformat(stated).timestamp(), time_s)


def _kept(before: Any, after: Any) -> Any:
    return before if np.array_equal(before, after) else _fixed(after.copy())


def _fixed(array: Any) -> Any:
    array.flags.writeable = False
    return array
