"""Customers who call when their supply goes, and those who call for other reasons."""

from __future__ import annotations

import heapq
import math

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import GridError
from gridmend.twin.people.addresses import Addresses
from gridmend.twin.people.call import TEXTS, Call, CallKind, Counts
from gridmend.twin.people.customers import Customers
from gridmend.twin.people.draws import Draws
from gridmend.twin.people.habits import Habits
from gridmend.twin.people.waking import awake_from
from gridmend.twin.streams import Streams

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

YEAR_S = 365 * 86400.0
_SECOND_US = 1_000_000


# Reasons for which a customer may be about to call, one call each at a time.
_OUTAGE, _DENIAL, _COMPLAINT, _OWN_FUSE, _TROUBLE = range(5)
_KINDS = tuple(CallKind(k) for k in ("outage", "denial", "complaint", "own_fuse", "trouble"))


class Callers:
    """All customers and the calls that are to come; a state machine, changed in place.

    Tell it who loses supply (`interrupted`) and gets it back (`restored`), ask when something is
    due (`due_s`) and have it (`act`). Who is back before calling does not call. Each draw belongs
    to a purpose, a customer and the number of its interruption, so that taking a habit away
    leaves the others' calls as they were. Bounded: a customer has at most one call to come for
    each of five reasons.
    """

    def __init__(self, customers: Customers, habits: Habits, streams: Streams) -> None:
        size = len(customers)
        self.customers = customers
        self.habits = habits
        self.out: Flags = np.zeros(size, bool)
        self.out_since_s: Floats = np.full(size, np.nan)
        self._draws = Draws(streams, size)
        self._count: Ints = np.zeros(size, np.int64)
        self._calls: Ints = np.zeros(size, np.int64)
        self._token: Ints = np.zeros((len(_KINDS), size), np.int64)
        self._waits: Flags = np.zeros((len(_KINDS), size), bool)
        self._last_us: Ints = np.full(size, -1, np.int64)
        self._heap: list[tuple[int, int, int, int]] = []
        self._again: dict[int, list[float]] = {}
        """When who has called will call again, if still without supply."""
        self._unread: list[Call] = []
        self._now_us = 0
        self._planned = self._made = self._called_off = 0
        self._awake = np.array(habits.awake)
        self._share = np.array(habits.call_share)
        self._addresses = Addresses(customers, habits, self._draws)
        self._others = {
            reason: (streams.of("people", "calls", _KINDS[reason].value), rate)
            for reason, rate in (
                (_OWN_FUSE, habits.own_fuse_per_year),
                (_TROUBLE, habits.trouble_per_year),
            )
        }
        for reason in self._others:
            self._plan_other(reason, 0.0)

    def interrupted(self, now_s: float, lost: Flags) -> None:
        """Customers lose supply; `lost` [customers] flags those who do so now.

        Raises `GridError` for a time before the last, flags of another length, and who is out.
        """
        rows = self._rows(now_s, lost, out=False)
        for reason in (_DENIAL, _COMPLAINT):
            self._call_off(reason, rows)
        self.out[rows] = True
        self.out_since_s[rows] = now_s
        self._count[rows] += 1
        self._calls[rows] = 0
        who = self._draws.uniform("who", rows, self._count[rows])
        callers = rows[who < self._share[self.customers.kind[rows]]]
        self._plan_calls(callers)

    def restored(self, now_s: float, back: Flags) -> None:
        """Customers get supply back; `back` [customers] flags those who do so now.

        Raises `GridError` for a time before the last, flags of another length, and who is not out.
        """
        rows = self._rows(now_s, back, out=True)
        self._call_off(_OUTAGE, rows)
        for row in rows.tolist():
            self._again.pop(row, None)
        counts, h = self._count[rows], self.habits
        lasted_s = now_s - self.out_since_s[rows]
        self.out[rows] = False
        self.out_since_s[rows] = np.nan
        denies = self._draws.uniform("deny", rows, counts) < h.deny_share
        complains = self._draws.uniform("complain", rows, counts) < h.complain_share
        complains &= lasted_s >= 3600 * h.complain_after_h
        for reason, name, picked, median_s in (
            (_DENIAL, "deny_delay", rows[denies], h.deny_s),
            (_COMPLAINT, "complain_delay", rows[complains], h.complain_s),
        ):
            since_s = np.full(len(picked), now_s)
            self._plan(reason, picked, self._when(name, picked, since_s, median_s, h.after_sigma))

    def due_s(self) -> float:
        """When something is due next [s]; inf where nothing is. It may come to no call."""
        while self._heap and not self._stands(self._heap[0]):
            heapq.heappop(self._heap)
        if self._unread:
            return self._unread[0].time_s
        return self._heap[0][0] / 1e6 if self._heap else math.inf

    def act(self, now_s: float) -> tuple[Call, ...]:
        """The calls that have been made up to now and were not given yet, in order of time."""
        self._take_due(now_s)
        made, self._unread = tuple(self._unread), []
        return made

    def counts(self) -> Counts:
        """What became of the calls that were planned."""
        waiting = int(self._waits.sum())
        return Counts(self._planned, self._made, self._called_off, waiting)

    def _rows(self, now_s: float, flags: Flags, *, out: bool) -> Ints:
        flags = np.asarray(flags)
        if flags.dtype != np.bool_ or flags.shape != self.out.shape:
            raise GridError(
                f"flags of customers have the shape {flags.shape} and the type {flags.dtype}",
                mend=f"give {len(self.out)} booleans, one for each customer",
            )
        rows = np.flatnonzero(flags)
        wrong = rows[self.out[rows] != out]
        if len(wrong):
            names = ", ".join(self.customers.names[int(row)] for row in wrong[:5])
            raise GridError(
                f"{names} {'have' if out else 'are without'} supply already at {now_s:g} s",
                mend="flag only those for whom it changes now",
            )
        self._take_due(now_s)
        return rows.astype(np.int64)

    def _stands(self, entry: tuple[int, int, int, int]) -> bool:
        _, row, reason, token = entry
        return bool(self._waits[reason, row]) and int(self._token[reason, row]) == token

    def _take_due(self, now_s: float) -> None:
        if not (math.isfinite(now_s) and round(now_s * 1e6) >= self._now_us):
            raise GridError(
                f"calls at {now_s} s are asked for, and it is {self._now_us / 1e6:g} s",
                mend="give times that do not go back",
            )
        now_us = round(now_s * 1e6)
        while self._heap and self._heap[0][0] <= now_us:
            entry = heapq.heappop(self._heap)
            if self._stands(entry):
                self._now_us = max(self._now_us, entry[0])
                self._make(*entry[:3])
        self._now_us = now_us

    def _make(self, time_us: int, row: int, reason: int) -> None:
        if time_us <= self._last_us[row]:
            # One telephone: a call that falls upon another of the customer comes a second later.
            later = int(self._last_us[row]) + _SECOND_US
            heapq.heappush(self._heap, (later, row, reason, int(self._token[reason, row])))
            return
        self._waits[reason, row] = False
        time_s, other = time_us / 1e6, reason in self._others
        if other and self.out[row]:
            # Whoever has no supply notices neither a fuse nor a flicker.
            self._called_off += 1
        else:
            repeat = reason == _OUTAGE and self._calls[row] > 0
            kind = CallKind.REPEAT if repeat else _KINDS[reason]
            name = self.customers.names[row]
            said = name if other else self._addresses.said(row, int(self._count[row]))
            self._unread.append(Call(time_s, said, name, kind, TEXTS[kind]))
            self._made += 1
            self._last_us[row] = time_us
        if other:
            self._plan_other(reason, time_s)
        elif reason == _OUTAGE:
            self._calls[row] += 1
            if again := self._again.get(row):
                self._plan_one(_OUTAGE, row, again.pop(0))

    def _plan_calls(self, rows: Ints) -> None:
        """The first calls about an interruption, and when each caller will call again."""
        h = self.habits
        since_s = np.full(len(rows), self._now_us / 1e6)
        times_s = self._when("delay", rows, since_s, h.delay_s, h.delay_sigma)
        self._plan(_OUTAGE, rows, times_s)
        for part in range(1, h.repeats_most + 1):
            draws = self._draws.uniform("repeat", rows, self._count[rows], part)
            again = draws < h.repeat_share
            rows, times_s = rows[again], times_s[again]
            times_s = self._when("repeat_gap", rows, times_s, h.repeat_s, h.repeat_sigma, part)
            for row, time_s in zip(rows.tolist(), times_s.tolist(), strict=True):
                self._again.setdefault(row, []).append(time_s)

    def _plan_other(self, reason: int, time_s: float) -> None:
        """The next call of all customers together that has nothing to do with an interruption."""
        generator, rate = self._others[reason]
        if rate == 0 or not self._awake.any():
            return
        for _ in range(10_000):
            time_s += generator.exponential(YEAR_S / (rate * len(self.out)))
            row = int(generator.integers(len(self.out)))
            level = generator.random()
            hour = int(self.habits.clock_h + time_s / 3600) % 24
            if level < self._awake[self.customers.kind[row], hour]:
                self._plan_one(reason, row, time_s)
                return

    def _when(
        self,
        purpose: str,
        rows: Ints,
        since_s: Floats,
        median_s: float,
        sigma: float,
        part: int = 0,
    ) -> Floats:
        """[rows] when they call [s]: a delay after a time, or after waking; inf for never."""
        counts = self._count[rows]
        delay_s = median_s * np.exp(sigma * self._draws.normal(purpose, rows, counts, part))
        level = self._draws.uniform("awake", rows, counts)
        share, clock_h = self._awake[self.customers.kind[rows]], self.habits.clock_h
        started_s = awake_from(share, level, since_s, clock_h=clock_h)
        first_s = started_s + delay_s
        awake_s = awake_from(share, level, first_s, clock_h=clock_h)
        # Who falls asleep before calling calls a while after waking.
        return np.where(awake_s > first_s, awake_s + delay_s, first_s)

    def _plan(self, reason: int, rows: Ints, times_s: Floats) -> None:
        for row, time_s in zip(rows.tolist(), times_s.tolist(), strict=True):
            self._plan_one(reason, row, time_s)
        waiting = self._planned - self._made - self._called_off
        if len(self._heap) > 2 * waiting + 1000:
            self._heap = [entry for entry in self._heap if self._stands(entry)]
            heapq.heapify(self._heap)

    def _plan_one(self, reason: int, row: int, time_s: float) -> None:
        if math.isinf(time_s):
            return
        self._token[reason, row] += 1
        self._waits[reason, row] = True
        self._planned += 1
        # At least a moment later, however short the delay.
        time_us = max(round(time_s * 1e6), self._now_us + 1)
        heapq.heappush(self._heap, (time_us, row, reason, int(self._token[reason, row])))

    def _call_off(self, reason: int, rows: Ints) -> None:
        self._called_off += int(self._waits[reason, rows].sum())
        self._waits[reason, rows] = False
