"""The virtual clock and what is due on it."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from gridmend.model.errors import GridmendError

DUE_MOST = 10_000_000
"""Actions that one run may ask for; more is an error of whoever asks without end."""


@dataclass(slots=True)
class Due:
    """Something that will be done at a time [s from the start], unless it is called off."""

    time_s: float
    action: Callable[[], None] | None

    def call_off(self) -> None:
        """It is not done any more."""
        self.action = None


@dataclass(slots=True)
class Agenda:
    """Does what is due in order of time; what falls together in the order in which it was asked.

    `now_s` is the virtual time [s from the start]; it goes on only by `run_to`. Times are whole
    microseconds, so that equal runs are equal to the bit.
    """

    now_s: float = 0.0
    _heap: list[tuple[float, int, Due]] = field(default_factory=list[tuple[float, int, Due]])
    _count: int = 0

    def at(self, time_s: float, action: Callable[[], None]) -> Due:
        """Have something done at a time, which may be now but not before.

        Raises `GridmendError` for a time that is past or no number, and for one action too many.
        """
        time_s = not_before_s(float(time_s))
        if not (math.isfinite(time_s) and time_s >= self.now_s):
            raise GridmendError(
                f"nothing can be done at {time_s:g} s, now it is {self.now_s:g} s",
                mend="ask for a time from now on",
            )
        self._count += 1
        if self._count > DUE_MOST:
            raise GridmendError(f"one run asked for more than {DUE_MOST:,} actions")
        due = Due(time_s, action)
        heapq.heappush(self._heap, (time_s, self._count, due))
        return due

    def after(self, delay_s: float, action: Callable[[], None]) -> Due:
        """The same from now on."""
        return self.at(self.now_s + delay_s, action)

    def next_s(self) -> float:
        """When the next thing is due [s]; inf where nothing is."""
        while self._heap and self._heap[0][2].action is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else math.inf

    def run_to(self, time_s: float) -> None:
        """Do all that is due up to a time, that time among it; then it is that time."""
        while self.next_s() <= time_s:
            self.now_s, _, due = heapq.heappop(self._heap)
            action, due.action = due.action, None
            if action is not None:
                action()
        self.now_s = max(self.now_s, round(float(time_s), 6))


def not_before_s(time_s: float) -> float:
    """The first whole microsecond not before a time [s]: what is due then is due."""
    whole_s = round(time_s, 6) if math.isfinite(time_s) else time_s
    return whole_s if not whole_s < time_s else round(whole_s + 1e-6, 6)
