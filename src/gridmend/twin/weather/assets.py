"""What world events may break: overhead lines, cables and transformers, with their places."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from gridmend.model.errors import Finding, GridError
from gridmend.model.grid import Grid
from gridmend.twin.weather.settings import above_zero, at_least
from gridmend.twin.weather.storms import Floats


class AssetKind(StrEnum):
    """What kind of asset it is."""

    OVERHEAD = "overhead"
    CABLE = "cable"
    TRANSFORMER = "transformer"


CABLE_FROM_NF_PER_KM = 20.0
"""A line whose conductors have more shunt capacitance is taken for a cable. Bare overhead
conductors have about 10 nF/km, insulated cables 25 to several hundred; the bound is assumed."""
UNITS_M = {"metre": 1.0, "foot": 0.3048, "kilometre": 1000.0, "mile": 1609.344}
"""Units that map coordinates may have [m]."""
HEIGHT_M = 10.0
"""Height of overhead conductors over ground where none is given; assumed."""
LOADING_PU = 0.9
"""Loading of a transformer on a day that needs no cooling, where none is given; assumed."""
CONDUCTORS = ("a", "b", "c", "s1", "s2")
"""Conductors that a fault may be on; neutral and ground are not told apart."""


@dataclass(frozen=True, eq=False)
class Assets:
    """Lines and transformers in service, as arrays [assets].

    `names` have their class (`line.L52`). A line's place is the middle between its buses, or
    its one bus with a position; nan where the grid has none. `vegetation` is 1 for mean exposure
    to trees and 0 for none; `height_m`, `vegetation` and `length_km` matter for lines only and
    `loading_pu` for transformers only.
    """

    names: tuple[str, ...]
    kinds: NDArray[np.object_]
    x_m: Floats
    y_m: Floats
    length_km: Floats
    height_m: Floats
    vegetation: Floats
    loading_pu: Floats
    phases: tuple[tuple[str, ...], ...]
    metres_per_unit: float

    def __len__(self) -> int:
        return len(self.names)

    def are(self, kind: AssetKind) -> NDArray[np.bool_]:
        """[assets] which are of a kind."""
        return self.kinds == kind

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of what has a position, x and y [m]; 0, 0 where nothing has."""
        known = np.isfinite(self.x_m)
        if not known.any():
            return 0.0, 0.0
        return float(self.x_m[known].mean()), float(self.y_m[known].mean())

    def only(self, rows: NDArray[np.int64]) -> Assets:
        """Some of the assets."""
        picked = {
            name: getattr(self, name)[rows]
            for name in ("kinds", "x_m", "y_m", "length_km", "height_m", "vegetation", "loading_pu")
        }
        at = [int(k) for k in rows]
        names = tuple(self.names[k] for k in at)
        phases = tuple(self.phases[k] for k in at)
        return replace(self, names=names, phases=phases, **picked)

    @staticmethod
    def of(
        grid: Grid,
        *,
        metres_per_unit: float | None = None,
        cables: Collection[str] | None = None,
        height_m: float = HEIGHT_M,
        vegetation: Mapping[str, float] | None = None,
        loading_pu: Mapping[str, float] | None = None,
    ) -> Assets:
        """The lines and transformers of a grid that are in service and have a phase conductor.

        `metres_per_unit` is the unit of the map; where it is not given it is the metre, foot,
        kilometre or mile, whichever makes lines most nearly as long as they are. `cables` names
        the lines underground; where it is not given, capacitance tells. `height_m` is that of
        conductors; `vegetation` (lines) and `loading_pu` (transformers) are by name. A length
        that is negative or no number counts as 0, and `findings` says so.

        Raises `GridError` for a name that is not there or is of another class, for a negative
        value, and for a unit or height that is not above 0.
        """
        unit_m = map_unit_m(grid) if metres_per_unit is None else metres_per_unit
        above_zero("assets", metres_per_unit=unit_m, height_m=height_m)
        x, y, phases = _places(grid)
        has = np.array([len(conductors) > 0 for conductors in phases], bool)
        split = len(grid.lines)
        lines = np.flatnonzero(grid.lines.flags("in_service") & has[:split])
        units = np.flatnonzero(grid.transformers.flags("in_service") & has[split:])
        if cables is None:
            under = _by_capacitance(grid)
        else:
            under = np.zeros(len(grid.lines), bool)
            under[[_row(grid, name, "lines") for name in cables]] = True
        kinds = np.array([AssetKind.TRANSFORMER] * (len(lines) + len(units)), object)
        kinds[: len(lines)] = [AssetKind.CABLE if under[k] else AssetKind.OVERHEAD for k in lines]
        rows = np.concatenate([lines, split + units])
        length_m = grid.lines.numbers("length_m")[lines]
        length_km = np.where(length_m >= 0, length_m, 0.0) / 1000
        line_names, unit_names = grid.lines.texts("name"), grid.transformers.texts("name")
        return Assets(
            names=(
                *(f"line.{line_names[k]}" for k in lines),
                *(f"transformer.{unit_names[k]}" for k in units),
            ),
            kinds=kinds,
            x_m=x[rows] * unit_m,
            y_m=y[rows] * unit_m,
            length_km=np.append(length_km, np.zeros(len(units))),
            height_m=np.full(len(rows), height_m),
            vegetation=_given(grid, "lines", vegetation or {}, 1.0)[rows],
            loading_pu=_given(grid, "transformers", loading_pu or {}, LOADING_PU)[rows],
            phases=tuple(phases[int(k)] for k in rows),
            metres_per_unit=unit_m,
        )


def map_unit_m(grid: Grid) -> float:
    """The unit of map coordinates [m]: which of `UNITS_M` fits the lengths of the lines best.

    Only a few units are possible, so that a line more or less does not stretch the map. 1 where
    nothing can be told.
    """
    ratio = _ratio(grid)
    if not math.isfinite(ratio):
        return 1.0
    return min(UNITS_M.values(), key=lambda unit_m: abs(math.log(ratio / unit_m)))


def findings(grid: Grid, assets: Assets) -> tuple[Finding, ...]:
    """What world events cannot know of a grid: places that lack, a map in no known unit."""
    found: list[Finding] = []
    lost = [assets.names[int(k)] for k in np.flatnonzero(np.isnan(assets.x_m))]
    if lost:
        few = ", ".join(lost[:3]) + (", …" if len(lost) > 3 else "")
        what = f"{len(lost)} assets have no position and take what a storm has at its centre"
        found.append(Finding("warning", what, few, "give x and y of their buses"))
    ratio = _ratio(grid)
    if math.isfinite(ratio) and abs(math.log(ratio / assets.metres_per_unit)) > math.log(1.5):
        what = (
            f"a unit of the map is {assets.metres_per_unit:g} m, the lines' lengths say {ratio:g} m"
        )
        found.append(Finding("warning", what, "buses: x, y", "give metres_per_unit"))
    bad = np.flatnonzero(~(grid.lines.numbers("length_m") >= 0))
    if len(bad):
        few = ", ".join(grid.lines.texts("name")[int(k)] for k in bad[:3])
        found.append(Finding("error", f"{len(bad)} lines have no length", few, "give length_m"))
    return tuple(found)


def _ratio(grid: Grid) -> float:
    """Median of length [m] over distance on the map; nan where no line has both."""
    x, y = _ends(grid)
    far = np.hypot(x[:, 0] - x[:, 1], y[:, 0] - y[:, 1])
    length_m = grid.lines.numbers("length_m")
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = length_m / far
    ratio = ratio[np.isfinite(ratio) & (ratio > 0)]
    return float(np.median(ratio)) if len(ratio) else math.nan


def _ends(grid: Grid) -> tuple[Floats, Floats]:
    """[lines, 2] coordinates of both ends of each line."""
    columns = (grid.lines.texts("bus1"), grid.lines.texts("bus2"))
    at = [[grid.buses.row(bus) for bus in column] for column in columns]
    rows = np.array(at, np.int64).reshape(2, -1).T
    return grid.buses.numbers("x")[rows], grid.buses.numbers("y")[rows]


def _places(grid: Grid) -> tuple[Floats, Floats, list[tuple[str, ...]]]:
    """Map coordinates and conductors of all lines, then of all transformers."""
    ends_x, ends_y = _ends(grid)
    lacks = np.isnan(ends_x) | np.isnan(ends_y)
    kept = (~lacks).sum(axis=1)
    with np.errstate(invalid="ignore"):
        x = np.where(lacks, 0.0, ends_x).sum(axis=1) / np.where(kept, kept, np.nan)
        y = np.where(lacks, 0.0, ends_y).sum(axis=1) / np.where(kept, kept, np.nan)
    phases = [_conductors(words) for words in grid.lines.texts("phases1")]
    bus_x, bus_y = grid.buses.numbers("x"), grid.buses.numbers("y")
    unit_x, unit_y = (
        np.full(len(grid.transformers), np.nan),
        np.full(len(grid.transformers), np.nan),
    )
    unit_phases: list[tuple[str, ...]] = [()] * len(grid.transformers)
    windings = grid.windings
    columns = (windings.texts("transformer"), windings.texts("bus"), windings.texts("phases"))
    for name, bus, words, number in zip(*columns, windings.counts("number"), strict=True):
        if number == 1:
            row, at = grid.transformers.row(name), grid.buses.row(bus)
            unit_x[row], unit_y[row] = bus_x[at], bus_y[at]
            unit_phases[row] = _conductors(words)
    gone = np.isnan(unit_x) | np.isnan(unit_y)
    unit_x[gone] = unit_y[gone] = np.nan
    return np.append(x, unit_x), np.append(y, unit_y), phases + unit_phases


def _conductors(words: str) -> tuple[str, ...]:
    return tuple(word for word in words.split() if word in CONDUCTORS)


def _by_capacitance(grid: Grid) -> NDArray[np.bool_]:
    """[lines] which have a cable's capacitance, of their own or of their code."""
    codes = grid.line_codes
    of_code = [_largest(c) for c in codes.vectors("c_nf_per_km")]
    own = [_largest(c) for c in grid.lines.vectors("c_nf_per_km")]
    found = np.zeros(len(grid.lines), bool)
    for row, code in enumerate(grid.lines.texts("line_code")):
        at = codes.index.get(code.lower())
        found[row] = max(own[row], of_code[at] if at is not None else 0.0) > CABLE_FROM_NF_PER_KM
    return found


def _largest(matrix: Floats) -> float:
    return float(np.max(np.diagonal(matrix))) if matrix.ndim == 2 and matrix.size else 0.0


def _row(grid: Grid, name: str, table: str) -> int:
    """The row of an element that has to be of one table."""
    found, row = grid.find(name)
    if found != table:
        raise GridError(f"'{name}' is not one of the {table}", mend=f"name one of the {table}")
    return row


def _given(grid: Grid, table: str, values: Mapping[str, float], default: float) -> Floats:
    """[lines, then transformers] a value by name, for one of the two tables."""
    full = np.full(len(grid.lines) + len(grid.transformers), default)
    offset = 0 if table == "lines" else len(grid.lines)
    for name, value in values.items():
        at_least(0.0, f"{table}: {name}", value=value)
        full[offset + _row(grid, name, table)] = value
    return full
