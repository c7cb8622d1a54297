"""New views, from the room's thread to everybody who waits for one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from gridmend.runtime.live import Live, View


class Feed:
    """Wakes whoever waits when there is a new view; nothing is queued, the newest is read."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: set[asyncio.Event] = set()
        self._end: Callable[[], None] | None = None
        self.is_over = False

    def begin(self) -> None:
        """Listen from now on; called in the loop of the server."""
        self._loop, self.is_over = asyncio.get_running_loop(), False
        self._end = self._live.subscribe(self._heard)

    def end(self) -> None:
        """Listen no more, and let everybody go who waits; any thread may say so."""
        self.is_over = True
        end, self._end = self._end, None
        if end is not None:
            end()
        self._call()

    def wake(self) -> None:
        """Wake everybody who waits: something else than the view has changed. From any thread."""
        self._call()

    @contextmanager
    def waking(self) -> Iterator[asyncio.Event]:
        """An event that is set at every new view; whoever waits clears it."""
        wake = asyncio.Event()
        self._waiting.add(wake)
        try:
            yield wake
        finally:
            self._waiting.discard(wake)

    def _heard(self, _: View) -> None:
        self._call()

    def _call(self) -> None:
        if self._loop is not None:
            # The loop may have ended since: then nobody waits any more.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        for wake in self._waiting:
            wake.set()


async def woken(wake: asyncio.Event, wait_s: float) -> None:
    """Wait until something is new, or for a while."""
    with suppress(TimeoutError):
        async with asyncio.timeout(wait_s):
            await wake.wait()
    wake.clear()
