"""A situation as a document and back, so that a start need not fold the whole journal.

Everything goes by name, so that a document outlives a change of the model: what is new stands as
the model says, what is gone is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from gridmend.model.command import command_of, step_as_json, step_of
from gridmend.model.errors import GridmendError
from gridmend.model.grid import SINGULAR, Grid
from gridmend.model.situation import (
    Authority,
    Clearance,
    Ground,
    Leave,
    LoopLeave,
    Mode,
    Order,
    OrderState,
    Pending,
    Select,
    Situation,
    SyncCheck,
    Tag,
)
from gridmend.model.snapshot import DEMANDS

FORMAT = 1
"""Rises when a document can no longer be read by an older program."""

_PLAIN: dict[str, Callable[..., Any]] = {
    "tags": Tag, "grounds": Ground, "authorities": Authority, "syncs": SyncCheck, "leaves": Leave,
}  # fmt: skip
_AS_IS = ("ended", "areas", "crews", "fault_phases")
_TUPLES = ("operations", "ramps")


def as_document(grid: Grid, situation: Situation) -> dict[str, Any]:
    """A situation as plain values; `from_document` reads it back."""
    s = situation
    found: dict[str, Any] = {
        "format": FORMAT, "sequence": s.sequence, "time_s": _number(s.time_s),
        "killed": sorted(s.killed), "faults": sorted(s.faults), "outlived": sorted(s.outlived),
        "misread": list(s.misread),
        "positions": _positions(grid, s),
    }  # fmt: skip
    for name in _PLAIN:
        found[name] = {key: asdict(value) for key, value in getattr(s, name).items()}
    for name in (*_AS_IS, *_TUPLES):
        found[name] = dict(getattr(s, name))
    found["modes"] = [[*key, mode.value] for key, mode in s.modes.items()]
    found["clearances"] = {k: asdict(c) for k, c in s.clearances.items()}
    found["loops"] = {k: asdict(leave) for k, leave in s.loops.items()}
    found["selects"] = {k: _with_step(select) for k, select in s.selects.items()}
    found["pending"] = {
        k: {
            "command": p.command.as_json(),
            "key": p.key,
            "at_s": p.at_s,
            "doubted": p.doubted,
            "stood": p.stood,
            "buses": list(p.buses),
        }
        for k, p in s.pending.items()
    }
    found["orders"] = {
        k: {**asdict(replace(o, steps=())), "steps": [step_as_json(step) for step in o.steps]}
        for k, o in s.orders.items()
    }
    return found


def from_document(grid: Grid, document: Mapping[str, Any]) -> Situation:
    """The situation that a document holds. `GridmendError` where it is none."""
    try:
        if document["format"] != FORMAT:
            raise ValueError(f"its format is {document['format']}, not {FORMAT}")
        return _read(grid, document)
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise GridmendError(
            f"this is not a stored situation: {problem}", mend="fold the journal from its start"
        ) from problem


def _read(grid: Grid, d: Mapping[str, Any]) -> Situation:
    found: dict[str, Any] = {
        "sequence": int(d["sequence"]), "time_s": _float(d["time_s"]),
        "killed": frozenset(d["killed"]), "faults": frozenset(d["faults"]),
        "outlived": frozenset(d["outlived"]),
    }  # fmt: skip
    for name, kind in _PLAIN.items():
        found[name] = _fixed({key: kind(**value) for key, value in d[name].items()})
    for name in _AS_IS:
        found[name] = _fixed(d.get(name, {}) if name == "fault_phases" else d[name])
    found["operations"] = _fixed({k: tuple(at) for k, at in d["operations"].items()})
    found["ramps"] = _fixed({k: tuple((t, kw) for t, kw in v) for k, v in d["ramps"].items()})
    found["modes"] = _fixed({(who, area): Mode(mode) for who, area, mode in d["modes"]})
    found["clearances"] = _fixed(
        {k: Clearance(**{**c, "buses": tuple(c["buses"])}) for k, c in d["clearances"].items()}
    )
    found["loops"] = _fixed(
        {k: LoopLeave(**{**v, "sources": tuple(v["sources"])}) for k, v in d["loops"].items()}
    )
    found["selects"] = _fixed(
        {k: Select(**{**v, "step": step_of(v["step"])}) for k, v in d["selects"].items()}
    )
    found["pending"] = _fixed(
        {
            k: Pending(
                command_of(p["command"]),
                p["key"],
                float(p["at_s"]),
                bool(p["doubted"]),
                bool(p.get("stood", False)),
                tuple(p.get("buses", ())),
            )
            for k, p in d["pending"].items()
        }
    )
    found["orders"] = _fixed({k: _order(v) for k, v in d["orders"].items()})
    placed, gone = _placed(grid, d["positions"])
    return replace(placed, **found, misread=(*d["misread"], *gone))


def _order(value: Mapping[str, Any]) -> Order:
    steps = tuple(step_of(step) for step in value["steps"])
    told = {"steps": steps, "state": OrderState(value["state"])}
    return Order(**{**value, **told, "authors": tuple(value["authors"])})


def _with_step(select: Select) -> dict[str, Any]:
    return {**asdict(select), "step": step_as_json(select.step)}


def _positions(grid: Grid, s: Situation) -> dict[str, Any]:
    snapshot = s.snapshot
    switches = zip(
        grid.switches["name"], snapshot.open_phases.tolist(), s.position_known.tolist(),
        s.heard_s.tolist(), s.locked_out.tolist(), strict=True,
    )  # fmt: skip
    powers = {
        f"{SINGULAR[table]}.{name}": kw
        for table, field, _ in DEMANDS[1:]
        for name, kw in zip(grid.table(table)["name"], getattr(snapshot, field), strict=True)
    }
    return {
        "switches": {name: [b, k, _number(h), x] for name, b, k, h, x in switches},
        "sources": dict(zip(grid.sources["name"], snapshot.source_on.tolist(), strict=True)),
        "taps": dict(zip(grid.windings["name"], snapshot.tap_pu.tolist(), strict=True)),
        "banks": dict(zip(grid.capacitors["name"], snapshot.steps_on.tolist(), strict=True)),
        "power_kw": {name: float(kw) for name, kw in powers.items()},
    }


def _placed(grid: Grid, positions: Mapping[str, Any]) -> tuple[Situation, list[str]]:
    """A situation with nothing but positions, and a sentence for each that has no device."""
    start = Situation.of(grid)
    snapshot, gone = start.snapshot, list[str]()
    open_phases, source_on = snapshot.open_phases.copy(), snapshot.source_on.copy()
    tap_pu, steps_on = snapshot.tap_pu.copy(), snapshot.steps_on.copy()
    known, heard_s = start.position_known.copy(), start.heard_s.copy()
    locked_out = start.locked_out.copy()

    def rows(table: str, of: str) -> list[tuple[int, Any]]:
        index = grid.table(table).index
        lost = [name for name in positions[of] if name.lower() not in index]
        gone.extend(f"the model has no {SINGULAR[table]} '{name}' any more" for name in lost)
        pairs = positions[of].items()
        return [(index[n.lower()], v) for n, v in pairs if n.lower() in index]

    for row, (bits, is_known, heard, is_locked) in rows("switches", "switches"):
        open_phases[row], known[row] = bits, is_known
        heard_s[row], locked_out[row] = _float(heard), is_locked
    for row, is_on in rows("sources", "sources"):
        source_on[row] = is_on
    for row, tap in rows("windings", "taps"):
        tap_pu[row] = tap
    for row, steps in rows("capacitors", "banks"):
        steps_on[row] = steps
    snapshot = replace(snapshot, open_phases=_still(open_phases), source_on=_still(source_on))
    snapshot = snapshot.with_taps(tap_pu).with_capacitors(steps_on)
    for name, kw in positions["power_kw"].items():
        try:
            snapshot = (
                snapshot
                if snapshot.power_kw(grid, name) == kw
                else snapshot.with_power(grid, name, kw)
            )
        except GridmendError:
            gone.append(f"the model has no DER '{name}' any more")
    placed = Situation(snapshot, _still(known), _still(heard_s), _still(locked_out))
    return placed, gone


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value


def _float(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _fixed(mapping: Mapping[Any, Any]) -> Mapping[Any, Any]:
    return MappingProxyType(dict(mapping))


def _still(array: Any) -> Any:
    array.flags.writeable = False
    return array
