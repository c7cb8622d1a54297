"""The historian's folder: one writer at a time, and what a crash left in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gridmend.runtime.historian.sample import HistorianError
from gridmend.runtime.historian.segments import Segment, listing, tables_of

_LOCK = "writer.lock"


@dataclass(frozen=True)
class FolderLock:
    """The folder held by this process; the system lets go of it when the process ends."""

    file: IO[bytes]

    @classmethod
    def take(cls, folder: Path) -> FolderLock:
        """Hold the folder, made where it is not there, or raise `HistorianError`."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = (folder / _LOCK).open("a+b")
        except OSError as problem:
            raise HistorianError(
                f"nothing can be written there: {(problem.strerror or str(problem)).lower()}",
                where=str(folder),
                mend="choose another folder, or open it read-only",
            ) from None
        try:
            _lock(file.fileno())
        except OSError:
            file.close()
            raise HistorianError(
                "another process writes to this historian",
                where=str(folder),
                mend="stop it first, or open the historian read-only",
            ) from None
        return cls(file)

    def release(self) -> None:
        """Let the folder go."""
        self.file.close()


def _lock(descriptor: int) -> None:
    if os.name == "posix":
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    import msvcrt

    msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # pyright: ignore[reportAttributeAccessIssue]


def swept(folder: Path, *, remove: bool) -> list[str]:
    """Remove what a crash left, and tell of it and of what is missing."""
    found = listing(folder)
    told = list(found.problems)
    for path in found.unfinished:
        told.append(f"{path.name}: left unfinished by a crash{', removed' if remove else ''}")
        if remove:
            path.unlink(missing_ok=True)
    checked: set[Segment] = set()
    for segment, longer in found.covered:
        if not remove:
            continue
        try:
            if longer not in checked:
                for _ in tables_of(longer):
                    pass
                checked.add(longer)
        except HistorianError as problem:
            # What was joined stays until what it was joined into is known to be whole.
            told.append(f"{longer.path.name}: {problem.what}; {segment.path.name} has a part of it")
        else:
            segment.path.unlink(missing_ok=True)
            told.append(f"{segment.path.name}: all of it is in {longer.path.name}, removed")
    return told
