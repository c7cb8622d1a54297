"""What storages hold that may carry an island, as the virtual clock goes on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.islanding import formers

_HOUR_S = 3600.0
_LEAST = 1e-6
"""The least efficiency that is counted with, so that what gives nothing is empty at once."""
_EMPTY_KWH = 1e-6
"""How near its reserve a storage is at it: rounding of the clock's microseconds."""


@dataclass(eq=False)
class Stores:
    """The storages that a source in island mode stands for; all arrays are of these. They go on in
    place.

    Each gives what its source gives while that is on, else what it gives by itself. One whose
    source is on and that has come to its reserve drops it; what is given by schedule below the
    reserve is the schedule's to say. What is stored stays between nothing and its capacity.
    """

    sources: Ints
    rows: Ints
    capacity_kwh: Floats
    reserve_kwh: Floats
    charging: Floats
    """Share of what is taken that is stored."""
    discharging: Floats
    """Share of what is stored that is given."""
    stored_kwh: Floats
    _begun_kwh: Floats = field(init=False)
    _rate_kw: Floats = field(init=False)
    """By how much what is stored falls."""
    _is_on: Flags = field(init=False)
    _now_s: float = 0.0

    @staticmethod
    def of(grid: Grid) -> Stores:
        """Those of a grid, as full as its tables have them at the instant."""
        mine = [one for one in formers(grid) if one.table == "storages"]
        sources = np.array([one.source for one in mine], np.int64)
        rows = np.array([one.row for one in mine], np.int64)

        def of(column: str) -> Floats:
            return grid.storages.numbers(column)[rows].astype(float)

        return Stores(
            sources=sources,
            rows=rows,
            capacity_kwh=of("capacity_kwh"),
            reserve_kwh=of("capacity_kwh") * of("reserve_pct") / 100,
            charging=np.nan_to_num(of("charge_efficiency_pct")) / 100,
            discharging=np.maximum(np.nan_to_num(of("discharge_efficiency_pct")) / 100, _LEAST),
            stored_kwh=np.clip(np.nan_to_num(of("stored_kwh")), 0.0, of("capacity_kwh")),
        )

    def __post_init__(self) -> None:
        self._begun_kwh = self.stored_kwh.copy()
        self._rate_kw = np.zeros(len(self.sources))
        self._is_on = np.zeros(len(self.sources), bool)

    def anew(self) -> None:
        """All begin as full as they were."""
        self.stored_kwh, self._now_s = self._begun_kwh.copy(), 0.0
        self._rate_kw[:], self._is_on[:] = 0.0, False

    def see(self, now_s: float, flow: Flow) -> None:
        """From now on each gives what a flow has it give; where none is found, what it gave."""
        if not len(self.sources):
            return
        self._go_on(now_s)
        was_on, self._is_on = self._is_on, flow.snapshot.source_on[self.sources]
        if not flow.converged:
            self._rate_kw = np.where(was_on == self._is_on, self._rate_kw, 0.0)
            return
        by_source = -flow.power_kva("sources").real[self.sources]
        by_itself = -flow.power_kva("storages").real[self.rows]
        given_kw = np.where(self._is_on, by_source, by_itself)
        self._rate_kw = np.where(
            given_kw > 0, given_kw / self.discharging, given_kw * self.charging
        )

    def due_s(self) -> float:
        """When the first comes to its reserve that carries an island [s]; inf if none does."""
        left_kwh = np.maximum(self.stored_kwh - self.reserve_kwh, 0.0)
        lasts = self._is_on & (self._rate_kw > 0)
        if not lasts.any():
            return math.inf
        hours = left_kwh[lasts] / self._rate_kw[lasts]
        return self._now_s + math.ceil(float(hours.min()) * _HOUR_S * 1e6) / 1e6

    def act(self, now_s: float) -> Iterator[int]:
        """The rows of the sources that their storages drop now."""
        if not len(self.sources):
            return
        self._go_on(now_s)
        empty = self._is_on & (self._rate_kw > 0)
        empty &= self.stored_kwh <= self.reserve_kwh + _EMPTY_KWH
        for k in np.flatnonzero(empty).tolist():
            self._is_on[k] = False
            yield int(self.sources[k])

    def _go_on(self, now_s: float) -> None:
        fallen_kwh = self._rate_kw * (now_s - self._now_s) / _HOUR_S
        self.stored_kwh = np.clip(self.stored_kwh - fallen_kwh, 0.0, self.capacity_kwh)
        self._now_s = now_s
