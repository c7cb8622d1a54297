"""Grids of any content, for properties of the formats."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from gridmend.model.columns import Column, Kind, Schema
from gridmend.model.grid import Grid
from gridmend.model.schema import SCHEMAS
from gridmend.model.table import Table

NUMBERS = st.floats(allow_nan=True, allow_infinity=False)
TEXTS = st.text(
    st.one_of(
        st.sampled_from(" ,;\"'\n\r\t|\\aA%=\ufeff\u2028é线\x00"), st.characters(codec="utf-8")
    ),
    max_size=8,
)
FILLED = TEXTS.filter(bool)


def squares(size: int) -> Any:
    """Matrices of one size, as lists."""
    return st.lists(st.lists(NUMBERS, min_size=size, max_size=size), min_size=size, max_size=size)


def values(column: Column) -> Any:
    """Anything that a column may hold."""
    match column.kind:
        case Kind.NUMBER:
            return st.one_of(NUMBERS, st.just(0.0 if column.default is None else column.default))
        case Kind.COUNT:
            return st.integers(-(2**63), 2**63 - 1)
        case Kind.FLAG:
            return st.booleans()
        case Kind.VECTOR:
            return st.lists(NUMBERS, max_size=4)
        case Kind.MATRIX:
            return st.integers(0, 3).flatmap(squares)
        case Kind.NAMES:
            return st.lists(TEXTS, max_size=3).map(tuple).filter(lambda item: item != ("",))
        case _:
            if column.choices:
                return st.sampled_from(column.choices)
            return TEXTS if column.default == "" else FILLED


def tables(schema: Schema) -> Any:
    """Tables of a few rows, names unique whatever their case."""
    row = st.fixed_dictionaries(
        {c.name: values(c) for c in schema.columns if c.name != "name"} | {"name": FILLED}
    )
    rows = st.lists(row, min_size=1, max_size=4, unique_by=lambda item: item["name"].lower())
    return rows.map(lambda listed: Table.from_rows(schema, listed))


def grids() -> Any:
    """A grid of one to three tables."""
    chosen = st.lists(st.sampled_from(SCHEMAS), min_size=1, max_size=3, unique=True)
    return chosen.flatmap(
        lambda schemas: st.builds(
            lambda name, frequency, found: Grid(name, frequency_hz=frequency).with_tables(
                **{table.schema.name: table for table in found}
            ),
            TEXTS,
            st.floats(0.1, 1000),
            st.tuples(*map(tables, schemas)),
        )
    )


def same_number(first: float, second: float) -> bool:
    """Equal to the last bit, one nan being like another."""
    if math.isnan(first) or math.isnan(second):
        return math.isnan(first) and math.isnan(second)
    return first == second and math.copysign(1, first) == math.copysign(1, second)


def same_value(first: Any, second: Any) -> bool:
    """Equal to the last bit, whatever the kind."""
    if hasattr(first, "shape") and getattr(first, "shape", ()):
        if first.size == 0 and second.size == 0:
            return True
        pairs = zip(first.ravel().tolist(), second.ravel().tolist(), strict=True)
        return first.shape == second.shape and all(same_number(a, b) for a, b in pairs)
    if isinstance(first, float):
        return same_number(first, second)
    return bool(first == second)


def unlike(before: Grid, after: Grid) -> list[str]:
    """Every place in which two grids differ."""
    found: list[str] = []
    for name in ("name", "frequency_hz", "provenance", "findings"):
        if getattr(before, name) != getattr(after, name):
            found.append(name)
    for old, new in zip(before.tables(), after.tables(), strict=True):
        if len(old) != len(new):
            found.append(f"{old.schema.name}: {len(old)} rows, {len(new)} rows")
            continue
        for column in old.schema.columns:
            pairs = enumerate(zip(old[column.name], new[column.name], strict=True))
            places = (
                f"{old.schema.name}.{column.name}[{i}]: {a!r}, {b!r}"
                for i, (a, b) in pairs
                if not same_value(a, b)
            )
            found.extend(places)
    return found
