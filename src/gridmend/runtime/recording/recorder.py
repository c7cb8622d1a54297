"""Takes what a room shows into a recording, in a thread of its own: the room never waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from gridmend.model.errors import GridmendError
from gridmend.runtime.live import Mode, View
from gridmend.runtime.recording.marks import marks_between
from gridmend.runtime.recording.recording import Recording
from gridmend.runtime.recording.shot import Bytes, Shot

LEAST_S = 1.0
"""At most one shot in so long, by the clock of the machine."""
EVERY_S = 60.0
"""At least one in so long, by the time of the room."""
AGAIN_S = 10.0
"""After one that could not be written, the next is tried after so long."""
SLOW_S = 15.0
"""A shot that takes longer is told of, and nothing is said of the time until the next."""
END_S = 10.0

Coder = Callable[[View], Mapping[str, str]]


class Recorder:
    """It hears views and keeps the newest; those that come faster than they are kept are passed
    over. `coder` gives the panels of a view as JSON texts; `tell` is called with what is wrong,
    and with nothing once it is well again. `beside` is called after each look, in its thread.
    """

    def __init__(
        self,
        recording: Recording,
        coder: Coder,
        *,
        tell: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        beside: Callable[[View], None] | None = None,
    ) -> None:
        self.recording, self._coder, self._tell = recording, coder, tell
        self._clock, self._beside = clock, beside
        self._newest: View | None = None
        self._before: View | None = None
        self._states: Bytes | None = None
        self._woken, self._ended = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._since_s: float | None = None
        self._trouble = ""

    # In the room's thread.

    def hear(self, view: View) -> None:
        """There is a new view; this takes no time."""
        self._newest = view
        self._woken.set()
        since_s = self._since_s
        if since_s is not None and self._clock() - since_s > SLOW_S:
            self._say("the recording lags: where it is written is slow")

    # In its own.

    def start(self) -> None:
        """Begin the thread."""
        self._thread = threading.Thread(target=self._run, name="gridmend recorder", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Keep the newest view, and end. A disk that hangs is not waited for longer than 10 s."""
        self._ended.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(END_S)
            if self._thread.is_alive():
                return
            self._thread = None
        self.recording.close()

    @property
    def is_running(self) -> bool:
        """Whether its thread goes on."""
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._woken.wait()
            self._woken.clear()
            is_well = self._look()
            self._ended.wait(LEAST_S if is_well else AGAIN_S)
        self._look()

    def _look(self) -> bool:
        """Take the newest view; whether that went well."""
        view = self._newest
        if view is None:
            return True
        self._since_s = self._clock()
        wrong = self._tried("nothing is recorded", self.take, view)
        is_well = not wrong
        if wrong or self._clock() - self._since_s > SLOW_S:
            # Views were passed over: what was shown before does not stand for them.
            self.recording.break_off()
        if self._beside is not None:
            # Whatever becomes of it, the recording goes on as before.
            wrong = wrong or self._tried("trends are not kept", self._beside, view)
        self._since_s = None
        self._say(wrong)
        return is_well

    def _tried(self, what: str, work: Callable[[View], object], view: View) -> str:
        """What went wrong, in words; nothing where all is well."""
        try:
            work(view)
        except OSError as problem:
            why = (problem.strerror or str(problem)).lower()
        except Exception as problem:  # whatever it is, the room goes on
            why = f"{type(problem).__name__}: {problem}"[:300]
        else:
            return ""
        return f"{what}: {why} ({self.recording.place.where})"

    def _say(self, text: str) -> None:
        if text != self._trouble:
            # A room that is too busy to hear it now is told the next time.
            with suppress(GridmendError):
                self._tell(text)
                self._trouble = text

    def take(self, view: View) -> bool:
        """Record a view in this thread, where it shows something new or a minute has gone by;
        whether it was. Raises `OSError` where it cannot be written."""
        before, held = self._before, self._states
        is_same = before is not None and same_states(before, view)
        states = held if is_same and held is not None else states_of(view)
        if before is not None and held is not None:
            lasts_s = (view.time_utc - before.time_utc).total_seconds()
            unchanged = np.array_equal(states, held) and panels(before) == panels(view)
            if unchanged and lasts_s < EVERY_S:
                return False
        marks = () if before is None else marks_between(before, view)
        self.recording.add(
            Shot(
                view.time_utc.timestamp(), view.number, view.overview.customers_out,
                self._coder(view), states, marks,
            ),
            speed=view.speed,
        )  # fmt: skip
        self._before, self._states = view, states
        return True


def states_of(view: View) -> Bytes:
    """[modes and flags, elements] all bytes of the map."""
    values = [view.states.frame(mode)[0] for mode in Mode]
    return np.stack([*values, view.states.frame(Mode.ENERGISED)[1]])


def same_states(before: View, after: View) -> bool:
    """Whether two views show the same map for certain, without coding it."""
    first: Any = getattr(before.states, "stale", None)
    second: Any = getattr(after.states, "stale", None)
    if first is None or second is None:
        return False
    is_same = before.flow is after.flow and before.sequence == after.sequence
    return is_same and bool(np.array_equal(first, second))


def panels(view: View) -> tuple[Any, ...]:
    """What the panels of a view show, but for its number, its time and how old its data is."""
    plain = replace(view.overview, time=None, number=0, sequence=0, data_age_s=None)  # pyright: ignore[reportArgumentType]
    rows = (view.alarms, view.alarm_rate, view.outages, view.plans, view.orders, view.areas)
    return (plain, *rows, view.unsure)
