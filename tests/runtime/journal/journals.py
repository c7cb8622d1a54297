"""What the tests of the journal share: events, a key, and a server where one runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gridmend.model.event import Event

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
"""The key of the tests' journals, so that they need not make one each."""
SERVERS = ("postgresql://root@127.0.0.1:5432/test", "postgresql://postgres@127.0.0.1:5432/test")
BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def event(number: int, **more: Any) -> Event:
    """An event that no other is equal to."""
    payload = {"device": f"Sw{number}", "open": number % 2 == 0, "i_a": 12.5 * number, **more}
    return Event(BEGIN + timedelta(seconds=number), "field", "scada", "switched", payload)


def events(first: int, last: int) -> list[Event]:
    """The events from one number to another, both included."""
    return [event(number) for number in range(first, last + 1)]


@cache
def server() -> tuple[str, str]:
    """A PostgreSQL that answers, and why there is none."""
    import pg8000.dbapi

    why = ""
    for url in SERVERS:
        user = url.partition("//")[2].partition("@")[0]
        try:
            pg8000.dbapi.connect(user, host="127.0.0.1", database="test", timeout=5).close()
        except Exception as problem:
            why = f"no PostgreSQL at 127.0.0.1:5432: {str(problem).splitlines()[0]}"
        else:
            return url, ""
    return "", why


@contextmanager
def on_server() -> Iterator[Any]:
    """A cursor on the server, each statement its own transaction."""
    import pg8000.dbapi

    user = server()[0].partition("//")[2].partition("@")[0]
    with closing(pg8000.dbapi.connect(user, host="127.0.0.1", database="test")) as connection:
        connection.autocommit = True
        yield connection.cursor()


def change(path: Path, *statements: str | tuple[str, tuple[Any, ...]]) -> None:
    """Change a SQLite file behind the journal's back."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            words, values = (statement, ()) if isinstance(statement, str) else statement
            connection.execute(words, values)
        connection.commit()
