"""Applications that misbehave, and one that does not; each is made in a process of its own."""

from __future__ import annotations

import os
import signal
import time
from threading import Thread

from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Step
from gridmend.model.situation import Situation
from gridmend.runtime.control.isolated import Propose


def good(grid: Grid) -> Propose:
    def propose(situation: Situation) -> list[Step]:
        is_open = situation.snapshot.is_open(grid, "S2")
        return [] if is_open else [Step(Action.OPEN, "S2", "to show it")]

    return propose


def hangs(grid: Grid) -> Propose:
    def propose(situation: Situation) -> list[Step]:
        while True:
            time.sleep(60)

    return propose


def breaks(grid: Grid) -> Propose:
    def propose(situation: Situation) -> list[Step]:
        raise ZeroDivisionError("by itself")

    return propose


def dies(grid: Grid) -> Propose:
    def propose(situation: Situation) -> list[Step]:
        os._exit(3)

    return propose


def stops(grid: Grid) -> Propose:
    """Stops reading before the first question, so that its pipe fills."""

    def stop() -> None:
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGSTOP)

    Thread(target=stop, daemon=True).start()
    return hangs(grid)
