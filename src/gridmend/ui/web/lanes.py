"""Work that blocks, in threads: each kind in a lane of its own, so that none holds up another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import anyio
import anyio.to_thread

from gridmend.ui.web.problems import Problem

T = TypeVar("T")


@dataclass(eq=False)
class Lane:
    """At most `most` at once, and `waiting_most` who wait; whoever comes then is told so."""

    name: str
    most: int
    waiting_most: int
    _waiting: int = 0
    _limiter: anyio.CapacityLimiter | None = field(default=None)

    async def run(self, work: Callable[[], T]) -> T:
        """Do it in a thread and give its answer, or raise what it raised.

        Who asked may go away meanwhile: what is begun is brought to its end all the same.
        """
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(self.most)
        if self._waiting >= self.waiting_most:
            raise Problem(503, f"too many wait for {self.name}", mend="try again", retry_s=1.0)
        self._waiting += 1
        try:
            return await anyio.to_thread.run_sync(work, limiter=self._limiter)
        finally:
            self._waiting -= 1


@dataclass(frozen=True, eq=False)
class Lanes:
    """The lanes of one server."""

    desk: Lane = field(default_factory=lambda: Lane("the control room", 16, 128))
    urgent: Lane = field(default_factory=lambda: Lane("the control room, urgently", 16, 64))
    """What stops or operates something: whatever else is asked, there is a thread for it."""
    recall: Lane = field(default_factory=lambda: Lane("earlier commands", 2, 32))
    store: Lane = field(default_factory=lambda: Lane("the accounts", 4, 256))
    hashing: Lane = field(default_factory=lambda: Lane("passwords", 2, 32))
    """Argon2 takes 46 MiB each."""
    heavy: Lane = field(default_factory=lambda: Lane("reports and history", 2, 16))
    frames: Lane = field(default_factory=lambda: Lane("the map", 2, 64))
