"""Connections to a store, each set so that what it commits is on the disk."""

from __future__ import annotations

import socket
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sql
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import QueuePool, StaticPool

from gridmend.runtime.journal.address import Address
from gridmend.runtime.journal.errors import JournalError

WRITING = "journal_writing"
"""The execution option of a connection whose transactions write."""
_REPLY_S = 30.0
"""How long a server may take to answer; then it counts as gone."""


def engine_of(address: Address, *, read_only: bool, wait_s: float) -> Engine:
    """One connection at a time to the store; it waits `wait_s` for another writer's transaction."""
    if address.url is not None:
        return _server_engine(address, read_only=read_only, wait_s=wait_s)

    def connect() -> sqlite3.Connection:
        if address.path is None:
            return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        if read_only:
            return connect_to_read(address.path, wait_s)
        return connect_to_write(address.path, wait_s)

    pool: Any = {"poolclass": StaticPool}
    if address.path is not None:
        pool = {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0}
    engine = sql.create_engine("sqlite://", creator=connect, **pool)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        is_writing = connection.get_execution_options().get(WRITING)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")

    return engine


def connect_to_write(path: Path, wait_s: float, *, new: bool = False) -> sqlite3.Connection:
    """A SQLite connection whose commits are on the disk when they return."""
    mode = "rwc" if new else "rw"
    connection = sqlite3.connect(
        _uri(path, f"mode={mode}"),
        uri=True, timeout=wait_s, isolation_level=None, check_same_thread=False,
    )  # fmt: skip
    try:
        mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        if mode != "wal":
            raise JournalError(
                f"SQLite cannot keep a write-ahead log there: its mode stays '{mode}'",
                where=str(path),
                mend="keep the journal on a local disk, not on a network share",
            )
        connection.execute("PRAGMA synchronous=FULL")
        # On macOS only this empties the disk's own cache too; elsewhere it means nothing.
        connection.execute("PRAGMA fullfsync=ON")
        connection.execute("PRAGMA trusted_schema=OFF")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_read(path: Path, wait_s: float) -> sqlite3.Connection:
    """A SQLite connection that changes nothing, also where the folder cannot be written."""

    def connect(mode: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            _uri(path, mode),
            uri=True, timeout=wait_s, isolation_level=None, check_same_thread=False,
        )  # fmt: skip
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection

    try:
        return connect("mode=ro")
    except sqlite3.OperationalError:
        log = path.with_name(path.name + "-wal")
        if log.exists() and log.stat().st_size:
            raise
        # With no log beside it the file is whole, and in a folder that cannot be written nobody
        # changes it while it is read.
        return connect("mode=ro&immutable=1")


def _uri(path: Path, query: str) -> str:
    return f"file:{quote(str(path.absolute()))}?{query}"


def _server_engine(address: Address, *, read_only: bool, wait_s: float) -> Engine:
    assert address.url is not None
    try:
        import pg8000
    except ImportError:
        raise JournalError(
            "a journal on PostgreSQL needs pg8000, which is not installed",
            where=address.where,
            mend="install it with: pip install 'gridmend[postgres]'",
        ) from None
    del pg8000
    engine = sql.create_engine(
        address.url, pool_size=1, max_overflow=0, connect_args={"timeout": _REPLY_S}
    )
    # Many rows a statement: the driver would send one after the other and wait for each.
    engine.dialect.use_insertmanyvalues_wo_returning = True

    @event.listens_for(engine, "connect", insert=True)
    def prepare(connection: Any, _record: object) -> None:
        plain = getattr(connection, "_usock", None)
        if plain is not None and plain.family != getattr(socket, "AF_UNIX", None):
            # Else a long statement waits forty milliseconds for the server to acknowledge a part.
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        cursor = connection.cursor()
        if address.schema:
            cursor.execute(f'SET search_path TO "{address.schema}"')
        cursor.execute(f"SET lock_timeout TO {max(int(wait_s * 1000), 1)}")
        # A writer that hangs within a transaction would keep its successor out for ever.
        cursor.execute(f"SET idle_in_transaction_session_timeout TO {int(_REPLY_S * 1000)}")
        if read_only:
            cursor.execute("SET default_transaction_read_only TO on")
        cursor.execute("SHOW synchronous_commit")
        if cursor.fetchone()[0] != "remote_apply":
            cursor.execute("SET synchronous_commit TO on")
        cursor.close()
        connection.commit()

    return engine
