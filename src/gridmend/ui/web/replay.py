"""Situations of the journal found again by time, and what there is to replay."""

from __future__ import annotations

import math
import threading
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

from gridmend.model.grid import Grid
from gridmend.model.situation import Situation
from gridmend.runtime.fold import Folding
from gridmend.runtime.journal import Journal
from gridmend.runtime.recording import Recording
from gridmend.ui.web.answers.history import CurveAnswer, MarkAnswer, Span

EVERY = 2000
"""Entries from one situation that is kept to the next."""
MARKS_MOST = 300
CURVE_POINTS = 400
NEAR = timedelta(minutes=2)
KEPT_MOST = 128
"""Situations that are kept; where there are more, every second one goes."""


@dataclass(frozen=True, slots=True)
class _Kept:
    time_s: float
    situation: Situation


@dataclass(eq=False)
class Replay:
    """Situations of a journal that is written meanwhile, found again by time."""

    grid: Grid
    _kept: list[_Kept] = field(default_factory=list[_Kept])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def at(self, journal: Journal, time: datetime) -> Situation:
        """What was known at a time: all entries before the first that is later."""
        time_s = time.timestamp()
        with self._lock:
            found = bisect_right([kept.time_s for kept in self._kept], time_s)
            start = self._kept[found - 1] if found else None
        situation = start.situation if start is not None else Situation.of(self.grid)
        folding, latest_s = Folding(self.grid, situation), 0.0
        for count, entry in enumerate(journal.read(situation.sequence), 1):
            event = entry.event
            latest_s = max(latest_s, event.time_utc.timestamp())
            if latest_s > time_s:
                break
            folding.add(event, entry.sequence)
            if count % EVERY == 0:
                self._keep(_Kept(latest_s, folding.situation()))
        return folding.situation()

    def _keep(self, one: _Kept) -> None:
        with self._lock:
            known = [kept.situation.sequence for kept in self._kept]
            at = bisect_right(known, one.situation.sequence)
            if at and known[at - 1] == one.situation.sequence:
                return
            self._kept.insert(at, one)
            if len(self._kept) > KEPT_MOST:
                self._kept = self._kept[::2]


def span(journal: Journal) -> tuple[datetime | None, datetime | None]:
    """When the first and the last entry are."""
    last = journal.length()
    if not last:
        return None, None
    first = next(islice(journal.read(0, 1), 1)).event.time_utc
    return first, next(islice(journal.read(last - 1, last), 1)).event.time_utc


def span_of(
    recording: Recording, told: tuple[datetime | None, datetime | None], now: datetime | None
) -> Span:
    """What there is to replay, where the journal tells of the times between `told`; `now` is the
    time of a room that goes on."""
    held = recording.span_s()
    first, last = (_after(held[0]), _time(held[1])) if held else (None, None)
    marks, left_out = recording.marks(MARKS_MOST)
    curve = recording.curve(CURVE_POINTS)
    unsure = list(recording.told)
    if left_out:
        unsure.append(f"{left_out} earlier marks are left out")
    begun = told[0]
    if first is not None and begun is not None and first - begun < NEAR:
        begun = first  # what a room writes before its first view
    starts = [one for one in (first, begun) if one is not None]
    ends = [one for one in (last, told[1], now if held else None) if one is not None]
    return Span(
        start=min(starts, default=None), end=max(ends, default=None),
        recorded_start=first, recorded_end=last,
        marks=[MarkAnswer(time=_after(m.time_s), kind=m.kind, text=m.text) for m in marks],
        curve=CurveAnswer(
            times=[_time(time_s) for time_s in curve.times_s],
            customers_out=list(curve.customers_out),
        ),
        unsure=unsure,
    )  # fmt: skip


def _time(time_s: float) -> datetime:
    return datetime.fromtimestamp(time_s, UTC)


def _after(time_s: float) -> datetime:
    """The next whole millisecond: a browser cuts off what is finer, and would come too early."""
    return _time(math.ceil(time_s * 1000) / 1000)
