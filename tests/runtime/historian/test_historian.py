from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gridmend.runtime.historian import Historian, HistorianError
from gridmend.runtime.historian.segments import FAIL_POINTS, listing, segment_path
from tests.runtime.historian.samples import BEGIN, numbers, sample, samples

ROOT = Path(__file__).parents[3]


def filled(folder: Path, *, segments: int = 4, each: int = 10) -> None:
    with Historian.open(folder) as historian:
        for k in range(segments):
            historian.add(samples(k * each + 1, (k + 1) * each, after=k))
            historian.flush()


def test_what_was_flushed_is_read_back_as_it_was_given(tmp_path: Path) -> None:
    given = samples(1, 25)
    with Historian.open(tmp_path) as historian:
        historian.add(given)
        assert historian.flush() == 25
    with Historian.open(tmp_path, read_only=True) as historian:
        rows = [row for table in historian.read() for row in table.to_pylist()]
    assert [row.pop("number") for row in rows] == list(range(1, 26))
    for row, was in zip(rows, given, strict=True):
        if math.isnan(was.value):
            assert math.isnan(row.pop("value"))
        else:
            assert row.pop("value") == was.value
        assert row == {
            "after": was.after, "time_utc": was.time_utc, "source": was.source,
            "point": was.point, "quality": was.quality,
        }  # fmt: skip


def test_samples_are_asked_for_by_point_and_time(tmp_path: Path) -> None:
    filled(tmp_path)
    with Historian.open(tmp_path, read_only=True) as historian:
        of_one = [n for n in range(1, 41) if n % 3 == 1]
        assert numbers(historian, points=["feeder ä1.i_a"]) == of_one
        assert numbers(historian, points="feeder ä1.i_a") == of_one
        assert numbers(historian, points=["nowhere"]) == []
        since, until = sample(12).time_utc, sample(31).time_utc
        assert numbers(historian, since=since, until=until) == list(range(12, 31))
        assert numbers(historian, since=BEGIN + timedelta(days=1)) == []


def test_a_buffer_never_holds_more_than_it_may(tmp_path: Path) -> None:
    with Historian.open(tmp_path, buffer_rows=8) as historian:
        most = 0
        for number in range(1, 101):
            historian.add([sample(number)])
            most = max(most, historian.buffered)
        assert most == 8
        historian.add(samples(101, 200))
        assert historian.buffered <= 8
        historian.flush()
        assert numbers(historian) == list(range(1, 201))


def test_numbers_go_on_where_the_last_run_ended(tmp_path: Path) -> None:
    filled(tmp_path, segments=2)
    with Historian.open(tmp_path) as historian:
        historian.add(samples(21, 22, after=9))
        assert historian.flush() == 22


def test_a_sample_that_follows_an_earlier_entry_is_refused_also_after_a_restart(
    tmp_path: Path,
) -> None:
    with Historian.open(tmp_path) as historian:
        historian.add([sample(1, after=5)])
        with pytest.raises(HistorianError, match="follows entry 4"):
            historian.add([sample(2, after=4)])
    with (
        Historian.open(tmp_path) as historian,
        pytest.raises(HistorianError, match="follows entry 4"),
    ):
        historian.add([sample(2, after=4)])


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": math.inf}, {"value": "5"}, {"value": True}, {"point": 5}, {"source": "\ud800"},
        {"after": -1}, {"after": 2**63}, {"time_utc": BEGIN.replace(tzinfo=None)},
    ],
    ids=str,
)  # fmt: skip
def test_a_sample_that_could_not_be_read_back_is_refused(
    tmp_path: Path, wrong: dict[str, object]
) -> None:
    with Historian.open(tmp_path) as historian:
        with pytest.raises(HistorianError):
            historian.add([replace(sample(1), **wrong)])  # pyright: ignore[reportArgumentType]
        historian.add([sample(1)])
        assert historian.flush() == 1


def test_compaction_leaves_fewer_files_and_the_same_samples(tmp_path: Path) -> None:
    filled(tmp_path, segments=6)
    with Historian.open(tmp_path) as historian:
        before = [row for table in historian.read() for row in table.to_pylist()]
        assert historian.compact(most=30) == 6
        assert [s.rows for s in listing(tmp_path).segments] == [30, 30]
        after = [table.to_pylist() for table in historian.read()]
    assert repr([row for rows in after for row in rows]) == repr(before)


def test_a_reader_goes_on_where_its_segments_are_compacted_meanwhile(tmp_path: Path) -> None:
    filled(tmp_path, segments=6)
    with Historian.open(tmp_path) as writer, Historian.open(tmp_path, read_only=True) as reader:
        seen: list[int] = []
        for table in reader.read():
            seen += table.column("number").to_pylist()
            if len(seen) == 20:
                writer.compact()
    assert seen == list(range(1, 61))


def test_two_writers_of_one_folder_are_refused(tmp_path: Path) -> None:
    with Historian.open(tmp_path), pytest.raises(HistorianError, match="another process"):
        Historian.open(tmp_path)
    Historian.open(tmp_path).close()


def test_nothing_is_written_by_who_only_reads(tmp_path: Path) -> None:
    filled(tmp_path)
    left = tmp_path / "samples-x.parquet.tmp"
    left.write_bytes(b"x")
    with Historian.open(tmp_path, read_only=True) as historian:
        assert any("samples-x" in told for told in historian.told)
        for forbidden in (lambda: historian.add([sample(1)]), historian.flush, historian.compact):
            with pytest.raises(HistorianError, match="read-only"):
                forbidden()
    assert left.exists()


@pytest.mark.parametrize("name", ["file", "image.png"])
def test_a_path_that_is_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x89PNG")
    with pytest.raises(HistorianError, match="not a folder"):
        Historian.open(tmp_path / name)
    with pytest.raises(HistorianError, match="no such folder"):
        Historian.open(tmp_path / "nowhere", read_only=True)


def test_every_byte_of_a_damaged_segment_that_matters_is_noticed(tmp_path: Path) -> None:
    filled(tmp_path, segments=1, each=200)
    (path,) = tmp_path.glob("*.parquet")
    whole = path.read_bytes()
    with Historian.open(tmp_path, read_only=True) as historian:
        good = repr([table.to_pylist() for table in historian.read()])
        noticed = 0
        for at in range(0, len(whole), 97):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
            try:
                assert repr([table.to_pylist() for table in historian.read()]) == good
            except HistorianError as problem:
                assert path.name in problem.where
                noticed += 1
        assert noticed > 10
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(HistorianError, match="damaged"):
            numbers(historian)


def test_a_segment_that_is_gone_is_told(tmp_path: Path) -> None:
    filled(tmp_path)
    listing(tmp_path).segments[1].path.unlink()
    with Historian.open(tmp_path, read_only=True) as historian:
        assert any("11 to 20 are missing" in told for told in historian.told)


def test_compaction_does_not_hide_a_segment_that_is_gone(tmp_path: Path) -> None:
    filled(tmp_path)
    listing(tmp_path).segments[1].path.unlink()
    with Historian.open(tmp_path) as historian:
        assert historian.compact() == 2
        assert numbers(historian) == [*range(1, 11), *range(21, 41)]
    with Historian.open(tmp_path, read_only=True) as historian:
        assert any("11 to 20 are missing" in told for told in historian.told)


def test_a_segment_that_was_renamed_to_hold_more_than_it_does_is_damaged(tmp_path: Path) -> None:
    filled(tmp_path, segments=1)
    (segment,) = listing(tmp_path).segments
    segment.path.rename(segment_path(tmp_path, 1, 20))
    with (
        Historian.open(tmp_path, read_only=True) as historian,
        pytest.raises(HistorianError, match="10 samples, not 20"),
    ):
        numbers(historian)


def test_what_was_joined_stays_while_the_longer_file_is_damaged(tmp_path: Path) -> None:
    filled(tmp_path)
    small = {s.path: s.path.read_bytes() for s in listing(tmp_path).segments}
    with Historian.open(tmp_path) as historian:
        historian.compact()
    (longer,) = (s.path for s in listing(tmp_path).segments)
    longer.write_bytes(longer.read_bytes()[:-20])
    for path, held in small.items():
        path.write_bytes(held)
    with Historian.open(tmp_path) as historian:
        assert any("damaged" in told for told in historian.told)
    assert all(path.exists() for path in small)
    longer.unlink()
    with Historian.open(tmp_path) as historian:
        assert numbers(historian) == list(range(1, 41))


def test_a_failed_flush_keeps_the_samples_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with Historian.open(tmp_path) as historian:
        historian.add(samples(1, 5))
        with monkeypatch.context() as broken:
            broken.setattr("gridmend.runtime.historian.segments.os.fsync", full)
            with pytest.raises(HistorianError, match="no space left"):
                historian.flush()
        assert not list(tmp_path.glob("*.tmp")) + list(tmp_path.glob("*.parquet"))
        assert historian.flush() == 5


CHILD = """
import os, signal, sys
from pathlib import Path
from gridmend.runtime.historian import Historian
from tests.runtime.historian.samples import samples
hits = []
def pause(point):
    hits.append(point)
    if hits.count(sys.argv[2]) == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
historian = Historian.open(Path(sys.argv[1]), pause=pause)
for first in (1, 11, 21):
    historian.add(samples(first, first + 9))
    print(historian.flush(), flush=True)
historian.compact()
"""
# The second flush, and the fourth segment, which is the compacted one.
KILLS = [(point, nth) for point in FAIL_POINTS for nth in ((2, 4) if "seg" in point else (1,))]


@pytest.mark.parametrize(("point", "nth"), KILLS)
def test_nothing_flushed_is_lost_where_the_process_is_killed(
    tmp_path: Path, point: str, nth: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path), point, str(nth)],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    flushed = [int(word) for word in done.stdout.split()]
    with Historian.open(tmp_path) as historian:
        there = numbers(historian)
        assert there == list(range(1, len(there) + 1))
        assert len(there) >= max(flushed, default=0)
        assert len(there) % 10 == 0
        historian.add(samples(len(there) + 1, len(there) + 1))
        assert historian.flush() == len(there) + 1
    assert not list(tmp_path.glob("*.tmp"))
    with Historian.open(tmp_path) as historian:
        assert historian.told == ()
        assert numbers(historian) == list(range(1, len(there) + 2))


def test_what_a_crash_left_is_removed_and_told(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "samples-0000000000000000041-0000000000000000050.parquet.tmp").write_bytes(b"x")
    with Historian.open(tmp_path) as historian:
        assert re.search(r"41-.*tmp: left unfinished by a crash, removed", historian.told[0])
        assert numbers(historian) == list(range(1, 41))
    assert not list(tmp_path.glob("*.tmp"))
