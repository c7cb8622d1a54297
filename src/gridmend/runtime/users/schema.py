"""The tables of users, alike on SQLite and PostgreSQL, and their revisions."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Integer, LargeBinary, MetaData, Table, Text

VERSION_TABLE = "user_version"
REVISIONS = ("0001", "0002")
"""Every revision of the tables, oldest first; the last is what this program writes."""

metadata = MetaData()
accounts = Table(
    "user_accounts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("shown", Text, nullable=False),
    Column("password", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("made_s", Float, nullable=False),
    # Who else gave the present password, and so knows it; empty where its owner set it.
    Column("given_by", Text, nullable=False, server_default=""),
)
grants = Table(
    "user_grants",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("area", Text, primary_key=True),
    Column("by", Text, nullable=False),
    Column("confirmed_by", Text, nullable=False),
)
admins = Table(
    # Everybody who ever managed users: who confirms alone is judged by it.
    "user_admins",
    metadata,
    Column("name", Text, primary_key=True),
)
sessions = Table(
    "user_sessions",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("name", Text, nullable=False),
    Column("begun_s", Float, nullable=False),
    Column("seen_s", Float, nullable=False),
)
setup = Table(
    "user_setup",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("expires_s", Float, nullable=False),
)
outbox = Table(
    "user_outbox",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("made_s", Float, nullable=False),
    Column("kind", Text, nullable=False),
    Column("said", Text, nullable=False),
    sqlite_autoincrement=True,
)
