"""What was changed and is to be told: kept with the change itself, and told once it is for good."""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from gridmend.model.errors import GridmendError
from gridmend.runtime.journal.store import Store
from gridmend.runtime.users import schema

Teller = Callable[[str, dict[str, str], str], None]
"""Told of a change: its kind, what is said of it, and an id. The same id may come again, where it
is not known whether it was told, and is to be written down once. An empty id comes once."""
WAITING_MOST = 10_000
LATE_S = 60.0
"""What is told later than this says when it was."""
_LOG = logging.getLogger("gridmend.users")


def nobody(kind: str, said: dict[str, str], once: str) -> None:
    """Tell nobody."""
    del kind, said, once


@dataclass(eq=False)
class Outbox:
    """Of one store; any thread may use it, and one at a time delivers."""

    store: Store
    clock: Callable[[], float]
    tell: Teller
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _asked: threading.Event = field(default_factory=threading.Event)

    def put(self, held: Connection, kind: str, said: dict[str, str]) -> None:
        """Keep what is to be told, within the transaction of the change. Raises `GridmendError`
        where so much waits that nobody seems to listen; the change is not made then."""
        table = schema.outbox
        waiting = held.execute(sql.select(sql.func.count()).select_from(table)).scalar() or 0
        if waiting >= WAITING_MOST:
            raise GridmendError(
                f"{waiting} changes of accounts wait to be written into the journal",
                where="user_outbox", mend="see why the control room cannot write its journal",
            )  # fmt: skip
        values = {"id": secrets.token_hex(12), "made_s": self.clock(), "kind": kind}
        held.execute(sql.insert(table).values(**values, said=json.dumps(said)))

    def deliver(self) -> None:
        """Tell all that waits, in the order in which it was changed. Where it cannot be told now it
        stays, and is told with the next change or at the next start."""
        self._asked.set()
        while self._asked.is_set() and self._turn.acquire(blocking=False):
            try:
                self._asked.clear()
                self._drain()
            except GridmendError as problem:
                _LOG.warning("changes of accounts wait to be told: %s", problem)
                return
            finally:
                self._turn.release()

    def _drain(self) -> None:
        table = schema.outbox
        for _ in range(WAITING_MOST):
            with self.store.reading() as held:
                row = held.execute(sql.select(table).order_by(table.c.number).limit(1)).first()
            if row is None:
                return
            said: dict[str, str] = json.loads(row.said)
            if self.clock() - row.made_s > LATE_S:
                said["changed_utc"] = datetime.fromtimestamp(row.made_s, UTC).isoformat()
            self.tell(row.kind, said, row.id)
            with self.store.writing() as held:
                held.execute(sql.delete(table).where(table.c.number == row.number))
