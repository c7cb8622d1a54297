"""Three IEEE 8500-node feeders side by side, with remote switches and ties: assumed and stated."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridmend.model.columns import Column
from gridmend.model.grid import Grid
from gridmend.model.table import Table

PREFIXES = ("a", "b", "c")
SHARED = ("conductors", "geometries", "line_codes", "shapes")
"""Tables of which all feeders use the same rows."""

DEMAND = 0.45
"""Part of the published demand: that of a mean hour, at which a neighbour has room. Assumed."""

HEAD = "A8735_48332_sw"
RECLOSERS = ("L5437_48332_sw", "A8611_48332_sw")
"""On the two ways out of the trunk, each with about half of the customers behind it."""

TIES = (
    ("a", "Q14413", "b", "Q14413"),
    ("b", "E182732", "c", "E182732"),
    ("c", "Q14413", "a", "E182732"),
    ("a", "E183493", "b", "E183493"),
    ("b", "E183472", "c", "E183472"),
    ("c", "E183493", "a", "E183472"),
)
"""Feeder and bus at both ends of each tie."""

APART = 1.1
"""How far one feeder's map begins from the next one's, in widths of a map. Assumed."""

TIE_AMPERES = 600.0
LINE_AMPERES = 530.0
"""Of three-phase lines for which the file gives no rating: 336,400 ACSR, as in its line codes."""

EMERGENCY_FACTOR = 1.2
"""What a line or switch carries for hours, over its rating: assumed."""

HOLDS_V, HIGHEST_V = 125.5, 126.0
"""What regulators are set to whose band would end above range B of ANSI C84.1. Assumed."""

REVERSE_KW = 5.0
"""Power backwards, of a phase, from which a regulator holds its other side: 0.7 A. Assumed."""

SETTINGS = {
    HEAD: {"phase_pickup_a": 720.0, "ground_pickup_a": 360.0, "dial": 1.5},
    **{
        name: {"phase_pickup_a": 450.0, "ground_pickup_a": 200.0, "dial": 0.5} for name in RECLOSERS
    },
}
"""Pickups between the load that a neighbour may bring and the least fault of their own zone: with
the published demand 1,662 A between phases and 841 A to ground behind the head, 615 A and 413 A
behind the reclosers. Assumed."""

NAME = "ieee8500x3"
"""Of the network that is made: it is none of the published feeder's."""


def side_by_side(grid: Grid) -> Grid:
    """So many feeders as there are prefixes, each on its own source, tied as stated above."""
    grid = _switched(grid)
    scaled = {name: grid.loads.numbers(name) * DEMAND for name in ("p_kw", "q_kvar")}
    loads = grid.loads
    for name, values in scaled.items():
        loads = loads.with_column(name, values)
    lines = grid.lines
    rating_a = lines.numbers("rating_a")
    trunk = [len(phases.split()) >= 3 for phases in lines.texts("phases1")]
    rating_a = np.where(np.isnan(rating_a) & np.array(trunk), LINE_AMPERES, rating_a)
    lines = lines.with_column("rating_a", rating_a)
    emergency = rating_a * EMERGENCY_FACTOR
    lines = lines.with_column("emergency_rating_a", emergency)
    controls = grid.tap_controls
    targets = controls.numbers("target_v")
    targets = np.where(targets > HIGHEST_V, HOLDS_V, targets)
    controls = _both_ways(controls.with_column("target_v", targets))
    grid = grid.with_tables(loads=loads, lines=lines, tap_controls=controls)
    filled = {t.schema.name: t for t in grid.tables() if len(t)}
    tables: dict[str, Any] = {k: t if k in SHARED else _copied(t) for k, t in filled.items()}
    many = Grid(NAME, frequency_hz=grid.frequency_hz, **tables)
    many = _protected(_heads(_apart(many, len(grid.buses))))
    model = many.switches.record(f"a_{HEAD}")
    for number, (one, bus1, other, bus2) in enumerate(TIES, 1):
        tie = {
            **{k: model[k] for k in ("phases1", "phases2")},
            "name": f"tie{number}",
            "bus1": f"{one}_{bus1}",
            "bus2": f"{other}_{bus2}",
            "kind": "switch",
            "interrupts": "load",
            "normally_open": True,
            "remote": True,
            "r_ohm": model["r_ohm"],
            "x_ohm": model["x_ohm"],
            "c_nf": model["c_nf"],
            "rating_a": TIE_AMPERES,
            "emergency_rating_a": TIE_AMPERES * EMERGENCY_FACTOR,
        }
        many = many.with_rows("switches", tie)
    return many


def _both_ways(controls: Table) -> Table:
    """Regulators that hold the other side alike where power runs backwards."""
    for name in list(controls):
        record = controls.record(name)
        changes = {
            "reverse_mode": "regulate",
            "reverse_target_v": record["target_v"],
            "reverse_band_v": record["band_v"],
            "reverse_threshold_kw": REVERSE_KW,
        }
        controls = controls.changed(name, changes)
    return controls


def _switched(grid: Grid) -> Grid:
    """Three-phase switches work by remote control; the head is a breaker, two are reclosers."""
    switches = grid.switches
    reclosers = {name.lower() for name in RECLOSERS}
    for name in list(switches):
        record = switches.record(name)
        head, recloser = name.lower() == HEAD.lower(), name.lower() in reclosers
        switches = switches.changed(
            name,
            {
                "kind": "breaker" if head else "recloser" if recloser else "switch",
                "interrupts": "fault" if head or recloser else "load",
                "remote": len(str(record["phases1"]).split()) >= 3,
                "rating_a": TIE_AMPERES,
                "emergency_rating_a": TIE_AMPERES * EMERGENCY_FACTOR,
            },
        )
    return grid.with_tables(switches=switches)


def _heads(grid: Grid) -> Grid:
    """A feeder of each copy, headed by its breaker."""
    for prefix in PREFIXES:
        bus = str(grid.sources.record(f"{prefix}_source")["bus"])
        name = f"{prefix}_substation"
        if name not in grid.substations.index:
            grid = grid.with_rows("substations", {"name": name, "bus": bus})
        head = {"name": prefix, "substation": name, "head": f"switch.{prefix}_{HEAD}"}
        grid = grid.with_rows("feeders", head)
    return grid


def _apart(grid: Grid, each: int) -> Grid:
    """The maps of the feeders beside each other, as they have the same coordinates."""
    x = grid.buses.numbers("x").reshape(len(PREFIXES), each)
    width = float(np.nanmax(x) - np.nanmin(x))
    moved = x + APART * width * np.arange(len(PREFIXES))[:, None]
    return grid.with_tables(buses=grid.buses.with_column("x", moved.ravel()))


def _protected(grid: Grid) -> Grid:
    """Very inverse curves, two reclosings, and a fast first trip of the reclosers."""
    rows = [
        {
            "name": f"{prefix}_{name}",
            "switch": f"{prefix}_{name}",
            "kind": "recloser",
            "phase_pickup_a": told["phase_pickup_a"],
            "ground_pickup_a": told["ground_pickup_a"],
            **{f"{which}_slow_curve": "ieee_very_inverse" for which in ("phase", "ground")},
            **{f"{which}_slow_dial": told["dial"] for which in ("phase", "ground")},
            **({} if name == HEAD else {"phase_fast_curve": "a", "fast_shots": 1}),
            "shots": 3,
            "reclose_s": (0.5, 15.0),
            "open_s": 0.05,
        }
        for prefix in PREFIXES
        for name, told in SETTINGS.items()
    ]
    return grid.with_rows("protections", *rows)


def _copied(table: Table) -> Table:
    columns = {
        c.name: np.concatenate([_renamed(c, table[c.name], prefix) for prefix in PREFIXES])
        for c in table.schema.columns
    }
    for values in columns.values():
        values.flags.writeable = False
    return Table(table.schema, columns)


def _renamed(column: Column, values: NDArray[Any], prefix: str) -> NDArray[Any]:
    shared = column.refers and column.refers in SHARED
    if shared or not (column.refers or column.name in ("name", "element")):
        return values
    renamed = np.empty(len(values), object)
    for at, value in enumerate(values):
        kind, dot, name = value.rpartition(".") if column.name == "element" else ("", "", value)
        renamed[at] = f"{kind}{dot}{prefix}_{name}" if name else value
    return renamed


STATED = (
    "Three copies of the feeder (a, b, c), each with its substation on a source of its own; every "
    "name has the feeder's letter before it.",
    f"Loads are {DEMAND:g} of those published, which are the peak: at the peak no neighbour has "
    "room for another's.",
    f"{HEAD} is each feeder's breaker and {' and '.join(RECLOSERS)} are reclosers; all other "
    "switches break load. Three-phase ones work by remote control, the others by hand.",
    f"Their maps stand beside each other, {APART:g} widths apart.",
    "Six normally open remote ties join the feeders: "
    + ", ".join(f"{one}_{here} to {other}_{there}" for one, here, other, there in TIES)
    + f". Switches and ties carry {TIE_AMPERES:g} A.",
    f"Three-phase lines without a rating carry {LINE_AMPERES:g} A (336,400 ACSR).",
    f"Substation regulators hold {HOLDS_V:g} V on a base of 120 instead of 126.5: with half their "
    "band of 2 V that would end at 1.0625 pu, over range B of ANSI C84.1 (1.0583), and no "
    "switching that leads there at part load would be allowed.",
    f"Regulators sense power that runs backwards, from {REVERSE_KW:g} kW a phase, and hold their "
    "other side alike: one that does not runs to the end of its taps where a tie feeds it from "
    "behind.",
    f"Lines and switches carry {EMERGENCY_FACTOR:g} of their rating for hours.",
    "Breakers trip from 720 A and 360 A to ground, reclosers from 450 A and 200 A, on IEEE very "
    "inverse curves with two reclosings: more than a neighbour's load, less than the least fault "
    "of their zone (1,662 A and 841 A, 615 A and 413 A).",
)
