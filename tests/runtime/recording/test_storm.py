"""A storm is filmed: what a live room showed of it is there to be replayed."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridmend.model.errors import GridmendError
from gridmend.model.grid import Grid
from gridmend.runtime.exercise.exercise import rehearse
from gridmend.runtime.exercise.storming import Front, storm_of
from gridmend.runtime.recording.kept_trends import days_of
from gridmend.runtime.recording.model import opened_alone
from gridmend.runtime.recording.storm import film
from tests.runtime.recording.paper import coded

FRONT = Front(faults=15.0, hours=6.0)


def test_a_storm_is_recorded_with_the_damage_of_its_seed(ieee123: Grid, tmp_path: Path) -> None:
    folder, told = tmp_path / "storm", list[float]()
    found = film(ieee123, folder, coded, seed=2, front=FRONT, progress=told.append)
    assert told[-1] == pytest.approx(6 * 3600, abs=1) and found.shots > 300
    recording, end = opened_alone(folder)
    assert end == found.end
    span = recording.span_s()
    assert span is not None and span[0] == found.start.timestamp()
    curve = [one for one in recording.curve(100).customers_out if one is not None]
    assert max(curve) == found.customers_out_most > 0 and len(curve) == 100
    kinds = {mark.kind for mark in recording.marks(500)[0]}
    assert {"trip", "fault", "plan", "approval", "restored"} <= kinds, "it healed by itself"
    assert sum(file.stat().st_size for file in folder.glob("*.gmrec")) == found.size_bytes
    assert days_of(folder / "trends")
    study = rehearse(storm_of(ieee123, seed=2, front=FRONT), "healing", grid=ieee123)
    first = next(one for one in study.events if one.kind == "tripped")
    trip = next(mark for mark in recording.marks(500)[0] if mark.kind == "trip")
    assert abs(trip.time_s - first.time_utc.timestamp()) <= 60, "another damage than the study's"


def test_a_folder_that_has_a_recording_is_not_written_again(ieee123: Grid, tmp_path: Path) -> None:
    (tmp_path / "shown-000000001.gmrec").write_bytes(b"")
    with pytest.raises(GridmendError, match="there is a recording"):
        film(ieee123, tmp_path, coded, seed=1, front=FRONT)
    assert (tmp_path / "shown-000000001.gmrec").read_bytes() == b""
