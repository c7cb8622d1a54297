"""What a day's run does when, and what it writes down of each step."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from math import inf

import numpy as np

from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, OutcomeState, Plan, Step
from gridmend.operations.restoration import restore
from gridmend.runtime.course import Course, Floats
from gridmend.runtime.drawing import View
from gridmend.runtime.layout import bus_positions
from gridmend.runtime.normal import steps_to_normal
from gridmend.runtime.result import Day
from gridmend.runtime.sample import Sample, sample, served_nodes
from gridmend.runtime.scenario import Fault, Restoration
from gridmend.runtime.shape import minute_of_day
from gridmend.twin.field import faulted_element

TRANSFER_S = 30.0
"""Time from switch to switch when a tie's customers go back to their own feeder."""


class Record:
    """One day as it runs: a course, what is expected in it, and the rows of its steps."""

    def __init__(self, grid: Grid, *, start_utc: datetime, shape: Floats) -> None:
        self.grid = grid
        self.course = Course(grid, start_utc=start_utc, shape=shape)
        self.start_utc = start_utc
        self.xy = bus_positions(grid)
        self.plans: list[Plan] = []
        self.views: list[View] = []
        self.rows: list[tuple[Sample, int, int, bool]] = []
        self.samples: list[Sample] = []
        self.served = served_nodes(grid, self.course.flow)
        self.taps = self.course.tap_steps(self.course.flow.snapshot)
        self.moved: frozenset[str] = frozenset()
        self.before = self.course.field.snapshot

    def expect(self, fault: Fault, restoration: Restoration | None) -> None:
        """Put the fault, what follows it and its repair on the clock."""
        element = faulted_element(self.grid, fault.line)
        strikes = self.start_utc + timedelta(minutes=minute_of_day(fault.at, "fault"))
        course = self.course
        course.plan_at(strikes, lambda: self._strike(element))
        if restoration is not None:
            known = strikes + timedelta(seconds=restoration.detection_s)
            repaired = strikes + timedelta(minutes=fault.repair_min)
            if known < repaired:
                course.plan_at(known, lambda: self._propose(element, restoration, repaired))
        course.plan_at(
            strikes + timedelta(minutes=fault.repair_min),
            lambda: self._repair(element),
        )

    def step(self, time_utc: datetime) -> None:
        """Run up to the start of an interval, solve it and write its row."""
        course = self.course
        course.advance(time_utc)
        flow = course.solve()
        taps = course.tap_steps(flow.snapshot)
        operations = int(np.abs(taps - self.taps).sum())
        self.taps = taps
        self.rows.append((self._sample(), operations, course.ledger.customers_out, flow.converged))

    def finish(self, end_utc: datetime) -> None:
        """Run what is left, also past the day's end: an interruption counts until it ends."""
        self.course.advance(end_utc)
        self.course.advance(None)
        if not self.views:
            self._view("the network at the day's end")

    def day(self, fault: Fault | None, restoration: Restoration | None, step_min: int) -> Day:
        """All that was written down."""
        samples, operations, out, converged = zip(*self.rows, strict=True)
        ledger = self.course.ledger

        def column(name: str) -> Floats:
            return np.array([getattr(sample, name) for sample in samples], float)

        return Day(
            grid=self.grid, fault=fault, restoration=restoration, step_min=step_min,
            times=tuple(sample.time_utc for sample in samples),
            load_kw=column("load_kw"), losses_kw=column("loss_kw"),
            v_min_pu=column("v_min_pu"), v_max_pu=column("v_max_pu"),
            worst_bus=tuple(sample.bus for sample in samples),
            worst_phase=tuple(sample.phase for sample in samples),
            tap_operations=np.array(operations, np.int64),
            customers_out=np.array(out, np.int64), converged=np.array(converged, bool),
            plans=tuple(self.plans), events=tuple(self.course.events),
            interruptions=ledger.closed, curve=ledger.curve, samples=tuple(self.samples),
            views=tuple(self.views),
        )  # fmt: skip

    def _sample(self) -> Sample:
        """Read the present flow; of several at one time the last counts."""
        found = sample(self.grid, self.course.flow, self.served, self.course.now)
        if self.samples and self.samples[-1].time_utc == found.time_utc:
            self.samples.pop()
        self.samples.append(found)
        return found

    def _strike(self, element: str) -> None:
        course = self.course
        course.solve()
        self.before = course.field.snapshot
        self._view(f"before, {course.now:%H:%M}")
        field, events = course.field.strike(element, time_utc=course.now, cause="the day's fault")
        self.moved |= {str(e.payload["device"]).lower() for e in events if e.kind == "tripped"}
        course.change(field, events)
        self._sample()
        out = course.ledger.customers_out
        self._view(f"faulted: {out} customers out", faulted=element)

    def _propose(self, element: str, restoration: Restoration, repaired: datetime) -> None:
        course = self.course
        plan = restore(
            self.grid,
            course.demand_at(self.before),
            element,
            seconds_limit=inf,  # equal runs give equal plans, whatever the machine's speed
            network=course.network,
            topology=course.topology,
        )
        self.plans.append(plan)
        payload = {"fault": plan.fault, "steps": len(plan.steps), "allowed": plan.verdict.allowed}
        self._note("plan_proposed", f"fault on {plan.fault}", payload)
        if not plan.verdict.allowed or not plan.customers_restored:
            # Steps that bring nobody back would only delay the crew's return.
            self._view(f"not healed: {course.ledger.customers_out} customers out", faulted=element)
            return
        self._schedule(plan.steps, 0, element, restoration, repaired)

    def _schedule(
        self, steps: tuple[Step, ...], at: int, element: str, policy: Restoration, until: datetime
    ) -> None:
        """The step after the present one; steps that a repair overtakes are not taken."""
        due = self.course.now + self._time_of(steps[at], policy, is_first=at == 0)
        if due < until:
            self.course.plan_at(due, lambda: self._act(steps, at, element, policy, until))

    def _time_of(self, step: Step, policy: Restoration, *, is_first: bool) -> timedelta:
        """How long a step takes: a crew drives to a switch that is not remote."""
        switches = self.grid.switches
        row = switches.index.get(step.device.lower())
        if row is not None and not bool(switches["remote"][row]):
            return timedelta(minutes=policy.hand_step_min)
        return timedelta(seconds=0 if is_first else policy.step_s)

    def _act(
        self, steps: tuple[Step, ...], at: int, element: str, policy: Restoration, until: datetime
    ) -> None:
        if self._carry_out(steps[at], f"plan for {element}, step {at + 1}"):
            self.moved |= {steps[at].device.lower()}
            if at + 1 < len(steps):
                self._schedule(steps, at + 1, element, policy, until)
                return
        else:
            self._note("plan_stopped", f"step {at + 1}", {"device": steps[at].device})
        self._last_view(element)

    def _last_view(self, element: str) -> None:
        out = self.course.ledger.customers_out
        self._view(f"healed, {self.course.now:%H:%M:%S}: {out} customers out", faulted=element)

    def _repair(self, element: str) -> None:
        course = self.course
        field, events = course.field.repair(element, time_utc=course.now, cause="crew")
        course.change(field, events)
        steps = steps_to_normal(course.topology, course.field.snapshot, course.normal)
        due = course.now
        has_transferred = False
        for step in steps:
            # The crew stands by where it only brings supply back; a tie's customers are
            # transferred one switch after the other.
            has_transferred |= step.action is Action.OPEN
            course.plan_at(due, lambda step=step: self._return(step))
            if has_transferred:
                due += timedelta(seconds=TRANSFER_S)

    def _return(self, step: Step) -> None:
        self._carry_out(step, "return to normal")

    def _carry_out(self, step: Step, cause: str) -> bool:
        """One step by the field, then the power flow that checks it; False where it failed."""
        course = self.course
        course.adapter.cause = cause
        outcome = course.adapter.carry_out(step)
        course.change(course.field, course.adapter.events())
        found = self._sample()
        payload = {
            "device": step.device,
            "outcome": outcome.state.value,
            "converged": course.flow.converged,
            "v_min_pu": round(found.v_min_pu, 6) if np.isfinite(found.v_min_pu) else None,
            "bus": found.bus,
            "customers_out": course.ledger.customers_out,
        }
        self._note("step_checked", f"{step.action.value} {step.device}", payload)
        return outcome.state is OutcomeState.CONFIRMED

    def _note(self, kind: str, cause: str, payload: dict[str, object]) -> None:
        self.course.events.append(Event(self.course.now, "runtime", cause, kind, payload))

    def _view(self, title: str, *, faulted: str = "") -> None:
        course = self.course
        self.views.append(
            View(
                self.grid, course.flow, title, faulted=faulted, moved=self.moved,
                by_tie=self._fed_by_tie(), xy=self.xy,
            )
        )  # fmt: skip

    def _fed_by_tie(self) -> frozenset[int]:
        """Buses that would be dead were every tie open."""
        topology, snapshot = self.course.topology, self.course.field.snapshot
        ties = np.where(
            self.grid.switches.flags("normally_open"), self.course.normal.open_phases, 0
        )
        untied = replace(snapshot, open_phases=np.maximum(snapshot.open_phases, ties))
        lost = topology.energised_buses(snapshot) & ~topology.energised_buses(untied)
        return frozenset(np.flatnonzero(lost).tolist())
