"""Files that a command writes: checked beforehand, and whole or not there at all."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from gridmend.model.errors import GridmendError


def check_output(path: Path, option: str, *, inputs: Sequence[Path] = ()) -> None:
    """Raise `GridmendError` where the file could not be written, before any work is done."""
    if path.is_dir():
        raise GridmendError(
            f"{path} is a folder, not a file",
            where=option,
            mend=f"name a file, for example {path / 'out.csv'}",
        )
    folder = path.absolute().parent
    if not folder.is_dir():
        raise GridmendError(
            f"there is no folder {folder}", where=option, mend=f"make it: mkdir -p {folder}"
        )
    if not os.access(folder, os.W_OK):
        raise GridmendError(
            f"nothing can be written in {folder}", where=option, mend="choose another folder"
        )
    for other in inputs:
        if same_file(path, other) or _is_part_of_model(path, other):
            raise GridmendError(
                f"{path} is also an input, or a part of one, and would be overwritten",
                where=option,
                mend="choose another name for the output",
            )


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to one place, whether or not it exists."""
    return one.resolve() == other.resolve()


def _is_part_of_model(path: Path, model: Path) -> bool:
    """Whether a file that is there may be what the model reads: a script, or one of its tables."""
    if not path.exists():
        return False
    folder = model if model.is_dir() else model.parent
    is_table = (folder / "grid.json").is_file() and same_file(path.parent, folder)
    return is_table or path.suffix.lower() in (".dss", ".json")


def write_csv(path: Path, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write rows with their headings and return how many; what is unknown is left empty."""
    count = 0

    def fill(temporary: Path) -> None:
        nonlocal count
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(headings)
            for row in rows:
                writer.writerow([_field(value) for value in row])
                count += 1

    write_whole(path, fill)
    return count


def write_whole(path: Path, fill: Callable[[Path], None]) -> None:
    """Fill a file beside `path` and rename it when done: a reader never sees half of it."""
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        fill(temporary)
        temporary.replace(path)
    except OSError as problem:
        raise GridmendError(
            f"{path} cannot be written: {(problem.strerror or str(problem)).lower()}",
            where=str(path.absolute().parent),
            mend="choose another place, or free space there",
        ) from problem
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _field(value: Any) -> Any:
    if isinstance(value, float):
        # Ten digits are what the power flow's own accuracy is worth.
        return format(float(value), ".10g") if math.isfinite(value) else ""
    return value
