"""The control room: a flood of status changes, a look-ahead verdict, a start over many entries."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from benchmarks.memory import peak_mb

from gridmend.adapters.memory import MemoryAdapter
from gridmend.formats.read import read
from gridmend.interlock.check import Bench, judge
from gridmend.model.command import World
from gridmend.model.event import Event
from gridmend.model.grid import Grid
from gridmend.model.plan import Action, Outcome, OutcomeState, Plan, Step, Verdict
from gridmend.model.situation import Situation
from gridmend.model.table import Table
from gridmend.runtime.control.opening import kept_situation, open_room
from gridmend.runtime.fold import as_document
from gridmend.runtime.historian import Historian
from gridmend.runtime.journal import Journal

RATE = 10_000
"""Status changes a second."""
FLOOD_S = 60
SWITCHES = 10_000
ENTRIES = 10_000_000
BEHIND = 10_000
"""Entries since the situation was kept last."""
REPEATS = 20
"""Verdicts on one switch, of which the least counts: the machine is shared."""
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)

FLOOD = """
{rate:,} statuses a second for {seconds} s by the clock on the wall, from adapter to journal or
historian to fold, one process, SQLite (WAL, `synchronous=FULL`); the delay is from when the field
said it to when it was durable and folded.

| statuses | recorded | delay p50 [s] | p99 [s] | worst [s] | peak memory [MB] |
|---|---:|---:|---:|---:|---:|
"""
AHEAD = """
A verdict on one switch of the 8500-node feeder, all rules and the power flow of what follows, the
present flow at hand; of each switch the least of {repeats}.

| | median [ms] | worst [ms] | within 20 ms |
|---|---:|---:|---:|
"""
START = """
| start over a journal of {entries:,} entries, the last {behind:,} after the kept situation | |
|---|---:|
| appended in batches of 10,000 [s] | {appended:.0f} |
| control room open, situation folded [s] | {opened:.2f} |
"""


class Flood:
    """A field that says statuses at a rate; every one is new where `news` is 1."""

    world = World.TRAINING

    def __init__(self, grid: Grid, news: float) -> None:
        self.names = [str(name).lower() for name in grid.switches["name"]]
        self.step = max(round(1 / news), 1)
        self.begun = float("nan")
        """When it begins to speak."""
        self.said = 0
        self.is_open = [False] * len(self.names)

    def due(self) -> float:
        """When the status to come is said [s by the clock on the wall]."""
        return self.begun + self.said / RATE

    def carry_out(self, step: Step) -> Outcome:
        """Nothing is commanded here."""
        return Outcome(step, OutcomeState.FAILED, "it does nothing")

    def events(self) -> list[Event]:
        """The statuses that are due by now."""
        found: list[Event] = []
        if np.isnan(self.begun):
            return found
        most = min(int((time.perf_counter() - self.begun) * RATE), RATE * FLOOD_S)
        while self.said < most:
            at = self.said % len(self.names)
            if self.said % self.step == 0:
                self.is_open[at] = not self.is_open[at]
            word = "open" if self.is_open[at] else "closed"
            moment = BEGIN + timedelta(microseconds=self.said * 1_000_000 // RATE)
            payload = {"device": self.names[at], "position": word}
            found.append(Event(moment, "field", "scan", "status", payload))
            self.said += 1
        return found


def chain(switches: int) -> Grid:
    """So many switches in a row behind one source."""
    empty = Grid("chain")
    buses = [f"b{k}" for k in range(switches + 1)]
    ends = {"phases1": "a b c", "phases2": "a b c"}
    rows = [
        {"name": f"S{k}", "bus1": buses[k], "bus2": buses[k + 1], **ends, "remote": True}
        for k in range(switches)
    ]
    source = {"name": "grid", "bus": "b0", "base_kv": 12.47, "x1_ohm": 0.5, "x0_ohm": 0.5}
    return empty.with_tables(
        buses=Table.from_rows(empty.buses.schema, [{"name": b, "base_kv": 12.47} for b in buses]),
        sources=Table.from_rows(empty.sources.schema, [source]),
        switches=Table.from_rows(empty.switches.schema, rows),
    )


def flood(grid: Grid, bench: Bench, *, news: float) -> str:
    """One row: statuses as they come, recorded and folded, with the delay of each."""
    delays: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        historian = Historian.open(Path(folder) / "telemetry")
        with Journal.open(Path(folder) / "journal.db") as journal, historian:
            field = Flood(grid, news)
            room = open_room(
                grid, field, journal, now=lambda: BEGIN, bench=bench, historian=historian
            )
            folded = room.sequence
            field.begun = time.perf_counter()
            while field.said < RATE * FLOOD_S:
                before = field.due()
                count = room.take_in()
                assert room.situation.sequence >= folded
                done = time.perf_counter()
                delays += [done - before - k / RATE for k in range(count)]
            historian.flush()
            entries = journal.head().sequence - folded
            samples = sum(table.num_rows for table in historian.read())
    assert entries + samples == RATE * FLOOD_S, "none is lost"
    p50, p99 = np.percentile(delays, [50, 99])
    return (
        f"| {news:.0%} new | {entries:,} + {samples:,} | {p50:.3f} | {p99:.3f} "
        f"| {max(delays):.3f} | {peak_mb():.0f} |\n"
    )


def verdicts() -> Iterator[str]:
    """Rows: how long a verdict takes, to open and to close each switch of the 8500."""
    grid = read("ieee8500")
    for row in range(len(grid.switches)):
        grid = grid.with_changed(f"switch.{grid.switches['name'][row]}", interrupts="load")
    bench = Bench.of(grid)
    for action in (Action.OPEN, Action.CLOSE):
        times: list[float] = []
        for name in (str(n) for n in grid.switches["name"]):
            snapshot = Situation.of(grid).snapshot
            if action is Action.CLOSE:
                snapshot = snapshot.with_switch(grid, name, is_open=True)
            flow = bench.solver.solve(snapshot)
            situation = Situation.of(grid, flow.snapshot)
            plan = Plan("", (Step(action, name, ""),), Verdict())
            times.append(min(_spent(bench, plan, situation, flow) for _ in range(REPEATS)))
        within = sum(spent <= 0.02 for spent in times)
        shown = f"{1e3 * np.median(times):.1f} | {1e3 * max(times):.1f}"
        yield f"| {action} | {shown} | {within} of {len(times)} |\n"


def _spent(bench: Bench, plan: Plan, situation: Situation, flow: object) -> float:
    begun = time.perf_counter()
    judge(plan, bench, situation, BEGIN, flow=flow)  # type: ignore[arg-type]
    return time.perf_counter() - begun


def start(grid: Grid, bench: Bench) -> str:
    """How long a control room takes to open over many entries."""
    names = [str(name).lower() for name in grid.switches["name"]]

    def batch(first: int, count: int) -> list[Event]:
        return [
            Event(BEGIN + timedelta(milliseconds=k), "field", "scan", "status",
                  {"device": names[k % len(names)], "position": "open" if k & 1 else "closed"})
            for k in range(first, first + count)
        ]  # fmt: skip

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        begun = time.perf_counter()
        with Journal.open(path) as journal:
            for first in range(0, ENTRIES - BEHIND, 10_000):
                journal.append(batch(first, 10_000))
            stands = replace(Situation.of(grid), sequence=journal.head().sequence)
            journal.keep(json.dumps(as_document(grid, stands)).encode(), stands.sequence)
            journal.append(batch(ENTRIES - BEHIND, BEHIND))
        appended = time.perf_counter() - begun
        begun = time.perf_counter()
        with Journal.open(path) as journal:
            assert kept_situation(grid, journal) is not None
            field = MemoryAdapter(grid, now=lambda: BEGIN)
            room = open_room(grid, field, journal, now=lambda: BEGIN, bench=bench)
            assert room.situation.sequence == ENTRIES
        opened = time.perf_counter() - begun
    return START.format(entries=ENTRIES, behind=BEHIND, appended=appended, opened=opened)


def section() -> str:
    """The control room's part of the page."""
    grid = chain(SWITCHES)
    bench = Bench.of(grid)
    text = FLOOD.format(rate=RATE, seconds=FLOOD_S)
    text += "".join(flood(grid, bench, news=news) for news in (1.0, 0.01))
    return text + start(grid, bench)


def ahead_section() -> str:
    """The part of the page on the look-ahead."""
    return AHEAD.format(repeats=REPEATS) + "".join(verdicts())


if __name__ == "__main__":
    print(section())
