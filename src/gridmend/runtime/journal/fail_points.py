"""Where a process may die: the points at which tests kill it."""

from __future__ import annotations

from collections.abc import Callable

Pause = Callable[[str], None]

CREATE = (
    "create: begun",
    "create: key made",
    "create: tables made",
    "create: named",
)
OPEN = ("open: epoch raised", "open: done")
APPEND = (
    "append: begun",
    "append: writer checked",
    "append: entries written",
    "append: commands written",
    "append: checkpoints written",
    "append: head written",
    "append: committed",
)
KEEP = ("keep: begun", "keep: written", "keep: committed")
FAIL_POINTS = (*CREATE, *OPEN, *APPEND, *KEEP)
"""Every point, in the order in which they are come to."""


def no_pause(point: str) -> None:
    """Go on: what is called at each point where no test listens."""
    del point
