"""Meters that are asked by the head-end: whether they have voltage, and which answers come."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import numpy as np

from gridmend.model.arrays import Ints
from gridmend.model.errors import GridError, nearest
from gridmend.model.event import Event
from gridmend.twin.agenda import Due
from gridmend.twin.streams import Streams
from gridmend.twin.telecontrol import Telecontrol
from gridmend.twin.telemetry.meters import Meters
from gridmend.twin.told import SOURCE

CAUSE = "ping"
"""What the events say of what brought them about."""
WAITING_MOST = 100_000
"""Questions that wait to leave; what comes on top is refused."""


@dataclass(eq=False)
class Pinged:
    """The head-end, which sends questions to meters over their links, and tells what came.

    Each question is told once, as `meter_pinged`: answered, at the time at which the meter had
    voltage, or unanswered after the time-out, at the time at which it was asked. No answer proves
    nothing by itself: the meter may be dark, the link down or full, the question or its answer
    lost, or the meter of a kind that cannot be asked. Questions leave in turn, so many a minute as
    the settings allow; a meter whose question waits is not asked once more.

    `number` [loads] is the endpoint of each, -1 without a meter; `refresh` brings the meters to
    now.
    """

    telecontrol: Telecontrol
    meters: Meters
    streams: Streams
    number: Ints
    refresh: Callable[[], None]
    asked: int = 0
    """Questions that have left."""
    _rows: dict[str, int] = field(init=False)
    _names: tuple[str, ...] = field(init=False)
    _waiting: deque[int] = field(default_factory=deque[int])
    _open: dict[int, Due] = field(default_factory=dict[int, Due])
    """Meters whose answer is waited for, and their time-outs."""
    _draws: dict[int, np.random.Generator] = field(default_factory=dict[int, np.random.Generator])
    _mute: dict[int, bool] = field(default_factory=dict[int, bool])
    _next: Due | None = None
    _free_s: float = -math.inf
    """When the next slot begins."""

    def __post_init__(self) -> None:
        loads = self.meters.network.grid.loads
        self._names = tuple(str(name).lower() for name in loads["name"])
        self._rows = {name: row for row, name in enumerate(self._names)}

    def ask(self, meters: Iterable[str]) -> int:
        """Ask meters, named as their loads; how many questions are taken, those under way left out.

        Raises `GridError` for a name that is at no load, or that has no meter.
        """
        rows = [self._row(name) for name in meters]
        under_way = {*self._waiting, *self._open}
        taken = [row for row in dict.fromkeys(rows) if row not in under_way]
        taken = taken[: WAITING_MOST - len(self._waiting)]
        self._waiting.extend(taken)
        self._expect()
        return len(taken)

    def _row(self, name: str) -> int:
        row = self._rows.get(name.lower(), -1)
        if row < 0:
            near = nearest(name.lower(), self._names)
            raise GridError(f"there is no meter '{name}'", mend=near or "name one of the loads")
        if self.number[row] < 0:
            raise GridError(f"'{name}' has no meter", mend="ask a load in service")
        return row

    def _expect(self) -> None:
        """Have the next questions leave as soon as the rate allows."""
        if self._waiting and self._next is None:
            agenda = self.telecontrol.plant.agenda
            self._next = agenda.at(max(agenda.now_s, self._free_s), self._send)

    def _send(self) -> None:
        plant, links = self.telecontrol.plant, self.telecontrol.links
        agenda, settings = plant.agenda, self.meters.settings
        self._next = None
        slot_s = max(1.0, 60.0 / settings.asks_per_min)
        most = max(1, int(settings.asks_per_min * slot_s / 60.0))
        self._free_s = agenda.now_s + slot_s
        rows = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        self.asked += len(rows)
        self.telecontrol.catch_up()
        arrival_s, _ = links.send_batch(self.number[rows], agenda.now_s, way="down")
        for row, there_s in zip(rows, arrival_s.tolist(), strict=True):
            give_up = partial(self._give_up, row, agenda.now_s)
            self._open[row] = agenda.after(settings.wait_s, give_up)
            if not math.isnan(there_s):
                agenda.at(there_s, partial(self._asked, row, self._open[row]))
        self._expect()

    def _asked(self, row: int, question: Due) -> None:
        """A question reaches its meter: one with supply thinks about an answer."""
        settings, draws = self.meters.settings, self._of(row)
        answers, delay = draws.random(2)
        if self._mute[row] or answers >= settings.answers or not self._has_supply(row):
            return
        agenda = self.telecontrol.plant.agenda
        agenda.after(float(delay) * settings.answer_s, partial(self._answer, row, question))

    def _answer(self, row: int, question: Due) -> None:
        """A meter that still has supply answers; its answer is not kept where the path is down."""
        if not self._has_supply(row):
            return
        plant, links = self.telecontrol.plant, self.telecontrol.links
        said = {"v_pu": round(self.meters.measured_pu(row), 4)}
        event = self._event(row, plant.now_s, answered=True, **said)
        self.telecontrol.catch_up()
        arrival_s, _ = links.send_batch(self.number[[row]], plant.now_s)
        if not math.isnan(arrival_s[0]):
            plant.agenda.at(float(arrival_s[0]), partial(self._hear, row, question, event))

    def _hear(self, row: int, question: Due, event: Event) -> None:
        """An answer arrives; one after the time-out is of no question that is open."""
        if self._open.get(row) is question:
            question.call_off()
            del self._open[row]
            self.telecontrol.hear(event)

    def _give_up(self, row: int, asked_s: float) -> None:
        del self._open[row]
        self.telecontrol.hear(self._event(row, asked_s, answered=False))

    def _has_supply(self, row: int) -> bool:
        self.refresh()
        return bool(self.meters.has_supply[row])

    def _of(self, row: int) -> np.random.Generator:
        """The draws of a meter, and whether it is of a kind that can be asked."""
        if row not in self._draws:
            name = self._names[row]
            is_askable = self.streams.of("meter", "askable", name).random()
            self._mute[row] = is_askable >= self.meters.settings.askable
            self._draws[row] = self.streams.of("meter", "asked", name)
        return self._draws[row]

    def _event(self, row: int, time_s: float, **said: Any) -> Event:
        time_utc = self.telecontrol.start_utc + timedelta(seconds=time_s)
        return Event(time_utc, SOURCE, CAUSE, "meter_pinged", {"meter": self._names[row], **said})
