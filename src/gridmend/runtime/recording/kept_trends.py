"""Trends in the historian's Parquet files, a folder a day, so that they outlast the process."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gridmend.runtime.historian import Historian, HistorianError, Sample
from gridmend.runtime.live.trends import Trends

KEEP_DAYS = 8
"""Folders that are kept; the oldest go whole."""
FLUSH_S = 600.0
"""How often samples are brought to the disk: a crash loses so much of them at most."""
FLUSH_ROWS = 50_000
SOURCE = "trends"
_NAME = re.compile(r"\d{4}-\d{2}-\d{2}")


class KeptTrends:
    """It takes the samples that a room's trends have not kept yet, and brings back old ones.

    All is done in the thread that calls, which is not the room's. Raises `HistorianError` where
    nothing can be written.
    """

    def __init__(self, folder: Path, trends: Trends) -> None:
        self.folder, self.trends = folder, trends
        self.told: tuple[str, ...] = ()
        self._day: date | None = None
        self._open: Historian | None = None
        self._flushed_s = 0.0

    def keep(self, sequence: int) -> None:
        """Take what is new; `sequence` is the last entry of the journal."""
        names = list(self.trends.units)
        while self.trends.unkept:
            time_s, row = self.trends.unkept[0]
            at = datetime.fromtimestamp(time_s, UTC)
            historian = self._of(at)
            historian.add(
                Sample(max(sequence, historian.after), at, SOURCE, name, float(value),
                       "good" if np.isfinite(value) else "unknown")
                for name, value in zip(names, row, strict=True)
            )  # fmt: skip
            self.trends.unkept.popleft()
            if time_s - self._flushed_s > FLUSH_S or historian.buffered > FLUSH_ROWS:
                self._flushed_s = time_s
                historian.flush()

    def close(self) -> None:
        """Bring everything to the disk."""
        opened, self._open = self._open, None
        if opened is not None:
            try:
                # First what would be lost; joining files anew may fail and loses nothing.
                opened.flush()
                opened.compact()
            finally:
                opened.close()

    def _of(self, at: datetime) -> Historian:
        day = at.date()
        if self._open is None or self._day != day:
            self.close()
            self._sweep(day)
            self._open = Historian.open(self.folder / day.isoformat())
            self._day = day
        return self._open

    def _sweep(self, today: date) -> None:
        oldest = today - timedelta(days=KEEP_DAYS - 1)
        for day, folder in days_of(self.folder):
            if day < oldest:
                shutil.rmtree(folder, ignore_errors=True)

    def bring_back(self) -> None:
        """Read what was kept, as much as trends hold; days that are damaged are passed over."""
        told: list[str] = []
        column = {name: k for k, name in enumerate(self.trends.units)}
        found: dict[float, NDArray[np.float32]] = {}
        for day, folder in reversed(days_of(self.folder)):
            if len(found) >= self.trends.samples_most:
                break
            try:
                _read(folder, column, found)
            except HistorianError as problem:
                told.append(f"the trends of {day} cannot be read: {problem.what}")
        times = sorted(found)[-self.trends.samples_most :]
        if times:
            self.trends.remember(np.array(times), np.stack([found[time] for time in times]))
        self.told = tuple(told)


def days_of(folder: Path) -> list[tuple[date, Path]]:
    """The days of a folder, in order."""
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if _NAME.fullmatch(path.name)]
    return sorted((day, path) for path in found for day in _day(path.name))


def _day(name: str) -> Iterator[date]:
    try:
        yield date.fromisoformat(name)
    except ValueError:
        return


def _read(folder: Path, column: dict[str, int], found: dict[float, NDArray[np.float32]]) -> None:
    """The samples of a day as rows, by their times; figures that there are no more are left out."""
    stamps: list[NDArray[np.int64]] = []
    places: list[NDArray[np.int64]] = []
    values: list[NDArray[np.float64]] = []
    with Historian.open(folder, read_only=True) as historian:
        for table in historian.read():
            points = table.column("point").combine_chunks().dictionary_encode()
            known = np.array([column.get(name, -1) for name in points.dictionary.to_pylist()])
            places.append(known[points.indices.to_numpy()])
            times = table.column("time_utc").to_numpy()
            stamps.append(times.astype("datetime64[us]").astype(np.int64))
            values.append(table.column("value").to_numpy())
    if not stamps:
        return
    place = np.concatenate(places)
    unique, row = np.unique(np.concatenate(stamps), return_inverse=True)
    rows = np.full((len(unique), len(column)), np.nan, np.float32)
    rows[row[place >= 0], place[place >= 0]] = np.concatenate(values)[place >= 0]
    found.update(zip((unique / 1e6).tolist(), rows, strict=True))
