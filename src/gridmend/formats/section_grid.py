"""A grid of feeders, breakers, disconnects, fuses and ties, made of sections and load points."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gridmend.model.errors import Finding
from gridmend.model.grid import Grid

LINE_FAILURES_PER_KM_YEAR, LINE_REPAIR_H = 0.065, 5.0
TRANSFORMER_FAILURES_PER_YEAR = 0.015
TRANSFORMER_REPAIR_H, TRANSFORMER_REPLACEMENT_H = 200.0, 10.0
SOURCE = "Roy Billinton test system (Allan and others, IEEE Trans. Power Systems, 1991)"
"""Where the failure data come from that the files do not give."""

_STATION = "station"
_ABC = "a b c"


@dataclass(frozen=True, slots=True)
class Section:
    """A length of line; `fed_by` is empty at the feeder's breaker. nan is not given."""

    name: str
    feeder: str
    length_km: float
    is_lateral: bool
    fed_by: str
    failures_per_km_year: float
    repair_h: float


@dataclass(frozen=True, slots=True)
class Supply:
    """Voltage of the feeder [kV], and behind the transformer, nan where there is none."""

    kv: float
    secondary_kv: float


@dataclass(frozen=True, slots=True)
class LoadPoint:
    """Customers at the end of a section; failure data are of its transformer, nan not given."""

    name: str
    section: str
    customers: int
    average_kw: float
    supply: Supply
    failures_per_year: float
    repair_h: float
    replacement_h: float


@dataclass(frozen=True, slots=True)
class Tie:
    """A normally open switch between the ends of two sections."""

    section_one: str
    section_two: str


def pairs_of_feeders(sections: Mapping[str, Section]) -> tuple[Tie, ...]:
    """Ties at the far ends of the first and second feeder, of the third and fourth, and so on."""
    reach_km: dict[str, float] = {}
    far: dict[str, str] = {}
    for section in sections.values():
        before_km = reach_km[section.fed_by] if section.fed_by else 0.0
        reach_km[section.name] = before_km + section.length_km
        if section.is_lateral:
            continue
        here = far.get(section.feeder)
        if here is None or reach_km[section.name] > reach_km[here]:
            far[section.feeder] = section.name
    # A feeder of laterals alone has no end to tie.
    ends = list(far.values())
    return tuple(Tie(*pair) for pair in zip(ends[::2], ends[1::2], strict=False))


def built(
    name: str,
    sections: Mapping[str, Section],
    points: Sequence[LoadPoint],
    ties: Sequence[Tie],
    *,
    ties_assumed: bool,
    provenance: str,
) -> Grid:
    """The grid. Impedances and ratings are not known: it can be traced and not solved."""
    rows: dict[str, list[dict[str, Any]]] = {
        "buses": [{"name": _STATION}],
        "substations": [{"name": _STATION, "bus": _STATION}],
    }
    feeders = tuple(dict.fromkeys(section.feeder for section in sections.values()))
    for feeder in feeders:
        _add(rows, "buses", name=_head(feeder))
        _switch(rows, f"breaker_{feeder}", "breaker", _STATION, _head(feeder))
        head = f"switch.breaker_{feeder}"
        _add(rows, "feeders", name=feeder, substation=_STATION, head=head)
    roots = Counter(s.feeder for s in sections.values() if not s.fed_by and not s.is_lateral)
    for section in sections.values():
        needs_none = not (section.is_lateral or section.fed_by or roots[section.feeder] > 1)
        _add_section(rows, section, own_switch=not needs_none)
    for point in points:
        _add_point(rows, point)
    for tie in ties:
        ends = (_end(tie.section_one), _end(tie.section_two))
        name_of_tie = f"tie_{tie.section_one}_{tie.section_two}"
        _switch(rows, name_of_tie, "disconnect", *ends, normally_open=True)
    levels_kv = [point.supply.kv for point in points]
    base_kv = max(levels_kv, default=math.nan)
    _add(
        rows,
        "sources",
        name=_STATION,
        bus=_STATION,
        base_kv=base_kv,
        x1_ohm=math.nan,
        x0_ohm=math.nan,
    )
    grid = Grid(name, frequency_hz=50.0, provenance=f"sections and load points of {provenance}")
    made = grid.with_tables(
        **{table: grid.table(table).with_rows(listed) for table, listed in rows.items()}
    )
    return made.with_findings(_findings(sections.values(), points, ties, ties_assumed))


def _add(rows: dict[str, list[dict[str, Any]]], table: str, **row: Any) -> None:
    rows.setdefault(table, []).append(row)


def _switch(
    rows: dict[str, list[dict[str, Any]]], name: str, kind: str, *ends: str, **more: Any
) -> None:
    bus1, bus2 = ends
    row = {"name": name, "bus1": bus1, "bus2": bus2, "kind": kind, **more}
    _add(rows, "switches", phases1=_ABC, phases2=_ABC, **row)


def _add_section(
    rows: dict[str, list[dict[str, Any]]], section: Section, *, own_switch: bool
) -> None:
    """The line of a section, behind a switch of its own or at once on what feeds it."""
    begin = _end(section.fed_by) if section.fed_by else _head(section.feeder)
    if own_switch:
        kind = "fuse" if section.is_lateral else "disconnect"
        behind = f"{_end(section.name)}_begin"
        _add(rows, "buses", name=behind)
        _switch(rows, f"{kind}_{section.name}", kind, begin, behind)
        begin = behind
    _add(rows, "buses", name=_end(section.name))
    _add(
        rows,
        "lines",
        name=section.name,
        bus1=begin,
        phases1=_ABC,
        bus2=_end(section.name),
        phases2=_ABC,
        length_m=section.length_km * 1000,
    )
    given = (section.failures_per_km_year, section.repair_h)
    if not all(map(math.isnan, given)):
        per_km, repair_h = given
        _add(
            rows,
            "failures",
            name=f"line {section.name}",
            element=f"line.{section.name}",
            failures_per_km_year=_or(per_km, LINE_FAILURES_PER_KM_YEAR),
            repair_h=_or(repair_h, LINE_REPAIR_H),
        )
    elif not any(row["name"] == "lines" for row in rows.get("failures", ())):
        _add(
            rows,
            "failures",
            name="lines",
            elements="lines",
            failures_per_km_year=LINE_FAILURES_PER_KM_YEAR,
            repair_h=LINE_REPAIR_H,
        )


def _add_point(rows: dict[str, list[dict[str, Any]]], point: LoadPoint) -> None:
    """A load at the end of its section, or behind its transformer."""
    bus, kv = _end(point.section), point.supply.kv
    if not math.isnan(point.supply.secondary_kv):
        primary, bus, kv = bus, f"load_point_{point.name}", point.supply.secondary_kv
        _add(rows, "buses", name=bus, service="secondary")
        _add(rows, "transformers", name=point.name)
        for number, (end, end_kv) in enumerate(((primary, point.supply.kv), (bus, kv)), 1):
            _add(
                rows,
                "windings",
                name=f"{point.name}:{number}",
                transformer=point.name,
                number=number,
                bus=end,
                phases=_ABC if number == 1 else f"{_ABC} g",
                connection="delta" if number == 1 else "wye",
                kv=end_kv,
                kva=math.nan,
            )
        _add_transformer_failures(rows, point)
    _add(
        rows,
        "loads",
        name=point.name,
        bus=bus,
        phases=_ABC,
        connection="delta",
        kv=kv,
        p_kw=point.average_kw,
        customers=point.customers,
    )


def _add_transformer_failures(rows: dict[str, list[dict[str, Any]]], point: LoadPoint) -> None:
    given = (point.failures_per_year, point.repair_h, point.replacement_h)
    if all(map(math.isnan, given)):
        if any(row["name"] == "transformers" for row in rows.get("failures", ())):
            return
        who: dict[str, Any] = {"name": "transformers", "elements": "transformers"}
    else:
        who = {"name": f"transformer {point.name}", "element": f"transformer.{point.name}"}
    _add(
        rows,
        "failures",
        **who,
        failures_per_year=_or(point.failures_per_year, TRANSFORMER_FAILURES_PER_YEAR),
        repair_h=_or(point.repair_h, TRANSFORMER_REPAIR_H),
        replacement_h=_or(point.replacement_h, TRANSFORMER_REPLACEMENT_H),
    )


def _findings(
    sections: Iterable[Section], points: Sequence[LoadPoint], ties: Sequence[Tie], assumed: bool
) -> list[Finding]:
    found = [
        Finding(
            "note",
            "switches are assumed: a breaker at the head of each feeder, a disconnect before each "
            "further main section, a fuse on each lateral; all are worked by hand",
            "sections",
            "convert it to the native form and edit switches.csv",
        )
    ]
    if assumed:
        named = ", ".join(f"{tie.section_one}–{tie.section_two}" for tie in ties) or "none"
        what = f"ties are assumed at the far ends of feeders in pairs: {named}"
        mend = "name others in a file *_ties.csv with section_one,section_two"
        found.append(Finding("note", what, "sections", mend))
    has_units = any(not math.isnan(point.supply.secondary_kv) for point in points)
    if any(math.isnan(s.failures_per_km_year) or math.isnan(s.repair_h) for s in sections) or (
        has_units and any(math.isnan(p.failures_per_year) or math.isnan(p.repair_h) for p in points)
    ):
        what = f"failure data that the files do not give are those of the {SOURCE}"
        mend = (
            "give failures_per_km_year and repair_h of sections, failures_per_year of load points"
        )
        found.append(Finding("note", what, "failures", mend))
    return found


def _or(value: float, default: float) -> float:
    return default if math.isnan(value) else value


def _end(section: str) -> str:
    return f"section_{section}"


def _head(feeder: str) -> str:
    return f"feeder_{feeder}"
