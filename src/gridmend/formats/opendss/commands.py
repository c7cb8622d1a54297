"""The commands that make, change and place elements."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from gridmend.formats.opendss import vocabulary as words
from gridmend.formats.opendss.options import set_options
from gridmend.formats.opendss.places import read_coordinates, set_bus_base, set_bus_place
from gridmend.formats.opendss.properties import PROPERTIES
from gridmend.formats.opendss.store import Item
from gridmend.formats.opendss.words import Pair
from gridmend.model.errors import FormatError

if TYPE_CHECKING:
    from gridmend.formats.opendss.script import Script

MAXIMUM_VARIABLE = 1000
MAXIMUM_NAME = 300

_RISKY = re.compile(r"\)[*+?{]|\\[1-9]|\(\?")


def new(script: Script, found: list[Pair]) -> None:
    """`New Class.Name …`."""
    if len(found) < 2:
        script.journal.add("error", "'new' names no element", script.where)
        return
    written, dot, name = found[1][1].partition(".")
    kind = written.lower()
    if kind == "circuit":
        _new_circuit(script, name, found[2:])
    elif kind not in PROPERTIES:
        _not_held(script, kind, name)
    elif not dot or not name or len(name) > MAXIMUM_NAME:
        script.journal.add("error", f"'{found[1][1][:60]}' is not a name", script.where)
    elif kind in words.CIRCUIT_CLASSES and not script.store.circuit:
        script.journal.add(
            "error",
            f"{kind} '{name}' comes before any circuit",
            script.where,
            "begin with 'New Circuit.name'",
        )
    else:
        item = script.store.find(kind, name)
        if item is not None:
            script.journal.add(
                "warning",
                f"{kind} '{name}' is defined twice; the second adds to the first",
                script.where,
                "rename one, or write 'edit'",
            )
        else:
            item = script.store.add(kind, name, script.where)
            if kind == "line" and script.store.settings.earth_model != "deri":
                item.said.append(("earthmodel", script.store.settings.earth_model, script.where))
        script.say(item, found[2:])


def _new_circuit(script: Script, name: str, found: list[Pair]) -> None:
    if script.store.begin_circuit(name):
        script.journal.add(
            "warning",
            f"circuit '{name}' replaces one begun before",
            script.where,
            "write 'clear' between circuits",
        )
    script.say(script.store.add("vsource", "source", script.where), found)


def _not_held(script: Script, kind: str, name: str) -> None:
    # What follows with '~' belongs to the element that is left out.
    script.active = None
    if kind in words.RECORDED:
        script.journal.count("note", f"{kind}s recorded and skipped")
        script.active = Item("", name, script.where, 0.0)
    elif kind in words.CONTROLLERS:
        script.journal.add("warning", f"{kind} '{name}' is not modelled", script.where)
        script.active = Item("", name, script.where, 0.0)
    elif kind in words.NOT_MODELLED:
        script.journal.add("error", f"{kind} '{name}' cannot be held by the grid", script.where)
        script.active = Item("", name, script.where, 0.0)
    else:
        script.journal.add(
            "error",
            f"'{kind[:60]}' is not a class of elements",
            script.where,
            script.journal.nearest(kind, (*PROPERTIES, *words.RECORDED)),
        )
        script.active = Item("", name, script.where, 0.0)


def more(script: Script, found: list[Pair]) -> None:
    """`~ …`: more of the element last named."""
    if script.active is None:
        script.journal.add("error", "'~' follows no element", script.where)
    else:
        script.say(script.active, found[1:])


def edit(script: Script, found: list[Pair]) -> None:
    """`Edit Class.Name …`."""
    if len(found) < 2:
        script.journal.add("error", "'edit' names no element", script.where)
        return
    element = found[1][1]
    if element.lower().startswith("circuit."):
        element = "vsource.source"
    item = script.named(element)
    if item is not None:
        script.say(item, found[2:])


def batch_edit(script: Script, found: list[Pair]) -> None:
    """`BatchEdit Class.Pattern …`: edit all elements whose name matches."""
    kind, _, pattern = (found[1][1] if len(found) > 1 else "").partition(".")
    if kind.lower() not in PROPERTIES:
        script.journal.add("error", f"'{kind[:60]}' is not a class of elements", script.where)
        return
    # Nested or many repeats can take time without bound, so they are refused.
    if len(pattern) > 200 or _RISKY.search(pattern) or sum(map(pattern.count, "*+{")) > 3:
        script.journal.add("error", f"the pattern '{pattern[:60]}' is too complex", script.where)
        return
    try:
        expression = re.compile(pattern or ".*", re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as problem:
        script.journal.add("error", f"'{pattern[:60]}' is no pattern: {problem}", script.where)
        return
    repeats = sum(map(pattern.count, "*+{"))
    for item in script.store.all_of(kind.lower()):
        # A search may try every way to share a name out among the repeats.
        script.store.worked(1 + len(item.name) ** (repeats + 1) // 100)
        if expression.search(item.name):
            script.say(item, found[2:])


def redirect(script: Script, found: list[Pair]) -> None:
    """`Redirect file` and `Compile file`."""
    name = found[1][1] if len(found) > 1 else ""
    try:
        path = script.files.find(name, script.stack[-1].parent)
    except FormatError as problem:
        script.journal.add("error", problem.what, script.where, problem.mend)
        return
    script.run(path)


def take_coordinates(script: Script, found: list[Pair], *, swapped: bool = False) -> None:
    """`BusCoords file`: map coordinates of buses."""
    name = found[1][1] if len(found) > 1 else ""
    try:
        path = script.files.find(name, script.stack[-1].parent)
        read_coordinates(script.store, script.journal, script.files, path, swapped=swapped)
    except FormatError as problem:
        script.journal.add("warning", problem.what, script.where, problem.mend)


def take_options(script: Script, found: list[Pair]) -> None:
    """`Set option=value …`."""
    set_options(script.store, script.journal, found[1:], script.where)


def take_variables(script: Script, found: list[Pair]) -> None:
    """`Var @name=value …`."""
    for name, value in found[1:]:
        if name.startswith("@") and len(value) <= MAXIMUM_VARIABLE:
            script.variables[name.lower()] = value


def switch(script: Script, found: list[Pair], *, opened: bool) -> None:
    """`Open` and `Close Class.Name terminal conductor`."""
    item = script.named(found[1][1]) if len(found) > 1 else None
    if item is None:
        return
    conductor = found[3][1] if len(found) > 3 else "0"
    if conductor.strip() not in ("", "0"):
        script.journal.add(
            "error",
            f"one conductor of {item.kind} '{item.name}' is switched alone",
            script.where,
            "the grid opens all conductors of a device together; model it phase by phase",
        )
        return
    item.opened = opened
    script.active = item


def enable(script: Script, found: list[Pair], *, on: bool) -> None:
    """`Enable` and `Disable Class.Name`; the name may be `*`."""
    element = found[1][1] if len(found) > 1 else ""
    kind, _, name = element.partition(".")
    if name == "*":
        for item in script.store.all_of(kind.lower()):
            item.enabled = on
    elif (item := script.named(element)) is not None:
        item.enabled = on


def clear(script: Script, found: list[Pair]) -> None:
    """`Clear`: forget the circuit."""
    script.store.clear()
    script.active = None


ACTIONS: dict[str, Callable[[Script, list[Pair]], None]] = {
    "new": new,
    "edit": edit,
    "more": more,
    "m": more,
    "~": more,
    "redirect": redirect,
    "compile": redirect,
    "set": take_options,
    "var": take_variables,
    "clear": clear,
    "clearall": clear,
    "batchedit": batch_edit,
    "buscoords": take_coordinates,
    "latlongcoords": lambda script, found: take_coordinates(script, found, swapped=True),
    "latloncoords": lambda script, found: take_coordinates(script, found, swapped=True),
    "open": lambda script, found: switch(script, found, opened=True),
    "close": lambda script, found: switch(script, found, opened=False),
    "enable": lambda script, found: enable(script, found, on=True),
    "disable": lambda script, found: enable(script, found, on=False),
    "setkvbase": lambda s, found: set_bus_base(s.store, s.journal, found[1:], s.where),
    "setbusxy": lambda s, found: set_bus_place(s.store, s.journal, found[1:], s.where),
    "calcvoltagebases": lambda s, found: setattr(s.store.settings, "bases_asked", True),
    "//": lambda script, found: None,
}
"""What each command does; the rest are studies, or are not carried out."""
