"""Where segments of a recording lie: files of a folder, or memory."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, Protocol

from gridmend.model.errors import GridmendError
from gridmend.runtime.historian.folder import FolderLock
from gridmend.runtime.historian.sample import HistorianError

_NAME = re.compile(r"shown-(\d{9})\.gmrec")


class RecordingError(GridmendError):
    """A recording cannot be opened, or is none."""


class Bin(Protocol):
    """The bytes of one segment."""

    def size(self) -> int:
        """How many there are."""
        ...

    def opened(self) -> IO[bytes]:
        """To be read from the beginning."""
        ...

    def append(self, data: bytes) -> None:
        """Add bytes at the end, all or none; `OSError` where that cannot be."""
        ...

    def settle(self) -> None:
        """Nothing more comes: see that it is on the disk."""
        ...


class Place(Protocol):
    """Segments by their numbers."""

    where: str

    def numbers(self) -> list[int]:
        """Those that are there, in order."""
        ...

    def bin(self, number: int) -> Bin:
        """One of them, made where it is not there."""
        ...

    def remove(self, number: int) -> None:
        """Take one away; `OSError` where that cannot be."""
        ...

    def release(self) -> None:
        """Let others write there."""
        ...


@dataclass
class MemoryBin:
    """A segment in memory."""

    data: bytearray = field(default_factory=bytearray)

    def size(self) -> int:
        """How many bytes."""
        return len(self.data)

    def opened(self) -> IO[bytes]:
        """To be read."""
        return BytesIO(bytes(self.data))

    def append(self, data: bytes) -> None:
        """Add bytes."""
        self.data += data

    def settle(self) -> None:
        """It is where it is."""


@dataclass
class MemoryPlace:
    """Segments in memory; they are gone when the process ends."""

    bins: dict[int, MemoryBin] = field(default_factory=dict[int, MemoryBin])
    where: str = "a recording in memory"

    def numbers(self) -> list[int]:
        """Those that are there."""
        return sorted(self.bins)

    def bin(self, number: int) -> Bin:
        """One of them."""
        return self.bins.setdefault(number, MemoryBin())

    def remove(self, number: int) -> None:
        """Take one away."""
        self.bins.pop(number, None)

    def release(self) -> None:
        """Nobody else writes there."""


@dataclass(frozen=True)
class FileBin:
    """A segment in a file."""

    path: Path

    def size(self) -> int:
        """How many bytes; none where the file is gone."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def opened(self) -> IO[bytes]:
        """To be read."""
        return self.path.open("rb")

    def append(self, data: bytes) -> None:
        """Add bytes; what was written of them is taken back where not all could be."""
        before = self.size()
        try:
            with self.path.open("ab") as file:
                file.write(data)
        except OSError:
            with suppress(OSError):
                os.truncate(self.path, before)
            raise

    def settle(self) -> None:
        """Bring it to the disk."""
        with suppress(OSError), self.path.open("rb+") as file:
            os.fsync(file.fileno())


class FolderPlace:
    """Segments as files of a folder, to which one process writes."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        """Open a folder, made where it is not there. Raises `RecordingError` where it cannot be
        read or written, or another process writes to it."""
        self.folder, self.where = folder, str(folder)
        self._lock: FolderLock | None = None
        if read_only:
            if not folder.is_dir():
                raise RecordingError(
                    "there is no such folder", where=self.where, mend="check its name"
                )
            return
        try:
            self._lock = FolderLock.take(folder)
        except HistorianError as problem:
            what = problem.what.replace("this historian", "this recording")
            raise RecordingError(what, where=self.where, mend="choose another folder") from None

    def numbers(self) -> list[int]:
        """Those that are there."""
        try:
            names = [_NAME.fullmatch(path.name) for path in self.folder.iterdir()]
        except OSError:
            return []
        return sorted(int(name[1]) for name in names if name)

    def bin(self, number: int) -> Bin:
        """One of them."""
        return FileBin(self.folder / f"shown-{number:09d}.gmrec")

    def remove(self, number: int) -> None:
        """Take one away."""
        (self.folder / f"shown-{number:09d}.gmrec").unlink(missing_ok=True)

    def release(self) -> None:
        """Let others write there."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()


@contextmanager
def reading(bin: Bin) -> Iterator[IO[bytes]]:
    """A segment's bytes; `OSError` where they cannot be read."""
    file = bin.opened()
    try:
        yield file
    finally:
        file.close()
