"""Journal and historian as one: every line in one order, the same bytes each time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from gridmend.runtime.historian.historian import Historian
from gridmend.runtime.historian.sample import HistorianError, line_of
from gridmend.runtime.journal.journal import Journal


@dataclass
class Replayed:
    """What went by in a replay: counted, and hashed line by line."""

    entries: int = 0
    samples: int = 0
    digest: Any = field(default_factory=sha256)

    @property
    def sha256(self) -> str:
        """The sha256 of all lines so far, each with its line end."""
        return str(self.digest.hexdigest())


def replay(
    journal: Journal, historian: Historian | None = None, *, replayed: Replayed | None = None
) -> Iterator[str]:
    """Every entry's line as it was recorded, and after each the samples that followed it.

    `replayed` is told what goes by. Raises `Tampered` at an entry that is not what was recorded,
    and `HistorianError` at a damaged segment, or where samples follow an entry that is not there.
    """
    seen = replayed if replayed is not None else Replayed()
    samples = _samples(historian)
    waiting = next(samples, None)
    last = 0
    for entry in journal.read():
        while waiting is not None and waiting[0] < entry.sequence:
            yield _sample_line(waiting, seen)
            waiting = next(samples, None)
        last = entry.sequence
        seen.entries += 1
        seen.digest.update(entry.line.encode() + b"\n")
        yield entry.line
    while waiting is not None:
        if waiting[0] > last:
            raise HistorianError(
                f"sample {waiting[1]} follows entry {waiting[0]}, and the journal ends at {last}",
                where=str(historian.folder) if historian else "",
                mend="replay it with the journal that it was recorded with, and verify that",
            )
        yield _sample_line(waiting, seen)
        waiting = next(samples, None)


def _sample_line(row: tuple[Any, ...], seen: Replayed) -> str:
    line = line_of(row)
    seen.samples += 1
    seen.digest.update(line.encode() + b"\n")
    return line


def _samples(historian: Historian | None) -> Iterator[tuple[Any, ...]]:
    if historian is None:
        return
    import pyarrow as pa

    due = 1
    for table in historian.read():
        at = table.schema.get_field_index("time_utc")
        plain = table.set_column(at, "time_utc", table.column(at).cast(pa.int64()))
        for row in zip(*(column.to_pylist() for column in plain.columns), strict=True):
            if row[1] != due:
                raise HistorianError(
                    f"samples {due} to {row[1] - 1} are missing",
                    where=str(historian.folder),
                    mend="restore their segment from a copy",
                )
            due += 1
            yield row
