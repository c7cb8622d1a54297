"""What one server is made of: the room, who may do what, and what stands between them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeVar

from starlette.requests import HTTPConnection

from gridmend.interlock.move import By
from gridmend.model.grid import Grid
from gridmend.runtime.live import Desk, Live, View
from gridmend.runtime.recording import Recording
from gridmend.runtime.users.accounts import Accounts
from gridmend.runtime.users.limits import RateLimit
from gridmend.runtime.users.sessions import Session, Sessions
from gridmend.ui.web.commands import Commands
from gridmend.ui.web.demonstration import Demonstration, is_local
from gridmend.ui.web.feed import Feed
from gridmend.ui.web.frames import Channels
from gridmend.ui.web.lanes import Lanes
from gridmend.ui.web.patience import Patience
from gridmend.ui.web.replay import Replay

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class About:
    """What a server says of itself. `journal_url` is where the room's journal can be read."""

    version: str
    world: str = "twin"
    zone: str = "UTC"
    journal_url: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """How often something may be asked for: so many at once, and one more every so many seconds."""

    reads: tuple[int, float] = (300, 0.05)
    changes: tuple[int, float] = (60, 0.5)
    strangers: tuple[int, float] = (120, 0.2)
    """Those who are not logged in, by address."""
    sockets_most: int = 200
    sockets_each: int = 12
    """Of one account, however often it is logged in; streams count too."""
    beat_s: float = 1.0
    """At most so long is a socket or a stream silent."""
    check_s: float = 30.0
    """How often it is looked whether who listens is still logged in, where nothing was changed."""


@dataclass(eq=False)
class Serving:
    """One server's parts, handed to every endpoint."""

    live: Live
    grid: Grid
    accounts: Accounts
    sessions: Sessions
    about: About
    demonstration: Demonstration | None = None
    clock: Callable[[], float] = time.time
    limits: Limits = field(default_factory=Limits)
    patience: Patience = field(default_factory=Patience)
    lanes: Lanes = field(default_factory=Lanes)
    secure: bool = False
    """Whether it is spoken to by TLS."""
    recording: Recording | None = None
    """What the room showed, where that is recorded."""
    is_replay: bool = False
    """Whether there is nothing but a recording: the room behind it stands still."""

    def __post_init__(self) -> None:
        self.feed = Feed(self.live)
        self.commands = Commands()
        self.replay = Replay(self.grid)
        self.channels = Channels(self.live, self.lanes.frames)
        self.reads, self.changes = RateLimit(*self.limits.reads), RateLimit(*self.limits.changes)
        self.strangers = RateLimit(*self.limits.strangers)
        self.open_sockets: dict[str, int] = {}
        self.rights = object()
        """Another one after each change by which somebody may be logged out, or may see less."""
        self.accounts.watchers.append(self.rights_changed)
        self.kept: dict[Any, Any] = {}
        """Answers that are made once: names, geometry."""

    @property
    def view(self) -> View:
        """The newest picture."""
        return self.live.view

    async def ask(
        self, fn: Callable[[Desk], T], wait_s: float = 10.0, *, urgent: bool = False
    ) -> T:
        """Have the room do something, without holding up anybody else; what is urgent first."""
        lane = self.lanes.urgent if urgent else self.lanes.desk
        return await lane.run(lambda: self.live.ask(fn, wait_s, urgent=urgent))

    def session_of(
        self, connection: HTTPConnection, token: str, *, is_use: bool = True
    ) -> Session | None:
        """Whose session a token is, for a request that comes this way. What a page asks by itself
        is no use, and keeps no session from ending."""
        if self.demonstration is not None:
            found = self.demonstration.session(token)
            if found is not None:
                return found if is_demonstrated(connection) else None
        return self.sessions.session(token, is_use=is_use) if token else None

    def rights_changed(self) -> None:
        """Whoever listens looks at once whether they still may; any thread may say so."""
        self.rights = object()
        self.feed.wake()

    def open_socket(self, principal: str) -> bool:
        """Count one more socket of somebody; False where there are too many."""
        mine = self.open_sockets.get(principal, 0)
        total = sum(self.open_sockets.values())
        if mine >= self.limits.sockets_each or total >= self.limits.sockets_most:
            return False
        self.open_sockets[principal] = mine + 1
        return True

    def close_socket(self, principal: str) -> None:
        """Count one less."""
        left = self.open_sockets.pop(principal, 1) - 1
        if left > 0:
            self.open_sockets[principal] = left


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the session, the login that the journal names, and what they sign with."""

    session: Session
    login: str
    token: str

    @property
    def by(self) -> By:
        """Who is written down for what is done."""
        return By(self.session.name, self.login)


def login_of(token: str) -> str:
    """A session's name in the journal, from which its token is not to be guessed."""
    return "web " + sha256(b"login" + token.encode()).hexdigest()[:12]


def peer_of(connection: HTTPConnection) -> str:
    """The address that a request comes from."""
    return connection.client.host if connection.client else ""


def is_demonstrated(connection: HTTPConnection) -> bool:
    """Whether a request may be the demonstration operator's."""
    return is_local(peer_of(connection), connection.headers)
