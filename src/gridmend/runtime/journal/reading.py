"""What is read from a journal: entries in order, the newest kept situation, rows to verify."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sql

from gridmend.model.event import Event
from gridmend.runtime.journal import schema
from gridmend.runtime.journal.chain import Identity, entry_hash
from gridmend.runtime.journal.errors import Tampered
from gridmend.runtime.journal.flaw import Flaw
from gridmend.runtime.journal.head import Head
from gridmend.runtime.journal.kept import Kept, kept_of
from gridmend.runtime.journal.store import BATCH, Rows, Store
from gridmend.runtime.journal.verification import Records

_SIGNED = "hash, commands, commands_hash, signature"


@dataclass(frozen=True, slots=True)
class Entry:
    """One recorded event: its number, its line as it was written, and its hash."""

    sequence: int
    line: str
    hash: bytes

    @property
    def event(self) -> Event:
        """The event; read from the line each time, so that those who need none pay nothing."""
        return Event.from_line(self.line)


def read_entries(
    store: Store, identity: Identity, *, after: int, until: int, checked: bool
) -> Iterator[Entry]:
    """The entries after one up to another; `Tampered` where one does not follow the one before."""
    table = schema.entries
    asked = sql.select(table.c.sequence, table.c.line, table.c.hash).order_by(table.c.sequence)
    at = max(after, 0)
    previous: Any = identity.genesis
    if at and checked:
        with store.reading() as held:
            before = sql.select(table.c.hash).where(table.c.sequence == at)
            previous = held.execute(before).scalar()
    while at < until:
        window = asked.where(table.c.sequence > at, table.c.sequence <= until).limit(BATCH)
        with store.reading() as held:
            rows = held.execute(window).all()
        if not rows and checked:
            raise _tampered(store, at + 1, "is missing")
        if not rows:
            return
        for sequence, line, found in rows:
            if checked:
                _check_follows(store, at, previous, sequence=sequence, line=line, found=found)
            at, previous = sequence, found
            yield Entry(sequence, line, found)


def _check_follows(
    store: Store, at: int, previous: Any, *, sequence: int, line: Any, found: Any
) -> None:
    if sequence != at + 1:
        raise _tampered(store, at + 1, "is missing")
    is_plain = isinstance(previous, bytes) and isinstance(line, str)
    if not is_plain or entry_hash(previous, sequence, line.encode()) != found:
        raise _tampered(store, sequence, "is not what was recorded")


def _tampered(store: Store, sequence: int, what: str) -> Tampered:
    return Tampered(
        f"entry {sequence} of the journal {what}",
        where=store.address.where,
        mend="run gridmend journal verify, and restore the journal from a copy",
    )


def newest_kept(store: Store, identity: Identity, head: Head) -> Kept:
    """The newest situation that is what was kept; it tells of those that it passed over."""
    table, entries = schema.situations, schema.entries
    columns = [table.c[name] for name in ("sequence", "hash", "digest", "signature", "document")]
    flaws: list[Flaw] = []
    with store.reading() as held:
        rows = held.execute(sql.select(*columns).order_by(table.c.number.desc())).all()
        for row in rows:
            kept = kept_of(tuple(row))
            stands = identity.genesis if kept.sequence == 0 else None
            if isinstance(kept.sequence, int) and 0 < kept.sequence <= head.sequence:
                asked = sql.select(entries.c.hash).where(entries.c.sequence == kept.sequence)
                stands = held.execute(asked).scalar()
            flaw = kept.flaw(identity, stands)
            if flaw is None:
                return replace(kept, flaws=tuple(flaws))
            flaws.append(flaw)
    return Kept(None, 0, identity.genesis, flaws=tuple(flaws))


def records_of(rows: Rows, identity: Identity) -> Records:
    """The rows of a journal at one instant, as a verification reads them."""

    def heads(table: str) -> list[Head]:
        found = rows.of(f"SELECT sequence, {_SIGNED} FROM {table} ORDER BY sequence")
        return [Head(identity, *row) for row in found]

    names = rows.of("SELECT name, public_key, checkpoint_every FROM journal_identity")
    situations = rows.of(
        "SELECT sequence, hash, digest, signature, document FROM journal_situations ORDER BY number"
    )
    return Records(
        identity,
        identities=[Identity(*row) for row in names],
        entries=rows.in_order("journal_entries", "sequence", "line, hash"),
        commands=rows.in_order("journal_commands", "number", "command, sequence, hash"),
        checkpoints=heads("journal_checkpoints"),
        heads=heads("journal_head"),
        situations=[kept_of(row) for row in situations],
    )
