"""Commands by the ids that clients give them: asked again, they are answered and not done again."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gridmend.runtime.control import Answer
from gridmend.ui.web.problems import Problem

KEPT_MOST = 2000
"""Commands that are remembered; the journal knows all."""


@dataclass(frozen=True, slots=True)
class _Begun:
    select: str
    area: str
    task: asyncio.Task[Answer]


class Commands:
    """What was begun here, by who asked and the id they gave it."""

    def __init__(self) -> None:
        self._begun: OrderedDict[tuple[str, str], _Begun] = OrderedDict()

    def area_of(self, principal: str, select: str, command: str) -> str | None:
        """Where a command acts that somebody began with a select; None where nobody did."""
        found = self._begun.get((principal, command))
        return found.area if found is not None and found.select == select else None

    def knows(self, principal: str, select: str, command: str) -> bool:
        """Whether somebody began this command here."""
        return self.area_of(principal, select, command) is not None

    async def once(
        self, principal: str, command: str, *, select: str, area: str,
        work: Callable[[], Awaitable[Answer]],
    ) -> Answer:  # fmt: skip
        """Do the work of a command, or wait with whoever asked first; its one answer.

        Who asked may go away: what was begun is brought to its end, and its answer kept. What was
        never begun, because the room was busy, may be asked for again.
        """
        key = (principal, command)
        found = self._begun.get(key)
        if found is not None and found.select != select:
            raise Problem(
                409, f"the command '{command}' was given for another select", where="command",
                mend="give each command an id of its own", refusals=(),
            )  # fmt: skip
        if found is None:
            task = asyncio.ensure_future(work())
            found = self._begun[key] = _Begun(select, area, task)
            task.add_done_callback(lambda done: self._ended(key, done))
            self._trim()
        return await asyncio.shield(found.task)

    def _ended(self, key: tuple[str, str], task: asyncio.Task[Answer]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._begun.pop(key, None)

    def _trim(self) -> None:
        for key in list(self._begun)[: max(len(self._begun) - KEPT_MOST, 0)]:
            if self._begun[key].task.done():
                del self._begun[key]
