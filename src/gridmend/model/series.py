"""Many snapshots at once: demand whose leading axis is time or scenario."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from gridmend.model.arrays import Floats, Ints
from gridmend.model.errors import GridError
from gridmend.model.snapshot import Snapshot

VARYING = (
    "load_kw",
    "load_kvar",
    "generator_kw",
    "generator_kvar",
    "pv_kw",
    "pv_kvar",
    "storage_kw",
    "storage_kvar",
)
"""Fields of a snapshot that a series may vary."""

Times = NDArray[np.datetime64]
"""Instants in UTC, to the microsecond."""

CONSTANT = -1
"""What an element follows that keeps the power of the start."""


@dataclass(frozen=True, eq=False)
class Series:
    """Demand and generation over steps, from positions that the first step starts with.

    `start` gives positions and the powers at factor 1. `factors` [profiles, steps] are what the
    powers are multiplied by. `follows` maps a field of `VARYING` to [elements] the row of
    `factors` that multiplies it, -1 where it is constant; a field it leaves out is constant.
    So the power of an element at step k is `start.field × factors[follows, k]`.

    `times` [steps] are UTC and label the start of each step; empty where the steps are
    scenarios. Datetimes are taken too. `step_s` is how long a step lasts [s]. `zone` is the
    clock on which the snapshots' times are read, by controls that switch at an hour of the day;
    UTC unless given.

    Raises `GridError` for arrays that do not fit each other, and for factors that are not
    finite.
    """

    start: Snapshot
    factors: Floats
    follows: Mapping[str, Ints] = field(default_factory=lambda: {})
    times: Any = ()
    step_s: float = 3600.0
    zone: tzinfo = UTC

    def __post_init__(self) -> None:
        factors = np.array(self.factors, float, ndmin=2)
        factors.flags.writeable = False
        if factors.ndim != 2:
            raise GridError(f"factors of a series are [profiles, steps], not {factors.shape}")
        finite = np.isfinite(factors)
        if not finite.all():
            row, step = np.argwhere(~finite)[0].tolist()
            raise GridError(
                f"factor {factors[row, step]} is not finite", where=f"profile {row}, step {step}"
            )
        if not 0 < self.step_s < np.inf:
            raise GridError(f"a step of {self.step_s} s is no step", mend="give seconds above zero")
        times = _as_times(self.times)
        if len(times) not in (0, factors.shape[1]):
            raise GridError(f"a series of {factors.shape[1]} steps has {len(times)} times")
        object.__setattr__(self, "factors", factors)
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "follows", _checked(self.start, factors, self.follows))

    @staticmethod
    def scaled(
        start: Snapshot,
        factors: Sequence[float] | Floats,
        times: Sequence[datetime] | Times = (),
        *,
        step_s: float = 3600.0,
    ) -> Series:
        """Every load times one factor a step, active and reactive power alike."""
        rows = np.zeros(len(start.load_kw), np.int64)
        follows = {"load_kw": rows, "load_kvar": rows}
        return Series(start, np.asarray(factors, float)[None], follows, times, step_s)

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return self.factors.shape[1]

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> Snapshot:
        """The snapshot of one step; it shares the series' arrays where it can."""
        if not -self.steps <= step < self.steps:
            raise IndexError(f"a series of {self.steps} steps has no step {step}")
        fields = {name: self.powers(name, step) for name in self.follows}
        return replace(self.start, time=self.time(step), **fields)

    def __iter__(self) -> Iterator[Snapshot]:
        return (self[step] for step in range(self.steps))

    def time(self, step: int) -> datetime | None:
        """When a step starts, on the clock of `zone`; the start's own time without `times`."""
        if not len(self.times):
            return self.start.time
        instant: datetime = self.times[step].astype("datetime64[us]").item()
        return instant.replace(tzinfo=UTC).astimezone(self.zone)

    def powers(self, name: str, step: int) -> Floats:
        """[elements] one field of the snapshot of a step [kW or kvar], read-only."""
        fixed: Floats = getattr(self.start, name)
        rows = self.follows.get(name)
        if rows is None:
            return fixed
        by = np.append(self.factors[:, step], 1.0)
        values = fixed * by[rows]
        values.flags.writeable = False
        return values

    def blocks(self, size: int) -> Iterator[tuple[int, int]]:
        """Steps in blocks of at most `size`: first, and one past the last, of each."""
        if size < 1:
            raise GridError(f"a block of {size} steps is no block", mend="give one step or more")
        return ((at, min(at + size, self.steps)) for at in range(0, self.steps, size))

    def part(self, first: int, last: int) -> Series:
        """The steps from `first` up to but not including `last`, from the same start."""
        times = self.times[first:last] if len(self.times) else ()
        return replace(self, factors=self.factors[:, first:last].copy(), times=times)

    def with_growth(self, growth: Mapping[str, Floats] | float, *, years: float = 1.0) -> Series:
        """Demand that has grown by a share a year for some years: `(1 + growth) ** years`.

        `growth` is one share for all loads, or a field of `VARYING` to [elements] shares; 0.02
        is 2 % a year. What was grown stays constant over the series.
        """
        if not isinstance(growth, Mapping):
            same = np.full(len(self.start.load_kw), float(growth))
            growth = {"load_kw": same, "load_kvar": same}
        changed: dict[str, Floats] = {}
        for name, shares in growth.items():
            _known(name)
            values: Floats = getattr(self.start, name)
            if shares.shape != values.shape or not (shares > -1).all():
                raise GridError(
                    f"growth of '{name}' is no share above -1 for each of {len(values)} elements"
                )
            changed[name] = values * (1 + shares) ** years
            changed[name].flags.writeable = False
        return replace(self, start=replace(self.start, **changed))

    def with_noise(
        self, rng: np.random.Generator, share: float, *, per_load: bool = True
    ) -> Series:
        """Loads scattered about their shapes: each step times `max(0, 1 + share × N(0, 1))`.

        `share` is the standard deviation; 0.05 is 5 %. Loads are scattered independently of
        each other, or where `per_load` is False with all that follow the same profile; steps
        are independent. Active and reactive power of a load scatter together. A load that is
        constant stays so. The same generator state gives the same series.
        """
        if not 0 <= share < np.inf:
            raise GridError(f"noise of {share} is no share", mend="give zero or more")
        rows = self.follows.get("load_kw")
        if rows is None or not share:
            return self
        if not per_load:
            scatter = _scatter(rng, share, self.factors.shape)
            return replace(self, **_copied(self, scatter))
        varied = np.flatnonzero(rows >= 0)
        scatter = _scatter(rng, share, (len(varied), self.steps))
        return replace(self, **_own_rows(self, varied, scatter))


def utc_times(first: datetime, *, step_s: float, steps: int) -> Times:
    """[steps] instants in UTC, evenly spaced from an aware datetime."""
    begin = _as_times((first,))[0]
    return begin + np.arange(steps) * np.timedelta64(timedelta(seconds=step_s))


def _scatter(rng: np.random.Generator, share: float, shape: tuple[int, ...]) -> Floats:
    return np.maximum(1.0 + share * rng.standard_normal(shape), 0.0)


def _copied(series: Series, scatter: Floats) -> dict[str, Any]:
    """Scattered copies of the profiles, which loads follow in place of their own."""
    profiles = len(series.factors)
    follows = dict(series.follows)
    for name in ("load_kw", "load_kvar"):
        if name in follows:
            rows = follows[name]
            follows[name] = np.where(rows >= 0, rows + profiles, CONSTANT)
    return {
        "factors": np.concatenate([series.factors, series.factors * scatter]),
        "follows": follows,
    }


def _own_rows(series: Series, varied: Ints, scatter: Floats) -> dict[str, Any]:
    """A scattered profile for each load; two where reactive power has a shape of its own."""
    factors, follows = [series.factors], dict(series.follows)
    at = len(series.factors)
    p_rows = follows["load_kw"]
    own = np.full(len(p_rows), CONSTANT, np.int64)
    own[varied] = at + np.arange(len(varied))
    follows["load_kw"] = own
    factors.append(series.factors[p_rows[varied]] * scatter)
    q_rows = follows.get("load_kvar")
    if q_rows is not None:
        same = q_rows == p_rows
        apart = np.flatnonzero(~same[varied] & (q_rows[varied] >= 0))
        mixed = np.where(same, own, CONSTANT)
        mixed[varied[apart]] = at + len(varied) + np.arange(len(apart))
        follows["load_kvar"] = mixed
        factors.append(series.factors[q_rows[varied[apart]]] * scatter[apart])
    return {"factors": np.concatenate(factors), "follows": follows}


def _as_times(times: Any) -> Times:
    """Datetimes, aware or already NumPy's, as NumPy's in UTC."""
    if isinstance(times, np.ndarray):
        found = cast(Any, times).astype("datetime64[us]")
    else:
        listed: list[datetime] = list(times)
        if any(t.tzinfo is None for t in listed):
            raise GridError("a time has no zone", mend="give datetimes with tzinfo")
        plain = [t.astimezone(UTC).replace(tzinfo=None) for t in listed]
        found = np.array(plain, "datetime64[us]")
    found.flags.writeable = False
    return found


def _known(name: str) -> None:
    if name not in VARYING:
        raise GridError(f"a series cannot vary '{name}'", mend=f"one of {', '.join(VARYING)}")


def _checked(start: Snapshot, factors: Floats, follows: Mapping[str, Ints]) -> dict[str, Ints]:
    """Read-only rows of every field that varies, each checked against the start."""
    found: dict[str, Ints] = {}
    for name, given in follows.items():
        _known(name)
        rows = np.array(given, np.int64)
        wanted = getattr(start, name).shape
        if rows.shape != wanted:
            raise GridError(f"'{name}' of a series is {rows.shape}, not {wanted}")
        if len(rows) and not (rows.min() >= CONSTANT and rows.max() < len(factors)):
            raise GridError(f"'{name}' of a series follows a profile beyond the {len(factors)}")
        rows.flags.writeable = False
        found[name] = rows
    return found
