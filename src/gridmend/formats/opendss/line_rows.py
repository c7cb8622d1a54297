"""Rows of lines and switches: per kilometre and in all, at the grid's frequency."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridmend.formats.opendss.arrays import Numbers
from gridmend.formats.opendss.given import Context, frozen
from gridmend.formats.opendss.lines import Line
from gridmend.formats.units import converted, metres

EMPTY = frozen(np.empty(0))


def line_row(line: Line, context: Context) -> dict[str, Any]:
    """The row of a line."""
    scale = _metres_by_length(line, context)
    row = _ends(line, context)
    row["length_m"] = line.length * scale
    row["rating_a"] = line.rating_a
    row["emergency_rating_a"] = line.emergency_rating_a
    row["in_service"] = line.item.enabled
    row["r_ohm_per_km"] = row["x_ohm_per_km"] = row["c_nf_per_km"] = EMPTY
    if line.geometry:
        row["geometry"] = line.geometry
        row["earth_model"] = line.earth_model
        row["earth_resistivity_ohm_m"] = line.rho
    elif line.code is not None and line.own is None and _same_unit(line):
        row["line_code"] = line.code.name
    else:
        per_km = 1000.0 / scale / line.convert
        r, x, c = _matrices(line, context)
        row["r_ohm_per_km"] = frozen(r * per_km)
        row["x_ohm_per_km"] = frozen(x * per_km)
        row["c_nf_per_km"] = frozen(c * per_km)
    return row


def switch_row(line: Line, context: Context) -> dict[str, Any]:
    """The row of a switch: its impedance in all, not by length."""
    row = _ends(line, context)
    r, x, c = _matrices(line, context)
    total = line.length / line.convert
    row["r_ohm"], row["x_ohm"] = frozen(r * total), frozen(x * total)
    row["c_nf"] = frozen(c * total)
    row["rating_a"] = line.rating_a
    row["emergency_rating_a"] = line.emergency_rating_a
    row["normally_open"] = line.item.opened or not line.item.enabled
    return row


def _ends(line: Line, context: Context) -> dict[str, Any]:
    first, second = line.ends
    terminals = context.terminals
    return {
        "name": line.item.name,
        "bus1": terminals.written(first),
        "phases1": terminals.words(first),
        "bus2": terminals.written(second),
        "phases2": terminals.words(second),
    }


def _same_unit(line: Line) -> bool:
    """Whether the code's matrices by kilometre serve the line as they are."""
    code = line.code
    return code is not None and (metres(code.unit) is not None or metres(line.unit) is None)


def _matrices(line: Line, context: Context) -> tuple[Numbers, Numbers, Numbers]:
    r, x, c = line.impedance().at(context.frequency_hz)
    if line.shrink_c and not line.c_given:
        # Default capacitance is by thousand feet and follows the unit of the line.
        c = c / converted(of="kft", to=line.unit)
    return r, x, c


def _metres_by_length(line: Line, context: Context) -> float:
    # A unit that the impedance no longer follows still says how long the line is.
    own, other = metres(line.unit) or metres(line.said_unit), None
    if line.geometry:
        if own is None:
            context.journal.count(
                "note",
                "lines of a geometry without a unit of length are read as metres",
                line.item.name,
            )
        return own or 1.0
    if line.code is not None:
        other = metres(line.code.unit)
        if (own is None) != (other is None):
            context.journal.count(
                "note",
                "lines and codes of which one has no unit of length are taken to share a unit",
                line.item.name,
            )
    if own is None and other is None:
        context.journal.count(
            "note", "lengths without a unit are read as kilometres", line.item.name
        )
    return own or other or 1000.0
