"""The records of an account as files: one row a customer and piece of an interruption."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridmend.model.errors import GridmendError
from gridmend.ui.output_file import write_csv, write_whole

if TYPE_CHECKING:
    from gridmend.operations.interruptions.account import Account

HEADINGS = (
    "customer", "load", "feeder", "class", "interruption", "event", "device", "cause", "planned",
    "began_utc", "ended_utc", "minutes", "sustained",
)  # fmt: skip
"""Pieces of one customer's interruption share its `interruption`, a number that counts up."""
NAMES = ("interruptions.csv", "interruptions.parquet")


def made_folder(folder: Path, *, overwrite: bool = False) -> Path:
    """The folder, made where it is missing. Raises `GridmendError` where nothing can be written
    there, or an account lies there already."""
    if folder.exists() and not folder.is_dir():
        raise GridmendError(f"{folder} is a file", where="--out", mend="name a folder")
    if not overwrite and any((folder / name).exists() for name in NAMES):
        raise GridmendError(
            f"there are interruptions in {folder} already",
            where="--out",
            mend="name another folder",
        )
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise GridmendError(
            f"nothing can be written in {folder}", where="--out", mend="choose another folder"
        )
    return folder


def write_records(one: Account, loads: list[str], folder: Path) -> list[str]:
    """Write the records of an account as CSV and as Parquet; the names of the files."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    paths = [folder / name for name in NAMES]
    write_csv(paths[0], HEADINGS, _rows(one, loads))
    columns: dict[str, list[Any]] = {name: [] for name in HEADINGS}
    for row in _rows(one, loads):
        for name, value in zip(HEADINGS, row, strict=True):
            columns[name].append(value)
    types = {"interruption": pa.int64(), "minutes": pa.float64()}
    types |= {name: pa.bool_() for name in ("planned", "sustained")}
    table = pa.table(
        {name: pa.array(values, types.get(name, pa.string())) for name, values in columns.items()}
    )
    write_whole(paths[1], lambda path: pq.write_table(table, path, compression="zstd"))
    return [str(path) for path in paths]


def _rows(one: Account, loads: list[str]) -> Iterator[tuple[Any, ...]]:
    import numpy as np

    from gridmend.operations.interruptions.account import EPOCH

    def said(seconds: float) -> str:
        return (EPOCH + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")

    records, roster, found = one.records, one.known.roster, one.found
    members = roster.members()
    _, began, ended, _ = records.whole()
    until = np.where(np.isfinite(ended), ended, found.end_s)
    is_long = (until - began) / 60 > found.momentary_min
    here = (began >= found.start_s) & (began < found.end_s)
    for k in np.flatnonzero(here[records.interruption]).tolist():
        number, event = int(records.customer[k]), int(records.event[k])
        start_s, end_s = float(records.start_s[k]), float(records.end_s[k])
        is_open = not np.isfinite(end_s)
        shared = (
            loads[int(roster.load[number])], roster.feeders[number], roster.classes[number],
            int(records.interruption[k]), records.events[event], records.device[event],
            records.cause[event], bool(records.planned[event]), said(start_s),
            None if is_open else said(end_s),
            ((found.end_s if is_open else end_s) - start_s) / 60,
            bool(is_long[records.interruption[k]]),
        )  # fmt: skip
        for name in members[number]:
            yield name, *shared
