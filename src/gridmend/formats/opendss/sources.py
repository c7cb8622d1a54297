"""Sources: the impedance behind a voltage, from short-circuit powers, currents or ohms."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

from gridmend.formats.opendss.arithmetic import number
from gridmend.formats.opendss.arrays import vector
from gridmend.formats.opendss.given import Context, Given, complain
from gridmend.formats.opendss.nodes import Terminal
from gridmend.formats.opendss.store import Item

_KIND = {"mvasc3": "power", "mvasc1": "power", "isc3": "current", "isc1": "current"}


@dataclass(slots=True)
class Strength:
    """How strong a source is; `settle` turns powers or currents into ohms."""

    phases: int
    kv: float = 115.0
    kind: str = "power"
    mvasc3: float = 2000.0
    mvasc1: float = 2100.0
    isc3: float = 10000.0
    isc1: float = 10500.0
    x1r1: float = 4.0
    x0r0: float = 3.0
    base_mva: float = 100.0
    z1: complex = 0j
    z0: complex = 0j
    zero_said: bool = True

    def settle(self) -> None:
        """End of one command. Raises `ValueError` where the data contradict themselves."""
        if self.kind == "ohms":
            if not self.zero_said or self.phases == 1:
                self.z0 = self.z1
            return
        factor = 1.0 if self.phases == 1 else sqrt(3.0)
        if self.kind == "current":
            self.mvasc3 = sqrt(3.0) * self.kv * self.isc3 / 1e3
            self.mvasc1 = factor * self.kv * self.isc1 / 1e3
        x1 = self.kv**2 / self.mvasc3 / sqrt(1.0 + 1.0 / self.x1r1**2)
        r1 = x1 / self.x1r1
        self.isc3 = self.mvasc3 * 1e3 / (sqrt(3.0) * self.kv)
        self.isc1 = self.mvasc1 * 1e3 / (factor * self.kv)
        # Zero sequence follows from the single-phase fault: |2 Z1 + Z0| = 3 V / I1.
        target = 3.0 * self.kv * 1e3 / factor / self.isc1
        a = 1.0 + self.x0r0**2
        b = 4.0 * (r1 + x1 * self.x0r0)
        c = 4.0 * (r1 * r1 + x1 * x1) - target * target
        inside = b * b - 4.0 * a * c
        if inside < 0.0:
            raise ValueError("the short-circuit data give no zero-sequence impedance")
        r0 = (-b + sqrt(inside)) / (2.0 * a)
        self.z1, self.z0 = complex(r1, x1), complex(r0, r0 * self.x0r0)

    def say(self, prop: str, text: str) -> None:
        """Take one property."""
        if prop in _KIND:
            setattr(self, prop, _above_zero(text))
            self.kind = _KIND[prop]
        elif prop in ("x1r1", "x0r0"):
            setattr(self, prop, _above_zero(text))
        elif prop == "basekv":
            self.kv = _above_zero(text)
        elif prop == "basemva":
            self.base_mva = _above_zero(text)
        elif prop in ("r1", "x1", "r0", "x0"):
            self.kind = "ohms"
            self._part(prop, number(text))
        elif prop in ("z1", "z0", "puz1", "puz0"):
            values = vector(text)
            if len(values) != 2:
                raise ValueError("two numbers are needed")
            scale = self.kv**2 / self.base_mva if prop.startswith("pu") else 1.0
            self.kind = "ohms"
            self.zero_said = prop.endswith("0")
            setattr(self, prop[-2:], complex(values[0], values[1]) * scale)

    def _part(self, prop: str, ohm: float) -> None:
        name = "z" + prop[1]
        old: complex = getattr(self, name)
        setattr(self, name, complex(ohm, old.imag) if prop[0] == "r" else complex(old.real, ohm))


def _above_zero(text: str) -> float:
    value = number(text)
    if value <= 0.0:
        raise ValueError(f"{value:g} is not above zero")
    return value


def fold_strength(item: Item, context: Context, phases: int) -> Strength:
    """The strength of a source from what was said of it, command by command."""
    strength = Strength(phases)
    strength.settle()
    last = None
    for prop, text, where in (*item.said, ("", "", None)):
        try:
            if where is not last and last is not None:
                strength.settle()
            last = where
            strength.say(prop, text)
        except (ValueError, OverflowError, ZeroDivisionError) as problem:
            complain(context, item, prop or "impedance", where or item.where, problem)
    return strength


def fold_source(item: Item, context: Context) -> tuple[Terminal, dict[str, Any], int]:
    """A source's terminal, its row without the place, and its number of phases."""
    given = Given(item, context)
    phases = given.phases()
    strength = fold_strength(item, context, phases)
    if not given.text("sequence", "pos").lower().startswith("p"):
        context.journal.add(
            "error", f"source '{item.name}' is not of positive sequence", given.where("sequence")
        )
    if given.text("model", "thevenin").lower().startswith("i"):
        context.journal.add(
            "warning",
            f"source '{item.name}' is read as ideal behind its impedance",
            given.where("model"),
        )
    if "z2" in given or "puz2" in given:
        context.journal.add(
            "warning",
            f"negative sequence of source '{item.name}' is taken as its positive",
            item.where,
        )
    bus = given.text("bus1", "sourcebus")
    row = {
        "name": item.name,
        "base_kv": strength.kv,
        "v_pu": given.number("pu", 1.0),
        "angle_deg": given.number("angle", 0.0),
        "r1_ohm": strength.z1.real,
        "x1_ohm": strength.z1.imag,
        "r0_ohm": strength.z0.real,
        "x0_ohm": strength.z0.imag,
        "in_service": item.enabled and not item.opened,
    }
    return given.spec(bus, "bus1", phases, phases), row, phases
