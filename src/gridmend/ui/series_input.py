"""What `gridmend series` is given, made into a series: when, which shapes, growth and noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from gridmend.model.errors import Finding, GridmendError

if TYPE_CHECKING:
    from gridmend.formats.shapes import ShapeFile
    from gridmend.model.grid import Grid
    from gridmend.model.profiles import Chosen, Span
    from gridmend.model.series import Series
    from gridmend.model.snapshot import Snapshot

MOST_STEPS = 10_000_000
_FAR = 10


@dataclass(frozen=True)
class Asked:
    """The options that say what demand is, as given."""

    steps: int
    step_min: float
    start: str | None
    zone: str
    follow: str
    shapes: Path | None
    map: Path | None
    growth: Sequence[str]
    years: float
    noise: float
    noise_per: str
    seed: int


def series_asked(grid: Grid, asked: Asked, start: Snapshot) -> tuple[Series, list[Finding]]:
    """The series of a grid that options ask for, and what a user should know of it."""
    import numpy as np

    from gridmend.model.profiles import series_of, unmoved, with_class_growth
    from gridmend.model.shape_profiles import constant_storages, model_profiles

    if (asked.shapes is None) != (asked.map is None):
        raise GridmendError(
            "--shapes and --map go together",
            where="--shapes" if asked.map is None else "--map",
            mend="give the file of shapes and the file that says which load follows which",
        )
    zone = _zone(asked.zone)
    span, shapes = _span(asked, zone)
    chosen, wrapped = model_profiles(grid, span, mode=asked.follow)
    findings = list(wrapped)
    if shapes is not None and asked.map is not None:
        from gridmend.formats.shape_map import read_map

        mapped = read_map(asked.map, grid, shapes, span)
        chosen = {**chosen, **mapped}
        findings = [*_unmapped(grid, chosen, asked.map)]
    findings += constant_storages(grid, chosen)
    series = series_of(grid, span, chosen, start)
    if asked.growth:
        series = with_class_growth(series, grid, _growth(asked.growth), years=_years(asked.years))
    if asked.noise:
        _check_noise(asked.noise)
        rng = np.random.default_rng(asked.seed)
        series = series.with_noise(rng, asked.noise / 100, per_load=asked.noise_per == "load")
    if unmoved(series) and series.steps > 1:
        findings.append(_constant(has_shapes=bool(chosen)))
    return series, findings


def _constant(*, has_shapes: bool) -> Finding:
    why = "its shapes do not vary" if has_shapes else "no load follows a shape"
    return Finding(
        "warning",
        f"every step has the same demand: {why}",
        mend="give --shapes and --map, or shapes in the model (loadshape, daily, yearly)",
    )


def _unmapped(grid: Grid, chosen: Chosen, path: Path) -> list[Finding]:
    rows = grid.loads
    used = rows.flags("in_service") & ~rows.flags("fixed")
    left = [rows["name"][k] for k in range(len(rows)) if used[k] and ("loads", k) not in chosen]
    if not left:
        return []
    more = f" (and {len(left) - 1} more)" if len(left) > 1 else ""
    return [
        Finding(
            "warning",
            f"load '{left[0]}'{more} follows no shape and keeps its power",
            str(path),
            "map it, or all that are left with a row `*,<shape>`",
        )
    ]


def _span(asked: Asked, zone: tzinfo) -> tuple[Span, ShapeFile | None]:
    from gridmend.model.profiles import Span

    if not 1 <= asked.steps <= MOST_STEPS:
        raise GridmendError(
            f"{asked.steps:,} steps cannot be solved",
            where="--steps",
            mend=f"ask for 1 to {MOST_STEPS:,}",
        )
    if not 0 < asked.step_min <= 60 * 24 * 366:
        raise GridmendError(
            f"a step of {asked.step_min:g} min is none",
            where="--step-min",
            mend="give minutes above zero, up to a year",
        )
    hour, begin = _start(asked.start, zone)
    span = Span(asked.steps, asked.step_min * 60, hour, begin, zone)
    if asked.shapes is None:
        return span, None
    from gridmend.formats.shapes import read_shapes

    shapes = read_shapes(asked.shapes, zone=zone)
    if len(shapes.times) and begin is None:
        first: datetime = shapes.times[0].item()
        begin = first.replace(tzinfo=UTC) + timedelta(hours=hour)
        span = replace(span, begin=begin, hour=0.0)
    return span, shapes


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo, available_timezones

    from gridmend.model.errors import nearest

    if name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        known = available_timezones()
        mend = nearest(name, known) or "name one such as Europe/Berlin or America/Chicago"
        if not known:
            mend = "this machine knows no zones: pip install tzdata"
        raise GridmendError(f"there is no time zone '{name}'", where="--zone", mend=mend) from None


def _start(text: str | None, zone: tzinfo) -> tuple[float, datetime | None]:
    """Hours after the start of the shapes, or when the first step begins."""
    from gridmend.formats.shape_times import on_clock, parsed

    if text is None:
        return 0.0, None
    try:
        hour = float(text)
    except ValueError:
        time = parsed(text.strip(), "--start")
        aware = time if time.tzinfo is not None else on_clock(time, zone, "--start")
        if not _FAR <= aware.year <= 9999 - _FAR:
            raise GridmendError(
                f"the year {aware.year} is out of reach", where="--start", mend="check the year"
            ) from None
        return 0.0, aware.astimezone(UTC)
    if not 0 <= hour < math.inf:
        raise GridmendError(
            f"hour {text} is before the shapes",
            where="--start",
            mend="give a time such as 2025-01-01T00:00, or hours from the start of the shapes",
        )
    return hour, None


def _growth(given: Sequence[str]) -> dict[str, float]:
    """Per cent a year by class; the one without a class is for all others."""
    found: dict[str, float] = {}
    for text in given:
        name, _, number = text.rpartition("=")
        try:
            percent = float(number)
        except ValueError:
            percent = math.nan
        if not -100 < percent < math.inf:
            raise GridmendError(
                f"growth of '{text}' is no number of per cent above -100",
                where="--growth",
                mend="write --growth 2, or --growth residential=2 --growth 1",
            )
        if name.lower() in (n.lower() for n in found):
            raise GridmendError(
                f"growth of {f'class {name!r}' if name else 'all loads'} is given twice",
                where="--growth",
                mend="leave one",
            )
        found[name] = percent
    return found


def _years(years: float) -> float:
    if not 0 <= years <= 1000:
        raise GridmendError(f"growth over {years:g} years", where="--years", mend="give 0 to 1000")
    return years


def _check_noise(percent: float) -> None:
    if not 0 <= percent < math.inf:
        raise GridmendError(
            f"noise of {percent:g} % is none", where="--noise", mend="give zero or more per cent"
        )
