from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sql
from sqlalchemy.engine import Connection

from gridmend.runtime.users import passwords, schema
from gridmend.runtime.users.accounts import Accounts
from gridmend.runtime.users.sessions import Sessions

GOOD = "six grey herons at noon"


class Clock:
    now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


def as_before_revisions(held: Connection) -> None:
    """Make a store what it was before the tables of users had revisions."""
    held.execute(sql.text(f"DROP TABLE {schema.VERSION_TABLE}"))
    held.execute(sql.text("ALTER TABLE user_accounts DROP COLUMN given_by"))


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hashing at full strength would take a fifth of a second each time."""
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)
    passwords.hasher.cache_clear()
    passwords.nobodys.cache_clear()
    yield
    passwords.hasher.cache_clear()
    passwords.nobodys.cache_clear()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def told() -> list[tuple[str, dict[str, str]]]:
    return []


@pytest.fixture
def accounts(clock: Clock, told: list[tuple[str, dict[str, str]]]) -> Accounts:
    """Accounts with one security admin, `ada`."""
    made = Accounts.open("sqlite://", clock, lambda kind, said, _: told.append((kind, said)))
    made.offer_setup("first")
    made.set_up("first", "ada", GOOD, "Ada L.")
    return made


@pytest.fixture
def sessions(accounts: Accounts) -> Sessions:
    return Sessions(accounts)
