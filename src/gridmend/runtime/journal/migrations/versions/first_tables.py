"""The first tables: identity, writer, entries, commands, heads, situations."""

from __future__ import annotations

import sqlalchemy as sql
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables.

    They are written out here, not taken from `schema`: a revision stays what it was when the
    schema goes on.
    """
    number = sql.BigInteger().with_variant(sql.Integer, "sqlite")

    def column(name: str, kind: object) -> sql.Column[object]:
        return sql.Column(name, kind, nullable=False)  # pyright: ignore[reportArgumentType]

    def key(name: str, kind: object) -> sql.Column[object]:
        return sql.Column(name, kind, primary_key=True, autoincrement=False)  # pyright: ignore[reportArgumentType]

    blob = sql.LargeBinary
    signed = ("hash", "commands", "commands_hash", "signature")

    def ends() -> list[sql.Column[object]]:
        return [column(name, number if name == "commands" else blob) for name in signed]

    op.create_table(
        "journal_identity",
        key("only", sql.Integer),
        column("name", blob),
        column("public_key", blob),
        column("checkpoint_every", sql.Integer),
    )
    op.create_table("journal_writer", key("only", sql.Integer), column("epoch", number))
    op.create_table(
        "journal_entries", key("sequence", number), column("line", sql.Text), column("hash", blob)
    )
    op.create_table(
        "journal_commands",
        key("number", number),
        column("command", sql.Text),
        column("sequence", number),
        column("hash", blob),
        sql.UniqueConstraint("command", name="journal_commands_once"),
    )
    op.create_table("journal_head", key("only", sql.Integer), column("sequence", number), *ends())
    op.create_table("journal_checkpoints", key("sequence", number), *ends())
    op.create_table(
        "journal_situations",
        key("number", number),
        column("sequence", number),
        *(column(name, blob) for name in ("hash", "digest", "signature", "document")),
    )


def downgrade() -> None:
    """Refuse: a journal is never deleted."""
    raise NotImplementedError("a journal is never deleted")
