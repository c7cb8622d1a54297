"""The figures of a study with their intervals, by drawing cases anew (the bootstrap)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import GridError
from gridmend.operations.indices import MOMENTARY_MIN
from gridmend.planning.evidence.outcome import Outcome

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STATED_PCT = 95.0
DRAWS = 2_000
AT_ONCE_MIN = 1.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with the interval that holds it in 95 % of studies like this; None where nothing
    tells it."""

    value: float | None
    low: float | None
    high: float | None

    def as_json(self) -> dict[str, float | None]:
        """As plain values."""
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class Figures:
    """What automation is worth over some cases. All are simulated.

    Shares are in percent: of customer-minutes saved; of those with crews alone that no switching
    can save, and how much of the others is saved, where every case tells; by how much the median
    time without supply of those whom crews alone left out for more than five minutes is shorter;
    and how many of these are back within 60 s.
    """

    cases: int
    crew_minutes: float
    automated_minutes: float
    saved_pct: Estimate
    beyond_pct: Estimate
    reached_pct: Estimate
    crew_median_min: Estimate
    automated_median_min: Estimate
    faster_pct: Estimate
    at_once_pct: Estimate
    worse: int
    """Cases in which automation cost customer-minutes."""

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        estimates = (
            "saved_pct", "beyond_pct", "reached_pct", "crew_median_min", "automated_median_min",
            "faster_pct", "at_once_pct",
        )  # fmt: skip
        return {
            "cases": self.cases,
            "customer_minutes": {"crew": self.crew_minutes, "automated": self.automated_minutes},
            **{name: getattr(self, name).as_json() for name in estimates},
            "cases_worse": self.worse,
        }


@dataclass(frozen=True, eq=False)
class _Table:
    """Outcomes as columns: minutes [cases], and groups [groups] with the `case` of each."""

    crew: Floats
    automated: Floats
    beyond: Floats
    case: Ints
    customers: Floats
    crew_min: Floats
    automated_min: Floats
    first_min: Floats

    @staticmethod
    def of(outcomes: Sequence[Outcome]) -> _Table:
        rows = [
            (k, g.customers, g.crew_min, g.automated_min, g.first_min)
            for k, one in enumerate(outcomes)
            for g in one.groups
            if g.crew_min > MOMENTARY_MIN
        ]
        columns = np.array(rows, float).reshape(-1, 5).T
        return _Table(
            np.array([one.crew for one in outcomes]),
            np.array([one.automated for one in outcomes]),
            np.array([np.nan if one.beyond is None else one.beyond for one in outcomes]),
            columns[0].astype(np.int64),
            *columns[1:],
        )


def figures(
    outcomes: Sequence[Outcome], rng: np.random.Generator, *, draws: int = DRAWS
) -> Figures:
    """The figures of some cases under one setting, each case as likely as any other.

    Intervals are percentiles over `draws` studies of as many cases, drawn from these with
    repetition (Efron and Tibshirani 1993, ch. 13); a case is drawn whole, as its customers share
    its fate. Checked in tests against binomial intervals, and by how often they hold the truth.
    Raises `GridError` for fewer than two cases, or outcomes of several settings.
    """
    if len(outcomes) < 2:
        raise GridError("an interval needs two cases or more", mend="replay more")
    if len({one.setting for one in outcomes}) > 1:
        raise GridError("outcomes of several settings are mixed", mend="give those of one")
    table = _Table.of(outcomes)
    count = len(outcomes)
    times = rng.multinomial(count, np.full(count, 1 / count), size=draws).astype(float)

    def estimate(figure: Callable[[_Table, Floats], float]) -> Estimate:
        value = figure(table, np.ones(count))
        drawn = np.array([figure(table, row) for row in times])
        drawn = drawn[np.isfinite(drawn)]
        if not np.isfinite(value) or not len(drawn):
            return Estimate(None, None, None)
        tail = (100 - STATED_PCT) / 2
        low, high = np.percentile(drawn, [tail, 100 - tail])
        return Estimate(float(value), float(low), float(high))

    return Figures(
        cases=count,
        crew_minutes=float(table.crew.sum()),
        automated_minutes=float(table.automated.sum()),
        saved_pct=estimate(_saved_pct),
        beyond_pct=estimate(_beyond_pct),
        reached_pct=estimate(_reached_pct),
        crew_median_min=estimate(lambda t, by: _median(t.crew_min, t, by)),
        automated_median_min=estimate(lambda t, by: _median(t.automated_min, t, by)),
        faster_pct=estimate(_faster_pct),
        at_once_pct=estimate(_at_once_pct),
        worse=int((table.automated > table.crew).sum()),
    )


def _saved_pct(table: _Table, by: Floats) -> float:
    crew = float(by @ table.crew)
    return 100 * (1 - float(by @ table.automated) / crew) if crew > 0 else np.nan


def _beyond_pct(table: _Table, by: Floats) -> float:
    crew = float(by @ table.crew)
    return 100 * float(by @ table.beyond) / crew if crew > 0 else np.nan


def _reached_pct(table: _Table, by: Floats) -> float:
    possible = float(by @ (table.crew - table.beyond))
    return 100 * float(by @ (table.crew - table.automated)) / possible if possible > 0 else np.nan


def _faster_pct(table: _Table, by: Floats) -> float:
    crew = _median(table.crew_min, table, by)
    return 100 * (1 - _median(table.automated_min, table, by) / crew)


def _at_once_pct(table: _Table, by: Floats) -> float:
    weight = table.customers * by[table.case]
    total = float(weight.sum())
    return 100 * float(weight[table.first_min <= AT_ONCE_MIN].sum()) / total if total else np.nan


def _median(values: Floats, table: _Table, by: Floats) -> float:
    """The time that half of the customers do not exceed."""
    weight = table.customers * by[table.case]
    if not weight.sum() > 0:
        return np.nan
    order = np.argsort(values, kind="stable")
    passed = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(passed, passed[-1] / 2)])
