"""Accounts and their rights, changed by those who may, some by two people; every change is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from gridmend.model.errors import GridmendError
from gridmend.runtime.journal.address import Address
from gridmend.runtime.journal.store import Store
from gridmend.runtime.users import keeping, opening, passwords, schema
from gridmend.runtime.users.keeping import Account, Pending
from gridmend.runtime.users.outbox import Outbox, Teller, nobody
from gridmend.runtime.users.roles import POWERFUL, Grant, Permission, Role, clash, may

SETUP_S = 3600.0
"""How long a set-up link is good for."""
WAIT_S = 5.0
_LINK = "the set-up link was used, or is too old"
_PRESENT = "the present password is another"


class Forbidden(GridmendError):
    """Somebody asked for what is not theirs to do."""


@dataclass(eq=False)
class Accounts:
    """The accounts of a store, which it is opened with. `clock` tells the time [s].

    `tell` is told of every change, with who made it; nothing secret is in what it is told. What was
    not told before a crash is told at the next start (see `Outbox`). `watchers` are called after
    each change, as somebody may have lost a right by it.
    """

    store: Store
    clock: Callable[[], float]
    tell: Teller = field(default=nobody)
    watchers: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])

    def __post_init__(self) -> None:
        self._outbox = Outbox(self.store, self.clock, self.tell)

    @classmethod
    def open(
        cls,
        url: str,
        clock: Callable[[], float],
        tell: Teller = nobody,
    ) -> Accounts:
        """Open a store (see `Address`), and make its tables or bring them up to date. They are left
        to the journal's own file where that is named: one store of record."""
        store = Store.of(Address.of(url), read_only=False, wait_s=WAIT_S)
        with store.writing() as held:
            opening.prepare(held, store.address.where)
            keeping.note_admins(held)  # those of a store of an earlier version
        made = cls(store, clock, tell)
        made.deliver()
        return made

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """A transaction that changes something: what it says is told once it is for good."""
        with self.store.writing() as held:
            yield held
        for watch in tuple(self.watchers):
            watch()
        self.deliver()

    def say(self, held: Connection, kind: str, said: dict[str, str]) -> None:
        """Have a change told, within its transaction."""
        self._outbox.put(held, kind, said)

    def deliver(self) -> None:
        """Tell what waits to be told."""
        self._outbox.deliver()

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
            values = {"digest": digest_of(token), "expires_s": self.clock() + SETUP_S}
            held.execute(sql.insert(schema.setup).values(**values))

    def set_up(self, token: str, name: str, password: str, shown: str = "") -> Account:
        """Make the first account, a security admin's; the token is good once.

        Raises `Forbidden` for a token that is none, and `GridmendError` as `make` does.
        """
        passwords.check(password, name)
        table = schema.setup
        with self.store.reading() as held:
            # Before any work is done for a stranger.
            good = (table.c.digest == digest_of(token)) & (table.c.expires_s > self.clock())
            if held.execute(sql.select(table.c.digest).where(good)).first() is None:
                raise Forbidden(_LINK, mend="start again, which prints another")
        kept = passwords.hashed(password)
        with self.changing() as held:
            used = held.execute(
                sql.delete(table).where(
                    table.c.digest == digest_of(token), table.c.expires_s > self.clock()
                )
            )
            if not used.rowcount or keeping.admins(held):
                raise Forbidden(_LINK, mend="start again, which prints another")
            now_s = self.clock()
            found = keeping.enter(held, name, kept, shown=shown, given_by="", now_s=now_s)
            grant = Grant(Role.SECURITY_ADMIN)
            keeping.put_grant(held, name, grant, by="setup", confirmed_by="setup")
            said = {"name": name, "by": "setup"}
            self.say(held, "account_made", said)
            given = {"role": grant.role.value, "area": grant.area}
            self.say(held, "role_granted", {**said, **given})
        return found

    def make(self, by: str, name: str, password: str, shown: str = "") -> Account:
        """Make an account without any right, with a password that its owner has yet to replace.

        Raises `Forbidden` where `by` may not, `GridmendError` for a name that is taken or none, or
        a password that is too easily guessed.
        """
        passwords.check(password, name)
        kept = passwords.hashed(password)
        with self.changing() as held:
            self._manages(held, by)
            now_s = self.clock()
            found = keeping.enter(held, name, kept, shown=shown, given_by=by, now_s=now_s)
            self.say(held, "account_made", {"name": name, "by": by})
        return found

    def set_password(
        self, by: str, name: str, password: str, *, present: str = "", token: str = ""
    ) -> None:
        """Give an account another password, one's own or as a security admin; its sessions end, and
        one of this token begins.

        One's own needs the `present` one, as who has a session need not be who logged in. Whoever
        gives somebody else a password can log in as them: what takes two people is confirmed anew
        by a third before it holds again. Of a password that was given, one's own is to be another.
        """
        passwords.check(password, name)
        known = self._known(name, present) if by == name else ""
        kept = passwords.hashed(password)
        table = schema.accounts
        with self.changing() as held:
            if by != name:
                self._manages(held, by)
                keeping.doubt(held, name, by=by)
            before = keeping.account(held, name)
            chosen, given_by = table.c.name == name, by
            if by == name:
                chosen, given_by = chosen & (table.c.password == known), ""
                if before.given_by and password == present[: passwords.LETTERS_MOST]:
                    why = f"'{before.given_by}' gave you this password, and knows it"
                    raise GridmendError(why, where="password", mend="choose other words")
            values = {"password": kept, "given_by": given_by}
            done = held.execute(sql.update(table).where(chosen).values(**values))
            if not done.rowcount:
                raise Forbidden(_PRESENT, where="present", mend="log in again, and try it again")
            keeping.drop_sessions(held, name)
            if token:
                keeping.put_session(held, name, digest_of(token), self.clock())
            self.say(held, "password_set", {"name": name, "by": by})

    def _known(self, name: str, present: str) -> str:
        """What is kept of the present password; `Forbidden` where it is another."""
        with self.store.reading() as held:
            kept: str = keeping.account(held, name).password
        if not passwords.verified(kept, present[: passwords.LETTERS_MOST]):
            raise Forbidden(_PRESENT, where="present", mend="give the password you log in with")
        return kept

    def set_active(self, by: str, name: str, *, is_active: bool) -> None:
        """Let an account log in, or no longer; its sessions end at once. Raises `Forbidden` for
        one's own account, so that there is always somebody left who manages users."""
        with self.changing() as held:
            self._manages(held, by)
            keeping.account(held, name)
            if by == name:
                raise Forbidden("nobody locks out themselves", mend="ask another security admin")
            table = schema.accounts
            held.execute(sql.update(table).where(table.c.name == name).values(is_active=is_active))
            keeping.drop_sessions(held, name)
            kind = "account_opened" if is_active else "account_closed"
            self.say(held, kind, {"name": name, "by": by})

    def grant(self, by: str, name: str, grant: Grant) -> bool:
        """Give an account a role in an area; whether it holds at once or waits for a second person.

        Raises `Forbidden` where `by` may not or would grant it to themselves, and `GridmendError`
        for roles that no one person has both of.
        """
        waits = grant.role in POWERFUL
        with self.changing() as held:
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
            self.say(held, "role_proposed" if waits else "role_granted", said)
        return not waits

    def confirm(self, by: str, name: str, grant: Grant) -> None:
        """As a second person, let a role hold that another proposed.

        Where nobody but who proposed it ever managed users, who is to become the second security
        admin confirms it. Whoever was left alone later could else do so as somebody else.
        """
        with self.changing() as held:
            found = [p for p in keeping.pending(held) if (p.name, p.grant) == (name, grant)]
            if not found:
                raise GridmendError(f"nobody proposed {grant.role} for '{name}'", mend="propose it")
            proposed = found[0].by
            is_second = keeping.past_admins(held) <= {proposed}
            is_own = by == name and is_second and may((grant,), Permission.MANAGE_USERS)
            if not is_own:
                self._manages(held, by)
                if by in (proposed, name):
                    raise Forbidden("another person confirms it", mend="ask another admin")
            keeping.put_grant(held, name, grant, by=proposed, confirmed_by=by)
            said = {"name": name, "role": grant.role.value, "area": grant.area}
            self.say(held, "role_granted", {**said, "by": proposed, "confirmed_by": by})

    def revoke(self, by: str, name: str, grant: Grant) -> None:
        """Take a role away, at once; it needs no second person."""
        with self.changing() as held:
            self._manages(held, by)
            if by == name:
                raise Forbidden("nobody takes a role from themselves", mend="ask another admin")
            if not keeping.drop_grant(held, name, grant):
                raise GridmendError(f"'{name}' is not {grant.role} there", mend="see the grants")
            said = {"name": name, "role": grant.role.value, "area": grant.area, "by": by}
            self.say(held, "role_revoked", said)

    def listed(self, by: str) -> list[tuple[Account, tuple[Grant, ...]]]:
        """Every account with the grants that hold."""
        with self.store.reading() as held:
            self._manages(held, by)
            rows = held.execute(sql.select(schema.accounts).order_by(schema.accounts.c.name)).all()
            return [
                (Account(r.name, r.shown, r.is_active, r.given_by), keeping.grants_of(held, r.name))
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


def digest_of(token: str) -> bytes:
    """What the store has of a token."""
    return sha256(token.encode()).digest()
