"""Events as the control room hears them, made into standing reports."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gridmend.model.errors import nearest
from gridmend.model.event import Event
from gridmend.model.vocabulary import wrong_with
from gridmend.operations.prediction.reports import UNKNOWN, Reports, load_of
from gridmend.operations.prediction.tree import Tree

FUTURE_S = 120.0
"""A clock that is this far ahead is wrong: the time at which it was heard is taken."""
OLDEST_S = 86_400.0
"""What is older says nothing of now."""
WITHOUT = ("no power", "still no power", "said to be restored, but no power")
"""What callers say whose supply is gone."""
WITH = ("power is back", "power is on")
REASONS_MOST = 200
"""Reasons for which events are left out that are kept apart by name."""
_ARRAYS = (
    "lost_s", "lit_s", "called_s", "unanswered_s", "returned_s", "unanswered", "spoke", "position",
    "position_s", "doubted", "flagged", "flagged_s", "said_closed_s",
)  # fmt: skip
_OPEN, _CLOSED = ("open", "opened"), ("close", "closed")


def heard(tree: Tree, reports: Reports, events: Iterable[Event], now_s: float) -> Reports:
    """The standing reports after some events, in any order; `now_s` [s since 1970].

    Read are `meter_gasped`, `meter_returned`, `meter_pinged` (`meter`, `answered`),
    `customer_called`, `fault_indicated`, `status`, `switched`, `tripped` and `repaired`; others
    pass. A customer counts once however often it calls. An event that cannot be read, of somebody
    who is not there or from a clock that is far off is counted in `unread` with its reason. A
    device that is said to be closed after it was open takes away the reports of before from all
    behind it: they are expected to say that they are back. Never raises for what events say.
    """
    taking = _Taking(tree, reports, now_s)
    for event in events:
        taking.take(event)
    changed: dict[str, Any] = {name: getattr(taking, name) for name in _ARRAYS}
    return replace(reports, **changed).with_known(taking.unread, taking.repeated)


def restored(tree: Tree, reports: Reports, device: str, at_s: float) -> Reports:
    """The reports once a device is said to be closed again, or a load's own to be mended.

    A device that is not there stands in `unread`.
    """
    taking = _Taking(tree, reports, at_s)
    taking.closed(device.lower(), at_s)
    changed: dict[str, Any] = {name: getattr(taking, name) for name in _ARRAYS}
    return replace(reports, **changed).with_known(taking.unread, taking.repeated)


@dataclass
class _Taking:
    """Copies of the reports' arrays while events are taken in."""

    tree: Tree
    reports: Reports
    now_s: float
    unread: Counter[str] = field(default_factory=Counter)
    repeated: int = 0

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            setattr(self, name, getattr(self.reports, name).copy())
        self.load_of = load_of(self.tree)

    lost_s: Any = None
    lit_s: Any = None
    called_s: Any = None
    unanswered_s: Any = None
    returned_s: Any = None
    unanswered: Any = None
    spoke: Any = None
    position: Any = None
    position_s: Any = None
    doubted: Any = None
    flagged: Any = None
    flagged_s: Any = None
    said_closed_s: Any = None

    def take(self, event: Event) -> None:
        """One event; what is wrong with it is counted."""
        read = _READERS.get(event.kind)
        if read is None:
            return
        problem = wrong_with(event)
        if problem:
            self._leave(problem)
            return
        at_s = event.time_utc.timestamp()
        if at_s > self.now_s + FUTURE_S:
            self._leave(f"the clock of {event.source} is ahead; the time of hearing is taken")
        if at_s < self.now_s - OLDEST_S:
            self._leave(f"'{event.kind}' is more than a day old, or its clock is wrong")
            return
        read(self, event, min(at_s, self.now_s))

    def _leave(self, why: str) -> None:
        if why in self.unread or len(self.unread) < REASONS_MOST:
            self.unread[why] += 1
        else:
            self.unread["other events that cannot be used"] += 1

    def _who(self, name: str, what: str) -> int:
        at = self.reports.subjects.get(name.lower(), -1)
        if at < 0:
            near = nearest(name, self.tree.loads) if len(self.unread) < 20 else ""
            near = f"; {near}" if near else ""
            self._leave(f"{what} '{name}' is at no load of the model{near}")
        elif not self.tree.is_fed[self.load_of[at]]:
            self._leave(f"{what} '{name}' was without supply before")
            return -1
        return at

    def gasped(self, event: Event, at_s: float) -> None:
        """A meter lost its supply."""
        at = self._who(str(event.payload["meter"]), "meter")
        self.spoke[at] |= at >= 0
        if at >= 0 and not at_s <= self.lit_s[at] and not at_s <= self.returned_s[at]:
            self.lost_s[at] = np.fmax(self.lost_s[at], at_s)

    def returned(self, event: Event, at_s: float) -> None:
        """A meter has its supply."""
        at = self._who(str(event.payload["meter"]), "meter")
        if at >= 0:
            self._lit(at, at_s)

    def _lit(self, at: int, at_s: float) -> None:
        self.spoke[at] = True
        if at_s < self.lost_s[at]:
            return
        self.lit_s[at] = np.fmax(self.lit_s[at], at_s)
        self.lost_s[at] = np.nan
        if not self.called_s[at] > at_s:
            self.called_s[at] = np.nan
        if not self.unanswered_s[at] > at_s:
            self.unanswered_s[at], self.unanswered[at] = np.nan, 0

    def pinged(self, event: Event, at_s: float) -> None:
        """A meter was asked, and has answered or not."""
        answered = bool(event.payload["answered"])
        at = self._who(str(event.payload["meter"]), "meter")
        if at < 0:
            return
        if answered:
            self._lit(at, at_s)
        elif not at_s <= self.lit_s[at]:
            self.unanswered[at] += not at_s <= self.unanswered_s[at]
            self.unanswered_s[at] = np.fmax(self.unanswered_s[at], at_s)

    def called(self, event: Event, at_s: float) -> None:
        """A customer said something."""
        text = str(event.payload["text"]).lower()
        if text not in WITHOUT and text not in WITH:
            return
        at = self._who(str(event.payload["customer"]), "customer")
        if at < 0:
            return
        if text in WITH:
            self._lit(at, at_s)
        elif at_s <= self.lit_s[at] or at_s < self.returned_s[at]:
            self._leave("a call that is older than the word that supply is back")
        else:
            self.repeated += not math.isnan(self.called_s[at])
            self.called_s[at] = np.fmin(self.called_s[at], at_s)

    def indicated(self, event: Event, at_s: float) -> None:
        """An indicator saw a fault pass."""
        row = self._device(str(event.payload["device"]))
        if row < 0:
            return
        lanes = {"a": 1, "b": 2, "c": 4}
        seen = 0
        for phase in event.payload["phases"]:
            seen |= lanes.get(str(phase).lower(), 0)
        seen &= int(self.tree.head_lanes[row])
        if not seen:
            self._leave(f"the indicator at '{self.tree.heads[row]}' names no phase that is there")
            return
        self.flagged[row] |= seen
        self.flagged_s[row] = np.fmax(self.flagged_s[row], at_s)

    def _device(self, name: str) -> int:
        folded = name.lower()
        for known in (folded, folded.partition(".")[2]):
            if known in self.tree.rows:
                return self.tree.rows[known]
        if folded in self.tree.no_report:
            self._leave(f"'{name}' is on a loop: its position darkens nobody by itself")
        else:
            near = nearest(folded, self.tree.rows)
            self._leave(f"no device '{name}' feeds anybody{'; ' + near if near else ''}")
        return -1

    def positioned(self, event: Event, at_s: float) -> None:
        """Where a device stands, or that it was moved."""
        said = event.payload
        word = str(said.get("position", said.get("action", ""))).lower()
        if event.kind == "tripped":
            word = "open"
        if word not in (*_OPEN, *_CLOSED):
            return
        row = self._device(str(said["device"]))
        if row < 0 or at_s < self.position_s[row]:
            return
        lanes = int(self.tree.head_lanes[row]) if word in _OPEN else 0
        bits = said.get("open_phases")
        if lanes and isinstance(bits, int) and bits > 0:
            ends = self.reports.conductors[row]
            lanes &= sum({1 << lane for k, lane in enumerate(ends) if bits >> k & 1})
        was = int(self.position[row])
        self.position[row], self.position_s[row] = lanes, at_s
        self.doubted[row] = str(said.get("quality", "good")) != "good"
        if not lanes and (was > 0 or event.kind == "switched"):
            self.closed(self.tree.heads[row], at_s)

    def repaired(self, event: Event, at_s: float) -> None:
        """Something is mended: where it is a device or a load of the tree, it is in again."""
        name = str(event.payload["element"]).lower()
        if name in self.tree.rows or name.startswith("load."):
            self.closed(name, at_s)

    def closed(self, name: str, at_s: float) -> None:
        """A device is closed again: who is behind it is expected to be back."""
        if name.startswith("load."):
            at = self.reports.subjects.get(name.partition(".")[2], -1)
            if at < 0:
                self._leave(f"there is no load for '{name}'")
                return
            own = np.flatnonzero(self.load_of == self.load_of[at])
            behind = own if at < len(self.tree.loads) else np.array([at])
        else:
            row = self._device(name)
            if row < 0:
                return
            self.said_closed_s[row] = at_s
            if self.position[row] > 0 and not self.position_s[row] > at_s:
                self.position[row] = UNKNOWN
            below = np.zeros(len(self.tree.loads), bool)
            below[self.tree.below(row)] = True
            self._forget_flags(int(self.tree.head_zone[row]), at_s)
            behind = np.flatnonzero(below[self.load_of])
        self.returned_s[behind] = np.fmax(self.returned_s[behind], at_s)
        for times in (self.lost_s, self.called_s, self.unanswered_s):
            times[behind] = np.where(times[behind] > at_s, times[behind], np.nan)
        self.unanswered[behind] = np.where(np.isnan(self.unanswered_s[behind]), 0, 1)

    def _forget_flags(self, zone: int, at_s: float) -> None:
        """Flags of before, on the way to a zone and behind it, were of what is over."""
        order, begin, end = self.tree.span
        near = [*order[begin[zone] : end[zone]].tolist(), *self.tree.above(zone)]
        old = np.isin(self.tree.head_zone, near) & ~(self.flagged_s > at_s)
        self.flagged[old], self.flagged_s[old] = 0, math.nan


_READERS: dict[str, Callable[[_Taking, Event, float], None]] = {
    "meter_gasped": _Taking.gasped,
    "meter_returned": _Taking.returned,
    "meter_pinged": _Taking.pinged,
    "customer_called": _Taking.called,
    "fault_indicated": _Taking.indicated,
    "status": _Taking.positioned,
    "switched": _Taking.positioned,
    "tripped": _Taking.positioned,
    "repaired": _Taking.repaired,
}
