"""What a day's run does when, and what it writes down of each step."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot, controlled_winding, step_of_tap
from gridmend.powerflow.network import Network
from gridmend.runtime.course import Course
from gridmend.runtime.drawing import View
from gridmend.runtime.exercise.demand import series_of
from gridmend.runtime.layout import bus_positions
from gridmend.runtime.ledger import one_by_one
from gridmend.runtime.result import Day
from gridmend.runtime.sample import Sample, sample, served_nodes
from gridmend.runtime.scenario import Fault, Restoration
from gridmend.runtime.shape import MINUTES_A_DAY, Floats, minute_of_day
from gridmend.twin.field import Field
from gridmend.twin.scenario.scenario import Demand, Scenario
from gridmend.twin.streams import Streams
from gridmend.twin.strikes import bolted

DAY_S = 86_400.0
AFTER_S = 3_600.0
"""How long after the last repair a run goes on, so that everything is back to normal."""


class Record:
    """One day as it runs: a course, what is expected in it, and the rows of its steps."""

    def __init__(
        self,
        grid: Grid,
        fault: Fault | None,
        restoration: Restoration | None,
        *,
        start_utc: datetime,
        shape: Floats,
        step_min: int,
        seed: int = 0,
    ) -> None:
        self.grid, self.fault, self.restoration = grid, fault, restoration
        self.start_utc, self.step_s = start_utc, 60.0 * step_min
        struck_s = 60.0 * minute_of_day(fault.at, "fault") if fault else 0.0
        self.until_s = max(DAY_S, struck_s + 60 * fault.repair_min + AFTER_S) if fault else DAY_S
        steps = math.lcm(len(shape), 96) if len(shape) <= 96 else len(shape)
        demand = Demand(tuple(shape.tolist()), step_min=MINUTES_A_DAY / steps)
        day = Scenario("day", grid.name, start_utc, hours=self.until_s / 3600, demand=demand)
        series = series_of(day, grid)
        field = Field.of(Network.of(grid), series, start_utc, Streams(seed))
        self.course = Course(field, restoration=restoration)
        self.xy = bus_positions(grid)
        self.views: list[View] = []
        self.rows: list[tuple[Sample, int, int, bool]] = []
        self.samples: list[Sample] = []
        self.served = served_nodes(grid, self.course.flow)
        self.taps = self._tap_steps(self.course.flow.snapshot)
        self.faulted, self._is_shown = "", False
        self._sound: Flow = self.course.flow
        """The last flow without a fault that burns: one of a tenth of a second is no reading."""
        self.course.watchers.append(self._see)
        if fault is not None:
            self._expect(fault, struck_s)

    def run(self) -> None:
        """Run the day, and what is left of it past midnight: an interruption counts to its end."""
        for number in range(round(DAY_S / self.step_s)):
            self._step(number * self.step_s)
        self.course.run_to(DAY_S)
        self.course.run_to(self.until_s)
        if not self.views:
            self._view("the network at the day's end")

    def day(self) -> Day:
        """All that was written down."""
        samples, operations, out, converged = zip(*self.rows, strict=True)
        course, ledger = self.course, self.course.ledger
        found = ledger.until(course.now)

        def column(name: str) -> Floats:
            return np.array([getattr(sample, name) for sample in samples], float)

        return Day(
            grid=self.grid, fault=self.fault, restoration=self.restoration,
            step_min=round(self.step_s / 60),
            times=tuple(sample.time_utc for sample in samples),
            load_kw=column("load_kw"), losses_kw=column("loss_kw"),
            v_min_pu=column("v_min_pu"), v_max_pu=column("v_max_pu"),
            worst_bus=tuple(sample.bus for sample in samples),
            worst_phase=tuple(sample.phase for sample in samples),
            tap_operations=np.array(operations, np.int64),
            customers_out=np.array(out, np.int64), converged=np.array(converged, bool),
            plans=course.healing.plans if course.healing else (),
            events=course.events, happened=tuple(course.field.plant.happened),
            period=found, curve=ledger.curve,
            interruptions=one_by_one(found, self.grid, self.start_utc) if found else (),
            samples=tuple(self.samples), views=tuple(self.views),
        )  # fmt: skip

    def _step(self, time_s: float) -> None:
        """Run up to the start of an interval and write its row, a microsecond later: by then what
        happens at that time has happened."""
        course = self.course
        course.run_to(time_s)
        course.run_to(time_s + 1e-6)
        flow = self._sound
        taps = self._tap_steps(flow.snapshot)
        operations = int(np.abs(taps - self.taps).sum())
        self.taps = taps
        time_utc = self.start_utc + timedelta(seconds=time_s)
        found = sample(course.field.plant.world.topology, flow, self.served, time_utc)
        self.rows.append((found, operations, course.ledger.customers_out, flow.converged))

    def _see(self, now_s: float, flow: Flow) -> None:
        """A new flow stands, and is a sample."""
        if self.course.field.plant.world.is_faulted:
            return
        self._sound = flow
        if self.faulted and not self._is_shown and self._is_locked_out():
            self._is_shown = True
            out = self.course.ledger.customers_out
            self._view(f"locked out: {out} customers out", faulted=self.faulted)
        time_utc = self.start_utc + timedelta(seconds=now_s)
        topology = self.course.field.plant.world.topology
        found = sample(topology, flow, self.served, time_utc)
        if self.samples and self.samples[-1].time_utc == found.time_utc:
            self.samples.pop()
        self.samples.append(found)

    def _is_locked_out(self) -> bool:
        """Whether protection has given up on the fault by now."""
        return any(one.kind == "lock_out" for one in self.course.field.plant.happened)

    def _expect(self, fault: Fault, struck_s: float) -> None:
        course = self.course
        element = bolted(self.grid, fault.line).element
        name = element.partition(".")[2]
        repaired_s = struck_s + 60 * fault.repair_min

        def strike() -> None:
            self._view(f"before, {course.now:%H:%M}")
            number = course.strike(element)
            self.faulted = name
            course.at(repaired_s, lambda: repair(number))

        def repair(number: int) -> None:
            self._last_views()
            self.faulted = ""
            course.repair(element, number)

        course.at(struck_s, strike)

    def _last_views(self) -> None:
        """The network as the repair finds it."""
        out, faulted = self.course.ledger.customers_out, self.faulted
        how = "healed" if self.course.healing and self.course.healing.plans else "faulted"
        self._view(f"{how}, {self.course.now:%H:%M}: {out} customers out", faulted=faulted)

    def _tap_steps(self, snapshot: Snapshot) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """[tap controls] steps from neutral."""
        windings = self.grid.windings
        rows = [controlled_winding(self.grid, k) for k in range(len(self.grid.tap_controls))]
        return np.array(
            [step_of_tap(windings, row, float(snapshot.tap_pu[row])) for row in rows], np.int64
        )

    def _view(self, title: str, *, faulted: str = "") -> None:
        self.views.append(
            View(
                self.grid, self.course.flow, title, faulted=faulted, moved=self._moved(),
                by_tie=self._fed_by_tie(), xy=self.xy,
            )
        )  # fmt: skip

    def _moved(self) -> frozenset[str]:
        """Switches that stand, or stood a moment ago, where they do not normally."""
        now = self.course.flow.snapshot.open_phases
        moved = np.flatnonzero(now != Snapshot.normal(self.grid).open_phases)
        told = {str(e.payload["device"]).lower() for e in self.course.events if e.kind == "tripped"}
        names = self.grid.switches.texts("name")
        return frozenset(names[row].lower() for row in moved.tolist()) | told

    def _fed_by_tie(self) -> frozenset[int]:
        """Buses that would be dead were every tie open."""
        topology, snapshot = self.course.field.plant.world.topology, self.course.flow.snapshot
        normal = Snapshot.normal(self.grid).open_phases
        ties = np.where(self.grid.switches.flags("normally_open"), normal, 0)
        untied = replace(snapshot, open_phases=np.maximum(snapshot.open_phases, ties))
        lost = topology.energised_buses(snapshot) & ~topology.energised_buses(untied)
        return frozenset(np.flatnonzero(lost).tolist())
