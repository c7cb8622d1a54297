"""An application in a process of its own, so that it can hang or break without harm."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from threading import Thread
from time import monotonic
from typing import Any

from gridmend.model.command import step_as_json, step_of
from gridmend.model.errors import GridmendError
from gridmend.model.grid import Grid
from gridmend.model.plan import Step
from gridmend.model.situation import Situation
from gridmend.runtime.control.applications import ANSWER_S, CutOffError
from gridmend.runtime.fold import as_document, from_document

START_S = 60.0
"""Time in which the process is up: it imports and compiles."""

Propose = Callable[[Situation], Sequence[Step]]


class Isolated:
    """An application behind a pipe of JSON; it is killed where it does not answer in time.

    `make` is a module's function that is called with the grid in the new process and gives what
    proposes. Its process starts with the first question, and again after it was killed; until it
    is up it proposes nothing.
    """

    def __init__(
        self, name: str, make: Callable[[Grid], Propose], grid: Grid, *, answer_s: float = ANSWER_S
    ) -> None:
        self.name = name
        self._make, self._grid, self._answer_s = make, grid, answer_s
        self._process: Any = None
        self._pipe: Connection[Any, Any] | None = None
        self._is_up, self._begun = False, 0.0

    def propose(self, situation: Situation) -> tuple[Step, ...]:
        """The steps that it would take now. Raises `CutOffError` where it hangs or breaks."""
        pipe = self.start()
        if pipe is None:
            return ()
        asked = json.dumps(as_document(self._grid, situation)).encode()
        # Whoever does not read lets the pipe fill: nothing waits for that but this thread.
        Thread(target=_send, args=(pipe, asked), daemon=True).start()
        try:
            if not pipe.poll(self._answer_s):
                raise CutOffError(f"{self.name} did not answer within {self._answer_s:g} s")
            found = json.loads(pipe.recv_bytes(maxlength=10_000_000))
            if "problem" in found:
                raise CutOffError(f"{self.name} broke: {found['problem']}")
            return tuple(step_of(step) for step in found["steps"])
        except CutOffError:
            self.close()
            raise
        except (EOFError, OSError, ValueError, KeyError, TypeError, GridmendError) as problem:
            self.close()
            raise CutOffError(f"{self.name} broke: {problem or 'it ended'}") from problem

    def close(self) -> None:
        """Kill the process, if there is one."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None

    def start(self, wait_s: float = 0.0) -> Connection[Any, Any] | None:
        """Start the process and wait for it so long [s]; None where it is not up yet.

        Raises `CutOffError` where it ended, or did not come up in `START_S`.
        """
        if self._pipe is None:
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(
                target=_serve, args=(self._make, self._grid, theirs), daemon=True
            )
            self._process.start()
            theirs.close()
            self._is_up, self._begun = False, monotonic()
        if self._is_up:
            return self._pipe
        try:
            if self._pipe.poll(wait_s):
                self._pipe.recv_bytes()
                self._is_up = True
                return self._pipe
        except (EOFError, OSError) as problem:
            self.close()
            raise CutOffError(f"{self.name} broke as it started") from problem
        if monotonic() - self._begun > START_S:
            self.close()
            raise CutOffError(f"{self.name} did not start within {START_S:g} s")
        return None


def _send(pipe: Connection[Any, Any], asked: bytes) -> None:
    try:
        pipe.send_bytes(asked)
    except OSError:
        return  # it was killed meanwhile, and that is said where the answer is awaited


def _serve(make: Callable[[Grid], Propose], grid: Grid, pipe: Connection[Any, Any]) -> None:
    """What the other process does: answer until the pipe is closed."""
    propose = make(grid)
    pipe.send_bytes(b"ready")
    while True:
        try:
            asked = json.loads(pipe.recv_bytes())
        except EOFError:
            return
        try:
            steps = propose(from_document(grid, asked))
            said: dict[str, Any] = {"steps": [step_as_json(step) for step in steps]}
        except Exception as problem:  # whatever it is, the control room is told
            said = {"problem": f"{type(problem).__name__}: {problem}"}
        pipe.send_bytes(json.dumps(said).encode())
