"""Logging in and out: sessions of a bearer's token, of which only the digest is kept."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

import sqlalchemy as sql

from gridmend.model.errors import GridmendError
from gridmend.runtime.users import keeping, passwords, schema
from gridmend.runtime.users.accounts import Accounts, Forbidden, digest_of
from gridmend.runtime.users.limits import RateLimit
from gridmend.runtime.users.roles import Grant, Permission, may

IDLE_S = 1800.0
"""A session ends when nothing was asked for so long, and at the latest after `LONGEST_S`: a shift
with its hand-over. Assumed."""
LONGEST_S = 13 * 3600.0
TOUCH_S = 60.0
"""How often that a session was seen is written down."""


class LoginRefused(GridmendError):
    """No session was begun. `wait_s` is how long until another try is taken [s]."""

    def __init__(self, what: str, *, wait_s: float = 0.0) -> None:
        super().__init__(what, mend="try again" + (f" in {wait_s:.0f} s" if wait_s else ""))
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is logged in, with what holds for them now; `csrf` goes with every change.
    `given_by` is who else gave them their password, empty where they set it themselves."""

    name: str
    shown: str
    grants: tuple[Grant, ...]
    csrf: str
    given_by: str = ""

    def may(self, permission: Permission, area: str = "") -> bool:
        """Whether they may do something in an area."""
        return may(self.grants, permission, area)


def _token() -> str:
    return secrets.token_urlsafe(32)


@dataclass(eq=False)
class Sessions:
    """Sessions over accounts. Tries are limited for each place they come from, for each name from
    one place, and more loosely for each name, so that neither guessing one account nor many goes
    fast, and a stranger elsewhere keeps nobody out for long."""

    accounts: Accounts
    draw: Callable[[], str] = _token
    by_name: RateLimit = field(default_factory=lambda: RateLimit(most=100, every_s=3.0))
    by_both: RateLimit = field(default_factory=lambda: RateLimit(most=5, every_s=30.0))
    by_place: RateLimit = field(default_factory=lambda: RateLimit(most=20, every_s=3.0))
    told: RateLimit = field(default_factory=lambda: RateLimit(most=10, every_s=60.0))
    """How often tries from one place that failed are told: a stranger cannot fill the journal."""

    def log_in(self, name: str, password: str, place: str, instead: str = "") -> str:
        """The token of a new session, which takes the place of the one with the token `instead`.

        Raises `LoginRefused`, with the same words and after as much work whether the name, the
        password or the account is wrong; also where the password was changed meanwhile.
        """
        self._check_tries(name, place)
        with self.accounts.store.reading() as held:
            table = schema.accounts
            row = held.execute(sql.select(table).where(table.c.name == name)).one_or_none()
        kept = row.password if row is not None else passwords.nobodys()
        is_right = passwords.verified(kept, password[: passwords.LETTERS_MOST])
        token = ""
        if is_right and row is not None and row.is_active:
            token = self._begin(name, kept, password, place, instead)
        if not token:
            self._tell("login_refused", name, place)
            raise LoginRefused("name and password do not belong together")
        self.by_name.forget(name)
        self.by_both.forget(_both(name, place))
        return token

    def _begin(self, name: str, kept: str, password: str, place: str, instead: str) -> str:
        """A session, if the account still has the password that was verified; else empty."""
        now_s, table, s = self.accounts.clock(), schema.accounts, schema.sessions
        renewed = passwords.hashed(password) if passwords.is_old(kept) else ""
        still = (table.c.name == name) & (table.c.password == kept) & table.c.is_active
        token = self.draw()
        with self.accounts.changing() as held:
            # Locked until the session is there: a change that comes after ends it with the others.
            asked = sql.select(table.c.name).where(still).with_for_update()
            if held.execute(asked).first() is None:
                return ""
            if renewed:
                held.execute(sql.update(table).where(still).values(password=renewed))
            if instead:
                held.execute(sql.delete(s).where(s.c.digest == digest_of(instead)))
            keeping.put_session(held, name, digest_of(token), now_s)
            self.accounts.say(held, "logged_in", {"name": name, "place": place})
        return token

    def set_own_password(
        self, name: str, present: str, password: str, *, place: str
    ) -> str:  # fmt: skip
        """Change one's own password; the token of a new session, as all others end: a copy of the
        old token is good no more. Tries are limited, and told where they fail, as those of a login
        are. Raises as `Accounts.set_password`."""
        self._check_tries(name, place)
        token = self.draw()
        try:
            self.accounts.set_password(name, name, password, present=present, token=token)
        except Forbidden:
            self._tell("login_refused", name, place)
            raise
        self.by_name.forget(name)
        self.by_both.forget(_both(name, place))
        return token

    def _check_tries(self, name: str, place: str) -> None:
        now_s, both = self.accounts.clock(), _both(name, place)
        for limit, key in ((self.by_place, place), (self.by_both, both), (self.by_name, name)):
            wait_s = limit.wait_s(key, now_s)
            if wait_s <= 0:
                continue
            self._tell("login_limited", name, place)
            raise LoginRefused("too many tries", wait_s=wait_s)

    def session(self, token: str, *, is_use: bool = True) -> Session | None:
        """Whose session it is, with the grants of this moment; None where there is none, or where
        it has ended. What asks by itself is no use of it."""
        now_s, s, a = self.accounts.clock(), schema.sessions, schema.accounts
        asked = (
            sql.select(s.c.begun_s, s.c.seen_s, a.c.name, a.c.shown, a.c.given_by)
            .join(a, a.c.name == s.c.name)
            .where(s.c.digest == digest_of(token), a.c.is_active)
        )
        with self.accounts.store.reading() as held:
            row = held.execute(asked).one_or_none()
            if row is None:
                return None
            grants = keeping.grants_of(held, row.name)
        if now_s - row.seen_s > IDLE_S or now_s - row.begun_s > LONGEST_S:
            self.log_out(token)
            return None
        if is_use and now_s - row.seen_s > TOUCH_S:
            with self.accounts.store.writing() as held:
                seen = sql.update(s).where(s.c.digest == digest_of(token)).values(seen_s=now_s)
                held.execute(seen)
        return Session(row.name, row.shown, grants, csrf_of(token), row.given_by)

    def log_out(self, token: str) -> None:
        """End a session; nothing where there is none."""
        s = schema.sessions
        with self.accounts.changing() as held:
            held.execute(sql.delete(s).where(s.c.digest == digest_of(token)))

    def sweep(self) -> int:
        """Take away the sessions that have ended; how many."""
        now_s, s = self.accounts.clock(), schema.sessions
        ended = (s.c.seen_s < now_s - IDLE_S) | (s.c.begun_s < now_s - LONGEST_S)
        with self.accounts.store.writing() as held:
            return held.execute(sql.delete(s).where(ended)).rowcount

    def _tell(self, kind: str, name: str, place: str) -> None:
        """Tell of a try that failed, unless so many were told of from there lately."""
        if self.told.wait_s(place, self.accounts.clock()) <= 0:
            self.accounts.tell(kind, {"name": name[:60], "place": place, "by": "a stranger"}, "")


def _both(name: str, place: str) -> str:
    return f"{name}\n{place}"


def csrf_of(token: str) -> str:
    """What a page sends with every change, and no other site can know: made of the token, which
    only the cookie has."""
    return hmac.new(token.encode(), b"csrf", sha256).hexdigest()


def is_csrf(token: str, given: str) -> bool:
    """Whether it is that of this session, compared in a time that tells nothing of it."""
    return hmac.compare_digest(csrf_of(token).encode(), given.encode())
