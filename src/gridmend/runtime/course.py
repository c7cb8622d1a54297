"""One run in memory on a virtual clock: what is due is done, and the power flow follows."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import GridmendError
from gridmend.model.event import Event
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot, controlled_winding, step_of_tap
from gridmend.model.topology import Topology
from gridmend.powerflow.network import Network
from gridmend.runtime.ledger import Ledger
from gridmend.runtime.shape import demand_at, sun_shape
from gridmend.twin.field import Field, FieldAdapter

Floats = NDArray[np.float64]

DUE_MOST = 10_000
"""Things that one run may do beside its steps."""


class Course:
    """The clock, the field and what is recorded; what is due is done in order of time."""

    def __init__(self, grid: Grid, *, start_utc: datetime, shape: Floats) -> None:
        self.grid = grid
        self.network = Network.of(grid)
        self.topology = Topology.of(grid)
        self.normal = Snapshot.normal(grid)
        self.shape = shape
        self.start_utc = start_utc
        self.now = start_utc
        self.adapter = FieldAdapter(
            Field(self.topology, self.normal), now=lambda: self.now, cause="restoration"
        )
        self.events: list[Event] = []
        self.ledger = Ledger(grid)
        self.flow = self._solve(self.demand_at(self.normal))
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._count = 0
        self.observe()

    @property
    def field(self) -> Field:
        """The field as it is now."""
        return self.adapter.field

    def plan_at(self, time_utc: datetime, action: Callable[[], None]) -> None:
        """Have something done at a time; what falls together is done in the order it was asked."""
        self._count += 1
        if self._count > DUE_MOST:
            raise GridmendError(f"one run asked for more than {DUE_MOST} actions")
        heapq.heappush(self._due, (time_utc, self._count, action))

    def advance(self, time_utc: datetime | None) -> None:
        """Do what is due up to a time, or all that is left."""
        while self._due and (time_utc is None or self._due[0][0] <= time_utc):
            self.now, _, action = heapq.heappop(self._due)
            action()
        if time_utc is not None:
            self.now = time_utc

    def change(self, field: Field, events: tuple[Event, ...] = ()) -> None:
        """The field has changed: record it, and let the power flow follow."""
        self.adapter.field = field
        self.events += events
        self.solve()
        self.observe()

    def observe(self) -> None:
        """Enter who is supplied now."""
        live = self.topology.energised(self.field.snapshot)
        self.ledger = self.ledger.at(self.now, self.topology.supplied(live))

    def solve(self) -> Flow:
        """The power flow now, with controls settled and taps carried along."""
        self.flow = self._solve(self.demand_at(self.field.snapshot))
        if self.flow.converged:
            self.adapter.field = self.field.with_demand_of(self.flow.snapshot)
        return self.flow

    def tap_steps(self, snapshot: Snapshot) -> NDArray[np.int64]:
        """[tap controls] steps from neutral."""
        windings = self.grid.windings
        rows = [controlled_winding(self.grid, k) for k in range(len(self.grid.tap_controls))]
        return np.array(
            [step_of_tap(windings, row, float(snapshot.tap_pu[row])) for row in rows], np.int64
        )

    def demand_at(self, positions: Snapshot) -> Snapshot:
        """Positions with the demand and the sun of this minute."""
        minute = (self.now - self.start_utc) / timedelta(minutes=1)
        multiplier = demand_at(self.shape, minute)
        follows = ~self.grid.loads.flags("fixed")
        scale = np.where(follows, multiplier, 1.0)
        sun = sun_shape((minute / 60) % 24)
        demand = positions.with_demand(self.normal.load_kw * scale, self.normal.load_kvar * scale)
        return replace(demand, pv_kw=self.normal.pv_kw * sun, pv_kvar=self.normal.pv_kvar * sun).at(
            self.now
        )

    def _solve(self, snapshot: Snapshot) -> Flow:
        return self.network.solve(snapshot, controls="static")
