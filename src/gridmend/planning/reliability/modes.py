"""Which elements fail, how often, from what and for how long: the grid's data or the defaults."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridmend.model.check_failures import FAIL, check_failures
from gridmend.model.errors import GridError
from gridmend.model.finding_text import named
from gridmend.model.grid import SINGULAR, Grid
from gridmend.planning.reliability.settings import Settings
from gridmend.twin.weather.assets import AssetKind, Assets
from gridmend.twin.weather.causes import ANY_DAY, MANNERS
from gridmend.twin.weather.rates import HOURS_A_YEAR, Rates

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LINE_REPAIR_H = 5.0
"""Repair of a line, of the Roy Billinton test system: where a grid has no failure data."""
TRANSFORMER_REPLACEMENT_H = 10.0
"""Replacement of a transformer by a spare, of the same."""
RBTS = "Roy Billinton test system (Allan and others, IEEE Trans. Power Systems, 1991)"


@dataclass(frozen=True, eq=False)
class Modes:
    """Failure modes: an element that fails from one cause.

    `elements` are names with their class; `tables` and `rows` [elements] where they stand.
    [modes]: `element` and `cause` count into `elements` and `causes`; `per_year` permanent
    failures and `temporary_per_year` temporary faults [1/yr]; `repair_h` until mended [h].
    """

    elements: tuple[str, ...]
    tables: NDArray[np.object_]
    rows: Ints
    causes: tuple[str, ...]
    element: Ints
    cause: Ints
    per_year: Floats
    temporary_per_year: Floats
    repair_h: Floats
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Part:
    """The modes that one row of data makes of rows of one table."""

    table: str
    rows: Ints
    cause: str
    per_year: Floats
    temporary_share: float
    repair_h: float


def failure_modes(grid: Grid, settings: Settings) -> Modes:
    """The failure modes of everything in service that can fail.

    A grid with failure data is taken at its word: what no row is for does not fail. A grid
    without takes the rates of ordinary days that the twin strikes with. Raises `GridError`
    where data cannot be meant, and where a line with a rate by length has no length.
    """
    problem = next(check_failures(grid), None)
    if problem is not None:
        raise GridError(problem.what, where=problem.where, mend=problem.mend)
    parts = _given(grid, settings) if len(grid.failures) else _defaults(grid)
    made = _joined(grid, parts)
    share = settings.temporary_pct
    if share is not None:
        is_line = (made.tables == "lines")[made.element]
        temporary = np.where(
            is_line, made.per_year * share / (100 - share), made.temporary_per_year
        )
        made = replace(made, temporary_per_year=temporary)
    return replace(made, assumed=_assumed(grid, made, settings))


def _given(grid: Grid, settings: Settings) -> list[_Part]:
    """What the table of failures says: a row for an element before one for a kind or class."""
    data = grid.failures
    matches = [_matched(grid, row) for row in range(len(data))]
    levels = {table: np.full(len(grid.table(table)), -1) for table in FAIL}
    for table, rows, level in matches:
        np.maximum.at(levels[table], rows, level)
    replacement_h = data.numbers("replacement_h")
    parts: list[_Part] = []
    for row, (table, matched, level) in enumerate(matches):
        rows = matched[levels[table][matched] == level]
        per_year = np.full(len(rows), float(data["failures_per_year"][row]))
        per_km = float(data["failures_per_km_year"][row])
        if per_km > 0:
            per_year += per_km * _length_km(grid, rows)
        repair_h = float(data["repair_h"][row])
        if settings.replace and replacement_h[row] == replacement_h[row]:
            repair_h = float(replacement_h[row])
        share = float(data["temporary_pct"][row]) / 100
        cause = str(data["cause"][row]) or "all causes"
        parts.append(_Part(table, rows, cause, per_year, share, repair_h))
    return parts


def _matched(grid: Grid, row: int) -> tuple[str, Ints, int]:
    """Table and rows in service that a row of failure data is for, and how closely it names
    them: 2 by element, 1 by kind, 0 by class."""
    data = grid.failures
    element, elements, kind = (str(data[c][row]) for c in ("element", "elements", "kind"))
    if element:
        table, at = grid.find(element)
        there = grid.table(table).flags("in_service")[at]
        return table, np.array([at] if there else [], np.int64), 2
    if elements in ("overhead", "cables"):
        wanted = AssetKind.CABLE if elements == "cables" else AssetKind.OVERHEAD
        return "lines", _line_rows(grid, wanted), 1
    fits = grid.table(elements).flags("in_service").copy()
    if kind:
        fits &= np.array([k == kind for k in grid.table(elements).texts("kind")], bool)
    return elements, np.flatnonzero(fits), int(bool(kind))


def _line_rows(grid: Grid, wanted: AssetKind) -> Ints:
    """Lines in service that are overhead or cable, told as the twin tells them."""
    assets = Assets.of(grid)
    names = [assets.names[k].partition(".")[2] for k in np.flatnonzero(assets.are(wanted))]
    return np.array([grid.lines.row(name) for name in names], np.int64)


def _length_km(grid: Grid, rows: Ints) -> Floats:
    length_m = grid.lines.numbers("length_m")[rows]
    bad = rows[~(np.isfinite(length_m) & (length_m >= 0))].tolist()
    if bad:
        what = f"{named(grid.lines, bad)}: length_m is not a number from 0 upwards"
        raise GridError(what, where="lines, column length_m", mend="give the length")
    return length_m / 1000


def _defaults(grid: Grid) -> list[_Part]:
    """The rates of ordinary days on overhead lines, cables and transformers; faults overhead alone
    are temporary, as the calibration of these rates has it."""
    _length_km(grid, np.flatnonzero(grid.lines.flags("in_service")))
    assets, rates = Assets.of(grid), Rates()
    bare = [name.partition(".")[2] for name in assets.names]
    parts: list[_Part] = []
    for kind in AssetKind:
        is_unit = kind is AssetKind.TRANSFORMER
        table = "transformers" if is_unit else "lines"
        repair_h = TRANSFORMER_REPLACEMENT_H if is_unit else LINE_REPAIR_H
        at = np.flatnonzero(assets.are(kind))
        rows = np.array([grid.table(table).row(bare[k]) for k in at], np.int64)
        for cause in ANY_DAY:
            share = MANNERS[cause].temporary if kind is AssetKind.OVERHEAD else 0.0
            per_year = rates.per_h(cause, assets)[at] * HOURS_A_YEAR * (1 - share)
            parts.append(_Part(table, rows, str(cause), per_year, share, repair_h))
    return parts


def _joined(grid: Grid, parts: list[_Part]) -> Modes:
    """All parts as one, elements numbered in the order of the tables; what never fails left out."""
    parts = [part for part in parts if len(part.rows)]
    causes = tuple(dict.fromkeys(part.cause for part in parts))
    none = np.empty(0)
    code = np.concatenate(
        [none.astype(np.int64), *(FAIL.index(p.table) + len(FAIL) * p.rows for p in parts)]
    )
    per_year = np.concatenate([none, *(p.per_year for p in parts)])
    temporary = np.concatenate(
        [none, *(p.per_year * p.temporary_share / (1 - p.temporary_share) for p in parts)]
    )
    repair_h = np.concatenate([none, *(np.full(len(p.rows), p.repair_h) for p in parts)])
    cause = np.concatenate(
        [none.astype(np.int64), *(np.full(len(p.rows), causes.index(p.cause)) for p in parts)]
    )
    kept = per_year > 0
    codes, element = np.unique(code[kept], return_inverse=True)
    tables = np.array([FAIL[k] for k in (codes % len(FAIL)).tolist()], object)
    rows = codes // len(FAIL)
    names = {table: grid.table(table).texts("name") for table in FAIL}
    pairs = zip(tables, rows.tolist(), strict=True)
    return Modes(
        elements=tuple(f"{SINGULAR[t]}.{names[t][r]}" for t, r in pairs),
        tables=tables,
        rows=rows,
        causes=causes,
        element=element.astype(np.int64),
        cause=cause[kept],
        per_year=per_year[kept],
        temporary_per_year=temporary[kept],
        repair_h=repair_h[kept],
    )


def _assumed(grid: Grid, modes: Modes, settings: Settings) -> tuple[str, ...]:
    """What a reader of the figures should know of the data behind them."""
    if not len(grid.failures):
        return (
            "the grid has no failure data (table failures): rates of the twin's ordinary days, "
            f"permanent faults of lines 0.065 a year and km as in the {RBTS}, divided among causes "
            "as docs/weather.md says, transformers 0.005 a year (assumed)",
            f"lines are mended in {LINE_REPAIR_H:g} h and transformers replaced in "
            f"{TRANSFORMER_REPLACEMENT_H:g} h, as in the same; switches and sources do not fail",
        )
    failing = {str(table) for table in modes.tables}
    silent = [t for t in FAIL[:3] if len(grid.table(t)) and t not in failing]
    told: list[str] = []
    if silent:
        told.append(f"no failure data is for {', '.join(silent)}: they do not fail")
    if np.isfinite(grid.failures.numbers("replacement_h")).any():
        how = "replaced, not repaired" if settings.replace else "repaired, not replaced"
        told.append(f"elements with a replacement time are {how}")
    return tuple(told)
