"""The outage desk: what is out by which device, whether it is back, and how long it will take."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from gridmend.model.arrays import Flags
from gridmend.model.event import Event
from gridmend.model.snapshot import Snapshot
from gridmend.model.vocabulary import wrong_with
from gridmend.operations.prediction.answer import PredictedOutage, Prediction
from gridmend.operations.prediction.likelihood import CLOCKS_S
from gridmend.operations.prediction.pings import BACK, pings
from gridmend.operations.prediction.predict import BELIEVED
from gridmend.operations.prediction.remaining import STAGES, Standing
from gridmend.runtime.control.kernel import SOURCE
from gridmend.runtime.exercise.crew_board import CrewBoard
from gridmend.runtime.exercise.outage import Outage
from gridmend.runtime.exercise.outage_looks import GATHER_S, Looks
from gridmend.runtime.exercise.outage_picture import Picture
from gridmend.runtime.exercise.outage_words import say_estimate, say_predicted, say_verified
from gridmend.runtime.exercise.room import Room

VERIFY_S = 900.0
"""How long it is tried to know of everybody that supply is back."""
CALM_S = 259_200.0
"""So long after a storm its outages are still those of a storm."""
ASKED_MOST = 20
"""Meters asked at one look."""
CHANGED = 0.25
"""A change of the customers out by such a share is told."""
SURE = 0.95
"""An answer with such a chance is told at once; another after the pings."""
NESTED_S, NESTED_WAIT_S = 86_400.0, 180.0
"""How long after a restoration who stays dark is nested, and how long that must last to be told."""
_NEWS = ("tripped", "switched", "repaired", "status", "meter_pinged")
_READ = (*_NEWS, "meter_gasped", "meter_returned", "customer_called", "fault_indicated")


@dataclass
class OutageDesk:
    """It hears what the room hears, predicts which devices are open, and follows each outage.

    `ask` sends pings, None where there are no meters to ask; `storm` tells whether one is over
    the map. An outage is told when it is predicted and when that changes (`outage_predicted`),
    at each stage of its mending with an interval of 90 % for the time at which all are back
    (`restoration_estimated`), and when it is over (`restoration_verified`). Behind what was closed
    again, those who stay dark are an outage of their own, which is told as `nested`.
    """

    room: Room
    equipped: Iterable[str] = ()
    ask: Callable[[Iterable[str]], int] | None = None
    storm: Callable[[], bool] = lambda: False
    automated: bool = False
    outages: list[Outage] = field(default_factory=list[Outage])
    picture: Picture = field(init=False)
    board: CrewBoard = field(default_factory=CrewBoard)
    _events: list[Event] = field(default_factory=list[Event])
    _looks: Looks = field(default_factory=Looks)
    _stormed_s: float = -math.inf
    _number: int = 0
    _services: set[str] = field(default_factory=set[str])
    _suspected: dict[str, float] = field(default_factory=dict[str, float])
    """Devices that look as if they were open behind what was closed, and since when [s]."""

    def __post_init__(self) -> None:
        self.picture = Picture(self.room.kernel, tuple(self.equipped))

    def hear(self, event: Event, before: Snapshot) -> None:
        """Take note, and look where it is news. What cannot be read is counted, and no more."""
        if wrong_with(event):
            if event.kind in _READ:
                self._events.append(event)
            return
        self.picture.note(event)
        if self.board.hear(event):
            self._stage(event)
        if event.kind in _READ and event.source != SOURCE:
            self._events.append(event)
            now_s = self.room.agenda.now_s
            if event.kind not in ("customer_called", "meter_pinged"):
                self._looks.spoke(now_s)
            if self._is_news(event):
                self._looks.news(now_s)
            if event.kind == "tripped" and event.payload.get("locked_out"):
                self._looks.locked_out(str(event.payload["device"]).lower(), now_s)

    def _is_news(self, event: Event) -> bool:
        """Whether an event can change the answer; a call of somebody known to be out cannot."""
        if event.kind in _NEWS:
            return True
        if event.kind == "fault_indicated":
            return False
        who = str(event.payload.get("meter", event.payload.get("customer", "")))
        row = self.picture.home.load_rows.get(who.lower().rpartition("/")[0] or who.lower(), -1)
        known = row >= 0 and any(one.loads[row] for one in self.outages)
        return known == (event.kind == "meter_returned")

    def _stage(self, event: Event) -> None:
        """A crew has brought outages further."""
        device, stage = self.board.last
        row = self.picture.home.rows.get(device, -1)
        behind = self.picture.home.below(row) if row >= 0 else np.empty(0, np.int64)
        for one in self.outages:
            if one.device == device or one.loads[behind].any():
                one.come_to(stage)
        if any(one.is_changed for one in self.outages):
            self._looks.again(self.room.agenda.now_s)

    def due_s(self) -> float:
        """When it looks again [s]."""
        return min(self._whole_s(), max(self._looks.telling_s, self.room.agenda.now_s))

    def _whole_s(self) -> float:
        """When it looks at all that was heard."""
        late_s = min((one.late_s for one in self.outages), default=math.inf)
        now_s, are_open = self.room.agenda.now_s, bool(self.outages)
        return self._looks.whole_s(now_s, late_s, are_open=are_open)

    def act(self) -> None:
        """Predict, follow the outages, tell what changed, and ask meters."""
        now_s, is_whole = self.room.agenda.now_s, self._whole_s() <= self.room.agenda.now_s
        self._stormed_s = now_s if self.storm() else self._stormed_s
        locked = self._looks.told(now_s)
        events, self._events = self._events, []
        prediction = self.picture.look(events)
        if not is_whole:
            self._tell_of(locked, prediction)
            return
        self._looks.looked(now_s)
        out = self.picture.out
        for one in self.outages:
            one.loads &= out
        for found in prediction.outages:
            if found.device.startswith("customer."):
                self._service(found)
            else:
                self._follow(found)
        devices = {one.device for one in prediction.outages}
        self._services &= devices
        self._suspected = {k: at for k, at in self._suspected.items() if k in devices}
        self._switched_off(out)
        self._verify(now_s)
        self._estimate(now_s)
        self._ask(self.picture.doubtful, ASKED_MOST)

    def _tell_of(self, locked: set[str], prediction: Prediction) -> None:
        """What says itself that it stays open is told of at once; all else once reports are in."""
        for found in prediction.outages:
            if not locked.isdisjoint({found.device, *found.same}):
                self._follow(found)
        self._estimate(self.room.agenda.now_s)

    def _service(self, found: PredictedOutage) -> None:
        """A single customer's own service has failed."""
        if found.device not in self._services:
            self._services.add(found.device)
            say_predicted(self.room.kernel, found)

    def _follow(self, found: PredictedOutage) -> None:
        """An outage is predicted: one that is known, one nested behind it, or another."""
        loads = self._flags(found.loads)
        if not loads.any():
            return
        alike = {found.device, *found.same}
        known = [one for one in self.outages if one.device in alike]
        nested = not known and self._is_nested(found, loads)
        if not known and not nested:
            known = [one for one in self.outages if one.loads[found.loads].any()]
        if not known and not self._stays(found, loads, NESTED_WAIT_S if nested else 0.0):
            return
        if nested:
            for one in self.outages:
                one.leave(loads)
            self.outages = [one for one in self.outages if one.named.any()]
        if not known:
            self._begin(found.device, loads, found.start_s, nested=nested)
            say_predicted(self.room.kernel, found, self._number, nested=nested)
            return
        first = max(known, key=lambda one: (int(one.loads[found.loads].sum()), -one.number))
        was, before = first.device, first.customers
        for one in known:
            if one is not first:
                first.absorb(one)
                self.outages.remove(one)
        first.device, first.loads = found.device, first.loads | loads
        first.named |= loads
        first.customers = self._customers(first.loads)
        if was not in alike or abs(first.customers - before) > CHANGED * max(before, 1):
            say_predicted(self.room.kernel, found, first.number, nested=first.nested, was=was)

    def _stays(self, found: PredictedOutage, loads: Flags, wait_s: float) -> bool:
        """Whether an answer has stood for a while, or is sure: pings tell meanwhile. What looks
        nested waits longer, since returns take a minute."""
        now_s = self.room.agenda.now_s
        wait_s = max(wait_s, 0.0 if found.probability >= SURE else GATHER_S)
        first_s = self._suspected.setdefault(found.device, now_s)
        if now_s - first_s >= wait_s or self.ask is None:
            del self._suspected[found.device]
            return True
        self._ask(loads, ASKED_MOST)
        self._looks.again(now_s + GATHER_S)
        return False

    def _switched_off(self, out: Flags) -> None:
        """Who is without supply by the positions, and behind nothing that is predicted."""
        left: Flags = out & ~self.picture.tree.is_fed & self.picture.home.is_fed
        left &= self.picture.home.counts > 0
        for one in self.outages:
            left &= ~one.loads
        if left.any() and self.board.tripped:
            self._begin(self.board.tripped, left, math.nan, nested=False)

    def _begin(self, device: str, loads: Flags, since_s: float, *, nested: bool) -> None:
        """`since_s` is when it began, by a clock of the field; nan where nothing says so."""
        self._number += 1
        ago_s = self.room.kernel.now().timestamp() - since_s
        now_s = self.room.agenda.now_s - (ago_s if ago_s > 0 else 0.0)
        customers = self._customers(loads)
        named = loads.copy()
        begun = Outage(self._number, device, loads, named, now_s, customers, nested=nested)
        self.outages.append(begun)

    def _is_nested(self, found: PredictedOutage, loads: Flags) -> bool:
        """Whether supply was said to be back to them lately, and they have not said so, while the
        device itself has not said that it opened."""
        reports, now_s = self.picture.reports, self.room.kernel.now().timestamp()
        row = self.picture.tree.rows.get(found.device, -1)
        if row >= 0 and reports.position[row] > 0:
            return False
        since = reports.returned_s[: len(loads)][loads]
        lit = reports.lit_s[: len(loads)][loads]
        return bool(((now_s - since < NESTED_S) & ~(lit >= since - CLOCKS_S)).any())

    def _verify(self, now_s: float) -> None:
        """Where nobody of an outage is taken to be out any more: is everybody known to be back?"""
        dark, is_fed = self.picture.prediction.dark, self.picture.tree.is_fed
        for one in list(self.outages):
            if one.loads.any():
                one.checked_s = math.inf
                continue
            one.checked_s = min(one.checked_s, now_s)
            unknown = one.named & is_fed & (dark >= BACK) & (dark < BELIEVED)
            if unknown.any() and now_s - one.checked_s < VERIFY_S and self.ask is not None:
                self._ask(unknown, ASKED_MOST)
                self._looks.again(now_s + GATHER_S)
                continue
            self.outages.remove(one)
            out = one.named & ((dark >= BELIEVED) | ~is_fed)
            say_verified(self.room.kernel, one, self.picture.home, out=out, unknown=unknown)

    def _ask(self, loads: Flags, most: int) -> None:
        working = self.picture.working
        if self.ask is None or working is None or not loads.any():
            return
        picture, now_s = self.picture, self.room.kernel.now().timestamp()
        found = pings(
            picture.tree, picture.reports, working, now_s, most=most,
            among=np.flatnonzero(loads),
        )  # fmt: skip
        self.ask([one.meter for one in found if one.meter in picture.home.load_rows])

    def _estimate(self, now_s: float) -> None:
        """Tell how long it will take, where that changed."""
        for one in self.outages:
            if not one.loads.any():
                continue
            if one.late_s <= now_s:
                one.come_to("overdue")
            if not one.is_changed:
                continue
            one.is_changed = False
            waiting = [o for o in self.outages if o.work < STAGES.index("repairing")]
            known = Standing(
                stage=one.stage,
                ahead=sum(o is not one and o.customers >= one.customers for o in waiting),
                others=sum(o is not one for o in waiting),
                crews=self.board.on_duty,
                storm=self.storm(),
                calm=now_s - self._stormed_s > CALM_S,
                automated=self.automated,
                elapsed_min=(now_s - one.start_s) / 60,
                crew_min=self.board.left_min(one.device, self.room.now()),
            )
            one.late_s = now_s + 60 * say_estimate(self.room.kernel, one, known, self.picture.home)

    def _flags(self, rows: Iterable[int]) -> Flags:
        found = np.zeros(len(self.picture.home.loads), bool)
        found[list(rows)] = True
        return found

    def _customers(self, loads: Flags) -> int:
        return int(self.picture.home.counts[loads].sum())
