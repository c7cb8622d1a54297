"""A store as transactions: whole or not at all, and its errors said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError

from gridmend.runtime.journal.address import Address
from gridmend.runtime.journal.connecting import WRITING, connect_to_read, engine_of
from gridmend.runtime.journal.errors import InDoubt
from gridmend.runtime.journal.failures import failures_said, is_gone

BATCH = 5000
"""Rows that are held at a time while a journal is read."""


@dataclass(frozen=True, eq=False)
class Store:
    """A store that is open: its address, its one connection, and whose turn it is."""

    address: Address
    engine: Engine
    wait_s: float
    turn: RLock = field(default_factory=RLock)

    @classmethod
    def of(cls, address: Address, *, read_only: bool, wait_s: float) -> Store:
        """Open it; nothing is read yet."""
        return cls(address, engine_of(address, read_only=read_only, wait_s=wait_s), wait_s)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is on the disk when it ends, or of which nothing stays.

        Leaving the connection undoes what was not committed, and drops one whose server is gone.

        Raises `InDoubt` where the server went away while it committed.
        """
        with (
            self.turn,
            failures_said(self.address),
            self.engine.connect() as plain,
        ):
            connection = plain.execution_options(**{WRITING: True})
            connection.begin()
            yield connection
            try:
                connection.commit()
            except DBAPIError as problem:
                if is_gone(problem):
                    raise InDoubt(
                        "the server went away while it committed: it is not known whether this"
                        " was recorded",
                        where=self.address.where,
                        mend="append it again with the same command, or read what is recorded",
                    ) from problem
                raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that changes nothing."""
        with self.turn, failures_said(self.address), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def at_one_instant(self) -> Iterator[Rows]:
        """The store as it is now, for a long reading; appends meanwhile are neither seen nor held.

        A journal in memory has one connection: there, appends wait.
        """
        path = self.address.path
        if path is not None:
            with (
                failures_said(self.address),
                closing(connect_to_read(path, self.wait_s)) as connection,
            ):
                connection.text_factory = bytes
                connection.execute("BEGIN")
                yield Rows(connection, "?")
            return
        if self.address.url is None:
            with self.reading() as held:
                connection: Any = held.connection.driver_connection
                connection.text_factory = bytes
                try:
                    yield Rows(connection, "?")
                finally:
                    connection.text_factory = str
            return
        # A connection of its own, which ends with the reading.
        engine = engine_of(self.address, read_only=True, wait_s=self.wait_s)
        try:
            with (
                failures_said(self.address),
                engine.connect().execution_options(isolation_level="REPEATABLE READ") as held,
                held.begin(),
            ):
                yield Rows(held.connection.driver_connection, "%s")
        finally:
            engine.dispose()

    def close(self) -> None:
        """Let the connection go."""
        self.engine.dispose()


@dataclass(frozen=True)
class Rows:
    """Rows as the driver gives them, without the price of objects: text may come as bytes."""

    connection: Any
    mark: str

    def of(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What a statement finds; its values stand at question marks."""
        cursor = self.connection.cursor()
        try:
            cursor.execute(statement.replace("?", self.mark), values)
            return [tuple(row) for row in cursor.fetchall()]
        finally:
            cursor.close()

    def in_order(self, table: str, key: str, columns: str) -> Iterator[list[tuple[Any, ...]]]:
        """A table's rows by their key, in batches; the key is the first of the columns."""
        after: Any = None
        while True:
            beyond = "" if after is None else f"WHERE {key} > ? "
            values = () if after is None else (after,)
            batch = self.of(
                f"SELECT {key}, {columns} FROM {table} {beyond}ORDER BY {key} LIMIT {BATCH}",
                *values,
            )
            if not batch:
                return
            yield batch
            after = batch[-1][0]
