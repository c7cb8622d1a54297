"""Time-current curves: those that a model gives, and those that the language begins with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gridmend.formats.opendss.arrays import Numbers
from gridmend.formats.opendss.given import Context, Given, frozen
from gridmend.formats.opendss.library import CURVES, said_of
from gridmend.formats.opendss.store import Item
from gridmend.model.check_protection import MOST, curve_problem
from gridmend.model.schema_protection import KNOWN_CURVES

MAXIMUM_POINTS = 1_000_000
Row = dict[str, Any]


@dataclass(slots=True)
class Curves:
    """The curves that devices name: of the model, of the language, and what a delay becomes."""

    context: Context
    _read: dict[str, tuple[Row, str]] = field(default_factory=dict[str, tuple[Row, str]])
    _added: dict[str, Row] = field(default_factory=dict[str, Row])

    def named(self, given: Given, prop: str, default: str = "") -> str:
        """The curve that a property names; empty where it names none.

        Raises `ValueError` for one that is not there or has no points of a time-current curve.
        """
        name = given.text(prop).strip() or default
        if not name:
            return ""
        item = self.context.store.find("tcc_curve", name)
        if item is None:
            known = (*(i.name for i in self.context.store.all_of("tcc_curve")), *CURVES)
            near = self.context.journal.nearest(name, known)
            raise ValueError(f"{prop} '{name[:80]}' is no curve" + f" ({near})" * bool(near))
        row, problem = self._of(item)
        if problem:
            raise ValueError(f"{prop} '{item.name}' is no time-current curve: {problem}")
        if _is_own(item) and item.name not in KNOWN_CURVES:
            self._added[item.name] = row
        return item.name

    def definite(self, delay_s: float) -> str:
        """A curve of one time at every current from pickup on."""
        return self._add(f"definite_{delay_s!r}_s", 1.0, delay_s)

    def never(self) -> str:
        """A curve that does not operate, of an element that is absent in some shots."""
        return self._add("never", MOST, MOST)

    def begins(self, name: str) -> float:
        """The multiple from which a curve operates, where the model or the language has it."""
        item = self.context.store.find("tcc_curve", name)
        return 1.0 if item is None else float(self._of(item)[0]["multiple"][0])

    def rows(self) -> list[Row]:
        """The model's time-current curves, a note for each that is none, and what was added."""
        found: list[Row] = []
        for item in list(self.context.store.all_of("tcc_curve")):
            if _is_own(item):
                continue
            row, problem = self._of(item)
            if problem:
                what = f"tcc_curve '{item.name}' is left out: {problem}"
                self.context.journal.add("note", what, item.where)
            else:
                found.append(row)
        return [*found, *self._added.values()]

    def _add(self, name: str, multiple: float, time_s: float) -> str:
        while self.context.store.find("tcc_curve", name) is not None:
            name += "_"
        points = (frozen(np.array([multiple])), frozen(np.array([time_s])))
        self._added[name] = {"name": name, "multiple": points[0], "time_s": points[1]}
        return name

    def _of(self, item: Item) -> tuple[Row, str]:
        key = item.name.lower()
        if key not in self._read:
            self._read[key] = _points_of(item, self.context)
        return self._read[key]


def _points_of(item: Item, context: Context) -> tuple[Row, str]:
    """The row of a curve, and what keeps it from being one; points beyond `npts` are not of it."""
    given = Given(item, context)
    multiple, time_s = (_array(given, prop) for prop in ("c_array", "t_array"))
    points = given.whole("npts", 0, low=0, high=MAXIMUM_POINTS)
    first = next((prop for prop, _, _ in item.said), "")
    if first != "npts":
        context.journal.add(
            "warning",
            f"tcc_curve '{item.name}' does not begin with npts: all its points are taken, where"
            " OpenDSS has none",
            item.where,
            "write npts before the arrays",
        )
        points = max(len(multiple), len(time_s))
    row: Row = {"name": item.name, "multiple": frozen(multiple[:points]),
           "time_s": frozen(time_s[:points])}  # fmt: skip
    if min(len(multiple), len(time_s)) < points:
        return row, f"npts is {points}; it has {len(multiple)} multiples, {len(time_s)} times"
    return row, curve_problem(row["multiple"].tolist(), row["time_s"].tolist())


def _array(given: Given, prop: str) -> Numbers:
    found = given.vector(prop)
    return np.empty(0) if found is None else found


def _is_own(item: Item) -> bool:
    """Whether a curve is the language's own, as it has it."""
    return item.said == said_of(item.name)
