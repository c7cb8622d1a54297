"""What asking a live room may come to: too many ask, or it has stopped."""

from __future__ import annotations

from gridmend.model.errors import GridmendError


class Busy(GridmendError):  # noqa: N818  # named for what happened
    """So many wait already that nobody else is taken in, or the room did not come to it in time."""


class LiveStopped(GridmendError):  # noqa: N818  # the same
    """The room has stopped and answers nothing any more."""
