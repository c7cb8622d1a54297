"""The tables of users as revisions: a store made before is brought up to date, on both kinds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sql

from gridmend.model.errors import GridmendError
from gridmend.runtime.journal import Journal
from gridmend.runtime.journal.address import Address
from gridmend.runtime.journal.store import Store
from gridmend.runtime.users import passwords, stuck
from gridmend.runtime.users.accounts import WAIT_S, Accounts
from gridmend.runtime.users.roles import Grant, Role
from gridmend.runtime.users.schema import REVISIONS, VERSION_TABLE, metadata
from gridmend.runtime.users.sessions import Sessions
from tests.runtime.journal.journals import KEY, on_server, server
from tests.runtime.users.conftest import GOOD, Clock

BEFORE = (
    "CREATE TABLE user_accounts (name TEXT NOT NULL PRIMARY KEY, shown TEXT NOT NULL,"
    " password TEXT NOT NULL, is_active BOOLEAN NOT NULL, made_s FLOAT NOT NULL)",
    'CREATE TABLE user_grants (name TEXT NOT NULL, role TEXT NOT NULL, area TEXT NOT NULL, "by"'
    " TEXT NOT NULL, confirmed_by TEXT NOT NULL, PRIMARY KEY (name, role, area))",
    "INSERT INTO user_grants VALUES ('ada', 'security_admin', '', 'setup', 'setup')",
    "INSERT INTO user_grants VALUES ('ben', 'security_admin', '', 'ada', '')",
)
"""What an earlier program left: without revisions, and without the tables that came later."""


@pytest.fixture(params=["sqlite", "postgresql"])
def before(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of such a store, with the accounts of ada and ben."""
    if request.param == "sqlite":
        url = str(tmp_path / "grid.journal")
        fill(url)
        yield url
        return
    at, why = server()
    if not at:
        pytest.skip(why)
    schema = "test_" + re.sub(r"[^a-z0-9]", "_", str(tmp_path).lower())[-50:]
    drop = f'DROP SCHEMA IF EXISTS "{schema}" CASCADE'
    with on_server() as cursor:
        cursor.execute(drop)
    fill(f"{at}?schema={schema}")
    yield f"{at}?schema={schema}"
    with on_server() as cursor:
        cursor.execute(drop)


def fill(url: str) -> None:
    with Journal.open(url, key=KEY):
        pass
    store = Store.of(Address.of(url), read_only=False, wait_s=WAIT_S)
    with store.writing() as held:
        for statement in BEFORE:
            held.execute(sql.text(statement))
        entered = sql.text("INSERT INTO user_accounts VALUES (:name, :name, :kept, true, 1.0)")
        for name in ("ada", "ben"):
            held.execute(entered, {"name": name, "kept": passwords.hashed(GOOD)})
    store.close()


def test_accounts_made_before_have_a_password_of_their_own_and_new_ones_a_given_one(
    before: str, clock: Clock
) -> None:
    for _ in range(2):  # and nothing more is done at the next start
        accounts = Accounts.open(before, clock)
        sessions = Sessions(accounts)
        for name in ("ada", "ben"):
            found = sessions.session(sessions.log_in(name, GOOD, "a"))
            assert found is not None and found.given_by == ""
        accounts.store.close()
    accounts = Accounts.open(before, clock)
    accounts.make("ada", "cleo", GOOD)
    assert [a.given_by for a, _ in accounts.listed("ada")] == ["", "", "ada"]
    accounts.store.close()


def test_a_store_made_before_is_brought_up_to_date_on_the_machine_too(
    before: str, clock: Clock
) -> None:
    stuck.confirm(before, "ben", clock)
    accounts = Accounts.open(before, clock)
    admin = (Grant(Role.SECURITY_ADMIN),)
    assert [(a.name, held) for a, held in accounts.listed("ben")] == [
        ("ada", admin), ("ben", admin),
    ]  # fmt: skip
    accounts.store.close()


def test_the_tables_are_those_of_the_revisions_new_or_brought_up_to_date(
    before: str, clock: Clock
) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    options = {
        "version_table": VERSION_TABLE,
        "include_name": lambda name, kind, _: kind != "table" or name.startswith("user_"),
    }
    for url in (before, "sqlite://"):
        accounts = Accounts.open(url, clock)
        with accounts.store.reading() as held:
            context = MigrationContext.configure(held, opts=options)
            assert compare_metadata(context, metadata) == []
        accounts.store.close()
    config = Config()
    config.set_main_option("script_location", "gridmend.runtime.users:migrations")
    script = ScriptDirectory.from_config(config)
    assert tuple(r.revision for r in script.walk_revisions())[::-1] == REVISIONS


def test_tables_of_a_later_program_are_refused_and_left_as_they_are(
    before: str, clock: Clock
) -> None:
    made = Accounts.open(before, clock)
    with made.store.writing() as held:
        held.execute(sql.text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    made.store.close()
    for refused in (
        lambda: Accounts.open(before, clock),
        lambda: stuck.confirm(before, "ben", clock),
    ):
        with pytest.raises(GridmendError, match="later Gridmend") as problem:
            refused()
        assert "9999" in str(problem.value) and problem.value.mend
