"""Frames of the map, made once a view and mode, whoever many are looking."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from gridmend.runtime.live import Live, View
from gridmend.ui.web import wire
from gridmend.ui.web.lanes import Lane
from gridmend.ui.web.wire import Bytes


@dataclass(eq=False)
class Coded:
    """One mode of one view, and the one before it, to which its delta applies."""

    mode: int
    revision: int
    view: View
    values: Bytes
    flags: Bytes
    base: tuple[int, Bytes, Bytes] | None
    _full: bytes | None = field(default=None)
    _delta: bytes | None = field(default=None)

    @property
    def number(self) -> int:
        """The number of its view."""
        return self.view.number

    @property
    def base_number(self) -> int:
        """The view that its delta applies to; 0 where there is none."""
        return self.base[0] if self.base is not None else 0

    def full(self) -> bytes:
        """The frame that stands by itself."""
        if self._full is None:
            self._full = wire.full(
                self.values, self.flags, mode=self.mode, revision=self.revision,
                sequence=self.number, time_s=self.view.time_utc.timestamp(),
            )  # fmt: skip
        return self._full

    def delta(self) -> bytes:
        """What changed since the one before."""
        assert self.base is not None
        if self._delta is None:
            number, values, flags = self.base
            self._delta = wire.delta(
                self.values, self.flags, (values, flags), mode=self.mode,
                revision=self.revision, sequence=self.number, base_sequence=number,
                time_s=self.view.time_utc.timestamp(),
            )  # fmt: skip
        return self._delta


class Channels:
    """The newest frame of each mode that anybody looks at."""

    def __init__(self, live: Live, lane: Lane) -> None:
        self._live, self._lane = live, lane
        self._newest: dict[int, Coded] = {}
        self._turns: dict[int, asyncio.Lock] = {}

    async def coded(self, view: View, mode: int) -> Coded:
        """A mode of a view, or of a newer one where that is coded already."""
        async with self._turns.setdefault(mode, asyncio.Lock()):
            found = self._newest.get(mode)
            if found is None or found.number < view.number:
                found = await self._lane.run(
                    lambda: self._coded(view, mode, self._newest.get(mode))
                )
                self._newest[mode] = found
            return found

    async def message(self, coded: Coded, known: int) -> bytes:
        """The frame for somebody who has that of `known`: a delta where one applies."""
        async with self._turns.setdefault(coded.mode, asyncio.Lock()):
            wanted = coded.delta if known and coded.base_number == known else coded.full
            return await self._lane.run(wanted)

    def _coded(self, view: View, mode: int, before: Coded | None) -> Coded:
        values, flags = view.states.frame(mode)
        base = None
        if before is not None and len(before.values) == len(values):
            base = (before.number, before.values, before.flags)
        return Coded(mode, self._live.geometry.revision, view, values, flags, base)
