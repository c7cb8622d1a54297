"""Draws the faults of a span of time: a Poisson process with thinning for each asset and cause."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import Finding, GridError, nearest
from gridmend.model.grid import Grid
from gridmend.twin.streams import Streams
from gridmend.twin.weather import assets as places
from gridmend.twin.weather import climate
from gridmend.twin.weather.assets import AssetKind, Assets
from gridmend.twin.weather.causes import (
    ANY_DAY,
    BY_STORM,
    MANNERS,
    Cause,
    FaultKind,
    kind_and_phases,
    resistance_ohm,
)
from gridmend.twin.weather.climate import Weather, conditions
from gridmend.twin.weather.fragility import Fragility, rates_per_h
from gridmend.twin.weather.rates import Rates, expected_by_rate, factor_at, most_factor
from gridmend.twin.weather.settings import horizon
from gridmend.twin.weather.storms import Floats

Ints = NDArray[np.int64]

STEP_S = 300.0
"""The rate of a cause of weather is held for so long [s]: its value in the middle of a step."""
HORIZON_MOST_S = 10 * 365 * 86_400.0
"""A draw spans no more [s]."""
EXPECTED_MOST = 1e6
"""Candidates that a draw may expect; more is an error of the settings."""
CELLS_MOST = 2_000_000
"""Assets times steps that are worked on at once, which bounds memory."""
_MARKS = 7
"""Uniform draws a candidate: time, thinning, kind, phase, resistance, permanence, position."""


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault as the world makes it.

    `element` has its class (`line.L52`), `phases` are the conductors, `position_pu` is how far
    along the line from its first bus (0 for a transformer), `time_s` is in whole microseconds.
    Faults of cables and transformers are all permanent.
    """

    time_s: float
    element: str
    cause: Cause
    kind: FaultKind
    phases: tuple[str, ...]
    r_ohm: float
    is_permanent: bool
    position_pu: float


@dataclass(frozen=True, slots=True)
class Hazards:
    """All that brings faults about: weather, what assets stand of it, and ordinary rates.

    `without` are causes that are left out; the draws of the others stay as they are.
    """

    weather: Weather = field(default_factory=Weather)
    fragility: Fragility = field(default_factory=Fragility)
    rates: Rates = field(default_factory=Rates)
    without: tuple[Cause, ...] = ()

    def __post_init__(self) -> None:
        for cause in self.without:
            if cause not in tuple(Cause):
                mend = nearest(str(cause), [str(c) for c in Cause])
                raise GridError(f"there is no cause '{cause}'", where="hazards", mend=mend)


@dataclass(frozen=True, eq=False)
class _Part:
    """One cause on some assets: what bounds the rate, and what the rate is at a time."""

    cause: Cause
    rows: Ints
    """Which assets; those below are [rows]."""
    most_per_h: Floats
    steps: Ints
    """Steps in which the rate is above 0; none for a rate of ordinary days."""
    rate_per_h: Floats
    """[rows, steps]; [rows] without the factor of the hour and month for ordinary days."""


def strikes(
    assets: Assets, hazards: Hazards, streams: Streams, *, start_s: float = 0.0, end_s: float
) -> tuple[Strike, ...]:
    """The faults between two times [s], in order of time.

    Each asset and cause has a stream of its own: leaving out a cause or an asset leaves all
    other draws bit for bit as they are, and so does a storm for the causes of ordinary days.
    (Two storms that overlap make one field: without one, faults by the other are drawn anew.)
    The span is part of what is drawn: another span is another draw.

    Raises `GridError` for a span that is no span, and for rates so high that more than a
    million candidates would be drawn. Checked against the integral of the rates in tests.
    """
    horizon(start_s, end_s, HORIZON_MOST_S)
    found: list[Strike] = []
    expected = 0.0
    for part in _parts(assets, hazards, start_s, end_s):
        span_h = (len(part.steps) * STEP_S if len(part.steps) else end_s - start_s) / 3600
        means = part.most_per_h * span_h
        expected += float(means.sum())
        if not expected <= EXPECTED_MOST:
            raise GridError(
                f"more than {EXPECTED_MOST:,.0f} faults would be drawn",
                where=f"cause '{part.cause}'",
                mend="lower the rates or the storm's peaks, or draw a shorter span",
            )
        found += _drawn(assets, hazards, streams, part, means, start_s, end_s)
    return tuple(sorted(found, key=lambda s: (s.time_s, s.element, s.cause)))


def expected_counts(
    assets: Assets, hazards: Hazards, *, start_s: float = 0.0, end_s: float
) -> dict[Cause, Floats]:
    """By cause, [assets] how many strikes a span brings on average: the integral of the rates."""
    horizon(start_s, end_s, HORIZON_MOST_S)
    found = {cause: np.zeros(len(assets)) for cause in Cause if cause not in hazards.without}
    calendar = hazards.weather.calendar
    for part in _parts(assets, hazards, start_s, end_s):
        if len(part.steps):
            from_s = np.maximum(part.steps * STEP_S, start_s)
            till_s = np.minimum((part.steps + 1) * STEP_S, end_s)
            found[part.cause][part.rows] += part.rate_per_h @ (till_s - from_s) / 3600
        else:
            whole_h = expected_by_rate(part.cause, calendar, start_s=start_s, end_s=end_s)
            found[part.cause][part.rows] += part.rate_per_h * whole_h
    return found


def findings(
    grid: Grid, assets: Assets, hazards: Hazards, *, start_s: float = 0.0, end_s: float
) -> tuple[Finding, ...]:
    """All that looks wrong with the world events of a run, before it starts."""
    try:
        horizon(start_s, end_s, HORIZON_MOST_S)
    except GridError as problem:
        return (Finding("error", problem.what, problem.where, problem.mend),)
    known = np.isfinite(assets.x_m)
    x_m, y_m = assets.x_m[known], assets.y_m[known]
    sky = climate.findings(hazards.weather, x_m=x_m, y_m=y_m, start_s=start_s, end_s=end_s)
    return (*places.findings(grid, assets), *sky)


def _parts(assets: Assets, hazards: Hazards, start_s: float, end_s: float) -> Iterator[_Part]:
    """Every cause with the assets that it may harm in the span."""
    none = np.zeros(0, np.int64)
    for cause in ANY_DAY:
        if cause not in hazards.without:
            base = hazards.rates.per_h(cause, assets)
            rows = np.flatnonzero(base > 0)
            yield _Part(cause, rows, base[rows] * most_factor(cause), none, base[rows])
    sky = hazards.weather
    storm_steps = _steps([(s.start_s, s.gone_s) for s in sky.storms], start_s, end_s)
    heat_steps = _steps([(w.start_s, w.end_s) for w in sky.heat_waves], start_s, end_s)
    groups = (
        (BY_STORM, AssetKind.OVERHEAD, storm_steps),
        ((Cause.HEAT,), AssetKind.TRANSFORMER, heat_steps),
    )
    for causes, kind, steps in groups:
        wanted = [cause for cause in causes if cause not in hazards.without]
        rows = np.flatnonzero(assets.are(kind))
        if not len(steps) or not len(rows) or not wanted:
            continue
        times_s = (steps.astype(np.float64) + 0.5) * STEP_S
        size = max(1, CELLS_MOST // len(steps))
        for chunk in (rows[k : k + size] for k in range(0, len(rows), size)):
            some = assets.only(chunk)
            there = conditions(sky, x_m=some.x_m, y_m=some.y_m, times_s=times_s)
            for cause in wanted:
                rate = rates_per_h(hazards.fragility, cause, some, there)
                yield _Part(cause, chunk, rate.max(axis=1), steps, rate)


def _steps(spans: list[tuple[float, float]], start_s: float, end_s: float) -> Ints:
    """Numbers of the steps, counted from 0 s, that some span and the horizon share."""
    found = [np.zeros(0, np.int64)]
    for from_s, till_s in spans:
        first = int(max(from_s, start_s) // STEP_S)
        last = int(-(-min(till_s, end_s) // STEP_S))
        found.append(np.arange(first, last, dtype=np.int64))
    return np.unique(np.concatenate(found))


def _drawn(
    assets: Assets,
    hazards: Hazards,
    streams: Streams,
    part: _Part,
    means: Floats,
    start_s: float,
    end_s: float,
) -> list[Strike]:
    """The strikes of one cause: candidates at the highest rate, kept in proportion to the rate."""
    which: list[int] = []
    blocks: list[Floats] = []
    for k in (int(at) for at in np.flatnonzero(means > 0)):
        stream = streams.of("strike", part.cause, assets.names[int(part.rows[k])].lower())
        count = int(stream.poisson(float(means[k])))
        if count:
            which += [k] * count
            blocks.append(stream.random((count, _MARKS)))
    if not blocks:
        return []
    marks, at = np.concatenate(blocks), np.array(which, np.int64)
    if len(part.steps):
        place = marks[:, 0] * len(part.steps)
        step = np.minimum(place.astype(np.int64), len(part.steps) - 1)
        began_s = part.steps[step].astype(np.float64) * STEP_S
        times_s = began_s + np.minimum(place - step, 1.0) * STEP_S
        rate = part.rate_per_h[at, step]
    else:
        times_s = start_s + marks[:, 0] * (end_s - start_s)
        rate = part.rate_per_h[at] * factor_at(part.cause, hazards.weather.calendar, times_s)
    times_s = np.round(times_s, 6)
    kept = marks[:, 1] * part.most_per_h[at] < rate
    kept &= (times_s >= start_s) & (times_s < end_s)
    return _marked(assets, part.cause, part.rows[at[kept]], times_s[kept], marks[kept])


def _marked(
    assets: Assets, cause: Cause, rows: Ints, times_s: Floats, marks: Floats
) -> list[Strike]:
    """Strikes from their uniform draws."""
    at = [int(row) for row in rows]
    kinds = [
        kind_and_phases(assets.phases[row], kind_draw=one, phase_draw=two)
        for row, one, two in zip(at, marks[:, 2], marks[:, 3], strict=True)
    ]
    to_ground = np.array([kind.endswith("ground") for kind, _ in kinds], bool)
    r_ohm = resistance_ohm(cause, marks[:, 4], to_ground)
    permanent = marks[:, 5] >= MANNERS[cause].temporary
    permanent |= ~assets.are(AssetKind.OVERHEAD)[rows]
    position = np.where(assets.are(AssetKind.TRANSFORMER)[rows], 0.0, marks[:, 6])
    return [
        Strike(
            time_s=float(times_s[k]),
            element=assets.names[row],
            cause=cause,
            kind=kinds[k][0],
            phases=kinds[k][1],
            r_ohm=float(r_ohm[k]),
            is_permanent=bool(permanent[k]),
            position_pu=float(position[k]),
        )
        for k, row in enumerate(at)
    ]
