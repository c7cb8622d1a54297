"""A report: figures and tables, each with the query that gives it and the hash of its data."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from typing import Any

from gridmend.model.errors import GridmendError
from gridmend.ui.sheets.asked import zone_of_name

Value = str | int | float | bool | None
NOT_KNOWN = "not known"
"""What stands for a value that nothing tells."""
_MARK = "# "


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is asked for: a period [start, end) and the utility's zone.

    `model` and `store` are what the queries name; `is_simulated` tells whether the field is the
    twin's, None where the journal is to tell. `journal` says which entries were read.
    """

    start: datetime
    end: datetime
    zone: str = "UTC"
    model: str = "MODEL"
    store: str = "STORE"
    is_simulated: bool | None = None
    journal: str = ""

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None or not self.start < self.end:
            raise GridmendError(
                f"a report cannot be of {self.start} to {self.end}",
                where="the period of a report",
                mend="give times with their zone, the start before the end",
            )
        zone_of_name(self.zone)

    @property
    def place(self) -> tzinfo:
        """The zone itself; `GridmendError` where there is none of that name."""
        return zone_of_name(self.zone)

    def at(self, time: datetime | float) -> str:
        """A time on the utility's clock, with its distance from UTC."""
        if not isinstance(time, datetime):
            time = datetime.fromtimestamp(time, UTC)
        return time.astimezone(self.place).isoformat(" ", "seconds")

    def command(self, name: str) -> str:
        """The command that gives the data of this period again."""
        begin, end = (t.astimezone(UTC).isoformat() for t in (self.start, self.end))
        if name == "interruptions":
            return (
                f"gridmend interruptions {self.model} --store {self.store} --from {begin}"
                f" --to {end} --zone {self.zone} --json"
            )
        return (
            f"gridmend report {name} {self.model} --store {self.store} --start {begin}"
            f" --end {end} --zone {self.zone} --out {name}.csv"
        )


@dataclass(frozen=True)
class Sheet:
    """A table of a report; values are plain, None where they are not known."""

    name: str
    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    query: str
    empty: str = "none"
    """What is said where it has no row."""

    @cached_property
    def text(self) -> str:
        """Its canonical CSV: headings and rows, lines ended by a line feed, unknown left empty."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.headings)
        writer.writerows([_plain(value) for value in row] for row in self.rows)
        return out.getvalue()

    @cached_property
    def digest(self) -> str:
        """sha256 of the canonical CSV."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a report: `of` is the table that it is counted from."""

    name: str
    label: str
    value: float | int | None
    form: str
    unit: str
    of: str

    @property
    def text(self) -> str:
        """As it is shown."""
        if self.value is None or (isinstance(self.value, float) and not math.isfinite(self.value)):
            return NOT_KNOWN
        return format(self.value, self.form)


@dataclass(frozen=True)
class Report:
    """What a report says. `doubts` is what its reader must know of the data."""

    kind: str
    title: str
    network: str
    asked: Asked
    figures: tuple[Figure, ...]
    sheets: tuple[Sheet, ...]
    doubts: tuple[str, ...]
    is_simulated: bool

    @property
    def period(self) -> str:
        """The period in words."""
        a = self.asked
        return f"{a.at(a.start)} to {a.at(a.end)} ({a.zone})"

    @cached_property
    def by_name(self) -> Mapping[str, Sheet]:
        """The tables by name."""
        return {sheet.name: sheet for sheet in self.sheets}

    @cached_property
    def head(self) -> Sheet:
        """The figures as a table: each with the query and the hash of the data behind it."""
        rows = tuple(
            (f.name, f.label, f.value, f.text, f.unit, self.by_name[f.of].query,
             self.by_name[f.of].digest)
            for f in self.figures
        )  # fmt: skip
        names = ("figure", "label", "value", "shown", "unit", "query", "sha256")
        return Sheet("figures", "Figures", names, rows, self.asked.command(self.kind))

    @cached_property
    def notes(self) -> Sheet:
        """What the report is of, and what its reader must know of the data."""
        rows = [("title", self.title), ("network", self.network), ("period", self.period)]
        if self.asked.journal:
            rows.append(("journal", self.asked.journal))
        rows += [("field", "simulated" if self.is_simulated else "not said to be simulated")]
        rows += [("data quality", doubt) for doubt in self.doubts]
        return Sheet("about", "About", ("what", "said"), tuple(rows), "")


def csv_of(report: Report) -> str:
    """The whole report as CSV: each table after a line `# name,title,query,sha256`, parted by an
    empty line. The hash is that of the lines from the headings to the last row."""
    parts: list[str] = []
    for sheet in (report.notes, report.head, *report.sheets):
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([_MARK + sheet.name, sheet.title, sheet.query, sheet.digest])
        parts.append(out.getvalue() + sheet.text)
    return "\n".join(parts)


def read_csv(text: str) -> dict[str, Sheet]:
    """The tables of a report that `csv_of` wrote, all values as text.

    Raises `GridmendError` where it is none, or where a table is not what its hash says.
    """
    found: dict[str, Sheet] = {}
    rows = list(csv.reader(io.StringIO(text)))
    starts = [k for k, row in enumerate(rows) if len(row) == 4 and row[0].startswith(_MARK)]
    for k, until in zip(starts, [*starts, len(rows) + 1][1:], strict=True):
        name, title, query, digest = rows[k]
        body = rows[k + 1 : until - 1]
        if not body:
            raise _no_report(f"the table '{name}' has no headings")
        sheet = Sheet(name.removeprefix(_MARK), title, tuple(body[0]),
                      tuple(tuple(row) for row in body[1:]), query)  # fmt: skip
        if sheet.digest != digest:
            raise _no_report(f"the table '{sheet.name}' is not what its hash says")
        found[sheet.name] = sheet
    if not found:
        raise _no_report("it has no table")
    return found


def _no_report(why: str) -> GridmendError:
    return GridmendError(
        f"this is no report as it was written: {why}", where="a report's CSV",
        mend="write it again from the journal",
    )  # fmt: skip


def _plain(value: Value) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return format(value, ".10g") if math.isfinite(value) else ""
    text = str(value)
    # A line break inside a field would part the table where it is read line by line.
    return " ".join(text.split()) if isinstance(value, str) else text
