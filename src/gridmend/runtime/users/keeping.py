"""What is kept of users: rows of accounts, grants and sessions, within transactions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from gridmend.model.errors import GridmendError
from gridmend.runtime.users import schema
from gridmend.runtime.users.roles import POWERFUL, Grant, Permission, Role, may

_NAME = re.compile(r"[a-z][a-z0-9._-]{1,39}")


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may log in. `shown` is the name that is put beside what was done; `given_by` is
    who else gave the present password, empty where its owner set it."""

    name: str
    shown: str
    is_active: bool
    given_by: str = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """A grant that waits for a second person."""

    name: str
    grant: Grant
    by: str


def account(held: Connection, name: str) -> Any:
    """The row of an account; `GridmendError` where there is none."""
    table = schema.accounts
    row = held.execute(sql.select(table).where(table.c.name == name)).one_or_none()
    if row is None:
        raise GridmendError(f"there is no account '{name[:60]}'", mend="make it first")
    return row


def enter(
    held: Connection, name: str, kept: str, *, shown: str, given_by: str, now_s: float
) -> Account:  # fmt: skip
    """Enter an account with what is kept of its password; `GridmendError` for a name that is taken
    or none."""
    if not _NAME.fullmatch(name):
        raise GridmendError(
            f"'{name[:60]}' is no name of an account",
            mend="give 2 to 40 small letters, digits, dots, dashes; begin with a letter",
        )
    shown = shown.strip() or name
    if len(shown) > 80 or not shown.isprintable():
        raise GridmendError("the shown name cannot be printed", mend="give up to 80 letters")
    table = schema.accounts
    if held.execute(sql.select(table.c.name).where(table.c.name == name)).first() is not None:
        raise GridmendError(f"there is an account '{name}' already", mend="choose another name")
    values = {"name": name, "shown": shown, "password": kept, "given_by": given_by}
    held.execute(sql.insert(table).values(**values, is_active=True, made_s=now_s))
    return Account(name, shown, True, given_by)


def grants_of(held: Connection, name: str) -> tuple[Grant, ...]:
    """The grants of an account that hold: confirmed, and of one that is active."""
    a, g = schema.accounts, schema.grants
    asked = (
        sql.select(g.c.role, g.c.area)
        .join(a, a.c.name == g.c.name)
        .where(g.c.name == name, g.c.confirmed_by != "", a.c.is_active)
        .order_by(g.c.role, g.c.area)
    )
    known = set(Role)
    return tuple(Grant(Role(r), area) for r, area in held.execute(asked) if r in known)


def all_grants(held: Connection, name: str) -> list[Grant]:
    """The same with those that wait to be confirmed."""
    g = schema.grants
    rows = held.execute(sql.select(g.c.role, g.c.area).where(g.c.name == name))
    return [Grant(Role(role), area) for role, area in rows]


def admins(held: Connection) -> set[str]:
    """Everybody active who may manage users everywhere."""
    names = held.execute(sql.select(schema.accounts.c.name)).scalars().all()
    return {n for n in names if may(grants_of(held, n), Permission.MANAGE_USERS)}


def past_admins(held: Connection) -> set[str]:
    """Everybody who manages users everywhere or ever did, whatever became of them."""
    return set(held.execute(sql.select(schema.admins.c.name)).scalars())


def note_admins(held: Connection) -> None:
    """Remember whoever manages users now, closed or not."""
    g, known = schema.grants, past_admins(held)
    asked = sql.select(g.c.name, g.c.role, g.c.area).where(g.c.confirmed_by != "")
    roles = set(Role)
    for name in {
        name
        for name, role, area in held.execute(asked)
        if role in roles and may((Grant(Role(role), area),), Permission.MANAGE_USERS)
    } - known:
        held.execute(sql.insert(schema.admins).values(name=name))


def doubt(held: Connection, name: str, *, by: str) -> None:
    """Have what takes two people confirmed by somebody else than `by`: what held, of a closed
    account too, and what others had proposed."""
    g = schema.grants
    powerful = g.c.role.in_([role.value for role in POWERFUL])
    chosen = (g.c.name == name) & powerful
    held.execute(sql.update(g).where(chosen).values(by=by, confirmed_by=""))


def put_grant(held: Connection, name: str, grant: Grant, *, by: str, confirmed_by: str) -> None:
    """Enter a grant, or confirm it where it is entered."""
    drop_grant(held, name, grant)
    values = {"name": name, "role": grant.role.value, "area": grant.area}
    held.execute(sql.insert(schema.grants).values(**values, by=by, confirmed_by=confirmed_by))
    if confirmed_by and grant.role in POWERFUL:
        note_admins(held)


def drop_grant(held: Connection, name: str, grant: Grant) -> bool:
    """Take a grant away; whether there was one."""
    g = schema.grants
    found = held.execute(
        sql.delete(g).where(g.c.name == name, g.c.role == grant.role.value, g.c.area == grant.area)
    )
    return found.rowcount > 0


def pending(held: Connection) -> list[Pending]:
    """Grants that wait for a second person."""
    g = schema.grants
    rows = held.execute(sql.select(g).where(g.c.confirmed_by == "").order_by(g.c.name, g.c.role))
    return [Pending(row.name, Grant(Role(row.role), row.area), row.by) for row in rows]


def put_session(held: Connection, name: str, digest: bytes, now_s: float) -> None:
    """Begin a session."""
    values = {"digest": digest, "name": name, "begun_s": now_s, "seen_s": now_s}
    held.execute(sql.insert(schema.sessions).values(**values))


def drop_sessions(held: Connection, name: str) -> None:
    """End every session of an account."""
    held.execute(sql.delete(schema.sessions).where(schema.sessions.c.name == name))
