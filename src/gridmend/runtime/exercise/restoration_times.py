"""The times of restoration that a run's outage desk told, against what happened to customers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gridmend.operations.prediction.coverage import Held, Spell, Told, coverage, held
from gridmend.operations.prediction.remaining import STAGES
from gridmend.runtime.exercise.exercise import Exercise


def judged(run: Exercise) -> tuple[Held, ...]:
    """Every interval that was told in a run, with when those whom it named were back in truth."""
    start, end_s = run.scenario.start, run.scenario.end_s

    def seconds(when: datetime | str) -> float:
        when = datetime.fromisoformat(when) if isinstance(when, str) else when
        return (when - start).total_seconds()

    told = [
        Told(
            str(said["stage"]), seconds(event.time_utc), seconds(said["early_utc"]),
            seconds(said["median_utc"]), seconds(said["late_utc"]), tuple(said["loads"]),
        )
        for event in run.events
        if event.kind == "restoration_estimated" and (said := event.payload)
    ]  # fmt: skip
    spells = [
        Spell(one.event, seconds(one.start), end if (end := seconds(one.end)) < end_s else math.inf)
        for one in run.interruptions
    ]
    return held(told, spells)


def restoration_times(runs: Sequence[Exercise], *, stated_pct: float = 90.0) -> dict[str, Any]:
    """What is measured of the intervals of some runs together, whole and by the stage at which
    each was told; `coverage` says what the figures are."""
    every = [one for run in runs for one in judged(run)]
    end_s = min((run.scenario.end_s for run in runs), default=0.0)

    def of(cases: Sequence[Held]) -> dict[str, Any]:
        return coverage(cases, end_s=end_s, stated_pct=stated_pct)

    by_stage = {
        stage: of(cases)
        for stage in STAGES
        if (cases := [one for one in every if one.told.stage == stage])
    }
    return {**of(every), "by_stage": by_stage}
