from __future__ import annotations

import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmend.model.errors import GridmendError
from gridmend.runtime.journal import (
    AlreadyRecorded,
    Head,
    Journal,
    JournalError,
    Tampered,
    WriterFenced,
)
from gridmend.runtime.journal.keys import key_beside
from tests.model.test_event import EVENTS
from tests.runtime.journal.journals import KEY, change, event, events


def test_what_was_appended_is_read_back_line_by_line(store: str) -> None:
    given_events = events(1, 25)
    with Journal.open(store, key=KEY) as journal:
        assert journal.append(given_events[:1]).sequence == 1
        assert journal.append(given_events[1:]).sequence == 25
    with Journal.open(store, read_only=True) as journal:
        entries = list(journal.read())
        assert [entry.sequence for entry in entries] == list(range(1, 26))
        assert [entry.line for entry in entries] == [e.as_line() for e in given_events]
        assert [entry.event for entry in entries] == given_events
        assert [e.sequence for e in journal.read(after=20)] == [21, 22, 23, 24, 25]
        assert [e.sequence for e in journal.read(after=3, until=5)] == [4, 5]
        assert list(journal.read(after=25)) == []
        assert entries[-1].hash == journal.head().hash
        assert journal.verify().ok


@settings(max_examples=60)
@given(st.lists(EVENTS, max_size=5))
def test_any_event_is_recorded_as_it_was(given_events: list[object]) -> None:
    with Journal.memory(key=KEY) as journal:
        journal.append(given_events)  # pyright: ignore[reportArgumentType]
        assert [entry.event for entry in journal.read()] == given_events
        assert journal.verify().ok


def test_any_text_is_recorded_as_it_was_on_either_store(store: str) -> None:
    texts = ["", "\0", "変電所 ⚡", "a\nb\r\n", "\x7f\x80\u2028", "'; DROP TABLE x; --", "%s ? :a"]
    given_events = [event(n, text=text) for n, text in enumerate(texts)]
    with Journal.open(store, key=KEY) as journal:
        journal.append(given_events, once=["変電所-1"])
        assert [dict(e.event.payload)["text"] for e in journal.read()] == texts
        assert journal.verify().ok


def test_an_event_that_cannot_be_written_down_leaves_nothing_of_its_append(store: str) -> None:
    with Journal.open(store, key=KEY) as journal:
        with pytest.raises(GridmendError, match="cannot be written down"):
            journal.append([event(1), event(2, v_pu=float("nan"))], once=["c1"])
        assert journal.head().sequence == 0
        assert journal.append([event(1)], once=["c1"]).sequence == 1


def test_a_command_is_recorded_once(store: str) -> None:
    with Journal.open(store, key=KEY) as journal:
        journal.append(events(1, 3), once=["c1", "c2"])
        before = journal.head()
        for once in (["c2"], ["c3", "c1"], "c1"):
            with pytest.raises(AlreadyRecorded) as refused:
                journal.append([event(4)], once=once)
            assert refused.value.sequence == 3
        assert journal.head() == before
        journal.append([event(4)], once=["c3"])
    with Journal.open(store, key=KEY) as journal:
        with pytest.raises(AlreadyRecorded, match="'c3'"):
            journal.append([event(5)], once=["c3"])
        assert journal.verify().ok
        assert journal.head().commands == 3


@pytest.mark.parametrize("once", [["c", "c"], [""], ["x" * 201], ["a\0"]])
def test_a_name_of_a_command_that_is_none_is_refused(once: list[str]) -> None:
    with Journal.memory(key=KEY) as journal, pytest.raises(JournalError, match="command"):
        journal.append([event(1)], once=once)


def test_a_command_without_an_event_is_refused() -> None:
    with Journal.memory(key=KEY) as journal:
        with pytest.raises(JournalError, match="no event"):
            journal.append([], once=["c1"])
        assert journal.append([]).sequence == 0


def test_an_older_writer_is_fenced_and_writes_nothing(store: str) -> None:
    with Journal.open(store, key=KEY) as old:
        old.append([event(1)])
        with Journal.open(store, key=KEY) as new:
            for act in (lambda: old.append([event(2)], once=["c1"]), lambda: old.keep(b"x", 1)):
                with pytest.raises(WriterFenced):
                    act()
            assert new.head().sequence == 1
            assert new.append([event(2)], once=["c1"]).sequence == 2
            assert new.verify().ok
        with pytest.raises(WriterFenced):
            old.append([event(3)])


def test_threads_of_one_writer_append_one_after_the_other(store: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with Journal.open(store, key=KEY) as journal, ThreadPoolExecutor(4) as threads:
        numbers = range(40)
        heads = threads.map(lambda n: journal.append([event(n)], once=[f"c{n}"]), numbers)
        assert sorted(head.sequence for head in heads) == list(range(1, 41))
        assert journal.verify().ok


def test_a_reader_fences_nobody_and_writes_nothing(store: str) -> None:
    with Journal.open(store, key=KEY) as writer, Journal.open(store, read_only=True) as reader:
        writer.append([event(1)])
        assert reader.head().sequence == 1
        with pytest.raises(JournalError, match="read-only"):
            reader.append([event(2)])
        assert writer.append([event(2)]).sequence == 2


def test_a_signed_head_comes_back_from_json(store: str, tmp_path: Path) -> None:
    with Journal.open(store, key=KEY) as journal:
        head = journal.append(events(1, 5), once=["c"])
        path = tmp_path / "anchor.json"
        for said in (head.as_json(), {"ok": True, "head": head.as_json()}):
            path.write_text(json.dumps(said))
            assert Head.from_file(path) == head
        assert head.is_signed()
        journal.append(events(6, 7))
        assert journal.verify(anchor=head).ok


@pytest.mark.parametrize(
    "text",
    ["", "x", "[]", "{}", '{"form": 2}', '{"form": 1}', '{"form": 1, "journal": 5}', "[" * 9999],
)
def test_a_file_that_is_no_anchor_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "anchor.json"
    path.write_text(text)
    with pytest.raises(JournalError, match="no signed head"):
        Head.from_file(path)


def test_checkpoints_stay_at_their_spacing_however_events_come(store: str) -> None:
    with Journal.open(store, key=KEY, checkpoint_every=4) as journal:
        for first, last in ((1, 3), (4, 4), (5, 18)):
            journal.append(events(first, last), once=[f"c{first}"])
        with journal._store.at_one_instant() as rows:
            found = rows.of("SELECT sequence FROM journal_checkpoints ORDER BY sequence")
        assert [row[0] for row in found] == [4, 8, 12, 16]
        assert journal.verify().ok


def test_a_situation_is_kept_and_the_newest_comes_back(store: str) -> None:
    with Journal.open(store, key=KEY) as journal:
        assert journal.kept().document is None
        assert journal.kept().sequence == 0
        journal.append(events(1, 9))
        for sequence in (0, 2, 4, 6, 8, 9):
            journal.keep(b"\0\xff" + str(sequence).encode(), sequence)
        assert journal.verify().ok
    with Journal.open(store, read_only=True) as journal:
        kept = journal.kept()
        assert (kept.document, kept.sequence, kept.flaws) == (b"\0\xff9", 9, ())
        with journal._store.at_one_instant() as rows:
            assert rows.of("SELECT count(*) FROM journal_situations") == [(4,)]


@pytest.mark.parametrize("sequence", [-1, 2, 10**12])
def test_a_situation_follows_an_entry_that_is_there(sequence: int) -> None:
    with Journal.memory(key=KEY) as journal:
        journal.append([event(1)])
        with pytest.raises(JournalError, match="no entry"):
            journal.keep(b"x", sequence)


def test_a_damaged_situation_is_passed_over_and_told(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal.open(path) as journal:
        journal.append(events(1, 3))
        for sequence in (1, 2, 3):
            journal.keep(f"fold {sequence}".encode(), sequence)
    change(path, "UPDATE journal_situations SET document = x'00' WHERE sequence = 3")
    with Journal.open(path) as journal:
        kept = journal.kept()
        assert kept.document == b"fold 2"
        assert [flaw.sequence for flaw in kept.flaws] == [3]
        assert not journal.verify().ok
    change(path, "UPDATE journal_situations SET document = x'00'")
    with Journal.open(path) as journal:
        kept = journal.kept()
        assert kept.document is None
        assert kept.sequence == 0
        assert len(kept.flaws) == 3


def test_a_situation_after_an_entry_that_was_changed_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal.open(path) as journal:
        journal.append(events(1, 3))
        journal.keep(b"fold 1", 1)
        journal.keep(b"fold 2", 2)
        change(path, "UPDATE journal_entries SET hash = zeroblob(32) WHERE sequence = 2")
        assert journal.kept().document == b"fold 1"
        assert "another entry" in journal.kept().flaws[0].what


@pytest.mark.parametrize("column", ["name", "public_key"])
def test_a_journal_whose_identity_is_changed_while_it_is_open_is_found(
    tmp_path: Path, column: str
) -> None:
    path = tmp_path / "journal.db"
    with Journal.open(path) as journal:
        journal.append(events(1, 3))
        change(path, f"UPDATE journal_identity SET {column} = zeroblob(32)")
        assert not journal.verify().ok


def test_an_entry_that_was_changed_is_not_read_as_true(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal.open(path) as journal:
        journal.append(events(1, 5))
    change(path, "UPDATE journal_entries SET line = replace(line, 'Sw3', 'Sw4')")
    with Journal.open(path, read_only=True) as journal:
        seen = []
        with pytest.raises(Tampered, match="entry 3 "):
            seen.extend(entry.sequence for entry in journal.read())
        with pytest.raises(Tampered, match="entry 3 "):
            list(journal.read(after=2))
        assert len(list(journal.read(checked=False))) == 5


@pytest.mark.parametrize(
    "tamper",
    [
        "DELETE FROM journal_entries WHERE sequence = 5",
        "UPDATE journal_head SET sequence = 4",
        "UPDATE journal_head SET signature = x'00'",
        "DELETE FROM journal_head",
    ],
)
def test_nothing_is_appended_to_a_journal_whose_end_was_tampered_with(
    tmp_path: Path, tamper: str
) -> None:
    path = tmp_path / "journal.db"
    with Journal.open(path) as journal:
        journal.append(events(1, 5))
    change(path, tamper)
    with Journal.open(path) as journal, pytest.raises(JournalError, match=r"tampered|missing"):
        journal.append([event(6)])


def test_the_key_beside_a_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    Journal.open(path).close()
    key = key_beside(path)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    key.chmod(0o644)
    with pytest.raises(JournalError, match="others may read"):
        Journal.open(path)


def test_commits_are_on_the_disk_when_they_return(tmp_path: Path) -> None:
    with (
        Journal.open(tmp_path / "journal.db") as journal,
        journal._store.engine.connect() as held,
    ):
        assert held.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert held.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_a_server_is_made_to_wait_for_its_disk(server_store: str) -> None:
    with Journal.open(server_store, key=KEY) as journal, journal._store.engine.connect() as held:
        assert held.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"


def test_a_verification_sees_one_instant_and_holds_nobody_up(store: str) -> None:
    with Journal.open(store, key=KEY) as journal:
        journal.append(events(1, 3))
        with Journal.open(store, read_only=True) as reader:
            found = reader.verify(progress=lambda done: journal.append([event(done)]) and None)
        assert found.ok
        assert found.entries == 3
        assert journal.head().sequence == 4


def test_equal_events_give_equal_lines_in_any_journal(tmp_path: Path) -> None:
    lines = []
    for name in ("one.db", "other.db"):
        with Journal.open(tmp_path / name) as journal:
            journal.append(events(1, 5))
            lines.append([entry.line for entry in journal.read()])
    assert lines[0] == lines[1]


def test_the_tables_are_those_of_the_migrations(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    from gridmend.runtime.journal.schema import REVISIONS, VERSION_TABLE, metadata

    with (
        Journal.open(tmp_path / "journal.db") as journal,
        journal._store.engine.connect() as held,
    ):
        context = MigrationContext.configure(held, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
    config = Config()
    config.set_main_option("script_location", "gridmend.runtime.journal:migrations")
    script = ScriptDirectory.from_config(config)
    assert tuple(r.revision for r in script.walk_revisions())[::-1] == REVISIONS


def test_hundreds_of_tampers_of_a_file_are_all_found(tmp_path: Path) -> None:
    import random

    base, path = tmp_path / "base.db", tmp_path / "journal.db"
    with Journal.open(base, key=KEY, checkpoint_every=8) as journal:
        for number in range(1, 31):
            journal.append([event(number)], once=[f"c{number}"])
        journal.keep(b"fold", 20)
    held = base.read_bytes()
    dice = random.Random(7)
    for _ in range(150):
        path.write_bytes(held)
        number = dice.randrange(1, 31)
        change(path, dice.choice(STATEMENTS).format(number=number, other=number % 30 + 1))
        with Journal.open(path, read_only=True) as journal:
            assert not journal.verify().ok
    for _ in range(150):
        # A byte of a line itself, wherever in the file it lies.
        line = event(dice.randrange(1, 31)).as_line().encode()
        at = held.index(line) + dice.randrange(len(line))
        path.write_bytes(held[:at] + bytes([held[at] ^ 1 << dice.randrange(8)]) + held[at + 1 :])
        with Journal.open(path, read_only=True) as journal:
            assert not journal.verify().ok


STATEMENTS = (
    "DELETE FROM journal_entries WHERE sequence = {number}",
    "DELETE FROM journal_entries WHERE sequence >= {number}",
    "UPDATE journal_entries SET line = line || ' ' WHERE sequence = {number}",
    "UPDATE journal_entries SET line = x'ff' WHERE sequence = {number}",
    "UPDATE journal_entries SET hash = x'00' WHERE sequence = {number}",
    "UPDATE journal_entries SET sequence = -sequence WHERE sequence = {number}",
    "UPDATE journal_entries SET line ="
    " (SELECT line FROM journal_entries WHERE sequence = {other}) WHERE sequence = {number}",
    "INSERT INTO journal_entries VALUES (30 + {number}, 'x', x'00')",
    "INSERT INTO journal_entries VALUES (9000000000000000000 + {number}, 'x', x'00')",
    "DELETE FROM journal_commands WHERE number = {number}",
    "UPDATE journal_commands SET command = 'other' WHERE number = {number}",
    "UPDATE journal_commands SET sequence = {other} WHERE number = {number}",
    "INSERT INTO journal_commands VALUES (30 + {number}, 'new', {number}, x'00')",
    "DELETE FROM journal_checkpoints WHERE sequence = 8 + {number} % 3 * 8",
    "UPDATE journal_checkpoints SET hash = zeroblob(32) WHERE sequence = 8 + {number} % 3 * 8",
    "UPDATE journal_head SET sequence = {number} - 1",
    "UPDATE journal_head SET signature = 'text {number}'",
    "UPDATE journal_head SET (sequence, hash, commands, commands_hash, signature) ="
    " (SELECT sequence, hash, commands, commands_hash, signature FROM journal_checkpoints"
    " WHERE sequence = 8 + {number} % 3 * 8)",
    "INSERT INTO journal_head SELECT 1 + {number}, sequence, hash, commands, commands_hash,"
    " signature FROM journal_head",
    "UPDATE journal_situations SET document = zeroblob({number})",
    "UPDATE journal_situations SET sequence = 20 + {number}",
    "UPDATE journal_identity SET public_key = randomblob(32)",
    "UPDATE journal_identity SET name = randomblob(16)",
    "UPDATE journal_identity SET checkpoint_every = 8 + {number}",
)


def test_a_file_that_cannot_be_read_any_more_is_a_flaw_not_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal.open(path, key=KEY) as journal:
        journal.append(events(1, 2000))
    with closing(sqlite3.connect(path)) as connection:
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    held = bytearray(path.read_bytes())
    for page in range(len(held) // size // 2, len(held) // size):
        held[page * size : page * size + 100] = b"\xaa" * 100
    path.write_bytes(held)
    with Journal.open(path, read_only=True) as journal:
        found = journal.verify()
    assert not found.ok
    assert found.flaws[0].mend
