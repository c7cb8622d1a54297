"""What a person reads: tables on standard output, progress on standard error."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING, Any

PIPED_COLUMNS = 110
NARROWEST_COLUMNS = 72
"""A narrower terminal folds the lines of a table, not the words in its cells."""
NEVER_FOLDED = 24
"""Letters up to which the cells of a column stay on one line."""

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID
    from rich.table import Table


@cache
def console() -> Console:
    """Standard output."""
    from rich.console import Console

    shown = Console(highlight=False)
    # What is piped on has no width of its own; eighty columns would fold tables for nothing.
    width = max(shown.width, NARROWEST_COLUMNS) if shown.is_terminal else PIPED_COLUMNS
    return Console(highlight=False, width=width)


@cache
def progress_console() -> Console:
    """Standard error."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def table(title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """A table; columns of numbers stand to the right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    listed = [[_cell(value) for value in row] for row in rows]
    shown = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for at, heading in enumerate(headings):
        numeric = bool(listed) and all(_is_number(row[at]) for row in listed)
        is_short = max((len(row[at]) for row in listed), default=0) <= NEVER_FOLDED
        shown.add_column(
            heading,
            justify="right" if numeric else "left",
            overflow="fold",
            no_wrap=is_short,
        )
    for row in listed:
        shown.add_row(*(Text(cell) for cell in row))
    return shown


def show(*shown: Any) -> None:
    """Print tables and plain lines; square brackets in names are text, not markup."""
    for item in shown:
        # A line is left whole, so that it can be searched for where it is piped on.
        console().print(item, markup=False, soft_wrap=isinstance(item, str))


def say(line: str) -> None:
    """A line of progress, on standard error."""
    # A line is left whole, as in `show`.
    progress_console().print(line, markup=False, style="dim", soft_wrap=True)


class Advance:
    """How far a long work has come and how long it takes yet, on standard error.

    A bar in a terminal; a line at each tenth where it is piped on. Used as a context.
    """

    def __init__(self, total: int, done: int = 0, *, of: str = "steps") -> None:
        self.total, self.begun_at, self.done, self.of = total, done, done, of
        self.begun = perf_counter()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Advance:
        if progress_console().is_terminal:
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
            )

            columns = (BarColumn(), MofNCompleteColumn(), TextColumn(self.of))
            self._bar = Progress(*columns, TimeRemainingColumn(), console=progress_console())
            self._task = self._bar.add_task("", total=self.total, completed=self.done)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def to(self, done: int) -> None:
        """Say that so much is done."""
        before, self.done = self.done, done
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=done)
        elif 10 * done // self.total > 10 * before // self.total and done < self.total:
            gone = perf_counter() - self.begun
            left = gone * (self.total - done) / max(done - self.begun_at, 1)
            told = f"{done:,} of {self.total:,} {self.of}"
            say(f"{told}, {gone:.0f} s gone, about {left:.0f} s left")


def number(value: float | None, form: str = ",.1f") -> str:
    """A number to read; nan is unknown, and None does not apply."""
    if value is None:
        return "–"
    if math.isnan(value):
        return "unknown"
    return format(value, form)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return number(value)
    return str(value)


def _is_number(cell: str) -> bool:
    return (
        cell in ("", "–", "unknown")
        or cell.replace(",", "").lstrip("+-").replace(".", "", 1).isdigit()
    )
