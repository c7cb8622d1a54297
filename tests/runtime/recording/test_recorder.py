"""What a room shows is recorded beside it: nothing is missed, and the room never waits."""

from __future__ import annotations

import errno
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.runtime.live import Busy, Mode, View
from gridmend.runtime.live.rows import AreaRow
from gridmend.runtime.recording import (
    FolderPlace,
    MemoryPlace,
    Recorder,
    Recording,
    identity_of,
    model_of,
    recorded,
)
from gridmend.runtime.recording.place import FileBin
from gridmend.runtime.recording.recorder import EVERY_S, states_of
from tests.runtime.live.conftest import ANNA, START, Rooms
from tests.runtime.recording.paper import PAPER, START_S, coded, view

STEPS = st.lists(
    st.tuples(st.floats(0.1, 100.0), st.integers(0, 3), st.integers(0, 2), st.integers(0, 2)),
    min_size=1, max_size=25,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_at_the_time_of_every_view_what_is_read_back_is_what_it_showed(
    steps: list[tuple[float, int, int, int]],
) -> None:
    recording = Recording(MemoryPlace(), PAPER)
    recorder = Recorder(recording, coded)
    at_s, seen = 0.0, list[View]()
    for number, (step_s, states, out, holders) in enumerate(steps, 1):
        at_s += step_s
        rows = tuple(AreaRow(f"area {k}", 1, "ann", holders) for k in range(holders))
        seen.append(view(at_s, number, states=states, out=out, areas=rows))
        recorder.take(seen[-1])
    for one in seen:
        found = recording.at(one.time_utc.timestamp())
        assert found is not None and found.states is not None
        assert np.array_equal(found.states, states_of(one))
        assert dict(found.parts) == dict(coded(one))
        assert one.time_utc.timestamp() - found.recorded_s < EVERY_S


def test_what_shows_nothing_new_is_kept_once_a_minute() -> None:
    recorder = Recorder(Recording(MemoryPlace(), PAPER), coded)
    kept = [recorder.take(view(10.0 * k, k + 1)) for k in range(13)]
    assert [10 * k for k, one in enumerate(kept) if one] == [0, 60, 120]


def test_a_quiet_room_is_recorded_once_a_minute(rooms: Rooms) -> None:
    live = rooms.open()
    recording = Recording(MemoryPlace(), identity_of(live.grid.name, live.geometry))
    recorder = Recorder(recording, coded)
    kept = 0
    for _ in range(240):
        rooms.clock.now += timedelta(seconds=1)
        kept += recorder.take(live.step_to(rooms.clock.now))
    assert 4 <= kept <= 12


def test_a_fault_and_its_healing_are_read_back_to_the_byte(rooms: Rooms) -> None:
    live = rooms.open()
    recording = Recording(MemoryPlace(), identity_of(live.grid.name, live.geometry))
    recorder = Recorder(recording, coded)
    seen = [live.view]
    recorder.take(live.view)
    live.ask(lambda desk: desk.strike("line.l52", ANNA))
    for _ in range(60):
        rooms.clock.now += timedelta(seconds=5)
        seen.append(live.step_to(rooms.clock.now))
        recorder.take(seen[-1])
        waiting = [one.id for one in live.view.orders if one.state == "studied"]
        if waiting:
            live.ask(lambda desk, order=waiting[0]: desk.approve(order, ANNA))
    assert max(one.overview.customers_out for one in seen) > 1000
    assert seen[-1].overview.customers_out < 300
    for one in seen:
        found = recording.at(one.time_utc.timestamp())
        assert found is not None and found.states is not None
        for mode in Mode:
            values, flags = one.states.frame(mode)
            assert np.array_equal(found.states[mode], values), (one.number, mode)
            assert np.array_equal(found.states[-1], flags)
        assert dict(found.parts) == dict(coded(one))
    kinds = [mark.kind for mark in recording.marks(100)[0]]
    assert [k for k in kinds if k != "restored"][:4] == ["trip", "fault", "plan", "approval"], kinds
    assert "restored" in kinds[4:]
    curve = recording.curve(50)
    assert max(one for one in curve.customers_out if one is not None) > 1000


def test_on_a_full_disk_the_room_goes_on_and_says_so_until_there_is_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = Recording(FolderPlace(tmp_path), PAPER)
    told: list[str] = []
    recorder = Recorder(recording, coded, tell=told.append)
    whole = FileBin.append

    def full(self: FileBin, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(FileBin, "append", full)
    for k in range(3):
        recorder.hear(view(k, k + 1, states=k))
        assert not recorder._look()
    assert len(told) == 1 and "no space left" in told[0] and str(tmp_path) in told[0]
    monkeypatch.setattr(FileBin, "append", whole)
    recorder.hear(view(9, 9, states=9))
    assert recorder._look()
    assert told[1:] == [""]
    found = recording.at(START_S + 9)
    assert found is not None and found.number == 9
    recorder.stop()


def test_a_disk_that_hangs_never_holds_up_the_room_and_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = Recording(MemoryPlace(), PAPER)
    told: list[str] = []
    now_s = [0.0]
    recorder = Recorder(recording, coded, tell=told.append, clock=lambda: now_s[0])
    begun, goes_on = threading.Event(), threading.Event()
    add = Recording.add

    def hanging(self: Recording, one: Any, **more: Any) -> None:
        begun.set()
        assert goes_on.wait(20)
        add(self, one, **more)

    monkeypatch.setattr(Recording, "add", hanging)
    recorder.hear(view(0, 1))
    recorder.start()
    assert begun.wait(20)
    for k in range(1, 100):
        now_s[0] = float(k)
        recorder.hear(view(k, k + 1, states=k))
    assert told == ["the recording lags: where it is written is slow"]
    goes_on.set()
    recorder.stop()
    found = recording.at(START_S + 99)
    assert found is not None and found.number == 100, "the newest is kept, whatever was passed over"


@pytest.mark.parametrize("failing", ["the coder", "the disk", "neither, but it lasts"])
def test_nothing_is_shown_of_a_time_in_which_nothing_could_be_kept(failing: str) -> None:
    recording, now_s = Recording(MemoryPlace(), PAPER), [0.0]
    is_failing = [False]

    def coder(view: View) -> dict[str, str]:
        if is_failing[0] and failing == "the coder":
            raise ValueError("a row that nobody knows")
        if is_failing[0] and failing == "the disk":
            raise OSError(errno.EIO, "Input/output error")
        now_s[0] += 1200.0 if is_failing[0] else 0.0
        return dict(coded(view))

    recorder = Recorder(recording, coder, clock=lambda: now_s[0])
    for at_s in (0, 10, 160):
        is_failing[0] = at_s == 10
        # By the speed alone, so long a time would be no gap.
        recorder.hear(replace(view(at_s, at_s + 1, states=at_s), speed=60.0))
        assert recorder._look() == (not is_failing[0] or failing.startswith("neither"))
    assert recording.at(START_S + 155) is None
    assert recording.at(START_S + 160) is not None


def test_trends_that_cannot_be_kept_hold_up_no_view_and_are_told() -> None:
    told: list[str] = []

    def full(view: View) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    recording = Recording(MemoryPlace(), PAPER)
    recorder = Recorder(recording, coded, tell=told.append, beside=full)
    for k in range(3):
        recorder.hear(view(k, k + 1, states=k))
        assert recorder._look()
    assert len(told) == 1 and told[0].startswith("trends are not kept: no space left")
    found = recording.at(START_S + 2)
    assert found is not None and found.number == 3


def test_who_asks_for_a_recording_on_a_disk_that_hangs_is_told_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gridmend.runtime.recording.recording.WAIT_S", 0.01)
    recording = Recording(MemoryPlace(), PAPER)
    writing, done = threading.Event(), threading.Event()

    def hang() -> None:
        with recording._lock:
            writing.set()
            assert done.wait(20)

    thread = threading.Thread(target=hang)
    thread.start()
    assert writing.wait(20)
    with pytest.raises(Busy, match="slow"):
        recording.at(START_S)
    done.set()
    thread.join()


def test_a_restart_goes_on_in_the_same_folder_with_its_trends_and_its_model(
    rooms: Rooms, tmp_path: Path
) -> None:
    folder, store = tmp_path / "recording", tmp_path / "journal.db"
    first = rooms.open(store)
    with recorded(first, coded, folder):
        for _ in range(5):
            rooms.clock.now += timedelta(seconds=70)
            first.step_to(rooms.clock.now)
        before = first.ask(lambda desk: desk.trend(["load_kw", "source_kw"]))
        last = first.view
    first.stop()
    rooms.clock.now += timedelta(hours=1)
    second = rooms.open(store)
    with recorded(second, coded, folder) as recorder:
        rooms.clock.now += timedelta(seconds=70)
        second.step_to(rooms.clock.now)
        recorder.stop()  # the newest view is kept then, and what was kept before is back
        after = second.ask(lambda desk: desk.trend(["load_kw", "source_kw"]))
    count = len(before["times"])
    assert count >= 5 and len(after["times"]) > count
    assert after["times"][:count] == before["times"]
    assert after["series"]["load_kw"][:count] == before["series"]["load_kw"]
    identity = identity_of(second.grid.name, second.geometry)
    again = Recording(FolderPlace(folder, read_only=True), identity)
    found = again.at(last.time_utc.timestamp())
    assert found is not None and dict(found.parts) == dict(coded(last))
    assert again.at(START.timestamp() + 2400) is None, "nobody was there"
    assert again.at(second.view.time_utc.timestamp()) is not None
    model = model_of(folder)
    assert identity_of(model.name, rooms.open_grid(model).geometry) == identity


def test_a_folder_that_cannot_be_written_is_said_in_every_view(
    rooms: Rooms, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    live = rooms.open()
    with recorded(live, coded, tmp_path / "file") as recorder:
        rooms.clock.now += timedelta(seconds=2)
        said = live.step_to(rooms.clock.now).unsure
        assert any("in memory alone" in one for one in said), said
        recorder.stop()
        assert recorder.recording.at(live.view.time_utc.timestamp()) is not None
