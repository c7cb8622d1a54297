"""Where a control room keeps its journal, and that only one at a time does."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from gridmend.model.errors import GridmendError
from gridmend.runtime.journal.address import Address


def data_folder(environment: dict[str, str], platform: str, home: Path) -> Path:
    """Where a program keeps a user's data on this system."""
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local") / "Gridmend"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "Gridmend"
    given = environment.get("XDG_DATA_HOME", "")
    # A relative one is to be ignored, by the specification.
    base = Path(given) if given.startswith("/") else home / ".local" / "share"
    return base / "gridmend"


def store_of(path: str) -> str:
    """The file of the journal of a model that is named so; its folder is made."""
    folder = data_folder(dict(os.environ), sys.platform, Path.home()) / "rooms"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as problem:
        raise GridmendError(
            f"the folder of journals cannot be made: {(problem.strerror or '').lower()}",
            where=str(folder), mend="name a file of your own: --store FILE",
        ) from None  # fmt: skip
    given = Path(path)
    plain = re.sub(r"[^a-z0-9_-]+", "-", given.stem.lower()).strip("-")[:40] or "grid"
    if given.exists():
        plain += "-" + sha256(str(given.resolve()).encode()).hexdigest()[:8]
    return str(folder / f"{plain}.db")


@contextmanager
def alone(store: str) -> Iterator[None]:
    """Hold a store's lock: a second room would take the journal from the first one's hands.

    A server of databases fences the first by itself.
    """
    path = Address.of(store).path
    if path is None:
        yield
        return
    lock = path.with_name(path.name + ".lock")
    try:
        file = lock.open("a")
    except OSError as problem:
        raise GridmendError(
            f"the store cannot be written: {(problem.strerror or '').lower()}",
            where=str(path), mend="name a file in a folder of your own: --store FILE",
        ) from None  # fmt: skip
    with file:
        if not _locked(file.fileno()):
            raise GridmendError(
                "another control room is open over this store", where=str(path),
                mend="end it, or name another file: --store FILE",
            )  # fmt: skip
        yield


def _locked(number: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
