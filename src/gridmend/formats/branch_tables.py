"""Balanced networks as two tables: `*_branch.csv` with `*_bus.csv` beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gridmend.formats.shapes import read_rows
from gridmend.model import schema as s
from gridmend.model.errors import FormatError, nearest
from gridmend.model.grid import Grid
from gridmend.model.schema_resources import LOADS
from gridmend.model.table import Table

BRANCHES = ("branch", "from_bus", "to_bus", "r_ohm", "x_ohm", "closed")
BUSES = ("bus", "p_kw", "q_kvar", "source", "base_kv")
ENDING = "_branch.csv"

_ROWS_MOST = 1_000_000
_PHASES = "a b c"
_SOURCE_OHM = 1e-6
"""A source here is a stiff voltage; the power flow wants an impedance, and this one drops less
than a millionth of the voltage."""
_V_LEAST_PU, _V_MOST_PU = 0.5, 2.0
"""Between these a load takes its power whatever the voltage, as such tables mean it."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One row: its cells by column, and where it stands."""

    cells: dict[str, str]
    where: str


def is_branch_table(path: Path) -> bool:
    """Whether a file is a table of branches, by its columns."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as lines:
            header = lines.readline(10_000)
    except OSError:
        return False
    return set(BRANCHES) <= {cell.strip().lower() for cell in header.split(",")}


def read(path: Path) -> Grid:
    """Read a balanced network from its table of branches and the table of buses beside it.

    `X_branch.csv`: `branch, from_bus, to_bus, r_ohm, x_ohm, closed` (1 or 0); `X_bus.csv`:
    `bus, p_kw, q_kvar, source, base_kv`, three-phase powers and voltages line to line. Every
    branch becomes a switch with that impedance in each phase, since every one of them may be
    opened; a load takes its power whatever the voltage; a source holds 1 pu.

    Raises
    ------
    FormatError
        With file, line and mend: a missing twin or column, a bus that is not there, an
        impedance that is negative, zero or no number, two rows of one name, no source, two
        voltages joined by a branch.
    """
    beside = _twin(path)
    buses = _table(beside, BUSES, key="bus")
    branches = _table(path, BRANCHES, key="branch")
    sources = [name for name, row in buses.items() if _flag(row, "source")]
    if not sources:
        raise FormatError(
            "no bus is a source", where=str(beside), mend="write 1 in the column source of one bus"
        )
    kv = {name: _number(row, "base_kv") for name, row in buses.items()}
    for name, row in buses.items():
        if kv[name] <= 0:
            raise FormatError(
                f"bus '{name}' has a base of {kv[name]:g} kV",
                where=row.where,
                mend="give the voltage line to line, above 0",
            )
    name = path.name[: -len(ENDING)] if path.name.lower().endswith(ENDING) else path.stem
    return Grid(
        name,
        provenance=f"{path.name} and {beside.name}",
        buses=Table.of(s.BUSES, {"name": list(buses), "base_kv": [kv[n] for n in buses]}),
        sources=_sources(sources, kv),
        switches=_switches(branches, kv, beside),
        loads=_loads(buses, kv),
    )


def _twin(path: Path) -> Path:
    """The table of buses beside a table of branches."""
    if not path.name.lower().endswith(ENDING):
        raise FormatError(
            f"'{path.name}' has the columns of branches but not their name",
            where=str(path),
            mend="name it X_branch.csv, and its buses X_bus.csv beside it",
        )
    stem = path.name[: -len(ENDING)]
    wanted = f"{stem}_bus.csv"
    for found in (path.with_name(wanted), *path.parent.glob("*.[cC][sS][vV]")):
        if found.name.lower() == wanted.lower() and found.is_file():
            return found
    near = nearest(wanted, (f.name for f in path.parent.glob("*_bus.csv")))
    raise FormatError(
        f"there is no '{wanted}' beside '{path.name}'",
        where=str(path.parent),
        mend=near or f"write the buses there, with the columns {','.join(BUSES)}",
    )


def _table(path: Path, columns: tuple[str, ...], *, key: str) -> dict[str, _Row]:
    """Rows by name; names that differ by case alone are one."""
    (line, header), *body = read_rows(path)
    names = [cell.strip().lower() for cell in header]
    lacking = [c for c in columns if c not in names]
    if lacking:
        raise FormatError(
            f"there is no column '{lacking[0]}'",
            where=f"{path}, line {line}",
            mend=nearest(lacking[0], names) or f"the columns are {','.join(columns)}",
        )
    if not body or len(body) > _ROWS_MOST:
        what = "there are no rows under the names" if not body else "there are too many rows"
        raise FormatError(what, where=str(path), mend=f"write 1 to {_ROWS_MOST:,} rows")
    found: dict[str, _Row] = {}
    folded: dict[str, str] = {}
    for at, cells in body:
        where = f"{path}, line {at}"
        if len(cells) != len(names):
            raise FormatError(
                f"the row has {len(cells)} values, the header {len(names)}",
                where=where,
                mend=f"write {','.join(names)}",
            )
        row = _Row({n: c.strip() for n, c in zip(names, cells, strict=True)}, where)
        name = row.cells[key]
        if not name:
            raise FormatError(f"the {key} has no name", where=where, mend=f"fill the column {key}")
        if name.lower() in folded:
            before = found[folded[name.lower()]].where.rpartition(", ")[2]
            raise FormatError(
                f"two rows are named '{name}'", where=where, mend=f"rename one; see {before}"
            )
        folded[name.lower()] = name
        found[name] = row
    return found


def _number(row: _Row, column: str) -> float:
    text = row.cells[column]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise FormatError(
            f"{column} is '{text[:40]}', which is no number",
            where=row.where,
            mend="give a plain number such as 0.5",
        )
    return value


def _flag(row: _Row, column: str) -> bool:
    text = row.cells[column].lower()
    if text not in ("0", "1", "true", "false"):
        raise FormatError(
            f"{column} is '{text[:40]}', neither 1 nor 0", where=row.where, mend="write 1 or 0"
        )
    return text in ("1", "true")


def _switches(branches: dict[str, _Row], kv: dict[str, float], beside: Path) -> Table:
    rows = list(branches.values())
    known = {name.lower(): name for name in kv}
    ends = {c: [_bus(row, c, known, beside) for row in rows] for c in ("from_bus", "to_bus")}
    for name, row, one, two in zip(branches, rows, *ends.values(), strict=True):
        if kv[one] != kv[two]:
            raise FormatError(
                f"branch '{name}' joins {kv[one]:g} kV and {kv[two]:g} kV",
                where=row.where,
                mend="such a table has no transformers: give the model as OpenDSS or native",
            )
        if one == two:
            raise FormatError(
                f"branch '{name}' has both ends at bus '{one}'",
                where=row.where,
                mend="leave it out",
            )
    impedances = [_impedance(name, row) for name, row in branches.items()]
    return Table.of(
        s.SWITCHES,
        {
            "name": list(branches),
            "bus1": ends["from_bus"],
            "phases1": [_PHASES] * len(rows),
            "bus2": ends["to_bus"],
            "phases2": [_PHASES] * len(rows),
            "interrupts": ["load"] * len(rows),
            "remote": [True] * len(rows),
            "normally_open": [not _flag(row, "closed") for row in rows],
            "r_ohm": [np.eye(3) * z.real for z in impedances],
            "x_ohm": [np.eye(3) * z.imag for z in impedances],
        },
    )


def _bus(row: _Row, column: str, known: dict[str, str], beside: Path) -> str:
    name = row.cells[column]
    if name.lower() not in known:
        raise FormatError(
            f"branch '{row.cells['branch']}' has no bus '{name}'",
            where=f"{row.where}, column {column}",
            mend=nearest(name, known.values()) or f"add the bus to {beside.name}",
        )
    return known[name.lower()]


def _impedance(name: str, row: _Row) -> complex:
    r_ohm, x_ohm = _number(row, "r_ohm"), _number(row, "x_ohm")
    for column, value in (("r_ohm", r_ohm), ("x_ohm", x_ohm)):
        if value < 0:
            raise FormatError(
                f"branch '{name}' has {column} {value:g}",
                where=row.where,
                mend="an impedance is not negative",
            )
    if r_ohm == 0 and x_ohm == 0:
        raise FormatError(
            f"branch '{name}' has no impedance",
            where=row.where,
            mend="give a small resistance, such as 0.0001, to a switch without length",
        )
    return complex(r_ohm, x_ohm)


def _sources(names: list[str], kv: dict[str, float]) -> Table:
    return Table.of(
        s.SOURCES,
        {
            "name": [f"source_{name}" for name in names],
            "bus": names,
            "phases": [_PHASES] * len(names),
            "base_kv": [kv[name] for name in names],
            "x1_ohm": [_SOURCE_OHM] * len(names),
            "x0_ohm": [_SOURCE_OHM] * len(names),
        },
    )


def _loads(buses: dict[str, _Row], kv: dict[str, float]) -> Table:
    powers = {n: (_number(row, "p_kw"), _number(row, "q_kvar")) for n, row in buses.items()}
    names = [name for name, power in powers.items() if any(power)]
    return Table.of(
        LOADS,
        {
            "name": [f"load_{name}" for name in names],
            "bus": names,
            "phases": ["a b c g"] * len(names),
            "kv": [kv[name] for name in names],
            "p_kw": [powers[name][0] for name in names],
            "q_kvar": [powers[name][1] for name in names],
            "v_min_pu": [_V_LEAST_PU] * len(names),
            "v_max_pu": [_V_MOST_PU] * len(names),
        },
    )
