"""Reads scenarios from files, text and plain values, and writes them again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from gridmend.formats.read import read
from gridmend.model.errors import Finding, FormatError
from gridmend.model.grid import Grid
from gridmend.twin.scenario.changes import with_pv
from gridmend.twin.scenario.format import SCENARIO
from gridmend.twin.scenario.forms import BAD, Instant, Reading
from gridmend.twin.scenario.scenario import Scenario, Source
from gridmend.twin.scenario.shipped import shipped
from gridmend.twin.scenario.tree import (
    BYTES_MOST,
    Node,
    Pairs,
    TextError,
    kind_of,
    too_long,
    tree_of,
    tree_of_values,
)

Noted = tuple[tuple[int, Finding], ...]
_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)
"""Times are read from here on where a scenario has no start: then it is refused anyway."""


class ScenarioError(FormatError):
    """A scenario that cannot be read; `findings` are all that is wrong with it."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first, more = findings[0], len(findings) - 1
        what = first.what + (f" (and {more} more)" if more else "")
        super().__init__(what, where=first.where, mend=first.mend)
        self.findings = findings

    def __str__(self) -> str:
        return "\n".join(str(finding) for finding in self.findings)


def read_scenario(path_or_name: str | Path) -> Scenario:
    """Read a scenario from a file, or one that ships by its name (`wind-storm`).

    Raises `ScenarioError` with every finding, each with file, line and key; `FormatError` where
    there is no such file.
    """
    path = Path(path_or_name)
    try:
        there = path.is_file()
    except (OSError, ValueError):
        there = False
    if not there:
        path = shipped(str(path_or_name))
    return read_text(_bytes(path), file=str(path))


def read_text(text: str | bytes, *, file: str = "") -> Scenario:
    """Read a scenario from its text; `file` is what findings name. Raises `ScenarioError`."""
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as problem:
            line = text[: problem.start].count(b"\n") + 1
            what = f"byte {problem.start:,} is no UTF-8"
            finding = Finding("error", what, f"{file}:{line}", "give a file of plain UTF-8 text")
            raise ScenarioError((finding,)) from None
    try:
        node, twice = tree_of(text, file)
    except TextError as broken:
        raise ScenarioError(broken.findings) from None
    return _read(node, file, twice)


def read_values(values: Mapping[str, Any], *, file: str = "") -> Scenario:
    """Read a scenario from plain values, as `plain` writes them. Raises `ScenarioError`."""
    try:
        node = tree_of_values(values)
    except TextError as broken:
        raise ScenarioError(broken.findings) from None
    return _read(node, file, ())


def plain(scenario: Scenario) -> dict[str, Any]:
    """A scenario as maps, lists, text, numbers and flags, without what has its default;
    `read_values(plain(scenario)) == scenario`."""
    return SCENARIO.plain(scenario)


def text_of(scenario: Scenario) -> str:
    """A scenario as the text of a file; `read_text(text_of(scenario)) == scenario`."""
    return yaml.safe_dump(plain(scenario), sort_keys=False, allow_unicode=True, width=100)


def read_grid(scenario: Scenario) -> Grid:
    """The grid that a scenario names, as it is before the scenario's changes.

    A path is looked for beside the scenario's file, then where the program runs; else it is the
    name of an example. Raises `FormatError` where it cannot be read.
    """
    return read(beside(scenario, scenario.grid))


def with_changes(grid: Grid, scenario: Scenario) -> Grid:
    """The grid with what the scenario builds into it. Raises `GridError` for what cannot be."""
    return with_pv(grid, scenario.grid_changes.pv)


def beside(scenario: Scenario, name: str) -> Path:
    """A path in a scenario: relative to its file where there is such a file."""
    folder = scenario.source.folder
    try:
        return folder / name if folder is not None and (folder / name).exists() else Path(name)
    except (OSError, ValueError):
        return Path(name)


def _read(node: Node, file: str, before: Noted) -> Scenario:
    reading = Reading(file, _SOME_DAY, list(before))
    if isinstance(node, Pairs):
        start = next((value for key, value in node.pairs if key.text == "start"), None)
        found = Instant().read(start, "start", Reading(file, _SOME_DAY)) if start else BAD
        reading.start = found if isinstance(found, datetime) else _SOME_DAY
        scenario = SCENARIO.read(node, "", reading)
    else:
        mend = "begin with name, grid and start"
        scenario = reading.refuse(f"{kind_of(node)} is no scenario", "", node, mend)
    if reading.noted or not isinstance(scenario, Scenario):
        raise ScenarioError(reading.findings())
    return replace(scenario, source=Source(file, MappingProxyType(reading.lines)))


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            found = file.read(BYTES_MOST + 1)
    except OSError as problem:
        what = f"the file cannot be read: {problem.strerror}"
        raise FormatError(what, where=str(path), mend="give a file that can be read") from None
    if len(found) > BYTES_MOST:
        raise ScenarioError((too_long(str(path)),))
    return found
