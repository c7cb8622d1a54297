"""The journal: append-only, hash-chained, signed, one writer at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sql

from gridmend.model.event import Event
from gridmend.runtime.journal import opening, schema, verification, writing
from gridmend.runtime.journal.address import Address
from gridmend.runtime.journal.chain import Identity
from gridmend.runtime.journal.errors import Damaged, JournalError
from gridmend.runtime.journal.fail_points import Pause, no_pause
from gridmend.runtime.journal.failures import failures_said
from gridmend.runtime.journal.flaw import Flaw
from gridmend.runtime.journal.head import Head
from gridmend.runtime.journal.kept import Kept
from gridmend.runtime.journal.keys import find_key, new_key, public_bytes
from gridmend.runtime.journal.reading import Entry, newest_kept, read_entries, records_of
from gridmend.runtime.journal.store import Store

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

CHECKPOINT_EVERY = 1000
"""Entries from one signed head that is kept for good to the next."""
WAIT_S = 5.0
"""How long another writer's transaction is waited for."""
LINE_BYTES = 4_000_000
"""The longest line of an event; more belongs into a file that the event names."""
COMMAND_LETTERS = 200
"""The longest name of a command."""


class Journal:
    """A journal that is open; made by `open` or `memory`, and best used in a `with` statement."""

    def __init__(
        self, store: Store, identity: Identity, writer: writing.Writer | None, pause: Pause
    ) -> None:
        self._store = store
        self._writer = writer
        self._pause = pause
        self.identity = identity

    @classmethod
    def open(
        cls,
        url: str | Path,
        *,
        key: Ed25519PrivateKey | None = None,
        read_only: bool = False,
        pause: Pause | None = None,
        wait_s: float = WAIT_S,
        checkpoint_every: int = CHECKPOINT_EVERY,
    ) -> Journal:
        """Open a journal, and take it over from whoever wrote to it before.

        `url` is a file, `sqlite:///FILE`, `sqlite://` for memory, or
        `postgresql://USER@HOST/DATABASE?schema=NAME`. A new one is made where there is none.
        `key` signs; without it, the file that `GRIDMEND_JOURNAL_KEY` names, or the one beside a
        SQLite file, which is made with a new journal. `read_only` takes nothing over and makes
        nothing. `wait_s` [s] is how long another's transaction is waited for. `checkpoint_every`
        counts for a new journal only. `pause` is for tests, called at each of `FAIL_POINTS`.

        Raises `JournalError` where it cannot be opened, with what, where and how to mend.
        """
        address = Address.of(url)
        called = pause or no_pause
        if checkpoint_every < 1:
            raise JournalError(
                "checkpoints must be at least one entry apart", mend="give 1 or more"
            )
        with failures_said(address):
            if address.path is not None and not opening.check_file(address.path):
                if read_only:
                    raise JournalError(
                        "there is no such journal", where=address.where, mend="check its name"
                    )
                opening.make_file(address.path, key, every=checkpoint_every, pause=called)
            if address.path is not None and not read_only:
                opening.sweep(address.path)
        store = Store.of(address, read_only=read_only, wait_s=wait_s)
        try:
            if read_only:
                with store.reading() as held:
                    return cls(store, opening.read_identity(store, held), None, called)
            return cls._opened(store, key, checkpoint_every, called)
        except BaseException:
            store.close()
            raise

    @classmethod
    def memory(
        cls, *, key: Ed25519PrivateKey | None = None, checkpoint_every: int = 1000
    ) -> Journal:
        """A journal that is gone when it is closed, for closed-loop runs and tests."""
        return cls.open("sqlite://", key=key or new_key(), checkpoint_every=checkpoint_every)

    @classmethod
    def _opened(
        cls, store: Store, key: Ed25519PrivateKey | None, every: int, pause: Pause
    ) -> Journal:
        address = store.address
        if address.path is None:
            key = key or find_key(None) or (new_key() if address.url is None else None)
            with store.reading() as held:
                is_new = not opening.is_there(held, schema.identity.name)
            if is_new and key is None:
                raise opening.no_key(address)
            if is_new and key is not None:
                if address.url is not None:
                    opening.make_on_server(store, key, every=every, pause=pause)
                else:
                    with store.writing() as held:
                        opening.fill(held, public_bytes(key), key, every=every)
        with store.writing() as held:
            identity = opening.read_identity(store, held)
            found = opening.key_of(address, identity, key)
            epoch = writing.take_epoch(held)
            pause("open: epoch raised")
        pause("open: done")
        return cls(store, identity, writing.Writer(identity, found, epoch, address.where), pause)

    @property
    def where(self) -> str:
        """The store, as messages name it."""
        return self._store.address.where

    def append(self, events: Iterable[Event], *, once: Iterable[str] = ()) -> Head:
        """Record events, all or none; they are on the disk when it returns.

        `once` names commands, each recorded at most once in this journal.

        Raises `AlreadyRecorded` where one of them is, `WriterFenced` where another writer took
        over, `InDoubt` where a server went away in the commit, `JournalError` where the store
        refuses; only after `InDoubt` is it not known that nothing was recorded.
        """
        writer = self._written_by()
        lines = [event.as_line() for event in events]
        names = (once,) if isinstance(once, str) else tuple(once)
        self._check(lines, names)
        self._pause("append: begun")
        with self._store.writing() as held:
            writing.check_writer(held, writer)
            self._pause("append: writer checked")
            if lines:
                head = writing.append_lines(held, writer, lines, names, self._pause)
            else:
                head = writing.read_head(held, self.identity, self.where)
        self._pause("append: committed")
        return head

    def head(self) -> Head:
        """The present signed head."""
        with self._store.reading() as held:
            return writing.read_head(held, self.identity, self.where)

    def length(self) -> int:
        """How many entries stand there, whatever the head says."""
        with self._store.reading() as held:
            asked = sql.select(sql.func.max(schema.entries.c.sequence))
            return int(held.execute(asked).scalar() or 0)

    def read(
        self, after: int = 0, until: int | None = None, *, checked: bool = True
    ) -> Iterator[Entry]:
        """The entries that follow entry `after`, up to `until` or to the present head.

        Some thousand are held at a time, and appends may go on meanwhile. Raises `Tampered` at an
        entry that lacks or does not follow the one before; without `checked` it is given as it
        stands.
        """
        last = self.head().sequence if until is None else until
        return read_entries(self._store, self.identity, after=after, until=last, checked=checked)

    def verify(
        self, anchor: Head | None = None, progress: Callable[[int], None] | None = None
    ) -> verification.Verification:
        """Hold every entry, command, checkpoint and kept situation against chain and signatures.

        It sees the journal as it was when it began. `anchor` is a signed head that was kept
        elsewhere: without one, a journal that was rolled back as a whole to an earlier signed
        state is not told from one that never went on. `progress` is told how many entries are done.
        """
        try:
            with self._store.at_one_instant() as rows:
                records = records_of(rows, self.identity)
                return verification.verify(records, anchor=anchor, progress=progress)
        except Damaged as problem:
            flaw = Flaw(None, f"the store cannot be read: {problem.what}", problem.mend)
            return verification.Verification(0, (flaw,), None)

    def keep(self, document: bytes, sequence: int) -> Kept:
        """Keep a fold of the entries up to `sequence`, so that start-up need not fold them again.

        The document is not looked into. The newest few are kept. Raises as `append` does.
        """
        writer = self._written_by()
        self._pause("keep: begun")
        with self._store.writing() as held:
            writing.check_writer(held, writer)
            kept = writing.keep_document(held, writer, bytes(document), sequence)
            self._pause("keep: written")
        self._pause("keep: committed")
        return kept

    def kept(self) -> Kept:
        """The newest kept situation that is what was kept; those passed over are in `flaws`.

        Where none is usable its document is None and its sequence 0: fold from the first entry.
        """
        return newest_kept(self._store, self.identity, self.head())

    def _written_by(self) -> writing.Writer:
        if self._writer is None:
            raise JournalError(
                "the journal was opened read-only",
                where=self.where,
                mend="open it for writing, which takes it over from its present writer",
            )
        return self._writer

    def _check(self, lines: Sequence[str], once: Sequence[str]) -> None:
        """Refuse what could not be recorded, before anything is begun."""
        for at, line in enumerate(lines):
            if len(line.encode()) > LINE_BYTES:
                raise JournalError(
                    f"event {at} of these has more than {LINE_BYTES:,} bytes",
                    where=self.where,
                    mend="keep its bulk in a file or the historian, and name that in the event",
                )
        wrong = [name for name in once if not 0 < len(name) <= COMMAND_LETTERS or "\0" in name]
        if wrong or len(set(once)) < len(once) or (once and not lines):
            what = f"'{wrong[0][:40]}' is no name of a command" if wrong else (
                "a command is named twice" if lines else "a command is named, and no event"
            )  # fmt: skip
            raise JournalError(
                what,
                where=self.where,
                mend=f"give each command once, in up to {COMMAND_LETTERS} letters, with its event",
            )

    def close(self) -> None:
        """Let the store go."""
        self._store.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
