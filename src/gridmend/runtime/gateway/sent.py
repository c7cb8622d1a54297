"""Which command ids the gateway has used up, on disk before any frame leaves."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from gridmend.model.errors import GridmendError

SENT, WITHDRAWN = "sent", "withdrawn"
KEPT_S = 86_400.0
"""How long an id is kept; a command is refused by its age long before."""


class Sent:
    """Ids by what became of them; in a file of one JSON line each, or in memory without a path.

    A mark is on disk when `mark` returns. A line that a crash cut short was not yet sent.
    """

    def __init__(self, path: Path | None = None, *, now_s: float = 0.0) -> None:
        self._marks: dict[str, str] = {}
        self._file: int | None = None
        if path is None:
            return
        try:
            kept = _read(path, now_s)
            self._marks = {id: mark for id, mark, _ in kept}
            _rewrite(path, kept)
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND)
        except OSError as problem:
            raise _unusable(path, problem) from problem
        self._path = path

    def of(self, command: str) -> str:
        """What became of an id: `sent`, `withdrawn`, or empty."""
        return self._marks.get(command, "")

    def mark(self, command: str, mark: str, at_s: float) -> bool:
        """Use up an id; False where it was used up before. Raises `GridmendError` if it cannot
        be written."""
        if command in self._marks:
            return False
        if self._file is not None:
            line = json.dumps([command, mark, at_s]) + "\n"
            try:
                _write_all(self._file, line.encode())
                os.fsync(self._file)
            except OSError as problem:
                raise _unusable(self._path, problem) from problem
        self._marks[command] = mark
        return True

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _read(path: Path, now_s: float) -> list[tuple[str, str, float]]:
    if not path.exists():
        return []
    kept: list[tuple[str, str, float]] = []
    # What a crash cut short has no end of line: the frame leaves after it, so it never left.
    *lines, _ = path.read_text("utf-8").split("\n")
    for number, line in enumerate(lines, 1):
        try:
            command, mark, at_s = json.loads(line)
        except ValueError as problem:
            raise GridmendError(
                "the gateway's record of sent commands is damaged",
                where=f"{path}, line {number}",
                mend="settle every command of the last minutes by hand, then move the file away",
            ) from problem
        if at_s > now_s - KEPT_S:
            kept.append((command, mark, at_s))
    return kept


def _rewrite(path: Path, kept: list[tuple[str, str, float]]) -> None:
    new = path.with_name(path.name + ".new")
    with new.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(entry) + "\n" for entry in kept)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _unusable(path: Path, problem: OSError) -> GridmendError:
    return GridmendError(
        f"the gateway cannot record what it sends: {problem.strerror}",
        where=str(path),
        mend="give a file that can be written, on a disk with room; nothing was sent",
    )
