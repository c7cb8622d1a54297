"""Lines: an impedance by length, from a code, a geometry or the line itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import nan
from typing import Any

from gridmend.formats.opendss.arithmetic import number, whole
from gridmend.formats.opendss.given import MAXIMUM_PHASES, Context, complain, is_yes
from gridmend.formats.opendss.impedance import CAPACITANCES, EARTH, MATRICES, SEQUENCE, Impedance
from gridmend.formats.opendss.line_codes import Geometry, LineCode, checked_unit, fold_spacing
from gridmend.formats.opendss.nodes import NOWHERE, Terminal
from gridmend.formats.opendss.store import Item
from gridmend.formats.opendss.words import listed
from gridmend.formats.units import converted

_OWN = SEQUENCE | MATRICES
_EARTH_MODELS = {"d": "deri", "c": "carson", "f": "full_carson"}


@dataclass(slots=True)
class Codes:
    """What lines refer to, by lower-case name."""

    codes: dict[str, LineCode]
    geometries: dict[str, Geometry]
    conductors: dict[str, tuple[float, float]]


@dataclass(slots=True)
class Line:
    """A line as it stands after all that was said of it."""

    item: Item
    ends: tuple[Terminal, Terminal] = (NOWHERE, NOWHERE)
    phases: int = 3
    length: float = 1.0
    unit: str = "none"
    code: LineCode | None = None
    own: Impedance | None = None
    own_unit: str = "none"
    convert: float = 1.0
    shrink_c: bool = False
    c_given: bool = False
    geometry: str = ""
    spacing: str = ""
    wires: tuple[str, ...] = ()
    is_switch: bool = False
    earth_model: str = "deri"
    rho: float = 100.0
    rating_a: float = nan
    emergency_rating_a: float = nan
    specs: tuple[str, str] = ("", "")
    said_unit: str = "none"

    def impedance(self) -> Impedance:
        """The line's own impedance, made from its code where it had none."""
        if self.own is None:
            hertz = self.item.base_hz
            self.own = (
                Impedance(self.phases, hertz, hertz)
                if self.code is None
                else replace(self.code.impedance, coded=False)
            )
        return self.own

    def change_phases(self, count: int) -> None:
        """Another number of phases: allowed while symmetrical components rule."""
        if not 1 <= count <= MAXIMUM_PHASES:
            raise ValueError(f"{count} is not from 1 to {MAXIMUM_PHASES}")
        if count == self.phases:
            return
        impedance = self.impedance()
        if impedance.r is not None or self.geometry:
            raise ValueError(f"the impedance given is for {self.phases} phases, not {count}")
        self.phases = impedance.phases = count


def fold_line(item: Item, context: Context, codes: Codes) -> Line:
    """A line from what was said of it, in order."""
    line = Line(item)
    for prop, text, where in item.said:
        try:
            action = _SAY.get(prop)
            if action is not None:
                action(line, text)
            elif prop == "linecode":
                code = codes.codes.get(text.lower())
                if code is None:
                    context.find("linecode", text, where)
                else:
                    _take_code(line, code)
            elif prop in _OWN:
                _take_own(line, prop, text)
            elif prop in EARTH:
                line.impedance().say(prop, text)
                line.rho = number(text) if prop == "rho" else line.rho
            elif prop == "geometry":
                geometry = codes.geometries.get(text.lower())
                if geometry is None:
                    context.find("linegeometry", text, where)
                else:
                    _take_geometry(line, geometry, codes)
            elif prop == "wires":
                _take_wires(line, text, context, codes, where)
            elif prop in ("cncables", "tscables"):
                context.journal.add("error", f"line '{item.name}' is made of cables", where)
        except ValueError as problem:
            complain(context, item, prop, where, problem)
    _place(line, context)
    return line


def _take_code(line: Line, code: LineCode) -> None:
    line.code, line.own = code, None
    line.phases = code.impedance.phases
    line.convert = converted(of=code.unit, to=line.unit)
    line.own_unit = code.unit
    line.shrink_c = False
    line.geometry = line.spacing = ""
    line.rating_a, line.emergency_rating_a = code.rating_a, code.emergency_rating_a


def _take_own(line: Line, prop: str, text: str) -> None:
    line.impedance().say(prop, text)
    _forget_code(line)
    line.shrink_c = line.shrink_c or prop in SEQUENCE
    line.c_given = line.c_given or prop in CAPACITANCES
    if prop in MATRICES:
        line.shrink_c = False


def _forget_code(line: Line) -> None:
    # An impedance of the line's own is by the unit of length that is given after it.
    line.code = None
    line.convert, line.unit, line.own_unit = 1.0, "none", "none"
    line.geometry = line.spacing = ""


def _take_unit(line: Line, text: str) -> None:
    unit = checked_unit(text)
    if line.code is not None:
        line.convert = converted(of=line.code.unit, to=unit)
    else:
        line.convert *= converted(of=line.unit, to=unit)
    line.unit = line.said_unit = unit


def _take_switch(line: Line, text: str) -> None:
    line.is_switch = is_yes(text)
    if line.is_switch:
        hertz = line.item.base_hz
        line.own = Impedance(line.phases, hertz, hertz, 1.0, 1.0, 1.0, 1.0, 1.1, 1.0)
        _forget_code(line)
        line.length, line.shrink_c = 0.001, True


def _take_geometry(line: Line, geometry: Geometry, codes: Codes) -> None:
    line.geometry, line.spacing, line.code, line.own = geometry.name, "", None, None
    line.phases = geometry.phases if geometry.reduce else geometry.conductors
    normal, emergency = codes.conductors.get(geometry.wires[0].lower(), (nan, nan))
    line.rating_a = normal if geometry.rating_a != geometry.rating_a else geometry.rating_a
    line.emergency_rating_a = (
        emergency
        if geometry.emergency_rating_a != geometry.emergency_rating_a
        else geometry.emergency_rating_a
    )


def _take_wires(line: Line, text: str, context: Context, codes: Codes, where: Any) -> None:
    found = context.find("linespacing", line.spacing, where)
    if found is None:
        return
    x, height, phases = fold_spacing(found, context)
    geometry = Geometry(f"line.{line.item.name}", len(x), phases, listed(text), x, height, True)
    if len(geometry.wires) != len(x):
        raise ValueError(f"{len(geometry.wires)} wires hang on {len(x)} places")
    codes.geometries[geometry.name.lower()] = geometry
    _take_geometry(line, geometry, codes)


def _take_rating(line: Line, text: str) -> None:
    line.rating_a = number(text)


def _take_emergency(line: Line, text: str) -> None:
    line.emergency_rating_a = number(text)


def _take_frequency(line: Line, text: str) -> None:
    line.impedance().rebase(text)


def _take_earth_model(line: Line, text: str) -> None:
    line.earth_model = _EARTH_MODELS.get(text[:1].lower(), "")
    if not line.earth_model:
        line.earth_model = "deri"
        raise ValueError(f"'{text[:40]}' is none of deri, carson, fullcarson")


def _set_length(line: Line, text: str) -> None:
    value = number(text)
    if value < 0.0:
        raise ValueError(f"a length of {value:g} is below zero")
    line.length = value


_SAY: dict[str, Callable[[Line, str], None]] = {
    "bus1": lambda line, text: setattr(line, "specs", (text, line.specs[1])),
    "bus2": lambda line, text: setattr(line, "specs", (line.specs[0], text)),
    "length": _set_length,
    "units": _take_unit,
    "phases": lambda line, text: line.change_phases(whole(text)),
    "switch": _take_switch,
    "normamps": _take_rating,
    "emergamps": _take_emergency,
    "earthmodel": _take_earth_model,
    "spacing": lambda line, text: setattr(line, "spacing", text),
    "basefreq": _take_frequency,
}


def _place(line: Line, context: Context) -> None:
    ends: list[Terminal] = []
    for prop, spec in zip(("bus1", "bus2"), line.specs, strict=True):
        try:
            if not spec:
                raise ValueError("no bus is given")
            ends.append(context.terminals.of(spec, line.phases, line.phases))
        except ValueError as problem:
            complain(context, line.item, prop, line.item.where, problem)
            name = f"{line.item.name}_{prop[-1]}"
            ends.append(context.terminals.of(name.replace(".", "_"), line.phases, line.phases))
    line.ends = (ends[0], ends[1])
