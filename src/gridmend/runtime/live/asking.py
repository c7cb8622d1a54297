"""Those who wait to be heard in the room's thread: who is urgent first, then who came first."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gridmend.runtime.live.errors import Busy, LiveStopped

WAITING_MOST = 256
URGENT_MOST = 64
"""Urgent ones that wait; they have places of their own, which nobody else takes."""


@dataclass(eq=False)
class Question:
    """One question: it waits, is being answered, is answered, or was given up before its turn."""

    ask: Callable[[Any], Any]
    is_urgent: bool = False
    done: threading.Event = field(default_factory=threading.Event)
    answer: Any = None
    problem: BaseException | None = None
    is_taken: bool = False
    is_given_up: bool = False

    def result(self) -> Any:
        """The answer; raises what the question raised."""
        if self.problem is not None:
            raise self.problem
        return self.answer


class Asking:
    """Two queues. Any thread puts in; one takes out, and the urgent ones first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Question] = deque()
        self._urgent: deque[Question] = deque()
        self._stopped = ""
        self.woken = threading.Event()
        """Set when somebody came, so that the room looks at once."""

    def put(self, ask: Callable[[Any], Any], *, urgent: bool = False) -> Question:
        """Wait in line. Raises `Busy` where too many do, `LiveStopped` after `stop`."""
        question = Question(ask, is_urgent=urgent)
        line, most = (self._urgent, URGENT_MOST) if urgent else (self._waiting, WAITING_MOST)
        with self._lock:
            if self._stopped:
                raise LiveStopped(self._stopped, mend="start it again")
            if len(line) >= most:
                raise Busy(f"{most} wait already", mend="try again in a moment")
            line.append(question)
        self.woken.set()
        return question

    def take(self) -> Question | None:
        """Who is next; None where nobody waits."""
        with self._lock:
            while line := self._urgent or self._waiting:
                question = line.popleft()
                if not question.is_given_up:
                    question.is_taken = True
                    return question
            return None

    def wait_for(self, question: Question, wait_s: float) -> Any:
        """The answer, once it is there. One that was not begun in time is given up, and is never
        run; one that was begun is waited for, as it may have changed something."""
        if not question.done.wait(wait_s):
            with self._lock:
                question.is_given_up = not question.is_taken
                line = self._urgent if question.is_urgent else self._waiting
                if question.is_given_up and question in line:
                    line.remove(question)
            if question.is_given_up:
                raise Busy(f"the room did not come to it in {wait_s:g} s", mend="try again")
            question.done.wait()
        return question.result()

    def stop(self, why: str) -> None:
        """Nobody is taken in any more, and who waits is told."""
        with self._lock:
            self._stopped = self._stopped or why
            waiting = [*self._urgent, *self._waiting]
            self._urgent.clear()
            self._waiting.clear()
        for question in waiting:
            question.problem = LiveStopped(why, mend="start it again")
            question.done.set()
        self.woken.set()
