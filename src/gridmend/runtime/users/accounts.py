"""Accounts and their rights, changed by those who may, some by two people; every change is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from gridmend.model.errors import GridmendError
from gridmend.runtime.journal.address import Address
from gridmend.runtime.journal.store import Store
from gridmend.runtime.users import keeping, passwords, schema
from gridmend.runtime.users.keeping import Account, Pending
from gridmend.runtime.users.roles import POWERFUL, Grant, Permission, Role, clash, may

SETUP_S = 3600.0
"""How long a set-up link is good for."""
WAIT_S = 5.0
_NAME = re.compile(r"[a-z][a-z0-9._-]{1,39}")
_LINK = "the set-up link was used, or is too old"


class Forbidden(GridmendError):
    """Somebody asked for what is not theirs to do."""


def _nobody(kind: str, payload: dict[str, str]) -> None:
    del kind, payload


@dataclass(eq=False)
class Accounts:
    """The accounts of a store, which it is opened with. `clock` tells the time [s].

    `tell` is told of every change, with who made it; nothing secret is in what it is told.
    """

    store: Store
    clock: Callable[[], float]
    tell: Callable[[str, dict[str, str]], None] = field(default=_nobody)

    @classmethod
    def open(
        cls,
        url: str,
        clock: Callable[[], float],
        tell: Callable[[str, dict[str, str]], None] = _nobody,
    ) -> Accounts:
        """Open a store (see `Address`), and make the tables where there are none. They are left to
        the journal's own file where that is named: one store of record."""
        store = Store.of(Address.of(url), read_only=False, wait_s=WAIT_S)
        with store.writing() as held:
            schema.metadata.create_all(held)
        return cls(store, clock, tell)

    def needs_setup(self) -> bool:
        """Whether nobody can manage users yet."""
        with self.store.reading() as held:
            return not keeping.admins(held)

    def offer_setup(self, token: str) -> None:
        """Let whoever has this token make the first account, within an hour; an earlier one ends.

        Raises `Forbidden` once somebody can manage users.
        """
        if not self.needs_setup():
            raise Forbidden("it is set up already", mend="ask a security admin for an account")
        with self.store.writing() as held:
            held.execute(sql.delete(schema.setup))
            values = {"digest": _digest(token), "expires_s": self.clock() + SETUP_S}
            held.execute(sql.insert(schema.setup).values(**values))

    def set_up(self, token: str, name: str, password: str, shown: str = "") -> Account:
        """Make the first account, a security admin's; the token is good once.

        Raises `Forbidden` for a token that is none, and `GridmendError` as `make` does.
        """
        passwords.check(password, name)
        table = schema.setup
        with self.store.reading() as held:
            # Before any work is done for a stranger.
            good = (table.c.digest == _digest(token)) & (table.c.expires_s > self.clock())
            if held.execute(sql.select(table.c.digest).where(good)).first() is None:
                raise Forbidden(_LINK, mend="start again, which prints another")
        kept = passwords.hashed(password)
        with self.store.writing() as held:
            used = held.execute(
                sql.delete(table).where(
                    table.c.digest == _digest(token), table.c.expires_s > self.clock()
                )
            )
            if not used.rowcount or keeping.admins(held):
                raise Forbidden(_LINK, mend="start again, which prints another")
            found = self._enter(held, name, kept, shown)
            grant = Grant(Role.SECURITY_ADMIN)
            keeping.put_grant(held, name, grant, by="setup", confirmed_by="setup")
        self.tell("account_made", {"name": name, "by": "setup"})
        self.tell("role_granted", {"name": name, "role": grant.role.value, "area": grant.area,
                                   "by": "setup"})  # fmt: skip
        return found

    def make(self, by: str, name: str, password: str, shown: str = "") -> Account:
        """Make an account without any right.

        Raises `Forbidden` where `by` may not, `GridmendError` for a name that is taken or none, or
        a password that is too easily guessed.
        """
        passwords.check(password, name)
        kept = passwords.hashed(password)
        with self.store.writing() as held:
            self._manages(held, by)
            found = self._enter(held, name, kept, shown)
        self.tell("account_made", {"name": name, "by": by})
        return found

    def set_password(self, by: str, name: str, password: str) -> None:
        """Give an account another password, one's own or as a security admin; its sessions end.

        Whoever gives somebody a password can log in as them: what takes two people is confirmed
        anew by a third before it holds again.
        """
        passwords.check(password, name)
        kept = passwords.hashed(password)
        with self.store.writing() as held:
            if by != name:
                self._manages(held, by)
                for grant in keeping.grants_of(held, name):
                    if grant.role in POWERFUL:
                        keeping.put_grant(held, name, grant, by=by, confirmed_by="")
            keeping.account(held, name)
            table = schema.accounts
            held.execute(sql.update(table).where(table.c.name == name).values(password=kept))
            keeping.drop_sessions(held, name)
        self.tell("password_set", {"name": name, "by": by})

    def set_active(self, by: str, name: str, *, is_active: bool) -> None:
        """Let an account log in, or no longer; its sessions end at once. Raises `Forbidden` for
        one's own account, so that there is always somebody left who manages users."""
        with self.store.writing() as held:
            self._manages(held, by)
            keeping.account(held, name)
            if by == name:
                raise Forbidden("nobody locks out themselves", mend="ask another security admin")
            table = schema.accounts
            held.execute(sql.update(table).where(table.c.name == name).values(is_active=is_active))
            keeping.drop_sessions(held, name)
        self.tell("account_opened" if is_active else "account_closed", {"name": name, "by": by})

    def grant(self, by: str, name: str, grant: Grant) -> bool:
        """Give an account a role in an area; whether it holds at once or waits for a second person.

        Raises `Forbidden` where `by` may not or would grant it to themselves, and `GridmendError`
        for roles that no one person has both of.
        """
        waits = grant.role in POWERFUL
        with self.store.writing() as held:
            self._manages(held, by)
            keeping.account(held, name)
            if by == name:
                raise Forbidden("nobody grants a role to themselves", mend="ask another admin")
            why = clash([*keeping.all_grants(held, name), grant])
            if why:
                raise GridmendError(why, where=name, mend="take the other role away first")
            if grant not in keeping.grants_of(held, name):
                keeping.put_grant(held, name, grant, by=by, confirmed_by="" if waits else by)
        said = {"name": name, "role": grant.role.value, "area": grant.area, "by": by}
        self.tell("role_proposed" if waits else "role_granted", said)
        return not waits

    def confirm(self, by: str, name: str, grant: Grant) -> None:
        """As a second person, let a role hold that another proposed.

        Where nobody else manages users yet, who is to become a security admin confirms it.
        """
        with self.store.writing() as held:
            found = [p for p in keeping.pending(held) if (p.name, p.grant) == (name, grant)]
            if not found:
                raise GridmendError(f"nobody proposed {grant.role} for '{name}'", mend="propose it")
            proposed = found[0].by
            alone = keeping.admins(held) <= {proposed}
            is_own = by == name and alone and grant.role is Role.SECURITY_ADMIN
            if not is_own:
                self._manages(held, by)
                if by in (proposed, name):
                    raise Forbidden("another person confirms it", mend="ask another admin")
            keeping.put_grant(held, name, grant, by=proposed, confirmed_by=by)
        said = {"name": name, "role": grant.role.value, "area": grant.area}
        self.tell("role_granted", {**said, "by": proposed, "confirmed_by": by})

    def revoke(self, by: str, name: str, grant: Grant) -> None:
        """Take a role away, at once; it needs no second person."""
        with self.store.writing() as held:
            self._manages(held, by)
            if by == name:
                raise Forbidden("nobody takes a role from themselves", mend="ask another admin")
            if not keeping.drop_grant(held, name, grant):
                raise GridmendError(f"'{name}' is not {grant.role} there", mend="see the grants")
        said = {"name": name, "role": grant.role.value, "area": grant.area, "by": by}
        self.tell("role_revoked", said)

    def listed(self, by: str) -> list[tuple[Account, tuple[Grant, ...]]]:
        """Every account with the grants that hold."""
        with self.store.reading() as held:
            self._manages(held, by)
            rows = held.execute(sql.select(schema.accounts).order_by(schema.accounts.c.name)).all()
            return [
                (Account(r.name, r.shown, r.is_active), keeping.grants_of(held, r.name))
                for r in rows
            ]

    def pending(self, by: str) -> list[Pending]:
        """Grants that wait for a second person."""
        with self.store.reading() as held:
            if not any(p.name == by for p in keeping.pending(held)):
                self._manages(held, by)
            return keeping.pending(held)

    def _manages(self, held: Connection, by: str) -> None:
        if not may(keeping.grants_of(held, by), Permission.MANAGE_USERS):
            raise Forbidden(f"'{by[:60]}' does not manage users", mend="ask a security admin")

    def _enter(self, held: Connection, name: str, kept: str, shown: str) -> Account:
        if not _NAME.fullmatch(name):
            raise GridmendError(
                f"'{name[:60]}' is no name of an account",
                mend="give 2 to 40 small letters, digits, dots, dashes; begin with a letter",
            )
        shown = shown.strip() or name
        if len(shown) > 80 or not shown.isprintable():
            raise GridmendError("the shown name cannot be printed", mend="give up to 80 letters")
        table = schema.accounts
        taken = held.execute(sql.select(table.c.name).where(table.c.name == name)).first()
        if taken is not None:
            raise GridmendError(f"there is an account '{name}' already", mend="choose another name")
        values = {"name": name, "shown": shown, "password": kept, "is_active": True}
        held.execute(sql.insert(table).values(**values, made_s=self.clock()))
        return Account(name, shown, True)


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
