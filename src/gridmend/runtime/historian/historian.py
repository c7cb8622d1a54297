"""The historian: samples buffered, written as segments, queried in place, compacted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from gridmend.runtime.historian.folder import FolderLock, swept
from gridmend.runtime.historian.sample import HistorianError, Sample, check_sample, time_us
from gridmend.runtime.historian.segments import (
    last_entry,
    listing,
    schema,
    small_runs,
    tables_of,
    write_segment,
)

if TYPE_CHECKING:
    import pyarrow as pa

BUFFER_ROWS = 65_536
"""Samples that are held in memory; more are written as a segment at once."""
SEGMENT_ROWS = 4_000_000
"""Samples that a compacted segment has at most."""
_READ_AGAIN = 3
"""Times that a reader looks again at a folder that is compacted under its eyes."""


def _no_pause(point: str) -> None:
    del point


class Historian:
    """A folder of samples that is open; made by `open`, and best used in a `with` statement."""

    def __init__(
        self,
        folder: Path,
        lock: FolderLock | None,
        *,
        buffer_rows: int,
        pause: Callable[[str], None],
        told: Sequence[str],
    ) -> None:
        self.folder = folder
        self._lock = lock
        self._pause = pause
        self._buffer_rows = buffer_rows
        self._turn = RLock()
        self._rows: list[tuple[Any, ...]] = []
        segments = listing(folder).segments
        self._written = segments[-1].last if segments else 0
        self._after, self.told = 0, tuple(told)
        if segments and lock:
            try:
                self._after = last_entry(segments[-1])
            except HistorianError as problem:
                # Telemetry goes on where an old segment is damaged; whoever reads it is refused.
                self.told += (f"{segments[-1].path.name}: {problem.what}",)

    @classmethod
    def open(
        cls,
        folder: str | Path,
        *,
        read_only: bool = False,
        buffer_rows: int = BUFFER_ROWS,
        pause: Callable[[str], None] | None = None,
    ) -> Historian:
        """Open a folder, made where it is not there; one process at a time writes to it.

        What a crash left is removed, and `told` says so, as it says which samples are missing.
        `pause` is for tests, called at each of `segments.FAIL_POINTS`.

        Raises `HistorianError` where it is no folder, cannot be written or is written to.
        """
        path = Path(folder)
        if path.exists() and not path.is_dir():
            raise HistorianError(
                f"{path} is a file, not a folder", where=str(path), mend="name a folder"
            )
        if not path.is_dir() and read_only:
            raise HistorianError("there is no such folder", where=str(path), mend="check its name")
        lock = None
        if not read_only:
            lock = FolderLock.take(path)
        try:
            told = swept(path, remove=not read_only)
            called = pause or _no_pause
            return cls(path, lock, buffer_rows=buffer_rows, pause=called, told=told)
        except BaseException:
            if lock:
                lock.release()
            raise

    @property
    def buffered(self) -> int:
        """Samples that are not on the disk yet."""
        return len(self._rows)

    @property
    def after(self) -> int:
        """The journal entry that the last sample follows."""
        return self._rows[-1][0] if self._rows else self._after

    def add(self, samples: Iterable[Sample]) -> None:
        """Take samples, in the order in which they came; `flush` brings them to the disk.

        Where the buffer is full it is written at once. Raises `HistorianError` for a sample that
        cannot be kept or that follows an earlier journal entry than the one before; those before
        it are taken.
        """
        self._check_writing()
        with self._turn:
            for sample in samples:
                check_sample(sample)
                before = self.after
                if sample.after < before:
                    raise HistorianError(
                        f"the sample of '{sample.point}' follows entry {sample.after}, and the one"
                        f" before it entry {before}",
                        where=f"source {sample.source}",
                        mend="give samples in the order in which they came",
                    )
                row = (
                    sample.after, time_us(sample.time_utc), sample.source, sample.point,
                    float(sample.value), sample.quality,
                )  # fmt: skip
                if len(self._rows) >= self._buffer_rows:
                    self._write()
                self._rows.append(row)

    def flush(self) -> int:
        """Bring all samples to the disk, and return the number of the last one that is there."""
        self._check_writing()
        with self._turn:
            if self._rows:
                self._write()
            return self._written

    def read(
        self,
        points: Iterable[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[pa.Table]:
        """The samples on the disk in their order, as tables of a bounded number of rows.

        Of all points or of these; from `since` on, up to but without `until`. The files are read
        in place, and parts of them that cannot hold what is asked are passed over. Raises
        `HistorianError` where a segment is damaged.
        """
        wanted = _filter(points, since, until)
        done = 0
        for attempt in range(_READ_AGAIN):
            try:
                for segment in listing(self.folder).segments:
                    if segment.last <= done:
                        continue
                    if segment.first <= done:
                        # Compacted meanwhile: its first samples were given already.
                        narrowed = _filter(points, since, until, beyond=done)
                    else:
                        narrowed = wanted
                    yield from tables_of(segment, narrowed)
                    done = segment.last
                return
            except FileNotFoundError:
                if attempt == _READ_AGAIN - 1:
                    raise HistorianError(
                        "the folder changes while it is read",
                        where=str(self.folder),
                        mend="read again when its compaction is done",
                    ) from None

    def compact(self, most: int = SEGMENT_ROWS) -> int:
        """Join small neighbours into segments of at most `most` samples; how many files went.

        What is read, and replayed, stays the same byte for byte.
        """
        self._check_writing()
        with self._turn:
            gone = 0
            for run in small_runs(listing(self.folder).segments, most):
                tables = (table for segment in run for table in tables_of(segment))
                write_segment(self.folder, run[0].first, run[-1].last, tables, self._pause)
                self._pause("compaction: named")
                for segment in run:
                    segment.path.unlink()
                    self._pause("compaction: one removed")
                gone += len(run)
            return gone

    def close(self) -> None:
        """Flush, and let the folder go."""
        if self._lock:
            try:
                self.flush()
            finally:
                self._lock.release()
                self._lock = None

    def __enter__(self) -> Historian:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self) -> None:
        import pyarrow as pa

        first, last = self._written + 1, self._written + len(self._rows)
        after, *others = zip(*self._rows, strict=True)
        columns = (after, range(first, last + 1), *others)
        arrays = [pa.array(c, f.type) for c, f in zip(columns, schema(), strict=True)]
        table = pa.Table.from_arrays(arrays, schema=schema())
        write_segment(self.folder, first, last, [table], self._pause)
        self._written, self._after = last, after[-1]
        self._rows.clear()

    def _check_writing(self) -> None:
        if self._lock is None:
            raise HistorianError(
                "the historian was opened read-only, or is closed",
                where=str(self.folder),
                mend="open it for writing",
            )


def _filter(
    points: Iterable[str] | None,
    since: datetime | None,
    until: datetime | None,
    beyond: int = 0,
) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    parts: list[Any] = []
    if points is not None:
        named = [points] if isinstance(points, str) else list(points)
        parts.append(pc.field("point").isin(pa.array(named, pa.string())))
    stamp = pa.timestamp("us", tz="UTC")
    if since is not None:
        parts.append(pc.field("time_utc") >= pa.scalar(time_us(since), stamp))
    if until is not None:
        parts.append(pc.field("time_utc") < pa.scalar(time_us(until), stamp))
    if beyond:
        parts.append(pc.field("number") > beyond)
    found = None
    for part in parts:
        found = part if found is None else found & part
    return found
