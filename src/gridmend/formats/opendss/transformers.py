"""Transformers of any number of windings, from codes and from what is said of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import nan
from typing import Any

from gridmend.formats.opendss.arithmetic import number, whole
from gridmend.formats.opendss.given import (
    MAXIMUM_PHASES,
    Context,
    complain,
    is_delta,
    is_yes,
)
from gridmend.formats.opendss.nodes import NOWHERE, Terminal
from gridmend.formats.opendss.store import Item
from gridmend.formats.opendss.words import listed

MAXIMUM_WINDINGS = 20


@dataclass(slots=True)
class Winding:
    """One winding, with the language's defaults."""

    spec: str = ""
    delta: bool = False
    kv: float = 12.47
    kva: float = 1000.0
    tap: float = 1.0
    r_pct: float = 0.2
    neutral_r: float = -1.0
    neutral_x: float = 0.0
    tap_max: float = 1.1
    tap_min: float = 0.9
    steps: int = 32
    terminal: Terminal = NOWHERE


@dataclass(slots=True)
class Transformer:
    """A transformer as it stands after all that was said of it."""

    item: Item
    phases: int = 3
    windings: list[Winding] = field(default_factory=lambda: [Winding(), Winding()])
    active: int = 0
    leakage: list[float] = field(default_factory=lambda: [7.0, 35.0, 30.0])
    x_pct: list[float] = field(default_factory=lambda: [7.0])
    leakage_said: bool = False
    no_load_loss_pct: float = 0.0
    magnetising_pct: float = 0.0
    anti_float_ppm: float = 1.0
    leads: bool = False
    bank: str = ""
    substation: bool = False
    substation_name: str = ""
    rating_kva: float = nan
    emergency_rating_kva: float = nan

    def resize(self, count: int) -> None:
        """Begin again with another number of windings."""
        if not 1 <= count <= MAXIMUM_WINDINGS:
            raise ValueError(f"{count} windings are not from 1 to {MAXIMUM_WINDINGS}")
        self.windings = [Winding() for _ in range(count)]
        pairs = count * (count - 1) // 2
        self.x_pct = [7.0] + [30.0] * (pairs - 1) if pairs else []
        self.active = 0

    def settle(self) -> None:
        """End of one command: leakage said by name fills the pairs of two or three windings."""
        if self.leakage_said and len(self.windings) in (2, 3):
            self.x_pct = self.leakage[: 1 if len(self.windings) == 2 else 3]
        self.leakage_said = False

    def take(self, other: Transformer) -> None:
        """All that a code says; buses and names stay."""
        self.phases = other.phases
        specs = [winding.spec for winding in self.windings]
        self.windings = [replace(winding) for winding in other.windings]
        for winding, spec in zip(self.windings, specs, strict=False):
            winding.spec = spec
        self.active = 0
        self.leakage, self.x_pct = list(other.leakage), list(other.x_pct)
        self.no_load_loss_pct = other.no_load_loss_pct
        self.magnetising_pct = other.magnetising_pct
        self.anti_float_ppm = other.anti_float_ppm
        self.rating_kva = other.rating_kva
        self.emergency_rating_kva = other.emergency_rating_kva


def fold_transformer(item: Item, context: Context, codes: dict[str, Transformer]) -> Transformer:
    """A transformer or transformer code from what was said of it, in order."""
    made = Transformer(item)
    last = None
    for prop, text, where in item.said:
        if where is not last:
            made.settle()
            last = where
        try:
            action = _SAY.get(prop)
            if action is not None:
                action(made, text)
            elif prop == "xfmrcode":
                code = codes.get(text.lower())
                if code is None:
                    context.find("xfmrcode", text, where)
                else:
                    made.take(code)
        except ValueError as problem:
            complain(context, item, prop, where, problem)
    made.settle()
    return made


def _each(attribute: str, read: Callable[[str], Any]) -> Callable[[Transformer, str], None]:
    def say(made: Transformer, text: str) -> None:
        setattr(made.windings[made.active], attribute, read(text))

    return say


def _all(attribute: str, read: Callable[[str], Any]) -> Callable[[Transformer, str], None]:
    def say(made: Transformer, text: str) -> None:
        for at, value in enumerate(listed(text)[: len(made.windings)]):
            if value == "":
                continue
            setattr(made.windings[at], attribute, read(value))
        # The language leaves the last winding active after an array.
        made.active = len(made.windings) - 1
        if attribute == "kva":
            made.rating_kva = made.emergency_rating_kva = nan

    return say


def _say_phases(made: Transformer, text: str) -> None:
    count = whole(text)
    if not 1 <= count <= MAXIMUM_PHASES:
        raise ValueError(f"{count} is not from 1 to {MAXIMUM_PHASES}")
    made.phases = count


def _say_winding(made: Transformer, text: str) -> None:
    at = whole(text)
    if not 1 <= at <= len(made.windings):
        raise ValueError(f"there is no winding {at} of {len(made.windings)}")
    made.active = at - 1


def _say_kva(made: Transformer, text: str) -> None:
    kva = number(text)
    made.windings[made.active].kva = kva
    if made.active == 0:
        # The first winding's rating is the transformer's and goes to all.
        for winding in made.windings:
            winding.kva = kva
        made.rating_kva = made.emergency_rating_kva = nan
    elif len(made.windings) == 2:
        made.windings[0].kva = kva


def _say_load_loss(made: Transformer, text: str) -> None:
    loss = number(text)
    for winding in made.windings[:2]:
        winding.r_pct = loss / 2.0


def _say_leakage(at: int) -> Callable[[Transformer, str], None]:
    def say(made: Transformer, text: str) -> None:
        made.leakage[at] = number(text)
        made.leakage_said = True

    return say


def _say_all_leakage(made: Transformer, text: str) -> None:
    values = [number(value) for value in listed(text)][: len(made.x_pct)]
    made.x_pct[: len(values)] = values


def _say_lead(made: Transformer, text: str) -> None:
    made.leads = text.lower().startswith(("le", "eu"))


def _own(attribute: str, read: Callable[[str], Any]) -> Callable[[Transformer, str], None]:
    return lambda made, text: setattr(made, attribute, read(text))


_SAY: dict[str, Callable[[Transformer, str], None]] = {
    "phases": _say_phases,
    "windings": lambda made, text: made.resize(whole(text)),
    "wdg": _say_winding,
    "bus": _each("spec", str),
    "conn": _each("delta", is_delta),
    "kv": _each("kv", number),
    "kva": _say_kva,
    "tap": _each("tap", number),
    "%r": _each("r_pct", number),
    "rneut": _each("neutral_r", number),
    "xneut": _each("neutral_x", number),
    "buses": _all("spec", str),
    "conns": _all("delta", is_delta),
    "kvs": _all("kv", number),
    "kvas": _all("kva", number),
    "taps": _all("tap", number),
    "%rs": _all("r_pct", number),
    "xhl": _say_leakage(0),
    "xht": _say_leakage(1),
    "xlt": _say_leakage(2),
    "x12": _say_leakage(0),
    "x13": _say_leakage(1),
    "x23": _say_leakage(2),
    "xscarray": _say_all_leakage,
    "%loadloss": _say_load_loss,
    "%noloadloss": _own("no_load_loss_pct", number),
    "%imag": _own("magnetising_pct", number),
    "ppm_antifloat": _own("anti_float_ppm", number),
    "normhkva": _own("rating_kva", number),
    "emerghkva": _own("emergency_rating_kva", number),
    "maxtap": _each("tap_max", number),
    "mintap": _each("tap_min", number),
    "numtaps": _each("steps", whole),
    "sub": _own("substation", is_yes),
    "subname": _own("substation_name", str),
    "bank": _own("bank", str),
    "leadlag": _say_lead,
}
