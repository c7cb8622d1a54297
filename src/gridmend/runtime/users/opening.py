"""Opening a store's tables of users: made where there are none, brought up to date where old."""

from __future__ import annotations

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from gridmend.model.errors import GridmendError
from gridmend.runtime.journal.opening import is_there
from gridmend.runtime.users import schema

_ALONE = 0x5553_4552
"""The advisory lock that one maker of tables at a time holds on a server."""


def prepare(held: Connection, where: str) -> None:
    """Bring the tables to what this program writes. `where` says which store it is.

    Raises `GridmendError` for the tables of a later program.
    """
    if held.dialect.name == "postgresql":
        held.execute(sql.text("SELECT pg_advisory_xact_lock(:alone)"), {"alone": _ALONE})
    revision = ""
    if is_there(held, schema.VERSION_TABLE):
        asked = sql.text(f"SELECT version_num FROM {schema.VERSION_TABLE}")
        revision = str(held.execute(asked).scalar())
        if revision not in schema.REVISIONS:
            raise GridmendError(
                f"the accounts were written by a later Gridmend: their tables are of revision"
                f" {revision}, and this program knows up to {schema.REVISIONS[-1]}",
                where=where,
                mend="install that Gridmend, or a later one",
            )
    if revision != schema.REVISIONS[-1]:
        _migrate(held)


def _migrate(held: Connection) -> None:
    # Alembic takes long to load, and is needed only where the tables are new or old.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "gridmend.runtime.users:migrations")
    config.attributes["connection"] = held
    command.upgrade(config, "head")
