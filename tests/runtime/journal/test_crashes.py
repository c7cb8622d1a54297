from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridmend.runtime.journal import FAIL_POINTS, AlreadyRecorded, InDoubt, Journal, JournalError
from tests.runtime.journal.journals import KEY, event, events, on_server

ROOT = Path(__file__).parents[3]
NTH = {"append": 4, "keep": 1, "open": 1, "create": 1}
POINTS = [(point, NTH[point.partition(":")[0]]) for point in FAIL_POINTS]


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.runtime.journal.child", *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def key_for(store: str) -> object:
    return None if store.startswith("sqlite") else KEY


@pytest.mark.parametrize(("point", "nth"), POINTS, ids=[point for point, _ in POINTS])
def test_nothing_acknowledged_is_lost_and_nothing_half_written_where_the_process_is_killed(
    store: str, point: str, nth: int
) -> None:
    child = start("appending", store, point, str(nth))
    said, errors = child.communicate(timeout=120)
    assert child.returncode == -signal.SIGKILL, errors
    acknowledged = max((int(word) for word in said.split() if word != "kept"), default=0)
    with Journal.open(store, key=key_for(store), checkpoint_every=4) as journal:
        assert journal.verify().ok
        lines = [entry.line for entry in journal.read()]
        assert len(lines) >= acknowledged
        assert len(lines) % 3 == 0
        assert lines == [e.as_line() for e in events(1, len(lines))]
        assert journal.head().commands == len(lines) // 3
        if "kept" in said:
            assert journal.kept().document == b"fold"
        # What was recorded is refused again, what was not is not.
        first = len(lines) + 1
        if lines:
            with pytest.raises(AlreadyRecorded):
                journal.append([event(0)], once=[f"c{first - 3}"])
        journal.append(events(first, first + 2), once=[f"c{first}"])
        assert journal.verify().ok
    if store.startswith("sqlite"):
        folder = Path(store.removeprefix("sqlite:///")).parent
        assert {p.name for p in folder.iterdir()} == {"journal.db", "journal.db.key"}


@pytest.mark.parametrize("acknowledged", [1, 7, 40])
def test_nothing_acknowledged_is_lost_where_the_process_is_killed_at_any_moment(
    store: str, acknowledged: int
) -> None:
    with start("without_end", store) as child:
        assert child.stdout
        seen = [int(child.stdout.readline()) for _ in range(acknowledged)]
        child.kill()
        seen += [
            int(line) for line in child.stdout.read().splitlines(keepends=True) if line[-1:] == "\n"
        ]
    with Journal.open(store, key=KEY) as journal:
        found = journal.verify()
        assert found.ok
        assert seen[-1] <= found.entries <= seen[-1] + 1


def test_of_two_processes_with_the_same_commands_one_records_each(store: str) -> None:
    Journal.open(store, key=KEY).close()
    children = [start("racing", store, name) for name in ("one", "other")]
    said = [child.communicate(timeout=120) for child in children]
    assert [child.returncode for child in children] == [0, 0], said
    recorded = sorted(word for out, _ in said for word in out.split())
    assert recorded == sorted(f"c{number}" for number in range(20))
    with Journal.open(store, read_only=True) as journal:
        found = journal.verify()
        assert found.ok
        assert found.entries == 20


def test_a_full_disk_is_said_and_appends_go_on_when_there_is_room(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    child = start("limited", str(path), "300000")
    said, errors = child.communicate(timeout=120)
    assert child.returncode == 0, errors
    what, counts, next_one = said.splitlines()
    assert "full" in what
    last, head = map(int, counts.split())
    assert last == head > 10
    assert int(next_one) == last + 1
    with Journal.open(path, read_only=True) as journal:
        assert journal.verify().entries == last + 1
        assert journal.verify().ok


def test_a_file_system_without_room_is_said_from_the_first_byte_on(small_disk: Path) -> None:
    with Journal.open(small_disk / "journal.db", key=KEY) as journal:
        last = 0
        with pytest.raises(JournalError, match="the disk is full"):
            for number in range(1, 5000):
                last = journal.append([event(number, text="x" * 2000)]).sequence
        assert journal.head().sequence == last
        assert journal.verify().ok
        (small_disk / "ballast").unlink()
        assert journal.append([event(last + 1)]).sequence == last + 1
        assert journal.verify().ok
    (small_disk / "more").write_bytes(b"x" * (shutil.disk_usage(small_disk).free))
    with pytest.raises(JournalError, match=r"full|no space"):
        Journal.open(small_disk / "new.db")
    assert not list(small_disk.glob("new*")) + list(small_disk.glob(".new*"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes with half a megabyte of ballast."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no small file system can be mounted here: {done.stderr.strip()}")
    (folder / "ballast").write_bytes(b"x" * 500_000)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_what_may_not_be_written_is_refused_for_writing_and_can_be_read() -> None:
    import tempfile

    # Not in pytest's own folder, which nobody else may enter.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "journal.db"
        with Journal.open(path, key=KEY) as journal:
            journal.append(events(1, 3))
        path.chmod(0o444)
        folder.chmod(0o555)
        child = start("forbidden", str(path))
        said, errors = child.communicate(timeout=120)
        folder.chmod(0o755)
    assert child.returncode == 0, errors
    refused, read = said.splitlines()
    assert "nothing can be written" in refused
    assert "read-only" in refused
    assert read == "True 3"


def test_a_server_that_ends_the_connection_is_said_and_appends_go_on(server_store: str) -> None:
    with Journal.open(server_store, key=KEY) as journal:
        journal.append([event(1)])
        with journal._store.engine.connect() as held:
            number = held.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        with on_server() as cursor:
            cursor.execute(f"SELECT pg_terminate_backend({number}, 5000)")
        with pytest.raises(JournalError, match="cannot be reached"):
            journal.append([event(2)], once=["c2"])
        assert journal.append([event(2)], once=["c2"]).sequence == 2
        assert journal.verify().ok


def test_an_append_that_its_caller_breaks_off_leaves_nothing(store: str) -> None:
    def pause(point: str) -> None:
        if point == "append: head written" and breaking:
            raise KeyboardInterrupt

    breaking = False
    with Journal.open(store, key=KEY, pause=pause) as journal:
        journal.append([event(1)])
        breaking = True
        with pytest.raises(KeyboardInterrupt):
            journal.append([event(2)], once=["c2"])
        breaking = False
        assert journal.head().sequence == 1
        assert journal.append([event(2)], once=["c2"]).sequence == 2
        assert journal.verify().ok


def test_a_server_that_goes_away_in_the_commit_leaves_a_doubt_that_the_command_settles(
    server_store: str,
) -> None:
    backend = 0

    def pause(point: str) -> None:
        if point == "append: head written" and backend:
            with on_server() as cursor:
                cursor.execute(f"SELECT pg_terminate_backend({backend}, 5000)")

    with Journal.open(server_store, key=KEY, pause=pause) as journal:
        with journal._store.engine.connect() as held:
            backend = held.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with pytest.raises(InDoubt):
            journal.append([event(1)], once=["c1"])
        backend = 0
        assert journal.append([event(1)], once=["c1"]).sequence == 1
        assert journal.verify().ok
