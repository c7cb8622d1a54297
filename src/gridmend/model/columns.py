"""What a column of the grid is: name, kind, unit, default and meaning, declared once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

UNITS = {
    "a": "ampere",
    "count": "count",
    "deg": "degree",
    "failures": "failures in number",
    "h": "hour",
    "hz": "hertz",
    "km": "kilometre",
    "kv": "kilovolt",
    "kva": "kilovolt-ampere",
    "kvar": "kilovar",
    "kw": "kilowatt",
    "kwh": "kilowatt-hour",
    "m": "metre",
    "min": "minute",
    "nf": "nanofarad",
    "ohm": "ohm",
    "pct": "per cent",
    "ppm": "parts per million",
    "pu": "per unit",
    "s": "second",
    "us": "microsiemens",
    "v": "volt",
    "year": "year",
}
"""The units a column name may end in, and what they mean."""


class Kind(StrEnum):
    """How a column is stored and written."""

    TEXT = "text"
    NUMBER = "number"
    COUNT = "count"
    FLAG = "flag"
    PHASES = "phases"
    VECTOR = "vector"
    MATRIX = "matrix"
    NAMES = "names"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: stored as `kind`, missing values read as `default`."""

    name: str
    kind: Kind
    meaning: str
    default: Any = None
    choices: tuple[str, ...] = ()
    refers: str = ""
    unknown_is_finding: bool = False

    @property
    def unit(self) -> str:
        """The unit, which is the last word of the name; empty where there is none."""
        if self.kind not in (Kind.NUMBER, Kind.VECTOR, Kind.MATRIX):
            return ""
        if self.name.endswith("_ohm_m"):
            return "ohm·m"
        words = self.name.split("_")
        if "per" in words:
            at = words.index("per")
            return "/".join((words[at - 1], *words[at + 1 :]))
        return words[-1] if words[-1] in UNITS else ""

    @property
    def required(self) -> bool:
        """Whether a row without this value is wrong rather than incomplete."""
        return self.default is None and self.kind in (Kind.TEXT, Kind.PHASES, Kind.NUMBER)


@dataclass(frozen=True, slots=True)
class Schema:
    """One class of elements: its table's name, what a row is, and its columns."""

    name: str
    row: str
    meaning: str
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """The column of that name; `KeyError` where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column '{name}'")


def text(name: str, meaning: str, default: str | None = "") -> Column:
    """A text column."""
    return Column(name, Kind.TEXT, meaning, default)


def key(meaning: str) -> Column:
    """The utility's own name of a row: required and unique, whatever its case."""
    return Column("name", Kind.TEXT, meaning)


def refers(name: str, table: str, meaning: str, default: str | None = "") -> Column:
    """The name of a row in another table."""
    return Column(name, Kind.TEXT, meaning, default, refers=table)


def choice(name: str, meaning: str, default: str, *choices: str) -> Column:
    """One word of a fixed list."""
    return Column(name, Kind.TEXT, meaning, default, choices=(default, *choices))


def number(name: str, meaning: str, default: float | None = None) -> Column:
    """A real number; a default of nan means that unset is unknown."""
    return Column(name, Kind.NUMBER, meaning, default)


def rating(name: str, meaning: str) -> Column:
    """A limit: unset is unknown, and `check` says so."""
    return Column(name, Kind.NUMBER, meaning, math.nan, unknown_is_finding=True)


def count(name: str, meaning: str, default: int = 0) -> Column:
    """A whole number."""
    return Column(name, Kind.COUNT, meaning, default)


def flag(name: str, meaning: str, default: bool) -> Column:
    """True or false."""
    return Column(name, Kind.FLAG, meaning, default)


def phases(name: str, meaning: str, default: str | None = None) -> Column:
    """Conductors in order, one word each: a b c n, secondary legs s1 s2, ground g."""
    return Column(name, Kind.PHASES, meaning, default)


def vector(name: str, meaning: str) -> Column:
    """Numbers in a row; empty where unset."""
    return Column(name, Kind.VECTOR, meaning, ())


def matrix(name: str, meaning: str) -> Column:
    """A square matrix; empty where unset."""
    return Column(name, Kind.MATRIX, meaning, ())


def names(name: str, meaning: str, table: str = "") -> Column:
    """Names of rows of another table, in order."""
    return Column(name, Kind.NAMES, meaning, (), refers=table)
