"""A live room of paper with the signatures of the real one: fast, and does what it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np

import gridmend
from gridmend.model.command import Command
from gridmend.model.errors import GridmendError
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Outcome, OutcomeState, Plan, Refusal, Step, Verdict
from gridmend.model.situation import (
    Authority,
    Ground,
    Order,
    OrderState,
    Select,
    Situation,
    Tag,
)
from gridmend.operations.alarms.alarm import Alarm, AlarmState
from gridmend.runtime.control import Answer
from gridmend.runtime.journal import Entry
from gridmend.runtime.live import Busy, Overview, View
from gridmend.runtime.live.rows import (
    AreaRow,
    FaultPlans,
    LookAhead,
    ModeRow,
    OrderRow,
    OrderStep,
    OutageRow,
    Pings,
    PlanRow,
    Selected,
)
from tests.ui.web.paper import START, PaperDiagrams, PaperGeometry, PaperStates

NORTH, SOUTH = "north", "south"


@lru_cache
def grid_of() -> Grid:
    """The network of the stand-in."""
    return gridmend.read("ieee123")


@lru_cache
def switches() -> tuple[str, ...]:
    """Its switches, as keys."""
    grid = grid_of()
    return tuple(grid.key(str(name)) for name in grid.switches["name"])


class PaperLive:
    """One thread at a time is at the desk; a view is made after each that changed something."""

    def __init__(self, now: Callable[[], datetime] = lambda: START) -> None:
        self.now, self.geometry, self.speed = now, PaperGeometry(), 1.0
        self.turn, self.listeners = threading.Lock(), []
        self.desk = PaperDesk(self)
        self.view = self._view(1)
        self.busy, self.urgently = False, list[bool]()

    def ask(self, fn: Callable[[Any], Any], wait_s: float = 10.0, *, urgent: bool = False) -> Any:
        self.urgently.append(urgent)
        if self.busy or not self.turn.acquire(timeout=wait_s):
            raise Busy("the room is busy")
        try:
            found = fn(self.desk)
            self.view = self._view(self.view.number)
        finally:
            self.turn.release()
        return found

    def subscribe(self, fn: Callable[[View], None]) -> Callable[[], None]:
        self.listeners.append(fn)
        return lambda: self.listeners.remove(fn)

    def set_speed(self, speed: float) -> None:
        self.speed = speed

    def tick(self) -> View:
        """One more view, told to all."""
        self.view = self._view(self.view.number + 1)
        for fn in list(self.listeners):
            fn(self.view)
        return self.view

    def _view(self, number: int) -> View:
        desk = self.desk
        overview = Overview(
            time=self.now(), number=number, sequence=number, load_kw=3490.0, source_kw=3600.5,
            loss_kw=110.5, der_kw=float("nan"), customers=1500, customers_out=0, critical_out=0,
            v_min_pu=0.97, v_max_pu=1.04, worst_bus="b7", converged=True,
            alarms={"1": 0, "2": 1, "3": 1, "4": 0}, unacknowledged=2, devices=10, data_age_s=1.5,
        )  # fmt: skip
        return View(
            sequence=len(desk.events), number=number, time_utc=self.now(),
            situation=desk.situation(),
            flow=SimpleNamespace(), converged=True, states=PaperStates(number), overview=overview,
            alarms=tuple(desk.alarms.values()), outages=(desk.outage,), plans=(desk.made,),
            orders=tuple(desk.rows()),
            areas=(AreaRow("", 20, "operator", 1), AreaRow(NORTH, 1, "", 0)),
            modes=(ModeRow("healing", "", "approve", False),), unsure=("one RTU is silent",),
            speed=self.speed, generations={"alarms": 1, "outages": 1, "orders": 1, "plans": 1,
                                           "authority": 1},
        )  # fmt: skip


class PaperDesk:
    """What is done is kept in lists; `said` has everything that changed something, in order."""

    def __init__(self, live: PaperLive) -> None:
        self.live, self.said = live, []
        north, south = switches()[:2]
        self.areas = {north: NORTH, south: SOUTH}
        bus = str(grid_of().buses["name"][3]).lower()
        self.selects: dict[str, Select] = {}
        self.commands: dict[str, Answer] = {}
        self.tags = {f"t {a}": Tag(f"t {a}", d, "hold", "x") for d, a in self.areas.items()}
        self.grounds = {"g": Ground("g", bus, "x")}
        self.orders: dict[str, Order] = {}
        self.titles: dict[str, str] = {}
        for device, area in self.areas.items():
            self.orders[f"o-{area}"] = Order(f"o-{area}", "else", area, (self._open(device),))
        self.orders["o-"] = Order("o-", "else", "", (self._open(switches()[3]),))
        self.alarms = {
            f"a {area}": Alarm(
                id=f"a {area}", priority=2, condition="tripped", device=device, what="it tripped",
                area=area, state=AlarmState.UNACKNOWLEDGED, raised_utc=START,
            )
            for device, area in self.areas.items()
        }  # fmt: skip
        self.outage = OutageRow(
            "u1", north, 0.9, (), 40, 1, START, "predicted", "", None, (), 3, Pings(3, 2, 1), ""
        )
        steps = (self._open(north), Step(Action.CLOSE, south, "to restore", v_min_pu=0.97))
        self.plan_ = Plan("line.l1", steps, Verdict(), customers_out=40, customers_restored=30)
        self.made = FaultPlans("p1", "line.l1", "", START, (PlanRow("p1.1", 1, self.plan_),))
        self.events = [
            Event(START, "control room", "x", "note", {"text": "a remark"}),
            Event(START, "control room", "x", "logged_in", {"name": "x", "place": "::1"}),
            Event(START, "field", "", "tripped", {"device": north}),
            Event(START, "field", "", "tripped", {"device": south}),
        ]
        self.offers = {"h1": {"id": "h1", "by": "someone", "to": "x", "area": NORTH, "note": ""}}

    @staticmethod
    def _open(device: str) -> Step:
        return Step(Action.OPEN, device, "for work")

    def situation(self) -> Situation:
        return replace(
            Situation.of(grid_of()), areas=self.areas, selects=dict(self.selects),
            tags=dict(self.tags), grounds=dict(self.grounds), orders=dict(self.orders),
            authorities={"": Authority("operator", 1)},
        )  # fmt: skip

    @property
    def view(self) -> View:
        return self.live.view

    def rows(self) -> list[OrderRow]:
        return [self.order(id) for id in self.orders]

    def look_ahead(self, step: Step, by: Any = None) -> LookAhead:
        return LookAhead(True, customers_out=7, v_min_pu=0.96, loading_max_pct=float("nan"))

    def select(self, step: Step, by: Any, reason: str) -> Selected:
        key = grid_of().key(step.device)
        ahead = self.look_ahead(step)
        if any(tag.device == key for tag in self.tags.values()) and step.action is Action.CLOSE:
            refusal = Refusal("tag", 1, key, "a tag hangs on it")
            return Selected(Answer((refusal,)), START, replace(ahead, allowed=False))
        id = f"s{len(self.said) + 1}"
        self.said.append(("select", key, by.principal))
        self.selects[id] = Select(id, key, step, by.principal, by.login, 1, 0.0)
        return Selected(Answer(id=id), START + timedelta(seconds=10), ahead)

    def operate(self, select: str, by: Any, command: str) -> Answer:
        picked = self.selects.pop(select, None)
        if picked is None:
            refusal = Refusal("select before operate", 1, "", "nothing is selected")
            return Answer((refusal,), command)
        if (picked.principal, picked.login) != (by.principal, by.login):
            self.selects[select] = picked
            return Answer((Refusal("select before operate", 1, picked.key, "another's"),), command)
        if command in self.commands:
            return Answer((Refusal("at most once", 1, picked.key, "it is recorded"),), command)
        self.said.append(("operate", picked.key, command))
        found = Answer((), command, Outcome(picked.step, OutcomeState.CONFIRMED, "read back"))
        self.commands[command] = found
        return found

    def cancel(self, select: str, by: Any) -> None:
        if self.selects.pop(select, None) is None:
            raise GridmendError(f"there is no select '{select}'")
        self.said.append(("cancel", select, by.principal))

    def _noted(self, *said: str) -> Answer:
        self.said.append(said)
        return Answer(id=f"n{len(self.said)}")

    def tag(self, device: str, kind: str, by: Any, reason: str) -> Answer:
        return self._noted("tag", device, by.principal)

    def untag(self, tag: str, by: Any, reason: str = "") -> Answer:
        return self._noted("untag", tag, by.principal)

    def ground(self, bus: str, by: Any, reason: str) -> Answer:
        return self._noted("ground", bus, by.principal)

    def unground(self, ground: str, by: Any, reason: str = "") -> Answer:
        return self._noted("unground", ground, by.principal)

    def write(self, steps: Any, by: Any, *, title: str, area: str = "") -> OrderRow:
        for step in steps:
            grid_of().key(step.device)
        id = f"o{len(self.said) + 100}"
        self.orders[id] = Order(id, by.principal, area, tuple(steps))
        self.titles[id] = title
        self._noted("write", id, by.principal)
        return self.order(id)

    def edit(self, order: str, steps: Any, by: Any, *, title: str = "") -> OrderRow:
        self.order(order)
        self.orders[order] = replace(self.orders[order], steps=tuple(steps))
        self._noted("edit", order, by.principal)
        return self.order(order)

    def _to(self, order: str, state: OrderState, by: Any) -> Answer:
        self.order(order)
        self.orders[order] = replace(self.orders[order], state=state)
        return self._noted(state.value, order, by.principal)

    def study(self, order: str, by: Any) -> Answer:
        return self._to(order, OrderState.STUDIED, by)

    def approve(self, order: str, by: Any, version: str | None = None) -> Answer:
        if version != "v1":
            return Answer((Refusal("two people", 0, order, "it was edited"),), order)
        if self.orders[order].is_by(by.principal):
            return Answer((Refusal("two people", 0, order, "who wrote it approves it not"),), order)
        return self._to(order, OrderState.APPROVED, by)

    def issue(self, order: str, by: Any) -> Answer:
        return self._to(order, OrderState.ISSUED, by)

    def step(self, order: str, by: Any, number: int | None = None) -> Answer:
        return self._to(order, OrderState.COMPLETED, by)

    def suspend(self, order: str, by: Any, why: str) -> Answer:
        return self._to(order, OrderState.SUSPENDED, by)

    def abort(self, order: str, by: Any, why: str) -> Answer:
        return self._to(order, OrderState.ABORTED, by)

    def order(self, order: str) -> OrderRow:
        found = self.orders.get(order)
        if found is None:
            raise GridmendError(f"there is no order '{order}'")
        steps = tuple(
            OrderStep(k, s.action.value, s.device, s.why, s.value, "waits")
            for k, s in enumerate(found.steps, 1)
        )
        return OrderRow(
            order, self.titles.get(order, ""), found.author, found.approver, "", found.area,
            found.state.value, found.done, steps, found.why, START, "v1",
        )  # fmt: skip

    def take_authority(self, area: str, by: Any) -> int:
        self._noted("take", area, by.principal)
        return 2

    def give_back(self, area: str, by: Any) -> int:
        self._noted("give back", area, by.principal)
        return 3

    def offer(self, by: Any, *, to: str, note: str, area: str = "") -> str:
        return self._noted("offer", area, by.principal).id

    def accept(self, offer: str, by: Any) -> int:
        self._noted("accept", offer, by.principal)
        return 4

    def business(self) -> Mapping[str, Any]:
        return {"offers": list(self.offers.values()), "business": {"tags": {}}}

    def set_mode(self, application: str, mode: Any, by: Any, *, area: str = "") -> None:
        self._noted("mode", area, by.principal)

    def kill(self, by: Any, *, area: str = "") -> None:
        self._noted("kill", area, by.principal)

    def revive(self, by: Any, *, area: str = "") -> None:
        self._noted("revive", area, by.principal)

    def acknowledge(self, alarms: Any, by: Any) -> None:
        self._noted("acknowledge", ",".join(alarms), by.principal)

    def shelve(self, alarm: str, by: Any, *, lasts: timedelta, reason: str) -> None:
        self._noted("shelve", alarm, by.principal)

    def unshelve(self, alarm: str, by: Any) -> None:
        self._noted("unshelve", alarm, by.principal)

    def plans(self, fault: str, by: Any) -> FaultPlans:
        return self.made

    def plan(self, plan: str) -> Plan:
        if plan != "p1.1":
            raise GridmendError(f"there is no plan '{plan}'")
        return self.plan_

    def order_of_plan(self, plan: str, by: Any) -> OrderRow:
        return self.write(self.plan(plan).steps, by, title="plan")

    def strike(self, element: str, by: Any) -> int:
        self._noted("strike", element, by.principal)
        return 1

    def repair(self, element: str, by: Any) -> None:
        self._noted("repair", element, by.principal)

    def element(self, key: str) -> Mapping[str, Any]:
        return {
            "key": grid_of().key(key), "kind": "switch", "index": 3, "bus1": "b1", "bus2": "b2",
            "phases": "abc", "feeder": "f1", "area": "", "position": "closed", "normal": "closed",
            "position_known": True, "remote": True, "heard_age_s": float("nan"),
            "locked_out": False, "rating_a": 400.0, "i_a": {"a": np.float64(1.5)}, "p_kw": 1.0,
            "q_kvar": 2.0, "loading_pct": 3.0, "v_pu": {"a": 1.01}, "source": "calculated",
            "converged": True, "customers_downstream": 5, "tags": [], "grounds": [],
            "selected_by": "", "faulted": False,
        }  # fmt: skip

    def trace(self, key: str, direction: str) -> Mapping[str, Any]:
        return {"elements": np.arange(3), "customers": 4, "load_kw": 5.0}

    def search(self, text: str, limit: int = 20) -> tuple[Mapping[str, Any], ...]:
        row = {"key": "line.l1", "kind": "line", "name": "l1", "index": 1, "x": 0.5, "y": 0.5}
        return (row,) if text in row["name"] else ()

    diagrams = PaperDiagrams()

    def trend_names(self) -> Mapping[str, str]:
        return {"load_kw": "kW", "v_min_pu": "pu"}

    def trend(self, names: Any, start: Any = None, end: Any = None) -> Mapping[str, Any]:
        times = [START, START + timedelta(minutes=1)]
        series = {name: np.array([1.0, np.nan]) for name in names}
        return {"times": times, "series": series, "units": dict.fromkeys(names, "kW")}

    def entries(
        self, after: int = 0, limit: int = 100, *, kind: str = "", device: str = ""
    ) -> tuple[Entry, ...]:
        listed = [Entry(k, e.as_line(), bytes(32)) for k, e in enumerate(self.events, 1)]
        found = [
            entry
            for entry in listed
            if entry.sequence > after and kind in ("", entry.event.kind) and device in entry.line
        ]
        return tuple(found[:limit])

    def say_speed(self, before: float, after: float, by: Any, why: str = "") -> None:
        self._noted("speed", f"{before:g}", f"{after:g}", by.principal)

    def tell(self, kind: str, said: Mapping[str, str], once: str = "") -> None:
        self.events.append(Event(START, "control room", "", kind, dict(said)))


def given(select: str, command: str, area: str, principal: str) -> Event:
    """A command that was given before the room was opened again."""
    step = Step(Action.OPEN, switches()[0], "")
    id = f"{principal}:{command}"
    said = Command(id, step, principal, "y", area, 1, START, select=select)
    return Event(START, "control room", principal, "commanded", said.as_json())
