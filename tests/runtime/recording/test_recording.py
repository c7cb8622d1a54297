"""A recording gives back what was shown, whatever happens to its files."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.runtime.recording import (
    Bounds,
    FolderPlace,
    Identity,
    Mark,
    MemoryPlace,
    Recording,
    RecordingError,
)
from gridmend.runtime.recording.curve import curve_of
from gridmend.runtime.recording.model import model_path, sweep_models
from gridmend.runtime.recording.place import FileBin
from gridmend.runtime.recording.recording import HOLDS_S
from gridmend.runtime.recording.shot import Shot
from tests.runtime.recording.paper import PAPER, START_S, N, shot

SMALL = Bounds(bytes_most=10**9, segment_bytes=900)
"""A few shots a segment, so that most of what is read back crosses one."""
STEPS = st.lists(
    st.tuples(st.floats(0.0, 90.0), st.integers(0, 9), st.booleans()), min_size=1, max_size=30
)


def open_folder(folder: Path, identity: Identity = PAPER, bounds: Bounds = SMALL) -> Recording:
    return Recording(FolderPlace(folder), identity, bounds)


def same(found: Any, wanted: Shot) -> None:
    assert found is not None
    assert found.recorded_s == wanted.time_s and found.number == wanted.number
    assert dict(found.parts) == dict(wanted.parts)
    assert np.array_equal(found.states, wanted.states)
    assert found.unsure == ()


@settings(max_examples=60, deadline=None)
@given(STEPS, st.lists(st.floats(-10.0, 3000.0), max_size=20))
def test_what_is_read_back_at_any_time_is_what_was_shown_then(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[float, int, bool]],
    asked: list[float],
) -> None:
    folder = tmp_path_factory.mktemp("recording")
    recording, at_s, added, runs = open_folder(folder), 0.0, list[Shot](), [0]
    for number, (step_s, draw, is_restart) in enumerate(steps):
        at_s += step_s
        if is_restart and added:
            recording.close()
            recording = open_folder(folder)
            runs.append(number)
        added.append(shot(at_s, draw, number=number))
        recording.add(added[-1])
    again = Recording(FolderPlace(folder, read_only=True), PAPER, SMALL)
    for look in (recording, again):
        for time_s in [START_S + one for one in asked] + [one.time_s for one in added]:
            before = [one for one in added if one.time_s <= time_s]
            found = look.at(time_s)
            if not before:
                assert found is None
                continue
            after = added[len(before)] if len(before) < len(added) else None
            is_end = after is None or len(before) in runs
            if is_end and time_s > before[-1].time_s + HOLDS_S:
                assert found is None, "nobody was there who could have seen it"
            else:
                same(found, before[-1])
    assert again.told == ()
    recording.close()


@pytest.mark.parametrize("cut", [1, 5, 30, 60])
def test_a_torn_last_shot_is_left_out_and_told(tmp_path: Path, cut: int) -> None:
    recording = open_folder(tmp_path, bounds=Bounds())
    shots = [shot(k, k) for k in range(5)]
    for one in shots:
        recording.add(one)
    recording.close()
    (file,) = tmp_path.glob("*.gmrec")
    file.write_bytes(file.read_bytes()[:-cut])
    again = open_folder(tmp_path)
    same(again.at(shots[3].time_s + 0.5), shots[3])
    same(again.at(shots[4].time_s), shots[3])
    assert len(again.told) == 1 and "torn" in again.told[0]
    again.add(shot(10, 3, number=9))
    same(again.at(START_S + 10), shot(10, 3, number=9))
    again.close()


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 5000), st.integers(1, 255))
def test_a_damaged_byte_is_never_shown_as_something_else(place: int, change: int) -> None:
    memory = MemoryPlace()
    recording = Recording(memory, PAPER)
    shots = [shot(k, k, number=k) for k in range(6)]
    for one in shots:
        recording.add(one)
    data = memory.bins[1].data
    data[place % len(data)] ^= change
    again = Recording(memory, PAPER)
    for one in shots:
        found = again.at(one.time_s)
        if found is None:
            continue
        shown = next(each for each in shots if each.number == found.number or found.states is None)
        assert found.states is None or np.array_equal(found.states, shown.states)
        for name, text in found.parts.items():
            assert text is None or any(text == each.parts[name] for each in shots)


def test_what_cannot_be_read_of_a_shot_is_told_and_the_others_are_there() -> None:
    memory = MemoryPlace()
    recording = Recording(memory, PAPER)
    shots = [shot(k, k, number=k) for k in range(3)]
    for one in shots:
        recording.add(one)
    segment = recording._segments[0]
    memory.bins[1].data[segment.offsets[1] + 60] ^= 1
    found = recording.at(shots[1].time_s)
    assert found is not None and found.states is None and found.unsure
    same(recording.at(shots[2].time_s), shots[2])


def test_on_a_full_disk_nothing_is_lost_that_was_there_and_it_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = open_folder(tmp_path)
    recording.add(shot(0, 1))
    size = sum(file.stat().st_size for file in tmp_path.glob("*.gmrec"))
    whole = FileBin.append

    def full(self: FileBin, data: bytes) -> None:
        whole(self, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(FileBin, "append", full)
    for _ in range(3):
        with pytest.raises(OSError, match="No space"):
            recording.add(shot(1, 2))
    monkeypatch.setattr(FileBin, "append", whole)
    recording.add(shot(5, 3, number=7))
    assert sum(file.stat().st_size for file in tmp_path.glob("*.gmrec")) < 3 * size
    same(recording.at(START_S), shot(0, 1))
    same(recording.at(START_S + 5), shot(5, 3, number=7))
    recording.close()


def test_a_write_that_fails_half_way_is_taken_back(tmp_path: Path) -> None:
    import builtins

    bin = FileBin(tmp_path / "shown-000000001.gmrec")
    bin.append(b"first")

    class Half:
        def __init__(self, file: Any) -> None:
            self.file = file

        def __enter__(self) -> Half:
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def write(self, data: bytes) -> None:
            self.file.write(data[:2])
            self.file.flush()
            raise OSError(errno.ENOSPC, "No space left on device")

    opening = builtins.open
    patch = pytest.MonkeyPatch()
    patch.setattr(Path, "open", lambda path, mode: Half(opening(path, mode)))
    try:
        with pytest.raises(OSError):
            bin.append(b"second")
    finally:
        patch.undo()
    assert bin.path.read_bytes() == b"first"


@pytest.mark.parametrize("most", [4_000, 20_000])
def test_the_oldest_whole_segments_go_and_the_bound_holds_always(tmp_path: Path, most: int) -> None:
    recording = open_folder(tmp_path, bounds=Bounds(bytes_most=most))
    for k in range(300):
        recording.add(shot(k, k, number=k))
        on_disk = sum(file.stat().st_size for file in tmp_path.glob("*.gmrec"))
        assert on_disk == recording.size_bytes <= most
    same(recording.at(START_S + 299), shot(299, 299, number=299))
    assert recording.at(START_S) is None, "the first is long gone"
    span = recording.span_s()
    assert span is not None and span[1] == START_S + 299
    recording.close()


def test_what_is_older_than_is_kept_goes(tmp_path: Path) -> None:
    recording = open_folder(tmp_path, bounds=Bounds(keep_s=600.0, segment_bytes=900))
    for k in range(40):
        recording.add(shot(60 * k, k))
    span = recording.span_s()
    assert span is not None and 600 <= span[1] - span[0] < 1200
    recording.close()


def test_a_shot_that_is_larger_than_all_that_is_allowed_is_refused() -> None:
    recording = Recording(MemoryPlace(), PAPER, Bounds(bytes_most=300))
    with pytest.raises(OSError, match="allowed"):
        recording.add(shot(0))
    assert recording.at(START_S) is None


@pytest.mark.parametrize(
    ("network", "said"), [("other", "another network"), ("paper", "an earlier model")]
)
def test_frames_of_another_network_are_not_shown_and_it_is_said_so(
    tmp_path: Path, network: str, said: str
) -> None:
    recording = open_folder(tmp_path, Identity(network, N, "b" * 64))
    recording.add(shot(0))
    recording.close()
    again = open_folder(tmp_path)
    assert again.at(START_S) is None and again.span_s() is None
    assert len(again.told) == 1
    assert said in again.told[0] and "not shown" in again.told[0]
    again.add(shot(9))
    same(again.at(START_S + 9), shot(9))
    again.close()


def test_a_segment_of_a_later_version_is_passed_over_and_told(tmp_path: Path) -> None:
    recording = open_folder(tmp_path)
    recording.add(shot(0))
    recording.close()
    (file,) = tmp_path.glob("*.gmrec")
    data = bytearray(file.read_bytes())
    data[5] = 2
    file.write_bytes(data)
    again = Recording(FolderPlace(tmp_path, read_only=True), PAPER)
    assert again.at(START_S) is None and "version 2" in again.told[0]


def test_two_do_not_write_into_one_folder(tmp_path: Path) -> None:
    recording = open_folder(tmp_path)
    with pytest.raises(RecordingError, match="another process"):
        open_folder(tmp_path)
    recording.close()
    open_folder(tmp_path).close()


def test_the_curve_has_the_most_of_each_piece_and_none_where_nobody_looked(tmp_path: Path) -> None:
    recording = open_folder(tmp_path)
    for at_s, out in ((0, 0), (60, 0), (100, 50), (101, 400), (102, 0), (160, 0)):
        recording.add(shot(at_s, at_s, out=out))
    recording.close()
    recording = open_folder(tmp_path)
    recording.add(shot(1000, 1, out=7))
    curve = recording.curve(100)
    assert len(curve.times_s) == 100 and max(filter(None, curve.customers_out)) == 400
    at = {round(time_s - START_S): out for time_s, out in
          zip(curve.times_s, curve.customers_out, strict=True)}  # fmt: skip
    assert at[0] == 0 and at[100] == 400 and at[110] == 0
    assert at[500] is None, "between the two runs nothing was seen"
    assert recording.curve(3).customers_out[0] == 400
    recording.close()


def test_marks_are_given_back_in_order_and_bounded(tmp_path: Path) -> None:
    recording = open_folder(tmp_path)
    for k in range(20):
        mark = Mark(START_S + k, "fault", f"sw{k}")
        recording.add(shot(k, k, marks=(mark,)))
    recording.close()
    again = Recording(FolderPlace(tmp_path, read_only=True), PAPER)
    marks, left_out = again.marks(8)
    assert [one.text for one in marks] == [f"sw{k}" for k in range(12, 20)] and left_out == 12


def test_a_step_that_begins_where_a_piece_ends_is_not_in_the_piece_before() -> None:
    steps = [([0.0, 50.0, 50.0, 100.0], [1, 90, 5, 700])]
    assert curve_of(steps, [100.0], 4).customers_out == (1, 1, 90, 700)
    assert curve_of([([3.0, 3.0], [4, 2])], [3.0], 4).customers_out == (4,)


@pytest.mark.parametrize("problem", [MemoryError(), KeyboardInterrupt()])
def test_whatever_stops_a_shot_half_way_the_next_one_is_kept(
    monkeypatch: pytest.MonkeyPatch, problem: BaseException
) -> None:
    memory = MemoryPlace()
    recording = Recording(memory, PAPER)

    def breaks(*_: Any) -> bytes:
        raise problem

    with monkeypatch.context() as patch, pytest.raises(type(problem)):
        patch.setattr("gridmend.runtime.recording.recording.packed", breaks)
        recording.add(shot(0, 1))
    assert memory.numbers() == [], "a segment without a shot is taken away"
    recording.add(shot(1, 2, number=2))
    same(recording.at(START_S + 1), shot(1, 2, number=2))


def test_a_gap_that_the_speed_does_not_explain_is_not_recorded_in_any_answer() -> None:
    recording = Recording(MemoryPlace(), PAPER)
    for at_s, out in ((0, 3), (60, 4), (1260, 9), (1320, 9)):
        recording.add(shot(at_s, at_s, out=out, number=at_s))
    curve = recording.curve(22)
    for at_s, out in zip(curve.times_s, curve.customers_out, strict=True):
        piece = [at_s + 0.1, at_s + 59.9]
        shown = [one for one in map(recording.at, piece) if one is not None]
        assert (out is None) == (not shown), at_s - START_S
    assert recording.at(START_S + 60 + HOLDS_S) is not None
    assert recording.at(START_S + 61 + HOLDS_S) is None
    assert recording.at(START_S + 1259) is None
    assert recording.at(START_S + 1321 + HOLDS_S) is None, "nor after the newest"
    same(recording.at(START_S + 1300), shot(1260, 1260, number=1260, out=9))


def test_what_a_fast_room_passes_over_is_no_gap() -> None:
    recording = Recording(MemoryPlace(), PAPER)
    for at_s in (0, 600, 1200):
        recording.add(shot(at_s, at_s, number=at_s), speed=600.0)
    recording.add(shot(1800, 1, number=1800))
    for at_s in (599, 1199, 1799):
        found = recording.at(START_S + at_s)
        assert found is not None and found.number == at_s - 599
    recording.add(shot(2400, 2))
    assert recording.at(START_S + 2399) is None, "it was slow again"


def test_a_header_that_cannot_be_written_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = open_folder(tmp_path)
    whole = FileBin.append

    def full(self: FileBin, data: bytes) -> None:
        whole(self, b"")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(FileBin, "append", full)
    for _ in range(5):
        with pytest.raises(OSError, match="No space"):
            recording.add(shot(1, 2))
    assert list(tmp_path.glob("*.gmrec")) == []
    monkeypatch.setattr(FileBin, "append", whole)
    recording.add(shot(2, 3))
    recording.close()
    assert [file.name for file in tmp_path.glob("*.gmrec")] == ["shown-000000001.gmrec"]


def test_an_empty_file_is_no_segment_and_is_not_told_of(tmp_path: Path) -> None:
    recording = open_folder(tmp_path)
    recording.add(shot(0, 1))
    recording.close()
    (tmp_path / "shown-000000002.gmrec").touch()
    again = open_folder(tmp_path)
    assert again.told == ()
    again.add(shot(5, 2, number=2))
    again.close()
    third = open_folder(tmp_path)
    same(third.at(START_S + 5), shot(5, 2, number=2))
    assert third.told == ()
    third.close()


def test_models_that_no_segment_names_go(tmp_path: Path) -> None:
    recording = open_folder(tmp_path)
    recording.add(shot(0))
    recording.close()
    now = Identity("paper", N, "c" * 64)
    old = Identity("paper", N, "b" * 64)
    for one in (PAPER, now, old):
        model_path(tmp_path, one.fingerprint).touch()
    (tmp_path / "network-plan.zip").touch()
    sweep_models(tmp_path, now)
    left = {path.name for path in tmp_path.glob("*.zip")}
    kept = {model_path(tmp_path, one.fingerprint).name for one in (PAPER, now)}
    assert left == kept | {"network-plan.zip"}
    (file,) = tmp_path.glob("*.gmrec")
    file.write_bytes(b"what is this")
    model_path(tmp_path, old.fingerprint).touch()
    sweep_models(tmp_path, now)
    assert model_path(tmp_path, old.fingerprint).exists(), "nobody knows whose that segment is"
