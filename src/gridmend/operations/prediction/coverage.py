"""Times of restoration that were told, held against what happened."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

AGAIN_S = 300.0
"""Supply that is gone again within so long was not back: a device closed onto a fault."""


@dataclass(frozen=True, slots=True)
class Told:
    """An interval that was told at a time, for when all of these loads are back [s]."""

    stage: str
    told_s: float
    early_s: float
    median_s: float
    late_s: float
    loads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spell:
    """A load was without supply [s]; `end_s` is inf where it still is as the run ends."""

    load: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Held:
    """What became of an interval: `back_s` is when the last of its loads had supply for good,
    inf where that was after the run, nan where none of them was out."""

    told: Told
    back_s: float


def held(told: Iterable[Told], spells: Iterable[Spell]) -> tuple[Held, ...]:
    """When those of each interval who were out, as it was told, were back in truth.

    Spells of a load that follow each other within `AGAIN_S` are one.
    """
    known = _joined(spells)
    found: list[Held] = []
    for one in told:
        ends = [
            end_s
            for load in one.loads
            for start_s, end_s in known.get(load.lower(), ())
            if start_s <= one.told_s < end_s
        ]
        found.append(Held(one, max(ends, default=math.nan)))
    return tuple(found)


def _joined(spells: Iterable[Spell]) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for one in sorted(spells, key=lambda one: (one.load.lower(), one.start_s)):
        mine = found[one.load.lower()]
        if mine and one.start_s - mine[-1][1] <= AGAIN_S:
            mine[-1] = mine[-1][0], max(one.end_s, mine[-1][1])
        else:
            mine.append((one.start_s, one.end_s))
    return found


def coverage(judged: Sequence[Held], *, end_s: float, stated_pct: float) -> dict[str, Any]:
    """How often the intervals held.

    `n` counts those that can be judged: all are back, or the run has outlasted the interval.
    `held_pct` of them held; `early_pct` ended before their interval, `late_pct` after it.
    `open_at_end` are those that the run's end leaves undecided, `nobody_out` those that were told
    of customers who had supply. `median_error_min` is the median of the distance between what
    happened and the middle of the distribution, where all are back. None where there is no case.
    """
    keys = ("held", "early", "late", "open", "nobody")
    groups: dict[str, list[Held]] = {key: [] for key in keys}
    for one in judged:
        groups[_verdict(one, end_s)].append(one)
    n = sum(len(groups[key]) for key in keys[:3])
    back = [one for key in keys[:3] for one in groups[key] if math.isfinite(one.back_s)]
    errors = [abs(one.back_s - one.told.median_s) / 60 for one in back]
    widths = [(one.told.late_s - one.told.early_s) / 60 for key in keys[:3] for one in groups[key]]

    def share(key: str) -> float | None:
        return round(100 * len(groups[key]) / n, 1) if n else None

    return {
        "stated_pct": stated_pct,
        "held_pct": share("held"),
        "n": n,
        "early_pct": share("early"),
        "late_pct": share("late"),
        "median_error_min": round(float(np.median(errors)), 1) if errors else None,
        "median_width_min": round(float(np.median(widths)), 1) if widths else None,
        "open_at_end": len(groups["open"]),
        "nobody_out": len(groups["nobody"]),
    }


def _verdict(one: Held, end_s: float) -> str:
    if math.isnan(one.back_s):
        return "nobody"
    if math.isinf(one.back_s) or one.back_s >= end_s:
        return "late" if one.told.late_s < end_s else "open"
    if one.back_s < one.told.early_s:
        return "early"
    return "late" if one.back_s > one.told.late_s else "held"
