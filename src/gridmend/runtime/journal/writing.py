"""What is written within one transaction: entries, marks of commands, heads, situations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from gridmend.runtime.journal import schema
from gridmend.runtime.journal.chain import (
    Identity,
    command_hash,
    entry_hashes,
    situation_message,
)
from gridmend.runtime.journal.errors import AlreadyRecorded, JournalError, WriterFenced
from gridmend.runtime.journal.fail_points import Pause
from gridmend.runtime.journal.head import Head
from gridmend.runtime.journal.kept import Kept

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SITUATIONS_KEPT = 4
"""Situations that stay; older ones go when a new one is kept."""
_ENDS = ("sequence", "hash", "commands", "commands_hash", "signature")


@dataclass(frozen=True)
class Writer:
    """Who writes: with which key, as which epoch, to where."""

    identity: Identity
    key: Ed25519PrivateKey
    epoch: int
    where: str


def take_epoch(connection: Connection) -> int:
    """Raise the epoch by one: whoever wrote before is fenced from now on."""
    connection.execute(sql.update(schema.writer).values(epoch=schema.writer.c.epoch + 1))
    epoch = connection.execute(sql.select(schema.writer.c.epoch)).scalar_one_or_none()
    if epoch is None:
        raise JournalError("the row of the writer is gone", mend="restore the journal from a copy")
    return int(epoch)


def check_writer(connection: Connection, writer: Writer) -> None:
    """Hold the writer's row until the transaction ends; raise `WriterFenced` for an older epoch."""
    # On SQLite the transaction itself holds the whole store.
    asked = sql.select(schema.writer.c.epoch).with_for_update()
    present = connection.execute(asked).scalar_one_or_none()
    if present != writer.epoch:
        raise WriterFenced(epoch=writer.epoch, present=int(present or 0), where=writer.where)


def read_head(connection: Connection, identity: Identity, where: str) -> Head:
    """The present head as it stands there."""
    columns = [schema.head.c[name] for name in _ENDS]
    row = connection.execute(sql.select(*columns)).one_or_none()
    if row is None:
        raise JournalError(
            "the signed head is missing", where=where, mend="run gridmend journal verify"
        )
    return Head(identity, *row)


def write_head(connection: Connection, head: Head) -> None:
    """Put the present head in the place of the one before."""
    connection.execute(sql.update(schema.head).values(_row(head)))


def append_lines(
    connection: Connection, writer: Writer, lines: Sequence[str], once: Sequence[str], pause: Pause
) -> Head:
    """Append entries and marks to both chains, and sign where they end."""
    before = read_head(connection, writer.identity, writer.where)
    _check_end(connection, before, writer.where)
    _check_once(connection, once, writer.where)
    hashes = entry_hashes(before.hash, before.sequence, lines)
    rows = [
        {"sequence": sequence, "line": line, "hash": found}
        for sequence, (line, found) in enumerate(
            zip(lines, hashes, strict=True), before.sequence + 1
        )
    ]
    connection.execute(sql.insert(schema.entries), rows)
    pause("append: entries written")
    last = before.sequence + len(lines)
    commands_hash = _mark(connection, before, once, last)
    pause("append: commands written")
    commands = before.commands + len(once)

    def head_at(sequence: int) -> Head:
        found = hashes[sequence - before.sequence - 1]
        return Head(writer.identity, sequence, found, commands, commands_hash).signed(writer.key)

    every = writer.identity.checkpoint_every
    due = range((before.sequence // every + 1) * every, last + 1, every)
    if due:
        connection.execute(sql.insert(schema.checkpoints), [_row(head_at(at)) for at in due])
    pause("append: checkpoints written")
    head = head_at(last)
    write_head(connection, head)
    pause("append: head written")
    return head


def keep_document(connection: Connection, writer: Writer, document: bytes, sequence: int) -> Kept:
    """Keep a situation that follows an entry, and let the oldest go."""
    entries, table = schema.entries, schema.situations
    sealed: Any = writer.identity.genesis
    if sequence:
        asked = sql.select(entries.c.hash).where(entries.c.sequence == sequence)
        sealed = connection.execute(asked).scalar_one_or_none()
    if sealed is None or sequence < 0:
        raise JournalError(
            f"there is no entry {sequence} that a situation could follow",
            where=writer.where,
            mend="give the sequence of the last entry that was folded into it",
        )
    digest = sha256(document).digest()
    message = situation_message(writer.identity, sequence=sequence, hash=sealed, digest=digest)
    kept = Kept(document, sequence, bytes(sealed), digest, writer.key.sign(message))
    number = int(connection.execute(sql.select(sql.func.max(table.c.number))).scalar() or 0) + 1
    values = {
        "number": number,
        **{name: getattr(kept, name) for name in ("sequence", "hash", "digest", "signature")},
        "document": document,
    }
    connection.execute(sql.insert(table), values)
    connection.execute(sql.delete(table).where(table.c.number <= number - SITUATIONS_KEPT))
    return kept


def _row(head: Head) -> dict[str, Any]:
    return {name: getattr(head, name) for name in _ENDS}


def _check_end(connection: Connection, head: Head, where: str) -> None:
    """Refuse to go on from a head that is not signed, or not where the entries end."""
    asked = sql.select(schema.entries.c.sequence, schema.entries.c.hash)
    last = connection.execute(
        asked.order_by(schema.entries.c.sequence.desc()).limit(1)
    ).one_or_none()
    end = (last[0], bytes(last[1])) if last else (0, head.identity.genesis)
    if end != (head.sequence, head.hash) or not head.is_signed():
        raise JournalError(
            f"the journal was tampered with: its entries end at {end[0]} in another way than its"
            " signed head says",
            where=where,
            mend="run gridmend journal verify, and restore the journal from a copy",
        )


def _check_once(connection: Connection, once: Sequence[str], where: str) -> None:
    if not once:
        return
    table = schema.commands
    asked = sql.select(table.c.command, table.c.sequence).where(table.c.command.in_(once))
    found = connection.execute(asked.order_by(table.c.number).limit(1)).first()
    if found is not None:
        raise AlreadyRecorded(found[0], sequence=found[1], where=where)


def _mark(connection: Connection, before: Head, once: Sequence[str], sequence: int) -> bytes:
    """Mark commands as recorded; the hash at the end of their chain."""
    previous = before.commands_hash
    rows: list[dict[str, Any]] = []
    for number, command in enumerate(once, before.commands + 1):
        previous = command_hash(previous, number, sequence=sequence, command=command.encode())
        row = {"number": number, "command": command, "sequence": sequence, "hash": previous}
        rows.append(row)
    if rows:
        connection.execute(sql.insert(schema.commands), rows)
    return previous
