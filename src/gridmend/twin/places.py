"""Where elements are on the map, for crews who drive there."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gridmend.model.errors import Finding
from gridmend.model.grid import Grid
from gridmend.twin.weather.assets import map_unit_m

FEEDER_MOST_M = 200_000.0
"""A map that is wider has another unit than was taken."""
UNKNOWN_WAY_M = 5_000.0
"""What has no place is so far from the middle of the map, or, where there is no map, from its
origin. Assumed."""


@dataclass(frozen=True, eq=False)
class Places:
    """The map of a grid [m]; `middle_m` is that of the buses with a position."""

    grid: Grid
    metres_per_unit: float
    middle_m: tuple[float, float]

    @staticmethod
    def of(grid: Grid, *, metres_per_unit: float | None = None) -> Places:
        """The map in its unit [m], or in the one that fits the lengths of the lines best."""
        unit_m = map_unit_m(grid) if metres_per_unit is None else metres_per_unit
        x, y = grid.buses.numbers("x") * unit_m, grid.buses.numbers("y") * unit_m
        known = np.isfinite(x) & np.isfinite(y)
        middle_m = (float(x[known].mean()), float(y[known].mean())) if known.any() else (0.0, 0.0)
        return Places(grid, unit_m, middle_m)

    def at(self, element: str) -> tuple[float, float]:
        """Where a crew goes for an element [m]; `GridError` where there is no such element."""
        x_m, y_m = place_of(self.grid, element, metres_per_unit=self.metres_per_unit)
        if math.isnan(x_m):
            return self.middle_m[0] + UNKNOWN_WAY_M, self.middle_m[1]
        return x_m, y_m

    def findings(self) -> tuple[Finding, ...]:
        """What the map lacks, and a unit that cannot be."""
        x, y = self.grid.buses.numbers("x"), self.grid.buses.numbers("y")
        lacking = np.flatnonzero(~(np.isfinite(x) & np.isfinite(y)))
        known = np.isfinite(x) & np.isfinite(y)
        found: list[Finding] = []
        if len(lacking):
            names = self.grid.buses["name"]
            few = ", ".join(str(names[k]) for k in lacking[:3]) + (", …" * (len(lacking) > 3))
            what = (
                f"{len(lacking)} of {len(x)} buses have no position: crews drive as to a place "
                f"{UNKNOWN_WAY_M / 1000:g} km from the middle of the map"
            )
            found.append(Finding("warning", what, few, "give x and y of the buses"))
        if known.any():
            wide_m = math.hypot(np.ptp(x[known]), np.ptp(y[known])) * self.metres_per_unit
            if not wide_m <= FEEDER_MOST_M:
                what = (
                    f"the map is {wide_m / 1000:,.0f} km wide, with {self.metres_per_unit:g} m "
                    "to its unit"
                )
                found.append(Finding("warning", what, "buses: x, y", "give metres_per_unit"))
        return tuple(found)


def place_of(grid: Grid, element: str, *, metres_per_unit: float = 1.0) -> tuple[float, float]:
    """The place of an element or a bus (`bus.60`) on the map [m]: the middle between its buses, or
    its one bus with a position; nan where none has any. `GridError` for what is not there."""
    buses = grid.buses
    rows = [buses.row(bus) for bus in buses_of(grid, element)]
    at = [(float(buses.numbers("x")[row]), float(buses.numbers("y")[row])) for row in rows]
    known = [(x, y) for x, y in at if math.isfinite(x) and math.isfinite(y)]
    if not known:
        return math.nan, math.nan
    x = metres_per_unit * sum(x for x, _ in known) / len(known)
    return x, metres_per_unit * sum(y for _, y in known) / len(known)


def buses_of(grid: Grid, element: str) -> tuple[str, ...]:
    """The buses that an element is at, a transformer at that of its first winding; of a bus
    itself. `GridError` for what is not there."""
    prefix, dot, rest = element.lower().partition(".")
    if dot and prefix in ("bus", "buses"):
        return (str(grid.buses["name"][grid.buses.row(rest)]),)
    table, row = found(grid, element)
    if table == "tap_controls":
        return buses_of(grid, f"transformer.{grid.tap_controls['transformer'][row]}")
    record = grid.table(table)
    if table == "transformers":
        windings = grid.windings
        mine = windings.where("transformer", record["name"][row])
        first = [k for k in mine.tolist() if windings.counts("number")[k] == 1]
        return tuple(str(windings["bus"][k]) for k in first)
    columns = {column.name for column in record.schema.columns}
    ends = [name for name in ("bus", "bus1", "bus2") if name in columns]
    return tuple(str(record[name][row]) for name in ends if record[name][row])


def found(grid: Grid, element: str) -> tuple[str, int]:
    """Table and row of an element, a switch also by its name alone; `GridError` for what is not
    there."""
    if element.lower() in grid.switches.index:
        return "switches", grid.switches.row(element)
    key = grid.key(element)
    if key.startswith("tap_control."):
        return "tap_controls", grid.tap_controls.row(key.partition(".")[2])
    return grid.find(element)
