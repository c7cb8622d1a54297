"""A live room opened over its journal: the simulated field begins where the switches stood."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import numpy as np

from gridmend.interlock.move import By
from gridmend.model.errors import GridError
from gridmend.model.grid import Grid
from gridmend.model.series import Series, utc_times
from gridmend.model.situation import Situation
from gridmend.runtime.control.opening import keep_situation, kept_situation
from gridmend.runtime.course import Course
from gridmend.runtime.exercise.demand import series_of
from gridmend.runtime.exercise.making import field_of
from gridmend.runtime.fold import Folding
from gridmend.runtime.historian import Historian
from gridmend.runtime.journal import Journal
from gridmend.runtime.live.watch import Earthing, Watch
from gridmend.runtime.scenario import Restoration
from gridmend.twin.people.crew import Crew
from gridmend.twin.places import Places
from gridmend.twin.scenario.scenario import (
    Demand,
    Equipped,
    People,
    Scenario,
    Sky,
    Telemetry,
)

OPERATOR = By("simulated operator", "twin")
"""Who sits in the room where no person does; no account can bear a name with a space."""
DEMAND_MIN = 5.0
"""How often the demand of the twin changes."""
DAYS = 366
"""Days for which there is demand; then the last stands still, and the views say so."""
CREWS = 4
SHIFT_H = 12.0
NOTED_MOST = 20_000
"""Entries of the last day that the outage desk looks through again at a start."""


def open_course(
    grid: Grid,
    journal: Journal,
    *,
    now: Callable[[], datetime],
    seed: int,
    restoration: Restoration,
) -> tuple[Course, bool]:
    """The field and the room of a grid in the present, and whether the journal was there before.

    Time begins at `now`, or where the journal ends if that is later.
    """
    last = journal.length()
    situation = _situation(grid, journal)
    start = now()
    if last:
        ended = next(iter(journal.read(last - 1, last, checked=False))).event.time_utc
        start = max(start, ended + timedelta(seconds=1))
    # Whole seconds: times of the agenda are whole microseconds from there.
    start = start.replace(microsecond=0)
    scenario = scenario_of(grid, start, seed)
    series = yearly(series_of(scenario, grid), start)
    field = field_of(scenario, grid, series, situation.snapshot if last else None)
    for row in situation.locked_out.nonzero()[0].tolist():
        field.telecontrol.locked.add(f"switch.{grid.switches['name'][row]}".lower())
    course = Course(field, restoration=restoration, journal=journal, operator=OPERATOR)
    return course, last > 0


def _situation(grid: Grid, journal: Journal) -> Situation:
    """What stands by the journal, before there is a field."""
    start = kept_situation(grid, journal)
    folding = Folding(grid, start)
    for entry in journal.read(start.sequence if start is not None else 0):
        folding.add(entry.event, entry.sequence)
    return folding.situation()


def scenario_of(grid: Grid, start: datetime, seed: int) -> Scenario:
    """A quiet day of the twin: crews where the grid has a map, and no faults but those that are
    struck."""
    return Scenario(
        name=f"{grid.name} now",
        grid=grid.name,
        start=start,
        hours=24.0,
        seed=seed,
        demand=Demand(step_min=DEMAND_MIN),
        weather=Sky(ordinary_faults=False),
        telemetry=Telemetry(indicators=Equipped(at="remote")),
        people=People(crews=_crews(grid)),
    )


def _crews(grid: Grid) -> tuple[Crew, ...]:
    """Crews in the middle of the map, half of them by day and half by night; none without a map."""
    try:
        x_m, y_m = Places.of(grid).middle_m
    except GridError:
        return ()
    return tuple(
        Crew(
            f"crew {k + 1}", f"truck {k + 1}", x_m=x_m, y_m=y_m,
            shift_start_h=6.0 + SHIFT_H * (k % 2), shift_end_h=6.0 + SHIFT_H * (k % 2 + 1),
        )
        for k in range(CREWS)
    )  # fmt: skip


def yearly(day: Series, start: datetime) -> Series:
    """The series of a day, day after day."""
    factors = np.tile(day.factors, DAYS)
    times = utc_times(start, step_s=day.step_s, steps=factors.shape[1])
    return replace(day, factors=factors, times=times)


class _Forgets:
    """In the place of a historian: that a device stands where it stood is folded, and not kept."""

    def add(self, samples: Iterable[Any]) -> None:
        """Let go of them."""
        for _ in samples:
            pass


def furnish(course: Course, journal: Journal) -> None:
    """What a live room has beside the room of a run."""
    room = course.room
    room.kernel.historian = cast(Historian, _Forgets())
    room.kernel.names_logins = True
    earthing = Earthing(room)
    earthing.resume()

    def keep() -> None:
        keep_situation(room.kernel, journal)

    watch = Watch(room, course.field.metered, keep)
    room.duties += [watch, earthing]


def tell_restart(course: Course) -> None:
    """Say what of the field is lost, and have the outage desk hear what concerns it again."""
    room = course.room
    lost = sorted(room.kernel.situation.faults)
    room.kernel.say("field_restarted", room.operator, lost=lost)
    since = room.now() - timedelta(days=1)
    sequence = room.kernel.sequence
    for entry in room.journal.read(max(sequence - NOTED_MOST, 0)):
        event = entry.event
        if event.time_utc >= since:
            course.outages.hear(event, room.kernel.situation.snapshot)
