"""Opening a store as a journal: made where there is none, refused where it is something else."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from gridmend.runtime.journal import schema
from gridmend.runtime.journal.address import Address
from gridmend.runtime.journal.chain import Identity
from gridmend.runtime.journal.connecting import WRITING, connect_to_write
from gridmend.runtime.journal.errors import JournalError
from gridmend.runtime.journal.fail_points import Pause
from gridmend.runtime.journal.failures import failures_said
from gridmend.runtime.journal.head import Head
from gridmend.runtime.journal.keys import (
    VARIABLE,
    find_key,
    key_beside,
    make_key,
    public_bytes,
    put_in_place,
)
from gridmend.runtime.journal.store import Store

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_MAGIC = b"SQLite format 3\0"
_ALONE = 0x4752_4944
"""The advisory lock that one maker of tables at a time holds on a server."""


def check_file(path: Path) -> bool:
    """Whether there is a SQLite file; `JournalError` where something else has its name."""
    if path.is_dir():
        raise JournalError(
            f"{path} is a folder, not a journal",
            where=str(path),
            mend=f"name a file in it, for example {path / 'journal.db'}",
        )
    if not path.exists():
        return False
    if not path.is_file():
        # Reading a pipe would wait for ever.
        raise JournalError(
            f"{path} is no plain file: it is no journal", where=str(path), mend="name a file"
        )
    with path.open("rb") as file:
        begins = file.read(len(_MAGIC))
    if begins != _MAGIC:
        what = "is empty" if not begins else "is no SQLite file"
        raise JournalError(
            f"{path} {what}: it is no journal",
            where=str(path),
            mend="restore it if it was one; else name another file: a new one is made where"
            " none is",
        )
    return True


def make_file(path: Path, key: Ed25519PrivateKey | None, *, every: int, pause: Pause) -> None:
    """Make a journal in a file: complete under its name, or not there at all."""
    folder = path.absolute().parent
    if not folder.is_dir():
        raise JournalError(
            f"there is no folder {folder}", where=str(path), mend=f"make it: mkdir -p {folder}"
        )
    log = path.with_name(path.name + "-wal")
    # An empty one is left by whoever only read.
    if log.exists() and log.stat().st_size:
        raise JournalError(
            f"{path} is gone, and its write-ahead log is still there",
            where=str(log),
            mend="restore the journal from a copy, or move the log away to begin a new one",
        )
    pause("create: begun")
    found = key or find_key(path) or make_key(key_beside(path))
    pause("create: key made")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        connection = connect_to_write(temporary, 0.0, new=True)
        engine = sql.create_engine("sqlite://", creator=lambda: connection)
        try:
            with engine.begin() as held:
                fill(held, public_bytes(found), found, every=every)
        finally:
            engine.dispose()
            connection.close()
        pause("create: tables made")
        put_in_place(temporary, path)
        pause("create: named")
    finally:
        for ending in ("", "-wal", "-shm"):
            with suppress(OSError):
                Path(f"{temporary}{ending}").unlink(missing_ok=True)


def sweep(path: Path) -> None:
    """Remove what makers that were killed left behind."""
    if os.name != "posix":
        return
    for left in path.absolute().parent.glob(f".{path.name}.*.tmp*"):
        maker = left.name[len(path.name) + 2 :].partition(".")[0]
        if maker.isdigit() and int(maker) != os.getpid():
            try:
                os.kill(int(maker), 0)
            except ProcessLookupError:
                left.unlink(missing_ok=True)
            except OSError:
                continue


def make_on_server(store: Store, key: Ed25519PrivateKey, *, every: int, pause: Pause) -> None:
    """Make the tables on a server, unless another process did so just now."""
    pause("create: begun")
    pause("create: key made")
    with store.writing() as held:
        held.execute(sql.text("SELECT pg_advisory_xact_lock(:alone)"), {"alone": _ALONE})
        if held.execute(sql.text("SHOW fsync")).scalar_one() != "on":
            raise JournalError(
                "the server has fsync off: a power cut would lose what was acknowledged",
                where=store.address.where,
                mend="set fsync = on in postgresql.conf and restart the server",
            )
        if store.address.schema:
            held.execute(sql.text(f'CREATE SCHEMA IF NOT EXISTS "{store.address.schema}"'))
        if not is_there(held, schema.identity.name):
            fill(held, public_bytes(key), key, every=every)
        pause("create: tables made")
    pause("create: named")


def fill(held: Connection, public: bytes, key: Ed25519PrivateKey, *, every: int) -> None:
    """Make the tables of a new journal, and its first rows."""
    migrate(held)
    # Not from the caller's generator of random numbers: equal seeds must not give equal journals.
    identity = Identity(secrets.token_bytes(16), public, every)
    row = {"only": 1, "name": identity.name, "public_key": public, "checkpoint_every": every}
    held.execute(sql.insert(schema.identity), row)
    held.execute(sql.insert(schema.writer), {"only": 1, "epoch": 0})
    head = Head(identity, 0, identity.genesis, 0, identity.commands_genesis).signed(key)
    names = ("sequence", "hash", "commands", "commands_hash", "signature")
    first = {"only": 1, **{name: getattr(head, name) for name in names}}
    held.execute(sql.insert(schema.head), first)


def migrate(held: Connection) -> None:
    """Bring the tables to what this program writes."""
    # Alembic takes long to load, and is needed only where a journal is new or old.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "gridmend.runtime.journal:migrations")
    config.attributes["connection"] = held
    command.upgrade(config, "head")


def is_there(held: Connection, table: str) -> bool:
    """Whether a table is there."""
    if held.dialect.name == "sqlite":
        asked = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = :table"
        return bool(held.execute(sql.text(asked), {"table": table}).scalar())
    asked = "SELECT to_regclass(:table) IS NOT NULL"
    return bool(held.execute(sql.text(asked), {"table": table}).scalar())


def read_identity(store: Store, held: Connection) -> Identity:
    """Which journal it is; `JournalError` where it is none, or one of a later program."""
    where = store.address.where
    if not is_there(held, schema.identity.name) or not is_there(held, schema.VERSION_TABLE):
        raise JournalError(
            "this is no journal: its tables are not there",
            where=where,
            mend="name another store; a new journal is made by opening a store for writing",
        )
    asked = sql.text(f"SELECT version_num FROM {schema.VERSION_TABLE}")
    version = str(held.execute(asked).scalar())
    if version not in schema.REVISIONS:
        raise JournalError(
            f"the journal was written by a later Gridmend: its tables are of revision {version},"
            f" and this program knows up to {schema.REVISIONS[-1]}",
            where=where,
            mend="install that Gridmend, or a later one",
        )
    row = held.execute(sql.select(schema.identity)).one_or_none()
    if row is None or len(row.name) != 16 or len(row.public_key) != 32 or row.checkpoint_every < 1:
        raise JournalError(
            "the journal's identity was tampered with",
            where=where,
            mend="restore the journal from a copy",
        )
    if version != schema.REVISIONS[-1]:
        if not held.get_execution_options().get(WRITING):
            raise JournalError(
                f"the journal's tables are of an earlier revision, {version}",
                where=where,
                mend="open it once for writing, which brings them up to date",
            )
        migrate(held)
    return Identity(bytes(row.name), bytes(row.public_key), int(row.checkpoint_every))


def key_of(
    address: Address, identity: Identity, key: Ed25519PrivateKey | None
) -> Ed25519PrivateKey:
    """The key that signs this journal; `JournalError` where it is not at hand, or another."""
    with failures_said(address):
        found = key or find_key(address.path)
    if found is None:
        raise no_key(address)
    if public_bytes(found) != identity.public_key:
        raise JournalError(
            "this is not the key that the journal was made with",
            where=address.where,
            mend=f"give that key, name its file in {VARIABLE}, or open the journal read-only",
        )
    return found


def no_key(address: Address) -> JournalError:
    """The error that says that the key lacks."""
    beside = f"put it back at {key_beside(address.path)}, " if address.path else ""
    return JournalError(
        "the journal's private key is not there, and without it nothing can be signed",
        where=address.where,
        mend=f"{beside}name its file in {VARIABLE}, or open the journal read-only;"
        " docs/journal.md says how to make one",
    )
