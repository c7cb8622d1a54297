"""What the journal told of outages, orders, tags and hand-overs, as pages want to read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gridmend.model.event import Event
from gridmend.model.vocabulary import wrong_with
from gridmend.operations.alarms import Alarms
from gridmend.runtime.exercise.crew_board import BEHIND
from gridmend.runtime.live.rows import Interval

OUTAGES_MOST = 500
"""Outages that are remembered; the oldest that are over go first."""
NAMES_MOST = 10_000
"""Titles of orders, reasons of tags and stops that are remembered."""
OFFERS_MOST = 50


@dataclass
class Told:
    """What was told of one outage."""

    number: int
    device: str
    began: datetime
    chance: float | None = None
    customers: int = 0
    critical: int = 0
    stage: str = "detected"
    cause: str = ""
    nested: bool = False
    back_by: Interval | None = None
    crews: dict[str, str] = field(default_factory=dict[str, str])
    loads: frozenset[str] = frozenset()
    calls: int = 0
    asked: int = 0
    answered: int = 0
    over: datetime | None = None


@dataclass
class Chronicle:
    """It hears every entry once, in order; what it holds is bounded.

    `counts` say how often each part has changed: `alarms`, `outages`, `orders`, `plans`,
    `authority`.
    """

    alarms: Alarms
    outages: dict[int, Told] = field(default_factory=dict[int, Told])
    titles: dict[str, str] = field(default_factory=dict[str, str])
    written: dict[str, datetime] = field(default_factory=dict[str, datetime])
    touched: dict[str, datetime] = field(default_factory=dict[str, datetime])
    """When something was last said of an order."""
    reasons: dict[str, str] = field(default_factory=dict[str, str])
    proposed: dict[str, datetime] = field(default_factory=dict[str, datetime])
    """When the newest plan of a fault was proposed."""
    suspected: dict[str, int] = field(default_factory=dict[str, int])
    """The entry that last said of an element that it may be faulted."""
    stops: dict[str, str] = field(default_factory=dict[str, str])
    offers: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(
            ("alarms", "outages", "orders", "plans", "authority"), 0
        )
    )
    sequence: int = 0
    generation: int = 0
    """Outages are numbered anew after each restart of the desk: which start it is."""

    def hear(self, event: Event, sequence: int) -> None:
        """Take note of one entry; what cannot be read is passed over."""
        self.sequence = sequence
        alarms = self.alarms.heard(event, sequence)
        if alarms is not self.alarms:
            self.alarms = alarms
            self.counts["alarms"] += 1
        handler = _HANDLERS.get(event.kind)
        if handler is None or wrong_with(event):
            return
        handler(self, event)

    def changed(self, part: str) -> None:
        """A part is another than it was."""
        self.counts[part] += 1

    def outage(self, number: int) -> Told | None:
        """The outage of a number, of the present start."""
        return self.outages.get(self.generation * 1_000_000 + number)

    def open_outages(self) -> list[Told]:
        """Those that are not over."""
        return [one for one in self.outages.values() if one.over is None]


def _predicted(self: Chronicle, event: Event) -> None:
    said = event.payload
    number = int(said.get("outage", 0))
    if not number:
        return
    key = self.generation * 1_000_000 + number
    one = self.outages.get(key)
    if one is None:
        one = self.outages[key] = Told(key, str(said["device"]), _since(event))
        _shorten(self)
    one.device, one.chance = str(said["device"]), float(said["probability"])
    one.customers, one.critical = int(said["customers"]), int(said.get("critical", 0))
    one.nested = bool(said.get("nested", False))
    one.over = None
    self.changed("outages")


def _since(event: Event) -> datetime:
    """When an outage began: as the desk says, else when it is told."""
    try:
        since = datetime.fromisoformat(str(event.payload["since_utc"]))
    except (KeyError, ValueError):
        return event.time_utc
    return since if since.tzinfo is not None else event.time_utc


def _shorten(self: Chronicle) -> None:
    while len(self.outages) > OUTAGES_MOST:
        over = next((k for k, one in self.outages.items() if one.over), next(iter(self.outages)))
        del self.outages[over]


def _estimated(self: Chronicle, event: Event) -> None:
    said = event.payload
    one = self.outage(int(said.get("outage", 0)))
    if one is None:
        return
    try:
        times = [datetime.fromisoformat(said[f"{k}_utc"]) for k in ("median", "early", "late")]
    except (KeyError, TypeError, ValueError):
        return
    one.stage, one.customers = str(said["stage"]), int(said.get("customers", one.customers))
    one.back_by = Interval(times[0], times[1], times[2], float(said.get("stated_pct", 0.0)))
    one.loads = frozenset(str(name).lower() for name in said.get("loads", ()))
    self.changed("outages")


def _verified(self: Chronicle, event: Event) -> None:
    one = self.outage(int(event.payload.get("outage", 0)))
    if one is not None:
        one.over, one.stage = event.time_utc, "restored"
        one.customers = int(event.payload["out"])
        self.changed("outages")


def _crew(self: Chronicle, event: Event) -> None:
    said = event.payload
    device = str(said["job"]).rpartition(BEHIND)[2].lower() if BEHIND in str(said["job"]) else ""
    for one in self.open_outages():
        if one.device == device:
            one.crews[str(said["crew"])] = str(said["text"])
            self.changed("outages")
        elif one.crews.pop(str(said["crew"]), None) is not None:
            self.changed("outages")


def _called(self: Chronicle, event: Event) -> None:
    load = str(event.payload["customer"]).lower().rpartition("/")[0]
    for one in self.open_outages():
        if load in one.loads:
            one.calls += 1
            self.changed("outages")


def _pinged(self: Chronicle, event: Event) -> None:
    meter = str(event.payload["meter"]).lower()
    for one in self.open_outages():
        if meter in one.loads:
            one.asked += 1
            one.answered += bool(event.payload["answered"])
            self.changed("outages")


def _found(self: Chronicle, event: Event) -> None:
    """Damage is found or mended: what is told of the cause."""
    said = event.payload
    if event.kind == "fault_suspected":
        _keep(self.suspected, str(said["element"]).lower(), self.sequence)
    behind = str(said.get("behind", "")).lower()
    for one in self.open_outages():
        if behind and one.device == behind:
            one.cause = f"suspected on {said['element']}"
    self.changed("outages")
    self.changed("plans")


def _order(self: Chronicle, event: Event) -> None:
    order = str(event.payload["order"])
    _keep(self.touched, order, event.time_utc)
    if event.kind == "order_written":
        _keep(self.written, order, self.written.get(order, event.time_utc))
        if event.payload.get("title"):
            _keep(self.titles, order, str(event.payload["title"]))
    self.changed("orders")
    self.changed("plans")


def _outcome(self: Chronicle, event: Event) -> None:
    self.changed("orders")


def _tagged(self: Chronicle, event: Event) -> None:
    if event.payload.get("reason"):
        _keep(self.reasons, str(event.payload["tag"]), str(event.payload["reason"]))


def _plan(self: Chronicle, event: Event) -> None:
    if event.kind == "plan_stopped":
        device = str(event.payload.get("device", "")).lower()
        _keep(self.stops, device, str(event.payload.get("why", "")))
    elif event.payload.get("fault"):
        _keep(self.proposed, str(event.payload["fault"]), event.time_utc)
    self.changed("plans")


def _offered(self: Chronicle, event: Event) -> None:
    said = event.payload
    offer = {"id": said.get("offer", ""), "time": event.time_utc, **said}
    self.offers[str(said.get("offer", ""))] = offer
    while len(self.offers) > OFFERS_MOST:
        del self.offers[next(iter(self.offers))]
    self.changed("authority")


def _accepted(self: Chronicle, event: Event) -> None:
    self.offers.pop(str(event.payload["offer"]), None)
    self.changed("authority")


def _authority(self: Chronicle, event: Event) -> None:
    if event.kind == "authority_granted":
        area = event.payload["area"]
        self.offers = {k: one for k, one in self.offers.items() if one.get("area", "") != area}
    self.changed("authority")


def _restarted(self: Chronicle, event: Event) -> None:
    """The desk's numbers begin anew, and what was under way in the field is lost."""
    self.generation += 1
    for one in self.open_outages():
        one.over, one.stage = event.time_utc, "lost at a restart"
    self.changed("outages")


def _keep(names: dict[str, Any], key: str, value: Any) -> None:
    names[key] = value
    while len(names) > NAMES_MOST:
        del names[next(iter(names))]


_HANDLERS = {
    "outage_predicted": _predicted, "restoration_estimated": _estimated,
    "restoration_verified": _verified, "crew_said": _crew, "customer_called": _called,
    "meter_pinged": _pinged, "fault_suspected": _found, "repaired": _found,
    "order_written": _order, "order_studied": _order, "order_approved": _order,
    "order_issued": _order, "order_suspended": _order, "order_aborted": _order,
    "outcome": _outcome, "commanded": _outcome, "tag_placed": _tagged,
    "plan_proposed": _plan, "plan_stopped": _plan,
    "hand_over_offered": _offered, "hand_over_accepted": _accepted,
    "authority_granted": _authority, "area_defined": _authority, "mode_set": _authority,
    "killed": _authority, "revived": _authority, "field_restarted": _restarted,
}  # fmt: skip
