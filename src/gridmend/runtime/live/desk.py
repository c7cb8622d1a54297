"""What a person may do and ask in a live room; it is reached only through `Live.ask`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from gridmend.interlock.move import By
from gridmend.model.errors import GridmendError
from gridmend.model.event import Event
from gridmend.model.plan import Plan, Step
from gridmend.model.situation import ANYWHERE, Mode, Select
from gridmend.runtime.control import Answer, authority, orders, readback, shift
from gridmend.runtime.journal import Entry
from gridmend.runtime.live import drafts, looking, planning, reading, saying
from gridmend.runtime.live.oneline.diagram import Diagrams
from gridmend.runtime.live.opening import OPERATOR
from gridmend.runtime.live.operating import Operating, look_ahead, reasoned
from gridmend.runtime.live.rows import FaultPlans, LookAhead, OrderRow, Selected
from gridmend.runtime.live.shown import order_row
from gridmend.runtime.live.striking import Striking
from gridmend.runtime.live.trends import Trends
from gridmend.runtime.live.view import View
from gridmend.runtime.live.views import Views


class Desk:
    """One room's desk. Every change is journaled with `by.principal`, `by.login` and its reason.

    A device may be named with its class or without. Raises `GridmendError` for what is not there
    and what cannot be; what the rules forbid is an `Answer` with refusals.
    """

    def __init__(self, views: Views) -> None:
        self._views, self._room = views, views.course.room
        self._kernel = self._room.kernel
        self._operating = Operating(self._room)
        self._striking = Striking(views.course)
        self._diagrams = Diagrams(views)
        self._newest: View = views.make(speed=1.0, behind_s=0.0)

    def show(self, view: View) -> None:
        """The newest picture is another; the room says so."""
        self._newest = view

    def _said(self, events: Iterable[Event], by: By) -> None:
        """Record what somebody has said of alarms, with the login."""
        more = {"login": by.login}
        self._kernel.record([replace(e, payload={**e.payload, **more}) for e in events])
        self._views.catch_up()

    @property
    def view(self) -> View:
        """The newest picture."""
        return self._newest

    @property
    def trends(self) -> Trends:
        """Figures over time."""
        return self._views.trends

    def remark(self, name: str, text: str) -> None:
        """Something beside the room is not well: views say so in `unsure`, until it is empty."""
        self._views.remarks[name] = text

    # Devices.

    def select(self, step: Step, by: By, reason: str) -> Selected:
        """Pick a device for one operation, and look ahead."""
        return self._operating.select(step, by, reason)

    def look_ahead(self, step: Step, by: By | None = None) -> LookAhead:
        """What a step would lead to, and whether it would be allowed; nothing is recorded."""
        return look_ahead(self._room, step, by)

    def operate(self, select: str, by: By, command: str) -> Answer:
        """Carry out what was selected, once: `command` is the client's own id of the command."""
        return self._operating.operate(select, by, command)

    def cancel(self, select: str, by: By) -> None:
        """Give a select back."""
        self._operating.cancel(select, by)

    def settle(self, command: str, by: By, *, done: bool, why: str) -> Answer:
        """Say what became of a command in doubt, having seen the device."""
        return readback.settle(self._kernel, command, by, done=done, why=reasoned(why, "it"))

    # Work on the network.

    def tag(self, device: str, kind: str, by: By, reason: str) -> Answer:
        """Hang a tag, `hold` or `hot_line`; `Answer.id` names it."""
        return self._operating.tag(device, kind, by, reason)

    def untag(self, tag: str, by: By, reason: str = "") -> Answer:
        """Take a tag off."""
        return self._operating.untag(tag, by, reason)

    def ground(self, bus: str, by: By, reason: str) -> Answer:
        """Order a bus earthed; a crew says when it is. `Answer.id` is the command."""
        return self._operating.ground(bus, by, reason)

    def unground(self, ground: str, by: By, reason: str = "") -> Answer:
        """Order an earth taken away."""
        return self._operating.unground(ground, by, reason)

    # Orders.

    def write(self, steps: Sequence[Step], by: By, *, title: str, area: str = ANYWHERE) -> OrderRow:
        """Draft an order."""
        name = reasoned(title, "an order")
        drafts.make_room(self._kernel, self._views.chronicle, by)
        return self.order(orders.write(self._kernel, steps, by, area=area, title=name))

    def edit(self, order: str, steps: Sequence[Step], by: By, *, title: str = "") -> OrderRow:
        """Change an order, which voids its approval."""
        area = orders.known(self._kernel, order).area
        orders.write(self._kernel, steps, by, area=area, order=order, title=title.strip())
        return self.order(order)

    def study(self, order: str, by: By) -> Answer:
        """Judge every step that is left."""
        self._room.refresh()
        return orders.study(self._kernel, order, by)

    def approve(self, order: str, by: By, version: str | None = None) -> Answer:
        """Approve what another wrote, as it was read."""
        return orders.approve(self._kernel, order, by, version=version)

    def issue(self, order: str, by: By) -> Answer:
        """Let an approved order be carried out."""
        return orders.issue(self._kernel, order, by)

    def step(self, order: str, by: By, number: int | None = None) -> Answer:
        """Carry out the next step, where it is the one of that number."""
        room, found = self._room, orders.known(self._kernel, order)
        room.refresh()
        answer = orders.step(self._kernel, order, by, number=number)
        if answer.allowed:
            step = found.steps[found.done]
            answer = room.awaited(step, answer)
            room.note_of(step, answer)
        return answer

    def suspend(self, order: str, by: By, why: str) -> Answer:
        """Let an order rest."""
        return orders.suspend(self._kernel, order, by, why=reasoned(why, "it"))

    def abort(self, order: str, by: By, why: str) -> Answer:
        """Give an order up."""
        return orders.abort(self._kernel, order, by, why=reasoned(why, "it"))

    def order(self, order: str) -> OrderRow:
        """One order as it stands."""
        self._views.catch_up()
        found = orders.known(self._kernel, order)
        return order_row(self._kernel, self._views.chronicle, found)

    # Authority.

    def take_authority(self, area: str, by: By) -> int:
        """Take the say in an area; the new epoch."""
        return authority.take_authority(self._kernel, area, by)

    def give_back(self, area: str, by: By) -> int:
        """Leave an area that one holds to the simulated operator; the new epoch. Twin only."""
        held = self._kernel.situation.authorities.get(area)
        if held is None or held.holder not in (by.principal, by.login):
            who = held.holder if held is not None else "nobody"
            raise GridmendError(f"{who} has authority over area '{area}', not {by.principal}")
        return authority.take_authority(self._kernel, area, by, holder=OPERATOR.principal)

    def offer(self, by: By, *, to: str, note: str, area: str = ANYWHERE) -> str:
        """Offer one's shift; the id of the offer."""
        alarms = [one.id for one in self._newest.alarms]
        return shift.offer(self._kernel, by, notes=note, alarms=alarms, area=area, to=to)

    def accept(self, offer: str, by: By) -> int:
        """Take over what was offered; the new epoch."""
        return shift.accept(self._kernel, offer, by)

    def business(self) -> Mapping[str, Any]:
        """What one shift leaves to the next, with the offers that stand."""
        self._views.catch_up()
        offers = [dict(one) for one in self._views.chronicle.offers.values()]
        return {"business": shift.open_business(self._kernel), "offers": offers}

    def set_mode(self, application: str, mode: Mode | str, by: By, *, area: str = ANYWHERE) -> None:
        """Say what an application may do by itself."""
        try:
            asked = Mode(mode)
        except ValueError:
            modes = ", ".join(one.value for one in Mode)
            raise GridmendError(f"there is no mode '{mode}'", mend=f"give one of {modes}") from None
        if (application, ANYWHERE) not in self._kernel.situation.modes:
            known = ", ".join(sorted({name for name, _ in self._kernel.situation.modes}))
            raise GridmendError(f"there is no application '{application}'", mend=f"known: {known}")
        authority.set_mode(self._kernel, application, asked, by, area=area)

    def kill(self, by: By, *, area: str = ANYWHERE) -> None:
        """Stop every application at once."""
        authority.kill(self._kernel, by, area=area)

    def revive(self, by: By, *, area: str = ANYWHERE) -> None:
        """Let applications act again."""
        authority.revive(self._kernel, by, area=area)

    def tell(self, kind: str, said: Mapping[str, str], once: str = "") -> None:
        """Write down what was changed of accounts, or who logged in, under one id `once`."""
        saying.of_account(self._kernel, kind, said, once)

    # Alarms.

    def acknowledge(self, alarms: Iterable[str], by: By) -> None:
        """Say that alarms are seen."""
        ids = tuple(alarms)
        known = self._views.chronicle.alarms
        self._said(known.acknowledging(ids, by=by.principal, now=self._room.now()), by)

    def shelve(self, alarm: str, by: By, *, lasts: timedelta, reason: str) -> None:
        """Put an alarm aside for a while."""
        alarms, minutes = self._views.chronicle.alarms, lasts / timedelta(minutes=1)
        now = self._room.now()
        events = alarms.shelving(alarm, minutes=minutes, reason=reason, by=by.principal, now=now)
        self._said(events, by)

    def unshelve(self, alarm: str, by: By) -> None:
        """Take an alarm from the shelf."""
        alarms = self._views.chronicle.alarms
        self._said(alarms.unshelving(alarm, by=by.principal, now=self._room.now()), by)

    # Plans.

    def plans(self, fault: str, by: By) -> FaultPlans:
        """Candidate plans for a fault from what stands now, the best first; kept by their ids."""
        return planning.ask(self._views, fault, by)

    def order_of_plan(self, plan: str, by: By) -> OrderRow:
        """Write and study the order of a plan that was kept; another approves it."""
        return self.order(planning.order_of(self._views, plan, by))

    def plan(self, plan: str) -> Plan:
        """A plan that was kept."""
        return planning.find(self._views, plan)[1]

    # The simulated field.

    def strike(self, element: str, by: By) -> int:
        """Strike an element with a bolted fault of all phases, for good; its number."""
        return self._striking.strike(element, by)

    def repair(self, element: str, by: By) -> None:
        """Mend an element at once, in place of a crew."""
        self._striking.repair(element, by)

    def say_speed(self, before: float, after: float, by: By | Select, why: str = "") -> None:
        """Write down that time on the twin goes another number of times as fast as the clock."""
        saying.of_speed(self._kernel, before, after, by, why)

    # Looking.

    def element(self, key: str) -> Mapping[str, Any]:
        """All that a page shows of one device."""
        return looking.element(self._views, key)

    def trace(self, key: str, direction: str) -> Mapping[str, Any]:
        """`up` to what feeds a device or `down` to what it feeds: rows of the geometry, with
        customers and load."""
        return looking.trace(self._views, key, direction)

    def search(self, text: str, limit: int = 20) -> tuple[Mapping[str, Any], ...]:
        """Elements and buses whose name holds a text, the nearest names first."""
        return looking.search(self._views, text, limit)

    @property
    def diagrams(self) -> Diagrams:
        """One-line diagrams of feeders and substations, and what flows in them."""
        return self._diagrams

    def trend(
        self, names: Sequence[str], start: datetime | None = None, end: datetime | None = None
    ) -> Mapping[str, Any]:
        """`{times, series: {name: values}, units: {name: unit}}`; nan where nothing was known."""
        return self._views.trends.between(names, start, end)

    def trend_names(self) -> Mapping[str, str]:
        """What has a trend, and its unit."""
        return self._views.trends.units

    def entries(
        self, after: int = 0, limit: int = 100, *, kind: str = "", device: str = ""
    ) -> tuple[Entry, ...]:
        """Journal entries that follow one, at most `limit`, of a kind and about a device."""
        return reading.entries(self._room, after, limit, kind=kind, device=device)
