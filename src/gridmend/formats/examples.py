"""The networks that ship with the package: their names, sizes, sources and licences."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from gridmend.formats.native_files import ABOUT
from gridmend.model.errors import FormatError, nearest

FOLDER = Path(__file__).parents[1] / "examples"
"""Where the examples lie, one native folder each."""


@dataclass(frozen=True, slots=True)
class Example:
    """A network that ships: `name` is what `read` takes."""

    name: str
    title: str
    buses: int
    customers: int
    source: str
    licence: str
    path: Path


def examples(folder: Path = FOLDER) -> list[Example]:
    """Every example, by name. A folder without a readable `grid.json` raises `FormatError`."""
    if not folder.is_dir():
        return []
    return [_example(file.parent) for file in sorted(folder.glob(f"*/{ABOUT}"))]


def example(name: str, folder: Path = FOLDER) -> Example:
    """The example of that name, whatever its case; `FormatError` with the nearest names."""
    known = {found.name.lower(): found for found in examples(folder)}
    if name.lower() not in known:
        mend = nearest(name, known) or f"the examples are {', '.join(known) or 'not installed'}"
        raise FormatError(f"there is no example '{name}'", where=str(folder), mend=mend)
    return known[name.lower()]


def _example(path: Path) -> Example:
    try:
        loaded: object = json.loads((path / ABOUT).read_text(encoding="utf-8"))
        record = cast("dict[str, Any]", loaded)
        return Example(
            path.name,
            str(record.get("title", record["name"])),
            int(record["buses"]),
            int(record["customers"]),
            str(record.get("source", "")),
            str(record.get("licence", "")),
            path,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise FormatError(
            f"the example '{path.name}' does not say what it is: {problem!r}",
            where=str(path / ABOUT),
            mend="write it with `native.write(grid, out, about=...)`",
        ) from problem
