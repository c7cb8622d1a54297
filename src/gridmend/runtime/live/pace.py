"""How the time of a room follows a clock: as fast, faster, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from gridmend.model.errors import GridmendError

SPEED_MOST = 60.0
JUMP_S = 15.0
"""A clock that went back by more than this is followed from where it is: the room waits no longer
for it to come again."""


class Pace:
    """The time that a room should have, by a clock and a speed. Any thread may set the speed."""

    def __init__(self, clock: Callable[[], datetime], speed: float) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self.speed = _checked(speed)
        self._real = self._room = clock()

    def begin(self, room: datetime) -> None:
        """The room begins here and now."""
        with self._lock:
            self._real, self._room = self._clock(), room

    def set(self, speed: float, now: datetime) -> None:
        """Another speed from now on, at which time it is in the room."""
        speed = _checked(speed)
        with self._lock:
            self._real, self._room, self.speed = self._clock(), now, speed

    def due(self, now: datetime) -> datetime:
        """The time that it should be in the room, where it is `now`."""
        with self._lock:
            real = self._clock()
            due = self._room + (real - self._real) * self.speed
            if (now - due).total_seconds() > JUMP_S * max(self.speed, 1.0):
                self._real, self._room = real, now
                return now
            return due

    def wait_s(self, now: datetime) -> float:
        """How long until a second more is due [s of the clock]; inf where time stands still."""
        if not self.speed:
            return float("inf")
        behind_s = (self.due(now) - now).total_seconds()
        return (min(self.speed, 1.0) * 0.05 - behind_s) / self.speed

    def behind_s(self, now: datetime) -> float:
        """How far the room is behind the time that it should have [s]."""
        return max((self.due(now) - now) / timedelta(seconds=1), 0.0)

    def real_s(self) -> float:
        """The clock's own time [s since 1970]."""
        return self._clock().timestamp()


def _checked(speed: float) -> float:
    if not 0 <= speed <= SPEED_MOST:
        raise GridmendError(
            f"time cannot go {speed:g} times as fast", where="speed",
            mend=f"give 0, which pauses, to {SPEED_MOST:g}",
        )  # fmt: skip
    return float(speed)
