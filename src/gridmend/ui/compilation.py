"""What a command says while the solver is made into machine code: once, and how long it took."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock
from time import perf_counter

from gridmend.powerflow.compiling import compilation_told

_LONG_S = 0.5
"""Compilation that took less is not worth a line."""


class _Watch:
    """Counts what is being compiled, in all threads, and the time for which anything is."""

    def __init__(self) -> None:
        self.lock, self.depth = Lock(), 0
        self.began_s, self.took_s = 0.0, 0.0

    def __call__(self, begins: bool) -> None:
        with self.lock:
            now_s = perf_counter()
            if begins and self.depth == 0:
                self.began_s = now_s
                if self.took_s == 0.0:
                    _say("making machine code of the solver, for this processor and only once …")
            self.depth += 1 if begins else -1
            if not begins and self.depth == 0:
                self.took_s += now_s - self.began_s


@contextmanager
def compilation_shown() -> Generator[None]:
    """Say on standard error that the solver is being compiled, and in the end how long it took."""
    watch = _Watch()
    try:
        with compilation_told(watch):
            yield
    finally:
        if watch.took_s > _LONG_S:
            _say(f"machine code of the solver took {watch.took_s:.1f} s and is kept for next time")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
