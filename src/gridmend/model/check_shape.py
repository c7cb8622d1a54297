"""Whether the parts of each row fit together: phases, matrices, windings, positions, steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gridmend.model.columns import Kind
from gridmend.model.errors import Finding
from gridmend.model.finding_text import named
from gridmend.model.grid import Grid
from gridmend.model.table import Table

PHASE_WORDS = frozenset(("a", "b", "c", "n", "s1", "s2", "g"))
"""The words a list of conductors is made of."""

ZIP_LENGTH = 7
"""Three fractions of active power, three of reactive, and the cut-off."""

_WORDS_MEND = f"words of {' '.join(sorted(PHASE_WORDS))}, each once (g may stand again)"
_MATRICES = ("r_ohm_per_km", "x_ohm_per_km", "c_nf_per_km", "r_ohm", "x_ohm", "c_nf")


def check_shapes(grid: Grid) -> Iterator[Finding]:
    """Findings of rows whose own parts do not fit together."""
    for table in grid.tables():
        if len(table):
            yield from _phases(table)
            yield from _two_ends(table)
            yield from _matrices(table)
            yield from _connected(table)
    yield from _impedances(grid)
    yield from _codes_fit(grid)
    yield from _geometries(grid)
    yield from _transformers(grid)
    yield from _steps(grid)


def _found(table: Table, wrong: Callable[[int], bool], what: str, mend: str) -> Iterator[Finding]:
    rows = [row for row in range(len(table)) if wrong(row)]
    if rows:
        yield Finding("error", f"{named(table, rows)}: {what}", table.schema.name, mend)


def _valid(phases: str) -> bool:
    words = phases.split()
    earthed = [word for word in words if word != "g"]
    return bool(words) and PHASE_WORDS.issuperset(words) and len(set(earthed)) == len(earthed)


def _phases(table: Table) -> Iterator[Finding]:
    for column in table.schema.columns:
        if column.kind is not Kind.PHASES:
            continue
        values = table[column.name]
        valid = {value: _valid(value) for value in set(values)}
        bad = sorted(value for value, good in valid.items() if not good)
        for value in bad:
            rows = table.where(column.name, value).tolist()
            what = f"{named(table, rows)}: {column.name} '{value}' is not a list of conductors"
            yield Finding("error", what, f"{table.schema.name}, column {column.name}", _WORDS_MEND)


def _columns(table: Table) -> set[str]:
    return {column.name for column in table.schema.columns}


def _size(phases: str) -> int:
    return len(phases.split())


def _two_ends(table: Table) -> Iterator[Finding]:
    if "phases2" in _columns(table):
        first, second = table["phases1"], table["phases2"]
        yield from _found(
            table,
            lambda row: _size(first[row]) != _size(second[row]),
            "its two ends have different numbers of conductors",
            "give phases1 and phases2 as many words",
        )


def _matrices(table: Table) -> Iterator[Finding]:
    present = _columns(table)
    for name in _MATRICES:
        if name not in present or table.schema.column(name).kind is not Kind.MATRIX:
            continue
        values = table[name]
        expected = _expected_sizes(table)
        yield from _found(
            table,
            lambda row, v=values, e=expected: v[row].size > 0 and v[row].shape != (e[row],) * 2,
            f"{name} is not a square matrix of as many rows as there are conductors",
            "give one row and one column a conductor",
        )


def _expected_sizes(table: Table) -> list[int]:
    if "phases1" in _columns(table):
        return [_size(phases) for phases in table["phases1"]]
    # A code has no conductors of its own: its reactance says how many there are.
    return [len(x) for x in table["x_ohm_per_km"]]


def _connected(table: Table) -> Iterator[Finding]:
    if not {"connection", "phases"} <= _columns(table) or table.schema.name == "windings":
        return
    values = table["phases"]
    yield from _found(
        table,
        lambda row: _size(values[row]) < 2,
        "it joins a single conductor",
        "name both ends: for wye the neutral or g last, for delta both phases",
    )


def _impedances(grid: Grid) -> Iterator[Finding]:
    codes = grid.line_codes
    yield from _found(
        codes,
        lambda row: len(codes["x_ohm_per_km"][row]) == 0,
        "it has no x_ohm_per_km",
        "give the series reactance, one row a conductor",
    )
    lines = grid.lines
    yield from _found(
        lines,
        lambda row: (
            not (lines["line_code"][row] or lines["geometry"][row])
            and len(lines["x_ohm_per_km"][row]) == 0
        ),
        "it has no impedance",
        "give it a line_code, a geometry, or r_ohm_per_km and x_ohm_per_km",
    )


def _codes_fit(grid: Grid) -> Iterator[Finding]:
    lines, codes, geometries = grid.lines, grid.line_codes, grid.geometries
    code_size = {n: len(codes["x_ohm_per_km"][at]) for n, at in codes.index.items()}
    geometry_size = {
        name: int(geometries.counts("phase_count")[at])
        if geometries.flags("reduce")[at]
        else len(geometries["conductors"][at])
        for name, at in geometries.index.items()
    }

    def misfit(row: int) -> bool:
        size = _size(lines["phases1"][row])
        if len(lines["x_ohm_per_km"][row]):
            return False
        if code := lines["line_code"][row].lower():
            return code_size.get(code, size) not in (0, size)
        return geometry_size.get(lines["geometry"][row].lower(), size) != size

    yield from _found(
        lines,
        misfit,
        "its code or geometry is for another number of conductors",
        "give as many phases as the code's matrix has rows, or another code",
    )


def _geometries(grid: Grid) -> Iterator[Finding]:
    table = grid.geometries
    parts = [table[name] for name in ("conductors", "x_m", "height_m")]
    yield from _found(
        table,
        lambda row: len({len(part[row]) for part in parts}) != 1 or not len(parts[0][row]),
        "conductors, x_m and height_m are not of one length",
        "give each conductor one position",
    )
    yield from _found(
        table,
        lambda row: not 1 <= table["phase_count"][row] <= len(parts[0][row]),
        "phase_count is not between 1 and the number of conductors",
        "the first conductors are the phases, the rest neutrals",
    )


def _transformers(grid: Grid) -> Iterator[Finding]:
    table, windings = grid.transformers, grid.windings
    numbers: dict[str, list[int]] = {name: [] for name in table.index}
    phase_count = dict(zip(table.index, table.counts("phase_count").tolist(), strict=True))
    owner = [name.lower() for name in windings["transformer"]]
    for name, number in zip(owner, windings.counts("number").tolist(), strict=True):
        numbers.get(name, []).append(number)
    own = list(numbers.values())
    x_pct = table["x_pct"]
    yield from _found(
        table,
        lambda row: sorted(own[row]) != list(range(1, len(own[row]) + 1)) or len(own[row]) < 2,
        "its windings are not two or more, numbered from 1",
        "give each winding a row in windings, numbers 1, 2, …",
    )
    yield from _found(
        table,
        lambda row: (n := len(own[row])) > 1 and len(x_pct[row]) != n * (n - 1) // 2,
        "x_pct has not one value a pair of windings",
        "give x_pct as 1-2, 1-3, …, 2-3, …",
    )

    def misjoined(row: int) -> bool:
        phases = phase_count.get(owner[row])
        words = _size(windings["phases"][row])
        return phases is not None and words != _winding_size(phases, windings["connection"][row])

    yield from _found(
        windings,
        misjoined,
        "its phases do not fit the transformer's phase_count and the connection",
        "wye: the phases and the neutral (or g); delta: the phases, both ends of a single one",
    )


def _winding_size(phase_count: int, connection: str) -> int:
    return phase_count if connection == "delta" and phase_count > 2 else phase_count + 1


def _steps(grid: Grid) -> Iterator[Finding]:
    capacitors, loads, shapes = grid.capacitors, grid.loads, grid.shapes
    steps: Any = capacitors["step_kvar"]
    yield from _found(
        capacitors,
        lambda row: not 0 <= capacitors["steps_on"][row] <= len(steps[row]) or not len(steps[row]),
        "steps_on is not between 0 and the number of steps in step_kvar",
        "give each step its kvar, and how many are on",
    )
    yield from _found(
        loads,
        lambda row: len(loads["zip"][row]) != ZIP_LENGTH and loads["model"][row] == "zip",
        f"its model is zip and its zip has not {ZIP_LENGTH} numbers",
        "give impedance, current and power fractions of p, then of q, then the cut-off",
    )
    yield from _found(
        shapes,
        lambda row: len(shapes["p_pu"][row]) == 0 or not shapes["interval_min"][row] > 0,
        "it has no p_pu, or interval_min is not above 0",
        "give its points and the time between them",
    )
