"""Fuses, reclosers and relays: which line each makes a switch, and the settings it gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from gridmend.formats.opendss.arithmetic import whole
from gridmend.formats.opendss.arrays import vector
from gridmend.formats.opendss.controls import target
from gridmend.formats.opendss.given import Context, Given, complain
from gridmend.formats.opendss.store import Item
from gridmend.formats.opendss.time_current import Curves

Row = dict[str, Any]

KINDS = {"relay": "breaker", "recloser": "recloser", "fuse": "fuse", "swtcontrol": "switch"}
"""The kind of switch that each class makes of a line; where two work one line, the first."""
_TABLES = {"relay": "protections", "recloser": "protections", "fuse": "fuses"}
_TYPES = (
    "voltage", "reversepower", "46", "47", "generic", "distance", "td21", "doc",
)  # fmt: skip
_INSTANTANEOUS_S = 0.01  # what OpenDSS's instantaneous elements take


@dataclass(frozen=True, slots=True)
class Worked:
    """A device that opens and closes an element, such as `line.l1`."""

    item: Item
    element: str


def switching_devices(context: Context) -> list[Worked]:
    """Every device that is in use, with what it works; one that stands open opens its line."""
    found: list[Worked] = []
    for item in context.store.all_of(*KINDS):
        if not item.enabled:
            if item.kind in _TABLES:
                what = f"{item.kind}s that are disabled are left out"
                context.journal.count("note", what, item.name)
            continue
        given = Given(item, context)
        element = target(given, _switched(given))
        kind, _, name = element.partition(".")
        if not element:
            continue
        found.append(Worked(item, element))
        state = given.text("state") or given.text("action") or given.text("normal")
        line = context.store.find("line", name) if kind == "line" else None
        if line is not None and state.strip().lower().startswith(("o", "t")):
            line.opened = True
        if item.kind not in _TABLES:
            context.journal.count(
                "note",
                f"{item.kind}s are read as kinds of switch; their settings are left out",
                item.name,
            )
    return found


def kinds_of(devices: Iterable[Worked]) -> dict[str, str]:
    """The kind of switch on each line that a device works, by the line's lower-case name."""
    kinds: dict[str, str] = {}
    for device in devices:
        kind, _, name = device.element.partition(".")
        if kind == "line":
            kinds.setdefault(name.lower(), KINDS[device.item.kind])
    return kinds


def _switched(given: Given) -> str:
    """The property that says what is switched: naming what is measured also names that anew."""
    order = [p for p, _, _ in given.item.said if p in ("switchedobj", "monitoredobj")]
    return order[-1] if order else "switchedobj"


def add_protection(
    tables: dict[str, list[Row]], devices: Iterable[Worked], context: Context
) -> None:
    """The rows of curves, relays, reclosers and fuses; a finding for what is left out of them."""
    switches = {str(row["name"]).lower() for row in tables["switches"]}
    curves, taken = Curves(context), dict[str, str]()
    for device in devices:
        item = device.item
        if item.kind not in _TABLES:
            continue
        given = Given(item, context)
        try:
            place = _place(device, switches)
            if not place:
                continue  # A line that is no switch: said with the lines.
            if device.element.lower() in taken:
                raise ValueError(f"{taken[device.element.lower()]} is at {device.element} already")
            row = _ROWS[item.kind](given, curves)
        except ValueError as problem:
            what = f"{item.kind} '{item.name}': its settings are left out: {problem}"
            context.journal.add("warning", what, item.where)
            continue
        taken[device.element.lower()] = f"{item.kind} '{item.name}'"
        _say_what_it_measures(given, device)
        name = _free(item, tables[_TABLES[item.kind]])
        tables[_TABLES[item.kind]].append({"name": name, **place, **row})
    tables["curves"] = curves.rows()


def _place(device: Worked, switches: set[str]) -> Row:
    """The column of the place and what stands in it; empty of a line that is no switch."""
    kind, _, name = device.element.partition(".")
    if kind == "line":
        return {"switch": name} if name.lower() in switches else {}
    if kind == "source" and device.item.kind != "fuse":
        return {"source": name}
    raise ValueError(f"it switches {device.element}, which is no line with switch=yes")


def _free(item: Item, rows: list[Row]) -> str:
    """Its name; with its class where a device of another class has that name already."""
    is_used = any(str(row["name"]).lower() == item.name.lower() for row in rows)
    return f"{item.kind}.{item.name}" if is_used else item.name


def _say_what_it_measures(given: Given, device: Worked) -> None:
    if "monitoredobj" in given and _switched(given) == "monitoredobj":
        return
    measured = target(given, "monitoredobj") if "monitoredobj" in given else "nothing"
    if measured.lower() != device.element.lower():
        given.context.journal.add(
            "warning",
            f"{given.item.kind} '{given.item.name}' measures {measured or 'nothing'}; it is read"
            f" as measuring {device.element}, which it switches",
            given.where("monitoredobj"),
        )


def _recloser(given: Given, curves: Curves) -> Row:
    shots, waits_s = _sequence(given)
    fast_shots = min(given.whole("numfast", 1), shots)
    delay_s = given.number("delay", 0.0)
    row = _sequence_row("recloser", given, shots, waits_s, delay_s)
    row["fast_shots"] = fast_shots
    for which, short, fast_curve, slow_curve in (
        ("phase", "ph", "a", "d"),
        ("ground", "gr", "", ""),
    ):
        fast = curves.named(given, f"{which}fast", fast_curve)
        slow = curves.named(given, f"{which}delayed", slow_curve)
        _note_early(given, curves, fast, slow)
        first = fast if fast_shots else slow
        at_once_a = _instantaneous(given, which, is_there=bool(first))
        if (fast and fast_shots) or (slow and fast_shots < shots):
            row[f"{which}_pickup_a"] = _above_zero(given, f"{which}trip")
            row[f"{which}_slow_curve"] = slow or curves.never()
            row[f"{which}_slow_dial"] = given.number(f"td{short}delayed", 1.0)
            row[f"{which}_fast_curve"] = (fast or curves.never()) if fast_shots else ""
            row[f"{which}_fast_dial"] = given.number(f"td{short}fast", 1.0)
            row[f"{which}_instantaneous_a"] = at_once_a
    return _without_unset(row)


def _relay(given: Given, curves: Curves) -> Row:
    word = given.text("type", "current").strip().lower()
    if kind := next((kind for kind in _TYPES if word and kind.startswith(word)), ""):
        raise ValueError(f"relays of type {kind} are not modelled, only of type current")
    if not "current".startswith(word):
        what = f"relay '{given.item.name}': type '{word[:40]}' is read as current, as OpenDSS does"
        given.context.journal.add("warning", what, given.where("type"))
    delay_s, breaker_s = given.number("delay", 0.0), given.number("breakertime", 0.0)
    row = _sequence_row("relay", given, *_sequence(given), breaker_s)
    acts = False
    for which in ("phase", "ground"):
        curve = curves.named(given, f"{which}curve")
        _note_early(given, curves, curve)
        pickup_a = given.number(f"{which}trip", 1.0)
        is_there = bool(curve or delay_s > 0) and pickup_a > 0
        at_once_a = _instantaneous(given, which, is_there=is_there)
        if not is_there:
            continue
        acts = True
        row[f"{which}_pickup_a"] = pickup_a
        row[f"{which}_slow_curve"] = curves.definite(delay_s) if delay_s > 0 else curve
        # A definite delay takes the place of the curve and of its dial.
        row[f"{which}_slow_dial"] = 1.0 if delay_s > 0 else given.number(f"td{which}", 1.0)
        row[f"{which}_instantaneous_a"] = at_once_a
    if not acts:
        raise ValueError("it has no curve and no delay, so that it never trips")
    return _without_unset(row)


def _fuse(given: Given, curves: Curves) -> Row:
    return {
        "rated_a": _above_zero(given, "ratedcurrent"),
        "melt_curve": curves.named(given, "fusecurve", "tlink"),
        "melt_adder_s": given.number("delay", 0.0),
    }


def _sequence(given: Given) -> tuple[int, list[float]]:
    """Trips to lock-out and the intervals between them, by what was said of both in order."""
    shots, waits_s = 4, [0.5, 2.0, 2.0]
    for prop, text, where in given.item.said:
        try:
            if prop == "shots":
                said = whole(text)
                if said < 1:
                    raise ValueError(f"{said} is not 1 or more")
                shots = said
            elif prop == "recloseintervals":
                is_none = text.strip().lower() == "none"
                waits_s = [] if is_none else [float(wait_s) for wait_s in vector(text)]
                shots = len(waits_s) + 1
        except (ValueError, OverflowError) as problem:
            complain(given.context, given.item, prop, where, problem)
    if shots > len(waits_s) + 1:
        given.context.journal.add(
            "warning",
            f"{given.item.kind} '{given.item.name}' has {shots} shots and {len(waits_s)}"
            f" intervals: it is read with {len(waits_s) + 1} shots",
            given.where("shots"),
            "give recloseintervals one interval between every two shots",
        )
        shots = len(waits_s) + 1
    return shots, waits_s[: shots - 1]


def _sequence_row(kind: str, given: Given, shots: int, waits_s: list[float], open_s: float) -> Row:
    return {
        "kind": kind,
        "shots": shots,
        "reclose_s": waits_s,
        "reset_s": given.number("reset", 15.0),
        "open_s": open_s,
        # OpenDSS adds the delay twice where the instantaneous element trips.
        "instantaneous_s": _INSTANTANEOUS_S + open_s,
    }


def _instantaneous(given: Given, which: str, *, is_there: bool) -> float:
    """The pickup of an instantaneous element; 0 where there is none."""
    at_once_a = given.number(f"{which}inst", 0.0)
    if at_once_a > 0 and not is_there:
        given.context.journal.add(
            "note",
            f"{given.item.kind} '{given.item.name}': {which}inst is left out, as OpenDSS has no"
            f" such element without a {which} curve",
            given.where(f"{which}inst"),
        )
        return 0.0
    return at_once_a


def _without_unset(row: Row) -> Row:
    """A row without the instantaneous pickups of 0, which are of elements that are not there."""
    return {k: v for k, v in row.items() if not (k.endswith("instantaneous_a") and v <= 0)}


def _above_zero(given: Given, prop: str) -> float:
    value = given.number(prop, 1.0)
    if value <= 0:
        raise ValueError(f"{prop} {value:g} A is not above 0")
    return value


def _note_early(given: Given, curves: Curves, *named: str) -> None:
    for name in named:
        if name and curves.begins(name) < 1:
            given.context.journal.add(
                "warning",
                f"{given.item.kind} '{given.item.name}': curve '{name}' begins below pickup;"
                " nothing trips there",
                given.item.where,
            )


_ROWS: dict[str, Callable[[Given, Curves], Row]] = {
    "relay": _relay,
    "recloser": _recloser,
    "fuse": _fuse,
}
