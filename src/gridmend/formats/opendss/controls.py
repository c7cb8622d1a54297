"""Automatic controls of taps and capacitors."""

from __future__ import annotations

from typing import Any

from gridmend.formats.opendss.given import Context, Given
from gridmend.formats.opendss.nodes import Terminal
from gridmend.formats.opendss.properties import PROPERTIES
from gridmend.formats.opendss.store import Item
from gridmend.formats.opendss.transformers import Transformer

_KINDS = (
    ("cu", "current"),
    ("v", "voltage"),
    ("k", "kvar"),
    ("t", "time"),
    ("p", "power_factor"),
)
_TARGETS = {
    "line": "line",
    "transformer": "transformer",
    "capacitor": "capacitor",
    "load": "load",
    "reactor": "reactor",
    "generator": "generator",
    "vsource": "source",
}


def tap_control_row(
    item: Item, context: Context, transformers: dict[str, Transformer]
) -> dict[str, Any] | None:
    """The row of a regulator control; None where its transformer is not to be found."""
    given = Given(item, context)
    made = transformers.get(given.text("transformer").lower())
    if made is None:
        context.find("transformer", given.text("transformer"), given.where("transformer"))
        return None
    winding = given.whole("winding", 1, low=1, high=len(made.windings))
    # Naming the winding also moves the tap's winding, unless that is named after it.
    order = [prop for prop, _, _ in item.said if prop in ("winding", "tapwinding")]
    moved = winding
    if order and order[-1] == "tapwinding":
        moved = given.whole("tapwinding", winding, low=1, high=len(made.windings))
    if "tapnum" in given:
        turned = made.windings[moved - 1]
        middle = (turned.tap_max + turned.tap_min) / 2.0
        step = (turned.tap_max - turned.tap_min) / max(turned.steps, 1)
        turned.tap = middle + step * given.number("tapnum", 0.0)
    for prop in ("cogen", "rev_z"):
        if prop in given and given.text(prop).lower() not in ("n", "no", "f", "false", "0"):
            context.journal.add(
                "warning",
                f"regulator control '{item.name}': {prop} is left out",
                given.where(prop),
            )
    if (
        given.number("remoteptratio", 60.0) != given.number("ptratio", 60.0)
        and "remoteptratio" in given
    ):
        context.journal.add(
            "warning",
            f"regulator control '{item.name}': remoteptratio is left out",
            given.where("remoteptratio"),
        )
    bus, conductor = _remote(given, made)
    return {
        "name": item.name,
        "transformer": made.item.name,
        "winding": winding,
        "tap_winding": moved,
        "target_v": given.number("vreg", 120.0),
        "band_v": given.number("band", 3.0),
        "pt_ratio": given.number("ptratio", 60.0),
        "ct_primary_a": given.number("ctprim", 300.0),
        "ldc_r_v": given.number("r", 0.0),
        "ldc_x_v": given.number("x", 0.0),
        "ldc_z_v": given.number("ldc_z", 0.0),
        "delay_s": given.number("delay", 15.0),
        "tap_delay_s": given.number("tapdelay", 2.0),
        "max_tap_change": given.whole("maxtapchange", 16),
        "v_limit_v": given.number("vlimit", 0.0),
        "bus": bus,
        "remote_phase": conductor,
        "pt_phase": _phase(given, "ptphase", ("max", "min")),
        "inverse_time": given.flag("inversetime"),
        "reverse_mode": _reverse_mode(given),
        "reverse_target_v": given.number("revvreg", 120.0),
        "reverse_band_v": given.number("revband", 3.0),
        "reverse_ldc_r_v": given.number("revr", 0.0),
        "reverse_ldc_x_v": given.number("revx", 0.0),
        "reverse_delay_s": given.number("revdelay", 60.0),
        "reverse_threshold_kw": given.number("revthreshold", 100.0),
        "in_service": item.enabled,
    }


def _reverse_mode(given: Given) -> str:
    if not given.flag("reversible"):
        return "ignore"
    return "neutral" if given.flag("revneutral") else "regulate"


def _remote(given: Given, made: Transformer) -> tuple[str, int]:
    text = given.text("bus")
    if not text:
        return "", 1
    terminal = given.spec(text, "bus", made.phases, made.phases)
    if _phase(given, "ptphase", ("max", "min")) != "1":
        given.context.journal.add(
            "warning",
            f"regulator control '{given.item.name}' measures the first phase named of its bus;"
            " OpenDSS measures nothing there by another ptphase",
            given.where("ptphase"),
            "name the phase in bus, as in bus=b.3, and leave ptphase out",
        )
    return given.context.terminals.written(terminal), max(terminal.nodes[0], 1)


def _phase(given: Given, prop: str, words: tuple[str, ...]) -> str:
    text = given.text(prop, "1").lower()
    if text in words:
        return text
    return str(given.whole(prop, 1, low=1, high=3))


def capacitor_control_row(item: Item, context: Context) -> dict[str, Any] | None:
    """The row of a capacitor control; None where its capacitor is not to be found."""
    given = Given(item, context)
    capacitor = context.find("capacitor", given.text("capacitor"), given.where("capacitor"))
    element = target(given, "element")
    if capacitor is None or not element:
        return None
    word = given.text("type", "current").lower()
    kind = next((name for start, name in _KINDS if word.startswith(start)), "")
    if not kind:
        context.journal.add(
            "error",
            f"capacitor control '{item.name}' has type '{word[:40]}'",
            given.where("type"),
            "types are current, voltage, kvar, time, pf",
        )
        return None
    phases = ("avg", "max", "min")
    return {
        "name": item.name,
        "capacitor": capacitor.name,
        "element": element,
        "terminal": given.whole("terminal", 1, low=1, high=20),
        "kind": kind,
        "on": given.number("onsetting", 300.0),
        "off": given.number("offsetting", 200.0),
        "pt_ratio": given.number("ptratio", 60.0),
        "ct_ratio": given.number("ctratio", 60.0),
        "pt_phase": _phase(given, "ptphase", phases),
        "ct_phase": _phase(given, "ctphase", phases),
        "delay_s": given.number("delay", 15.0),
        "delay_off_s": given.number("delayoff", 15.0),
        "dead_time_s": given.number("deadtime", 300.0),
        "voltage_override": given.flag("voltoverride"),
        "v_min_v": given.number("vmin", 115.0),
        "v_max_v": given.number("vmax", 126.0),
        "v_override_bus": _bus_name(given, "vbus"),
        "in_service": item.enabled,
    }


def _bus_name(given: Given, prop: str) -> str:
    text = given.text(prop)
    if not text:
        return ""
    terminal: Terminal = given.spec(text, prop, 1, 1)
    return given.context.terminals.written(terminal)


def target(given: Given, prop: str) -> str:
    """The element a property names, as `line.L52`; empty, with a finding, where there is none."""
    text = given.text(prop)
    kind, _, name = text.partition(".")
    kind = kind.lower()
    if not text or kind not in PROPERTIES:
        given.context.journal.add(
            "error",
            f"{given.item.kind} '{given.item.name}' names no element in {prop}",
            given.where(prop),
        )
        return ""
    found = given.context.find(kind, name, given.where(prop))
    return "" if found is None else f"{_TARGETS.get(kind, kind)}.{found.name}"
