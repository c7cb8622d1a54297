"""A control room over the twin that runs on a clock, in one thread; all else asks that thread."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar, cast

from gridmend.model.errors import GridmendError
from gridmend.model.grid import Grid
from gridmend.model.situation import Mode
from gridmend.runtime.course import Course
from gridmend.runtime.journal import InDoubt, Journal, WriterFenced
from gridmend.runtime.live.asking import Asking, Question
from gridmend.runtime.live.desk import Desk
from gridmend.runtime.live.geometry import Geometry
from gridmend.runtime.live.opening import furnish, open_course, tell_restart
from gridmend.runtime.live.pace import Pace
from gridmend.runtime.live.view import View
from gridmend.runtime.live.views import Views
from gridmend.runtime.scenario import Restoration

T = TypeVar("T")

VIEW_S = 1.0
"""How often a view is made where nobody asks anything."""
TELL_S = 0.2
"""How soon after a view the next is told, where there is news."""
ROUND_S = 0.1
"""How long the thread waits at most before it looks at the clock again."""
SLICE_S = 30.0
"""Time of the room that goes by in one go; who asks is heard between."""
TROUBLES_MOST = 5
"""Rounds in a row that may go wrong before the room stops."""
AT_ONCE_MOST = 32
"""Questions that are answered before the next view."""
POLICY = Restoration(mode=Mode.APPROVE, step_s=10.0, approval_min=60.0, plan_s=5.0)
LOOK_AHEAD_BUSES = 2_000
"""On a larger grid a plan rests on the demand of now: until the repair it would take a minute."""


class Live:
    """A running room; made by `open`, ready when that returns.

    Until `start` nothing goes on by itself: `step_to` and `ask` work in the thread that calls
    them, so that a run on a virtual clock is equal to the bit.
    """

    def __init__(
        self, course: Course, journal: Journal, pace: Pace, wait: Callable[[float], None] | None
    ) -> None:
        self._course, self._journal, self._pace, self._wait = course, journal, pace, wait
        self._asking = Asking()
        self._views = Views(course)
        self._desk = Desk(self._views)
        self._view: View = self._desk.view
        self._listeners: dict[int, Callable[[View], None]] = {}
        self._listened = 0
        self._told_s = self._made_s = -math.inf
        self._troubles, self._is_stopping, self._is_untold = 0, False, False
        self._thread: threading.Thread | None = None
        self._is_between = False
        course.room.interlude = self._between
        self._own = threading.RLock()
        """Held by whoever works in the room where no thread does."""

    @classmethod
    def open(
        cls,
        grid: Grid,
        journal_url: str | Path,
        *,
        clock: Callable[[], datetime],
        wait: Callable[[float], None] | None = None,
        seed: int = 0,
        speed: float = 1.0,
        restoration: Restoration | None = None,
    ) -> Live:
        """Open a room over a new journal or one that is there, and make its first view.

        `clock` gives the time in UTC; `wait` is how the thread waits between two looks at it
        [s], by default until the time is over or somebody asks. Raises `GridmendError` for a
        journal that cannot be opened, a speed that is not there and a grid that is no network.
        """
        pace = Pace(clock, speed)
        ahead_min = POLICY.repair_min if len(grid.buses) <= LOOK_AHEAD_BUSES else 0.0
        policy = restoration or replace(POLICY, repair_min=ahead_min)
        journal = Journal.open(journal_url)
        try:
            course, was_there = open_course(grid, journal, now=clock, seed=seed, restoration=policy)
            pace.begin(course.start_utc)
            furnish(course, journal)
            if was_there:
                tell_restart(course)
            course.run_to(0.0)
            return cls(course, journal, pace, wait)
        except BaseException:
            journal.close()
            raise

    @property
    def view(self) -> View:
        """The newest picture; any thread may read it."""
        return self._view

    @property
    def geometry(self) -> Geometry:
        """Where everything stands."""
        return self._views.geometry

    @property
    def grid(self) -> Grid:
        """What is there."""
        return self._course.grid

    @property
    def journal(self) -> Journal:
        """The journal that the room writes; others may verify it meanwhile."""
        return self._journal

    @property
    def speed(self) -> float:
        """How fast time goes here; 0 is paused."""
        return self._pace.speed

    def set_speed(self, speed: float) -> None:
        """How fast time goes, from 0 (paused) to 60. Raises `GridmendError` beyond."""
        self._pace.set(speed, self._course.now)
        self._asking.woken.set()

    def start(self) -> None:
        """Begin the thread."""
        if self._thread is not None or self._is_stopping:
            raise GridmendError("this room was started before", mend="open another")
        self._thread = threading.Thread(target=self._run, name="gridmend room", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, refuse who still waits, and close the journal. Again, it does nothing."""
        with self._own:
            if self._is_stopping and self._thread is None:
                return
            self._is_stopping = True
        self._asking.stop("the room has stopped")
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        self._thread = None
        self._journal.close()

    def ask(self, fn: Callable[[Desk], T], wait_s: float = 10.0, *, urgent: bool = False) -> T:
        """Run `fn(desk)` in the room's thread and give its answer, or raise what it raised.

        When it returns, `view` shows what it changed. Raises `Busy` where 256 wait already or it
        was not come to within `wait_s`, and then it is not run any more; `LiveStopped` after
        `stop`. Within the room's thread it runs at once. One that is `urgent` goes before all
        that are not, and is answered without waiting for those behind it.
        """
        if self._thread is threading.current_thread():
            return fn(self._desk)
        question = self._asking.put(fn, urgent=urgent)
        if self._thread is None:
            with self._own:
                self._answer()
        return cast(T, self._asking.wait_for(question, wait_s))

    def subscribe(self, fn: Callable[[View], None]) -> Callable[[], None]:
        """Have `fn` called in the room's thread with each new view, at most five times a second;
        call what is returned to end that. One that raises is not called again."""
        with self._own:
            self._listened += 1
            name = self._listened
            self._listeners[name] = fn

        def end() -> None:
            self._listeners.pop(name, None)

        return end

    def step_to(self, time_utc: datetime) -> View:
        """Let time go on in this thread, which is the room's while none was started; else
        `GridmendError`."""
        if self._thread is not None:
            raise GridmendError("this room goes on by itself", mend="ask it, or do not start it")
        with self._own:
            end_s = (time_utc - self._course.start_utc).total_seconds()
            while self._course.field.agenda.now_s < end_s:
                self._course.run_to(min(self._course.field.agenda.now_s + SLICE_S, end_s))
                self._views.catch_up()
            self._make_view()
        return self._view

    def _run(self) -> None:
        """The thread: time goes on, who asks is heard, views are made."""
        while not self._is_stopping:
            try:
                self._round()
                self._troubles, self._views.trouble = 0, ""
            except (InDoubt, WriterFenced) as problem:
                self._end(f"the journal is not this room's any more: {problem.what}")
            except Exception as problem:  # whatever it is, the room says so and goes on
                self._stumbled(problem)
            pause_s = min(ROUND_S, max(self._pace.wait_s(self._course.now), 0.0))
            if self._wait is not None:
                self._wait(pause_s)
            else:
                self._asking.woken.wait(pause_s)
            self._asking.woken.clear()

    def _round(self) -> None:
        due = self._pace.due(self._course.now)
        agenda = self._course.field.agenda
        end_s = (due - self._course.start_utc).total_seconds()
        if end_s > agenda.now_s:
            self._course.run_to(min(end_s, agenda.now_s + SLICE_S))
        if not self._answer() and self._is_due():
            self._make_view()

    def _answer(self) -> bool:
        """Hear who waits; the view shows what they changed before they know the answer."""
        answered: list[Question] = []
        while len(answered) < AT_ONCE_MOST and (question := self._asking.take()) is not None:
            answered.append(question)
            try:
                with self._course.room.undisturbed():
                    question.answer = question.ask(self._desk)
            except BaseException as problem:  # it is the asker's, whatever it is
                question.problem = problem
            if question.is_urgent:
                self._asking.woken.set()  # who waits behind it is heard in the next round
                break
        if not answered:
            return False
        try:
            self._slow_down()
            if self._course.room.kernel.sequence != self._view.sequence:
                self._make_view()
        finally:
            for question in answered:
                question.done.set()
        return True

    def _is_due(self) -> bool:
        """Whether another view is to be made: soon where there is news, else every second."""
        is_news = self._course.room.kernel.sequence != self._view.sequence
        wait_s = TELL_S if is_news or self._is_untold else VIEW_S
        return self._pace.real_s() - self._made_s >= wait_s

    def _between(self) -> None:
        """Somebody looks for a plan, which may take seconds: who asks is heard meanwhile."""
        if self._is_between or self._thread is not threading.current_thread():
            return
        self._is_between = True
        try:
            if not self._answer() and self._is_due():
                self._make_view()
        finally:
            self._is_between = False

    def _slow_down(self) -> None:
        """Where somebody has picked a device, time goes as theirs does: a select lasts seconds."""
        kernel = self._course.room.kernel
        lasting_s = kernel.now_s - kernel.bench.policy.select_s
        picked = [s for s in kernel.situation.selects.values() if s.at_s >= lasting_s]
        if self.speed > 1 and picked:
            said = self.speed, 1.0, picked[0], "a device is picked"
            self.set_speed(1.0)
            self._desk.say_speed(*said)

    def _make_view(self) -> None:
        behind_s = self._pace.behind_s(self._course.now) if self._thread is not None else 0.0
        self._view = self._views.make(speed=self._pace.speed, behind_s=behind_s)
        self._desk.show(self._view)
        self._made_s = self._pace.real_s()
        self._tell()

    def _tell(self) -> None:
        self._is_untold = self._thread is not None and self._made_s - self._told_s < TELL_S
        if self._is_untold:
            return
        self._told_s = self._made_s
        for name, listen in list(self._listeners.items()):
            try:
                listen(self._view)
            except Exception:  # who follows the room cannot stop it
                self._listeners.pop(name, None)

    def _stumbled(self, problem: Exception) -> None:
        self._troubles += 1
        self._views.trouble = f"the room stumbled: {type(problem).__name__}: {problem}"[:300]
        if self._troubles >= TROUBLES_MOST:
            self._end(self._views.trouble)

    def _end(self, why: str) -> None:
        self._is_stopping = True
        self._asking.stop(why)
