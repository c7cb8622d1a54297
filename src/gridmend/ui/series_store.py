"""The folder of a series: finished blocks, where they ended, and one Parquet file a table."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gridmend.model.errors import GridmendError

STATE = "series.json"
PARTS = "parts"
_LOCK = "series.lock"
_FORM = 1


@dataclass(frozen=True)
class Progress:
    """How far a series has come: what `series.json` says.

    `inputs` tells it from another series. `done` steps are finished, in blocks that `parts`
    names by their first step. `tap_pu` [windings] and `steps_on` [capacitors] are the positions
    after them, `waiting` what controls in time mode wait for. `tap_moves` and `capacitor_moves`
    count operations so far by name. Where `joined`, the tables are whole and the parts gone.
    """

    inputs: dict[str, str]
    steps: int
    done: int = 0
    parts: tuple[int, ...] = ()
    tap_pu: tuple[float, ...] = ()
    steps_on: tuple[int, ...] = ()
    waiting: dict[str, Any] | None = None
    tap_moves: dict[str, int] = field(default_factory=dict)
    capacitor_moves: dict[str, int] = field(default_factory=dict)
    joined: bool = False


class Store:
    """A folder that one run at a time writes to; made by `opened`."""

    def __init__(self, folder: Path, tables: Sequence[str], progress: Progress) -> None:
        self.folder = folder
        self.tables = tuple(tables)
        self.progress = progress

    def part(self, table: str, first: int) -> Path:
        """Where a block's part of a table lies."""
        return self.folder / PARTS / f"{table}-{first:08d}.parquet"

    def finish_block(self, tables: Mapping[str, Any], progress: Progress) -> None:
        """Keep a block: its tables first, then that it is there.

        Whoever is stopped in between leaves files that no one believes.
        """
        import pyarrow.parquet as pq

        (self.folder / PARTS).mkdir(exist_ok=True)
        first = progress.parts[-1]
        for name, table in tables.items():
            path = self.part(name, first)
            _written(path, lambda t, table=table: pq.write_table(table, t, compression="zstd"))
        self.progress = progress
        self._write_progress()

    def read_parts(self, table: str) -> Iterator[Any]:
        """A table's finished blocks in order, as Arrow; the whole of it where it was joined."""
        import pyarrow.parquet as pq

        whole = self.folder / f"{table}.parquet"
        paths = [self.part(table, k) for k in self.progress.parts]
        for path in [whole] if self.progress.joined else paths:
            try:
                yield pq.read_table(path)
            except (OSError, ValueError) as problem:
                raise GridmendError(
                    f"a finished part cannot be read: {str(problem).splitlines()[0]}",
                    where=str(path),
                    mend="run again with --overwrite",
                ) from None

    def join(self) -> None:
        """Make each table one file, a row group a block, and let the parts go."""
        import pyarrow.parquet as pq

        for table in self.tables:

            def fill(path: Path, table: str = table) -> None:
                writer = None
                try:
                    for part in self.read_parts(table):
                        if writer is None:
                            writer = pq.ParquetWriter(path, part.schema, compression="zstd")
                        writer.write_table(part, row_group_size=max(part.num_rows, 1))
                finally:
                    if writer is not None:
                        writer.close()

            _written(self.folder / f"{table}.parquet", fill)
        self.progress = replace(self.progress, joined=True)
        self._write_progress()
        self.sweep()

    def sweep(self) -> None:
        """Remove what a killed run left half written, and parts that are joined or unknown."""
        for leftover in self.folder.glob(".*.part"):
            leftover.unlink(missing_ok=True)
        known = set() if self.progress.joined else set(self.progress.parts)
        for path in (self.folder / PARTS).glob("*"):
            first = path.stem.rpartition("-")[2]
            if not (path.suffix == ".parquet" and first.isdigit() and int(first) in known):
                path.unlink(missing_ok=True)
        with suppress(OSError):
            (self.folder / PARTS).rmdir()

    def _write_progress(self) -> None:
        said = {"form": _FORM, **vars(self.progress)}
        text = json.dumps(said, indent=1)
        _written(self.folder / STATE, lambda path: path.write_text(text, encoding="utf-8"))


@contextmanager
def opened(
    folder: Path,
    tables: Sequence[str],
    *,
    inputs: dict[str, str],
    steps: int,
    resume: bool = False,
    overwrite: bool = False,
) -> Iterator[Store]:
    """The store of a series, new or continued, locked until it is left.

    Raises `GridmendError` where another run is in it, where it has another series, where
    `resume` finds nothing, or where files in it would be overwritten.
    """
    _made(folder, resume=resume)
    with _locked(folder):
        found = None if overwrite else _read_progress(folder)
        if found is None:
            if resume:
                raise GridmendError(
                    f"there is no series to resume in {folder}",
                    where="--resume",
                    mend="name the folder that --out named, or start with --out",
                )
            _refuse_strangers(folder, tables, overwrite=overwrite)
            found = Progress(inputs, steps)
        else:
            _check_same(folder, found, inputs)
        store = Store(folder, tables, found)
        store.sweep()
        yield store


def _made(folder: Path, *, resume: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise GridmendError(f"{folder} is a file", where="--out", mend="name a folder")
    if resume and not folder.is_dir():
        raise GridmendError(f"there is no folder {folder}", where="--resume", mend="check its name")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise GridmendError(
            f"{folder} cannot be made: {(problem.strerror or str(problem)).lower()}",
            where="--out",
            mend="choose another folder",
        ) from None
    if not os.access(folder, os.W_OK):
        raise GridmendError(
            f"nothing can be written in {folder}", where="--out", mend="choose another folder"
        )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder. The system lets go of it when the process ends, however it ends."""
    with (folder / _LOCK).open("a+b") as file:
        try:
            _lock(file.fileno())
        except OSError:
            raise GridmendError(
                f"another run is writing to {folder}",
                where="--out",
                mend="wait for it, or choose another folder",
            ) from None
        yield


def _lock(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # pyright: ignore[reportAttributeAccessIssue]
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _read_progress(folder: Path) -> Progress | None:
    path = folder / STATE
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said.pop("form") != _FORM:
            raise ValueError("it is of another form")
        for name in ("parts", "tap_pu", "steps_on"):
            said[name] = tuple(said[name])
        return Progress(**said)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        raise GridmendError(
            f"it says nothing that can be gone on from: {problem}",
            where=str(path),
            mend="choose another folder, or start anew with --overwrite",
        ) from None


def _check_same(folder: Path, found: Progress, inputs: dict[str, str]) -> None:
    apart = sorted(k for k in found.inputs.keys() | inputs if found.inputs.get(k) != inputs.get(k))
    if not apart:
        return
    plain = [k for k in apart if k not in ("model", "demand")]
    told = [f"{k} was {found.inputs.get(k)}, is {inputs.get(k)}" for k in plain]
    told += [f"the {k} is another" for k in apart if k not in plain]
    raise GridmendError(
        f"{folder} has another series: {'; '.join(told)}",
        where=str(folder / STATE),
        mend="give the same inputs to go on, choose another folder, or start anew with --overwrite",
    )


def _refuse_strangers(folder: Path, tables: Sequence[str], *, overwrite: bool) -> None:
    """Refuse files of ours without their `series.json`; with `overwrite`, remove them."""
    ours = [folder / f"{table}.parquet" for table in tables]
    ours += [folder / STATE, *(folder / PARTS).glob("*.parquet")]
    there = [path for path in ours if path.exists()]
    if there and not overwrite:
        raise GridmendError(
            f"{there[0]} is there, and no {STATE} says of which series",
            where="--out",
            mend="choose another folder, or start anew with --overwrite",
        )
    for path in there:
        path.unlink()


def _written(path: Path, fill: Callable[[Path], Any]) -> None:
    """Fill a file beside `path`, on the disk to the last byte, and rename it."""
    temporary = path.parent / f".{path.stem}.{os.getpid()}.part"
    try:
        fill(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as problem:
        raise GridmendError(
            f"{path} cannot be written: {(problem.strerror or str(problem)).lower()}",
            where=str(path.parent),
            mend="free space there and give the same command again: it goes on from there",
        ) from problem
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
