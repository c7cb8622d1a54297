"""Who is logged in, and the accounts."""

from __future__ import annotations

from pydantic import Field

from gridmend.runtime.users.roles import Role
from gridmend.ui.web.answers.shape import Answer, Area, Given, Name, Time


class User(Answer):
    """Somebody: `name` is the account, `shown` stands beside what was done."""

    name: str
    shown: str


class Server(Answer):
    """What serves, and which world it is."""

    name: str
    version: str
    world: str
    time: Time
    speed: float
    zone: str
    revision: int
    """Of the geometry."""
    is_replay: bool = False
    """Whether there is nothing but a recording, in which nothing can be changed."""


class SessionAnswer(Answer):
    """Who is logged in, what they may do in each area ("" is everywhere), and by what server."""

    user: User | None
    permissions: dict[str, list[str]]
    csrf: str
    """Goes back in the header X-CSRF with every change; empty where nobody is logged in."""
    demonstration: bool
    needs_setup: bool
    must_change_password: bool
    """Whether somebody else gave the password: all else is refused until its owner sets another."""
    password_given_by: str
    """Who gave it; empty where its owner set it."""
    server: Server


class LogIn(Given):
    """A name and its password."""

    name: str = Field(max_length=200)
    password: str = Field(max_length=1000)


class SetUp(Given):
    """The first account, made by whoever has the one-time link."""

    token: str = Field(max_length=200)
    name: str = Field(max_length=200)
    password: str = Field(max_length=1000)
    shown: str = Field(default="", max_length=200)


class GrantGiven(Given):
    """A role in an area."""

    role: Role = Field(strict=False)
    area: Area = ""


class GrantAnswer(Answer):
    """A role in an area."""

    role: str
    area: str


class Account(Answer):
    """An account with the grants that hold."""

    name: str
    shown: str
    is_active: bool
    must_change_password: bool
    """Whether its owner has yet to replace a password that somebody else gave."""
    grants: list[GrantAnswer]


class PendingGrant(Answer):
    """A grant that waits for a second person."""

    name: str
    grant: GrantAnswer
    by: str


class AccountGiven(Given):
    """A new account, without any right."""

    name: str = Field(max_length=200)
    password: str = Field(max_length=1000)
    shown: str = Field(default="", max_length=200)


class PasswordGiven(Given):
    """Another password; for one's own account with the `present` one."""

    password: str = Field(max_length=1000)
    present: str = Field(default="", max_length=1000)


class PasswordSet(Answer):
    """The password is another. One's own begins a new session, whose cookie comes with it: `csrf`
    is that session's, and empty where it is somebody else's password."""

    id: str
    csrf: str


class ActiveGiven(Given):
    """Whether an account may log in."""

    active: bool


class Granted(Answer):
    """Whether a grant holds at once, or waits for a second person."""

    holds: bool


class Done(Answer):
    """It is done; `id` names what was made, where something was."""

    id: str = ""


class NameGiven(Given):
    """A name alone."""

    name: Name
