"""Trends: a ring of samples of the network's figures and of what switches carry."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import GridmendError, nearest
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.powerflow.network import Network
from gridmend.runtime.live.coding import Groups
from gridmend.runtime.live.overview import Overview

SAMPLE_S = 60.0
SAMPLES_MOST = 7 * 24 * 60
"""A week at one a minute."""
FIGURES_MOST = 5_000_000
"""Figures that are held in all: with many devices the ring is shorter."""
DEVICES_MOST = 2_000
UNKEPT_MOST = 240
"""Samples that wait to be kept; where nobody keeps them, the oldest are let go."""
NAMES_MOST = 50
"""Trends that are asked for at once."""
_OVERVIEW = {
    "load_kw": "kW", "source_kw": "kW", "loss_kw": "kW", "der_kw": "kW", "customers_out": "",
    "critical_out": "", "v_min_pu": "pu", "v_max_pu": "pu", "unacknowledged": "", "stale": "",
}  # fmt: skip


class Trends:
    """A ring of samples. Where the flow did not converge, what is calculated is nan.

    `unkept` are the times [s] and rows of samples that nobody has kept yet, in the order of
    `units`; any thread may take them from the left. `remember` brings back what was kept.
    """

    def __init__(self, grid: Grid, network: Network) -> None:
        names: list[str] = []
        at: list[tuple[str, int]] = []
        for table in ("sources", "switches"):
            for row, name in enumerate(grid.table(table).texts("name")):
                names.append(f"source.{name}".lower() if table == "sources" else name.lower())
                at.append((table, row))
        self._devices = names[:DEVICES_MOST]
        self._ends = _ends(network, at[:DEVICES_MOST])
        units = dict(_OVERVIEW)
        units |= {f"{name}.i_a": "A" for name in self._devices}
        units |= {f"{name}.v_pu": "pu" for name in self._devices}
        self.units = units
        self._column = {name: k for k, name in enumerate(units)}
        size = max(min(SAMPLES_MOST, FIGURES_MOST // len(units)), 60)
        self._values = np.full((size, len(units)), np.nan, np.float32)
        self._times = np.full(size, np.nan)
        self._count = 0
        self._last_s = -math.inf
        self.unkept: deque[tuple[float, NDArray[np.float32]]] = deque(maxlen=UNKEPT_MOST)
        self._past = np.zeros(0), np.zeros((0, len(units)), np.float32)

    @property
    def samples_most(self) -> int:
        """How many samples are held."""
        return len(self._times)

    def remember(self, times_s: NDArray[Any], rows: NDArray[Any]) -> None:
        """Have earlier samples again, [samples] and [samples, figures]; any thread may say so."""
        size = len(self._times)
        self._past = times_s[-size:], rows[-size:].astype(np.float32)

    def forget(self) -> None:
        """Have no samples of one's own: those of a room that never went on are no measurements."""
        self._count = 0
        self.unkept.clear()

    def sample(self, overview: Overview, flow: Flow) -> None:
        """Keep a sample, where the last is a minute old."""
        now_s = overview.time.timestamp()
        if now_s - self._last_s < SAMPLE_S:
            return
        self._last_s = now_s
        at = self._count % len(self._times)
        said = (getattr(overview, name) for name in _OVERVIEW)
        row = self._values[at]
        row[:] = np.nan
        row[: len(_OVERVIEW)] = [math.nan if value is None else value for value in said]
        if flow.converged:
            amps, volts = self._measured(flow)
            first = len(_OVERVIEW)
            row[first : first + len(amps)] = amps
            row[first + len(amps) :] = volts
        self._times[at] = now_s
        self._count += 1
        self.unkept.append((now_s, row.copy()))

    def _measured(self, flow: Flow) -> tuple[NDArray[Any], NDArray[Any]]:
        """[devices] the largest current of a phase [A] and the lowest voltage of a live one."""
        node = np.maximum(flow.terminals.node, 0)
        v_pu = np.where(flow.energised[node], flow.v_pu[node], np.inf)
        amps = self._ends.each(np.maximum, np.abs(flow.i_a), np.nan)
        volts = self._ends.each(np.minimum, v_pu, np.inf)
        return amps, np.where(np.isfinite(volts), volts, np.nan)

    def between(
        self, names: Sequence[str], start: datetime | None, end: datetime | None
    ) -> dict[str, Any]:
        """`{times, series, units}` of some names; all that is held unless times are given.

        Raises `GridmendError` for a name that has no trend, and for too many.
        """
        if len(names) > NAMES_MOST:
            raise GridmendError(
                f"{len(names)} trends at once", mend=f"ask for {NAMES_MOST} or less"
            )
        wanted = [name.lower() for name in names]
        for name in wanted:
            if name not in self._column:
                near = nearest(name, self._column)
                raise GridmendError(f"'{name}' has no trend", mend=near or "see the list of names")
        size = len(self._times)
        order = np.arange(max(self._count - size, 0), self._count) % size
        past_s, past = self._past
        before = past_s < (self._times[order[0]] if len(order) else math.inf)
        columns = np.array([self._column[name] for name in wanted], np.int64)
        times = np.concatenate([past_s[before], self._times[order]])[-size:]
        parts = past[np.ix_(before, columns)], self._values[np.ix_(order, columns)]
        rows = np.concatenate(parts)[-size:]
        low = -math.inf if start is None else start.timestamp()
        high = math.inf if end is None else end.timestamp()
        here = (times >= low) & (times <= high)
        times, rows = _broken(times[here], rows[here])
        return {
            "times": [datetime.fromtimestamp(t, UTC) for t in times.tolist()],
            "series": {n: rows[:, k].tolist() for k, n in enumerate(wanted)},
            "units": {name: self.units[name] for name in wanted},
        }


def _broken(
    times: NDArray[Any], rows: NDArray[np.float32]
) -> tuple[NDArray[Any], NDArray[np.float32]]:  # fmt: skip
    """The same with a sample of nan where there are none for long, so that no line is drawn there.
    Where time is simulated fast, samples lie further apart, and that is no gap."""
    steps = np.diff(times)
    usual_s = max(SAMPLE_S, float(np.median(steps))) if len(steps) > 2 else SAMPLE_S
    after = np.flatnonzero(steps > 3 * usual_s) + 1
    return (
        np.insert(times, after, times[after - 1] + SAMPLE_S),
        np.insert(rows, after, np.float32(np.nan), axis=0),
    )


def _ends(network: Network, devices: list[tuple[str, int]]) -> Groups:
    """The live conductors at the first terminal of each device."""
    number = {device: k for k, device in enumerate(devices)}
    terminals = network.terminals
    group = np.full(len(terminals.node), -1, np.int64)
    for table in ("sources", "switches"):
        at = terminals.of(table)
        at = at[(terminals.terminal[at] == 1) & (terminals.node[at] >= 0)]
        rows = terminals.row[at].tolist()
        group[at] = [number.get((table, row), -1) for row in rows]
    return Groups.by(group, np.arange(len(group), dtype=np.int64), len(devices))
