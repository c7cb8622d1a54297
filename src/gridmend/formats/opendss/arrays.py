"""Arrays and matrices: rows of numbers, inline or in files beside the model."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmend.formats.opendss.arithmetic import number, shown
from gridmend.formats.opendss.words import listed, pairs

Numbers = NDArray[np.float64]
MAXIMUM_ENTRIES = 20_000_000
MAXIMUM_ORDER = 64

_PLAIN = re.compile(r"[-+0-9.eE,\s]*\Z")
_FILE = re.compile(r"\s*(file|csvfile|sngfile|dblfile)\s*=", re.IGNORECASE)


def vector(text: str, load: Callable[[str], bytes] | None = None) -> Numbers:
    """The numbers of an array; `load` reads the files that `file=…` names.

    Raises `ValueError` for what is no number, and whatever `load` raises.
    """
    if load is not None and _FILE.match(text):
        return _from_file(text, load)
    if len(text) > 64 and _PLAIN.match(text):
        return _checked(np.array(text.replace(",", " ").split(), np.float64), text)
    return _checked(np.array([number(word) for word in listed(text)], np.float64), text)


def matrix(text: str, order: int) -> Numbers:
    """A symmetric matrix of that order, from its lower triangle or from all its rows.

    Raises `ValueError` for rows that do not fit.
    """
    if order > MAXIMUM_ORDER:
        raise ValueError(f"a matrix of order {order} is beyond the bound of {MAXIMUM_ORDER}")
    full = np.zeros((order, order))
    rows = text.split("|", order + 1)
    if len(rows) > order:
        if any(row.strip() for row in rows[order:]):
            raise ValueError(f"a matrix of order {order} has more than {order} rows")
        rows = rows[:order]
    for i, row in enumerate(rows):
        words = listed(row)
        if len(words) > order:
            raise ValueError(f"row {i + 1} of a matrix of order {order} has {len(words)} numbers")
        values = [number(word) for word in words]
        for j, value in enumerate(values):
            full[i, j] = full[j, i] = value
    return full


def _checked(values: Numbers, text: str) -> Numbers:
    if values.size > MAXIMUM_ENTRIES:
        raise ValueError(f"an array of {values.size} numbers is beyond the bound")
    if not np.isfinite(values).all():
        raise ValueError(f"'{shown(text)}' holds a number that is not finite")
    return values


def _from_file(text: str, load: Callable[[str], bytes]) -> Numbers:
    options = {name.lower(): value for name, value in pairs(text) if name}
    kind = next(k for k in ("file", "csvfile", "sngfile", "dblfile") if k in options)
    data = load(options[kind])
    if kind in ("sngfile", "dblfile"):
        return binary(data, single=kind == "sngfile")
    column = int(number(options.get("col", options.get("column", "1"))))
    header = options.get("header", "no").lower()[:1] in ("y", "t")
    return column_of(data, column, header=header)


def binary(data: bytes, *, single: bool) -> Numbers:
    """The numbers of a binary file of singles or doubles, little-endian."""
    width = 4 if single else 8
    kind: Any = "<f4" if single else "<f8"
    values = np.frombuffer(data[: len(data) // width * width], kind).astype(np.float64)
    return _checked(values, "binary file")


def column_of(data: bytes, column: int, *, header: bool = False) -> Numbers:
    """One column, from 1, of a text file of numbers; blank lines are skipped."""
    lines = data.decode("latin-1").replace("\0", " ").splitlines()[1 if header else 0 :]
    values: list[float] = []
    for line in lines:
        words = line.replace(",", " ").split()
        if not words:
            continue
        if column < 1 or column > len(words):
            raise ValueError(f"line '{shown(line)}' has no column {column}")
        values.append(number(words[column - 1]))
    return _checked(np.array(values, np.float64), "file")
