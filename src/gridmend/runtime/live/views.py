"""Makes the pictures of a live room, one after the other, from its kernel and its people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np

from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.model.event import Event
from gridmend.model.plan import Action
from gridmend.model.situation import OrderState
from gridmend.operations.alarms import Alarm, Alarms, AlarmState, Judge, conditions
from gridmend.runtime.course import Course
from gridmend.runtime.layout import bus_positions
from gridmend.runtime.live.chronicle import Chronicle
from gridmend.runtime.live.coding import Coder
from gridmend.runtime.live.figures import Figures
from gridmend.runtime.live.geometry import Geometry
from gridmend.runtime.live.placing import Places, geometry_of
from gridmend.runtime.live.rows import FaultPlans
from gridmend.runtime.live.shown import (
    area_rows,
    healing_rows,
    mode_rows,
    order_rows,
    outage_rows,
)
from gridmend.runtime.live.states import States
from gridmend.runtime.live.trends import Trends
from gridmend.runtime.live.view import View
from gridmend.runtime.live.watch import STALE_S

HEARD_MOST = 400_000
"""Entries of the journal that are read again at a start, in a second or two, to know what was told
of outages, orders and alarms, and what people said to them."""
NAMED_MOST = 5
"""Names in one sentence of what is unsure."""
_SHOWN = (AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED, AlarmState.RETURNED)


class Views:
    """The maker of views of one room. All is made in the room's thread."""

    def __init__(self, course: Course) -> None:
        self.course, kernel = course, course.room.kernel
        network = course.field.plant.world.network
        topology = kernel.bench.site.topology
        places = Places.of(topology)
        self.geometry: Geometry = geometry_of(places)
        self.coder = Coder.of(self.geometry, places, network)
        self.figures = Figures.of(topology, kernel.flow())
        self.trends = Trends(course.grid, network)
        self.chronicle = Chronicle(Alarms.of(course.grid))
        self.judge = Judge.of(course.grid, places=self.chronicle.alarms.places, stale_s=STALE_S)
        self.asked: list[FaultPlans] = []
        """Plans that a person asked for, the newest last."""
        self.trouble = ""
        """What went wrong in the room itself."""
        self.remarks: dict[str, str] = {}
        """What is wrong with that which goes on beside the room, by its name."""
        self._number = 0
        self._rows: dict[str, tuple[int, object]] = {}
        self.chronicle.sequence = max(kernel.sequence - HEARD_MOST, 0)
        for _ in self._heard():
            pass

    def catch_up(self) -> list[Event]:
        """Hear what was recorded since; those events."""
        return list(self._heard())

    def _heard(self) -> Iterator[Event]:
        for entry in self.course.room.journal.read(self.chronicle.sequence):
            self.chronicle.hear(entry.event, entry.sequence)
            yield entry.event

    def judge_alarms(self) -> None:
        """Record the alarms that are raised and cleared now, and hear them."""
        kernel, now = self.course.room.kernel, self.course.now
        found = conditions(kernel.grid, kernel.flow(), kernel.situation, now=now, judge=self.judge)
        self.chronicle.alarms, events = self.chronicle.alarms.judged(found, now)
        if events:
            kernel.record(events)
            self.catch_up()

    def make(self, *, speed: float, behind_s: float) -> View:
        """The next view."""
        course, kernel = self.course, self.course.room.kernel
        self.catch_up()
        self.judge_alarms()
        self._number += 1
        now, situation, flow = course.now, kernel.situation, kernel.flow()
        topology = kernel.bench.site.topology
        live = topology.energised(situation.snapshot)
        stale = self.coder.stale(situation, now.timestamp(), STALE_S)
        alarms = self.chronicle.alarms.listed(now)
        overview = self.figures.overview(
            flow, situation, now, number=self._number, live=self.coder.at_flow(live),
            out=self.out(live), stale=stale,
            alarms=_counted(alarms),
            unacknowledged=sum(one.state is AlarmState.UNACKNOWLEDGED for one in alarms),
        )  # fmt: skip
        self.trends.sample(overview, flow)
        return View(
            sequence=kernel.sequence, time_utc=now, number=self._number, situation=situation,
            flow=flow, converged=flow.converged,
            states=States(self.coder, situation, flow, live, stale),
            overview=overview, alarms=alarms, alarm_rate=self.chronicle.alarms.rate(now),
            outages=outage_rows(self.chronicle, course.outages),
            plans=self._plans(), orders=order_rows(kernel, self.chronicle),
            areas=area_rows(kernel), modes=mode_rows(kernel),
            unsure=self._unsure(stale, behind_s), speed=speed,
            generations=dict(self.chronicle.counts),
        )  # fmt: skip

    def out(self, live: Flags) -> Flags:
        """[loads] who is out: by the positions that are known, and behind what is predicted to be
        open and says nothing itself."""
        course = self.course
        topology = course.room.kernel.bench.site.topology
        out = ~topology.supplied(live) & course.grid.loads.flags("in_service")
        for one in course.outages.outages:
            is_source = one.device.startswith("source.")
            is_told = one.device in course.grid.switches and course.room.reports(one.device)
            if not (is_source or is_told):
                out = out | one.loads
        return out

    def _plans(self) -> tuple[FaultPlans, ...]:
        """All plans, the newest first; what somebody asked for stands beside healing's own."""
        newest = {one.device or one.fault.lower(): one for one in self.asked}
        beside = dict(newest)
        healed: list[FaultPlans] = []
        for one in self.healing():
            asked = beside.pop(one.device, None)
            more = asked.plans if asked is not None and asked.made >= one.made else ()
            healed.append(replace(one, plans=(*one.plans, *more)))
        alone = (self._with_order(one) for one in [*beside.values()][::-1])
        return (*alone, *healed)

    def _with_order(self, one: FaultPlans) -> FaultPlans:
        order = self.course.room.kernel.situation.orders.get(one.order)
        waits = order is not None and order.state is OrderState.STUDIED
        return replace(one, waits_for_approval=waits)

    def ordered(self, plan: str, order: str) -> None:
        """A plan that was asked for became an order."""
        self.asked = [
            replace(one, order=order) if any(row.id == plan for row in one.plans) else one
            for one in self.asked
        ]

    def healing(self) -> tuple[FaultPlans, ...]:
        """What self-healing has planned, the newest case first."""
        return healing_rows(self.course.healing, self.course.room.kernel, self.chronicle)

    @cached_property
    def bus_keys(self) -> tuple[str, ...]:
        """[buses] how each is named where elements are too."""
        return tuple(f"bus.{name.lower()}" for name in self.geometry.buses)

    @cached_property
    def bus_xy(self) -> Floats:
        """[buses, 2] where each stands on the map."""
        return bus_positions(self.course.grid)

    @cached_property
    def depth_of_bus(self) -> Ints:
        """[buses] in which order a walk from the sources normally comes to each."""
        places = self.coder.places
        topology, normal = places.topology, places.normal
        grown, _ = topology.from_sources(topology.closed(normal), normal.source_on)
        found = np.full(len(self.geometry.buses), len(grown.order) + 1, np.int64)
        buses = topology.wiring.node_bus[grown.order]
        found[buses[::-1]] = np.arange(len(buses))[::-1]
        return found

    def _unsure(self, stale: Flags, behind_s: float) -> tuple[str, ...]:
        """What a page must not show as certain, in words."""
        kernel = self.course.room.kernel
        situation, names = kernel.situation, kernel.grid.switches["name"]
        found = [text for text in (self.trouble, *self.remarks.values()) if text]
        flow = kernel.flow()
        if not flow.converged and flow.energised.any():
            found.append(f"the power flow did not converge, worst at bus {flow.worst_bus}")
        unknown = ~situation.position_known
        for which, what in (
            (unknown, "the position is not known"),
            (stale & ~unknown, "not heard"),
        ):
            rows = np.flatnonzero(which).tolist()
            if rows:
                shown = ", ".join(str(names[row]) for row in rows[:NAMED_MOST])
                more = f" and {len(rows) - NAMED_MOST} more" if len(rows) > NAMED_MOST else ""
                found.append(f"{what}: {shown}{more}")
        doubted = [p.key for p in situation.pending.values() if p.doubted]
        if doubted:
            found.append(f"a command is in doubt: {', '.join(doubted[:NAMED_MOST])}")
        grounding = (Action.GROUND, Action.UNGROUND)
        waits = [p.key for p in situation.pending.values() if p.command.step.action in grounding]
        if waits:
            found.append(f"a crew has not reported an earth: {', '.join(waits[:NAMED_MOST])}")
        series = self.course.field.plant.world.series
        if self.course.field.agenda.now_s >= len(series) * series.step_s:
            found.append("the demand of the simulation has come to its end and stands still")
        if behind_s > 5.0:
            found.append(f"the room is {behind_s:.0f} s behind its clock")
        return tuple(found)


def _counted(alarms: tuple[Alarm, ...]) -> dict[str, int]:
    """Alarms that are shown, by priority."""
    found = {str(priority): 0 for priority in range(1, 5)}
    for one in alarms:
        if one.state in _SHOWN:
            found[str(one.priority)] += 1
    return found
