"""Loads: the pair of data given last says how much they take."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt
from typing import Any

from gridmend.formats.opendss.arithmetic import number
from gridmend.formats.opendss.given import Context, Given, complain
from gridmend.formats.opendss.store import Item

MODELS = {
    1: "constant_power",
    2: "constant_impedance",
    3: "motor",
    4: "exponential",
    5: "constant_current",
    6: "fixed_q",
    7: "fixed_q_impedance",
    8: "zip",
}
SHAPES = ("daily", "yearly", "duty")
_DEMAND = frozenset(("kw", "kvar", "pf", "kva", "xfkva", "allocationfactor", "allocated")) | {
    "kwh",
    "kwhdays",
    "cfactor",
}


@dataclass(slots=True)
class Demand:
    """How much a load takes, settled at the end of each command as the language does."""

    kw: float = 10.0
    kvar: float = 5.39742822138087
    pf: float = 0.88
    kva: float = 11.3636363636364
    xfkva: float = 0.0
    allocation: float = 0.5
    kwh: float = 0.0
    days: float = 30.0
    spread: float = 4.0
    kind: str = "kw_pf"

    def say(self, prop: str, text: str) -> None:
        """Take one property."""
        value = number(text)
        if prop == "kw":
            self.kw, self.kind = value, "kw_pf"
        elif prop == "kvar":
            self.kvar, self.kind = value, "kw_kvar"
        elif prop == "pf":
            self.pf = value
        elif prop == "kva":
            self.kva, self.kind = value, "kva_pf"
        elif prop == "xfkva":
            self.xfkva, self.kind = value, "allocated"
            self.allocate()
        elif prop == "allocationfactor":
            self.allocation, self.kind = value, "allocated"
            self.allocate()
        elif prop == "allocated":
            self.allocation = value
            self.allocate()
        elif prop == "kwh":
            self.kwh, self.kind = value, "billed"
            self.allocate()
        elif prop == "kwhdays":
            self.days, self.kind = value, "billed"
            self.allocate()
        elif prop == "cfactor":
            self.spread, self.kind = value, "billed"
            self.allocate()

    def allocate(self) -> None:
        """The kW that a transformer's size or a bill stands for."""
        if self.kind == "allocated" and self.xfkva > 0.0:
            self.kw = self.xfkva * self.allocation * abs(self.pf)
        elif self.kind == "billed" and self.days > 0.0:
            self.kw = self.kwh / (self.days * 24.0) * self.spread

    def settle(self) -> None:
        """End of one command: what was not given follows from the pair that was."""
        if self.kind == "kw_kvar":
            self.kva = sqrt(self.kw**2 + self.kvar**2)
            if self.kva > 0.0:
                self.pf = abs(self.kw) / self.kva * (-1.0 if self.kvar < 0.0 < self.kw else 1.0)
            return
        if self.kind == "kva_pf":
            self.kw = self.kva * abs(self.pf)
        if not 0.0 < abs(self.pf) <= 1.0:
            raise ValueError(f"a power factor of {self.pf:g} is out of range")
        self.kvar = self.kw * sqrt(1.0 / self.pf**2 - 1.0) * (1.0 if self.pf > 0.0 else -1.0)
        if self.kind == "kw_pf":
            self.kva = abs(self.kw / self.pf)


def fold_demand(item: Item, context: Context) -> Demand:
    """What a load takes, from all that was said of it."""
    demand = Demand()
    last = None
    for prop, text, where in item.said:
        try:
            if where is not last and last is not None:
                demand.settle()
            last = where
            if prop in _DEMAND:
                demand.say(prop, text)
            elif prop in SHAPES and text.lower() in context.peaks:
                # A shape of powers brings its peak as the load's own demand.
                demand.kw, demand.kvar = context.peaks[text.lower()]
                demand.kind = "kw_kvar"
        except (ValueError, OverflowError) as problem:
            complain(context, item, prop, where, problem)
    try:
        demand.settle()
    except (ValueError, OverflowError) as problem:
        complain(context, item, "pf", item.where, problem)
    return demand


def conductors_of(phases: int, *, delta: bool) -> int:
    """How many conductors a shunt element has: the neutral of a wye counts."""
    return phases if delta and phases >= 3 else phases + 1


def check_delta(given: Given, phases: int, *, delta: bool) -> None:
    """A finding for a delta of two phases: its two legs on three conductors have no row here."""
    if delta and phases == 2:
        given.context.journal.add(
            "error",
            f"{given.item.kind} '{given.item.name}' has two phases in delta, read as three",
            given.where("phases"),
            "write it as two elements of one phase, each between two conductors",
        )


def load_row(item: Item, context: Context) -> dict[str, Any]:
    """The row of a load."""
    given = Given(item, context)
    phases, delta = given.phases(), given.delta()
    check_delta(given, phases, delta=delta)
    terminal = given.terminal("bus1", phases, conductors_of(phases, delta=delta))
    demand = fold_demand(item, context)
    number_of_model = given.whole("model", 1)
    if number_of_model not in MODELS:
        context.journal.add(
            "error",
            f"load '{item.name}' has model {number_of_model}",
            given.where("model"),
            "models are 1 to 8",
        )
    status = given.text("status", "variable")[:1].lower()
    mult = 1.0 if status in ("f", "e") else context.store.settings.load_mult
    row: dict[str, Any] = {
        "name": item.name,
        "bus": context.terminals.written(terminal),
        "phases": context.terminals.words(terminal),
        "connection": "delta" if delta else "wye",
        "kv": given.number("kv", 12.47),
        "model": MODELS.get(number_of_model, "constant_power"),
        "p_kw": demand.kw * mult,
        "q_kvar": demand.kvar * mult,
        "v_min_pu": given.number("vminpu", 0.95),
        "v_max_pu": given.number("vmaxpu", 1.05),
        "customers": given.whole("numcust", 1),
        "class": given.text("class"),
        "fixed": status == "f",
        "in_service": item.enabled and not item.opened,
        "v_low_pu": given.number("vlowpu", 0.5),
        "p_exponent": given.number("cvrwatts", 1.0),
        "q_exponent": given.number("cvrvars", 2.0),
        "neutral_x_ohm": given.number("xneut", 0.0),
    }
    resistance = given.number("rneut", -1.0)
    row["neutral_r_ohm"] = nan if resistance < 0.0 else resistance
    zip_parts = given.vector("zipv")
    if zip_parts is not None:
        row["zip"] = zip_parts
    if number_of_model == 8 and (zip_parts is None or len(zip_parts) != 7):
        context.journal.add(
            "error", f"load '{item.name}' of model 8 needs seven numbers of zipv", item.where
        )
    if "cvrcurve" in given:
        context.journal.count("warning", "curves of voltage dependence are left out", item.name)
    row.update(shapes_of(given))
    return row


def shapes_of(given: Given) -> dict[str, str]:
    """The shapes an element follows, by the names they were first written with."""
    found: dict[str, str] = {}
    for prop in SHAPES:
        name = given.text(prop)
        if not name or name.lower() in ("none", "default"):
            continue
        shape = given.context.find("loadshape", name, given.where(prop), "warning")
        if shape is None:
            continue
        if prop == "duty":
            given.context.journal.count(
                "warning", "shapes by duty cycle are left out", given.item.name
            )
        else:
            found[prop] = shape.name
    return found
