"""A storm filmed: a live room on a virtual clock goes through it by itself and is recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gridmend.model.grid import Grid
from gridmend.runtime.course import Course
from gridmend.runtime.exercise.making import field_of
from gridmend.runtime.exercise.storming import Front, storm_of
from gridmend.runtime.journal import Journal
from gridmend.runtime.live import Live, View
from gridmend.runtime.live.opening import OPERATOR, furnish
from gridmend.runtime.live.pace import Pace
from gridmend.runtime.recording.attaching import Beside, recording_of
from gridmend.runtime.recording.place import FolderPlace, RecordingError
from gridmend.runtime.recording.recorder import Coder, Recorder
from gridmend.runtime.scenario import Restoration
from gridmend.twin.scenario.parts import is_stormy

NEAR_S, FAR_S = 5.0, 60.0
"""How often the room is looked at while something goes on, and while nothing does."""
RESTS_S = 600.0
"""Nothing goes on any more where nothing was recorded of faults, plans or orders for so long."""
_PARTS = ("alarms", "outages", "plans", "orders")


@dataclass(frozen=True, slots=True)
class Filmed:
    """What was recorded: how many shots, how many bytes, and the most customers out."""

    shots: int
    size_bytes: int
    customers_out_most: int
    start: datetime
    end: datetime


def film(
    grid: Grid,
    folder: Path,
    coder: Coder,
    *,
    seed: int,
    front: Front,
    progress: Callable[[float], None] = lambda _: None,
) -> Filmed:
    """Go through a storm in a live room with self-healing that acts by itself, and record it.

    The damage is that of `weather` with the same seed. The room is one that people could sit in:
    it asks its devices every ten seconds, so that messages, plans and times are its own and may
    differ from those of a study's run. Raises `RecordingError` for a folder that has a recording,
    and `OSError` where it cannot be written.
    """
    check_new(folder)
    live, end = _room(grid, seed, front)
    try:
        recording = recording_of(live, folder)
        recorder, beside = Recorder(recording, coder), Beside(live, folder)
        try:
            return _filmed(live, recorder, beside, end, progress)
        finally:
            beside.close()
            recording.close()
    finally:
        live.stop()


def check_new(folder: Path) -> None:
    """Raise `RecordingError` for a folder that has a recording, or is none."""
    if folder.exists() and not folder.is_dir():
        raise RecordingError("this is a file", where=str(folder), mend="name a folder")
    if folder.is_dir() and FolderPlace(folder, read_only=True).numbers():
        raise RecordingError("there is a recording in this folder", where=str(folder),
                             mend="name one that is new or empty")  # fmt: skip


def _room(grid: Grid, seed: int, front: Front) -> tuple[Live, datetime]:
    scenario = replace(storm_of(grid, seed=seed, front=front), policy="healing")
    field, journal = field_of(scenario, grid), Journal.open("sqlite://")
    course = Course(
        field, restoration=Restoration(), journal=journal, operator=OPERATOR,
        storm=lambda: is_stormy(scenario, field.agenda.now_s),
    )  # fmt: skip
    furnish(course, journal)
    pace = Pace(lambda: scenario.start, 1.0)
    pace.begin(scenario.start)
    course.run_to(0.0)
    return Live(course, journal, pace, None), scenario.start + timedelta(hours=front.hours)


def _filmed(
    live: Live,
    recorder: Recorder,
    beside: Beside,
    end: datetime,
    progress: Callable[[float], None],
) -> Filmed:
    start = live.view.time_utc
    shots, most, changed = 0, 0, start
    seen = live.view
    while True:
        view = live.view
        shots += recorder.take(view)
        beside(view)
        most = max(most, view.overview.customers_out)
        if _goes_on(seen, view):
            changed = view.time_utc
        seen = view
        progress((view.time_utc - start).total_seconds())
        if view.time_utc >= end:
            break
        is_calm = (view.time_utc - changed).total_seconds() > RESTS_S
        live.step_to(min(view.time_utc + timedelta(seconds=FAR_S if is_calm else NEAR_S), end))
    size = recorder.recording.size_bytes
    return Filmed(shots, size, most, start.astimezone(UTC), live.view.time_utc.astimezone(UTC))


def _goes_on(before: View, after: View) -> bool:
    return any(before.generations[part] != after.generations[part] for part in _PARTS)
