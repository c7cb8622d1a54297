"""Settings of protective devices from the tables of a grid; a row that cannot be meant is said."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from gridmend.model.check_protection import CURVE_COLUMNS, DEVICES, place_of
from gridmend.model.errors import Finding, GridmendError, nearest
from gridmend.model.grid import Grid
from gridmend.model.table import Table
from gridmend.twin.guard_places import Settings
from gridmend.twin.protection.curves import OPENDSS, STANDARD, Curve, definite, through
from gridmend.twin.protection.fuse import FuseSettings
from gridmend.twin.protection.sectionaliser import SectionaliserSettings
from gridmend.twin.protection.settings import RecloserSettings, RelaySettings

Curves = Mapping[str, Curve | str]
"""Curves by lower-case name; a text where one cannot be meant, which says why."""
Record = dict[str, Any]

_CURVE_WORDS = ("curve", "dial", "adder_s", "minimum_s")
_NONE_IS_INFINITE = (
    "phase_pickup_a",
    "phase_instantaneous_a",
    "ground_pickup_a",
    "ground_instantaneous_a",
    "ground_actuating_a",
)
_KINDS = {"recloser": RecloserSettings, "relay": RelaySettings}
_OWN_SHOTS: dict[str, Any] = {
    word: next(field.default for field in fields(kind) if field.name == "shots")
    for word, kind in _KINDS.items()
}
"""Trips to lock-out of a device that is not told another number."""
_ELSEWHERE = ("switch", "source", "kind", "resets_at_once", "shots", "reclose_s")


def settings_of(grid: Grid) -> tuple[dict[str, Settings], tuple[Finding, ...]]:
    """Settings by the switch or source that they are of, and a finding for each row that is none.

    Keys are those of `Grid.key`: a switch by its name, a source as `source.name`, in lower case.
    Of two devices at one place the first is taken: `protections` before `fuses` before
    `sectionalisers`, each in the order of its rows. Never raises for what a table holds.
    """
    curves, findings = curves_of(grid)
    found: dict[str, Settings] = {}
    names: dict[str, str] = {}
    for name in DEVICES:
        table = grid.table(name)
        for row, device in enumerate(table):
            who = f"{table.schema.row} '{device}'"
            try:
                key, conductors = _place(grid, table, row)
                if key in found:
                    raise GridmendError(
                        f"{who} is at '{key}', where {names[key]} is already",
                        mend="leave one out, or give it a switch of its own",
                    )
                found[key] = _MAKE[name](_record(table, row), curves, conductors)
                names[key] = who
            except GridmendError as problem:
                what = f"{who} is left out: {problem.what}"
                findings.append(Finding("warning", what, f"{name}, row '{device}'", problem.mend))
    return found, tuple(findings)


def curves_of(grid: Grid) -> tuple[dict[str, Curve | str], list[Finding]]:
    """The curves that rows may name: those known by name, and the rows of `curves` before them."""
    table = grid.curves
    known: dict[str, Curve | str] = {**STANDARD, **OPENDSS}
    findings: list[Finding] = []
    points = zip(
        table, table.vectors("multiple"), table.vectors("time_s"), table.numbers("reset_s"),
        strict=True,
    )  # fmt: skip
    for name, multiple, time_s, reset_s in points:
        try:
            known[name.lower()] = through(
                name,
                multiple=np.ravel(multiple).tolist(),
                points_s=np.ravel(time_s).tolist(),
                reset_s=float(reset_s),
            )
        except GridmendError as problem:
            known[name.lower()] = problem.what
            what = f"curve '{name}' is left out: {problem.what}"
            findings.append(Finding("warning", what, f"curves, row '{name}'", problem.mend))
    return known, findings


def _place(grid: Grid, table: Table, row: int) -> tuple[str, int]:
    """The key of what a device acts on, and how many conductors that has."""
    which, at = place_of(table, row)
    place, column = (grid.switches, "phases1") if which == "switch" else (grid.sources, "phases")
    if not at:
        raise GridmendError(
            "it is not at one switch or source", mend="name the switch it trips, or the source"
        )
    if at not in place:
        mend = nearest(at, place) or f"add it to {place.schema.name}"
        raise GridmendError(f"there is no {which} '{at}'", mend=mend)
    conductors = [word for word in str(place[column][place.row(at)]).split() if word != "g"]
    return (at.lower() if which == "switch" else f"source.{at.lower()}"), len(conductors)


def _record(table: Table, row: int) -> Record:
    """A row in plain numbers, an unset pickup as infinity."""
    record: Record = {}
    for column in table.schema.columns:
        value: Any = table[column.name][row]
        if isinstance(value, np.ndarray):
            value = tuple(np.ravel(value).tolist())
        elif isinstance(value, np.generic):
            value = value.item()
        if column.name in _NONE_IS_INFINITE and math.isnan(value):
            value = math.inf
        record[column.name] = value
    return record


def _curves(table: str, record: Record, curves: Curves, *, at_once: bool = False) -> Record:
    """The curves of a row as set, by their field; None where a row names none."""
    made: Record = {}
    for column in CURVE_COLUMNS[table]:
        which = column.removesuffix("_curve")
        name, dial, adder_s, minimum_s = (record[f"{which}_{word}"] for word in _CURVE_WORDS)
        curve = curves.get(name.lower()) if name else None
        if isinstance(curve, str):
            raise GridmendError(f"its {column} '{name}' cannot be meant: {curve}", mend="mend it")
        if name and curve is None:
            near = nearest(name, curves)
            raise GridmendError(
                f"its {column} '{name}' is no curve",
                mend=f"{near}; or add it to curves" if near else "add it to curves",
            )
        if curve is not None:
            curve = curve.set_to(dial=dial, adder_s=adder_s, minimum_s=minimum_s)
            curve = curve.at_once() if at_once else curve
        made[column] = curve
    return made


def _plain(record: Record, table: str) -> Record:
    """What of a row is a field of its settings as it stands."""
    starts = tuple(column.removesuffix("curve") for column in CURVE_COLUMNS.get(table, ()))
    words = {f"{start}{word}" for start in starts for word in _CURVE_WORDS}
    return {k: v for k, v in record.items() if k not in words and k not in _ELSEWHERE}


def _protection(record: Record, curves: Curves, conductors: int) -> Settings:
    pickups = [record[name] for name in _NONE_IS_INFINITE[:4]]
    if all(math.isinf(pickup) for pickup in pickups):
        raise GridmendError("it has no pickup, so that it never trips", mend="give phase_pickup_a")
    made = _curves("protections", record, curves, at_once=record["resets_at_once"])
    if made["phase_slow_curve"] is None:
        if math.isfinite(record["phase_pickup_a"]):
            raise GridmendError(
                "it has a phase pickup and no phase curve", mend="give phase_slow_curve"
            )
        made["phase_slow_curve"] = definite(1.0)  # of an element that never picks up
    shots, waits_s = record["shots"], record["reclose_s"]
    sequence: Record = {"shots": shots} if shots else {}
    if waits_s or shots not in (0, _OWN_SHOTS[record["kind"]]):
        sequence["reclose_s"] = waits_s
    plain = _plain(record, "protections")
    return _KINDS[record["kind"]](**plain, **made, **sequence, conductors=conductors)


def _fuse(record: Record, curves: Curves, conductors: int) -> Settings:
    made = _curves("fuses", record, curves)
    if made["melt_curve"] is None:
        raise GridmendError("it has no melt_curve", mend="give one, such as klink")
    return FuseSettings(
        **_plain(record, "fuses"),
        melt=made["melt_curve"],
        clear=made["clear_curve"],
        conductors=conductors,
    )


def _sectionaliser(record: Record, curves: Curves, conductors: int) -> Settings:
    return SectionaliserSettings(**_plain(record, "sectionalisers"), conductors=conductors)


_MAKE: dict[str, Callable[[Record, Curves, int], Settings]] = {
    "protections": _protection,
    "fuses": _fuse,
    "sectionalisers": _sectionaliser,
}
