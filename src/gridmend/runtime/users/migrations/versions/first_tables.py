"""The first tables: accounts, grants, admins, sessions, the set-up link, what waits to be told."""

from __future__ import annotations

import sqlalchemy as sql
from alembic import op

from gridmend.model.errors import GridmendError

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables that lack: stores were made with some or all of them, and without a revision,
    before there was a second one."""

    def column(name: str, kind: object) -> sql.Column[object]:
        return sql.Column(name, kind, nullable=False)  # pyright: ignore[reportArgumentType]

    def key(name: str, kind: object) -> sql.Column[object]:
        return sql.Column(name, kind, primary_key=True)  # pyright: ignore[reportArgumentType]

    def table(name: str, *columns: sql.Column[object], **options: object) -> None:
        op.create_table(name, *columns, if_not_exists=True, **options)

    table(
        "user_accounts",
        key("name", sql.Text),
        column("shown", sql.Text),
        column("password", sql.Text),
        column("is_active", sql.Boolean),
        column("made_s", sql.Float),
    )
    table(
        "user_grants",
        *(key(name, sql.Text) for name in ("name", "role", "area")),
        *(column(name, sql.Text) for name in ("by", "confirmed_by")),
    )
    table("user_admins", key("name", sql.Text))
    table(
        "user_sessions",
        key("digest", sql.LargeBinary),
        column("name", sql.Text),
        column("begun_s", sql.Float),
        column("seen_s", sql.Float),
    )
    table("user_setup", key("digest", sql.LargeBinary), column("expires_s", sql.Float))
    table(
        "user_outbox",
        sql.Column("number", sql.Integer, primary_key=True, autoincrement=True),
        sql.Column("id", sql.Text, nullable=False, unique=True),
        column("made_s", sql.Float),
        column("kind", sql.Text),
        column("said", sql.Text),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Refuse: accounts are never deleted."""
    raise GridmendError(
        "accounts are never deleted", mend="go on with this Gridmend, or a later one"
    )
