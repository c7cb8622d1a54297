"""From shapes to a series: which element follows what, and its power at every step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import numpy as np

from gridmend.model.arrays import Flags, Floats, Ints
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.pv import pv_cut_out_kw, pv_panels, pv_power_at
from gridmend.model.series import CONSTANT, Series, Times, utc_times
from gridmend.model.snapshot import DEMANDS, Snapshot
from gridmend.model.table import Table

SHAPED = tuple(table for table, _, _ in DEMANDS)
"""Tables whose elements may follow a shape."""


@dataclass(frozen=True)
class Span:
    """The steps of a series: how many, how long [s], and when they are.

    Either `begin`, an aware datetime, is when the first step starts, and hours are counted from
    the start of its year in `zone`; or, where it is None, `hour` is how many hours after the
    start of the shapes that is. `zone` is the clock that daily shapes and time controls follow.
    """

    steps: int
    step_s: float = 3600.0
    hour: float = 0.0
    begin: datetime | None = None
    zone: tzinfo = UTC

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise GridError(f"a series of {self.steps} steps is none", mend="give one or more")
        if not 0 < self.step_s < np.inf:
            raise GridError(f"a step of {self.step_s} s is no step", mend="give more than zero")
        if not 0 <= self.hour < np.inf:
            raise GridError(f"hour {self.hour} is before the shapes", mend="give zero or more")
        if self.begin is not None and self.begin.tzinfo is None:
            raise GridError("the first step has no time zone", mend="give an aware datetime")

    def times(self) -> Times:
        """[steps] start of each step in UTC; none where the series is not at a date."""
        if self.begin is None:
            return np.empty(0, "datetime64[us]")
        return utc_times(self.begin, step_s=self.step_s, steps=self.steps)

    def ends_s(self) -> Floats:
        """[steps] seconds from the start of the shapes, or of the year, to the end of a step."""
        first = self.hour * 3600
        if self.begin is not None:
            first = (self.begin - _new_year(self.begin, self.zone)).total_seconds()
        return first + np.arange(1, self.steps + 1) * self.step_s

    def clock_ends_s(self) -> Floats:
        """[steps] the same as a clock on the wall counts it: a day always has 24 hours.

        On the day that summer time begins an hour of it is left out; on the day it ends one
        comes twice.
        """
        ends = self.ends_s()
        if self.begin is None:
            return ends
        # No zone changes its offset but at a quarter of an hour: it is looked up once in each.
        quarter = self.times().astype("datetime64[m]").astype(np.int64) // 15
        known, inverse = np.unique(quarter, return_inverse=True)
        offsets = [_offset_s(_EPOCH + timedelta(minutes=15 * q), self.zone) for q in known.tolist()]
        return (
            ends
            + np.array(offsets)[inverse]
            - _offset_s(_new_year(self.begin, self.zone), self.zone)
        )


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _new_year(begin: datetime, zone: tzinfo) -> datetime:
    year = begin.astimezone(zone).year
    return datetime(year, 1, 1, tzinfo=zone).astimezone(UTC)


def _offset_s(instant: datetime, zone: tzinfo) -> float:
    offset = instant.astimezone(zone).utcoffset()
    return (offset or timedelta()).total_seconds()


@dataclass(frozen=True, eq=False)
class Profile:
    """A shape as it stands at the steps of a series.

    `p`, `q` [steps] multiply active and reactive power; where `actual` they are kW and kvar. `q`
    may be `p` itself.
    """

    name: str
    p: Floats
    q: Floats
    actual: bool = False


Chosen = Mapping[tuple[str, int], Profile]
"""What elements follow, by table and row; who is not in it keeps its power."""


@dataclass
class _Rows:
    """The rows of `factors` as they come: each profile once."""

    factors: list[Floats] = field(default_factory=lambda: [])
    known: dict[int, int] = field(default_factory=lambda: {})

    def of(self, values: Floats) -> int:
        """The row of these values."""
        if id(values) not in self.known:
            self.known[id(values)] = len(self.factors)
            self.factors.append(values)
        return self.known[id(values)]


def series_of(grid: Grid, span: Span, chosen: Chosen, start: Snapshot | None = None) -> Series:
    """The series in which elements follow the profiles chosen for them.

    Loads, generators and storages have their rated power times the profile, or its values as kW
    and kvar where it is `actual`. A PV system's sun is multiplied, and its inverter starts,
    stops and limits as its columns say; it runs before the first step. `start` gives positions
    and the rated powers; the normal ones unless given.
    """
    start = Snapshot.normal(grid) if start is None else start
    rows, fields, follows = _Rows(), dict[str, Floats](), dict[str, Ints]()
    for table, p_name, q_name in DEMANDS:
        mine = {row: profile for (t, row), profile in chosen.items() if t == table}
        if not mine:
            continue
        for name in (p_name, q_name):
            fields[name] = getattr(start, name).copy()
            follows[name] = np.full(len(fields[name]), CONSTANT, np.int64)
        if table == "pv_systems":
            mine = _sunlit(grid.pv_systems, mine)
        for row, profile in mine.items():
            if profile.actual:
                fields[p_name][row] = fields[q_name][row] = 1.0
            follows[p_name][row] = rows.of(profile.p)
            follows[q_name][row] = rows.of(profile.q)
    for values in fields.values():
        values.flags.writeable = False
    factors = np.array(rows.factors) if rows.factors else np.ones((1, span.steps))
    times = span.times()
    start = replace(start, **fields, time=span.begin or start.time)
    return Series(start, factors, follows, times, span.step_s, span.zone)


def _sunlit(table: Table, profiles: Mapping[int, Profile]) -> dict[int, Profile]:
    """The profiles of PV systems, from multiples of the sun to kW and kvar."""
    found: dict[int, Profile] = {}
    for row, profile in profiles.items():
        one = table.only(np.array([row]))
        sun = profile.p if profile.actual else profile.p * one.numbers("irradiance_pu")
        panel = pv_panels(one, sun[:, None])
        p, q = pv_power_at(one, sun[:, None], _running(one, panel))
        found[row] = Profile(profile.name, p[:, 0].copy(), q[:, 0].copy(), actual=True)
    return found


def _running(table: Table, panel_kw: Floats) -> Flags:
    """[steps, 1] whether an inverter runs: it starts at cut-in and stops below cut-out."""
    cut_in = table.numbers("rating_kva") * table.numbers("cut_in_pct") / 100
    starts = panel_kw >= np.maximum(cut_in, pv_cut_out_kw(table))
    decides = starts | (panel_kw < pv_cut_out_kw(table))
    decides[0] = True
    starts[0] |= panel_kw[0] >= pv_cut_out_kw(table)
    last = np.maximum.accumulate(np.where(decides[:, 0], np.arange(len(panel_kw)), 0))
    return starts[last]


def with_class_growth(
    series: Series, grid: Grid, percent: Mapping[str, float], *, years: float
) -> Series:
    """Loads that have grown by some per cent a year, by class; `""` is every other class.

    A load that is `fixed` does not grow. Raises `GridError` for a class that no load has.
    """
    classes = [c.lower() for c in grid.loads.texts("class")]
    named = {c.lower(): value for c, value in percent.items()}
    for name in percent:
        if name and name.lower() not in classes:
            known = sorted({c for c in grid.loads.texts("class") if c})
            raise GridError(
                f"no load is of class '{name}'",
                mend=f"the classes are {', '.join(known)}" if known else "no load has a class",
            )
    shares = np.array([named.get(c, named.get("", 0.0)) for c in classes], float) / 100
    shares = np.where(grid.loads.flags("fixed"), 0.0, shares)
    return series.with_growth({"load_kw": shares, "load_kvar": shares}, years=years)


def unmoved(series: Series) -> bool:
    """Whether no power changes over the steps."""
    used: set[Any] = set()
    for rows in series.follows.values():
        used |= set(rows[rows >= 0].tolist())
    factors = series.factors[sorted(used)]
    return bool((factors == factors[:, :1]).all())
