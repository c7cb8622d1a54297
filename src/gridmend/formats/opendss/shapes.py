"""Shapes of demand in time, inline or from files beside the model."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridmend.formats.opendss.arrays import Numbers, binary, column_of
from gridmend.formats.opendss.given import Context, Given, complain, frozen
from gridmend.formats.opendss.store import Item
from gridmend.model.errors import FormatError

MAXIMUM_POINTS = 10_000_000
_MINUTES = {"interval": 60.0, "minterval": 1.0, "sinterval": 1.0 / 60.0}


def shape_row(item: Item, context: Context) -> dict[str, Any]:
    """The row of a load shape."""
    given = Given(item, context)
    points = given.whole("npts", 0, low=0, high=MAXIMUM_POINTS)
    minutes = 60.0
    for prop, _, _ in item.said:
        if prop in _MINUTES:
            minutes = given.number(prop, 1.0) * _MINUTES[prop]
    p, q = _values(given, points)
    if minutes <= 0.0:
        context.journal.add(
            "warning",
            f"shape '{item.name}' has points at uneven times",
            item.where,
            "give an interval above zero; its points are read as hourly",
        )
        minutes = 60.0
    if given.text("action")[:1].lower() == "n":
        highest = float(np.max(np.abs(p))) if len(p) else 1.0
        p = p / (given.number("pbase", highest) or 1.0)
    return {
        "name": item.name,
        "interval_min": minutes,
        "p_pu": frozen(p),
        "q_pu": frozen(q),
        "actual": given.flag("useactual"),
    }


def peak_of(row: dict[str, Any], item: Item, context: Context) -> tuple[float, float]:
    """The highest kW of a shape of powers, and its kvar at that point."""
    p, q = row["p_pu"], row["q_pu"]
    given = Given(item, context)
    at = int(np.argmax(p)) if len(p) else 0
    highest = float(p[at]) if len(p) else 0.0
    reactive = float(q[at]) if at < len(q) else 0.0
    return given.number("pmax", highest), given.number("qmax", reactive)


def _values(given: Given, points: int) -> tuple[Numbers, Numbers]:
    p = q = np.empty(0)
    last = ""
    for prop, _, _ in given.item.said:
        if prop in ("mult", "pmult", "csvfile", "sngfile", "dblfile", "pqcsvfile"):
            last = prop
    if last in ("mult", "pmult"):
        found = given.vector(last)
        p = p if found is None else found
    elif last:
        p, q = _files(given, last)
    if "qmult" in given:
        found = given.vector("qmult")
        q = q if found is None else found
    return (p[:points], q[:points]) if points else (p, q)


def _files(given: Given, prop: str) -> tuple[Numbers, Numbers]:
    none = np.empty(0)
    try:
        data = given.load(prop)(given.text(prop))
        if prop == "pqcsvfile":
            return column_of(data, 1), column_of(data, 2)
        if prop == "csvfile":
            return column_of(data, 1), none
        return binary(data, single=prop == "sngfile"), none
    except FormatError as problem:
        given.context.journal.add(
            "warning", f"shape '{given.item.name}': {problem.what}", given.where(prop), problem.mend
        )
    except ValueError as problem:
        complain(given.context, given.item, prop, given.where(prop), problem)
    return none, none


def curve_at(name: str, x: float, context: Context, item: Item) -> float:
    """The value of a curve at x, along straight lines between its points."""
    curve = context.store.find("xycurve", name)
    if curve is None:
        context.journal.add("error", f"there is no xycurve '{name[:80]}'", item.where)
        return 1.0
    given = Given(curve, context)
    xs, ys = given.vector("xarray"), given.vector("yarray")
    points = given.vector("points")
    if points is not None and (xs is None or ys is None):
        xs, ys = points[0::2], points[1::2]
    if xs is None or ys is None or not len(xs) or len(xs) != len(ys):
        context.journal.add("error", f"xycurve '{name[:80]}' has no points", curve.where)
        return 1.0
    return float(np.interp(x, xs, ys))
