"""Segments: the historian's Parquet files, each whole under its name or not there."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridmend.runtime.historian.sample import HistorianError
from gridmend.runtime.journal.keys import sync_folder

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("after", "number", "time_utc", "source", "point", "value", "quality")
TEMPORARY = ".tmp"
FAIL_POINTS = (
    "segment: written",
    "segment: on the disk",
    "segment: named",
    "compaction: named",
    "compaction: one removed",
)
"""Where tests kill a process that writes."""
ROWS_AT_ONCE = 65_536
"""Rows of a segment that are held at a time while it is read."""
_NAME = re.compile(r"samples-(\d{19})-(\d{19})\.parquet")


@dataclass(frozen=True, slots=True)
class Segment:
    """One file: the numbers of its first and last sample."""

    path: Path
    first: int
    last: int

    @property
    def rows(self) -> int:
        """How many samples it has."""
        return self.last - self.first + 1

    def covers(self, other: Segment) -> bool:
        """Whether all samples of another are in this one."""
        return self.first <= other.first and other.last <= self.last


@dataclass(frozen=True, slots=True)
class Listing:
    """What a folder holds: segments in order, what a crash left, and what is wrong.

    `unfinished` are files that never got their name, `covered` segments whose samples are all in
    a longer one, each with that.
    """

    segments: tuple[Segment, ...]
    unfinished: tuple[Path, ...]
    covered: tuple[tuple[Segment, Segment], ...]
    problems: tuple[str, ...]


def schema() -> pa.Schema:
    """The columns of every segment."""
    import pyarrow as pa

    kinds = (
        pa.int64(), pa.int64(), pa.timestamp("us", tz="UTC"),
        pa.string(), pa.string(), pa.float64(), pa.string(),
    )  # fmt: skip
    return pa.schema([pa.field(n, k, nullable=False) for n, k in zip(COLUMNS, kinds, strict=True)])


def segment_path(folder: Path, first: int, last: int) -> Path:
    """The name of a segment."""
    return folder / f"samples-{first:019d}-{last:019d}.parquet"


def listing(folder: Path) -> Listing:
    """What is there. A segment whose samples are all in a longer one was compacted."""
    found: list[Segment] = []
    unfinished: list[Path] = []
    for path in sorted(folder.iterdir()):
        name = _NAME.fullmatch(path.name)
        if name:
            found.append(Segment(path, int(name[1]), int(name[2])))
        elif path.name.endswith(TEMPORARY):
            unfinished.append(path)
    found.sort(key=lambda segment: (segment.first, -segment.last))
    kept: list[Segment] = []
    covered: list[tuple[Segment, Segment]] = []
    problems: list[str] = []
    for segment in found:
        if kept and kept[-1].covers(segment):
            covered.append((segment, kept[-1]))
            continue
        due = kept[-1].last + 1 if kept else 1
        if segment.first != due:
            lack = f"samples {due} to {segment.first - 1} are missing before it"
            twice = f"it has samples again that {kept[-1].path.name if kept else ''} has"
            problems.append(f"{segment.path.name}: {lack if segment.first > due else twice}")
        kept.append(segment)
    return Listing(tuple(kept), tuple(unfinished), tuple(covered), tuple(problems))


def write_segment(
    folder: Path,
    first: int,
    last: int,
    tables: Iterable[pa.Table],
    pause: Callable[[str], None],
) -> Segment:
    """Write a file beside its place, bring it to the disk and name it; durable on return."""
    import pyarrow.parquet as pq

    path = segment_path(folder, first, last)
    temporary = path.with_name(path.name + TEMPORARY)
    try:
        with (
            temporary.open("wb") as file,
            pq.ParquetWriter(
                file, schema(), compression="zstd", write_page_checksum=True
            ) as writer,
        ):
            for table in tables:
                writer.write_table(table)
        pause("segment: written")
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        pause("segment: on the disk")
        temporary.replace(path)
        sync_folder(folder)
        pause("segment: named")
    except OSError as problem:
        raise HistorianError(
            f"samples {first} to {last} cannot be written:"
            f" {(problem.strerror or str(problem)).lower()}",
            where=str(folder),
            mend="free space there or mend its permissions, and flush again: they are held",
        ) from problem
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return Segment(path, first, last)


def tables_of(segment: Segment, filter: Any = None) -> Iterator[pa.Table]:
    """A segment's samples in order, a bounded part at a time, those that pass the filter.

    Raises `HistorianError` where the file is damaged.
    """
    import pyarrow as pa
    import pyarrow.dataset as ds

    options = ds.ParquetFragmentScanOptions(page_checksum_verification=True)
    kind = ds.ParquetFileFormat(default_fragment_scan_options=options)
    try:
        data = ds.dataset(segment.path, format=kind, schema=schema())
        if data.count_rows() != segment.rows:
            raise ValueError(f"it has {data.count_rows()} samples, not {segment.rows}")
        batches = data.to_batches(
            columns=list(COLUMNS), filter=filter, batch_size=ROWS_AT_ONCE, use_threads=False
        )
        for batch in batches:
            if batch.num_rows:
                yield pa.Table.from_batches([batch])
    except FileNotFoundError:
        raise
    except (OSError, ValueError, pa.ArrowException) as problem:
        raise damaged(segment.path, problem) from problem


def last_entry(segment: Segment) -> int:
    """The journal entry that a segment's last sample follows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(segment.path, page_checksum_verification=True) as file:
            group = file.read_row_group(file.num_row_groups - 1, columns=["after"])
            return int(group.column("after")[-1].as_py())
    except (OSError, ValueError, IndexError, KeyError, pa.ArrowException) as problem:
        raise damaged(segment.path, problem) from problem


def damaged(path: Path, problem: object) -> HistorianError:
    """The error that names a damaged segment."""
    return HistorianError(
        f"a segment of the historian is damaged: {str(problem).splitlines()[0][:200]}",
        where=str(path),
        mend="restore this file from a copy; the others can be read without it once it is away",
    )


def small_runs(segments: Sequence[Segment], most: int) -> Iterator[list[Segment]]:
    """Neighbours that fit together into one segment of at most so many samples."""
    run: list[Segment] = []
    for segment in segments:
        is_next = not run or run[-1].last + 1 == segment.first
        if is_next and sum(s.rows for s in run) + segment.rows <= most:
            run.append(segment)
            continue
        if len(run) > 1:
            yield run
        run = [segment]
    if len(run) > 1:
        yield run
