"""Judges a flow and a situation: what is out of order, section by section."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.situation import Situation
from gridmend.operations.alarms.condition import Condition
from gridmend.operations.alarms.gauge import Gauge
from gridmend.operations.alarms.kinds import KINDS
from gridmend.operations.alarms.places import Places
from gridmend.operations.alarms.standing import standing

REVERSE_PCT = 2.0
"""What may flow into a source without being told, of the load [%]: losses of a figure. Assumed."""
REVERSE_LEAST_KW = 1.0
"""Less than this is told of no source, however little load there is. Assumed."""
STALE_S = 1800.0
"""A device is not heard of where its last report is older: twice the time in which an RTU of the
twin reports everything, changed or not."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """Voltages of the normal and of the wider range [pu of the load's rated voltage]."""

    standard: str
    low_pu: float
    high_pu: float
    wide_low_pu: float
    wide_high_pu: float


ANSI = Ranges("ANSI C84.1", 0.95, 1.05, 0.9167, 1.0583)
"""ANSI C84.1-2020, service voltage of 120 V systems: range A 114 to 126 V, range B 110 to 127 V."""
EN_50160 = Ranges("EN 50160", 0.9, 1.1, 0.85, 1.1)
"""EN 50160:2010, 4.2.2: ± 10 % for 95 % of a week's ten-minute means, + 10 / - 15 % for all."""


def ranges_of(grid: Grid) -> Ranges:
    """The standard of a grid's frequency: ANSI C84.1 at 60 Hz, EN 50160 at 50 Hz."""
    return ANSI if grid.frequency_hz > 55.0 else EN_50160


@dataclass(frozen=True, eq=False)
class Judge:
    """What judging needs of a grid, made once; a flow of another network is judged anew."""

    places: Places
    ranges: Ranges
    stale_s: float = STALE_S
    _gauges: list[Gauge] = field(default_factory=list[Gauge], repr=False)

    @staticmethod
    def of(
        grid: Grid, *, ranges: Ranges | None = None, stale_s: float = STALE_S,
        places: Places | None = None,
    ) -> Judge:  # fmt: skip
        """A judge of a grid; `ranges` are those of its frequency unless given."""
        return Judge(places or Places.of(grid), ranges or ranges_of(grid), stale_s)

    def conditions(
        self, flow: Flow, situation: Situation, now: datetime | None = None
    ) -> tuple[Condition, ...]:
        """All that is out of order, and all that is inside its limit by less than the dead band.

        Nothing of a flow that did not converge is judged but that.
        """
        at = now or datetime.fromtimestamp(_time_s(situation), UTC)
        found = standing(self.places, situation, at, stale_s=self.stale_s)
        if not flow.converged:
            what = f"no solution: the worst mismatch is at bus {flow.worst_bus}"
            return (Condition("not_converged", "", what, f"bus.{flow.worst_bus}"), *found)
        gauge = self._gauge(flow)
        return (*self._voltages(gauge, flow), *self._loadings(gauge, flow),
                *self._sources(flow), *found)  # fmt: skip

    def _gauge(self, flow: Flow) -> Gauge:
        for known in self._gauges:
            if known.fits(flow):
                return known
        self._gauges[:] = [Gauge.of(self.places, flow)]
        return self._gauges[0]

    def _voltages(self, gauge: Gauge, flow: Flow) -> list[Condition]:
        v_pu, load, section = gauge.voltages(flow)
        r, names = self.ranges, gauge.load_names
        found: list[Condition] = []
        for kind, limit, low in (
            ("undervoltage_b", r.wide_low_pu, True), ("undervoltage_a", r.low_pu, True),
            ("overvoltage_b", r.wide_high_pu, False), ("overvoltage_a", r.high_pu, False),
        ):  # fmt: skip
            excess = limit - v_pu if low else v_pu - limit
            for k, many in _worst(excess, section, -KINDS[kind].dead_band):
                where = f"{names[load[k]]}" + (f" and {many - 1:,} more" if many > 1 else "")
                side = "near" if excess[k] <= 0.0 else "below" if low else "above"
                what = f"{v_pu[k]:.4f} pu at {where}, {side} {limit:g} pu ({r.standard})"
                found.append(
                    Condition(kind, self.places.head(int(section[k])), what, names[load[k]],
                              float(v_pu[k]), limit, "pu", is_beyond=bool(excess[k] > 0.0))
                )  # fmt: skip
        return found

    def _loadings(self, gauge: Gauge, flow: Flow) -> list[Condition]:
        value = gauge.loadings(flow)
        found: list[Condition] = []
        for kind, bound, these in (
            ("overload_emergency", gauge.emergency, ~gauge.is_service),
            ("overload", gauge.normal, ~gauge.is_service),
            ("service_overload", gauge.normal, gauge.is_service),
        ):
            with np.errstate(divide="ignore", invalid="ignore"):
                pct = np.where(these & (bound > 0), 100.0 * value / bound, np.nan)
            for k, many in _worst(pct - 100.0, gauge.section, -KINDS[kind].dead_band):
                unit = "A" if k < gauge.currents else "kVA"
                more = f" and {many - 1:,} more" if many > 1 else ""
                rating = "emergency rating" if kind == "overload_emergency" else "rating"
                what = f"{gauge.names[k]}{more} at {pct[k]:.0f} % of its {rating}"
                what += f", {value[k]:.0f} of {bound[k]:.0f} {unit}"
                found.append(
                    Condition(kind, self.places.head(int(gauge.section[k])), what, gauge.names[k],
                              float(pct[k]), 100.0, "%", is_beyond=bool(pct[k] > 100.0))
                )  # fmt: skip
        return found

    def _sources(self, flow: Flow) -> list[Condition]:
        into = flow.power_kva("sources").real
        load_kw = abs(float(np.sum(flow.power_kva("loads").real)))
        most = max(REVERSE_PCT / 100 * load_kw, REVERSE_LEAST_KW)
        found: list[Condition] = []
        for row in np.flatnonzero(into > most / 2).tolist():
            key = f"source.{self.places.grid.sources['name'][row]}".lower()
            what = f"{into[row]:,.0f} kW flow into {key}"
            found.append(
                Condition("reverse_flow", key, what, key, float(into[row]), round(most, 3), "kW",
                          is_beyond=bool(into[row] > most))
            )  # fmt: skip
        return found


def conditions(
    grid: Grid,
    flow: Flow,
    situation: Situation,
    *,
    now: datetime | None = None,
    judge: Judge | None = None,
) -> tuple[Condition, ...]:
    """All that is out of order at a time; without one at the time of the situation.

    Pass the same `judge` again and again: to make one takes far longer than to judge.
    """
    return (judge or Judge.of(grid)).conditions(flow, situation, now)


def _time_s(situation: Situation) -> float:
    return situation.time_s if np.isfinite(situation.time_s) else 0.0


def _worst(excess: Floats, section: Ints, least: float) -> list[tuple[int, int]]:
    """In each section the place of the largest excess above `least`, and how many are above 0 or,
    where none is, above `least`."""
    over: Flags = excess > least
    here = np.flatnonzero(over)
    if not len(here):
        return []
    order = here[np.lexsort((-excess[here], section[here]))]
    _, first, many = np.unique(section[order], return_index=True, return_counts=True)
    beyond = np.add.reduceat((excess[order] > 0.0).astype(np.int64), first)
    counted = np.where(beyond > 0, beyond, many)
    return list(zip(order[first].tolist(), counted.tolist(), strict=True))
