"""Feeders as tables of sections and load points, in the manner of reliability test systems."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gridmend.formats import section_grid
from gridmend.formats.section_grid import LoadPoint, Section, Supply, Tie, pairs_of_feeders
from gridmend.formats.shapes import read_rows
from gridmend.model.errors import FormatError, nearest
from gridmend.model.grid import Grid

SECTIONS, LOAD_POINTS, TIES = "_sections.csv", "_load_points.csv", "_ties.csv"
"""How the names of the files end, which otherwise are alike."""

_NEEDED = {
    SECTIONS: ("feeder", "section", "length_km", "kind", "fed_by_section"),
    LOAD_POINTS: (
        *("load_point", "feeder", "main_section", "lateral_section"),
        *("customers", "average_load_mw", "supply"),
    ),
    TIES: ("section_one", "section_two"),
}
_ALSO = {
    SECTIONS: ("failures_per_km_year", "repair_h"),
    LOAD_POINTS: ("failures_per_year", "repair_h", "replacement_h"),
    TIES: (),
}
_SUPPLY = re.compile(
    r"(\d+(?:\.\d+)?)(?:\s*/\s*(\d+(?:\.\d+)?))?\s*kv(\s+transformer)?", re.IGNORECASE
)
_CUSTOMERS_MOST = 10**12


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a file with where it stands."""

    cells: dict[str, str]
    where: str

    def refuse(self, what: str, mend: str) -> FormatError:
        return FormatError(what, where=self.where, mend=mend)

    def text(self, column: str) -> str:
        """A cell that may not be empty."""
        if not self.cells[column]:
            raise self.refuse(f"{column} is empty", f"give {column}")
        return self.cells[column]

    def number(self, column: str) -> float:
        """A number from 0 upwards."""
        cell = self.text(column)
        try:
            value = float(cell) if "_" not in cell else math.nan
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value >= 0):
            raise self.refuse(
                f"{column} is '{cell[:40]}', not a number from 0 upwards", f"give {column}"
            )
        return value

    def optional(self, column: str) -> float:
        """The same, nan where the column is not there or the cell empty."""
        return self.number(column) if self.cells.get(column) else math.nan


def is_section_table(path: Path) -> bool:
    """Whether a file's name is that of sections or of load points."""
    return path.name.lower().endswith((SECTIONS, LOAD_POINTS))


def read(path: Path) -> Grid:
    """Read a grid from `*_sections.csv`, with `*_load_points.csv` beside it.

    Either file may be given. Each feeder has a breaker at its head, each further main section a
    disconnect before it, each lateral a fuse; loads hang at the end of their section, behind a
    transformer where `supply` says so. Where a `*_ties.csv` lies beside, it names the pairs of
    sections whose ends a normally open switch joins; else the far ends of the first and second
    feeder are joined, of the third and fourth, and so on. Failure data that the files do not give
    are those of the Roy Billinton test system. What is assumed is told as findings.

    Raises `FormatError` with file and line for what cannot be meant: a column or value that is
    missing, a section that feeds itself, a load point on a section that is not there.
    """
    stem = re.sub(f"({SECTIONS}|{LOAD_POINTS})$", "", path.name, flags=re.IGNORECASE)
    ending = path.name[len(stem) :]
    files = {
        end: path.with_name(stem + (end.upper() if ending.isupper() else end)) for end in _NEEDED
    }
    for end in (SECTIONS, LOAD_POINTS):
        if not files[end].is_file():
            mend = f"sections and load points lie side by side: add {files[end].name}"
            raise FormatError(f"there is no {files[end].name}", where=str(path), mend=mend)
    sections = {s.name.lower(): s for s in _sections(files[SECTIONS])}
    points = tuple(_load_points(files[LOAD_POINTS], sections))
    given = files[TIES].is_file()
    ties = tuple(_ties(files[TIES], sections)) if given else pairs_of_feeders(sections)
    return section_grid.built(
        stem, sections, points, ties, ties_assumed=not given, provenance=str(files[SECTIONS].name)
    )


def _rows(path: Path, end: str) -> Iterator[_Row]:
    (line, header), *rows = read_rows(path)
    columns = [cell.strip().lower() for cell in header]
    for column in _NEEDED[end]:
        if column not in columns:
            mend = nearest(column, columns) or f"the header is {','.join(_NEEDED[end])}"
            raise FormatError(
                f"column '{column}' is missing", where=f"{path}, line {line}", mend=mend
            )
    for column in columns:
        known = (*_NEEDED[end], *_ALSO[end])
        if column not in known or columns.count(column) > 1:
            what = (
                f"column '{column}' is there twice"
                if column in known
                else f"no column '{column}' is known"
            )
            mend = nearest(column, known) or f"the columns are {', '.join(known)}"
            raise FormatError(what, where=f"{path}, line {line}", mend=mend)
    if not rows and end != TIES:
        raise FormatError("it has no rows", where=str(path), mend="write a row for each")
    for line, row in rows:
        where = f"{path}, line {line}"
        if len(row) != len(columns):
            what = f"the row has {len(row)} cells, the header {len(columns)}"
            raise FormatError(what, where=where, mend="give every column a cell")
        yield _Row(dict(zip(columns, (cell.strip() for cell in row), strict=True)), where)


def _sections(path: Path) -> Iterator[Section]:
    """Each section, those that feed it before it: no section feeds itself, feeders are apart."""
    rows: dict[str, _Row] = {}
    for row in _rows(path, SECTIONS):
        name = row.text("section")
        if name.lower() in rows:
            raise row.refuse(f"section '{name}' is there twice", "rename one")
        rows[name.lower()] = row
    made: dict[str, Section] = {}
    for name in rows:
        way: dict[str, None] = {}
        at = name
        while at and at not in made:
            if at in way:
                loop = " by ".join(
                    rows[k].cells["section"] for k in (*list(way)[list(way).index(at) :], at)
                )
                raise rows[at].refuse(
                    f"a section feeds itself: {loop}", "let one of them begin at the breaker"
                )
            way[at] = None
            before = rows[at].cells["fed_by_section"].lower()
            if before and before not in rows:
                mend = nearest(before, rows) or "add it, or leave the cell empty at the breaker"
                raise rows[at].refuse(
                    f"section '{rows[at].cells['section']}' is fed by section "
                    f"'{rows[at].cells['fed_by_section']}', which is not there",
                    mend,
                )
            at = before
        for key in reversed(way):
            made[key] = _section(rows[key], made)
            yield made[key]


def _section(row: _Row, made: dict[str, Section]) -> Section:
    name, kind, feeder = row.text("section"), row.text("kind").lower(), row.text("feeder")
    if kind not in ("main", "lateral"):
        raise row.refuse(f"section '{name}' is of kind '{kind}'", "write main or lateral")
    before = made.get(row.cells["fed_by_section"].lower())
    if before and before.feeder != feeder:
        raise row.refuse(
            f"section '{name}' of feeder {feeder} is fed by '{before.name}' of {before.feeder}",
            "feed it from its own feeder; ties between feeders go to *_ties.csv",
        )
    if before and before.is_lateral and kind == "main":
        raise row.refuse(
            f"main section '{name}' is fed by lateral '{before.name}'", "call it a lateral too"
        )
    return Section(
        name=name,
        feeder=feeder,
        length_km=row.number("length_km"),
        is_lateral=kind == "lateral",
        fed_by=before.name if before else "",
        failures_per_km_year=row.optional("failures_per_km_year"),
        repair_h=row.optional("repair_h"),
    )


def _load_points(path: Path, sections: dict[str, Section]) -> Iterator[LoadPoint]:
    seen: set[str] = set()
    for row in _rows(path, LOAD_POINTS):
        name = row.text("load_point")
        if name.lower() in seen:
            raise row.refuse(f"load point '{name}' is there twice", "rename one")
        seen.add(name.lower())
        main = _known(row, row.text("main_section"), sections, f"load point '{name}'")
        lateral = row.cells["lateral_section"]
        at = _known(row, lateral, sections, f"load point '{name}'") if lateral else main
        for section in (main, at):
            if section.feeder != row.text("feeder"):
                raise row.refuse(
                    f"load point '{name}' of feeder {row.text('feeder')} is on section "
                    f"'{section.name}' of {section.feeder}",
                    "give the feeder of its section",
                )
        if main.name not in _way(at, sections):
            raise row.refuse(
                f"load point '{name}': section '{at.name}' is not behind '{main.name}'",
                "give the main section that feeds it",
            )
        customers = row.number("customers")
        if customers != int(customers) or customers > _CUSTOMERS_MOST:
            raise row.refuse(
                f"load point '{name}' has {customers:g} customers", "give a whole number"
            )
        yield LoadPoint(
            name=name,
            section=at.name,
            customers=int(customers),
            average_kw=row.number("average_load_mw") * 1000,
            supply=_supply(row),
            failures_per_year=row.optional("failures_per_year"),
            repair_h=row.optional("repair_h"),
            replacement_h=row.optional("replacement_h"),
        )


def _way(section: Section, sections: dict[str, Section]) -> list[str]:
    """The names of a section and of all that feed it."""
    names = [section.name]
    while section.fed_by:
        section = sections[section.fed_by.lower()]
        names.append(section.name)
    return names


def _known(row: _Row, name: str, sections: dict[str, Section], who: str) -> Section:
    found = sections.get(name.lower())
    if found is None:
        near = nearest(name, (s.name for s in sections.values()))
        raise row.refuse(
            f"{who} is on section '{name}', which is not there", near or "add it to the sections"
        )
    return found


def _supply(row: _Row) -> Supply:
    found = _SUPPLY.fullmatch(row.text("supply"))
    if not found or bool(found[2]) != bool(found[3]) or not float(found[1]):
        raise row.refuse(
            f"supply is '{row.cells['supply'][:40]}'",
            "write the voltage, as 11 kV, or 11/0.415 kV transformer",
        )
    return Supply(float(found[1]), float(found[2]) if found[2] else math.nan)


def _ties(path: Path, sections: dict[str, Section]) -> Iterator[Tie]:
    for row in _rows(path, TIES):
        one, two = (
            _known(row, row.text(c), sections, "a tie") for c in ("section_one", "section_two")
        )
        if one is two:
            raise row.refuse(f"a tie joins section '{one.name}' with itself", "name two sections")
        yield Tie(one.name, two.name)
