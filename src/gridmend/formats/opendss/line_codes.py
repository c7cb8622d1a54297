"""Line codes, conductors and geometries: what gives a line its impedance."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan
from typing import Any

from gridmend.formats.opendss.arithmetic import number, whole
from gridmend.formats.opendss.given import (
    MAXIMUM_PHASES,
    Context,
    Given,
    complain,
    frozen,
    is_yes,
)
from gridmend.formats.opendss.impedance import EARTH, MATRICES, SEQUENCE, Impedance
from gridmend.formats.opendss.store import Item
from gridmend.formats.opendss.words import listed
from gridmend.formats.units import METRES, metres

_IMPEDANCE = SEQUENCE | MATRICES | EARTH


@dataclass(slots=True)
class LineCode:
    """A line code as its lines take it."""

    name: str
    impedance: Impedance
    unit: str = "none"
    rating_a: float = nan
    emergency_rating_a: float = nan


def checked_unit(text: str) -> str:
    """The unit of length a word names; `ValueError` where it is none."""
    try:
        _ = metres(text)
    except KeyError:
        known = ", ".join(METRES)
        raise ValueError(f"'{text[:40]}' is not a unit of length ({known}, none)") from None
    return text.lower()


def fold_line_code(item: Item, context: Context) -> LineCode:
    """A line code from what was said of it, in order."""
    hertz = item.base_hz
    impedance = Impedance(base_hz=hertz, depth_hz=hertz, coded=True, built_hz=hertz)
    code = LineCode(item.name, impedance)
    neutral = 0
    for prop, text, where in item.said:
        try:
            if prop in _IMPEDANCE:
                impedance.say(prop, text)
            elif prop == "nphases":
                impedance.phases = _bounded(text)
                impedance.symmetrical()
            elif prop == "units":
                code.unit = checked_unit(text)
            elif prop == "basefreq":
                impedance.rebase(text)
                impedance.depth_hz = impedance.base_hz
            elif prop == "normamps":
                code.rating_a = number(text)
            elif prop == "emergamps":
                code.emergency_rating_a = number(text)
            elif prop == "neutral":
                neutral = whole(text)
            elif prop == "kron" and is_yes(text) and impedance.r is not None:
                impedance.reduce(neutral or impedance.phases)
        except ValueError as problem:
            complain(context, item, prop, where, problem)
    return code


def _bounded(text: str) -> int:
    value = whole(text)
    if not 1 <= value <= MAXIMUM_PHASES:
        raise ValueError(f"{value} is not from 1 to {MAXIMUM_PHASES}")
    return value


def line_code_row(code: LineCode, hertz: float) -> dict[str, Any]:
    """The row of a line code, its matrices per kilometre at the grid's frequency."""
    scale = 1000.0 / (metres(code.unit) or 1000.0)
    r, x, c = code.impedance.at(hertz)
    return {
        "name": code.name,
        "r_ohm_per_km": frozen(r * scale),
        "x_ohm_per_km": frozen(x * scale),
        "c_nf_per_km": frozen(c * scale),
        "rating_a": code.rating_a,
        "emergency_rating_a": code.emergency_rating_a,
    }


def conductor_row(item: Item, context: Context) -> dict[str, Any]:
    """The row of a bare conductor."""
    given = Given(item, context)
    r_unit = _metres(given, "runits")
    gmr_unit, radius_unit = _metres(given, "gmrunits"), _metres(given, "radunits")
    r_ac, r_dc = given.number("rac", nan), given.number("rdc", nan)
    # What is left out follows from its pair: the language takes Rac = 1.02 Rdc, GMR = 0.7788 r.
    r_dc = r_ac / 1.02 if r_dc != r_dc else r_dc
    r_ac = r_dc * 1.02 if r_ac != r_ac else r_ac
    radius = given.number("radius", nan) * radius_unit
    if "diam" in given and (radius != radius or _later(item, "diam", "radius")):
        radius = given.number("diam", nan) / 2.0 * radius_unit
    gmr = given.number("gmrac", nan) * gmr_unit
    gmr = radius * 0.7788 if gmr != gmr else gmr
    radius = gmr / 0.7788 if radius != radius else radius
    if r_ac != r_ac or gmr != gmr:
        context.journal.add(
            "error", f"conductor '{item.name}' has no resistance or no radius", item.where
        )
        r_ac, gmr, radius = 0.0, 0.01, 0.01
    return {
        "name": item.name,
        "r_ac_ohm_per_km": r_ac * 1000.0 / r_unit,
        "r_dc_ohm_per_km": r_dc * 1000.0 / r_unit,
        "gmr_m": gmr,
        "radius_m": radius,
        "rating_a": given.number("normamps", nan),
        "emergency_rating_a": given.number("emergamps", nan),
    }


def _later(item: Item, first: str, second: str) -> bool:
    order = [prop for prop, _, _ in item.said if prop in (first, second)]
    return bool(order) and order[-1] == first


def _metres(given: Given, prop: str) -> float:
    try:
        return metres(checked_unit(given.text(prop, "none"))) or 1.0
    except ValueError as problem:
        complain(given.context, given.item, prop, given.where(prop), problem)
        return 1.0


@dataclass(slots=True)
class Geometry:
    """A geometry: positions by conductor, in metres."""

    name: str
    conductors: int = 3
    phases: int = 3
    wires: list[str] = field(default_factory=lambda: ["", "", ""])
    x: list[float] = field(default_factory=lambda: [0.0] * 3)
    height: list[float] = field(default_factory=lambda: [0.0] * 3)
    reduce: bool = False
    rating_a: float = nan
    emergency_rating_a: float = nan

    def resize(self, count: int) -> None:
        """Begin again with another number of conductors."""
        self.conductors = count
        self.phases = min(self.phases, count)
        self.wires = [""] * count
        self.x = [0.0] * count
        self.height = [0.0] * count


def fold_geometry(item: Item, context: Context) -> Geometry:
    """A geometry from what was said of it, in order; `cond=` chooses the conductor."""
    made = Geometry(item.name)
    raw: dict[int, list[float]] = {}
    units: dict[int, str] = {}
    at, unit = 0, "ft"
    for prop, text, where in item.said:
        try:
            if prop == "nconds":
                made.resize(_bounded(text))
                raw.clear()
                units.clear()
            elif prop == "nphases":
                made.phases = _bounded(text)
            elif prop == "cond":
                at = whole(text) - 1
                if not 0 <= at < made.conductors:
                    at = 0
                    raise ValueError(f"'{text[:20]}' is not from 1 to {made.conductors}")
                units.setdefault(at, unit)
            elif prop in ("wire", "cncable", "tscable"):
                made.wires[at] = text
            elif prop in ("x", "h"):
                raw.setdefault(at, [0.0, 0.0])[prop == "h"] = number(text)
            elif prop == "units":
                unit = units[at] = checked_unit(text)
            elif prop == "reduce":
                made.reduce = is_yes(text)
            elif prop == "normamps":
                made.rating_a = number(text)
            elif prop == "emergamps":
                made.emergency_rating_a = number(text)
            elif prop in ("wires", "cncables", "tscables"):
                found = listed(text)[: made.conductors]
                made.wires[: len(found)] = found
            elif prop == "spacing":
                _take_spacing(made, text, context, where)
        except ValueError as problem:
            complain(context, item, prop, where, problem)
        if prop in ("cncable", "tscable", "cncables", "tscables"):
            context.journal.add("error", f"geometry '{item.name}' uses cables", where)
    for place, (x, height) in raw.items():
        scale = metres(units.get(place, unit)) or 1.0
        made.x[place], made.height[place] = x * scale, height * scale
    return made


def _take_spacing(made: Geometry, name: str, context: Context, where: Any) -> None:
    spacing = context.find("linespacing", name, where)
    if spacing is None:
        return
    x, height, phases = fold_spacing(spacing, context)
    made.resize(len(x))
    made.phases, made.x, made.height = min(phases, len(x)), x, height


def fold_spacing(item: Item, context: Context) -> tuple[list[float], list[float], int]:
    """Positions in metres and the number of phases of a line spacing."""
    given = Given(item, context)
    count = given.whole("nconds", 3, low=1, high=MAXIMUM_PHASES)
    scale = _metres(given, "units") if "units" in given else METRES["ft"]
    places: list[list[float]] = []
    for prop in ("x", "h"):
        values = given.vector(prop)
        listed_m = [] if values is None else [float(v) * scale for v in values[:count]]
        places.append(listed_m + [0.0] * (count - len(listed_m)))
    return (
        places[0],
        places[1],
        given.whole("nphases", 3, low=1, high=MAXIMUM_PHASES),
    )


def geometry_row(made: Geometry, ratings: dict[str, tuple[float, float]]) -> dict[str, Any]:
    """The row of a geometry; its rating is its first conductor's unless given."""
    normal, emergency = ratings.get(made.wires[0].lower(), (nan, nan))
    return {
        "name": made.name,
        "conductors": tuple(made.wires),
        "x_m": made.x,
        "height_m": made.height,
        "phase_count": made.phases,
        "reduce": made.reduce,
        "rating_a": normal if made.rating_a != made.rating_a else made.rating_a,
        "emergency_rating_a": emergency
        if made.emergency_rating_a != made.emergency_rating_a
        else made.emergency_rating_a,
    }
