"""What demand is expected at each time of the window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from gridmend.model.errors import GridmendError
from gridmend.model.series import Series
from gridmend.model.snapshot import Snapshot
from gridmend.operations.cold_load import ColdLoad

HOURS_MOST = 200
"""Steps of a series that are looked at in one window; of more, those of the highest and of the
lowest demand."""


@dataclass(frozen=True, eq=False)
class Forecast:
    """Demand by time: of a series, or one snapshot's throughout."""

    given: Snapshot | Series

    @property
    def start(self) -> Snapshot:
        """Positions from which everything begins."""
        return self.given.start if isinstance(self.given, Series) else self.given

    def words(self, cold: ColdLoad | None = None) -> str:
        """What the demand is, for a reader of the sheet."""
        what = "one demand for the whole window"
        if isinstance(self.given, Series):
            what = f"a forecast in steps of {self.given.step_s / 60:g} min"
        counted = "with" if cold is not None else "without"
        return f"{what}, {counted} what loads draw beyond it once they come back"

    def at(self, when: datetime) -> Snapshot:
        """The demand at a time; `GridmendError` where the series does not reach there."""
        if isinstance(self.given, Snapshot):
            return self.given
        return self.given[self._step(when)]

    def during(self, begin: datetime, end: datetime) -> list[tuple[datetime, Snapshot]]:
        """The different demands of a window, each with when it begins."""
        if isinstance(self.given, Snapshot):
            return [(begin, self.given)]
        series, first = self.given, self._step(begin)
        last = self._step(end)
        steps = list(range(first, last + 1))
        if len(steps) > 1 and _utc(series, last) == _naive(end):
            steps.pop()
        if len(steps) > HOURS_MOST:
            total = np.array([series.powers("load_kw", k).sum() for k in steps])
            ranked = np.argsort(total, kind="stable")
            half = HOURS_MOST // 2
            steps = sorted(steps[k] for k in (*ranked[:half], *ranked[-half:]))
        times = [max(_utc(series, k), _naive(begin)) for k in steps]
        found = [t.astype("datetime64[us]").item().replace(tzinfo=UTC) for t in times]
        return [(time, series[k]) for time, k in zip(found, steps, strict=True)]

    def worst(self, begin: datetime, end: datetime) -> tuple[datetime, Snapshot]:
        """The time of the window at which loads ask for most, and its demand."""
        return max(self.during(begin, end), key=lambda one: float(one[1].load_kw.sum()))

    def _step(self, when: datetime) -> int:
        series = self.given
        assert isinstance(series, Series)
        if not len(series.times):
            raise GridmendError(
                "the series has no times, so that nothing of it is the demand of the window",
                where="forecast", mend="give the series its times",
            )  # fmt: skip
        at = int(np.searchsorted(series.times, _naive(when), "right")) - 1
        length = np.timedelta64(round(series.step_s * 1e6), "us")
        if at < 0 or _naive(when) > series.times[at] + length:
            first, last = series.times[0], series.times[-1] + length
            raise GridmendError(
                f"the forecast from {first} to {last} UTC says nothing of {_naive(when)}",
                where="forecast", mend="give one that covers the whole window",
            )  # fmt: skip
        return at


def _naive(when: datetime) -> np.datetime64:
    return np.datetime64(when.astimezone(UTC).replace(tzinfo=None), "us")


def _utc(series: Series, step: int) -> np.datetime64:
    return np.datetime64(series.times[step], "us")
