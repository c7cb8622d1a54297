"""Ctrl-C, also where it came through compiled code."""

from __future__ import annotations


def is_interruption(problem: BaseException) -> bool:
    """Whether an error came of Ctrl-C, however deep: Numba wraps it while it compiles."""
    cause: BaseException | None = problem
    for _ in range(16):
        if cause is None or isinstance(cause, KeyboardInterrupt):
            break
        cause = cause.__cause__ or cause.__context__
    return isinstance(cause, KeyboardInterrupt)
