"""Where buses lie on the map, and voltage bases given bus by bus."""

from __future__ import annotations

from math import sqrt
from pathlib import Path

from gridmend.formats.opendss.arithmetic import number
from gridmend.formats.opendss.files import ModelFiles
from gridmend.formats.opendss.journal import Journal, Where
from gridmend.formats.opendss.store import Store
from gridmend.formats.opendss.words import Pair, pairs


def read_coordinates(
    store: Store, journal: Journal, files: ModelFiles, path: Path, *, swapped: bool
) -> None:
    """Take `bus, x, y` from each line of a file; `swapped` where latitude comes first."""
    for row, line in enumerate(files.lines(path), 1):
        found = pairs(line)
        if not found:
            continue
        texts = [value for _, value in found]
        if len(texts) < 3 or not texts[0]:
            journal.count("warning", f"lines of {path.name} are not 'bus, x, y'", str(row))
            continue
        try:
            first, second = number(texts[1]), number(texts[2])
        except ValueError:
            journal.count("warning", f"lines of {path.name} are not 'bus, x, y'", str(row))
            continue
        store.worked(1)
        store.coordinates[texts[0].lower()] = (second, first) if swapped else (first, second)


def set_bus_place(store: Store, journal: Journal, found: list[Pair], where: Where) -> None:
    """`SetBusXY bus=… x=… y=…`."""
    given = {name.lower(): value for name, value in found}
    try:
        place = (number(given.get("x", "")), number(given.get("y", "")))
        store.coordinates[given.get("bus", "").lower()] = place
    except ValueError as problem:
        journal.add("warning", f"setbusxy: {problem}", where)


def set_bus_base(store: Store, journal: Journal, found: list[Pair], where: Where) -> None:
    """`SetkVBase bus=… kVLL=…` or `kVLN=…`."""
    given = {name.lower(): value for name, value in found}
    try:
        across = "kvll" in given
        kv = number(given["kvll"] if across else given.get("kvln", ""))
        base = kv if across else kv * sqrt(3.0)
        store.bus_bases_kv[given.get("bus", "").lower()] = base
    except ValueError as problem:
        journal.add("warning", f"setkvbase: {problem}", where)
