"""The voltages that the IEEE test-feeder documents print, as GridLAB-D's tests assert them."""

from __future__ import annotations

import cmath
import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from gridmend.formats.opendss import read
from gridmend.model.flow import Flow
from gridmend.model.grid import Grid
from gridmend.model.snapshot import Snapshot
from gridmend.powerflow.solve import solve
from oracles.masters import data_folder

_TOKEN = re.compile(r"object\s+(\w+)[\w:.\-]*\s*\{|(\{)|(\})|(\w[\w.]*)\s+([^;{}]*);")
_POLAR = re.compile(r"^([+\-]?[\d.]+(?:e[+\-]?\d+)?)([+\-][\d.]+)?([dj]?)$", re.IGNORECASE)


@dataclass(frozen=True)
class Asserted:
    """One published voltage: at a bus, of a phase or between two, with its tolerance [V]."""

    bus: str
    target: str
    v_v: complex
    within_v: float


@dataclass(frozen=True)
class Document:
    """One feeder: its file, its master, the published taps, and what is known to differ."""

    file: str
    master: str
    taps: dict[str, int]
    known: dict[tuple[str, str], str]
    as_printed: Callable[[Grid], Grid] = lambda grid: grid
    """Brings the model to what the document describes."""
    changed: str = "nothing"
    """What that changes, in words."""


def _fed_at_799(grid: Grid) -> Grid:
    """The 37-node document holds node 799 at 4.8 kV and takes its regulators as ideal.

    The model has a substation before that node, and one per cent of leakage and 0.4 of
    resistance in each regulator.
    """
    for regulator in ("reg1a", "reg1c"):
        grid = grid.with_changed(f"transformer.{regulator}", x_pct=(1e-4,))
        for number in (1, 2):
            windings = grid.windings.changed(f"{regulator}:{number}", {"r_pct": 0.0})
            grid = grid.with_tables(windings=windings)
    return grid.without("transformer.SubXF").with_changed(
        "source.source",
        bus="799",
        base_kv=4.8,
        angle_deg=-30.0,
        r1_ohm=0.0,
        x1_ohm=1e-6,
        r0_ohm=0.0,
        x0_ohm=1e-6,
    )


def _spread_evenly(grid: Grid) -> Grid:
    """The distributed load of 632-671 half at each end; the model has it at one third."""
    for phase in "abc":
        name = f"670{phase}"
        row = dict(grid.loads.record(name))
        half = {"p_kw": float(row["p_kw"]) / 2, "q_kvar": float(row["q_kvar"]) / 2}
        grid = grid.with_changed(f"load.{name}", bus="632", **half)
        grid = grid.with_rows("loads", {**row, **half, "name": f"{name}_end", "bus": "671"})
    return grid


def _with_its_length(grid: Grid) -> Grid:
    """Line 80-81 at the 475 ft that the published model has; the OpenDSS model has 175 ft."""
    return grid.with_changed("line.L81", length_m=475 * 0.3048)


PUBLISHED: dict[str, Document] = {
    "ieee13": Document(
        "test_IEEE_13_NR.glm",
        "ieee/13Bus/IEEE13Nodeckt.dss",
        {"Reg1": 10, "Reg2": 8, "Reg3": 11},
        {
            ("652", "A"): "the IEEE table, as others have transcribed it, has 0.9825 pu at -5.25°,"
            " which is 2359.7 V; the file asserts another figure"
        },
        _spread_evenly,
        "the distributed load of 632-671 half at each end, not at one third",
    ),
    "ieee34": Document(
        "test_IEEE_34_NR.glm",
        "ieee/34Bus/ieee34Mod2.dss",
        {"creg1a": 12, "creg1b": 5, "creg1c": 5, "creg2a": 13, "creg2b": 11, "creg2c": 12},
        {},
        changed="nothing; it is `ieee34Mod2`, with distributed loads in the middle of their lines",
    ),
    "ieee37": Document(
        "test_IEEE_37_NR.glm",
        "ieee/37Bus/ieee37.dss",
        {"creg1a": 7, "creg1c": 4},
        {("741", "CA"): "the document prints angles to 0.01°, half of which is 0.4 V here"},
        _fed_at_799,
        "node 799 held at 4.8 kV, regulators without impedance",
    ),
    "ieee123": Document(
        "test_IEEE-123_FBS.glm",
        "ieee/123Bus/IEEE123Master.dss",
        {
            "creg1a": 7,
            "creg2a": -1,
            "creg3a": 0,
            "creg3c": -1,
            "creg4a": 8,
            "creg4b": 1,
            "creg4c": 5,
        },
        {},
        _with_its_length,
        "line 80-81 of 475 ft, where the OpenDSS model has 175 ft",
    ),
}


@dataclass(frozen=True)
class Found:
    """How a solve compares with a document."""

    count: int
    within: int
    largest_v: float
    exceptions: tuple[str, ...]


def asserted(document: Document) -> list[Asserted]:
    """Every voltage of a document, re-parsed from its nested objects."""
    folder = data_folder()
    if folder is None:
        raise FileNotFoundError("the data is not here: set GRIDMEND_DATA to its folder")
    text = folder.joinpath("published", document.file).read_text(errors="replace")
    return [_asserted(o) for o in _objects(text) if "target" in o and "within" in o]


def _objects(text: str) -> list[dict[str, str]]:
    """The objects of a GridLAB-D file; a nested one knows its parent's name as `parent`."""
    text = re.sub(r"//.*", "", text)
    stack: list[dict[str, str]] = []
    nested: list[tuple[dict[str, str], dict[str, str]]] = []
    found: list[dict[str, str]] = []
    for match in _TOKEN.finditer(text):
        kind, brace, end, key, value = match.groups()
        if kind or brace:
            item = {"class": kind or ""}
            if stack:
                nested.append((item, stack[-1]))
            stack.append(item)
        elif end and stack:
            found.append(stack.pop())
        elif key and stack:
            stack[-1][key] = value.strip().strip('"')
    for item, parent in nested:
        item.setdefault("parent", parent.get("name", ""))
    return found


def _asserted(item: dict[str, str]) -> Asserted:
    match = _POLAR.match(item["value"].replace(" ", ""))
    if match is None:
        raise ValueError(f"not a voltage: {item['value']}")
    first, second, kind = float(match[1]), float(match[2] or 0), match[3]
    v = complex(first, second) if kind == "j" else cmath.rect(first, math.radians(second))
    bus = re.sub(r"^(load_|node_|n|l)(?=\d)", "", item["parent"])
    return Asserted(bus, item["target"].removeprefix("voltage_"), v, float(item["within"]))


def compare_published(name: str) -> Found:
    """Solve a feeder at the published taps and compare it with its document."""
    document = PUBLISHED[name]
    folder = data_folder()
    if folder is None:
        raise FileNotFoundError("the data is not here: set GRIDMEND_DATA to its folder")
    grid = document.as_printed(read(folder / "feeders" / document.master))
    snapshot = Snapshot.normal(grid).with_positions(grid, {"taps": document.taps})
    return compared(grid, solve(grid, snapshot, controls="off"), document)


def compared(grid: Grid, flow: Flow, document: Document) -> Found:
    """A flow against a document, as phasors."""
    volts = {
        (grid.buses["name"][b].lower(), str(p).upper()): complex(v)
        for b, p, v in zip(flow.nodes.bus, flow.nodes.phase, flow.v_v, strict=True)
    }
    within, largest, exceptions = 0, 0.0, []
    wanted = asserted(document)
    for one in wanted:
        bus = one.bus.lower()
        ours = volts[bus, one.target[0]]
        if len(one.target) == 2:
            ours -= volts[bus, one.target[1]]
        by = abs(ours - one.v_v)
        largest = max(largest, by)
        if by <= one.within_v:
            within += 1
        else:
            why = document.known.get((one.bus, one.target), "unexplained")
            exceptions.append(
                f"{one.bus} {one.target} by {by:.2f} V"
                f" ({_polar(ours)}, not {_polar(one.v_v)}): {why}"
            )
    return Found(len(wanted), within, largest, tuple(exceptions))


def _polar(v: complex) -> str:
    return f"{abs(v):.1f} V at {math.degrees(cmath.phase(v)):.2f}°"
