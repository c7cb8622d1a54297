from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gridmend.runtime.journal import Journal, JournalError
from gridmend.runtime.journal.keys import VARIABLE, key_beside, make_key
from tests.runtime.journal.journals import KEY, change, event, on_server

PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de")


def refused(store: object, *, read_only: bool = False, wait_s: float = 5.0) -> JournalError:
    with pytest.raises(JournalError) as problem:
        Journal.open(store, read_only=read_only, wait_s=wait_s)  # pyright: ignore[reportArgumentType]
    assert problem.value.where
    assert problem.value.mend
    return problem.value


@pytest.mark.parametrize("read_only", [False, True])
def test_a_folder_an_image_and_an_empty_file_are_no_journals_and_stay_as_they_are(
    tmp_path: Path, read_only: bool
) -> None:
    (tmp_path / "image.png").write_bytes(PNG)
    (tmp_path / "empty.db").touch()
    assert "is a folder" in refused(tmp_path, read_only=read_only).what
    assert "no SQLite file" in refused(tmp_path / "image.png", read_only=read_only).what
    assert "is empty" in refused(tmp_path / "empty.db", read_only=read_only).what
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {
        "image.png": PNG,
        "empty.db": b"",
    }


@pytest.mark.parametrize("read_only", [False, True])
def test_a_database_of_something_else_is_refused_and_left_as_it_is(
    tmp_path: Path, read_only: bool
) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE customers (name TEXT)")
        connection.commit()
    assert "tables are not there" in refused(path, read_only=read_only).what
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert names == [("customers",)]
    assert not key_beside(path).exists()


@pytest.mark.parametrize("read_only", [False, True])
def test_a_journal_of_a_later_program_is_refused(tmp_path: Path, read_only: bool) -> None:
    path = tmp_path / "journal.db"
    Journal.open(path).close()
    change(path, "UPDATE journal_version SET version_num = '0099'")
    problem = refused(path, read_only=read_only)
    assert "later Gridmend" in problem.what
    assert "0099" in problem.what


def test_a_file_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal.open(path) as journal:
        journal.append([event(number) for number in range(100)])
    path.write_bytes(path.read_bytes()[:3000])
    refused(path)
    refused(path, read_only=True)


def test_a_journal_is_not_made_where_its_log_was_left(tmp_path: Path) -> None:
    (tmp_path / "journal.db-wal").write_bytes(b"x")
    assert "log is still there" in refused(tmp_path / "journal.db").what


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "no plain file" in refused(pipe).what


def test_a_new_journal_is_made_where_a_reader_left_an_empty_log(tmp_path: Path) -> None:
    (tmp_path / "journal.db-wal").touch()
    with Journal.open(tmp_path / "journal.db") as journal:
        assert journal.append([event(1)]).sequence == 1


def test_what_is_not_there_is_not_made_by_reading(tmp_path: Path) -> None:
    assert "no such journal" in refused(tmp_path / "no.db", read_only=True).what
    assert "no folder" in refused(tmp_path / "no" / "no.db").what
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "", "a\0b", "mysql://u@h/d", "sqlite://host/file", "sqlite:///", "sqlite:///x.db?mode=ro",
        "postgresql://", "postgresql://u@h/", "postgresql://u:secret@h/d?schema=A-B",
        "postgresql://u:secret@h/d?sslmode=no", "postgresql://u:secret@h:port/d", "nats://u@h",
    ],
)  # fmt: skip
def test_a_url_that_names_no_store_is_refused_without_its_password(url: str) -> None:
    assert "secret" not in str(refused(url))


def test_a_server_that_is_not_there_is_said() -> None:
    with pytest.raises(JournalError, match="cannot be reached") as problem:
        Journal.open("postgresql://u:secret@127.0.0.1:1/test", key=KEY)
    assert "secret" not in str(problem.value)


def test_a_missing_driver_is_said_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pg8000", None)
    with pytest.raises(JournalError, match="pg8000") as problem:
        Journal.open("postgresql://u@127.0.0.1/test", key=KEY)
    assert "gridmend[postgres]" in problem.value.mend


def test_a_database_that_is_not_there_is_said(server_store: str) -> None:
    with pytest.raises(JournalError, match="no such database"):
        Journal.open(server_store.replace("/test?", "/no_such?"), key=KEY)


def test_a_key_that_is_not_the_journals_is_refused(store: str) -> None:
    Journal.open(store, key=KEY).close()
    with pytest.raises(JournalError, match="not the key"):
        Journal.open(store, key=Ed25519PrivateKey.generate())
    with pytest.raises(JournalError, match="private key is not there"):
        Journal.open(store)
    Journal.open(store, read_only=True).close()


def test_a_lost_key_is_said_and_the_journal_can_still_be_read(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal.open(path) as journal:
        journal.append([event(1)])
    key_beside(path).unlink()
    assert "private key is not there" in refused(path).what
    assert not key_beside(path).exists()
    with Journal.open(path, read_only=True) as journal:
        assert journal.verify().ok


@pytest.mark.parametrize("text", [b"", b"no key", PNG])
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "journal.db"
    Journal.open(path).close()
    key_beside(path).write_bytes(text)
    assert "no ed25519 private key" in refused(path).what


def test_a_server_needs_a_key_that_the_environment_may_name(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    if not store.startswith("sqlite"):
        assert VARIABLE in refused(store).mend
    make_key(tmp_path / "named.key")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "named.key"))
    with Journal.open(store) as journal:
        assert journal.append([event(1)]).is_signed()
    assert not (tmp_path / "journal.db.key").exists()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere.key"))
    assert "cannot be read" in refused(store).what


def test_another_writers_transaction_is_waited_for_and_then_said(store: str) -> None:
    with Journal.open(store, key=KEY, wait_s=0.05) as journal:
        with Journal.open(store, key=KEY, wait_s=0.05) as other, other._store.writing() as held:
            held.exec_driver_sql("UPDATE journal_writer SET epoch = epoch")
            with pytest.raises(JournalError, match="another writer holds"):
                journal.append([event(1)])
            with pytest.raises(JournalError, match="another writer holds"):
                Journal.open(store, key=KEY, wait_s=0.05)
        with Journal.open(store, key=KEY) as again:
            assert again.append([event(1)]).sequence == 1


def test_a_copy_of_a_journal_is_a_journal(tmp_path: Path) -> None:
    path, copy = tmp_path / "journal.db", tmp_path / "copy é?#%20.db"
    with Journal.open(path) as journal:
        journal.append([event(1)])
    shutil.copy(path, copy)
    with Journal.open(copy, read_only=True) as journal:
        assert journal.verify().ok


def test_a_journal_on_a_server_stands_beside_the_tables_of_others(server_store: str) -> None:
    schema = server_store.partition("schema=")[2]
    with on_server() as cursor:
        cursor.execute(f'CREATE SCHEMA "{schema}"')
        cursor.execute(f'CREATE TABLE "{schema}".customers (name TEXT)')
    assert "tables are not there" in refused(server_store, read_only=True).what
    with Journal.open(server_store, key=KEY) as journal:
        journal.append([event(1)])
        assert journal.verify().ok
