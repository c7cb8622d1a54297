"""What a day was: its arrays, plans, events and interruptions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import GridError, GridmendError
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Plan
from gridmend.operations.indices import Interruption
from gridmend.operations.interruptions.measures import Period
from gridmend.runtime.drawing import View
from gridmend.runtime.sample import Sample, energy_kwh
from gridmend.runtime.scenario import Fault, Restoration
from gridmend.twin.plant import Happened

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Voltage:
    """A voltage at a place and a time."""

    bus: str
    phase: str
    time_utc: datetime
    v_pu: float

    def __str__(self) -> str:
        return (
            f"{self.v_pu:.4f} pu at bus {self.bus}, phase {self.phase}, {self.time_utc:%H:%M} UTC"
        )


@dataclass(frozen=True, eq=False, repr=False)
class Day:
    """What a day was. Arrays are [steps], each value at the start of its interval.

    `v_min_pu`, `v_max_pu` are over energised nodes with loads (nan where there are none);
    `tap_operations` counts the steps that regulators took since the interval before.
    `samples` are the same readings also after every switching. `interruptions` run to their
    end even where that is after midnight; `period` has them as the ledger counts them, and is None
    where nobody is served.
    """

    grid: Grid
    fault: Fault | None
    restoration: Restoration | None
    step_min: int
    times: tuple[datetime, ...]
    load_kw: Floats
    losses_kw: Floats
    v_min_pu: Floats
    v_max_pu: Floats
    worst_bus: tuple[str, ...]
    worst_phase: tuple[str, ...]
    tap_operations: Ints
    customers_out: Ints
    converged: NDArray[np.bool_]
    plans: tuple[Plan, ...]
    events: tuple[Event, ...]
    happened: tuple[Happened, ...]
    interruptions: tuple[Interruption, ...]
    period: Period | None
    curve: tuple[tuple[datetime, int], ...]
    samples: tuple[Sample, ...]
    views: tuple[View, ...]

    @property
    def indices(self) -> Period:
        """The indices of this one day (IEEE Std 1366-2022); `GridError` where nobody is served."""
        if self.period is None:
            raise GridError("indices need customers served", mend="give loads customers")
        return self.period

    @property
    def customer_minutes(self) -> float:
        """Customer-minutes of interruptions longer than five minutes."""
        return self.indices.customer_minutes if self.grid.customer_count() else 0.0

    @property
    def saidi_min(self) -> float:
        """SAIDI of this day [min]: customer-minutes over all customers."""
        return self.indices.saidi_min if self.grid.customer_count() else 0.0

    @property
    def energy_kwh(self) -> float:
        """Energy that loads took [kWh]."""
        return energy_kwh(self.samples, [s.load_kw for s in self.samples], self._end_utc)

    @property
    def loss_kwh(self) -> float:
        """Energy that the network lost [kWh]."""
        return energy_kwh(self.samples, [s.loss_kw for s in self.samples], self._end_utc)

    @property
    def _end_utc(self) -> datetime:
        return self.times[0] + timedelta(days=1)

    def lowest_voltage(self) -> Voltage:
        """The lowest voltage at a customer in any interval, and where and when it was."""
        if np.isnan(self.v_min_pu).all():
            raise GridmendError("no bus had voltage on this day", mend="connect a source")
        at = int(np.nanargmin(self.v_min_pu))
        return Voltage(
            self.worst_bus[at], self.worst_phase[at], self.times[at], float(self.v_min_pu[at])
        )

    def customers_out_by_hour(self) -> tuple[Floats, Ints]:
        """Hours of the day at which the customers out change, and how many from then on."""
        inside = [(t, n) for t, n in self.curve if t < self._end_utc]
        hours = [(t - self.times[0]) / timedelta(hours=1) for t, _ in inside]
        counts = [n for _, n in inside]
        return np.array([*hours, 24.0]), np.array([*counts, counts[-1]], np.int64)

    def by_hour(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Hour, lowest and highest voltage [pu] and load [MW]: both ends of each sample's hold."""
        inside = [s for s in self.samples if s.time_utc < self._end_utc]
        starts = [(s.time_utc - self.times[0]) / timedelta(hours=1) for s in inside]
        hours = np.repeat([*starts, 24.0], 2)[1:-1]
        inside = [s for s in inside for _ in range(2)]
        low, high = [s.v_min_pu for s in inside], [s.v_max_pu for s in inside]
        return (
            hours, np.array(low), np.array(high),
            np.array([s.load_kw for s in inside]) / 1000,
        )  # fmt: skip

    def title(self) -> str:
        """One line that says what day it was."""
        if self.fault is None:
            return f"{self.grid.name}: a quiet day"
        how = "healed by switching" if self.restoration else "mended by the crew alone"
        return (
            f"{self.grid.name}: fault on {self.fault.line} at {self.fault.at}, {how},"
            f" SAIDI {self.saidi_min:.1f} min"
        )

    def plot(self, path: str | Path) -> Path:
        """Save the network and the course of the day; SVG, PNG or PDF by the file's name."""
        from gridmend.runtime.figure import day_figure, save

        return save(day_figure(self), path)

    def __str__(self) -> str:
        low = f"lowest voltage {self.lowest_voltage()}" if len(self.times) else ""
        return "\n".join(
            [
                self.title(),
                f"  {low}",
                f"  energy {self.energy_kwh:,.0f} kWh, losses"
                f" {self.loss_kwh:,.0f} kWh,"
                f" {self.tap_operations.sum()} tap operations",
                f"  {self.customer_minutes:,.0f} customer-minutes, SAIDI {self.saidi_min:.2f} min",
            ]
        )
