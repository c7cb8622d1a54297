"""The tables of a journal, alike on SQLite and PostgreSQL, and their revisions."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

VERSION_TABLE = "journal_version"
REVISIONS = ("0001",)
"""Every revision of the tables, oldest first; the last is what this program writes."""

# SQLite keeps a table by its key, without a second index, only where the key is INTEGER.
_NUMBER = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()
identity = Table(
    "journal_identity",
    metadata,
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("name", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("checkpoint_every", Integer, nullable=False),
)
writer = Table(
    "journal_writer",
    metadata,
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("epoch", _NUMBER, nullable=False),
)
entries = Table(
    "journal_entries",
    metadata,
    Column("sequence", _NUMBER, primary_key=True, autoincrement=False),
    Column("line", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
commands = Table(
    "journal_commands",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=False),
    Column("command", Text, nullable=False),
    Column("sequence", _NUMBER, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    UniqueConstraint("command", name="journal_commands_once"),
)


def _signed(name: str, *key: Column[int]) -> Table:
    """A table of signed heads."""
    return Table(
        name,
        metadata,
        *key,
        Column("hash", LargeBinary, nullable=False),
        Column("commands", _NUMBER, nullable=False),
        Column("commands_hash", LargeBinary, nullable=False),
        Column("signature", LargeBinary, nullable=False),
    )


head = _signed(
    "journal_head",
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("sequence", _NUMBER, nullable=False),
)
checkpoints = _signed(
    "journal_checkpoints",
    Column("sequence", _NUMBER, primary_key=True, autoincrement=False),
)
situations = Table(
    "journal_situations",
    metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=False),
    Column("sequence", _NUMBER, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("document", LargeBinary, nullable=False),
)
