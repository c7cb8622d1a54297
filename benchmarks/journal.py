"""The journal: durable appends, a million entries verified, a replay with the historian."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from benchmarks.memory import peak_mb

from gridmend.model.event import Event
from gridmend.runtime.historian import Historian, Sample, replay
from gridmend.runtime.journal import Journal
from gridmend.runtime.journal.keys import new_key

SERVER = "postgresql://root@127.0.0.1:5432/test"
SCHEMA = "benchmark_journal"
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
ENTRIES = 1_000_000
SAMPLES = 1_000_000
BATCHES = (1, 10, 100, 1000, 10_000)
SPEND_S = 3.0
"""Seconds over which appends are counted."""

HEAD = """
Seconds by the clock on the wall, one process, one writer; SQLAlchemy {sqlalchemy}, SQLite {sqlite},
cryptography {cryptography}, pg8000 {pg8000}. An event's line has about {bytes} bytes. An append is
on the disk when it returns (SQLite: WAL, `synchronous=FULL`; PostgreSQL: `synchronous_commit=on`),
and each writes a signed head. This disk syncs four kilobytes in {sync_ms:.2f} ms, which bounds
appends of one event. PostgreSQL {postgresql}.

| events an append | {stores} |
|---|{rule}|
"""
VERIFIED = """
| | {stores} |
|---|{rule}|
| entries | {entries} |
| appended in batches of 10,000 [s] | {appended} |
| verified [s] | {verified} |
| read in order, each checked [s] | {read} |
| folded from the newest kept situation: found in [ms] | {kept} |

| historian, beside the journal on SQLite | |
|---|---:|
| samples added and flushed [thousand a second] | {added:.0f} |
| size [bytes a sample] | {size:.1f} |
| compacted [s] | {compacted:.2f} |
| replayed with the journal [thousand lines a second] | {replayed:.0f} |
| peak memory of the process [MB] | {peak:.0f} |
"""


def event(number: int) -> Event:
    """An event as the field gives one."""
    payload = {"device": f"Sw{number % 997}", "open": number % 2 == 0, "i_a": 0.125 * number}
    return Event(BEGIN + timedelta(seconds=number), "field", "scada", "switched", payload)


def section() -> str:
    """The tables; PostgreSQL only where one answers."""
    import sqlite3

    key = new_key()
    with tempfile.TemporaryDirectory() as name, _server() as (server, why):
        folder = Path(name)
        urls = {"SQLite": f"sqlite:///{folder / 'journal.db'}"}
        if server:
            urls["PostgreSQL"] = f"{server}?schema={SCHEMA}"
        packages = ("sqlalchemy", "cryptography", "pg8000")
        page = HEAD.format(
            **{name: version(name) for name in packages},
            sqlite=sqlite3.sqlite_version,
            bytes=len(event(1).as_line()),
            sync_ms=_sync_ms(folder),
            postgresql="is at 127.0.0.1" if server else f"was not measured: {why}",
            stores=" | ".join(f"{store}: appends/s | events/s" for store in urls),
            rule="---:|---:|" * len(urls) if len(urls) == 1 else "---:|---:|---:|---:",
        )
        for batch in BATCHES:
            cells = []
            for url in urls.values():
                rate = _appends_s(url, key, batch)
                cells.append(f"{rate:,.0f} | {rate * batch:,.0f}")
            page += f"| {batch:,} | {' | '.join(cells)} |\n"
        figures: dict[str, list[str]] = {}
        for store, url in urls.items():
            # Rows of a server come through a driver in Python: a tenth tells enough.
            entries = ENTRIES if store == "SQLite" else ENTRIES // 10
            fresh = url.replace("journal.db", "million.db").replace(SCHEMA, f"{SCHEMA}_2")
            for words, figure in _long(fresh, key, entries).items():
                figures.setdefault(words, []).append(figure)
        joined = {words: " | ".join(cells) for words, cells in figures.items()}
        million = folder / "million.db"
        return page + VERIFIED.format(
            stores=" | ".join(urls),
            rule="|".join(["---:"] * len(urls)),
            **joined,
            **_historian(million, folder / "historian"),
            peak=peak_mb(),
        )


def _appends_s(url: str, key: object, batch: int) -> float:
    with Journal.open(url, key=key) as journal:  # pyright: ignore[reportArgumentType]
        number, appends, began = 0, 0, time.perf_counter()
        while time.perf_counter() - began < SPEND_S:
            journal.append(event(number + k) for k in range(batch))
            number, appends = number + batch, appends + 1
        return appends / (time.perf_counter() - began)


def _long(url: str, key: object, entries: int) -> dict[str, str]:
    with Journal.open(url, key=key) as journal:  # pyright: ignore[reportArgumentType]
        began = time.perf_counter()
        for first in range(0, entries, 10_000):
            journal.append(event(first + k) for k in range(10_000))
        appended = time.perf_counter() - began
        journal.keep(b"x" * 1_000_000, entries - 100)
        began = time.perf_counter()
        found = journal.verify()
        verified = time.perf_counter() - began
        assert found.ok
        assert found.entries == entries
        began = time.perf_counter()
        assert sum(1 for _ in journal.read()) == entries
        read = time.perf_counter() - began
        began = time.perf_counter()
        kept = journal.kept()
        assert len(list(journal.read(after=kept.sequence))) == 100
        found_ms = (time.perf_counter() - began) * 1e3
    return {
        "entries": f"{entries:,}",
        "appended": f"{appended:.1f}",
        "verified": f"{verified:.2f}",
        "read": f"{read:.2f}",
        "kept": f"{found_ms:.0f}",
    }


def _historian(store: Path, folder: Path) -> dict[str, float]:
    samples = (
        Sample(k, BEGIN + timedelta(milliseconds=k), "rtu", f"p{k % 500}", 0.1 * k)
        for k in range(SAMPLES)
    )
    with (
        Historian.open(folder) as historian,
        Journal.open(store, read_only=True) as journal,
    ):
        began = time.perf_counter()
        historian.add(samples)
        historian.flush()
        added = time.perf_counter() - began
        began = time.perf_counter()
        historian.compact()
        compacted = time.perf_counter() - began
        size = sum(path.stat().st_size for path in folder.glob("*.parquet"))
        began = time.perf_counter()
        lines = sum(1 for _ in replay(journal, historian))
        replayed = time.perf_counter() - began
    return {
        "added": SAMPLES / added / 1e3,
        "size": size / SAMPLES,
        "compacted": compacted,
        "replayed": lines / replayed / 1e3,
    }


def _sync_ms(folder: Path) -> float:
    times = []
    with (folder / "sync").open("wb") as file:
        for _ in range(50):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    return sorted(times)[25] * 1e3


@contextmanager
def _server() -> Iterator[tuple[str, str]]:
    """A PostgreSQL that answers, its schemas dropped before and after; else why there is none."""
    import pg8000.dbapi

    user = re.findall(r"//(\w+)@", SERVER)[0]
    try:
        connection = pg8000.dbapi.connect(user, host="127.0.0.1", database="test", timeout=30)
    except Exception as problem:
        yield "", str(problem).splitlines()[0]
        return
    connection.autocommit = True
    drop = f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE", f"DROP SCHEMA IF EXISTS {SCHEMA}_2 CASCADE"
    try:
        for statement in drop:
            connection.cursor().execute(statement)
        yield SERVER, ""
        for statement in drop:
            connection.cursor().execute(statement)
    finally:
        connection.close()
